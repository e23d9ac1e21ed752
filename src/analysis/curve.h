/*
 * curve.h: the best score so far of a study, over its work and over time.
 *
 * Work is the sum of steps of all reports, so that studies with different populations are compared
 * at the same cost.
 */
#ifndef PBT_ANALYSIS_CURVE_H
#define PBT_ANALYSIS_CURVE_H

#include <pbt/pbt.h>

typedef enum pbt__axis { PBT__AXIS_STEPS, PBT__AXIS_SECONDS } pbt__axis;

/* A report that was better than all before it, and where the study was by then. */
typedef struct pbt__curve_point {
    int64_t steps;  /* of all members */
    double seconds; /* since the study's first event */
    double score;   /* higher is better */
    int64_t age;    /* Units: steps in the weights, whichever member trained them */
    pbt_segment_id segment;
} pbt__curve_point;

/* Owner: `points` is its own. Invariant: scores are finite and rise; steps and seconds do not fall.
 * Shape: points[count] */
typedef struct pbt__curve {
    pbt__curve_point *points;
    size_t count, capacity;
    int64_t steps; /* where the study is now */
    double seconds;
} pbt__curve;

/* Add a report, in the order of the log; one that is no better than the best only moves the end.
 * Errors: PBT_ERR_MEMORY, with the curve as it was. */
PBT_MUST_USE pbt_err pbt__curve_add(pbt__curve *curve, const pbt__curve_point *report);
void pbt__curve_fini(pbt__curve *curve);

/* The best by then; NULL if nothing usable was reported yet. O(log count). */
const pbt__curve_point *pbt__curve_at(const pbt__curve *curve, pbt__axis axis, double place);

/* Where a curve ends. */
double pbt__curve_end(const pbt__curve *curve, pbt__axis axis);

/* Stretches in which nothing was reported. */
typedef struct pbt__pauses {
    size_t count;
    double seconds;
} pbt__pauses;

/*
 * Find the pauses before and between reports: stretches of a minute or more, and more than five
 * times as long as half of the segments took from being made to being reported. If a study waits
 * for processors, its segments last longer and short pauses are missed; no pause is invented.
 * Units: seconds. Shape: times[count], in order, from 0; spans[count], reordered
 */
pbt__pauses pbt__pauses_find(const double *times, double *spans, size_t count);

#endif
