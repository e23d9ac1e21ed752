/*
 * power.h: which differences a number of seeds can find.
 *
 * For normal scores whose groups differ by a shift, it is the smallest shift for which the test of
 * rank_test.h gives p <= alpha, in the right direction, with probability 0.8. Up to
 * PBT__EXACT_MAXIMUM scores it comes from 4,000 simulated experiments (Philox, seed 0), with a
 * statistical error of about 0.02 deviations; beyond, from Noether's formula (1987).
 */
#ifndef PBT_ANALYSIS_POWER_H
#define PBT_ANALYSIS_POWER_H

#include <pbt/pbt.h>

typedef struct pbt__design {
    size_t count_a, count_b; /* equal where paired */
    bool is_paired;
    double alpha;
} pbt__design;

typedef struct pbt__detectable {
    double deviations;  /* of a score; where paired, of a pair's difference. INFINITY: nothing */
    double probability; /* that a is better: one score of each group, or one pair */
} pbt__detectable;

/* Find the smallest difference that a design would detect. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__power(const pbt__design *design, pbt__detectable *out);

/* The fewest seeds, in each group, with which a test could give p <= alpha at all. */
size_t pbt__least_seeds(bool is_paired, double alpha);

#endif
