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

static void a_long_silence_is_a_pause(void **state)
{
    (void)state;
    const double times[] = {10, 20, 31, 40, 4040, 4050, 4400, 4410};
    double spans[] = {10, 10, 11, 9, 4000, 10, 350, 10};
    const pbt__pauses pauses = pbt__pauses_find(times, spans, 8);
    assert_int_equal(pauses.count, 2);
    assert_near(pauses.seconds, 4350, 1e-9);
}

/* Eight members in rounds of ten minutes: bursts of reports, and no pause. */
static void rounds_are_no_pauses(void **state)
{
    (void)state;
    double times[80], spans[80];
    for (int i = 0; i < 80; i++) {
        const int round = i / 8;
        times[i] = 600 * (round + 1) + i % 8;
        spans[i] = 600;
    }
    assert_int_equal(pbt__pauses_find(times, spans, 80).count, 0);
    assert_int_equal(pbt__pauses_find(NULL, NULL, 0).count, 0);
    double quick[] = {1, 1, 1};
    assert_int_equal(pbt__pauses_find((const double[]){1, 2, 50}, quick, 3).count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_improvements_are_points),
        cmocka_unit_test(the_best_by_then),
        cmocka_unit_test(several_reports_at_once_count_together),
        cmocka_unit_test(a_long_silence_is_a_pause),
        cmocka_unit_test(rounds_are_no_pauses),
    };
    return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
