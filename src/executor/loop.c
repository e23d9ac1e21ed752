/*
 * loop.c: a slot's life: claim, train, report, until the study stops.
 *
 * Each call into the study answers with the next action, so the loop is one call per segment. There
 * are three kinds of errors: the segment went to another worker (claim the next), the result is
 * refused (the attempt failed), or the run cannot go on (it ends).
 */
#include "executor/slot.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "executor/log.h"

/* ---- calls at the desk ----------------------------------------------------------------------- */

/* Claim, after waiting as the last answer says. */
static pbt_err claim(pbt__slot *slot)
{
    pbt__desk *desk = slot->local->desk;
    return desk->ops->claim(desk, &slot->who, &slot->action, &slot->error);
}

/* Claim without waiting. */
static pbt_err claim_at_once(pbt__slot *slot)
{
    slot->action = (pbt__action){.verb = PBT__WAIT};
    return claim(slot);
}

/* Say whether the segment is no longer this slot's. */
static bool is_lost(pbt_err err)
{
    return err == PBT_ERR_LATE || err == PBT_ERR_STATE || err == PBT_ERR_NOT_FOUND;
}

static pbt__failure failure_of(const pbt__slot *slot, const pbt__assignment *assignment,
                               const pbt__outcome *outcome)
{
    char line[sizeof((pbt__outcome *)0)->message + 8];
    (void)snprintf(line, sizeof line, "pbt: %s", outcome->message);
    pbt__log_line(slot->log, line);
    return (pbt__failure){
        .segment = assignment->segment.id,
        .attempt = assignment->attempt,
        .message = outcome->message,
        .can_retry = true,
        .is_certain = outcome->is_certain,
    };
}

static pbt_err fail_attempt(pbt__slot *slot, const pbt__assignment *assignment,
                            const pbt__outcome *outcome)
{
    const pbt__failure failure = failure_of(slot, assignment, outcome);
    pbt__desk *desk = slot->local->desk;
    const pbt_err err = desk->ops->fail(desk, &slot->who, &failure, &slot->action, &slot->error);
    return is_lost(err) ? claim_at_once(slot) : err;
}

/* Training could not begin, or its result cannot be kept: the study waits. */
static pbt_err hinder(pbt__slot *slot, const pbt__assignment *assignment,
                      const pbt__outcome *outcome)
{
    const pbt_error why = slot->error;
    const pbt__failure failure = failure_of(slot, assignment, outcome);
    pbt__desk *desk = slot->local->desk;
    const pbt_err err =
        desk->ops->hinder(desk, &slot->who, &failure, &why, &slot->action, &slot->error);
    return is_lost(err) ? claim_at_once(slot) : err;
}

/* Say whether a report was refused for what the trainer did or could not store. */
static bool is_refusal(pbt_err err)
{
    return err == PBT_ERR_REPORT || err == PBT_ERR_CHECKPOINT || err == PBT_ERR_IO ||
           err == PBT_ERR_RESOURCE || err == PBT_ERR_LIMIT;
}

static pbt_err fail_refused(pbt__slot *slot, const pbt__assignment *assignment)
{
    pbt__outcome outcome = {0};
    const pbt_error *error = &slot->error;
    pbt__outcome_fail_as(&outcome, slot);
    outcome.is_certain = error->code == PBT_ERR_REPORT || error->code == PBT_ERR_CHECKPOINT;
    const bool is_disk = error->code == PBT_ERR_IO || error->code == PBT_ERR_RESOURCE;
    return is_disk ? hinder(slot, assignment, &outcome) : fail_attempt(slot, assignment, &outcome);
}

static pbt_err report(pbt__slot *slot, const pbt__assignment *assignment,
                      const pbt__outcome *outcome)
{
    const pbt_segment_id id = assignment->segment.id;
    pbt__result result = {
        .segment = id,
        .attempt = assignment->attempt,
        .step = outcome->step,
        .metrics = slot->metrics.items,
        .metric_count = slot->metrics.count,
        .checkpoint = PBT__NO_CHECKPOINT,
        .bytes = outcome->bytes,
        .byte_count = outcome->byte_count,
    };
    if (outcome->is_saved) {
        result.checkpoint = PBT__SAVED;
    } else if (outcome->bytes != NULL) {
        result.checkpoint = PBT__IN_MEMORY;
    }
    pbt__reply reply;
    pbt__desk *desk = slot->local->desk;
    const pbt_err err = desk->ops->report(desk, &slot->who, &result, &reply, &slot->error);
    if (is_lost(err)) {
        return claim_at_once(slot);
    }
    if (is_refusal(err)) {
        return fail_refused(slot, assignment);
    }
    if (err == PBT_OK) {
        pbt__action_copy(&slot->action, &reply.action);
    }
    if (err == PBT_OK && result.checkpoint != PBT__NO_CHECKPOINT &&
        slot->local->runner->recorded != NULL) {
        slot->local->runner->recorded(slot, id);
    }
    return err;
}

static pbt_err give_back(pbt__slot *slot, const pbt__assignment *assignment, int64_t step,
                         bool has_progress)
{
    pbt__desk *desk = slot->local->desk;
    return desk->ops->release(desk, &slot->who, assignment->segment.id, assignment->attempt, step,
                              has_progress, &slot->error);
}

