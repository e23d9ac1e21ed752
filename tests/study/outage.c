/* outage.c: failures that count, and failures that are nobody's. */
#include "support.h"

enum { SECOND_US = 1000000 };

static void create(bench *b, int population, const char *more)
{
    b->is_patient = true;
    bench_create(b, population, more);
}

/* Have every member report its first segment, and give back what was handed out meanwhile. */
static void begin(bench *b, int population)
{
    pbt__action actions[8];
    char names[8][4];
    for (int m = 0; m < population; m++) {
        snprintf(names[m], sizeof names[m], "w%d", m);
        actions[m] = bench_claim(b, names[m]);
        assert_int_equal(actions[m].verb, PBT__TRAIN);
    }
    for (int m = 0; m < population; m++) {
        b->now_us += 1000;
        pbt__reply reply;
        assert_ok(bench_try_report(b, names[m], &actions[m], 5 + m,
                                   actions[m].train.segment.end_step, &reply));
        if (reply.action.verb == PBT__TRAIN) {
            const pbt__claimant who = {names[m], names[m]};
            const pbt__assignment *train = &reply.action.train;
            assert_ok(pbt__study_release(b->study, &who, train->segment.id, train->attempt,
                                         train->resume_step, false, &b->error));
        }
    }
    b->now_us += SECOND_US;
}

static pbt__pause pause_of(bench *b)
{
    pbt__pause pause;
    pbt__study_pause(b->study, &pause);
    return pause;
}

/* Claim and fail, as a trainer whose script is gone. */
static pbt__action fail_next(bench *b, const char *worker)
{
    pbt__action action = bench_claim(b, worker);
    if (action.verb == PBT__TRAIN) {
        b->now_us += 1000;
        assert_ok(bench_fail(b, worker, &action, true));
    }
    return action;
}

static void a_retry_waits_and_others_are_handed_out_meanwhile(void **state)
{
    bench *b = *state;
    create(b, 2, "failure: {retries: 5}");
    begin(b, 2);
    pbt__action bad = fail_next(b, "a");
    pbt__action other = bench_claim(b, "a");
    assert_int_equal(other.train.segment.id.member, 1 - bad.train.segment.id.member);
    pbt__action wait = bench_claim(b, "b");
    assert_int_equal(wait.verb, PBT__WAIT);
    assert_true(wait.wait_seconds > 0.4 && wait.wait_seconds < 0.6);
    b->now_us += SECOND_US / 2 + 1;
    pbt__action again = bench_claim(b, "b");
    assert_int_equal(again.verb, PBT__TRAIN);
    assert_int_equal(again.train.segment.id.member, bad.train.segment.id.member);
    assert_ok(bench_fail(b, "b", &again, true));
    wait = bench_claim(b, "b");
    assert_int_equal(wait.verb, PBT__WAIT);
    b->now_us += SECOND_US / 2 + 1;
    assert_int_equal(bench_claim(b, "b").verb, PBT__WAIT); /* doubled */
    b->now_us += SECOND_US / 2;
    assert_int_equal(bench_claim(b, "b").verb, PBT__TRAIN);
}

/* A look between the end of a delay and the next claim reads the log outside of any transaction. */
static void a_look_loses_no_member(void **state)
{
    bench *b = *state;
    create(b, 1, "failure: {retries: 5}");
    begin(b, 1);
    (void)fail_next(b, "a");
    b->now_us += 2 * SECOND_US;
    (void)bench_summary(b);
    assert_int_equal(bench_claim(b, "a").verb, PBT__TRAIN);
    (void)bench_summary(b);
    assert_int_equal(bench_summary(b).worker_count, 1);
}

static void two_that_fail_alike_pause_the_study(void **state)
{
    bench *b = *state;
    create(b, 4, "mode: generational\nfailure: {retries: 0}");
    begin(b, 4);
    int failed = bench_count(b, "failed");
    (void)fail_next(b, "a"); /* the only attempt it has: held back */
    assert_false(pause_of(b).is_paused);
    (void)fail_next(b, "a");
    assert_true(pause_of(b).is_paused);
    assert_non_null(strstr(pause_of(b).why.message, "m0 and m1 failed alike: it broke"));
    assert_int_equal(bench_claim(b, "a").verb, PBT__WAIT);
    b->now_us += SECOND_US / 2 + 1;
    pbt__action probe = bench_claim(b, "a");
    assert_int_equal(probe.train.segment.id.member, 2); /* one that has not been asked */
    assert_int_equal(bench_claim(b, "b").verb, PBT__WAIT);
    b->now_us += 1000;
    (void)bench_report(b, "a", &probe, 1);
    assert_false(pause_of(b).is_paused);
    assert_int_equal(bench_claim(b, "b").verb, PBT__TRAIN);
    assert_int_equal(bench_count(b, "failed"), failed);
    assert_int_equal(bench_problems(b), 0);
}

