/*
 * bootstrap.h: bootstrap intervals (Efron 1979; stratified as in Agarwal et al. 2021).
 *
 * Each group is a stratum: its seeds are drawn 10,000 times with replacement, and the interval runs
 * from the 2.5th to the 97.5th percentile of the estimates. The draws come from one Philox stream
 * of seed 0, so that the same scores give the same interval. With few seeds it is too narrow. A
 * single score has none: NaN.
 */
#ifndef PBT_ANALYSIS_BOOTSTRAP_H
#define PBT_ANALYSIS_BOOTSTRAP_H

#include <pbt/pbt.h>

#include "analysis/scores.h"

enum { PBT__BOOTSTRAP_RESAMPLES = 10000, PBT__BOOTSTRAP_SEED = 0 };

/* The scores of two groups. Where `is_paired`, a[i] and b[i] share a seed, and count_a = count_b.
 * Owner: borrowed. Shape: a[count_a], b[count_b] */
typedef struct pbt__score_pair {
    const double *a, *b;
    size_t count_a, count_b;
    bool is_paired;
} pbt__score_pair;

/* How much better a is than b. */
typedef struct pbt__advantage {
    double difference;  /* of the interquartile means, a - b */
    double probability; /* that a score of a beats one of b, ties half: U / nm */
    pbt__interval difference_interval;
    pbt__interval probability_interval;
} pbt__advantage;

/* The interquartile mean of scores and its interval; NaN if there are none. Nullable: interval
 * (then nothing is drawn). Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__bootstrap_iqm(const double *scores, size_t count, double *iqm,
                                        pbt__interval *interval);

/* Compare two groups; all NaN if one is empty. Pairs are drawn as pairs, so that effects of a seed
 * cancel. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__bootstrap_advantage(const pbt__score_pair *pair, pbt__advantage *out);

#endif
