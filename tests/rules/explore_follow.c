/* explore_follow.c: each number goes a part of the way to where the best segment so far had it: a
 * rule that looks at the whole population's history. */
#include "core/explore.h"

static const pbt__rule_option OPTIONS[] = {
    {
        .name = "explore.pull",
        .offset = PBT__RULE_NAMED,
        .most = 1,
        .fallback = 0.5,
        .meaning = "The part of the way.",
    },
};

/* NULL where nobody has reported. */
static const pbt_segment *best_of(pbt__history history)
{
    const pbt_segment *best = NULL;
    for (int32_t m = 0; m < pbt__history_members(history); m++) {
        for (int32_t n = 0; n < pbt__history_count(history, m); n++) {
            const pbt_segment *segment = pbt__history_segment(history, (pbt_segment_id){m, n});
            const bool is_reported = segment->state == PBT_SEGMENT_REPORTED;
            best = is_reported && (best == NULL || segment->score > best->score) ? segment : best;
        }
    }
    return best;
}

static void explore(const pbt__exploration *at)
{
    const pbt_segment *best = best_of(at->history);
    const double pull = pbt__rule_value(at->search, &OPTIONS[0]);
    for (size_t i = 0; best != NULL && i < at->search->space.count; i++) {
        const pbt_parameter *parameter = &at->search->space.parameters[i];
        if (parameter->type == PBT_FLOAT && !pbt__explore_is_still(parameter)) {
            at->changes[i].operation = PBT_NOISE;
            at->values[i].real += pull * (best->values[i].real - at->values[i].real);
        }
    }
}

const pbt__explore_row pbt__explore_follow = {
    .rule =
        {
            .name = "follow",
            .meaning = "each follows the best segment so far.",
            PBT__RULE_OPTIONS(OPTIONS),
            .summary = "each goes {pull} of the way to the best segment's",
        },
    .explore = explore,
};
