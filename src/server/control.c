/* control.c: changes and checks of a study by a user. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/inside.h"
#include "spec/keys.h"
#include "study/host.h"

enum {
    MEMBERS_MAXIMUM = 1024,
    AMENDMENTS_MAXIMUM = 64,
    KEY_MAXIMUM = 128,
    VALUE_MAXIMUM = 64 * 1024
};

static pbt_err answer_recorded(pbt__request *request, pbt_err err, pbt_error *error)
{
    return err == PBT_OK ? pbt__answer_json(request, json_pack("{s:b}", "recorded", 1), error)
                         : err;
}

pbt_err pbt__serve_stop(pbt__request *request, pbt_error *error)
{
    return answer_recorded(request, pbt__study_stop(request->hosted->study, error), error);
}

/* ---- resuming -------------------------------------------------------------------------------- */

typedef struct revival {
    bool is_asked;
    int32_t members[MEMBERS_MAXIMUM];
    size_t count; /* 0: all that failed */
} revival;

static void read_revival(pbt__body *body, revival *out)
{
    const json_t *list = json_object_get(body->json, "members");
    const size_t count = json_array_size(list);
    const bool is_all = json_is_string(list) && strcmp(json_string_value(list), "all") == 0;
    out->is_asked = list != NULL;
    out->count = 0;
    if (list != NULL && !is_all && (count < 1 || count > MEMBERS_MAXIMUM)) {
        pbt__body_fail(body, "members", "is neither \"all\" nor a list of 1 to 1024 members");
    }
    for (size_t i = 0; i < count && body->err == PBT_OK; i++) {
        const json_t *one = json_array_get(list, i);
        const json_int_t value = json_integer_value(one);
        if (!json_is_integer(one) || value < 0 || value > INT32_MAX) {
            pbt__body_fail(body, "members", "has an item that is not a member's number");
        }
        out->members[out->count++] = (int32_t)value;
    }
}

/* Without a body (older clients) it only undoes a stop. */
pbt_err pbt__serve_resume(pbt__request *request, pbt_error *error)
{
    revival these = {.is_asked = false};
    pbt__study *study = request->hosted->study;
    pbt_err err = PBT_OK;
    if (request->body.length > 0) {
        pbt__body body = pbt__body_init(request, error);
        if (body.err == PBT_OK) {
            read_revival(&body, &these);
        }
        err = body.err;
        pbt__body_fini(&body);
    }
    if (err == PBT_OK) {
        err = these.is_asked ? pbt__study_revive(study, these.members, these.count, error)
                             : pbt__study_resume(study, error);
    }
    return answer_recorded(request, err, error);
}

/* ---- amending -------------------------------------------------------------------------------- */

/* Keys that nobody may amend are refused by the study. */
bool pbt__server_may_amend(const char *key)
{
    const pbt__key *found = pbt__key_find(key);
    return found == NULL || !(found->flags & PBT__KEY_AMENDABLE) || found->flags & PBT__KEY_REMOTE;
}

typedef struct amendments {
    const char *keys[AMENDMENTS_MAXIMUM], *values[AMENDMENTS_MAXIMUM];
    size_t count;
} amendments;

static void read_one(pbt__body *body, const json_t *item, amendments *out)
{
    const json_t *key = json_object_get(item, "key"), *value = json_object_get(item, "value");
    bool is_sound = json_is_string(key) && json_string_length(key) <= KEY_MAXIMUM &&
                    json_is_string(value) && json_string_length(value) <= VALUE_MAXIMUM &&
                    strlen(json_string_value(value)) == json_string_length(value);
    if (!is_sound) {
        pbt__body_fail(body, "amendments", "has an item that is not {key, value}, or is too long");
        return;
    }
    if (!pbt__server_may_amend(json_string_value(key))) {
        pbt__body_fail(body, json_string_value(key), "is not changed over a network");
        pbt__error_hint(body->error, "`amend` with the --store itself changes it");
        return;
    }
    out->keys[out->count] = json_string_value(key);
    out->values[out->count++] = json_string_value(value);
}

static void read_amendments(pbt__body *body, amendments *out)
{
    const json_t *list = json_object_get(body->json, "amendments");
    const size_t count = json_array_size(list);
    out->count = 0;
    if (count < 1 || count > AMENDMENTS_MAXIMUM) {
        pbt__body_fail(body, "amendments", "is no list of 1 to 64");
    }
    for (size_t i = 0; i < count && body->err == PBT_OK; i++) {
        read_one(body, json_array_get(list, i), out);
    }
}

pbt_err pbt__serve_amend(pbt__request *request, pbt_error *error)
{
    amendments these;
    pbt__body body = pbt__body_init(request, error);
    read_amendments(&body, &these);
    pbt_err err = body.err;
    if (err == PBT_OK) {
        err =
            pbt__study_amend(request->hosted->study, these.keys, these.values, these.count, error);
    }
    pbt__body_fini(&body);
    return answer_recorded(request, err, error);
}

/* ---- verifying ------------------------------------------------------------------------------- */

static void add_problem(void *context, const char *line)
{
    (void)!json_array_append_new(context, json_string(line)); /* the count tells of it */
}

/* Checkpoints may be removed during the check: missing ones are checked again, with the study
 * locked. */
static pbt_err verify(pbt__study *study, json_t *problems, pbt__verdict *out, pbt_error *error)
{
    pbt_err err = pbt__study_verify_beside(study, add_problem, problems, out, error);
    if (err != PBT_OK || out->problem_count == 0) {
        return err;
    }
    (void)json_array_clear(problems);
    return pbt__study_verify(study, add_problem, problems, out, error);
}

static pbt_err answer_verdict(pbt__request *request, pbt_error *error)
{
    pbt__study *study = request->hosted->study;
    pbt__verdict verdict;
    json_t *problems = json_array();
    pbt_err err = verify(study, problems, &verdict, error);
    if (err != PBT_OK) {
        json_decref(problems);
        return err;
    }
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:I, s:o}", "name", pbt__study_name(study), "events",
                  (json_int_t)verdict.event_count, "decisions", (json_int_t)verdict.decision_count,
                  "checkpoints", (json_int_t)verdict.checkpoint_count, "problems", problems);
    return pbt__answer_json(request, json, error);
}

/* It reads all checkpoints: one verification at a time. */
pbt_err pbt__serve_verify(pbt__request *request, pbt_error *error)
{
    pbt__server *server = request->server;
    if (atomic_exchange(&server->is_verifying, true)) {
        return pbt__fail(error, PBT_ERR_BUSY, "a study is being verified already");
    }
    pbt_err err = answer_verdict(request, error);
    atomic_store(&server->is_verifying, false);
    return err;
}
