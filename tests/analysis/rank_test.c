/* rank_test.c: p-values known from tables or by counting, GSL's binomial as the oracle of signs,
 * and degenerate groups. SciPy's are in scipy_oracle.py. */
#include "near.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>

#include "analysis/rank_test.h"

static pbt__rank_test test_of(const double *a, size_t n, const double *b, size_t m, bool is_paired)
{
    const pbt__score_pair pair = {a, b, n, m, is_paired};
    pbt__rank_test out;
    assert_int_equal(pbt__rank_test_of(&pair, &out), PBT_OK);
    return out;
}

static const double HIGH[] = {11, 12, 13, 14, 15, 16, 17, 18};
static const double LOW[] = {1, 2.5, 3.1, 4.7, 5.2, 6.6, 7.3, 8.9};

static void complete_separation_gives_the_least_p(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 8; n++) {
        const pbt__rank_test paired = test_of(HIGH, n, LOW, n, true);
        const pbt__rank_test apart = test_of(HIGH, n, LOW, n, false);
        assert_near(paired.p, pbt__least_p(n, n, true), 1e-14);
        assert_near(apart.p, pbt__least_p(n, n, false), 1e-14);
        assert_near(apart.p, fmin(1, 2 / gsl_sf_choose(2 * (unsigned)n, (unsigned)n)), 1e-14);
        assert_int_equal(paired.direction, 1);
        assert_int_equal(apart.direction, 1);
        assert_int_equal(test_of(LOW, n, HIGH, n, true).direction, -1);
        assert_true(test_of(LOW, n, HIGH, n, false).p == apart.p);
    }
    assert_near(pbt__least_p(5, 5, true), 0.0625, 1e-16);
    assert_near(pbt__least_p(5, 5, false), 2 / 252.0, 1e-16);
    assert_near(pbt__least_p(3, 5, false), 2 / 56.0, 1e-16);
}

/* Differences of equal size leave nothing but their signs: the sign test. */
static void equal_sizes_make_it_the_sign_test(void **state)
{
    (void)state;
    double a[20] = {0}, b[20] = {0};
    for (unsigned positive = 11; positive <= 20; positive++) {
        for (unsigned i = 0; i < 20; i++) {
            a[i] = i < positive ? 1 : -1;
        }
        const double expected = fmin(1, 2 * gsl_cdf_binomial_Q(positive - 1, 0.5, 20));
        assert_near(test_of(a, 20, b, 20, true).p, expected, 1e-13);
    }
}

/* One score above nineteen equal ones: half of what could be is not there, yet p is not half. */
static void ties_do_not_lower_the_least_p(void **state)
{
    (void)state;
    double b[19] = {0};
    const double a = 1;
    assert_near(test_of(&a, 1, b, 19, false).p, pbt__least_p(1, 19, false), 1e-15);
}

/* Pratt: the zero takes rank 1, so the smallest sign costs 2 of 14, not 1 of 10. */
static void zeros_are_ranked_and_then_leave(void **state)
{
    (void)state;
    const double a[] = {0, -1, 2, 3, 4}, b[] = {0, 0, 0, 0, 0};
    const pbt__rank_test test = test_of(a, 5, b, 5, true);
    assert_true(test.statistic == 12);
    /* Of 16 patterns the sums 0, 2, 12 and 14 are as far. */
    assert_near(test.p, 4 / 16.0, 1e-15);
}

static void nothing_but_zeros_shows_nothing(void **state)
{
    (void)state;
    const double a[] = {5, 5, 5, 5}, b[] = {5, 5, 5, 5};
    for (int is_paired = 0; is_paired < 2; is_paired++) {
        const pbt__rank_test test = test_of(a, 4, b, 4, is_paired != 0);
        assert_true(test.p == 1);
        assert_int_equal(test.direction, 0);
    }
}

static void many_equals_show_nothing_either(void **state)
{
    (void)state;
    double a[100];
    for (size_t i = 0; i < 100; i++) {
        a[i] = 0.25;
    }
    assert_true(test_of(a, 100, a, 100, true).p == 1);
    assert_true(test_of(a, 100, a, 100, false).p == 1);
}

static void small_groups_show_nothing(void **state)
{
    (void)state;
    assert_true(test_of(NULL, 0, NULL, 0, true).p == 1);
    assert_true(test_of(NULL, 0, HIGH, 4, false).p == 1);
    assert_true(test_of(HIGH, 4, NULL, 0, false).p == 1);
    assert_true(test_of(HIGH, 1, LOW, 1, false).p == 1);
    assert_true(pbt__least_p(0, 4, false) == 1);
    assert_true(pbt__least_p(4, 0, false) == 1);
    assert_true(pbt__least_p(0, 0, true) == 1);
    assert_true(pbt__least_p(1, 1, true) == 1);
    assert_true(pbt__least_p(1, 1, false) == 1);
}

static void a_missing_score_is_the_largest_difference(void **state)
{
    (void)state;
    const double a[] = {NAN_, 2, 3, 4, 5, NAN_}, b[] = {9, 1, 1, 1, 1, INFINITY_};
    const double a_finite[] = {-900, 2, 3, 4, 5, 0}, b_finite[] = {900, 1, 1, 1, 1, 0};
    const pbt__rank_test test = test_of(a, 6, b, 6, true);
    const pbt__rank_test same = test_of(a_finite, 6, b_finite, 6, true);
    assert_true(test.statistic == same.statistic && test.p == same.p);
}

static void holm_steps_down(void **state)
{
    (void)state;
    double p[] = {0.04, 0.01, 0.03, 0.005};
    const double expected[] = {0.06, 0.03, 0.06, 0.02};
    assert_int_equal(pbt__holm(p, 4), PBT_OK);
    for (size_t i = 0; i < 4; i++) {
        assert_near(p[i], expected[i], 1e-15);
    }
    double ones[] = {0.9, 1, 0.7};
    assert_int_equal(pbt__holm(ones, 3), PBT_OK);
    assert_true(ones[0] == 1 && ones[1] == 1 && ones[2] == 1);
    double lone = 0.03;
    assert_int_equal(pbt__holm(&lone, 1), PBT_OK);
    assert_true(lone == 0.03);
    assert_int_equal(pbt__holm(NULL, 0), PBT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(complete_separation_gives_the_least_p),
        cmocka_unit_test(equal_sizes_make_it_the_sign_test),
        cmocka_unit_test(ties_do_not_lower_the_least_p),
        cmocka_unit_test(zeros_are_ranked_and_then_leave),
        cmocka_unit_test(nothing_but_zeros_shows_nothing),
        cmocka_unit_test(many_equals_show_nothing_either),
        cmocka_unit_test(small_groups_show_nothing),
        cmocka_unit_test(a_missing_score_is_the_largest_difference),
        cmocka_unit_test(holm_steps_down),
    };
    return cmocka_run_group_tests_name("rank_test", tests, NULL, NULL);
}
