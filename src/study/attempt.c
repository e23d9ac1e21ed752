/* attempt.c: calls about an attempt: heartbeat, failure, release. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/plain.h"
#include "study/inside.h"
#include "study/json.h"
#include "study/sign.h"

typedef struct attempt_call {
    const pbt__claimant *who;
    pbt_segment_id segment;
    int32_t attempt;
    int64_t step;
    const pbt__pulse *pulse;         /* of a heartbeat */
    const pbt__checkpoint *progress; /* nullable */
    const char *message;
    pbt_cause cause;
    bool is_certain;
    const pbt_error *why; /* hinder; NULL: the trainer failed */
    bool wants_action;
    pbt__action action;
    char worker[PBT__NAME_SIZE]; /* whose attempt it was; "": nobody's any more */
} attempt_call;

/* The claim behind a call, where it still stands; `*claim` has member -1 where it has ended. */
static pbt_err find_claim(pbt__study *study, const attempt_call *call, pbt__claim *claim,
                          pbt_error *error)
{
    bool is_over = false;
    pbt_err err = pbt__study_admit(study, call->segment, call->attempt, &is_over, error);
    if (err != PBT_OK) {
        return err;
    }
    *claim = study->claims[call->segment.member];
    bool stands = !is_over && pbt__claim_is_active(claim);
    claim->member = stands ? claim->member : -1;
    return PBT_OK;
}

