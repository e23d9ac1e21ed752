/* statistics.c: the t distribution and Welch's test against GSL, and where they degenerate. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>

#include "core/statistics.h"

static void assert_near(double value, double expected, double error)
{
    if (!(fabs(value - expected) <= error)) {
        fail_msg("%.17g is not within %g of %.17g", value, error, expected);
    }
}

static void beta_agrees_with_gsl(void **state)
{
    (void)state;
    const double shapes[] = {0.5, 0.7, 1, 1.5, 2, 5, 15.5, 16, 50, 333.3, 1000};
    const size_t count = sizeof shapes / sizeof *shapes;
    for (size_t i = 0; i < count * count; i++) {
        const double a = shapes[i / count];
        const double b = shapes[i % count];
        for (int step = 0; step <= 200; step++) {
            const double x = step / 200.0;
            assert_near(pbt__incomplete_beta(a, b, x), gsl_cdf_beta_P(x, a, b), 1e-12);
        }
    }
}

/* Shapes whose function is a polynomial or a root, so that no oracle's error matters. */
static void beta_has_its_closed_forms(void **state)
{
    (void)state;
    for (int step = 1; step < 100; step++) {
        const double x = step / 100.0;
        assert_near(pbt__incomplete_beta(1, 1, x), x, 1e-15);
        assert_near(pbt__incomplete_beta(3, 1, x), x * x * x, 1e-15);
        assert_near(pbt__incomplete_beta(1, 4, x), 1 - pow(1 - x, 4), 1e-15);
        assert_near(pbt__incomplete_beta(0.5, 0.5, x), asin(sqrt(x)) / acos(0), 1e-15);
        assert_near(pbt__incomplete_beta(1e5, 1, x), pow(x, 1e5), 1e-12);
    }
    assert_near(pbt__incomplete_beta(0.5, 1, 1e-20), 1e-10, 1e-24);
}

/* The largest shapes: symmetry, and I_x(a, b) - I_x(a + 1, b) = x^a (1 - x)^b / (a B(a, b)). */
static void beta_holds_its_error_at_large_shapes(void **state)
{
    (void)state;
    const double shapes[] = {1e3, 1e4, 1e5};
    for (size_t i = 0; i < 3; i++) {
        const double a = shapes[i];
        assert_near(pbt__incomplete_beta(a, a, 0.5), 0.5, 1e-12);
        for (int step = -20; step <= 20; step++) {
            const double x = 0.5 + step / sqrt(a) / 10;
            const double term = exp(a * log(4 * x * (1 - x))) / (a * a) *
                                sqrt(a * a * a / (4 * acos(-1))) *
                                exp(-1 / (8 * a) + 1 / (192 * a * a * a));
            const double low = pbt__incomplete_beta(a + 1, a, x);
            assert_near(pbt__incomplete_beta(a, a, x) - low, term, 2e-12);
            assert_near(pbt__incomplete_beta(a, a, x) + pbt__incomplete_beta(a, a, 1 - x), 1,
                        2e-12);
        }
    }
}

static void t_agrees_with_gsl(void **state)
{
    (void)state;
    const double freedoms[] = {0.5, 1, 1.7, 2, 3, 4.2, 9, 10, 18, 31.5, 100, 2046, 1e5};
    for (size_t i = 0; i < sizeof freedoms / sizeof *freedoms; i++) {
        for (int step = 0; step <= 400; step++) {
            const double t = step / 20.0;
            const double expected = 2 * gsl_cdf_tdist_Q(t, freedoms[i]);
            assert_near(pbt__t_two_sided(t, freedoms[i]), expected, 1e-12);
            assert_near(pbt__t_two_sided(-t, freedoms[i]), expected, 1e-12);
        }
    }
}

/* One and two degrees of freedom have closed forms; far out the tail is relatively exact. */
static void t_tails_are_relatively_exact(void **state)
{
    (void)state;
    for (int exponent = -8; exponent < 150; exponent++) {
        const double t = 1.7 * pow(10, exponent);
        const double cauchy = 2 / acos(-1) * atan(1 / t);
        assert_near(pbt__t_two_sided(t, 1) / cauchy, 1, 1e-13);
        const double two = t < 1e7 ? 2 / (sqrt(2 + t * t) * (sqrt(2 + t * t) + t)) : 1 / (t * t);
        assert_near(pbt__t_two_sided(t, 2) / two, 1, 1e-13);
    }
}

static void t_degenerates_quietly(void **state)
{
    (void)state;
    assert_true(pbt__t_two_sided(0, 5) == 1);
    assert_true(pbt__t_two_sided((double)INFINITY, 5) == 0);
    assert_true(pbt__t_two_sided(-(double)INFINITY, 5) == 0);
    assert_true(pbt__t_two_sided(DBL_MAX, 1) >= 0);
    assert_true(pbt__t_two_sided(DBL_MIN, 1) <= 1);
    assert_true(pbt__t_two_sided(3, 1e-3) > 0.9);
    assert_near(pbt__t_two_sided(1.96, 2e5), 2 * gsl_cdf_tdist_Q(1.96, 2e5), 1e-12);
}

