/* curve.c: points where the best improved. */
#include "analysis/curve.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/scores.h"
#include "base/memory.h"

static double place_of(const pbt__curve_point *point, pbt__axis axis)
{
    return axis == PBT__AXIS_STEPS ? (double)point->steps : point->seconds;
}

pbt_err pbt__curve_add(pbt__curve *curve, const pbt__curve_point *report)
{
    const bool is_better =
        isfinite(report->score) &&
        (curve->count == 0 || report->score > curve->points[curve->count - 1].score);
    if (is_better &&
        !pbt__array_room(&curve->points, curve->count, &curve->capacity, sizeof *curve->points)) {
        return PBT_ERR_MEMORY;
    }
    if (is_better) {
        curve->points[curve->count++] = *report;
    }
    curve->steps = report->steps;
    curve->seconds = report->seconds;
    return PBT_OK;
}

void pbt__curve_fini(pbt__curve *curve)
{
    free(curve->points);
    *curve = (pbt__curve){0};
}

const pbt__curve_point *pbt__curve_at(const pbt__curve *curve, pbt__axis axis, double place)
{
    size_t low = 0, high = curve->count; /* points before `low` are at `place` or earlier */
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (place_of(&curve->points[middle], axis) <= place) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low > 0 ? &curve->points[low - 1] : NULL;
}

double pbt__curve_end(const pbt__curve *curve, pbt__axis axis)
{
    return axis == PBT__AXIS_STEPS ? (double)curve->steps : curve->seconds;
}

pbt__pauses pbt__pauses_find(const double *times, double *spans, size_t count)
{
    static const double shortest = 60, factor = 5;
    pbt__pauses pauses = {0};
    pbt__numbers_sort(spans, count);
    const double usual = pbt__numbers_quantile(spans, count, 0.5);
    double before = 0;
    for (size_t i = 0; i < count; i++) {
        const double gap = times[i] - before;
        if (gap >= shortest && gap > factor * usual) {
            pauses.count++;
            pauses.seconds += gap;
        }
        before = times[i];
    }
    return pauses;
}
