/* bootstrap.c: intervals that can be known without drawing, and what pairing changes. */
#include "near.h"

#include <gsl/gsl_cdf.h>

#include "analysis/bootstrap.h"

static pbt__advantage compare(const double *a, size_t n, const double *b, size_t m, bool is_paired)
{
    const pbt__score_pair pair = {a, b, n, m, is_paired};
    pbt__advantage out;
    assert_int_equal(pbt__bootstrap_advantage(&pair, &out), PBT_OK);
    return out;
}

static void the_same_scores_give_the_same_interval(void **state)
{
    (void)state;
    const double scores[] = {3, 1, 4, 1.5, 9, 2.6, 5};
    double iqm = 0;
    pbt__interval first, second;
    assert_int_equal(pbt__bootstrap_iqm(scores, 7, &iqm, &first), PBT_OK);
    assert_int_equal(pbt__bootstrap_iqm(scores, 7, &iqm, &second), PBT_OK);
    assert_true(first.low == second.low && first.high == second.high);
    assert_true(first.low < iqm && iqm < first.high);
}

/* Of three scores 0 or 1, with one 1, the mean of a resample is Binomial(3, 1/3) / 3. */
static void the_interval_is_the_binomials(void **state)
{
    (void)state;
    const double scores[] = {0, 1, 0};
    double iqm = 0;
    pbt__interval interval;
    assert_int_equal(pbt__bootstrap_iqm(scores, 3, &iqm, &interval), PBT_OK);
    assert_near(iqm, 1 / 3.0, 1e-15);
    assert_true(gsl_cdf_binomial_P(0, 1 / 3.0, 3) > 0.29);
    assert_true(interval.low == 0);
    /* P(3 ones) = 1/27 > 0.025 */
    assert_true(interval.high == 1);
    const double rarer[] = {0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    assert_int_equal(pbt__bootstrap_iqm(rarer, 10, &iqm, &interval), PBT_OK);
    /* Ones beyond the two that are trimmed: P(X > 3) < 0.025 < P(X > 2), X ~ Binomial(10, 0.1). */
    assert_true(gsl_cdf_binomial_Q(3, 0.1, 10) < 0.02 && gsl_cdf_binomial_Q(2, 0.1, 10) > 0.06);
    assert_near(interval.high, 1 / 6.0, 1e-15);
}

static void equal_scores_have_no_width(void **state)
{
    (void)state;
    const double a[] = {0.1, 0.1, 0.1, 0.1, 0.1}, b[] = {0.1, 0.1, 0.1};
    const pbt__advantage out = compare(a, 5, b, 3, false);
    assert_near(out.difference, 0, 1e-16);
    assert_true(out.probability == 0.5);
    assert_true(out.probability_interval.low == 0.5 && out.probability_interval.high == 0.5);
}

/* One seed says nothing about others: there is no interval, on either side of a comparison. */
static void one_seed_has_no_interval(void **state)
{
    (void)state;
    const double a = 2, b[] = {1, 0};
    double iqm = 0;
    pbt__interval interval = {0, 0};
    assert_int_equal(pbt__bootstrap_iqm(&a, 1, &iqm, &interval), PBT_OK);
    assert_true(iqm == 2 && isnan(interval.low) && isnan(interval.high));
    const pbt__advantage alone = compare(&a, 1, b, 1, true);
    assert_true(alone.difference == 1 && isnan(alone.difference_interval.low));
    const pbt__advantage out = compare(&a, 1, b, 2, false);
    assert_true(out.probability == 1 && isnan(out.probability_interval.high));
}

static void nothing_has_no_estimate(void **state)
{
    (void)state;
    double iqm = 0;
    pbt__interval interval;
    assert_int_equal(pbt__bootstrap_iqm(NULL, 0, &iqm, &interval), PBT_OK);
    assert_true(isnan(iqm) && isnan(interval.low) && isnan(interval.high));
    const double a = 1;
    const pbt__advantage out = compare(&a, 1, NULL, 0, false);
    assert_true(isnan(out.difference) && isnan(out.probability_interval.low));
}

/* Seeds move both groups alike: as pairs the difference is constant, as groups it is not. */
static void pairs_are_drawn_as_pairs(void **state)
{
    (void)state;
    const double a[] = {11, 22, 33, 44, 55, 66}, b[] = {10, 21, 32, 43, 54, 65};
    const pbt__advantage paired = compare(a, 6, b, 6, true);
    const pbt__advantage apart = compare(a, 6, b, 6, false);
    assert_near(paired.difference_interval.low, 1, 1e-12);
    assert_near(paired.difference_interval.high, 1, 1e-12);
    assert_true(apart.difference_interval.low < -10 && apart.difference_interval.high > 10);
    assert_true(paired.probability == apart.probability);
}

static void the_order_of_the_groups_turns_the_sign(void **state)
{
    (void)state;
    const double a[] = {3, 8, 5, 7, 7}, b[] = {2, 7, 1, 6, 3};
    const pbt__advantage forth = compare(a, 5, b, 5, true);
    const pbt__advantage back = compare(b, 5, a, 5, true);
    assert_near(forth.difference, -back.difference, 1e-15);
    assert_near(forth.probability, 1 - back.probability, 1e-15);
    assert_near(forth.difference_interval.low, -back.difference_interval.high, 1e-12);
}

/* Two of three studies without a score: no mean, yet the probability of improvement stands. */
static void studies_without_a_score_count_as_the_worst(void **state)
{
    (void)state;
    const double a[] = {1, 2, 3}, b[] = {NAN_, INFINITY_, 5};
    const pbt__advantage out = compare(a, 3, b, 3, false);
    assert_true(out.difference == INFINITY_);
    assert_near(out.probability, 6 / 9.0, 1e-15);
    assert_true(out.difference_interval.high == INFINITY_);
    assert_true(!isnan(out.difference_interval.low));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_scores_give_the_same_interval),
        cmocka_unit_test(the_interval_is_the_binomials),
        cmocka_unit_test(equal_scores_have_no_width),
        cmocka_unit_test(one_seed_has_no_interval),
        cmocka_unit_test(nothing_has_no_estimate),
        cmocka_unit_test(pairs_are_drawn_as_pairs),
        cmocka_unit_test(the_order_of_the_groups_turns_the_sign),
        cmocka_unit_test(studies_without_a_score_count_as_the_worst),
    };
    return cmocka_run_group_tests_name("bootstrap", tests, NULL, NULL);
}
