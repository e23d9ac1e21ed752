/* outage.c: failures that count, and failures that are nobody's. */
#include "support.h"

enum { SECOND_US = 1000000 };

static void create(bench *b, int population, const char *more)
{
    b->is_patient = true;
    bench_create(b, population, more);
}

/* Report, and give back what that is answered with. */
static void report_only(bench *b, const char *worker, const pbt__action *action, double score)
{
    pbt__reply reply;
    b->now_us += 1000;
    assert_ok(bench_try_report(b, worker, action, score, action->train.segment.end_step, &reply));
    if (reply.action.verb == PBT__TRAIN) {
        const pbt__claimant who = {worker, worker};
        const pbt__assignment *train = &reply.action.train;
        assert_ok(pbt__study_release(b->study, &who, train->segment.id, train->attempt,
                                     train->resume_step, false, &b->error));
    }
}

/* Have every member report its first segment. */
static void begin(bench *b, int population)
{
    pbt__action actions[8];
    char names[8][16];
    for (int m = 0; m < population; m++) {
        snprintf(names[m], sizeof names[m], "w%d", m);
        actions[m] = bench_claim(b, names[m]);
        assert_int_equal(actions[m].verb, PBT__TRAIN);
    }
    for (int m = 0; m < population; m++) {
        report_only(b, names[m], &actions[m], 5 + m);
    }
    b->now_us += SECOND_US;
}

static pbt__pause pause_of(bench *b)
{
    pbt__pause pause;
    pbt__study_pause(b->study, &pause);
    return pause;
}

static void fail_with(bench *b, const char *worker, const pbt__action *action, const char *message)
{
    const pbt__claimant who = {worker, worker};
    const pbt__failure failure = {.segment = action->train.segment.id,
                                  .attempt = action->train.attempt,
                                  .message = message,
                                  .can_retry = true};
    b->now_us += 1000;
    assert_ok(pbt__study_fail(b->study, &who, &failure, NULL, &b->error));
}

/* Claim and fail, saying why. */
static pbt__action fail_saying(bench *b, const char *worker, const char *message)
{
    pbt__action action = bench_claim(b, worker);
    if (action.verb == PBT__TRAIN) {
        fail_with(b, worker, &action, message);
    }
    return action;
}

/* As a trainer whose script is gone. */
static pbt__action fail_next(bench *b, const char *worker)
{
    return fail_saying(b, worker, "it broke");
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

/* A look reads the log outside of any transaction, when it is no time. */
static void a_look_loses_no_member_whose_delay_is_over(void **state)
{
    bench *b = *state;
    create(b, 2, "failure: {retries: 5, patience: 0}");
    begin(b, 2);
    (void)fail_next(b, "a");
    (void)fail_next(b, "b");
    b->now_us += 2 * SECOND_US;
    assert_int_equal(bench_claim(b, "a").verb, PBT__TRAIN);
    assert_int_equal(bench_summary(b).worker_count, 1);
    assert_int_equal(bench_claim(b, "b").verb, PBT__TRAIN);
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
    assert_int_equal(fail_next(b, "a").train.segment.id.member, 2);
    b->now_us += SECOND_US + 1;
    for (int m = 0; m < 2; m++) { /* so often that they would wait for long */
        fail_next(b, "a");
        b->now_us += (2 + 2 * m) * SECOND_US + 1;
    }
    pbt__action probe = bench_claim(b, "a");
    assert_int_equal(probe.verb, PBT__TRAIN);
    assert_int_equal(bench_claim(b, "b").verb, PBT__WAIT);
    b->now_us += 1000;
    assert_int_equal(bench_report(b, "a", &probe, 1).action.verb, PBT__TRAIN);
    assert_false(pause_of(b).is_paused);
    const char *const others[] = {"b", "c"}; /* "a" was handed one with its report's answer */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(bench_claim(b, others[i]).verb, PBT__TRAIN);
    }
    assert_int_equal(bench_count(b, "failed"), failed);
    assert_int_equal(bench_problems(b), 0);
}

static const char *const WORDS[] = {"the disk is full", "no such file", "out of memory", "killed"};

static void what_differs_in_a_name_is_alike(void **state)
{
    bench *b = *state;
    create(b, 4, "failure: {retries: 1}");
    begin(b, 4);
    (void)fail_saying(b, "a", "OSError: [Errno 28] No space left on device: '/tmp/tmpb_kx'");
    assert_false(pause_of(b).is_paused);
    (void)fail_saying(b, "a", "OSError: [Errno 28] No space left on device: '/tmp/tmp3q'");
    assert_true(pause_of(b).is_paused);
    assert_non_null(strstr(pause_of(b).why.message, "failed alike: OSError"));
}

static void three_that_fail_in_any_words_pause_the_study(void **state)
{
    bench *b = *state;
    create(b, 4, "failure: {retries: 0}");
    begin(b, 4);
    int failed = bench_count(b, "failed");
    for (int i = 0; i < 3; i++) {
        assert_false(pause_of(b).is_paused);
        (void)fail_saying(b, "a", WORDS[i]);
    }
    assert_true(pause_of(b).is_paused);
    assert_non_null(strstr(pause_of(b).why.message, "3 members failed, and nothing works: out of"));
    assert_int_equal(bench_count(b, "failed"), failed);
    b->now_us += SECOND_US;
    pbt__action probe = bench_claim(b, "a");
    b->now_us += 1000;
    (void)bench_report(b, "a", &probe, 1);
    assert_false(pause_of(b).is_paused);
}

