/*
 * statistics.c: the t distribution.
 *
 *     I_x(a, b) = x^a (1-x)^b / (a B(a, b)) * K(a, b, x)
 *
 * where K is a continued fraction (Lentz's method) that converges fast for x below the mean a / (a
 * + b); above it, I_x(a, b) = 1 - I_{1-x}(b, a). The factor before it is not computed from
 * logarithms of gamma functions, which cancel (at a = b = 1e5 that costs seven digits), but from
 * the saddle point of Loader (2000), whose exponent is small.
 */
#include "core/statistics.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

static const double two_pi = 6.283185307179586;

/* Stirling's error: log(z!) - log(sqrt(2 pi z) (z/e)^z), z > 0. */
static double stirling_error(double z)
{
    enum { SERIES_FROM = 16 }; /* from here on the series' next term is below 1e-16 */
    if (z < SERIES_FROM) {
        return log(tgamma(z + 1)) - (z + 0.5) * log(z) + z - 0.5 * log(two_pi);
    }
    const double w = 1 / (z * z);
    const double tail = 1 / 1260.0 - w * (1 / 1680.0 - w * (1 / 1188.0 - w * 691 / 360360.0));
    return (1 / 12.0 - w * (1 / 360.0 - w * tail)) / z;
}

/* t - log(1 + t), which is t^2 / 2 near 0; `ratio` is 1 + t where that would lose digits. */
static double log_excess(double t, double ratio)
{
    if (fabs(t) > 0.05) {
        return t - log(ratio);
    }
    double sum = 0;
    double power = t * t;
    for (int k = 2; k < 16; k++) {
        sum += power / k;
        power *= -t;
    }
    return sum;
}

/* x^a y^b / B(a, b), y = 1 - x, both given because neither can be had from the other near 1. */
static double beta_density(double a, double b, double x, double y)
{
    const double n = a + b;
    const double excess = b * x - a * y; /* n x - a, also where that would cancel */
    const double deviance =
        a * log_excess(excess / a, n * x / a) + b * log_excess(-excess / b, n * y / b);
    const double error = stirling_error(n) - stirling_error(a) - stirling_error(b);
    return sqrt(a * b / (two_pi * n)) * exp(error - deviance);
}

static double away_from_zero(double value)
{
    return fabs(value) < DBL_MIN ? DBL_MIN : value;
}

/* The continued fraction K(a, b, x). Its odd and even coefficients are taken in pairs. */
static double beta_fraction(double a, double b, double x)
{
    enum { PAIRS_MAX = 100000 }; /* some sqrt(max(a, b)) are needed */
    double c = 1;
    double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
    double result = d;
    for (int k = 1; k < PAIRS_MAX; k++) {
        const double base = a + 2 * k;
        const double even = k * (b - k) * x / ((base - 1) * base);
        d = 1 / away_from_zero(1 + even * d);
        c = away_from_zero(1 + even / c);
        result *= c * d;

        const double odd = -(a + k) * (a + b + k) * x / (base * (base + 1));
        d = 1 / away_from_zero(1 + odd * d);
        c = away_from_zero(1 + odd / c);
        result *= c * d;
        if (fabs(c * d - 1) <= DBL_EPSILON) {
            break;
        }
    }
    return result;
}

/* As pbt__incomplete_beta, with y = 1 - x given. */
static double incomplete_beta(double a, double b, double x, double y)
{
    if (x <= 0) {
        return 0;
    }
    if (y <= 0) {
        return 1;
    }
    const double density = beta_density(a, b, x, y);
    if (x < (a + 1) / (a + b + 2)) {
        return density / a * beta_fraction(a, b, x);
    }
    return 1 - density / b * beta_fraction(b, a, y);
}

double pbt__incomplete_beta(double a, double b, double x)
{
    return incomplete_beta(a, b, x, 1 - x);
}

double pbt__t_two_sided(double t, double freedom)
{
    const double ratio = t / freedom * t; /* t^2 / freedom */
    return incomplete_beta(freedom / 2, 0.5, 1 / (1 + ratio), ratio / (1 + ratio));
}

/* The first value is subtracted before summing, so that equal values have variance 0. */
pbt__sample pbt__sample_of(const double *values, size_t count)
{
    if (count == 0) {
        return (pbt__sample){.count = 0};
    }
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i] - values[0];
    }
    const double mean = values[0] + sum / (double)count;

    double squares = 0;
    double rest = 0; /* what rounding left in the mean */
    for (size_t i = 0; i < count; i++) {
        const double deviation = values[i] - mean;
        squares += deviation * deviation;
        rest += deviation;
    }
    const double total = fmax(squares - rest * rest / (double)count, 0);
    return (pbt__sample){
        .count = count,
        .mean = mean,
        .variance = count < 2 ? 0 : total / (double)(count - 1),
    };
}

// rule: t_test, Jaderberg 2017 section 4.1.1, Welch 1947
double pbt__welch(pbt__sample a, pbt__sample b)
{
    const double error_a = a.variance / (double)a.count;
    const double error_b = b.variance / (double)b.count;
    const double largest = fmax(error_a, error_b);
    if (!(largest > 0) || isinf(largest)) {
        return 1;
    }
    /* Shares, not squares: the variances may be as small or large as doubles are. */
    const double share_a = error_a / largest;
    const double share_b = error_b / largest;
    const double both = share_a + share_b;
    const double freedom =
        both * both /
        (share_a * share_a / (double)(a.count - 1) + share_b * share_b / (double)(b.count - 1));
    const double t = (a.mean - b.mean) / (sqrt(largest) * sqrt(both));
    return pbt__t_two_sided(t, freedom);
}
