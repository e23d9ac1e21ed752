/*
 * report.c: how a segment ends: reported, failed, given back, or gone to another meanwhile.
 *
 * The heart beats until the server has answered, so that a report repeated for minutes, or a
 * checkpoint that takes long to send, does not lose the lease.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "worker/inside.h"
#include "worker/said.h"

enum { MESSAGE_MAXIMUM = 1000 };

static pbt_err check_open(const pbt_worker *worker, pbt_error *error)
{
    return worker->holding == PBT__HOLDS_OPEN
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_STATE, "no segment is held: ask for the next first");
}

/* The segment is no longer ours. */
static void end_held(pbt_worker *worker, pbt__held *held, bool is_recorded)
{
    pbt__heart_rest(&worker->heart);
    pbt__checkpoint_clean(&held->parcel);
    pbt__metrics_clear(&worker->metrics);
    worker->holding = PBT__HOLDS_NOTHING;
    worker->is_recorded = is_recorded;
}

/* A segment that went to another has ended, and that is no failure. */
static pbt_err forgive_late(pbt_worker *worker, pbt_err err)
{
    if (err != PBT_ERR_LATE) {
        return err;
    }
    end_held(worker, &worker->held[worker->turn], false);
    return PBT_OK;
}

static pbt__said say(const pbt__held *held, int64_t step, const char *checkpoint)
{
    return (pbt__said){.id = held->segment.id,
                       .attempt = held->segment.attempt,
                       .step = step,
                       .checkpoint = checkpoint};
}

/* ---- reporting ------------------------------------------------------------------------------- */

/* Take an answer that says that the report is recorded, and what comes next. */
static pbt_err take_reply(pbt_worker *worker, pbt__held *held, bool has_checkpoint,
                          const json_t *reply, pbt_error *error)
{
    end_held(worker, held, true);
    (void)snprintf(worker->reported, sizeof worker->reported, "%s",
                   has_checkpoint ? held->segment.id : "");
    return pbt__worker_take(worker, json_object_get(reply, "action"), error);
}

/* Report, with what was saved where it `may_save`. A segment that went to another has ended, and
 * that is no failure. */
static pbt_err report(pbt_worker *worker, int64_t step, bool may_save, pbt_error *error)
{
    static const pbt__parcel NOTHING = {.save_to = ""};
    pbt__held *held = &worker->held[worker->turn];
    json_t *reply = NULL;
    pbt__said said = say(held, step, NULL);
    said.metrics = worker->metrics.items;
    said.metric_count = worker->metrics.count;
    pbt_err err = pbt__said_report(&worker->caller, &said, may_save ? &held->parcel : &NOTHING,
                                   &reply, error);
    if (err == PBT_OK) {
        err = take_reply(worker, held, said.checkpoint != NULL, reply, error);
    }
    json_decref(reply);
    return forgive_late(worker, err);
}

static pbt_err check_metrics(const pbt_worker *worker, pbt_error *error)
{
    if (worker->metrics.failure == PBT_ERR_MEMORY) {
        return pbt__fail_memory(error);
    }
    return worker->metrics.failure == PBT_OK
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_LIMIT,
                           "a report has at most %d metrics, with names of 1 to %d bytes and %d "
                           "samples each",
                           (int)PBT__METRICS_MAXIMUM, (int)PBT__METRIC_NAME_SIZE - 1,
                           (int)PBT__METRIC_SAMPLES_MAXIMUM);
}

pbt_err pbt_worker_report(pbt_worker *worker, int64_t step, pbt_error *error)
{
    pbt_err err = check_open(worker, error);
    if (err == PBT_OK) {
        err = check_metrics(worker, error);
    }
    return err == PBT_OK ? report(worker, step, true, error) : err;
}

/* Ask for the objective's name, once. */
static pbt_err learn_objective(pbt_worker *worker, pbt_error *error)
{
    json_t *answer = NULL;
    if (worker->objective != NULL) {
        return PBT_OK;
    }
    pbt_err err = pbt__caller_call(&worker->caller, "", NULL, &answer, error);
    if (err == PBT_OK) {
        worker->objective = pbt__strdup(pbt__json_get_text(answer, "metric", "score"));
        err = worker->objective != NULL ? PBT_OK : pbt__fail_memory(error);
    }
    json_decref(answer);
    return err;
}

pbt_err pbt_worker_diverged(pbt_worker *worker, int64_t step, pbt_error *error)
{
    pbt_err err = check_open(worker, error);
    if (err == PBT_OK) {
        err = learn_objective(worker, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    pbt__metrics_clear(&worker->metrics);
    pbt__metrics_set(&worker->metrics, worker->objective, (double)NAN);
    return report(worker, step, false, error);
}

/* ---- failing and giving back ----------------------------------------------------------------- */

pbt_err pbt_worker_fail(pbt_worker *worker, const char *message, bool can_retry, pbt_error *error)
{
    pbt__held *held = &worker->held[worker->turn];
    json_t *answer = NULL;
    char line[MESSAGE_MAXIMUM + 1];
    pbt_err err = check_open(worker, error);
    if (err != PBT_OK) {
        return err;
    }
    (void)snprintf(line, sizeof line, "%s", message);
    json_t *body = json_pack("{s:i, s:o, s:b}", "attempt", (int)held->segment.attempt, "message",
                             pbt__json_text(line), "retry", (int)can_retry);
    err = pbt__said_post(&worker->caller, held->segment.id, "fail", body, &answer, error);
    if (err == PBT_OK) {
        end_held(worker, held, true);
        err = pbt__worker_take(worker, answer, error);
    }
    json_decref(answer);
    return forgive_late(worker, err);
}

static pbt_err release(pbt_worker *worker, pbt__held *held, int64_t step, const char *checkpoint,
                       pbt_error *error)
{
    json_t *answer = NULL;
    const pbt__said said = say(held, step, checkpoint);
    const pbt_err err =
        pbt__said_post(&worker->caller, said.id, "release", pbt__said_json(&said), &answer, error);
    json_decref(answer);
    if (err == PBT_OK) {
        end_held(worker, held, true);
    }
    return err;
}

pbt_err pbt_worker_release(pbt_worker *worker, int64_t step, pbt_error *error)
{
    const char *checkpoint = NULL;
    pbt__held *held = &worker->held[worker->turn];
    const bool is_between = step > held->segment.resume_step && step < held->segment.end_step;
    pbt_err err = check_open(worker, error);
    if (err == PBT_OK && is_between) {
        err = pbt__checkpoint_send(&worker->caller, &held->parcel, false, &checkpoint, error);
    }
    if (err == PBT_OK) {
        err = release(worker, held, step, checkpoint, error);
    }
    return forgive_late(worker, err);
}

pbt_err pbt__worker_drop(pbt_worker *worker, pbt_error *error)
{
    const int place = worker->holding == PBT__HOLDS_COMING ? 1 - worker->turn : worker->turn;
    pbt__held *held = &worker->held[place];
    const bool is_lost = atomic_load(&worker->heart.verdict) == PBT__LOST;
    const pbt_err err =
        is_lost ? PBT_ERR_LATE : release(worker, held, held->segment.resume_step, NULL, error);
    if (err == PBT_ERR_LATE) {
        end_held(worker, held, false);
        return PBT_OK;
    }
    return err;
}
