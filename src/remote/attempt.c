/* attempt.c: what is said of an attempt: reports, releases, failures, heartbeats. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "remote/inside.h"
#include "study/study.h"

static const double BEAT_SECONDS = 10;    /* Units: seconds; one thread beats for all slots */
static const double HINDERED_SECONDS = 5; /* Units: seconds */

/* POST what is said of an attempt. */
static pbt_err say(pbt__caller *caller, pbt_segment_id id, const char *verb, json_t *body,
                   json_t **out, pbt_error *error)
{
    char path[96], name[PBT__ID_SIZE];
    pbt__id_write(id, name);
    (void)snprintf(path, sizeof path, "/segments/%s/%s", name, verb);
    return pbt__remote_call(caller, path, body, true, out, error);
}

/* ---- how an attempt ends --------------------------------------------------------------------- */

/* What is said of an attempt that was not handed out here, is the server's to refuse. */
static const pbt__parcel NOTHING = {.save_to = "", .is_shared = true};

static const pbt__parcel *parcel_of(const pbt__handed *handed)
{
    return handed != NULL ? &handed->parcel : &NOTHING;
}

bool pbt__remote_is_over(pbt_err err)
{
    return err == PBT_OK || err == PBT_ERR_LATE || err == PBT_ERR_STATE || err == PBT_ERR_NOT_FOUND;
}

/* Remove what an attempt has here, once it is over. */
static void clean(const pbt__handed *handed, pbt_err err)
{
    if (handed != NULL && pbt__remote_is_over(err)) {
        pbt__checkpoint_clean(&handed->parcel);
    }
}

static pbt_err send_bytes(pbt__caller *caller, pbt_segment_id id, const pbt__result *result,
                          pbt_error *error)
{
    char name[PBT__ID_SIZE];
    pbt__id_write(id, name);
    const pbt__parcel parcel = {.id = name, .attempt = result->attempt};
    FILE *file = result->byte_count > 0
                     ? fmemopen((void *)(uintptr_t)result->bytes, result->byte_count, "rbe")
                     : fopen("/dev/null", "rbe");
    if (file == NULL) {
        return pbt__fail_errno(error, "a checkpoint in memory cannot be read");
    }
    const pbt_err err = pbt__checkpoint_put(caller, &parcel, file, false, error);
    (void)fclose(file);
    return err;
}

static pbt_err send_report(pbt__caller *caller, const pbt__result *result, const char *checkpoint,
                           json_t **out, pbt_error *error)
{
    json_t *body = json_pack("{s:i, s:I, s:s*}", "attempt", (int)result->attempt, "step",
                             (json_int_t)result->step, "checkpoint", checkpoint);
    if (!pbt__metrics_put(result->metrics, result->metric_count, body)) {
        json_decref(body);
        return pbt__fail_memory(error);
    }
    return say(caller, result->segment, "report", body, out, error);
}

/* Say what was saved, and report. What the server does not see where it looks is sent, once. */
static pbt_err report_saved(pbt__caller *caller, const pbt__handed *handed,
                            const pbt__result *result, bool is_travelling, json_t **out,
                            pbt_error *error)
{
    const char *checkpoint = NULL;
    const pbt__parcel *parcel = parcel_of(handed);
    pbt_err err = PBT_OK;
    if (result->checkpoint == PBT__IN_MEMORY) {
        err = send_bytes(caller, result->segment, result, error);
        checkpoint = "uploaded";
    } else if (result->checkpoint == PBT__SAVED) {
        err = pbt__checkpoint_send(caller, parcel, is_travelling, &checkpoint, error);
    }
    if (err == PBT_OK && result->checkpoint == PBT__SAVED && checkpoint == NULL) {
        checkpoint = "saved"; /* nothing is there, and the server says what that means */
    }
    if (err == PBT_OK) {
        err = send_report(caller, result, checkpoint, out, error);
    }
    const bool may_travel = err == PBT_ERR_CHECKPOINT && result->checkpoint == PBT__SAVED &&
                            handed != NULL && parcel->is_shared && !is_travelling;
    return may_travel ? report_saved(caller, handed, result, true, out, error) : err;
}

pbt_err pbt__remote_report(pbt__desk *desk, const pbt__claimant *who, const pbt__result *result,
                           pbt__reply *out, pbt_error *error)
{
    pbt__remote *remote = (pbt__remote *)desk;
    pbt__handed *handed = pbt__handed_find(remote, result->segment, result->attempt);
    pbt__line *line = NULL;
    json_t *json = NULL;
    pbt__reply reply = {.is_repeat = false};
    pbt_err err = pbt__line_take(remote, &line, error);
    if (err == PBT_OK) {
        err = report_saved(&line->caller, handed, result, false, &json, error);
        clean(handed, err);
    }
    if (err == PBT_OK) {
        err = pbt__handed_take(remote, &line->caller, who->session, json_object_get(json, "action"),
                               &reply.action, error);
    }
    if (err == PBT_OK) {
        *out = reply;
    }
    json_decref(json);
    pbt__line_give(remote, line);
    return err;
}

