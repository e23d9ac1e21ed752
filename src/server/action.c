/* action.c: the answers to workers, as JSON. */
#include <stdlib.h>

#include "base/error.h"
#include "server/answer.h"
#include "server/inside.h"
#include "study/host.h"
#include "study/json.h"

static json_t *member_json(int32_t member)
{
    return member >= 0 ? json_integer(member) : json_null();
}

static json_t *stop_step_json(int64_t stop_step)
{
    return stop_step > 0 ? json_integer((json_int_t)stop_step) : json_null();
}

static json_t *segment_json(const pbt__hosted *hosted, const pbt__assignment *train)
{
    const char *load = train->is_fresh ? NULL : train->load;
    const pbt_segment *s = &train->segment;
    const pbt_space *space = &hosted->spec->search.space;
    char id[PBT__ID_SIZE];
    pbt__id_write(s->id, id);
    return json_pack(
        "{s:s, s:i, s:i, s:i, s:o, s:o, s:I, s:I, s:o, s:I, s:I, s:I, s:I, s:b, s:o, s:o, s:s?,"
        " s:s, s:s, s:f}",
        "segment", id, "attempt", (int)train->attempt, "member", (int)s->id.member, "number",
        (int)s->id.number, "parent", pbt__id_json(s->parent), "donor", member_json(s->donor),
        "start_step", (json_int_t)s->start_step, "end_step", (json_int_t)s->end_step, "stop_step",
        stop_step_json(train->stop_step), "start_age", (json_int_t)s->start_age, "end_age",
        (json_int_t)s->end_age, "resume_step", (json_int_t)train->resume_step, "seed",
        (json_int_t)s->seed, "fresh", (int)train->is_fresh, "hyperparameters",
        pbt__values_json(space, s->values), "changes",
        pbt__changes_json(space, s->changes, s->values), "load", load, "save_to", train->save_to,
        "reload", train->reload_always ? "always" : "needed", "lease_seconds",
        train->lease_seconds);
}

/* What may be known of the folder where it is said: null if the disk takes no mark. */
static json_t *shared_json(const pbt__hosted *hosted)
{
    char path[PBT__PATH_SIZE], nonce[PBT__NONCE_SIZE];
    if (pbt__study_mark(hosted->study, path, nonce, NULL) != PBT_OK) {
        return json_null();
    }
    return json_pack("{s:s, s:s}", "file", path, "nonce", nonce);
}

static json_t *known_json(int64_t value, bool is_known)
{
    return is_known && value >= 0 ? json_integer((json_int_t)value) : json_null();
}

/* What `load` must be, and how to know that it is the server's. A worker of a study elsewhere is on
 * this machine and finds it at the path. */
static bool add_proof(json_t *segment, const pbt__hosted *hosted, const pbt__assignment *train)
{
    const bool loads = !train->is_fresh;
    const bool is_here = hosted->study != NULL;
    const bool is_folder = train->load_kind == PBT__CHECKPOINT_FOLDER;
    json_t *kind = loads ? json_string(is_folder ? "folder" : "file") : json_null();
    const int failures =
        json_object_set_new(segment, "load_kind", kind) +
        json_object_set_new(segment, "load_bytes", known_json(train->load_bytes, loads)) +
        json_object_set_new(segment, "load_modified_ns",
                            known_json(train->load_modified_ns, loads && is_here)) +
        (is_here ? json_object_set_new(segment, "shared", shared_json(hosted)) : 0);
    return failures == 0;
}

static json_t *train_json(const pbt__hosted *hosted, const pbt__assignment *train)
{
    json_t *segment = segment_json(hosted, train);
    if (segment == NULL || !add_proof(segment, hosted, train)) {
        json_decref(segment);
        return NULL;
    }
    return json_pack("{s:s, s:o}", "action", "train", "segment", segment);
}

pbt_err pbt__action_json(pbt__request *request, pbt__action *action, json_t **out, pbt_error *error)
{
    pbt__assignment *train = &action->train;
    pbt__desk *desk = request->hosted->desk;
    pbt_err err = PBT_OK;
    json_t *json = NULL;
    if (action->verb == PBT__WAIT) {
        json = json_pack("{s:s, s:f}", "action", "wait", "seconds", action->wait_seconds);
    } else if (action->verb == PBT__STOP) {
        json = json_pack("{s:s, s:s}", "action", "stop", "reason", pbt__stop_name(action->reason));
    } else {
        err = train->is_fresh ? PBT_OK : desk->ops->bring(desk, train, error);
        json = err == PBT_OK ? train_json(request->hosted, train) : NULL;
    }
    if (json == NULL) {
        return err == PBT_OK ? pbt__fail_memory(error) : err;
    }
    *out = json;
    return PBT_OK;
}

json_t *pbt__reply_decision(const pbt__hosted *hosted, const pbt__reply *reply)
{
    const pbt_segment *next = &reply->decision;
    const pbt_space *space = &hosted->spec->search.space;
    if (!reply->has_decision) {
        return json_null();
    }
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "segment", pbt__id_json(next->id), "reason",
                     pbt_reason_name(next->reason), "parent", pbt__id_json(next->parent), "donor",
                     member_json(next->donor), "hyperparameters",
                     pbt__values_json(space, next->values), "changes",
                     pbt__changes_json(space, next->changes, next->values));
}
