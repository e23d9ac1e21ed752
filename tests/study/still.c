/* still.c: for how long a step may stand still before that is said. */
#include "support.h"

#include "study/still.h"

enum { SECOND_US = 1000000 };

static void a_minute_and_twenty_medians_are_odd(void **state)
{
    (void)state;
    assert_false(pbt__is_still(60 * SECOND_US, SECOND_US));
    assert_true(pbt__is_still(61 * SECOND_US, SECOND_US));
    assert_false(pbt__is_still(200 * SECOND_US, 10 * SECOND_US));
    assert_true(pbt__is_still(201 * SECOND_US, 10 * SECOND_US));
    assert_false(pbt__is_still(INT64_MAX, 0)); /* nobody has reported */
}

static void the_median_is_of_the_newest(void **state)
{
    (void)state;
    pbt__pace pace = {0};
    assert_int_equal(pbt__pace_median(&pace), 0);
    pbt__pace_add(&pace, 9);
    assert_int_equal(pbt__pace_median(&pace), 9);
    pbt__pace_add(&pace, 1000);
    pbt__pace_add(&pace, 1);
    assert_int_equal(pbt__pace_median(&pace), 9);
    for (int i = 0; i < PBT__PACE_WINDOW; i++) {
        pbt__pace_add(&pace, 7);
    }
    assert_int_equal(pbt__pace_median(&pace), 7);
}

static void beat(bench *b, const pbt__action *action, int64_t step)
{
    const pbt__claimant who = {.worker = "a", .session = "a"};
    const pbt__pulse pulse = {
        .segment = action->train.segment.id, .attempt = action->train.attempt, .step = step};
    pbt__verb verb;
    assert_ok(pbt__study_heartbeat(b->study, &who, &pulse, &verb, &b->error));
}

static bool is_told(bench *b, pbt__still *out)
{
    return pbt__study_find_still(b->study, b->now_us, out);
}

static void one_that_stands_still_is_told_once(void **state)
{
    bench *b = *state;
    pbt__still still;
    b->is_patient = true;
    bench_create(b, 1, "");
    pbt__action action = bench_claim(b, "a");
    b->now_us += 100 * SECOND_US;
    assert_false(is_told(b, &still)); /* what is usual is not known yet */
    b->now_us += 10 * SECOND_US;
    beat(b, &action, 1);
    b->now_us += 10 * SECOND_US;
    action = bench_report(b, "a", &action, 1).action;
    for (int i = 0; i < 24; i++) { /* 2400 seconds are 20 times 120 */
        b->now_us += 100 * SECOND_US;
        beat(b, &action, action.train.segment.start_step);
        assert_false(is_told(b, &still));
    }
    b->now_us += 2 * SECOND_US * 20;
    assert_true(is_told(b, &still));
    assert_int_equal(still.segment.member, 0);
    assert_int_equal(still.segment.number, 1);
    assert_true(still.seconds > 2439 && still.seconds < 2441);
    assert_false(is_told(b, &still));
    action = bench_report(b, "a", &action, 1).action;
    assert_false(is_told(b, &still));
}

static void nobody_is_told_of_one_that_is_gone_or_will_be_ended(void **state)
{
    bench *b = *state;
    pbt__still still;
    b->is_patient = true;
    bench_create(b, 1, "lease: {seconds: 300}");
    pbt__action action = bench_claim(b, "a");
    b->now_us += SECOND_US;
    (void)bench_report(b, "a", &action, 1);
    b->now_us += 299 * SECOND_US;
    const char *key = "lease.stall_seconds", *value = "1000";
    assert_ok(pbt__study_amend(b->study, &key, &value, 1, &b->error));
    assert_false(is_told(b, &still));
    value = "0";
    assert_ok(pbt__study_amend(b->study, &key, &value, 1, &b->error));
    b->now_us += SECOND_US;
    assert_false(is_told(b, &still));
    b->now_us -= SECOND_US;
    assert_true(is_told(b, &still));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minute_and_twenty_medians_are_odd),
        cmocka_unit_test(the_median_is_of_the_newest),
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)
        TEST(one_that_stands_still_is_told_once),
        TEST(nobody_is_told_of_one_that_is_gone_or_will_be_ended),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