static pbt_err run_heartbeat(pbt__study *study, void *arguments, pbt_error *error)
{
    attempt_call *call = arguments;
    pbt__claim claim;
    pbt_err err = pbt__study_expire(study, error);
    if (err == PBT_OK) {
        err = pbt__study_stop_if_due(study, false, error);
    }
    if (err == PBT_OK) {
        err = find_claim(study, call, &claim, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    if (claim.member < 0) {
        return pbt__fail(error, PBT_ERR_LATE, "the lease has ended");
    }
    int64_t now = study->transaction.now_us;
    claim.lease_until_us = now + (int64_t)(study->view.facts.spec->lease_seconds * 1e6);
    if (call->step > claim.step) {
        claim.step = call->step;
        claim.step_changed_us = now;
    }
    call->action.verb = pbt__view_is_over(&study->view) ? PBT__STOP : PBT__TRAIN;
    err = pbt__sign_put(study, &claim, call->pulse->metrics, call->pulse->metric_count, error);
    return err == PBT_OK ? pbt__study_put_claim(study, &claim, error) : err;
}

pbt_err pbt__study_heartbeat(pbt__study *study, const pbt__claimant *who, const pbt__pulse *pulse,
                             pbt__verb *verb, pbt_error *error)
{
    attempt_call call = {.who = who,
                         .segment = pulse->segment,
                         .attempt = pulse->attempt,
                         .step = pulse->step,
                         .pulse = pulse};
    pbt_err err = pbt__study_submit(study, run_heartbeat, &call, error);
    if (err == PBT_OK) {
        *verb = call.action.verb;
    }
    return err;
}

static pbt_err log_release(pbt__study *study, const attempt_call *call, const pbt__claim *claim,
                           pbt_error *error);

/* Where the next attempt begins: where this one did. */
static pbt_err give_back(pbt__study *study, const pbt__claim *claim, pbt_error *error)
{
    pbt_segment segment;
    attempt_call call = {.segment = {claim->member, claim->number}, .attempt = claim->attempt};
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, call.segment);
    if (entry == NULL) {
        return pbt__fail_memory(error);
    }
    (void)!pbt_population_segment(study->view.population, call.segment, &segment);
    call.step = entry->progress_attempt > 0 ? entry->progress_step : segment.start_step;
    return log_release(study, &call, claim, error);
}

/* Say whether it is pbt itself that lacks something. */
static bool is_own(const pbt_error *why)
{
    return why->code == PBT_ERR_RESOURCE || why->code == PBT_ERR_MEMORY;
}

/* Say whether to wait for a trainer that cannot start: a missing program may be a wrong name,
 * unless the study has reports. */
static bool may_wait_for(const pbt__study *study, const pbt_error *why)
{
    bool has_reported = pbt__population_tally(study->view.population).reports > 0;
    bool is_off = study->view.facts.spec->patience_seconds <= 0 && !is_own(why);
    return study->is_patient && !is_off && (why->code != PBT_ERR_TRAINER || has_reported);
}

/* Give an attempt back, and pause. */
static pbt_err wait_for(pbt__study *study, const pbt__claim *claim, const pbt_error *why,
                        pbt_error *error)
{
    return pbt__outage_hinder(study, claim, why, is_own(why)) == PBT_OK
               ? give_back(study, claim, error)
               : pbt__fail_memory(error);
}

/* It could not begin: its checkpoint cannot be read any more. */
static pbt_err withhold(pbt__study *study, const pbt__claim *claim, const pbt_error *why,
                        pbt_error *error)
{
    const pbt_err err = give_back(study, claim, error);
    if (err != PBT_OK) {
        return err;
    }
    return pbt__outage_withhold(study, claim->member, why) == PBT_OK ? PBT_OK
                                                                     : pbt__fail_memory(error);
}

/* A failure counts, or the segment is given back. A failure while the checkpoint folder is out of
 * reach never counts. */
static pbt_err settle_failure(pbt__study *study, const pbt__claim *claim, pbt_cause cause,
                              const char *message, bool is_certain, pbt_error *error)
{
    bool counts = true;
    pbt_error why;
    if (cause == PBT_CAUSE_TRAINER && pbt__vault_reach(study->vault, &why) != PBT_OK &&
        may_wait_for(study, &why)) {
        return wait_for(study, claim, &why, error);
    }
    if (cause == PBT_CAUSE_TRAINER &&
        pbt__study_read_start(study, claim->member, &why) == PBT_ERR_IO &&
        may_wait_for(study, &why)) {
        return withhold(study, claim, &why, error);
    }
    if (pbt__outage_judge(study, claim, cause, message, is_certain, &counts) != PBT_OK) {
        return pbt__fail_memory(error);
    }
    return counts ? pbt__study_log_failure(study, claim, cause, message, error)
                  : give_back(study, claim, error);
}

static pbt_err settle_hindered(pbt__study *study, const attempt_call *call, const pbt__claim *claim,
                               pbt_error *error)
{
    return may_wait_for(study, call->why)
               ? wait_for(study, claim, call->why, error)
               : settle_failure(study, claim, call->cause, call->message, call->is_certain, error);
}

static pbt_err run_fail(pbt__study *study, void *arguments, pbt_error *error)
{
    attempt_call *call = arguments;
    pbt__claim claim;
    pbt_err err = find_claim(study, call, &claim, error);
    if (err != PBT_OK) {
        return err;
    }
    pbt__claim holder;
    pbt__claimant asker = pbt__study_asker(study, call->who, call->segment, call->attempt, &holder);
    snprintf(call->worker, sizeof call->worker, "%s", asker.worker);
    if (claim.member >= 0) {
        err = call->why != NULL ? settle_hindered(study, call, &claim, error)
                                : settle_failure(study, &claim, call->cause, call->message,
                                                 call->is_certain, error);
    }
    if (err == PBT_OK && call->wants_action) {
        err = pbt__study_assign(study, &asker, -1, &call->action, error);
    }
    return err;
}

enum { MESSAGE_SIZE = 1001 };

/* One line of at most MESSAGE_SIZE - 1 bytes, cut between characters. A trainer may say anything:
 * what is no UTF-8 becomes a question mark. */
static void copy_message(const char *message, char *out)
{
    size_t left = strnlen(message, MESSAGE_SIZE + 3);
    size_t length = 0;
    while (left > 0) {
        size_t step = pbt__utf8_step(message, left);
        size_t taken = step > 0 ? step : 1;
        if (length + taken >= MESSAGE_SIZE) {
            break;
        }
        memcpy(out + length, message, taken);
        out[length] = step == 0 ? '?' : out[length];
        out[length] = (unsigned char)out[length] < ' ' ? ' ' : out[length];
        length += taken;
        message += taken;
        left -= taken;
    }
    out[length] = '\0';
    pbt__plain(out, length, false);
}

static pbt_err submit_failure(pbt__study *study, attempt_call *call, const pbt__failure *failure,
                              pbt__action *out, pbt_error *error)
{
    char message[MESSAGE_SIZE];
    copy_message(failure->message != NULL ? failure->message : "", message);
    call->segment = failure->segment;
    call->attempt = failure->attempt;
    call->message = message;
    call->cause = failure->can_retry ? PBT_CAUSE_TRAINER : PBT_CAUSE_FATAL;
    call->is_certain = failure->is_certain;
    call->wants_action = out != NULL;
    pbt_err err = pbt__study_submit(study, run_fail, call, error);
    if (err != PBT_OK) {
        return err;
    }
    pbt__audience_tell(&study->audience, call->worker, message, out != NULL ? &call->action : NULL,
                       false);
    if (out != NULL) {
        pbt__action_copy(out, &call->action);
    }
    return PBT_OK;
}

pbt_err pbt__study_fail(pbt__study *study, const pbt__claimant *who, const pbt__failure *failure,
                        pbt__action *out, pbt_error *error)
{
    attempt_call call = {.who = who};
    return submit_failure(study, &call, failure, out, error);
}

static pbt_err run_hinder_alone(pbt__study *study, void *arguments, pbt_error *error)
{
    const attempt_call *call = arguments;
    if (!study->is_patient || pbt__view_is_over(&study->view)) {
        return PBT_OK;
    }
    pbt_err err = pbt__outage_hinder(study, NULL, call->why, is_own(call->why));
    return err == PBT_OK ? PBT_OK : pbt__fail_memory(error);
}

pbt_err pbt__study_hinder(pbt__study *study, const pbt__claimant *who, const pbt__failure *failure,
                          const pbt_error *why, pbt__action *out, pbt_error *error)
{
    attempt_call call = {.who = who, .why = why};
    return failure != NULL ? submit_failure(study, &call, failure, out, error)
                           : pbt__study_submit(study, run_hinder_alone, &call, error);
}

static pbt_err log_release(pbt__study *study, const attempt_call *call, const pbt__claim *claim,
                           pbt_error *error)
{
    char worker[PBT__NAME_SIZE];
    memcpy(worker, claim->worker, sizeof worker);
    pbt__reading reading = {.entry = {.kind = PBT__RELEASED,
                                      .segment = call->segment,
                                      .attempt = call->attempt,
                                      .worker = worker,
                                      .step = call->step,
                                      .has_checkpoint = call->progress != NULL}};
    if (call->progress != NULL) {
        reading.entry.checkpoint = *call->progress;
    }
    pbt__claim ended = *claim;
    ended.worker[0] = ended.session[0] = '\0';
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, call->segment);
    if (call->progress != NULL && entry->progress_attempt > 0 &&
        pbt__study_remove_later(study, call->segment, entry->progress_attempt) != PBT_OK) {
        return pbt__fail_memory(error);
    }
    pbt_err err = pbt__study_put_claim(study, &ended, error);
    return err == PBT_OK ? pbt__study_log(study, &reading, error) : err;
}

