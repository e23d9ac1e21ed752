/* plan.c: see plan.h. Trainers that overshoot a ready point make fewer segments. */
#include "spec/plan.h"

#include <math.h>

#include "core/rule.h"

static int64_t divide_up(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

pbt__plan pbt__plan_of(const pbt_search *search)
{
    const int64_t every = search->ready_every;
    int64_t segments = divide_up(search->stop_steps, every);
    int64_t first = search->ready_after > every ? divide_up(search->ready_after, every) : 1;
    int64_t last = segments - 1;
    const pbt__exploit_row *row = pbt__exploit_row_of(search);
    int32_t share = (int32_t)ceil(search->exploit.quorum * search->population - 1e-9);
    return (pbt__plan){
        .segments = segments,
        .segments_total = segments * search->population,
        .steps_total = search->stop_steps * search->population,
        .decisions = last >= first ? last - first + 1 : 0,
        .first_decision = last >= first ? first * every : 0,
        .last_decision = last >= first ? last * every : 0,
        .quorum = share > 2 ? share : 2,
        .has_k = row->share != NULL,
        .k = row->share != NULL ? row->share(search, search->population) : 0,
    };
}
