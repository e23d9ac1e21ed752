/*
 * amend.c: putting another search in force, from the next decision on.
 *
 * Rankings and windowed scores are made again by the new rules. Members wake up or finish as the
 * stop moves.
 */
#include "core/state.h"

/* The furthest step that a member has trained to, or is to train to. */
static int64_t furthest_end(const pbt_population *population)
{
    int64_t last = 0;
    for (int32_t m = 0; m < population->search->population; m++) {
        const pbt__member_record *who = &population->members[m];
        if (who->newest >= 0 && who->state != PBT_MEMBER_FAILED) {
            int64_t end = pbt__record(population, m, who->newest)->segment.end_step;
            last = end > last ? end : last;
        }
    }
    return last;
}

static pbt_err rescore_member(pbt_population *population, int32_t m)
{
    for (int32_t number = 0; number <= population->members[m].reported; number++) {
        pbt__segment_record *r = pbt__record(population, m, number);
        if (r->segment.state != PBT_SEGMENT_REPORTED) {
            continue;
        }
        if (PBT__TOUCH(population, &r->rank_score)) {
            return PBT_ERR_MEMORY;
        }
        r->rank_score = pbt__windowed_score(population, r);
    }
    return PBT_OK;
}

/* Score every report by the window now in force: reports before and after it are compared. */
static pbt_err rescore(pbt_population *population, int32_t old_window)
{
    pbt_err err = PBT_OK;
    bool is_same = population->search->window == old_window;
    for (int32_t m = 0; !is_same && err == PBT_OK && m < population->search->population; m++) {
        err = rescore_member(population, m);
    }
    return err;
}

/* The count of members in a state that waits for something; NULL if it does not. */
static int32_t *count_of(pbt__tally *tally, pbt_member_state state)
{
    switch (state) {
    case PBT_MEMBER_READY:
        return &tally->ready;
    case PBT_MEMBER_LOST:
        return &tally->lost;
    case PBT_MEMBER_FINISHED:
        return &tally->finished;
    default:
        return NULL;
    }
}

static pbt_member_state state_under(const pbt_population *population, int32_t m)
{
    const pbt__member_record *who = &population->members[m];
    if (pbt__population_step(population, m) >= population->search->stop_steps) {
        return PBT_MEMBER_FINISHED;
    }
    return who->reported == who->newest ? PBT_MEMBER_READY : PBT_MEMBER_LOST;
}

/* Whether a member that is not training has anything left to train depends on the new stop. */
static pbt_err restate(pbt_population *population)
{
    for (int32_t m = 0; m < population->search->population; m++) {
        pbt__member_record *who = &population->members[m];
        int32_t *count = count_of(&population->tally, who->state);
        if (count == NULL || state_under(population, m) == who->state) {
            continue;
        }
        if (PBT__TOUCH(population, &who->state)) {
            return PBT_ERR_MEMORY;
        }
        who->state = state_under(population, m);
        *count -= 1;
        *count_of(&population->tally, who->state) += 1;
    }
    return PBT_OK;
}

pbt_err pbt__population_amend(pbt_population *population, const pbt_search *search,
                              pbt_error *error)
{
    int32_t old_window = population->search->window;
    if (search->stop_steps < furthest_end(population)) {
        return pbt__population_refuse(error, PBT_ERR_STATE,
                                      "stop.steps lies before the end of a segment that is open");
    }
    if (PBT__TOUCH(population, &population->search) || PBT__TOUCH(population, &population->tally)) {
        return pbt__population_refuse(error, PBT_ERR_MEMORY, "out of memory");
    }
    population->search = search;
    if (rescore(population, old_window) != PBT_OK || pbt__points_reset(population) != PBT_OK ||
        restate(population) != PBT_OK) {
        return pbt__population_refuse(error, PBT_ERR_MEMORY, "out of memory");
    }
    return PBT_OK;
}