static void samples_are_summarised(void **state)
{
    (void)state;
    const double values[] = {0.31, 0.29, 0.35, 0.33, 0.28, 0.36, 0.3};
    const pbt__sample sample = pbt__sample_of(values, 7);
    assert_int_equal(sample.count, 7);
    assert_near(sample.mean, gsl_stats_mean(values, 1, 7), 1e-16);
    assert_near(sample.variance, gsl_stats_variance(values, 1, 7), 1e-17);
    assert_true(pbt__sample_of(values, 1).variance == 0);
    assert_true(pbt__sample_of(values, 1).mean == 0.31);
    assert_true(pbt__sample_of(values, 0).count == 0);
}

/* A sum of ten times 0.1 is not 1: rounding must not pass for variance. */
static void equal_values_have_no_variance(void **state)
{
    (void)state;
    const double values[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
    for (size_t count = 2; count <= 10; count++) {
        const pbt__sample sample = pbt__sample_of(values, count);
        assert_true(sample.mean == 0.1);
        assert_true(sample.variance == 0);
    }
}

static void a_large_offset_costs_no_variance(void **state)
{
    (void)state;
    const double values[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
    const pbt__sample sample = pbt__sample_of(values, 4);
    assert_true(sample.mean == 1e9 + 10);
    assert_true(sample.variance == 30);
}

/* Welch's p from its textbook formula and GSL's t distribution. */
static double welch_by_gsl(pbt__sample a, pbt__sample b)
{
    const double u = a.variance / (double)a.count;
    const double v = b.variance / (double)b.count;
    const double freedom =
        (u + v) * (u + v) / (u * u / (double)(a.count - 1) + v * v / (double)(b.count - 1));
    return 2 * gsl_cdf_tdist_Q(fabs(a.mean - b.mean) / sqrt(u + v), freedom);
}

static void welch_agrees_with_gsl(void **state)
{
    (void)state;
    const size_t counts[] = {2, 3, 10, 100, 1024};
    const double variances[] = {0, 1e-6, 0.04, 1, 250};
    for (size_t i = 0; i < 5 * 5 * 5 * 5; i++) {
        const pbt__sample a = {counts[i % 5], 1.5, variances[i / 5 % 5]};
        for (int step = 0; step < 16; step++) {
            const pbt__sample b = {counts[i / 25 % 5], 1.4 + 0.07 * step, variances[i / 125]};
            if (a.variance == 0 && b.variance == 0) {
                continue;
            }
            assert_near(pbt__welch(a, b), welch_by_gsl(a, b), 1e-12);
            assert_true(pbt__welch(a, b) == pbt__welch(b, a));
        }
    }
}

static void welch_survives_any_size_of_variance(void **state)
{
    (void)state;
    const pbt__sample a = {10, 3, 1};
    const pbt__sample b = {8, 1, 4};
    const double expected = welch_by_gsl(a, b);
    for (int exponent = -500; exponent <= 500; exponent += 100) {
        const double unit = ldexp(1, exponent);
        const pbt__sample scaled_a = {10, 3 * unit, unit * unit};
        const pbt__sample scaled_b = {8, 1 * unit, 4 * unit * unit};
        assert_near(pbt__welch(scaled_a, scaled_b), expected, 1e-14);
    }
}

static void without_evidence_p_is_one(void **state)
{
    (void)state;
    const pbt__sample endless = {5, 1, (double)INFINITY};
    const pbt__sample unknown = {5, (double)NAN, (double)NAN};
    const pbt__sample plain = {5, 2, 1};
    assert_true(pbt__welch(endless, plain) == 1);
    assert_true(!(pbt__welch(unknown, plain) < 0.05));
    assert_true(pbt__welch(plain, plain) == 1);
    const pbt__sample exact = {5, 2, 0};
    assert_true(pbt__welch(exact, exact) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beta_agrees_with_gsl),
        cmocka_unit_test(beta_has_its_closed_forms),
        cmocka_unit_test(beta_holds_its_error_at_large_shapes),
        cmocka_unit_test(t_agrees_with_gsl),
        cmocka_unit_test(t_tails_are_relatively_exact),
        cmocka_unit_test(t_degenerates_quietly),
        cmocka_unit_test(samples_are_summarised),
        cmocka_unit_test(equal_values_have_no_variance),
        cmocka_unit_test(a_large_offset_costs_no_variance),
        cmocka_unit_test(welch_agrees_with_gsl),
        cmocka_unit_test(welch_survives_any_size_of_variance),
        cmocka_unit_test(without_evidence_p_is_one),
    };
    return cmocka_run_group_tests_name("statistics", tests, NULL, NULL);
}
