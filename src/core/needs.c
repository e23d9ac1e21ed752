/*
 * needs.c: which checkpoints a segment may still start from. Each member holds at most one: its own
 * newest, or the one it copied.
 */
#include "core/state.h"

static pbt__segment_record *held(const pbt_population *population, pbt_segment_id id)
{
    return id.member < 0 ? NULL : pbt__record(population, id.member, id.number);
}

static pbt_err count(pbt_population *population, pbt__segment_record *r, int32_t change)
{
    if (r == NULL) {
        return PBT_OK;
    }
    if (PBT__TOUCH(population, &r->holders)) {
        return PBT_ERR_MEMORY;
    }
    r->holders += change;
    return PBT_OK;
}

pbt_err pbt__needs_move(pbt_population *population, int32_t m, pbt_segment_id id)
{
    pbt__member_record *who = &population->members[m];
    pbt__segment_record *r = held(population, id);
    while (r != NULL && (!r->segment.has_checkpoint || r->is_gone)) {
        r = held(population, r->segment.parent);
    }
    pbt__segment_record *before = held(population, who->holds);
    if (r == before) {
        return PBT_OK;
    }
    if (PBT__TOUCH(population, &who->holds) || count(population, r, +1) != PBT_OK ||
        count(population, before, -1) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    who->holds = r != NULL ? r->segment.id : PBT_NO_SEGMENT;
    return PBT_OK;
}

bool pbt_population_needs(const pbt_population *population, pbt_segment_id segment)
{
    pbt_segment found;
    if (!pbt_population_segment(population, segment, &found) || !found.has_checkpoint) {
        return false;
    }
    const pbt_segment_id best = population->tally.best;
    const pbt__segment_record *r = held(population, segment);
    return (r->holders > 0 && !r->is_gone) ||
           (best.member == segment.member && best.number == segment.number);
}
