/*
 * attempt.c: what is said of an attempt: reports, releases, failures, heartbeats.
 *
 * Who says it may be a slot, or a worker's process whose server knows it by its attempt alone: then
 * the claimant is whom the segment was handed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "remote/inside.h"
#include "study/study.h"

static const double BEAT_SECONDS = 10;    /* Units: seconds; one thread beats for all slots */
static const double HINDERED_SECONDS = 5; /* Units: seconds */

/* What is said of an attempt that was not handed out here, is the server's to refuse. */
static const pbt__parcel NOTHING = {.save_to = "", .is_shared = true};

/* One call about an attempt, from its beginning to its end. */
typedef struct visit {
    pbt__remote *remote;
    pbt_segment_id segment;
    pbt__handed *handed; /* held; NULL: it was not handed out here */
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
    *this = (visit){.remote = remote, .segment = segment, .handed = handed};
    this->who = who != NULL ? *who : NOBODY;
    if (handed != NULL) {
        this->who = (pbt__claimant){handed->worker, handed->session};
    }
    return pbt__line_take(remote, &this->line, error);
}

static const pbt__parcel *parcel_of(const visit *this)
{
    return this->handed != NULL ? &this->handed->parcel : &NOTHING;
}

bool pbt__remote_is_over(pbt_err err)
{
    return err == PBT_OK || err == PBT_ERR_LATE || err == PBT_ERR_STATE || err == PBT_ERR_NOT_FOUND;
}

/* What an attempt has here is removed, once it is over. */
static void leave(visit *this, pbt_err err)
{
    if (this->handed != NULL && pbt__remote_is_over(err)) {
        pbt__checkpoint_clean(&this->handed->parcel);
    }
    json_decref(this->json);
    pbt__line_give(this->remote, this->line);
    pbt__handed_let_go(this->remote, this->handed);
}

/* POST what is said of the attempt. */
static pbt_err say(visit *this, const char *verb, json_t *body, pbt_error *error)
{
    char path[96], name[PBT__ID_SIZE];
    pbt__id_write(this->segment, name);
    (void)snprintf(path, sizeof path, "/segments/%s/%s", name, verb);
    return pbt__remote_call(&this->line->caller, path, body, true, &this->json, error);
}

/* Tell of what was recorded, and of what it is followed by, which is NULL where that is nothing. */
static void tell(visit *this, const char *failure, const pbt__action *action, bool has_reported)
{
    pbt__audience_tell(&this->remote->audience, this->who.worker, failure, action, has_reported);
}

/* ---- how an attempt ends --------------------------------------------------------------------- */

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

static pbt_err send_report(visit *this, const pbt__result *result, const char *checkpoint,
                           pbt_error *error)
{
    json_t *body = json_pack("{s:i, s:I, s:s*}", "attempt", (int)result->attempt, "step",
                             (json_int_t)result->step, "checkpoint", checkpoint);
    if (!pbt__metrics_put(result->metrics, result->metric_count, body)) {
        json_decref(body);
        return pbt__fail_memory(error);
    }
    return say(this, "report", body, error);
}

/* Say what was saved, and report. What the server does not see where it looks is sent, once. */
static pbt_err report_saved(visit *this, const pbt__result *result, bool is_travelling,
                            pbt_error *error)
{
    const char *checkpoint = NULL;
    const pbt__parcel *parcel = parcel_of(this);
    pbt__caller *caller = &this->line->caller;
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
        err = send_report(this, result, checkpoint, error);
    }
    const bool may_travel = err == PBT_ERR_CHECKPOINT && result->checkpoint == PBT__SAVED &&
                            this->handed != NULL && parcel->is_shared && !is_travelling;
    return may_travel ? report_saved(this, result, true, error) : err;
}

pbt_err pbt__remote_report(pbt__desk *desk, const pbt__claimant *who, const pbt__result *result,
                           pbt__reply *out, pbt_error *error)
{
    visit this;
    pbt__reply reply = {.is_repeat = false};
    pbt_err err = enter(&this, desk, who, result->segment, result->attempt, error);
    if (err == PBT_OK) {
        err = report_saved(&this, result, false, error);
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
    const char *checkpoint = NULL;
    pbt_err err = enter(&this, desk, who, segment, attempt, error);
    if (err == PBT_OK && has_progress) {
        err = pbt__checkpoint_send(&this.line->caller, parcel_of(&this), false, &checkpoint, error);
    }
    if (err == PBT_OK) {
        json_t *body = json_pack("{s:i, s:I, s:s*}", "attempt", (int)attempt, "step",
                                 (json_int_t)step, "checkpoint", checkpoint);
        err = say(&this, "release", body, error);
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