static pbt_err run_release(pbt__study *study, void *arguments, pbt_error *error)
{
    attempt_call *call = arguments;
    pbt__claim claim;
    pbt_segment segment;
    pbt_err err = find_claim(study, call, &claim, error);
    if (err != PBT_OK || claim.member < 0) {
        return err;
    }
    (void)!pbt_population_segment(study->view.population, call->segment, &segment);
    bool has_progress = call->progress != NULL;
    if (has_progress && (call->step <= segment.start_step || call->step >= segment.end_step)) {
        return pbt__fail(error, PBT_ERR_REPORT,
                         "progress must lie between the segment's start and end");
    }
    err = has_progress ? pbt__study_check_bytes(study, call->progress, error) : PBT_OK;
    if (err != PBT_OK) {
        return err;
    }
    snprintf(call->worker, sizeof call->worker, "%s", claim.worker);
    if (pbt__study_tidy_later(study, call->segment, call->attempt) != PBT_OK) {
        return pbt__fail_memory(error);
    }
    return log_release(study, call, &claim, error);
}

pbt_err pbt__study_release(pbt__study *study, const pbt__claimant *who, pbt_segment_id segment,
                           int32_t attempt, int64_t step, bool has_progress, pbt_error *error)
{
    pbt__checkpoint progress;
    attempt_call call = {.who = who, .segment = segment, .attempt = attempt, .step = step};
    if (has_progress) {
        pbt_err err = pbt__vault_prepare_progress(study->vault, segment, attempt, &progress, error);
        if (err != PBT_OK) {
            return err;
        }
        call.progress = &progress;
    }
    pbt_err err = pbt__study_submit(study, run_release, &call, error);
    if (err == PBT_OK) {
        pbt__audience_tell(&study->audience, call.worker, NULL, NULL, false);
    }
    return err;
}

/* ---- what is known of a worker from outside ---- */

typedef struct worker_call {
    const char *name;
    size_t name_length; /* of the name that must agree: a prefix where it is shorter */
    enum { RENEW, FAIL, GIVE_BACK } what;
    pbt_cause cause; /* FAIL */
    bool is_certain;
    const char *message;
    pbt_segment_id held; /* the last one found */
} worker_call;

