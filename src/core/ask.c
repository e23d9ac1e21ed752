/*
 * ask.c: the library's calls: ask for a segment, tell how it went.
 */
#include "core/search.h"
#include "core/state.h"

#include <stdlib.h>

static pbt_err apply_due(pbt_population *population)
{
    const pbt__decision *decisions = NULL;
    size_t count = 0;
    pbt_err err = pbt__population_decide(population, &decisions, &count);
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = pbt__population_apply(population, &decisions[i]);
    }
    return err;
}

pbt_err pbt_population_new(const pbt_search *search, pbt_population **out, pbt_error *error)
{
    pbt_search adopted;
    pbt_population *population = NULL;
    pbt_err err = pbt__search_adopt(search, &adopted, error);
    if (err == PBT_OK) {
        err = pbt__search_check(&adopted, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    pbt_search *copy = pbt__search_copy(&adopted);
    if (copy == NULL) {
        return pbt__population_refuse(error, PBT_ERR_MEMORY, "out of memory");
    }
    err = pbt__population_new(copy, &population, error);
    if (err != PBT_OK) {
        free(copy);
        return err;
    }
    population->copy = copy;
    if (apply_due(population) != PBT_OK || pbt__queue_open(population) != PBT_OK) {
        pbt_population_free(population);
        return pbt__population_refuse(error, PBT_ERR_MEMORY, "out of memory");
    }
    pbt__population_keep(population);
    *out = population;
    return PBT_OK;
}

bool pbt_population_ask_sized(pbt_population *population, pbt_segment *out, size_t size)
{
    const int32_t m = pbt__queue_take(population);
    if (m < 0) {
        return false;
    }
    pbt__member_record *who = &population->members[m];
    who->is_asked = true;
    pbt__copy_sized(out, size, &pbt__record(population, m, who->newest)->segment, sizeof *out);
    return true;
}

/* Keep what has changed, or take it back and say why. */
static pbt_err finish(pbt_population *population, size_t mark, pbt_err err, pbt_error *error)
{
    if (err == PBT_OK) {
        pbt__population_keep(population);
        return PBT_OK;
    }
    pbt__population_undo(population, mark);
    return pbt__population_refuse(
        error, err, err == PBT_ERR_MEMORY ? "out of memory" : "the segment is not open");
}

pbt_err pbt_population_tell_sized(pbt_population *population, const pbt_report *report, size_t size,
                                  pbt_error *error)
{
    const size_t mark = pbt__population_mark(population);
    pbt_report own = {.segment = PBT_NO_SEGMENT};
    memcpy(&own, report, size < sizeof own ? size : sizeof own);
    if (!pbt__is_zero_from(report, sizeof own, size)) {
        return pbt__population_refuse(error, PBT_ERR_VERSION, PBT__NEWER("report"));
    }
    pbt_err err = pbt__population_record(population, &own);
    if (err == PBT_ERR_REPORT || err == PBT_ERR_STATE) {
        return pbt__population_check(population, &own, error);
    }
    err = err == PBT_OK ? apply_due(population) : err;
    return finish(population, mark, err, error);
}

static void give_back(pbt_population *population, int32_t m)
{
    population->members[m].is_asked = false;
    pbt__queue_add(population, m);
}

pbt_err pbt_population_fail(pbt_population *population, pbt_segment_id segment, pbt_cause cause,
                            pbt_error *error)
{
    const size_t mark = pbt__population_mark(population);
    bool gave_up = false;
    if ((unsigned)cause > PBT_CAUSE_UNLOADABLE) {
        return pbt__population_refuse(error, PBT_ERR_ARGUMENT, "there is no such cause");
    }
    pbt_err err = pbt__population_fault(population, segment, cause, &gave_up);
    if (err == PBT_OK && gave_up) {
        err = apply_due(population);
    }
    if (err == PBT_OK && !gave_up && population->members[segment.member].is_asked) {
        give_back(population, segment.member);
    }
    return finish(population, mark, err, error);
}

pbt_err pbt_population_release(pbt_population *population, pbt_segment_id segment, pbt_error *error)
{
    pbt_member member;
    const bool is_open = pbt_population_member(population, segment.member, &member) &&
                         member.state == PBT_MEMBER_TRAINING &&
                         member.newest.number == segment.number;
    if (!is_open || !member.is_asked) {
        return pbt__population_refuse(error, PBT_ERR_STATE,
                                      is_open ? "the segment was not asked for"
                                              : "the segment is not open");
    }
    give_back(population, segment.member);
    return PBT_OK;
}

/* ---- looking ---- */

bool pbt_population_is_over(const pbt_population *population)
{
    const pbt__tally *tally = &population->tally;
    return tally->training == 0 && tally->ready == 0 && tally->lost == 0;
}

bool pbt_population_member_sized(const pbt_population *population, int32_t m, pbt_member *out,
                                 size_t size)
{
    if (m < 0 || m >= population->search->population) {
        return false;
    }
    const pbt__member_record *who = &population->members[m];
    const pbt_member member = {
        .state = who->state,
        .failures = who->failures,
        .newest = {m, who->newest},
        .reported = who->reported < 0 ? PBT_NO_SEGMENT : (pbt_segment_id){m, who->reported},
        .step = pbt__population_step(population, m),
        .is_asked = who->state == PBT_MEMBER_TRAINING && who->is_asked,
    };
    pbt__copy_sized(out, size, &member, sizeof member);
    return true;
}

bool pbt_population_best_sized(const pbt_population *population, pbt_segment *out, size_t size)
{
    return pbt_population_segment_sized(population, population->tally.best, out, size);
}