pbt_err pbt__remote_release(pbt__desk *desk, const pbt__claimant *who, pbt_segment_id segment,
                            int32_t attempt, int64_t step, bool has_progress, pbt_error *error)
{
    pbt__remote *remote = (pbt__remote *)desk;
    const pbt__handed *handed = pbt__handed_find(remote, segment, attempt);
    pbt__line *line = NULL;
    json_t *json = NULL;
    const char *checkpoint = NULL;
    (void)who;
    pbt_err err = pbt__line_take(remote, &line, error);
    if (err == PBT_OK && has_progress) {
        err = pbt__checkpoint_send(&line->caller, parcel_of(handed), false, &checkpoint, error);
    }
    if (err == PBT_OK) {
        json_t *body = json_pack("{s:i, s:I, s:s*}", "attempt", (int)attempt, "step",
                                 (json_int_t)step, "checkpoint", checkpoint);
        err = say(&line->caller, segment, "release", body, &json, error);
    }
    clean(handed, err);
    json_decref(json);
    pbt__line_give(remote, line);
    return err;
}

pbt_err pbt__remote_fail(pbt__desk *desk, const pbt__claimant *who, const pbt__failure *failure,
                         pbt__action *out, pbt_error *error)
{
    pbt__remote *remote = (pbt__remote *)desk;
    const pbt__handed *handed = pbt__handed_find(remote, failure->segment, failure->attempt);
    pbt__line *line = NULL;
    json_t *json = NULL;
    pbt_err err = pbt__line_take(remote, &line, error);
    if (err == PBT_OK) {
        json_t *body =
            json_pack("{s:i, s:o, s:b, s:b, s:b}", "attempt", (int)failure->attempt, "message",
                      pbt__json_text(failure->message), "retry", (int)failure->can_retry, "certain",
                      (int)failure->is_certain, "leaving", (int)(out == NULL));
        err = say(&line->caller, failure->segment, "fail", body, &json, error);
        clean(handed, err);
    }
    if (err == PBT_OK && out != NULL) {
        err = pbt__handed_take(remote, &line->caller, who->session, json, out, error);
    }
    json_decref(json);
    pbt__line_give(remote, line);
    return err;
}

pbt_err pbt__remote_hinder(pbt__desk *desk, const pbt__claimant *who, const pbt__failure *failure,
                           const pbt_error *why, pbt__action *out, pbt_error *error)
{
    pbt__remote *remote = (pbt__remote *)desk;
    pbt__line *line = NULL;
    pbt_err err = PBT_OK;
    (void)why;
    if (failure != NULL) {
        const pbt__handed *handed = pbt__handed_find(remote, failure->segment, failure->attempt);
        err = pbt__remote_release(desk, who, failure->segment, failure->attempt,
                                  handed != NULL ? handed->resume_step : 0, false, error);
    }
    if (err == PBT_OK) {
        err = pbt__line_take(remote, &line, error);
    }
    if (err == PBT_OK) {
        pbt__caller_sleep(&line->caller, HINDERED_SECONDS, true);
    }
    if (err == PBT_OK && out != NULL) {
        *out = (pbt__action){.verb = PBT__WAIT};
    }
    pbt__line_give(remote, line);
    return err;
}

/* ---- heartbeats ------------------------------------------------------------------------------ */

static pbt_err read_beat(const json_t *json, pbt__verb *verb, pbt_error *error)
{
    static const struct {
        const char *word;
        pbt__verb verb;
    } WORDS[] = {{"continue", PBT__TRAIN}, {"release", PBT__WAIT}, {"stop", PBT__STOP}};
    const char *word = pbt__json_get_text(json, "action", "");
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (strcmp(word, WORDS[i].word) == 0) {
            *verb = WORDS[i].verb;
            return PBT_OK;
        }
    }
    return pbt__fail(error, PBT_ERR_LATE, "the segment has gone to another");
}

pbt_err pbt__remote_heartbeat(pbt__desk *desk, const pbt__claimant *who, const pbt__pulse *pulse,
                              pbt__verb *verb, pbt_error *error)
{
    pbt__remote *remote = (pbt__remote *)desk;
    pbt__line *line = NULL;
    pbt__http_answer answer = {.status = 0};
    char path[96], name[PBT__ID_SIZE];
    (void)who;
    json_t *json =
        json_pack("{s:i, s:I}", "attempt", (int)pulse->attempt, "step", (json_int_t)pulse->step);
    const bool is_whole = pbt__metrics_put(pulse->metrics, pulse->metric_count, json);
    char *body = is_whole ? pbt__json_write(json) : NULL;
    json_decref(json);
    pbt__id_write(pulse->segment, name);
    (void)snprintf(path, sizeof path, "/segments/%s/heartbeat", name);
    pbt_err err = body == NULL ? pbt__fail_memory(error) : pbt__line_take(remote, &line, error);
    if (err == PBT_OK) {
        err = pbt__http_call(&line->caller.http, path, body, BEAT_SECONDS, &answer, error);
    }
    if (err == PBT_OK) {
        err = read_beat(answer.json, verb, error);
    }
    json_decref(answer.json);
    free(body);
    pbt__line_give(remote, line);
    return err;
}
