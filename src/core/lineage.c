/* lineage.c: the path of segments behind a model. */
#include "core/state.h"

static bool exists(const pbt_population *population, pbt_segment_id id)
{
    return id.member >= 0 && id.member < population->search->population && id.number >= 0 &&
           id.number <= population->members[id.member].newest;
}

bool pbt_population_segment(const pbt_population *population, pbt_segment_id id, pbt_segment *out)
{
    if (!exists(population, id)) {
        return false;
    }
    *out = pbt__record(population, id.member, id.number)->segment;
    return true;
}

size_t pbt_population_lineage(const pbt_population *population, pbt_segment_id leaf,
                              pbt_segment *out, size_t capacity)
{
    size_t length = 0;
    for (pbt_segment_id id = leaf; exists(population, id);
         id = pbt__record(population, id.member, id.number)->segment.parent) {
        length++;
    }
    pbt_segment_id id = leaf;
    for (size_t i = length; i > 0; i--) {
        const pbt_segment *segment = &pbt__record(population, id.member, id.number)->segment;
        if (i <= capacity) {
            out[i - 1] = *segment;
        }
        id = segment->parent;
    }
    return length;
}
