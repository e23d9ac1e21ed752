/* normal.c: the normal distribution against GSL. */
#include "near.h"

#include <gsl/gsl_cdf.h>

#include "analysis/normal.h"

static void below_agrees_with_gsl(void **state)
{
    (void)state;
    for (int step = -800; step <= 800; step++) {
        const double z = step / 100.0;
        assert_near(pbt__normal_below(z), gsl_cdf_ugaussian_P(z), 1e-15);
    }
    assert_near(pbt__normal_below(-30) / gsl_cdf_ugaussian_P(-30), 1, 1e-12);
}

static void quantiles_agree_with_gsl(void **state)
{
    (void)state;
    const double shares[] = {1e-9, 1e-4, 0.025, 0.2, 0.5, 0.7, 0.8, 0.975, 0.9999, 1 - 1e-9};
    for (size_t i = 0; i < COUNT(shares); i++) {
        const double expected = gsl_cdf_ugaussian_Pinv(shares[i]);
        assert_near(pbt__normal_quantile(shares[i]), expected, 1e-8);
        assert_near(pbt__normal_below(pbt__normal_quantile(shares[i])), shares[i], 1e-15);
    }
}

static void ends_are_infinite(void **state)
{
    (void)state;
    assert_true(pbt__normal_quantile(0) == -INFINITY_);
    assert_true(pbt__normal_quantile(-1) == -INFINITY_);
    assert_true(pbt__normal_quantile(1) == INFINITY_);
    assert_true(pbt__normal_quantile(1.5) == INFINITY_);
    assert_true(pbt__normal_below(-INFINITY_) == 0);
    assert_true(pbt__normal_below(INFINITY_) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(below_agrees_with_gsl),
        cmocka_unit_test(quantiles_agree_with_gsl),
        cmocka_unit_test(ends_are_infinite),
    };
    return cmocka_run_group_tests_name("normal", tests, NULL, NULL);
}