/* A run that goes on with two slots: nobody else was asked yet. */
static void all_that_were_handed_out_pause_the_study(void **state)
{
    bench *b = *state;
    create(b, 4, "failure: {retries: 1}");
    begin(b, 4);
    bench_reopen(b);
    pbt__action second = bench_claim(b, "b");
    (void)fail_saying(b, "a", WORDS[0]);
    assert_false(pause_of(b).is_paused);
    assert_ok(bench_fail(b, "b", &second, true));
    assert_true(pause_of(b).is_paused);
    assert_non_null(strstr(pause_of(b).why.message, "2 members failed, and nothing works: it"));
}

/* Another one has been at work since long before, and reports meanwhile. */
static void three_that_fail_while_others_report_pause_nothing(void **state)
{
    bench *b = *state;
    create(b, 5, "failure: {retries: 0}");
    begin(b, 5);
    pbt__action good = bench_claim(b, "b");
    (void)fail_saying(b, "a", WORDS[0]);
    (void)fail_saying(b, "a", WORDS[1]);
    report_only(b, "b", &good, 9);
    (void)fail_saying(b, "a", WORDS[2]);
    assert_false(pause_of(b).is_paused);
}

/* By their hyperparameters, each in words of its own. */
static void members_that_fail_one_after_another_are_given_up(void **state)
{
    bench *b = *state;
    create(b, 4, "failure: {retries: 1}");
    begin(b, 4);
    for (int i = 0; i < 3; i++) {
        pbt__action bad = fail_saying(b, "a", WORDS[i]);
        pbt__action good = bench_claim(b, "b");
        b->now_us += SECOND_US;
        pbt__action again = bench_claim_member(b, bad.train.segment.id.member, "a");
        report_only(b, "b", &good, 9);
        fail_with(b, "a", &again, WORDS[i]);
        assert_false(pause_of(b).is_paused);
        assert_int_equal(bench_count(b, "rescued"), i + 1);
        b->now_us += SECOND_US;
    }
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

/* What a trainer cannot save it fails for, in words of its own. */
static void what_fails_without_its_checkpoints_is_nobodys_failure(void **state)
{
    char aside[2 * PBT__PATH_SIZE], away[2 * PBT__PATH_SIZE];
    bench *b = *state;
    create(b, 2, "failure: {retries: 0}");
    begin(b, 2);
    (void)snprintf(aside, sizeof aside, "%s/bench.checkpoints/.aside", b->folder);
    (void)snprintf(away, sizeof away, "%s/away", b->folder);
    pbt__action action = bench_claim(b, "a");
    assert_int_equal(rename(aside, away), 0);
    assert_ok(bench_fail(b, "a", &action, true));
    assert_true(pause_of(b).is_paused);
    assert_non_null(strstr(pause_of(b).why.message, "cannot reach the checkpoint folder"));
    assert_int_equal(bench_count(b, "failed"), 0);
    assert_int_equal(rename(away, aside), 0);
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
                                      .message = "the trainer reported no metric 'score'",
                                      .can_retry = true,
                                      .is_certain = true};
        assert_ok(pbt__study_fail(b->study, &who, &failure, NULL, &b->error));
    }
    assert_int_equal(bench_summary(b).stop, PBT__STOP_BROKEN);
    assert_int_equal(bench_count(b, "failed"), 2);
}

/* A worker learns of it over HTTP, and dies of it in words of its own. */
static void two_reports_refused_alike_end_a_study_that_never_reported(void **state)
{
    bench *b = *state;
    create(b, 8, "");
    const char *const workers[] = {"a", "b"};
    for (int i = 0; i < 2; i++) {
        pbt__action action = bench_claim(b, workers[i]);
        pbt__reply reply;
        assert_int_equal(bench_summary(b).stop, PBT__STOP_NONE);
        assert_int_equal(bench_try_report(b, workers[i], &action, 1, 3, &reply), PBT_ERR_REPORT);
        assert_ok(bench_fail(b, workers[i], &action, true));
    }
    assert_int_equal(bench_summary(b).stop, PBT__STOP_BROKEN);
}

/* ---- going back and bringing back ---- */

/* Let a member fail until it has failed for good. */
static void fail_for_good(bench *b, int32_t member)
{
    for (int i = 0; bench_summary(b).failed_count == 0; i++) {
        assert_in_range(i, 0, 50);
        pbt__action action = bench_claim_member(b, member, "a");
        assert_ok(bench_fail(b, "a", &action, false));
    }
}

