/* scores.c: interquartile mean and quantiles against GSL, and where they degenerate. */
#include "near.h"

#include <gsl/gsl_statistics_double.h>

#include "analysis/scores.h"
#include "core/rng.h"

enum { MOST = 41 };

static void fill(double *scores, size_t count)
{
    pbt__rng rng = pbt__rng_stream(7, 0, (int32_t)count, PBT__PURPOSE_SEED, 0);
    for (size_t i = 0; i < count; i++) {
        scores[i] = pbt__rng_normal(&rng);
    }
    pbt__scores_sort(scores, count);
}

static void quantiles_agree_with_gsl(void **state)
{
    (void)state;
    double scores[MOST];
    for (size_t count = 1; count <= MOST; count++) {
        fill(scores, count);
        for (int step = 0; step <= 40; step++) {
            const double expected =
                gsl_stats_quantile_from_sorted_data(scores, 1, count, step / 40.0);
            assert_near(pbt__numbers_quantile(scores, count, step / 40.0), expected, 1e-14);
        }
    }
}

static void percentiles_need_no_order(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 300; count++) {
        double sorted[300], mixed[300];
        pbt__rng rng = pbt__rng_stream(7, 0, (int32_t)count, PBT__PURPOSE_SEED, 0);
        for (size_t i = 0; i < count; i++) {
            mixed[i] = sorted[i] = pbt__rng_below(&rng, 90) / 10.0; /* many are equal */
        }
        mixed[0] = sorted[0] = count % 2 == 0 ? INFINITY_ : -INFINITY_;
        pbt__numbers_sort(sorted, count);
        for (int step = 0; step <= 20; step++) {
            const double expected = pbt__numbers_quantile(sorted, count, step / 20.0);
            assert_true(pbt__numbers_percentile(mixed, count, step / 20.0) == expected);
        }
        for (size_t place = 0; place < count; place++) {
            assert_true(pbt__numbers_select(mixed, count, place) == sorted[place]);
        }
    }
}

/* Four scores lose one at each end, and so does each further four. */
static void iqm_agrees_with_gsl(void **state)
{
    (void)state;
    double scores[MOST];
    for (size_t count = 1; count <= MOST; count++) {
        fill(scores, count);
        const double expected = gsl_stats_trmean_from_sorted_data(0.25, scores, 1, count);
        assert_near(pbt__scores_iqm(scores, NULL, count, count), expected, 1e-14);
    }
}

static void counts_say_how_often_a_score_occurs(void **state)
{
    (void)state;
    const double distinct[] = {1, 2, 5, 11, 20};
    const size_t counts[] = {3, 0, 1, 4, 2};
    const double all[] = {1, 1, 1, 5, 11, 11, 11, 11, 20, 20};
    assert_near(pbt__scores_iqm(distinct, counts, 5, 10), pbt__scores_iqm(all, NULL, 10, 10),
                1e-15);
    const size_t lone[] = {0, 0, 0, 0, 7};
    assert_true(pbt__scores_iqm(distinct, lone, 5, 7) == 20);
}

static void one_score_is_its_own_summary(void **state)
{
    (void)state;
    const double score = 0.3;
    assert_true(pbt__scores_iqm(&score, NULL, 1, 1) == 0.3);
    assert_true(pbt__numbers_quantile(&score, 1, 0.975) == 0.3);
}

static void nothing_has_no_summary(void **state)
{
    (void)state;
    assert_true(isnan(pbt__scores_iqm(NULL, NULL, 0, 0)));
    assert_true(isnan(pbt__numbers_quantile(NULL, 0, 0.5)));
    pbt__scores_sort(NULL, 0);
}

/* NaN and both infinities count alike, as the worst; trimming may save the mean. */
static void what_is_not_finite_is_the_worst(void **state)
{
    (void)state;
    double few[] = {3, INFINITY_, 5, 4};
    pbt__scores_sort(few, 4);
    assert_true(few[0] == -INFINITY_);
    assert_true(pbt__scores_iqm(few, NULL, 4, 4) == 3.5);
    double many[] = {NAN_, 3, INFINITY_, 5};
    pbt__scores_sort(many, 4);
    assert_true(many[1] == -INFINITY_ && many[2] == 3);
    assert_true(pbt__scores_iqm(many, NULL, 4, 4) == -INFINITY_);
    assert_true(pbt__numbers_quantile(many, 4, 0.5) == -INFINITY_);
    assert_true(pbt__numbers_quantile(many, 4, 1) == 5);
}

/* Sums of these are beyond a double, their means are not. */
static void large_scores_do_not_overflow(void **state)
{
    (void)state;
    const double large[] = {1e308, 1e308, 1.25e308, 1.5e308}, wide[] = {-1.5e308, 1.5e308};
    assert_near(pbt__scores_iqm(large, NULL, 4, 4), 1.125e308, 1e-14);
    assert_near(pbt__numbers_quantile(large, 4, 0.5), 1.125e308, 1e-14);
    assert_true(pbt__numbers_quantile(wide, 2, 0.5) == 0);
    assert_true(pbt__numbers_quantile(wide, 2, 0.25) == -0.75e308);
}

static void differences_of_equals_are_zero(void **state)
{
    (void)state;
    assert_true(pbt__score_difference(-INFINITY_, -INFINITY_) == 0);
    assert_true(pbt__score_difference(1, -INFINITY_) == INFINITY_);
    assert_true(pbt__score_difference(3, 1) == 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_agree_with_gsl),
        cmocka_unit_test(percentiles_need_no_order),
        cmocka_unit_test(iqm_agrees_with_gsl),
        cmocka_unit_test(counts_say_how_often_a_score_occurs),
        cmocka_unit_test(one_score_is_its_own_summary),
        cmocka_unit_test(nothing_has_no_summary),
        cmocka_unit_test(what_is_not_finite_is_the_worst),
        cmocka_unit_test(large_scores_do_not_overflow),
        cmocka_unit_test(differences_of_equals_are_zero),
    };
    return cmocka_run_group_tests_name("scores", tests, NULL, NULL);
}
