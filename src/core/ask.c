/*
 * ask.c: the population for a program with a training loop of its own: which segment next, and
 * how it went.
 */
#include "core/state.h"

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
    pbt_population *population = NULL;
    pbt_err err = pbt__population_new(search, &population, error);
    if (err != PBT_OK) {
        return err;
    }
    if (apply_due(population) != PBT_OK || pbt__queue_open(population) != PBT_OK) {
        pbt_population_free(population);
        return pbt__population_refuse(error, PBT_ERR_MEMORY, "out of memory");
    }
    pbt__population_keep(population);
    *out = population;
    return PBT_OK;
}

bool pbt_population_ask(pbt_population *population, pbt_segment *out)
{
    const int32_t m = pbt__queue_take(population);
    if (m < 0) {
        return false;
    }
    population->members[m].is_asked = true;
    *out = pbt__record(population, m, population->members[m].newest)->segment;
    return true;
}

pbt_err pbt_population_tell(pbt_population *population, const pbt_report *report)
{
    size_t mark = pbt__population_mark(population);
    pbt_err err = pbt__population_record(population, report);
    if (err == PBT_OK) {
        err = apply_due(population);
    }
    if (err != PBT_OK) {
        pbt__population_undo(population, mark);
        return err;
    }
    pbt__population_keep(population);
    return PBT_OK;
}

bool pbt_population_is_over(const pbt_population *population)
{
    const pbt__tally *tally = &population->tally;
    return tally->training == 0 && tally->ready == 0 && tally->lost == 0;
}

bool pbt_population_best(const pbt_population *population, pbt_segment *out)
{
    return pbt_population_segment(population, population->tally.best, out);
}
