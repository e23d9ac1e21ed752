/*
 * rank_test.h: tests of two groups by ranks, and many tests at once.
 *
 * Both tests are two-sided: p is twice the smaller tail under the null hypothesis, at most 1. Up to
 * PBT__EXACT_MAXIMUM scores it is exact, with ties and zeros; beyond, it is the normal
 * approximation with the variance corrected for ties.
 */
#ifndef PBT_ANALYSIS_RANK_TEST_H
#define PBT_ANALYSIS_RANK_TEST_H

#include "analysis/bootstrap.h"

enum { PBT__EXACT_MAXIMUM = 60 }; /* scores of both groups; or pairs */

typedef struct pbt__rank_test {
    double statistic; /* U of a, or the rank sum of the pairs in which a is better */
    double p;         /* 1 where a group is empty */
    int direction;    /* 1: a is better, -1: b is, 0: neither */
    bool is_exact;
} pbt__rank_test;

/* The test that fits: Wilcoxon's where the scores are paired, else Mann and Whitney's. Errors:
 * PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__rank_test_of(const pbt__score_pair *pair, pbt__rank_test *out);

/* The least p that so many scores without ties can give: 2^(1 - n) for pairs, else
 * 2 / C(n + m, n); at most 1. */
double pbt__least_p(size_t count_a, size_t count_b, bool is_paired);

/* Holm's correction (1979), in place: what each p is worth among `count`. Shape: p[count]. Errors:
 * PBT_ERR_MEMORY, with p untouched. */
PBT_MUST_USE pbt_err pbt__holm(double *p, size_t count);

#endif
