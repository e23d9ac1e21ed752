/* each.c: one rule for each hyperparameter that may move, with a stream of its own. */
#include "core/explore.h"
#include "core/type.h"

bool pbt__explore_is_still(const pbt_parameter *parameter)
{
    return parameter->inherit || pbt__type_of(parameter)->shape == PBT__SHAPE_SINGLE;
}

void pbt__explore_each(const pbt__exploration *at, void (*one)(const pbt__move *move))
{
    const pbt_search *search = at->search;
    for (size_t i = 0; i < search->space.count; i++) {
        if (pbt__explore_is_still(&search->space.parameters[i])) {
            continue;
        }
        pbt__rng rng = pbt__rng_stream(search->seed, at->id.member, at->id.number,
                                       PBT__PURPOSE_EXPLORE, (uint32_t)i);
        const pbt__move move = {
            .rule = &search->explore,
            .search = search,
            .parameter = &search->space.parameters[i],
            .type = pbt__type_of(&search->space.parameters[i]),
            .value = &at->values[i],
            .change = &at->changes[i],
            .rng = &rng,
        };
        one(&move);
    }
}
