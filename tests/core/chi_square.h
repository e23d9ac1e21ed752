/*
 * chi_square.h: Pearson's test, for checks of what is drawn at random.
 *
 * The draws are the same in every run, so a check passes always or never. Its error probability is
 * that of a correct generator being refused when the check was written: 1e-6 for each.
 */
#ifndef PBT_TESTS_CORE_CHI_SQUARE_H
#define PBT_TESTS_CORE_CHI_SQUARE_H

#include <stddef.h>
#include <stdint.h>

#include <gsl/gsl_cdf.h>

#define CHI_SQUARE_ERROR 1e-6

/* The probability of counts at least as far from `expected` as these.
 * Shape: counts, expected [count], of equal sums. */
static inline double chi_square_of(const int64_t *counts, const double *expected, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const double off = (double)counts[i] - expected[i];
        sum += off * off / expected[i];
    }
    return gsl_cdf_chisq_Q(sum, (double)(count - 1));
}

/* As chi_square_of, with equal expected counts. */
static inline double chi_square_even(const int64_t *counts, size_t count)
{
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += counts[i];
    }
    const double expected = (double)total / (double)count;
    double sum = 0;
    for (size_t i = 0; i < count; i++) {
        const double off = (double)counts[i] - expected;
        sum += off * off / expected;
    }
    return gsl_cdf_chisq_Q(sum, (double)(count - 1));
}

#endif
