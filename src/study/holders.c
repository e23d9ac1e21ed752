/* holders.c: who holds which member, whether anybody is there, and which members wait. */
#include <math.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/error.h"
#include "study/inside.h"

bool pbt__claim_is_active(const pbt__claim *claim)
{
    return claim->worker[0] != '\0';
}

bool pbt__claim_is_current(const pbt__study *study, const pbt__claim *claim)
{
    pbt_segment newest;
    return pbt__claim_is_active(claim) &&
           pbt__population_newest(study->view.population, claim->member, &newest) &&
           newest.state == PBT_SEGMENT_OPEN && newest.id.number == claim->number;
}

/* ---- whether anybody is there ---- */

void pbt__study_attend(pbt__study *study, bool attends)
{
    atomic_store(&study->is_attended, attends);
}

/* Say whether somebody is at the segment that a claim names. The lease of a process that was killed
 * runs on, but nobody trains by it. */
bool pbt__study_is_at_work(const pbt__study *study, const pbt__claim *claim)
{
    if (!pbt__claim_is_current(study, claim)) {
        return false;
    }
    return study->lives == NULL || atomic_load(&study->is_attended) ||
           (claim->lease_until_us > pbt__clock_now_us() &&
            study->lives(study->lives_context, study->row.name, claim->worker));
}

int32_t pbt__study_count_workers(const pbt__study *study)
{
    int32_t count = 0;
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        count += pbt__study_is_at_work(study, &study->claims[m]) ? 1 : 0;
    }
    return count;
}

/* A run that trains a study has moments in which it holds no segment of it. */
bool pbt__study_is_trained(const pbt__study *study, int32_t worker_count)
{
    return worker_count > 0 || atomic_load(&study->is_attended) ||
           (study->lives != NULL && study->lives(study->lives_context, study->row.name, ""));
}

/* ---- who is handed out next ---- */

/* Say whether a member's open segment is not to be handed out yet. Outside of a transaction it is
 * no time: then a delay lasts until pbt__outage_wake ends it. */
static bool is_delayed(const pbt__study *study, int32_t member, int32_t number)
{
    const pbt__case *trial = &study->trials[member];
    return study->is_patient && trial->number == number &&
           trial->due_us > study->transaction.now_us;
}

/* The furthest behind come first. Until anybody has reported, those who failed stand back among
 * their equals: a broken script costs one attempt each. */
static double queue_rank(const pbt__study *study, const pbt_segment *open)
{
    const pbt_population *population = study->view.population;
    bool has_failed = pbt__population_tally(population).reports == 0 &&
                      pbt__population_broken_attempts(population, open->id.member) > 0;
    return -(double)open->start_step - (has_failed ? 0.5 : 0);
}

pbt_err pbt__study_requeue(pbt__study *study, int32_t m)
{
    pbt_segment newest;
    pbt__journal *journal = pbt__population_journal(study->view.population);
    const pbt__claim *claim = &study->claims[m];
    bool is_open = pbt__population_newest(study->view.population, m, &newest) &&
                   newest.state == PBT_SEGMENT_OPEN;
    bool is_claimed = is_open && pbt__claim_is_active(claim) && claim->number == newest.id.number;
    bool should_wait = is_open && !is_claimed && !is_delayed(study, m, newest.id.number);
    double rank = is_open ? queue_rank(study, &newest) : 0;
    const double waits = study->waiting_ranks[m];
    if (should_wait ? waits == rank : isnan(waits)) {
        return PBT_OK;
    }
    if (PBT__STUDY_TOUCH(study, &study->waiting_ranks[m]) ||
        (!isnan(waits) &&
         pbt__ranking_remove(&study->waiting, journal, m, waits, false) != PBT_OK) ||
        (should_wait && pbt__ranking_add(&study->waiting, journal, m, rank, false) != PBT_OK)) {
        return PBT_ERR_MEMORY;
    }
    study->waiting_ranks[m] = should_wait ? rank : NAN;
    return PBT_OK;
}

pbt_err pbt__study_put_claim(pbt__study *study, const pbt__claim *claim, pbt_error *error)
{
    pbt__claim *own = &study->claims[claim->member];
    if (PBT__STUDY_TOUCH(study, own)) {
        return pbt__fail_memory(error);
    }
    *own = *claim;
    bool is_earlier = claim->worker[0] != '\0' && claim->lease_until_us < study->earliest_expiry_us;
    study->earliest_expiry_us = is_earlier ? claim->lease_until_us : study->earliest_expiry_us;
    pbt__draft_claim_put(&study->draft, claim->member);
    return pbt__study_requeue(study, claim->member) == PBT_OK ? PBT_OK : pbt__fail_memory(error);
}
