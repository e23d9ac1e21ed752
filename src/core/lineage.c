/* lineage.c: the path of segments behind a model. */
#include "core/state.h"

static bool exists(const pbt_population *population, pbt_segment_id id)
{
    return id.member >= 0 && id.member < population->search->population && id.number >= 0 &&
           id.number <= population->members[id.member].newest;
}

bool pbt_population_segment_sized(const pbt_population *population, pbt_segment_id id,
                                  pbt_segment *out, size_t size)
{
    if (!exists(population, id)) {
        return false;
    }
    pbt__copy_sized(out, size, &pbt__record(population, id.member, id.number)->segment,
                    sizeof *out);
    return true;
}

size_t pbt_population_lineage_sized(const pbt_population *population, pbt_segment_id leaf,
                                    pbt_segment *out, size_t capacity, size_t size)
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
            pbt__copy_sized((char *)out + (i - 1) * size, size, segment, sizeof *segment);
        }
        id = segment->parent;
    }
    return length;
}
