/*
 * attempt.c: calls about an attempt: reports, releases, failures, heartbeats.
 *
 * The caller may be a slot, or a worker's process known only by its attempt: then the claimant is
 * the one who got the segment.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "remote/inside.h"
#include "study/study.h"
#include "worker/said.h"

static const double BEAT_SECONDS = 10;    /* Units: seconds; one thread beats for all slots */
static const double HINDERED_SECONDS = 5; /* Units: seconds */

/* One call about an attempt, from its beginning to its end. */
typedef struct visit {
    pbt__remote *remote;
    char id[PBT__ID_SIZE];
    pbt__handed *handed;       /* held; NULL: it was not handed out here, */
    pbt__parcel unknown;       /* and what is said of it is the server's to refuse */
    const pbt__parcel *parcel; /* of either */
    pbt__line *line;
    json_t *json; /* the answer */
    pbt__claimant who;
} visit;

/* Begin; `leave` in any case. Nullable: who */
static pbt_err enter(visit *this, pbt__desk *desk, const pbt__claimant *who, pbt_segment_id segment,
                     int32_t attempt, pbt_error *error)
{
    static const pbt__claimant NOBODY = {"", ""};
    pbt__remote *remote = (pbt__remote *)desk;
    pbt__handed *handed = pbt__handed_hold(remote, segment, attempt);
    *this = (visit){.remote = remote, .handed = handed};
    pbt__id_write(segment, this->id);
    this->unknown = (pbt__parcel){.id = this->id, .attempt = attempt, .save_to = ""};
    this->parcel = &this->unknown;
    this->who = who != NULL ? *who : NOBODY;
    if (handed != NULL) {
        this->parcel = &handed->parcel;
        this->who = (pbt__claimant){handed->worker, handed->session};
    }
    return pbt__line_take(remote, &this->line, error);
}

bool pbt__remote_is_over(pbt_err err)
{
    return err == PBT_OK || err == PBT_ERR_LATE || err == PBT_ERR_STATE || err == PBT_ERR_NOT_FOUND;
}

/* Remove an attempt's files here when it is over. */
static void leave(visit *this, pbt_err err)
{
    if (this->handed != NULL && pbt__remote_is_over(err)) {
        pbt__checkpoint_clean(this->parcel);
    }
    json_decref(this->json);
    pbt__line_give(this->remote, this->line);
    pbt__handed_let_go(this->remote, this->handed);
}

/* POST what is said of the attempt. */
static pbt_err say(visit *this, const char *verb, json_t *body, pbt_error *error)
{
    return pbt__said_post(&this->line->caller, this->id, verb, body, &this->json, error);
}

/* Tell of what was recorded, and of what it is followed by, which is NULL if that is nothing. */
static void tell(visit *this, const char *failure, const pbt__action *action, bool has_reported)
{
    pbt__audience_tell(&this->remote->audience, this->who.worker, failure, action, has_reported);
}

/* ---- how an attempt ends --------------------------------------------------------------------- */

static pbt_err send_bytes(visit *this, const pbt__result *result, pbt_error *error)
{
    FILE *file = result->byte_count > 0
                     ? fmemopen((void *)(uintptr_t)result->bytes, result->byte_count, "rbe")
                     : fopen("/dev/null", "rbe");
    if (file == NULL) {
        return pbt__fail_errno(error, "a checkpoint in memory cannot be read");
    }
    const pbt_err err = pbt__checkpoint_put(&this->line->caller, this->parcel, file, false, error);
    (void)fclose(file);
    return err;
}

/* Report with what was saved. Where nothing was, the server says what that means. */
static pbt_err report_saved(visit *this, const pbt__result *result, pbt_error *error)
{
    pbt__said said = {.id = this->id,
                      .attempt = result->attempt,
                      .step = result->step,
                      .metrics = result->metrics,
                      .metric_count = result->metric_count};
    if (result->checkpoint == PBT__SAVED) {
        said.checkpoint = "saved";
        return pbt__said_report(&this->line->caller, &said, this->parcel, &this->json, error);
    }
    pbt_err err = PBT_OK;
    if (result->checkpoint == PBT__IN_MEMORY) {
        err = send_bytes(this, result, error);
        said.checkpoint = "uploaded";
    }
    return err == PBT_OK ? say(this, "report", pbt__said_json(&said), error) : err;
}

pbt_err pbt__remote_report(pbt__desk *desk, const pbt__claimant *who, const pbt__result *result,
                           pbt__reply *out, pbt_error *error)
{
    visit this;
    pbt__reply reply = {.is_repeat = false};
    pbt_err err = enter(&this, desk, who, result->segment, result->attempt, error);
    if (err == PBT_OK) {
        err = report_saved(&this, result, error);
    }
    if (err == PBT_OK) {
        err = pbt__handed_take(this.remote, &this.line->caller, &this.who,
                               json_object_get(this.json, "action"), &reply.action, error);
    }
    if (err == PBT_OK) {
        tell(&this, NULL, &reply.action, true);
        *out = reply;
    }
    leave(&this, err);
    return err;
}

pbt_err pbt__remote_release(pbt__desk *desk, const pbt__claimant *who, pbt_segment_id segment,
                            int32_t attempt, int64_t step, bool has_progress, pbt_error *error)
{
    visit this;
    pbt__said said = {.attempt = attempt, .step = step};
    pbt_err err = enter(&this, desk, who, segment, attempt, error);
    if (err == PBT_OK && has_progress) {
        err = pbt__checkpoint_send(&this.line->caller, this.parcel, false, &said.checkpoint, error);
    }
    if (err == PBT_OK) {
        err = say(&this, "release", pbt__said_json(&said), error);
    }
    if (err == PBT_OK) {
        tell(&this, NULL, NULL, false);
    }
    leave(&this, err);
    return err;
}

pbt_err pbt__remote_fail(pbt__desk *desk, const pbt__claimant *who, const pbt__failure *failure,
                         pbt__action *out, pbt_error *error)
{
    visit this;
    pbt_err err = enter(&this, desk, who, failure->segment, failure->attempt, error);
    if (err == PBT_OK) {
        json_t *body =
            json_pack("{s:i, s:o, s:b, s:b, s:b}", "attempt", (int)failure->attempt, "message",
                      pbt__json_text(failure->message), "retry", (int)failure->can_retry, "certain",
                      (int)failure->is_certain, "leaving", (int)(out == NULL));
        err = say(&this, "fail", body, error);
    }
    if (err == PBT_OK && out != NULL) {
        err = pbt__handed_take(this.remote, &this.line->caller, &this.who, this.json, out, error);
    }
    if (err == PBT_OK) {
        tell(&this, failure->message, out, false);
    }
    leave(&this, err);
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
        pbt__handed *handed = pbt__handed_hold(remote, failure->segment, failure->attempt);
        const int64_t step = handed != NULL ? handed->resume_step : 0;
        pbt__handed_let_go(remote, handed);
        err =
            pbt__remote_release(desk, who, failure->segment, failure->attempt, step, false, error);
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
    const pbt__said said = {.attempt = pulse->attempt,
                            .step = pulse->step,
                            .metrics = pulse->metrics,
                            .metric_count = pulse->metric_count};
    json_t *json = pbt__said_json(&said);
    char *body = pbt__json_write(json);
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