static void an_outage_outlasts_patience_and_nobody_is_given_up(void **state)
{
    bench *b = *state;
    create(b, 4, "failure: {retries: 1, patience: 20}");
    begin(b, 4);
    int probes = 0;
    int64_t began_us = b->now_us;
    while (!pause_of(b).is_over) {
        probes += fail_next(b, "a").verb == PBT__TRAIN ? 1 : 0;
        b->now_us += SECOND_US / 4;
    }
    assert_in_range(probes, 5, 12);
    assert_in_range((b->now_us - began_us) / SECOND_US, 20, 25);
    assert_int_equal(bench_claim(b, "a").verb, PBT__WAIT);
    assert_int_equal(bench_count(b, "rescued"), 0);
    assert_int_equal(bench_summary(b).worker_count, 0);
    assert_int_equal(bench_summary(b).failed_count, 0);
    bench_reopen(b);
    assert_int_equal(bench_claim(b, "a").verb, PBT__TRAIN);
}

static void one_that_fails_while_later_ones_succeed_is_given_up(void **state)
{
    bench *b = *state;
    create(b, 3, "failure: {retries: 1}");
    begin(b, 3);
    pbt__action bad = fail_next(b, "a");
    pbt__action good = bench_claim(b, "a");
    b->now_us += SECOND_US;
    pbt__action again = bench_claim_member(b, bad.train.segment.id.member, "b");
    (void)bench_report(b, "a", &good, 1);
    assert_ok(bench_fail(b, "b", &again, true));
    json_t *failed = bench_last(b, "failed");
    assert_true(json_is_true(json_object_get(failed, "gave_up")));
    json_decref(failed);
    assert_int_equal(bench_count(b, "rescued"), 1);
}

/* The last of its round, say: nobody is left to show that it is to blame. */
static void the_last_failure_of_one_alone_is_held_back_for_a_while(void **state)
{
    bench *b = *state;
    create(b, 1, "failure: {retries: 0, patience: 100}");
    begin(b, 1);
    int64_t began_us = b->now_us;
    while (bench_count(b, "failed") == 0) {
        (void)fail_next(b, "a");
        b->now_us += SECOND_US / 10;
    }
    assert_in_range((b->now_us - began_us) / SECOND_US, 10, 20);
}

static void without_patience_every_failure_counts(void **state)
{
    bench *b = *state;
    create(b, 4, "failure: {retries: 1, patience: 0}");
    begin(b, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(fail_next(b, "a").verb, PBT__TRAIN);
    }
    assert_int_equal(bench_count(b, "failed"), 4);
    assert_false(pause_of(b).is_paused);
}

static void what_cannot_be_begun_is_nobodys_failure(void **state)
{
    bench *b = *state;
    create(b, 2, "failure: {retries: 0}");
    begin(b, 2);
    pbt__action action = bench_claim(b, "a");
    const pbt__claimant who = {"a", "a"};
    const pbt__failure failure = {.segment = action.train.segment.id,
                                  .attempt = action.train.attempt,
                                  .message = "cannot make a pipe",
                                  .can_retry = true};
    const pbt_error why = {.code = PBT_ERR_RESOURCE, .message = "cannot make a pipe"};
    pbt__action next;
    assert_ok(pbt__study_hinder(b->study, &who, &failure, &why, &next, &b->error));
    assert_int_equal(next.verb, PBT__WAIT);
    assert_true(pause_of(b).is_paused && pause_of(b).is_own);
    assert_int_equal(bench_count(b, "failed"), 0);
    b->now_us += SECOND_US;
    action = bench_claim(b, "a");
    b->now_us += 1000;
    (void)bench_report(b, "a", &action, 1);
    assert_false(pause_of(b).is_paused);
}

static void a_certain_error_of_two_ends_a_study_that_never_reported(void **state)
{
    bench *b = *state;
    create(b, 8, "");
    const char *const workers[] = {"a", "b"};
    for (int i = 0; i < 2; i++) {
        pbt__action action = bench_claim(b, workers[i]);
        assert_int_equal(action.verb, PBT__TRAIN);
        const pbt__claimant who = {workers[i], workers[i]};
        const pbt__failure failure = {.segment = action.train.segment.id,
                                      .attempt = action.train.attempt,
                                      .message = "the trainer gave no metric 'score'",
                                      .can_retry = true,
                                      .is_certain = true};
        assert_ok(pbt__study_fail(b->study, &who, &failure, NULL, &b->error));
    }
    assert_string_equal(bench_summary(b).stop_reason, "broken");
    assert_int_equal(bench_count(b, "failed"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)
        TEST(a_retry_waits_and_others_are_handed_out_meanwhile),
        TEST(a_look_loses_no_member),
        TEST(two_that_fail_alike_pause_the_study),
        TEST(an_outage_outlasts_patience_and_nobody_is_given_up),
        TEST(one_that_fails_while_later_ones_succeed_is_given_up),
        TEST(the_last_failure_of_one_alone_is_held_back_for_a_while),
        TEST(without_patience_every_failure_counts),
        TEST(what_cannot_be_begun_is_nobodys_failure),
        TEST(a_certain_error_of_two_ends_a_study_that_never_reported),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
