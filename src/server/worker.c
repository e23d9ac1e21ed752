/*
 * worker.c: what workers say: claim, report, heartbeat, release, fail.
 *
 * Each reads its body into a plain struct, lets go of the JSON, and only then calls the desk, which
 * may take as long as the disk, or as a server elsewhere.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "server/answer.h"
#include "server/body.h"
#include "server/inside.h"
#include "study/host.h"

/* (segment, attempt) says all: whoever holds it asks. */
static const pbt__claimant HOLDER = {.worker = "", .session = ""};

enum { MESSAGE_MAXIMUM = 64 * 1024 };

/* ---- actions --------------------------------------------------------------------------------- */

/* Give back what was handed out while the server hands out nothing, or to one that has died. */
static pbt_err give_back(pbt__request *request, pbt__action *action, pbt_error *error)
{
    pbt__desk *desk = request->hosted->desk;
    const pbt__assignment *train = &action->train;
    const bool has_gone = request->hosted->study == NULL && request->peer != NULL &&
                          pbt__peer_has_gone(request->peer);
    if (action->verb != PBT__TRAIN || (!has_gone && !atomic_load(&request->server->is_draining))) {
        return PBT_OK;
    }
    const pbt_err err = desk->ops->release(desk, &HOLDER, train->segment.id, train->attempt,
                                           train->resume_step, false, error);
    if (err == PBT_OK) {
        *action = (pbt__action){.verb = PBT__WAIT, .wait_seconds = 1};
    }
    return err;
}

/* What an attempt's checkpoint was loaded from, where that was made for it alone. */
static void forget_load(const pbt__request *request, int32_t attempt)
{
    pbt__desk *desk = request->hosted->desk;
    const pbt__assignment ended = {
        .segment.id = request->segment, .attempt = attempt, .load_kind = PBT__CHECKPOINT_INLINE};
    (void)desk->ops->drop(desk, &ended); /* what is left is swept */
}

static pbt_err answer_action(pbt__request *request, pbt__action *action, pbt_error *error)
{
    json_t *json = NULL;
    pbt_err err = give_back(request, action, error);
    if (err == PBT_OK) {
        err = pbt__action_json(request, action, &json, error);
    }
    return err == PBT_OK ? pbt__answer_json(request, json, error) : err;
}

static pbt_err answer_recorded(pbt__request *request, pbt_error *error)
{
    return pbt__answer_json(request, json_pack("{s:b}", "recorded", 1), error);
}

/* ---- claim ----------------------------------------------------------------------------------- */

typedef struct claim_body {
    char worker[PBT__NAME_SIZE];
    char session[PBT__SESSION_SIZE];
    int64_t wait_seconds;
} claim_body;

static pbt_err read_claim(pbt__request *request, claim_body *out, pbt_error *error)
{
    pbt__body body = pbt__body_init(request, error);
    (void)snprintf(out->worker, sizeof out->worker, "%s",
                   pbt__body_text(&body, "worker", sizeof out->worker - 1));
    (void)snprintf(out->session, sizeof out->session, "%s",
                   pbt__body_text(&body, "session", sizeof out->session - 1));
    out->wait_seconds = pbt__body_integer(&body, "wait_seconds", 0, PBT__SERVER_WAIT_MAXIMUM, 0);
    pbt__body_fini(&body);
    return body.err;
}

/* Say whether a claim that found nothing may wait for more. */
static bool may_wait(pbt__request *request, const claim_body *claim)
{
    const int64_t now_us = pbt__clock_monotonic_us();
    if (request->wait_until_us == 0) {
        request->wait_until_us = now_us + claim->wait_seconds * 1000000;
    }
    return now_us < request->wait_until_us;
}

