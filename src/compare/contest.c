/* contest.c: scores at the budget, and every pair of groups. */
#include "compare/contest.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

/* ---- a group on its own ---- */

/* The scores of a group at the budget, in its order. The caller frees; NULL: no memory. */
static double *scores_of(const pbt__group *group, const pbt__contestant *standing)
{
    double *scores = pbt__calloc(group->count + 1, sizeof *scores);
    for (size_t i = 0; i < group->count && scores != NULL; i++) {
        const pbt__curve_point *point = standing->points[i];
        scores[i] = point != NULL ? point->score : -(double)INFINITY;
    }
    return scores;
}

static void look_up_points(const pbt__group *group, int64_t budget, pbt__contestant *standing)
{
    for (size_t i = 0; i < group->count; i++) {
        const pbt__curve *curve = &group->courses[i].curve;
        double place = budget < 0 ? (double)INFINITY : (double)budget;
        int64_t steps = budget >= 0 && budget < curve->steps ? budget : curve->steps;
        const pbt__curve_point *point = pbt__curve_at(curve, PBT__AXIS_STEPS, place);
        standing->points[i] = point;
        standing->least_steps =
            i == 0 || steps < standing->least_steps ? steps : standing->least_steps;
        standing->most_steps = steps > standing->most_steps ? steps : standing->most_steps;
        if (point != NULL &&
            (standing->best == NULL || point->score > standing->best_point->score)) {
            standing->best = &group->courses[i];
            standing->best_point = point;
        }
    }
}

static pbt_err judge_group(const pbt__group *group, int64_t budget, pbt__contestant *standing)
{
    standing->points = pbt__calloc(group->count + 1, sizeof *standing->points);
    if (standing->points == NULL) {
        return PBT_ERR_MEMORY;
    }
    look_up_points(group, budget, standing);
    double *scores = scores_of(group, standing);
    if (scores == NULL) {
        return PBT_ERR_MEMORY;
    }
    pbt_err err = pbt__bootstrap_iqm(scores, group->count, &standing->iqm, &standing->interval);
    pbt__scores_sort(scores, group->count);
    standing->median = pbt__numbers_quantile(scores, group->count, 0.5);
    free(scores);
    return err;
}

/* ---- two groups ---- */

/* The strictest of Holm's levels. */
static double level_of(const pbt__contest *contest)
{
    return PBT__ALPHA / (double)contest->contrast_count;
}

/* Choose the test by the seeds alone, before any score is looked at. Five pairs can never give
 * p <= 0.05 by their signs, while five and five unpaired scores can. */
static void choose_test(const pbt__contest *contest, pbt__contrast *contrast)
{
    const pbt__group *a = &contest->groups->groups[contrast->a];
    const pbt__group *b = &contest->groups->groups[contrast->b];
    const double level = level_of(contest);
    contrast->is_paired = pbt__groups_pair(a, b);
    contrast->is_wilcoxon = contrast->is_paired && pbt__least_p(a->count, b->count, true) <= level;
    contrast->least_p = pbt__least_p(a->count, b->count, contrast->is_wilcoxon);
    contrast->least_seeds = pbt__least_seeds(false, level);
}

static pbt_err judge_pair(const pbt__contest *contest, pbt__contrast *contrast)
{
    const pbt__group *a = &contest->groups->groups[contrast->a];
    const pbt__group *b = &contest->groups->groups[contrast->b];
    double *scores_a = scores_of(a, &contest->standings[contrast->a]);
    double *scores_b = scores_of(b, &contest->standings[contrast->b]);
    pbt_err err = scores_a == NULL || scores_b == NULL ? PBT_ERR_MEMORY : PBT_OK;
    pbt__score_pair pair = {scores_a, scores_b, a->count, b->count, contrast->is_paired};
    if (err == PBT_OK) {
        err = pbt__bootstrap_advantage(&pair, &contrast->advantage);
    }
    pair.is_paired = contrast->is_wilcoxon;
    if (err == PBT_OK) {
        err = pbt__rank_test_of(&pair, &contrast->test);
    }
    contrast->p = contrast->test.p;
    free(scores_a);
    free(scores_b);
    return err;
}

