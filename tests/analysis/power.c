/* power.c: what seeds can find, at the ends; in between SciPy says (scipy_oracle.py). */
#include "near.h"

#include <gsl/gsl_cdf.h>

#include "analysis/power.h"

static pbt__detectable detect(size_t n, size_t m, bool is_paired, double alpha)
{
    const pbt__design design = {n, m, is_paired, alpha};
    pbt__detectable out;
    assert_int_equal(pbt__power(&design, &out), PBT_OK);
    return out;
}

static void too_few_seeds_find_nothing(void **state)
{
    (void)state;
    assert_true(detect(3, 3, false, 0.05).deviations == INFINITY_);
    assert_true(detect(5, 5, true, 0.05).deviations == INFINITY_);
    assert_true(detect(0, 5, false, 0.05).deviations == INFINITY_);
    assert_true(detect(5, 5, true, 0.05).probability == 1);
    assert_true(isfinite(detect(4, 4, false, 0.05).deviations));
    assert_true(isfinite(detect(6, 6, true, 0.05).deviations));
    assert_true(detect(6, 6, true, 0.05 / 3).deviations == INFINITY_);
}

static void least_seeds(void **state)
{
    (void)state;
    assert_int_equal(pbt__least_seeds(true, 0.05), 6);
    assert_int_equal(pbt__least_seeds(false, 0.05), 4);
    assert_int_equal(pbt__least_seeds(true, 0.05 / 3), 7);
    assert_int_equal(pbt__least_seeds(false, 0.05 / 3), 5);
    assert_int_equal(pbt__least_seeds(false, 1), 1);
}

/* With six pairs all must be of one sign: P = below(d)^6 + a share that is nothing. */
static void six_pairs_are_known(void **state)
{
    (void)state;
    const double expected = gsl_cdf_ugaussian_Pinv(pow(0.8, 1 / 6.0));
    assert_near(detect(6, 6, true, 0.05).deviations, expected, 0.06);
}

static void more_seeds_find_less(void **state)
{
    (void)state;
    for (int is_paired = 0; is_paired < 2; is_paired++) {
        double before = INFINITY_;
        for (size_t n = 6; n <= 90; n += 7) {
            const pbt__detectable found = detect(n, n, is_paired != 0, 0.05);
            assert_true(found.deviations < before);
            assert_true(found.probability > 0.5 && found.probability < 1);
            before = found.deviations;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_few_seeds_find_nothing),
        cmocka_unit_test(least_seeds),
        cmocka_unit_test(six_pairs_are_known),
        cmocka_unit_test(more_seeds_find_less),
    };
    return cmocka_run_group_tests_name("power", tests, NULL, NULL);
}
