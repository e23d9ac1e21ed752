/* history.c: the population's records, for rules that look at them. */
#include "core/rule.h"
#include "core/state.h"

int32_t pbt__history_members(pbt__history history)
{
    return history.population != NULL ? history.population->search->population : 0;
}

int32_t pbt__history_count(pbt__history history, int32_t member)
{
    return history.population->members[member].newest + 1;
}

const pbt_segment *pbt__history_segment(pbt__history history, pbt_segment_id id)
{
    return &pbt__record(history.population, id.member, id.number)->segment;
}