/* Correct one field of all contrasts. */
static pbt_err correct(pbt__contest *contest, double *(*p_of)(pbt__contrast *contrast))
{
    double *p = pbt__calloc(contest->contrast_count + 1, sizeof *p);
    if (p == NULL) {
        return PBT_ERR_MEMORY;
    }
    for (size_t i = 0; i < contest->contrast_count; i++) {
        p[i] = *p_of(&contest->contrasts[i]);
    }
    pbt_err err = pbt__holm(p, contest->contrast_count);
    for (size_t i = 0; i < contest->contrast_count && err == PBT_OK; i++) {
        *p_of(&contest->contrasts[i]) = p[i];
    }
    free(p);
    return err;
}

static double *p_of(pbt__contrast *contrast)
{
    return &contrast->p;
}

static double *least_p_of(pbt__contrast *contrast)
{
    return &contrast->least_p;
}

/* What a contrast's seeds could find at the strictest level. If the design equals the one before,
 * its result is reused. */
static pbt_err judge_power(pbt__contest *contest, size_t index)
{
    pbt__contrast *contrast = &contest->contrasts[index];
    const pbt__contrast *before = index > 0 ? contrast - 1 : NULL;
    const pbt__group *groups = contest->groups->groups;
    const pbt__design design = {
        .count_a = groups[contrast->a].count,
        .count_b = groups[contrast->b].count,
        .is_paired = contrast->is_wilcoxon,
        .alpha = level_of(contest),
    };
    if (before != NULL && before->is_wilcoxon == design.is_paired &&
        groups[before->a].count == design.count_a && groups[before->b].count == design.count_b) {
        contrast->detectable = before->detectable;
        return PBT_OK;
    }
    return pbt__power(&design, &contrast->detectable);
}

static pbt_err judge_all(pbt__contest *contest)
{
    pbt_err err = PBT_OK;
    size_t next = 0;
    for (size_t a = 0; a < contest->groups->count && err == PBT_OK; a++) {
        err = judge_group(&contest->groups->groups[a], contest->budget, &contest->standings[a]);
        for (size_t b = a + 1; b < contest->groups->count; b++) {
            contest->contrasts[next++] = (pbt__contrast){.a = a, .b = b};
        }
    }
    for (size_t i = 0; i < contest->contrast_count && err == PBT_OK; i++) {
        choose_test(contest, &contest->contrasts[i]);
        err = judge_pair(contest, &contest->contrasts[i]);
    }
    for (size_t i = 0; i < contest->contrast_count && err == PBT_OK; i++) {
        err = judge_power(contest, i);
    }
    if (err == PBT_OK) {
        err = correct(contest, p_of);
    }
    return err == PBT_OK ? correct(contest, least_p_of) : err;
}

pbt_err pbt__contest_judge(const pbt__groups *groups, int64_t budget, pbt__contest *out,
                           pbt_error *error)
{
    pbt__contest contest = {
        .groups = groups,
        .budget = budget,
        .contrast_count = groups->count * (groups->count - 1) / 2,
    };
    contest.standings = pbt__calloc(groups->count, sizeof *contest.standings);
    contest.contrasts = pbt__calloc(contest.contrast_count + 1, sizeof *contest.contrasts);
    bool has_memory = contest.standings != NULL && contest.contrasts != NULL;
    if (!has_memory || judge_all(&contest) != PBT_OK) {
        pbt__contest_fini(&contest);
        return pbt__fail_memory(error);
    }
    *out = contest;
    return PBT_OK;
}

void pbt__contest_fini(pbt__contest *contest)
{
    for (size_t i = 0; contest->standings != NULL && i < contest->groups->count; i++) {
        free(contest->standings[i].points);
    }
    free(contest->standings);
    free(contest->contrasts);
    *contest = (pbt__contest){0};
}

/* ---- what it means ---- */

pbt__finding pbt__contrast_finding(const pbt__contrast *contrast)
{
    if (contrast->least_p > PBT__ALPHA) {
        return PBT__FINDING_TOO_FEW;
    }
    return contrast->p <= PBT__ALPHA ? PBT__FINDING_DIFFERENCE : PBT__FINDING_NOTHING;
}

pbt__contrast pbt__contrast_turned(const pbt__contrast *contrast)
{
    pbt__contrast turned = *contrast;
    const pbt__advantage *was = &contrast->advantage;
    turned.a = contrast->b;
    turned.b = contrast->a;
    turned.test.direction = -contrast->test.direction;
    turned.advantage = (pbt__advantage){
        .difference = -was->difference,
        .probability = 1 - was->probability,
        .difference_interval = {-was->difference_interval.high, -was->difference_interval.low},
        .probability_interval = {1 - was->probability_interval.high,
                                 1 - was->probability_interval.low},
    };
    return turned;
}
