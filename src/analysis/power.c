/*
 * power.c: one selection for each simulated experiment.
 *
 * U counts the pairs with a_i + d > b_j, so it reaches the critical c as soon as d exceeds the c-th
 * smallest of the differences b_j - a_i: that difference is the shift that makes the experiment
 * significant. The 80th percentile of these shifts has power 0.8. The same holds for Wilcoxon's
 * statistic and the Walsh averages (d_i + d_j) / 2, i <= j (Hodges and Lehmann 1963).
 */
#include "analysis/power.h"

#include <math.h>
#include <stdlib.h>

#include "analysis/normal.h"
#include "analysis/rank_test.h"
#include "base/memory.h"
#include "core/rng.h"

enum { EXPERIMENTS = 4000, SEED = 0 };

static const double POWER = 0.8;
static const double SQRT_2 = 1.41421356237309504880;

/* ---- critical values, without ties. Counts are exact: 2^60 and C(60, 30) fit ---- */

/* Multiply a polynomial in q by 1 + sign * q^power, in place. Shape: ways[degree + 1] */
static void multiply(uint64_t *ways, size_t degree, size_t power, bool is_minus)
{
    for (size_t s = degree + 1; s-- > power;) {
        ways[s] = is_minus ? ways[s] - ways[s - power] : ways[s] + ways[s - power];
    }
}

/* Divide it by 1 - q^power. */
static void divide(uint64_t *ways, size_t degree, size_t power)
{
    for (size_t s = power; s <= degree; s++) {
        ways[s] += ways[s - power];
    }
}

/* How many arrangements have each value of the statistic: the product of 1 + q^i for Wilcoxon's,
 * Gauss's binomial for U. */
static void count_arrangements(const pbt__design *design, uint64_t *ways, size_t degree)
{
    ways[0] = 1;
    for (size_t i = 1; i <= design->count_a; i++) {
        if (design->is_paired) {
            multiply(ways, degree, i, false);
        } else {
            multiply(ways, degree, design->count_b + i, true);
            divide(ways, degree, i);
        }
    }
}

/* The smallest statistic with a two-sided p of at most alpha; degree + 1 if there is none. */
static size_t critical(const uint64_t *ways, size_t degree, double alpha)
{
    double all = 0, tail = 0;
    for (size_t s = 0; s <= degree; s++) {
        all += (double)ways[s];
    }
    size_t at = degree + 1;
    while (at > 0 && 2 * (tail + (double)ways[at - 1]) <= alpha * all * (1 + 1e-12)) {
        tail += (double)ways[--at];
    }
    return at;
}

/* ---- experiments ---- */

static size_t degree_of(const pbt__design *design)
{
    const size_t n = design->count_a;
    return design->is_paired ? n * (n + 1) / 2 : n * design->count_b;
}

/* The shift that makes one experiment significant.
 * Shape: scores[count_a + count_b], contrasts[degree_of(design)] */
static double experiment(const pbt__design *design, size_t least, pbt__rng *rng, double *scores,
                         double *contrasts)
{
    const size_t n = design->count_a, m = design->is_paired ? 0 : design->count_b;
    const double *b = scores + n;
    size_t count = 0;
    for (size_t i = 0; i < n + m; i++) {
        scores[i] = pbt__rng_normal(rng);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < m; j++) {
            contrasts[count++] = b[j] - scores[i];
        }
        for (size_t j = 0; j <= i && design->is_paired; j++) {
            contrasts[count++] = -(scores[i] + scores[j]) / 2;
        }
    }
    return pbt__numbers_select(contrasts, count, least - 1);
}

static pbt_err simulate(const pbt__design *design, size_t least, double *deviations)
{
    const size_t score_count = design->count_a + design->count_b;
    double *memory = pbt__calloc(EXPERIMENTS + score_count + degree_of(design), sizeof *memory);
    if (memory == NULL) {
        return PBT_ERR_MEMORY;
    }
    double *scores = memory + EXPERIMENTS;
    pbt__rng rng = pbt__rng_stream(SEED, 0, 0, PBT__PURPOSE_POWER, 0);
    for (size_t i = 0; i < EXPERIMENTS; i++) {
        memory[i] = experiment(design, least, &rng, scores, scores + score_count);
    }
    *deviations = fmax(0, pbt__numbers_percentile(memory, EXPERIMENTS, POWER));
    free(memory);
    return PBT_OK;
}

static pbt_err power_exact(const pbt__design *design, double *deviations)
{
    const size_t degree = degree_of(design);
    uint64_t *ways = pbt__calloc(degree + 1, sizeof *ways);
    if (ways == NULL) {
        return PBT_ERR_MEMORY;
    }
    count_arrangements(design, ways, degree);
    const size_t least = critical(ways, degree, design->alpha);
    free(ways);
    if (least > degree || least == 0) {
        *deviations = (double)INFINITY;
        return PBT_OK;
    }
    return simulate(design, least, deviations);
}

// formula: power of rank tests, Noether 1987
static double power_approximate(const pbt__design *design)
{
    const double z = pbt__normal_quantile(1 - design->alpha / 2) + pbt__normal_quantile(POWER);
    const double n = (double)design->count_a, m = (double)design->count_b;
    if (design->is_paired) {
        return pbt__normal_quantile(0.5 + z / sqrt(3 * n)) / SQRT_2;
    }
    return SQRT_2 * pbt__normal_quantile(0.5 + z / sqrt(12 * n * m / (n + m)));
}

pbt_err pbt__power(const pbt__design *design, pbt__detectable *out)
{
    const size_t count = design->count_a + (design->is_paired ? 0 : design->count_b);
    double deviations = (double)INFINITY;
    pbt_err err = PBT_OK;
    if (design->count_a > 0 && design->count_b > 0 && count <= PBT__EXACT_MAXIMUM) {
        err = power_exact(design, &deviations);
    } else if (design->count_a > 0 && design->count_b > 0) {
        deviations = power_approximate(design);
    }
    if (err == PBT_OK) {
        *out = (pbt__detectable){
            .deviations = deviations,
            .probability = pbt__normal_below(design->is_paired ? deviations : deviations / SQRT_2),
        };
    }
    return err;
}

size_t pbt__least_seeds(bool is_paired, double alpha)
{
    size_t count = 1;
    while (alpha > 0 && pbt__least_p(count, count, is_paired) > alpha) {
        count++;
    }
    return count;
}
