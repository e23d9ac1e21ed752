/* statistics.h: Welch's t-test, from our own incomplete beta function. */
#ifndef PBT_CORE_STATISTICS_H
#define PBT_CORE_STATISTICS_H

#include <stddef.h>

/* Regularised incomplete beta function I_x(a, b), a, b > 0, x in [0, 1] (Lentz's continued
 * fraction, Press et al. 2007, section 6.4). Absolute error below 1e-12 for a, b <= 1e5. */
double pbt__incomplete_beta(double a, double b, double x);

/* P(|T| >= |t|) for Student's t with `freedom` degrees of freedom (> 0, not nec. whole). */
double pbt__t_two_sided(double t, double freedom);

typedef struct pbt__sample {
    size_t count;
    double mean;
    double variance; /* unbiased; 0 if count < 2 */
} pbt__sample;

/* Summarise in two passes. Shape: values[count] */
pbt__sample pbt__sample_of(const double *values, size_t count);

/* Welch's two-sided p (Welch 1947) for two samples of 2 or more with a variance that is not 0 on at
 * least one side. */
double pbt__welch(pbt__sample a, pbt__sample b);

#endif
