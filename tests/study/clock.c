/* clock.c: stop.seconds counts training, whatever happens between. */
#include "support.h"

static const char LIMIT[] = "stop: {steps: 1000, seconds: 60}\nlease: {seconds: 30}\n"
                            "failure: {retries: 9, lost: 9}";

static void pass(bench *b, int seconds)
{
    b->now_us += seconds * INT64_C(1000000);
}

static pbt__verb beat(bench *b, const char *worker, const pbt__action *action)
{
    const pbt__claimant who = {.worker = worker, .session = worker};
    pbt__verb verb = PBT__WAIT;
    const pbt__pulse pulse = {
        .segment = action->train.segment.id, .attempt = action->train.attempt, .step = 1};
    assert_ok(pbt__study_heartbeat(b->study, &who, &pulse, &verb, &b->error));
    return verb;
}

static void give_back(bench *b, const char *worker, const pbt__action *action)
{
    const pbt__claimant who = {.worker = worker, .session = worker};
    assert_ok(pbt__study_release(b->study, &who, action->train.segment.id, action->train.attempt, 0,
                                 false, &b->error));
}

/* What the log says was trained when it last spoke of it. Units: seconds */
static int timed(bench *b)
{
    json_t *event = bench_last(b, "timed");
    const json_int_t trained_us = json_integer_value(json_object_get(event, "trained_us"));
    json_decref(event);
    assert_int_equal(trained_us % 1000000, 0);
    return (int)(trained_us / 1000000);
}

static void time_passes_while_somebody_trains(void **state)
{
    bench *b = *state;
    bench_create(b, 2, LIMIT);
    pass(b, 1000);
    pbt__action action = bench_claim(b, "a");
    pass(b, 20);
    action = bench_report(b, "a", &action, 1).action;
    pass(b, 20);
    give_back(b, "a", &action);
    assert_int_equal(timed(b), 40);
    pass(b, 1000);
    action = bench_claim(b, "a");
    pass(b, 19);
    assert_int_equal(beat(b, "a", &action), PBT__TRAIN);
    pass(b, 1);
    assert_int_equal(beat(b, "a", &action), PBT__STOP);
    assert_int_equal(bench_summary(b).stop, PBT__STOP_SECONDS);
    give_back(b, "a", &action);
    assert_int_equal(timed(b), 60);
    assert_int_equal(bench_problems(b), 0);
}

/* Two who train at once are one training. */
static void time_passes_once(void **state)
{
    bench *b = *state;
    bench_create(b, 2, LIMIT);
    pbt__action first = bench_claim(b, "a");
    pass(b, 10);
    pbt__action second = bench_claim(b, "b");
    pass(b, 10);
    give_back(b, "a", &first);
    pass(b, 10);
    give_back(b, "b", &second);
    assert_int_equal(timed(b), 30);
}

/* The process dies 3 seconds after its last heartbeat and is started again a day later. */
static void a_crash_is_a_pause(void **state)
{
    bench *b = *state;
    bench_create(b, 2, LIMIT);
    pbt__action action = bench_claim(b, "a");
    pass(b, 25);
    assert_int_equal(beat(b, "a", &action), PBT__TRAIN);
    pass(b, 86400);
    bench_reopen(b);
    assert_int_equal(timed(b), 25);
    pass(b, 5);
    assert_ok(pbt__study_end_leases(b->study, "a", false, &b->error));
    assert_int_equal(timed(b), 30);
    assert_int_equal(bench_problems(b), 0);
}

/* A server whose only worker is gone hears of it when somebody claims again. */
static void a_lost_lease_is_a_pause(void **state)
{
    bench *b = *state;
    bench_create(b, 2, LIMIT);
    pbt__action action = bench_claim(b, "a");
    pass(b, 20);
    assert_int_equal(beat(b, "a", &action), PBT__TRAIN);
    pass(b, 86400);
    action = bench_claim(b, "b");
    assert_int_equal(action.verb, PBT__TRAIN);
    assert_int_equal(timed(b), 20);
    assert_int_equal(bench_count(b, "failed"), 1);
}

/* A round need not end first. */
static void a_round_is_not_waited_for(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "mode: generational\nstop: {steps: 1000, seconds: 60}");
    pbt__action action = bench_claim(b, "a");
    pass(b, 61);
    assert_int_equal(beat(b, "a", &action), PBT__STOP);
}

static void a_limit_that_is_set_later_counts_from_then(void **state)
{
    bench *b = *state;
    const char *key = "stop.seconds", *value = "60";
    bench_create(b, 2, "lease: {seconds: 3000}");
    pbt__action action = bench_claim(b, "a");
    pass(b, 1000);
    action = bench_report(b, "a", &action, 1).action;
    assert_ok(pbt__study_amend(b->study, &key, &value, 1, &b->error));
    pass(b, 59);
    assert_int_equal(beat(b, "a", &action), PBT__TRAIN);
    pass(b, 1);
    assert_int_equal(beat(b, "a", &action), PBT__STOP);
    value = "90";
    assert_ok(pbt__study_amend(b->study, &key, &value, 1, &b->error));
    pass(b, 29);
    assert_int_equal(beat(b, "a", &action), PBT__TRAIN);
    pass(b, 1);
    assert_int_equal(beat(b, "a", &action), PBT__STOP);
}

/* Studies without a limit have no clock. */
static void no_limit_no_events(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "");
    pbt__action action = bench_claim(b, "a");
    give_back(b, "a", &action);
    assert_int_equal(bench_count(b, "timed"), 0);
    assert_true(isinf(pbt__study_seconds_left(b->study)));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(time_passes_while_somebody_trains),
        CASE(time_passes_once),
        CASE(a_crash_is_a_pause),
        CASE(a_lost_lease_is_a_pause),
        CASE(a_round_is_not_waited_for),
        CASE(a_limit_that_is_set_later_counts_from_then),
        CASE(no_limit_no_events),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
