/* claim.c: how a segment comes to a trainer: with a claim, or with the answer to its last report.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/stop.h"
#include "worker/inside.h"

enum { WAIT_SECONDS = 20 }; /* how long the server may keep a claim */

static pbt_err take_segment(pbt_worker *worker, const json_t *action, pbt_error *error)
{
    pbt__held *held = &worker->held[1 - worker->turn];
    const pbt_err err = pbt__held_read(held, json_object_get(action, "segment"), error);
    if (err == PBT_OK) {
        worker->holding = PBT__HOLDS_COMING;
        pbt__heart_begin(&worker->heart, held->segment.id, held->segment.attempt,
                         held->lease_seconds);
    }
    return err;
}

pbt_err pbt__worker_take(pbt_worker *worker, const json_t *action, pbt_error *error)
{
    const char *verb = pbt__json_get_text(action, "action", "");
    pbt_err err = PBT_OK;
    if (strcmp(verb, "train") == 0) {
        err = take_segment(worker, action, error);
    } else if (strcmp(verb, "stop") == 0) {
        worker->is_over = true;
        (void)snprintf(worker->reason, sizeof worker->reason, "%s",
                       pbt__json_get_text(action, "reason", pbt__stop_name(PBT__STOP_FINISHED)));
    } else if (strcmp(verb, "wait") != 0) {
        err = pbt__fail(error, PBT_ERR_CORRUPT, "the server's answer has no valid 'action'");
    }
    return err;
}

static pbt_err claim(pbt_worker *worker, pbt_error *error)
{
    json_t *answer = NULL;
    const pbt__caller_name who = {worker->name, worker->session};
    pbt_err err = pbt__caller_claim(&worker->caller, who, WAIT_SECONDS, &answer, error);
    if (err == PBT_OK) {
        err = pbt__worker_take(worker, answer, error);
    }
    json_decref(answer);
    return err;
}

static bool is_interrupted(const pbt_worker *worker)
{
    return atomic_load(&worker->is_interrupted);
}

/* Claim until there is a segment, or an end. */
static pbt_err claim_until(pbt_worker *worker, pbt_error *error)
{
    pbt_err err = PBT_OK;
    while (err == PBT_OK && worker->holding == PBT__HOLDS_NOTHING && !worker->is_over &&
           !is_interrupted(worker)) {
        err = claim(worker, error);
    }
    return is_interrupted(worker) ? PBT_OK : err;
}

/* Say whether what is to be loaded is in memory already. */
static bool is_in_memory(const pbt_worker *worker, const pbt__held *held)
{
    const pbt_worker_segment *s = &held->segment;
    return !held->is_reload_always && s->parent != NULL && s->resume_step == s->start_step &&
           strcmp(s->parent, worker->reported) == 0;
}

/* Choose where a segment saves, and bring here what it loads. */
static pbt_err prepare(pbt_worker *worker, pbt__held *held, pbt_error *error)
{
    pbt__parcel *parcel = &held->parcel;
    const bool loads = parcel->load != NULL && !is_in_memory(worker, held);
    pbt_err err = pbt__checkpoint_place(&worker->caller, parcel, error);
    if (err == PBT_OK && loads) {
        err = pbt__checkpoint_bring(&worker->caller, parcel, error);
    }
    held->segment.save_to = parcel->save_to;
    held->segment.load = loads ? parcel->load : NULL;
    return err;
}

/* Make the segment that has come the trainer's. */
static pbt_err open_coming(pbt_worker *worker, pbt_error *error)
{
    pbt__held *held = &worker->held[1 - worker->turn];
    const pbt_err err = prepare(worker, held, error);
    if (err == PBT_OK) {
        worker->turn = 1 - worker->turn;
        worker->holding = PBT__HOLDS_OPEN;
        worker->reported[0] = '\0'; /* training changes what is in memory */
    }
    return err;
}

/* End the segment that the trainer still holds; correct only if it was told to stop. */
static pbt_err leave_open(pbt_worker *worker, pbt_error *error)
{
    if (pbt_worker_is_stopping(worker)) {
        return pbt__worker_drop(worker, error);
    }
    (void)pbt__fail(error, PBT_ERR_STATE, "segment '%s' has not been reported",
                    worker->held[worker->turn].segment.id);
    pbt__error_hint(error, "report it, or say that it failed, before asking for the next");
    return PBT_ERR_STATE;
}

pbt_err pbt_worker_next(pbt_worker *worker, const pbt_worker_segment **out, pbt_error *error)
{
    pbt_err err = worker->holding == PBT__HOLDS_OPEN ? leave_open(worker, error) : PBT_OK;
    if (err == PBT_OK) {
        err = claim_until(worker, error);
    }
    if (err == PBT_OK && is_interrupted(worker)) {
        worker->is_over = true;
        (void)snprintf(worker->reason, sizeof worker->reason, "%s",
                       pbt__stop_name(PBT__STOP_INTERRUPTED));
        err = worker->holding == PBT__HOLDS_COMING ? pbt__worker_drop(worker, error) : PBT_OK;
    }
    if (err == PBT_OK && worker->holding == PBT__HOLDS_COMING) {
        err = open_coming(worker, error);
    }
    if (err == PBT_OK) {
        *out = pbt_worker_segment_now(worker);
    }
    return err;
}

/* ---- the four calls -------------------------------------------------------------------------- */

const pbt_worker_segment *pbt_worker_segment_now(const pbt_worker *worker)
{
    return worker->holding == PBT__HOLDS_OPEN ? &worker->held[worker->turn].segment : NULL;
}

pbt_err pbt_worker_save(pbt_worker *worker, int64_t step, pbt_error *error)
{
    const pbt_worker_segment *next = NULL;
    const pbt_err err = pbt_worker_report(worker, step, error);
    return err == PBT_OK ? pbt_worker_next(worker, &next, error) : err;
}

bool pbt_worker_should_exploit(const pbt_worker *worker)
{
    return pbt_worker_exploit(worker) != NULL;
}

const char *pbt_worker_exploit(const pbt_worker *worker)
{
    const pbt_worker_segment *now = pbt_worker_segment_now(worker);
    return now != NULL ? now->load : NULL;
}

const pbt_worker_segment *pbt_worker_explore(const pbt_worker *worker)
{
    return pbt_worker_segment_now(worker);
}