static void a_rescue_without_a_donor_goes_back_to_the_weights_it_had(void **state)
{
    bench *b = *state;
    bench_create(b, 1, "failure: {retries: 0}");
    pbt__action action = bench_claim(b, "a");
    double before = action.train.segment.values[0].real;
    action = bench_report(b, "a", &action, 5).action;
    assert_ok(bench_fail(b, "a", &action, true));
    action = bench_claim(b, "a");
    assert_int_equal(action.train.segment.reason, PBT_RESCUE);
    assert_string_equal(bench_loaded(b, &action), "m0s0.1");
    assert_int_equal(action.train.segment.start_age, 10);
    assert_true(action.train.segment.values[0].real != before);
    assert_int_equal(bench_problems(b), 0);
}

static void one_that_failed_for_good_is_brought_back_with_its_weights(void **state)
{
    bench *b = *state;
    bench_create(b, 1, "failure: {retries: 0}");
    pbt__action action = bench_claim(b, "a");
    (void)bench_report(b, "a", &action, 5);
    fail_for_good(b, 0);
    assert_int_equal(bench_summary(b).state, PBT__STUDY_FAILED);
    assert_int_equal(pbt__study_resume(b->study, &b->error), PBT_ERR_STATE);
    assert_non_null(strstr(b->error.hint, "--members"));
    assert_ok(pbt__study_revive(b->study, NULL, 0, &b->error));
    assert_int_equal(bench_summary(b).state, PBT__RUNNING);
    bench_reopen(b);
    assert_int_equal(bench_problems(b), 0);
    action = bench_claim(b, "b");
    assert_string_equal(bench_loaded(b, &action), "m0s0.1");
    assert_int_equal(action.train.segment.start_step, 10);
    (void)bench_report(b, "b", &action, 6);
    assert_int_equal(bench_summary(b).steps_done, 20);
    assert_int_equal(bench_problems(b), 0);
}

static void one_that_failed_beside_others_is_ranked_again(void **state)
{
    bench *b = *state;
    bench_create(b, 3, "failure: {retries: 0}");
    begin(b, 3);
    const int32_t one = 1;
    assert_int_equal(pbt__study_revive(b->study, &one, 1, &b->error), PBT_ERR_STATE);
    fail_for_good(b, 1);
    assert_ok(pbt__study_revive(b->study, &one, 1, &b->error));
    assert_int_equal(bench_summary(b).failed_count, 0);
    while (bench_summary(b).state == PBT__RUNNING) {
        pbt__action action = bench_claim(b, "a");
        assert_int_equal(action.verb, PBT__TRAIN);
        (void)bench_report(b, "a", &action, 5 + action.train.segment.id.member);
        pbt__action next = bench_claim(b, "a");
        if (next.verb != PBT__TRAIN) {
            break;
        }
    }
    assert_int_equal(bench_problems(b), 0);
    const int32_t twice[] = {1, 1};
    assert_int_not_equal(pbt__study_revive(b->study, twice, 2, &b->error), PBT_OK);
}

static void a_start_that_cannot_be_read_is_not_gone_back_to(void **state)
{
    bench *b = *state;
    pbt__reply reply;
    bench_create(b, 1, "failure: {retries: 0}");
    pbt__action action = bench_claim(b, "a");
    assert_ok(bench_report_file(b, "a", &action, 5, &reply));
    assert_ok(bench_fail(b, "a", &reply.action, true)); /* loads the file next */
    char path[PBT__PATH_SIZE + 32];
    snprintf(path, sizeof path, "%s/bench.checkpoints/m0s0", b->folder);
    assert_int_equal(unlink(path), 0);
    action = bench_claim(b, "a");
    assert_int_equal(action.verb, PBT__TRAIN);
    assert_true(action.train.is_fresh);
    json_t *failed = bench_last(b, "failed");
    assert_string_equal(json_string_value(json_object_get(failed, "cause")), "unloadable");
    json_decref(failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)
        TEST(a_retry_waits_and_others_are_handed_out_meanwhile),
        TEST(a_look_loses_no_member_whose_delay_is_over),
        TEST(two_that_fail_alike_pause_the_study),
        TEST(what_differs_in_a_name_is_alike),
        TEST(three_that_fail_in_any_words_pause_the_study),
        TEST(all_that_were_handed_out_pause_the_study),
        TEST(three_that_fail_while_others_report_pause_nothing),
        TEST(members_that_fail_one_after_another_are_given_up),
        TEST(an_outage_outlasts_patience_and_nobody_is_given_up),
        TEST(one_that_fails_while_later_ones_succeed_is_given_up),
        TEST(the_last_failure_of_one_alone_is_held_back_for_a_while),
        TEST(without_patience_every_failure_counts),
        TEST(what_cannot_be_begun_is_nobodys_failure),
        TEST(what_fails_without_its_checkpoints_is_nobodys_failure),
        TEST(a_certain_error_of_two_ends_a_study_that_never_reported),
        TEST(two_reports_refused_alike_end_a_study_that_never_reported),
        TEST(a_rescue_without_a_donor_goes_back_to_the_weights_it_had),
        TEST(one_that_failed_for_good_is_brought_back_with_its_weights),
        TEST(one_that_failed_beside_others_is_ranked_again),
        TEST(a_start_that_cannot_be_read_is_not_gone_back_to),
#undef TEST
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
