/*
 * scores.h: the scores of a group of studies, one per seed, and their statistics.
 *
 * Inside, higher is better. A score that is not finite is the worst: it is -INFINITY here, so that
 * a study without a usable score lowers its group instead of leaving it.
 */
#ifndef PBT_ANALYSIS_SCORES_H
#define PBT_ANALYSIS_SCORES_H

#include <stddef.h>

typedef struct pbt__interval {
    double low, high;
} pbt__interval;

/* A score as it counts: itself, or -INFINITY if it is not finite. */
double pbt__score_usable(double score);

/* a - b, 0 if both are the same infinity. */
double pbt__score_difference(double a, double b);

/* Order numbers, infinities among them but no NaN, from the lowest. Shape: numbers[count] */
void pbt__numbers_sort(double *numbers, size_t count);

/* The number that sorting would bring to a place; reorders them. Expected O(count).
 * Shape: numbers[count], count > place */
double pbt__numbers_select(double *numbers, size_t count, size_t place);

/* Order from the lowest, each as it counts. Shape: scores[count] */
void pbt__scores_sort(double *scores, size_t count);

/*
 * The interquartile mean of sorted scores: floor(count / 4) of them fall away at each end (Agarwal
 * et al. 2021). `counts` (nullable) says how often each score occurs, `total` times in all.
 * Shape: sorted, counts [count]. NaN if total is 0.
 */
double pbt__scores_iqm(const double *sorted, const size_t *counts, size_t count, size_t total);

/* The quantile of sorted numbers, linear between order statistics (Hyndman and Fan 1996, type 7).
 * NaN if count is 0. */
double pbt__numbers_quantile(const double *sorted, size_t count, double share);

/* The same of numbers in any order, which it changes. */
double pbt__numbers_percentile(double *numbers, size_t count, double share);

#endif
