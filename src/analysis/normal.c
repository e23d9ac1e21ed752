/* normal.c: the C library's erfc, and its inverse by bisection; called a few times per run. */
#include "analysis/normal.h"

#include <math.h>

static const double SQRT_HALF = 0.70710678118654752440;

double pbt__normal_below(double z)
{
    return 0.5 * erfc(-z * SQRT_HALF);
}

double pbt__normal_quantile(double share)
{
    if (share <= 0 || share >= 1) {
        return share <= 0 ? -(double)INFINITY : (double)INFINITY;
    }
    if (share > 0.5) { /* the lower tail keeps its digits */
        return -pbt__normal_quantile(1 - share);
    }
    double low = -40;
    double high = 0;
    for (int i = 0; i < 80; i++) {
        const double middle = low + (high - low) / 2;
        if (pbt__normal_below(middle) < share) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low + (high - low) / 2;
}
