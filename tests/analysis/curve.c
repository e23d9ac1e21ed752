/* curve.c: the best so far, over work and over time. */
#include "near.h"

#include "analysis/curve.h"

static void add(pbt__curve *curve, int64_t steps, double seconds, double score, int64_t age)
{
    const pbt__curve_point report = {steps, seconds, score, age, {0, (int32_t)steps}};
    assert_int_equal(pbt__curve_add(curve, &report), PBT_OK);
}

static void only_improvements_are_points(void **state)
{
    (void)state;
    pbt__curve curve = {0};
    add(&curve, 10, 1, NAN_, 10);
    add(&curve, 20, 2, 0.5, 10);
    add(&curve, 30, 3, 0.5, 20);
    add(&curve, 40, 4, 0.4, 20);
    add(&curve, 50, 5, 0.7, 30);
    add(&curve, 60, 6, INFINITY_, 30);
    assert_int_equal(curve.count, 2);
    assert_int_equal(curve.points[0].steps, 20);
    assert_int_equal(curve.points[1].age, 30);
    assert_true(pbt__curve_end(&curve, PBT__AXIS_STEPS) == 60);
    assert_true(pbt__curve_end(&curve, PBT__AXIS_SECONDS) == 6);
    pbt__curve_fini(&curve);
}

static void the_best_by_then(void **state)
{
    (void)state;
    pbt__curve curve = {0};
    assert_null(pbt__curve_at(&curve, PBT__AXIS_STEPS, 1e9));
    for (int i = 1; i <= 100; i++) {
        add(&curve, 10 * i, i / 2.0, i, i);
    }
    assert_null(pbt__curve_at(&curve, PBT__AXIS_STEPS, 9.9));
    for (int i = 1; i <= 100; i++) {
        assert_true(pbt__curve_at(&curve, PBT__AXIS_STEPS, 10 * i)->score == i);
        assert_true(pbt__curve_at(&curve, PBT__AXIS_STEPS, 10 * i + 9)->score == i);
        assert_true(pbt__curve_at(&curve, PBT__AXIS_SECONDS, i / 2.0)->score == i);
    }
    assert_true(pbt__curve_at(&curve, PBT__AXIS_SECONDS, 1e9)->score == 100);
    pbt__curve_fini(&curve);
}

static void several_reports_at_once_count_together(void **state)
{
    (void)state;
    pbt__curve curve = {0};
    add(&curve, 10, 1, 1, 1);
    add(&curve, 10, 1, 3, 2);
    add(&curve, 10, 1, 2, 3);
    assert_true(pbt__curve_at(&curve, PBT__AXIS_STEPS, 10)->score == 3);
    pbt__curve_fini(&curve);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_improvements_are_points),
        cmocka_unit_test(the_best_by_then),
        cmocka_unit_test(several_reports_at_once_count_together),
    };
    return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
