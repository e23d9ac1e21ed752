/* judge.c: draws and comparisons shared by rules. Each is O(log N); a draw among members whose
 * inherited hyperparameters must agree is O(N). */
#include "core/judge.h"

#include <math.h>

#include "core/space.h"

double pbt__judge_sign(const pbt__judgement *at)
{
    return at->population->search->direction == PBT_MAXIMIZE ? 1.0 : -1.0;
}

double pbt__judge_score(const pbt__judgement *at, int32_t member)
{
    bool is_ranked = pbt__point_holds(at->population, at->point, member);
    return is_ranked ? pbt__point_score(at->population, at->point, member) : -INFINITY;
}

bool pbt__donor_fits(const pbt_population *population, const pbt__segment_record *theirs, int32_t m)
{
    if ((population->search->exploit.copy & PBT_COPY_WEIGHTS) != 0) {
        return true;
    }
    const pbt__segment_record *own = pbt__record(population, m, population->members[m].newest);
    return pbt__space_inherits_equal(&population->search->space, theirs->segment.values,
                                     own->segment.values);
}

bool pbt__judge_fits(const pbt__judgement *at, int32_t donor)
{
    const pbt__member_record *who = &at->population->members[donor];
    return pbt__donor_fits(at->population, pbt__record(at->population, donor, who->reported),
                           at->member);
}

static bool has_inherited(const pbt_population *population)
{
    const pbt_space *space = &population->search->space;
    for (size_t i = 0; i < space->count; i++) {
        if (space->parameters[i].inherit) {
            return true;
        }
    }
    return false;
}

void pbt__judge_copy(const pbt__judgement *at, pbt__choice *out, int32_t donor, int32_t eligible)
{
    out->compared.eligible = eligible;
    if (donor >= 0) {
        out->donor = donor;
        out->why.verdict = PBT__VERDICT_COPIES;
        out->compared.donor_score =
            pbt__score_outside(pbt__judge_score(at, donor), at->population->search->direction);
    }
}

int32_t pbt__draw_below(pbt__rng *rng, int32_t count, pbt__why *why)
{
    why->draw = (int32_t)pbt__rng_below(rng, (uint32_t)count);
    why->draw_count = count;
    return why->draw;
}

void pbt__judge_draw_candidate(pbt__judgement *at, pbt__choice *out, int32_t limit, double floor)
{
    pbt_population *population = at->population;
    int32_t above = pbt__ranking_candidates_above(at->ranking, floor);
    out->why.verdict = PBT__VERDICT_NO_CANDIDATE;
    bool all_fit = (at->rule->copy & PBT_COPY_WEIGHTS) != 0 || !has_inherited(population);
    if (all_fit) {
        int32_t eligible = above < limit ? above : limit;
        if (eligible > 0) {
            out->why.drawn = pbt__ranking_candidate_at(
                at->ranking, pbt__draw_below(&at->rng, eligible, &out->why));
            pbt__judge_copy(at, out, out->why.drawn, eligible);
        }
        return;
    }
    int32_t eligible = 0;
    int32_t seen = 0;
    for (int32_t i = 0; i < pbt__ranking_candidates(at->ranking) && seen < limit; i++) {
        int32_t other = pbt__ranking_candidate_at(at->ranking, i);
        if (other == at->member || !pbt__judge_fits(at, other)) {
            continue;
        }
        seen++;
        if (i < above) {
            population->scratch[eligible++] = other;
        }
    }
    if (eligible > 0) {
        out->why.drawn = population->scratch[pbt__draw_below(&at->rng, eligible, &out->why)];
        pbt__judge_copy(at, out, out->why.drawn, eligible);
    }
}

bool pbt__judge_draw_other(pbt__judgement *at, pbt__why *why)
{
    int32_t others = pbt__ranking_count(at->ranking) - 1;
    why->verdict = PBT__VERDICT_NOBODY_ELSE;
    if (others < 1) {
        return false;
    }
    int32_t drawn = pbt__draw_below(&at->rng, others, why);
    why->drawn = pbt__ranking_at(at->ranking, drawn < at->position ? drawn : drawn + 1);
    bool is_candidate =
        pbt__is_candidate(at->population, why->drawn, pbt__judge_score(at, why->drawn));
    why->verdict = is_candidate ? PBT__VERDICT_DRAWN_UNFIT : PBT__VERDICT_DRAWN_NO_CANDIDATE;
    return is_candidate && pbt__judge_fits(at, why->drawn);
}