static pbt_err renew(pbt__study *study, pbt__claim claim, pbt_error *error)
{
    double lease_seconds = study->view.facts.spec->lease_seconds;
    claim.lease_until_us = study->transaction.now_us + (int64_t)(lease_seconds * 1e6);
    return pbt__study_put_claim(study, &claim, error);
}

static pbt_err treat(pbt__study *study, const worker_call *call, const pbt__claim *claim,
                     pbt_error *error)
{
    switch (call->what) {
    case RENEW:
        return renew(study, *claim, error);
    case GIVE_BACK:
        return give_back(study, claim, error);
    case FAIL:
        break;
    }
    return call->cause == PBT_CAUSE_LOST
               ? pbt__study_log_failure(study, claim, call->cause, call->message, error)
               : settle_failure(study, claim, call->cause, call->message, call->is_certain, error);
}

static pbt_err run_worker(pbt__study *study, void *arguments, pbt_error *error)
{
    worker_call *call = arguments;
    pbt_err err = call->what == RENEW ? pbt__study_expire(study, error) : PBT_OK;
    call->held = PBT_NO_SEGMENT;
    for (int32_t m = 0; err == PBT_OK && m < study->view.facts.spec->search.population; m++) {
        pbt__claim claim = study->claims[m];
        if (!pbt__claim_is_current(study, &claim) ||
            strncmp(claim.worker, call->name, call->name_length) != 0) {
            continue;
        }
        err = treat(study, call, &claim, error);
        call->held = (pbt_segment_id){claim.member, claim.number};
    }
    return err;
}

/* End the attempt of a dead worker. */
static worker_call death(bool is_lost)
{
    return (worker_call){
        .what = is_lost ? FAIL : GIVE_BACK, .cause = PBT_CAUSE_LOST, .message = "the worker died"};
}

pbt_err pbt__study_end_leases(pbt__study *study, const char *prefix, bool is_lost, pbt_error *error)
{
    worker_call call = death(is_lost);
    call.name = prefix;
    call.name_length = strlen(prefix);
    return pbt__study_submit(study, run_worker, &call, error);
}

typedef struct dead_call {
    pbt__claim claim;
    bool is_lost;
} dead_call;

/* A dead worker may have been given up meanwhile, and another one may have its name. */
static pbt_err run_dead(pbt__study *study, void *arguments, pbt_error *error)
{
    const dead_call *call = arguments;
    const pbt__claim claim = study->claims[call->claim.member];
    const worker_call end = death(call->is_lost);
    if (!pbt__claim_is_current(study, &claim) || claim.number != call->claim.number ||
        claim.attempt != call->claim.attempt) {
        return PBT_OK;
    }
    return treat(study, &end, &claim, error);
}

pbt_err pbt__study_end_dead(pbt__study *study, bool (*is_dead)(void *context, const char *worker),
                            void *context, bool is_lost, pbt_error *error)
{
    pbt_err err = PBT_OK;
    for (int32_t m = 0; err == PBT_OK && m < study->view.facts.spec->search.population; m++) {
        pthread_mutex_lock(&study->view_lock);
        dead_call call = {study->claims[m], is_lost};
        const bool is_held = pbt__claim_is_current(study, &call.claim);
        pthread_mutex_unlock(&study->view_lock);
        if (is_held && is_dead(context, call.claim.worker)) {
            err = pbt__study_submit(study, run_dead, &call, error);
        }
    }
    return err;
}

pbt_err pbt__study_worker_failed(pbt__study *study, const char *worker, const char *message,
                                 pbt_segment_id *held, pbt_error *error)
{
    char line[MESSAGE_SIZE];
    worker_call call = {.name = worker,
                        .name_length = strlen(worker) + 1,
                        .what = FAIL,
                        .cause = PBT_CAUSE_TRAINER,
                        .message = line};
    copy_message(message, line);
    pbt_err err = pbt__study_submit(study, run_worker, &call, error);
    if (err == PBT_OK) {
        *held = call.held;
    }
    return err;
}

pbt_err pbt__study_worker_lives(pbt__study *study, const char *worker, pbt_segment_id *held,
                                pbt_error *error)
{
    worker_call call = {.name = worker, .name_length = strlen(worker) + 1, .what = RENEW};
    pbt_err err = pbt__study_submit(study, run_worker, &call, error);
    if (err == PBT_OK) {
        *held = call.held;
    }
    return err;
}

pbt_err pbt__study_worker_ended(pbt__study *study, const char *worker, pbt_error *error)
{
    worker_call call = {.name = worker, .name_length = strlen(worker) + 1, .what = GIVE_BACK};
    return pbt__study_submit(study, run_worker, &call, error);
}