/* Claim. At a study elsewhere it may wait, and half of the pool's threads never do. */
static pbt_err claim_at_desk(pbt__request *request, const claim_body *claim, pbt__action *action,
                             pbt_error *error)
{
    pbt__desk *desk = request->hosted->desk;
    atomic_int *count = &request->server->waiting_count;
    const pbt__claimant who = {.worker = claim->worker, .session = claim->session};
    const bool is_elsewhere = request->hosted->study == NULL;
    const int before = is_elsewhere ? atomic_fetch_add(count, 1) : 0;
    const bool waits = is_elsewhere && before < PBT__POOL_THREADS / 2;
    *action =
        (pbt__action){.verb = PBT__WAIT, .wait_seconds = waits ? (double)claim->wait_seconds : 0};
    const pbt_err err = desk->ops->claim(desk, &who, action, error);
    if (is_elsewhere) {
        (void)atomic_fetch_sub(count, 1);
    }
    return err;
}

pbt_err pbt__serve_claim(pbt__request *request, pbt_error *error)
{
    claim_body claim;
    pbt__action action = {.verb = PBT__WAIT, .wait_seconds = 1};
    pbt_err err = read_claim(request, &claim, error);
    if (err != PBT_OK) {
        return err;
    }
    const bool is_over = atomic_load(&request->server->is_draining) || request->is_displaced ||
                         (request->wait_until_us != 0 && request->peer != NULL &&
                          pbt__peer_has_gone(request->peer)); /* it died while it waited */
    if (!is_over) {
        err = claim_at_desk(request, &claim, &action, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    if (!is_over && action.verb == PBT__WAIT && request->hosted->study != NULL &&
        may_wait(request, &claim)) {
        request->seen = action.seen;
        (void)snprintf(request->claimant, sizeof request->claimant, "%s/%s", claim.worker,
                       claim.session);
        request->is_waiting = true;
        return PBT_OK;
    }
    return answer_action(request, &action, error);
}

/* ---- report ---------------------------------------------------------------------------------- */

/* Read what a report, a release and a heartbeat have in common; a heartbeat has no checkpoint, and
 * may not know its step. Nullable: measures: they are not read */
static pbt_err read_said(pbt__request *request, bool is_beat, pbt__result *out,
                         pbt__metrics **measures, pbt_error *error)
{
    pbt__body body = pbt__body_init(request, error);
    *out = (pbt__result){
        .segment = request->segment,
        .attempt = pbt__body_attempt(&body),
        .step = pbt__body_integer(&body, "step", 0, INT64_MAX, is_beat ? 0 : -1),
    };
    const bool is_saved = !is_beat && pbt__body_checkpoint(&body);
    out->checkpoint = is_saved ? PBT__SAVED : PBT__NO_CHECKPOINT;
    if (measures != NULL && body.err == PBT_OK) {
        *measures = pbt__measures_new(&body);
    }
    if (measures != NULL && *measures != NULL) {
        out->metrics = (*measures)->items;
        out->metric_count = (*measures)->count;
    }
    pbt__body_fini(&body);
    return body.err;
}

static pbt_err answer_report(pbt__request *request, pbt__reply *reply, pbt_error *error)
{
    json_t *action = NULL;
    pbt_err err = give_back(request, &reply->action, error);
    if (err == PBT_OK) {
        err = pbt__action_json(request, &reply->action, &action, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    json_t *json = json_pack("{s:b, s:o, s:o}", "recorded", 1, "decision",
                             pbt__reply_decision(request->hosted, reply), "action", action);
    return pbt__answer_json(request, json, error);
}

pbt_err pbt__serve_report(pbt__request *request, pbt_error *error)
{
    pbt__desk *desk = request->hosted->desk;
    pbt__result result;
    pbt__metrics *measures = NULL;
    pbt__reply reply;
    pbt_err err = read_said(request, false, &result, &measures, error);
    if (err == PBT_OK) {
        err = desk->ops->report(desk, &HOLDER, &result, &reply, error);
    }
    pbt__measures_free(measures);
    if (err != PBT_OK) {
        return err;
    }
    forget_load(request, result.attempt);
    return answer_report(request, &reply, error);
}

/* ---- heartbeat ------------------------------------------------------------------------------- */

pbt_err pbt__serve_heartbeat(pbt__request *request, pbt_error *error)
{
    pbt__desk *desk = request->hosted->desk;
    pbt__result said;
    pbt__metrics *measures = NULL;
    pbt__verb verb = PBT__TRAIN;
    pbt_err err = read_said(request, true, &said, &measures, error);
    if (err != PBT_OK) {
        return err;
    }
    const pbt__pulse pulse = {.segment = said.segment,
                              .attempt = said.attempt,
                              .step = said.step,
                              .metrics = said.metrics,
                              .metric_count = said.metric_count};
    err = desk->ops->heartbeat(desk, &HOLDER, &pulse, &verb, error);
    pbt__measures_free(measures);
    const bool is_lost = err == PBT_ERR_LATE || err == PBT_ERR_STATE;
    if (err != PBT_OK && !is_lost) {
        return err;
    }
    const char *action = "continue";
    if (is_lost) {
        action = "lost";
    } else if (verb == PBT__STOP) {
        action = "stop";
    } else if (verb == PBT__WAIT || atomic_load(&request->server->is_draining)) {
        action = "release";
    }
    return pbt__answer_json(request, json_pack("{s:s}", "action", action), error);
}

/* ---- release --------------------------------------------------------------------------------- */

pbt_err pbt__serve_release(pbt__request *request, pbt_error *error)
{
    pbt__desk *desk = request->hosted->desk;
    pbt__result said;
    pbt_err err = read_said(request, false, &said, NULL, error);
    if (err == PBT_OK) {
        err = desk->ops->release(desk, &HOLDER, said.segment, said.attempt, said.step,
                                 said.checkpoint == PBT__SAVED, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    forget_load(request, said.attempt);
    return answer_recorded(request, error);
}

/* ---- fail ------------------------------------------------------------------------------------ */

typedef struct fail_body {
    int32_t attempt;
    bool can_retry;
    bool is_certain;    /* the trainer itself is wrong */
    bool is_leaving;    /* it takes no more segments */
    char message[1024]; /* as much as is recorded, and cut there */
} fail_body;

static pbt_err read_fail(pbt__request *request, fail_body *out, pbt_error *error)
{
    pbt__body body = pbt__body_init(request, error);
    out->attempt = pbt__body_attempt(&body);
    out->can_retry = pbt__body_boolean(&body, "retry", true);
    out->is_certain = pbt__body_boolean(&body, "certain", false);
    out->is_leaving = pbt__body_boolean(&body, "leaving", false);
    const json_t *message = json_object_get(body.json, "message");
    if (!json_is_string(message) || json_string_length(message) > MESSAGE_MAXIMUM) {
        pbt__body_fail(&body, "message", "is missing or too long");
    }
    const char *text = json_string_value(message);
    (void)snprintf(out->message, sizeof out->message, "%s", text != NULL ? text : "");
    pbt__body_fini(&body);
    return body.err;
}

pbt_err pbt__serve_fail(pbt__request *request, pbt_error *error)
{
    pbt__desk *desk = request->hosted->desk;
    fail_body fail;
    pbt__action action = {.verb = PBT__WAIT, .wait_seconds = 1};
    pbt_err err = read_fail(request, &fail, error);
    if (err != PBT_OK) {
        return err;
    }
    const pbt__failure failure = {
        .segment = request->segment,
        .attempt = fail.attempt,
        .message = fail.message,
        .can_retry = fail.can_retry,
        .is_certain = fail.is_certain,
    };
    err = desk->ops->fail(desk, &HOLDER, &failure, fail.is_leaving ? NULL : &action, error);
    if (err != PBT_OK) {
        return err;
    }
    forget_load(request, fail.attempt);
    return answer_action(request, &action, error);
}
