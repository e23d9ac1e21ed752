/* normal.h: the standard normal distribution. */
#ifndef PBT_ANALYSIS_NORMAL_H
#define PBT_ANALYSIS_NORMAL_H

/* P(Z <= z). */
double pbt__normal_below(double z);

/* The z with P(Z <= z) = share; -INFINITY and INFINITY at 0 and 1. Absolute error below 1e-13 for
 * shares in [1e-9, 1 - 1e-9]. */
double pbt__normal_quantile(double share);

#endif
