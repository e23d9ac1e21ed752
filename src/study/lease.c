/* lease.c: leases, and what happens when they end. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "study/inside.h"

/* Files aside are not needed after the attempt's own failure or after the last attempt. A lost
 * attempt may still report. */
static pbt_err forget_aside(pbt__study *study, const pbt__claim *claim, pbt_cause cause,
                            bool gave_up, pbt_error *error)
{
    pbt_segment_id id = {claim->member, claim->number};
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    if (entry == NULL) {
        return pbt__fail_memory(error);
    }
    for (int32_t attempt = gave_up ? 1 : claim->attempt; attempt <= claim->attempt; attempt++) {
        bool is_lost = cause == PBT_CAUSE_LOST && attempt == claim->attempt;
        bool is_kept = attempt == entry->progress_attempt && !gave_up;
        if (is_lost) {
            continue;
        }
        pbt_err err = is_kept ? pbt__study_tidy_later(study, id, attempt)
                              : pbt__study_remove_later(study, id, attempt);
        if (err != PBT_OK) {
            return pbt__fail_memory(error);
        }
    }
    return PBT_OK;
}

pbt_err pbt__study_log_failure(pbt__study *study, const pbt__claim *claim, pbt_cause cause,
                               const char *message, pbt_error *error)
{
    pbt_segment_id id = {claim->member, claim->number};
    char worker[PBT__NAME_SIZE];
    pbt__claim ended = *claim;
    memcpy(worker, claim->worker, sizeof worker);
    ended.worker[0] = ended.session[0] = '\0';
    pbt__reading reading = {.entry = {.kind = PBT__FAILED,
                                      .segment = id,
                                      .attempt = claim->attempt,
                                      .worker = worker,
                                      .cause = cause,
                                      .message = message}};
    /* A failure while the store or folder is missing does not count. */
    pbt_err err = pbt__study_check_ground(study, error);
    if (err != PBT_OK) {
        return err;
    }
    reading.entry.gave_up = pbt__population_gives_up(study->view.population, id, cause);
    err = forget_aside(study, claim, cause, reading.entry.gave_up, error);
    if (err == PBT_OK) {
        err = pbt__study_put_claim(study, &ended, error);
    }
    return err == PBT_OK ? pbt__study_log(study, &reading, error) : err;
}

static bool is_stalled(const pbt__study *study, const pbt__claim *claim, int64_t now_us)
{
    double limit = study->view.facts.spec->stall_seconds;
    int64_t still_us = now_us - claim->step_changed_us;
    return limit > 0 && (double)still_us >= limit * 1e6;
}

static pbt_err expire_one(pbt__study *study, const pbt__claim *claim, pbt_error *error)
{
    if (!pbt__claim_is_current(study, claim)) {
        return PBT_OK;
    }
    if (claim->lease_until_us <= study->transaction.now_us) {
        return pbt__study_log_failure(study, claim, PBT_CAUSE_LOST, "the lease ended", error);
    }
    if (is_stalled(study, claim, study->transaction.now_us)) {
        return pbt__study_log_failure(study, claim, PBT_CAUSE_LOST, "the step stands still", error);
    }
    return PBT_OK;
}

pbt_err pbt__study_expire(pbt__study *study, pbt_error *error)
{
    bool may_stall = study->view.facts.spec->stall_seconds > 0;
    if (study->transaction.now_us < study->earliest_expiry_us && !may_stall) {
        return PBT_OK;
    }
    int64_t earliest = INT64_MAX;
    pbt_err err = pbt__study_cut_clock(study, false, error);
    if (err != PBT_OK) {
        return err;
    }
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        pbt__claim claim = study->claims[m];
        err = expire_one(study, &claim, error);
        if (err != PBT_OK) {
            return err;
        }
        bool counts = pbt__claim_is_active(&study->claims[m]);
        int64_t until = study->claims[m].lease_until_us;
        earliest = counts && until < earliest ? until : earliest;
    }
    study->earliest_expiry_us = earliest;
    return PBT_OK;
}

static bool has_stalled(pbt__study *study)
{
    bool has_any = false;
    int64_t now_us = pbt__clock_now_us();
    pthread_mutex_lock(&study->view_lock);
    for (int32_t m = 0; !has_any && m < study->view.facts.spec->search.population; m++) {
        const pbt__claim *claim = &study->claims[m];
        has_any = pbt__claim_is_current(study, claim) && is_stalled(study, claim, now_us);
    }
    pthread_mutex_unlock(&study->view_lock);
    return has_any;
}

static pbt_err run_expire(pbt__study *study, void *arguments, pbt_error *error)
{
    (void)arguments;
    return pbt__study_expire(study, error);
}

pbt_err pbt__study_end_stalled(pbt__study *study, pbt_error *error)
{
    return has_stalled(study) ? pbt__study_submit(study, run_expire, NULL, error) : PBT_OK;
}
