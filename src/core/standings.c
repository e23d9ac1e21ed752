/* standings.c: who is ranked at a ready point, listed in the rankings' own order. */
#include "core/state.h"

#include <math.h>
#include <stdlib.h>

static int by_rank(const void *left, const void *right)
{
    const pbt__standing *a = left;
    const pbt__standing *b = right;
    return pbt__score_before(a->score, a->segment.member, b->score, b->segment.member) ? -1 : 1;
}

size_t pbt__population_standings(const pbt_population *population, int32_t point,
                                 pbt__standing *out)
{
    size_t count = 0;
    for (int32_t m = 0; point != -1 && m < population->search->population; m++) {
        if (pbt__point_holds(population, point, m)) {
            double score = pbt__point_score(population, point, m);
            out[count++] = (pbt__standing){
                .segment = {m, pbt__point_number(population, point, m)},
                .score = score,
                .is_candidate = pbt__is_candidate(population, m, score),
            };
        }
    }
    qsort(out, count, sizeof *out, by_rank);
    for (size_t i = 0; i < count; i++) {
        out[i].score = pbt__score_outside(out[i].score, population->search->direction);
    }
    return count;
}
