/* json.c: a contest for programs. */
#include <math.h>

#include "compare/compare.h"
#include "study/json.h"

/* A number, or null if it is not finite. */
static json_t *number(double value)
{
    return isfinite(value) ? pbt__json_number(value) : json_null();
}

/* A score as it was reported. */
static json_t *score(const pbt__contest *contest, double value)
{
    return number(pbt__course_score(contest->groups->direction, value));
}

/* [low, high]; null if there is no interval. */
static json_t *interval_json(json_t *low, json_t *high, pbt__interval interval)
{
    if (isnan(interval.low)) {
        json_decref(low);
        json_decref(high);
        return json_null();
    }
    return json_pack("[o, o]", low, high);
}

static json_t *score_interval(const pbt__contest *contest, pbt__interval interval)
{
    json_t *low = score(contest, interval.low), *high = score(contest, interval.high);
    return contest->groups->direction == PBT_MINIMIZE ? interval_json(high, low, interval)
                                                      : interval_json(low, high, interval);
}

static json_t *point_json(const pbt__contest *contest, const pbt__curve_point *point)
{
    return json_pack("{s:o, s:o, s:I, s:I, s:o}", "score", score(contest, point->score), "segment",
                     pbt__id_json(point->segment), "age", (json_int_t)point->age, "steps",
                     (json_int_t)point->steps, "seconds", number(point->seconds));
}

static json_t *study_json(const pbt__contest *contest, const pbt__course *course,
                          const pbt__curve_point *best)
{
    json_t *curve = json_array();
    for (size_t i = 0; i < course->curve.count; i++) {
        (void)json_array_append_new(curve, point_json(contest, &course->curve.points[i]));
    }
    return json_pack("{s:s, s:I, s:s, s:o, s:I, s:o, s:{s:I, s:o}, s:o}", "study", course->name,
                     "seed", (json_int_t)course->seed, "state",
                     pbt__study_state_name(course->state), "best",
                     best != NULL ? point_json(contest, best) : json_null(), "steps",
                     (json_int_t)course->curve.steps, "seconds", number(course->curve.seconds),
                     "pauses", "count", (json_int_t)course->pauses.count, "seconds",
                     number(course->pauses.seconds), "curve", curve);
}

static json_t *group_json(const pbt__contest *contest, size_t index)
{
    const pbt__group *group = &contest->groups->groups[index];
    const pbt__contestant *standing = &contest->standings[index];
    const pbt__curve_point *best = standing->best_point;
    json_t *studies = json_array();
    for (size_t i = 0; i < group->count; i++) {
        (void)json_array_append_new(studies,
                                    study_json(contest, &group->courses[i], standing->points[i]));
    }
    return json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:s?, s:o}", "group", group->label, "seeds",
                     (json_int_t)group->count, "iqm", score(contest, standing->iqm), "interval",
                     score_interval(contest, standing->interval), "median",
                     score(contest, standing->median), "best",
                     best != NULL ? point_json(contest, best) : json_null(), "best_study",
                     standing->best != NULL ? standing->best->name : NULL, "studies", studies);
}

static const char *finding_name(const pbt__contrast *contrast)
{
    switch (pbt__contrast_finding(contrast)) {
    case PBT__FINDING_DIFFERENCE:
        return "difference";
    case PBT__FINDING_TOO_FEW:
        return "too few seeds";
    case PBT__FINDING_NOTHING:
        break;
    }
    return "no difference shown";
}

static json_t *better_json(const pbt__contest *contest, const pbt__contrast *contrast)
{
    if (pbt__contrast_finding(contrast) != PBT__FINDING_DIFFERENCE) {
        return json_null();
    }
    const size_t better = contrast->test.direction > 0 ? contrast->a : contrast->b;
    return json_string(contest->groups->groups[better].label);
}

static json_t *contrast_json(const pbt__contest *contest, const pbt__contrast *contrast)
{
    const pbt__advantage *advantage = &contrast->advantage;
    return json_pack(
        "{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:b, s:b, s:o, s:o, s:o, s:o, s:I, "
        "s:{s:o, s:o}}",
        "a", contest->groups->groups[contrast->a].label, "b",
        contest->groups->groups[contrast->b].label, "finding", finding_name(contrast), "better",
        better_json(contest, contrast), "difference", score(contest, advantage->difference),
        "difference_interval", score_interval(contest, advantage->difference_interval),
        "probability", number(advantage->probability), "probability_interval",
        interval_json(number(advantage->probability_interval.low),
                      number(advantage->probability_interval.high),
                      advantage->probability_interval),
        "test", contrast->is_wilcoxon ? "wilcoxon" : "mann-whitney", "paired",
        contrast->is_paired ? 1 : 0, "exact", contrast->test.is_exact ? 1 : 0, "statistic",
        number(contrast->test.statistic), "p", number(contrast->test.p), "p_holm",
        number(contrast->p), "least_p_holm", number(contrast->least_p), "least_seeds",
        (json_int_t)contrast->least_seeds, "detectable", "deviations",
        number(contrast->detectable.deviations), "probability",
        number(contrast->detectable.probability));
}

json_t *pbt__compare_json(const pbt__contest *contest)
{
    json_t *groups = json_array(), *contrasts = json_array();
    for (size_t i = 0; i < contest->groups->count; i++) {
        (void)json_array_append_new(groups, group_json(contest, i));
    }
    for (size_t i = 0; i < contest->contrast_count; i++) {
        (void)json_array_append_new(contrasts, contrast_json(contest, &contest->contrasts[i]));
    }
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "metric", contest->groups->metric,
                     "direction", pbt_direction_name(contest->groups->direction), "at",
                     contest->budget >= 0 ? json_integer(contest->budget) : json_null(), "groups",
                     groups, "comparisons", contrasts, "notes", pbt__contest_notes(contest));
}