/* Give a segment back; what comes next is a claim, unless the run is stopping. Progress that cannot
 * be kept only costs its steps. */
static pbt_err release(pbt__slot *slot, const pbt__assignment *assignment,
                       const pbt__outcome *outcome)
{
    pbt_err err = PBT_OK;
    if (atomic_load(&slot->order) != PBT__ORDER_LOST) {
        err = give_back(slot, assignment, outcome->step, outcome->has_progress);
    }
    if (is_refusal(err) && outcome->has_progress) {
        err = give_back(slot, assignment, assignment->resume_step, false);
    }
    if (err != PBT_OK && !is_lost(err)) {
        return err;
    }
    slot->action.verb = PBT__WAIT;
    slot->action.wait_seconds = 0;
    return PBT_OK;
}

static pbt_err settle(pbt__slot *slot, const pbt__assignment *assignment,
                      const pbt__outcome *outcome)
{
    switch (outcome->ending) {
    case PBT__ENDING_REPORT:
        return report(slot, assignment, outcome);
    case PBT__ENDING_FAIL:
        return fail_attempt(slot, assignment, outcome);
    case PBT__ENDING_HINDERED:
        return hinder(slot, assignment, outcome);
    case PBT__ENDING_RELEASE:
        return release(slot, assignment, outcome);
    case PBT__ENDING_FATAL:
        break;
    }
    const pbt_error fatal = slot->error;
    const pbt_err err = release(slot, assignment, outcome);
    slot->error = fatal;
    return err == PBT_OK ? fatal.code : err;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* Begin the segment in its member's log. Returns false with the outcome if it cannot be. */
static bool begin_log(pbt__slot *slot, const pbt__assignment *assignment, pbt__outcome *outcome)
{
    const pbt__local *local = slot->local;
    if (!pbt__slot_enter(slot)) {
        return false;
    }
    const pbt_err err =
        pbt__log_open(local->log_folder, assignment->segment.id.member, &slot->log, &slot->error);
    if (err == PBT_OK) {
        pbt__log_header(slot->log, assignment, &local->spec->search.space);
    } else {
        slot->error.code = PBT_ERR_RESOURCE; /* a log is pbt's own */
        pbt__outcome_hinder(outcome, slot);
    }
    pbt__slot_leave(slot);
    return err == PBT_OK;
}

/* Train what the action names and settle how it went; PBT_OK also where the slot was abandoned. */
static pbt_err train(pbt__slot *slot)
{
    const pbt__assignment assignment = slot->action.train;
    pbt__outcome outcome = {.ending = PBT__ENDING_RELEASE, .step = assignment.resume_step};
    pbt_err err = PBT_OK;
    pbt__heartbeat_begin(slot, &assignment);
    pbt__metrics_clear(&slot->metrics);
    if (begin_log(slot, &assignment, &outcome)) {
        slot->local->runner->train(slot, &assignment, &outcome);
    }
    pbt__heartbeat_end(slot);
    if (pbt__slot_enter(slot)) {
        err = settle(slot, &assignment, &outcome);
        pbt__slot_leave(slot);
    }
    if (slot->log >= 0) {
        (void)close(slot->log);
        slot->log = -1;
    }
    return err;
}

/* Give back the segment of the last answer, if the run stops before it was begun. */
static pbt_err hand_back(pbt__slot *slot)
{
    const pbt__outcome outcome = {.step = slot->action.train.resume_step};
    atomic_store(&slot->order, PBT__ORDER_NONE);
    return release(slot, &slot->action.train, &outcome);
}

/* One turn. Returns false if the slot is to end, with `*err`. */
static bool turn(pbt__slot *slot, pbt_err *err)
{
    const bool is_stopping = atomic_load(&slot->local->stopping) != PBT__STOPPING_NOT;
    if (slot->action.verb == PBT__TRAIN && !is_stopping) {
        *err = train(slot);
        return *err == PBT_OK;
    }
    if (!pbt__slot_enter(slot)) {
        return false;
    }
    bool goes_on = false;
    if (slot->action.verb == PBT__TRAIN) {
        *err = hand_back(slot);
    } else if (slot->action.verb == PBT__WAIT && !is_stopping) {
        *err = claim(slot);
        goes_on = *err == PBT_OK;
    }
    pbt__slot_leave(slot);
    return goes_on;
}

/* A slot ends with an error, or with the study: then a slot that hangs in a plugin gets the same
 * grace as at any stop. */
static void end(pbt__slot *slot, pbt_err err)
{
    if (!pbt__slot_enter(slot)) {
        return;
    }
    if (err != PBT_OK) {
        pbt__local_fail(slot->local, err, &slot->error);
    } else if (!slot->local->runner->can_be_killed) {
        pbt__local_stop(slot->local, false);
    }
    pbt__slot_leave(slot);
}

void pbt__slot_live(pbt__slot *slot)
{
    pbt_err err = PBT_OK;
    slot->action = (pbt__action){.verb = PBT__WAIT};
    if (slot->local->runner->run != NULL) {
        err = slot->local->runner->run(slot);
    } else {
        while (turn(slot, &err)) {
        }
    }
    end(slot, err);
}
