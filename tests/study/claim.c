/* claim.c: who may train what: sessions, attempts, leases, repeats. */
#include <sys/stat.h>

#include "support.h"

static const char TWO_RETRIES[] = "failure: {retries: 2, lost: 2}\nlease: {seconds: 30}";

static double by_member(const pbt_segment *s)
{
    return s->id.member + 0.001 * s->id.number;
}

static void the_furthest_behind_is_claimed_first(void **state)
{
    bench *b = *state;
    bench_create(b, 3, "exploit: {rule: none}");
    pbt__action first = bench_claim(b, "a");
    pbt__action second = bench_claim(b, "b");
    assert_int_equal(first.train.segment.id.member, 0);
    assert_int_equal(second.train.segment.id.member, 1);
    assert_true(first.train.is_fresh);
    assert_int_equal(first.train.attempt, 1);
    /* Member 2 has trained nothing yet, so worker a is not handed member 0 again. */
    pbt__reply reply = bench_report(b, "a", &first, 1);
    assert_int_equal(reply.action.train.segment.id.member, 2);
    /* All are at 10 now, but for 1 and 2, which are being trained: b keeps its own member. */
    reply = bench_report(b, "b", &second, 1);
    assert_int_equal(reply.action.train.segment.id.member, 1);
    assert_int_equal(reply.action.train.segment.id.number, 1);
}

/* Its name is the first attempt's, and it has been there since before the study was made. */
static void nothing_lies_where_a_new_study_saves(void **state)
{
    bench *b = *state;
    char path[PBT__PATH_SIZE];
    (void)snprintf(path, sizeof path, "%.3000s/bench.checkpoints", b->folder);
    assert_int_equal(mkdir(path, 0777), 0);
    (void)snprintf(path, sizeof path, "%.3000s/bench.checkpoints/.aside", b->folder);
    assert_int_equal(mkdir(path, 0777), 0);
    (void)snprintf(path, sizeof path, "%.3000s/bench.checkpoints/.aside/m0s0.1", b->folder);
    assert_int_equal(mkdir(path, 0777), 0);
    bench_create(b, 1, "");
    const pbt__action action = bench_claim(b, "a");
    assert_int_equal(action.train.attempt, 1);
    assert_int_not_equal(access(action.train.save_to, F_OK), 0);
    assert_int_equal(access(path, F_OK), -1);
}

static void behaviour_15_every_member_gets_its_turns(void **state)
{
    bench *b = *state;
    bench_create(b, 100, "exploit: {rule: none}\nstop: {steps: 30}");
    pbt__action hands[2] = {bench_claim(b, "a"), bench_claim(b, "b")};
    const char *const names[2] = {"a", "b"};
    int64_t behind = 0;
    for (int i = 0; hands[i % 2].verb == PBT__TRAIN; i++) {
        pbt__action *hand = &hands[i % 2];
        assert_true(hand->train.segment.start_step >= behind);
        behind = hand->train.segment.start_step;
        *hand = bench_report(b, names[i % 2], hand, i).action;
    }
    pbt__summary summary = bench_summary(b);
    assert_int_equal(summary.finished_count, 100);
    assert_int_equal(summary.segment_count, 300);
}

static void a_session_is_given_its_segment_again(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "");
    pbt__action first = bench_claim(b, "a");
    pbt__action again = bench_claim(b, "a");
    assert_int_equal(again.train.segment.id.member, first.train.segment.id.member);
    assert_int_equal(again.train.attempt, 1);
    assert_string_equal(again.train.save_to, first.train.save_to);
    assert_int_equal(bench_count(b, "failed"), 0);
}

static void behaviour_21_a_new_session_ends_the_old_ones_lease(void **state)
{
    bench *b = *state;
    const pbt__claimant restarted = {.worker = "a", .session = "another"};
    pbt__action young;
    pbt__reply reply;
    bench_create(b, 1, TWO_RETRIES);
    pbt__action old = bench_claim(b, "a");
    assert_ok(pbt__study_claim(b->study, &restarted, &young, &b->error));
    assert_int_equal(young.train.segment.id.member, 0);
    assert_int_equal(young.train.attempt, 2);
    assert_int_equal(bench_try_report(b, "a", &old, 1, 10, &reply), PBT_ERR_LATE);
    assert_int_equal(bench_count(b, "reported"), 0);
    (void)bench_report(b, "a", &young, 1);
    assert_int_equal(bench_try_report(b, "a", &old, 1, 10, &reply), PBT_ERR_LATE);
    assert_int_equal(bench_count(b, "reported"), 1);
}

static void behaviour_10_a_repeated_report_changes_nothing(void **state)
{
    bench *b = *state;
    pbt__reply repeat;
    bench_create(b, 2, "");
    pbt__action action = bench_claim(b, "a");
    pbt__reply reply = bench_report(b, "a", &action, 1);
    assert_false(reply.is_repeat);
    assert_true(reply.has_decision);
    int64_t sequence = bench_summary(b).last_sequence;
    assert_ok(bench_try_report(b, "a", &action, 1, 10, &repeat));
    assert_true(repeat.is_repeat);
    assert_true(repeat.has_decision);
    assert_int_equal(repeat.decision.id.number, reply.decision.id.number);
    assert_int_equal(bench_summary(b).last_sequence, sequence);
    /* Also after the process was started again, and for a file that has its published name now. */
    bench_reopen(b);
    assert_ok(bench_try_report(b, "a", &action, 1, 10, &repeat));
    assert_true(repeat.is_repeat);
    pbt__action file = bench_claim(b, "b");
    assert_ok(bench_report_file(b, "b", &file, 2, &reply));
    assert_ok(bench_report_file(b, "b", &file, 2, &repeat));
    assert_true(repeat.is_repeat);
    assert_int_equal(bench_problems(b), 0);
}

/* In a round too: what its last report decided is no answer to the first. */
static void behaviour_10_a_repeat_in_a_round_is_answered_the_same(void **state)
{
    bench *b = *state;
    pbt__reply repeat;
    bench_create(b, 2, "mode: generational\n");
    pbt__action first = bench_claim(b, "a");
    pbt__action last = bench_claim(b, "b");
    pbt__reply reply = bench_report(b, "a", &first, 1);
    assert_false(reply.has_decision);
    reply = bench_report(b, "b", &last, 2);
    assert_true(reply.has_decision);
    for (int round = 0; round < 2; round++) {
        assert_ok(bench_try_report(b, "a", &first, 1, 10, &repeat));
        assert_true(repeat.is_repeat);
        assert_false(repeat.has_decision);
        assert_ok(bench_try_report(b, "b", &last, 2, 10, &repeat));
        assert_true(repeat.is_repeat && repeat.has_decision);
        bench_reopen(b);
    }
}

static void what_nobody_has_claimed_is_refused(void **state)
{
    bench *b = *state;
    bench_create(b, 3, TWO_RETRIES);
    pbt__action action = bench_claim(b, "a");
    pbt__reply reply;
    action.train.attempt = 2;
    assert_int_equal(bench_try_report(b, "a", &action, 1, 10, &reply), PBT_ERR_STATE);
    action.train.attempt = 1;
    action.train.segment.id.member = 2;
    assert_int_equal(bench_try_report(b, "a", &action, 1, 10, &reply), PBT_ERR_STATE);
    assert_string_equal(b->error.message, "nobody has claimed attempt 1 of 'm2s0'");
    assert_string_not_equal(b->error.hint, "");
    assert_int_equal(bench_count(b, "reported"), 0);
}

static void behaviour_10_late_work_that_nobody_redid_is_kept(void **state)
{
    bench *b = *state;
    bench_create(b, 2, TWO_RETRIES);
    pbt__action slow = bench_claim(b, "slow");
    b->now_us += 31000000;
    pbt__action other = bench_claim(b, "other");
    assert_int_equal(bench_count(b, "failed"), 1);
    /* Member 0 is behind no one: it is claimed again, as attempt 2, so the first is late. */
    assert_int_equal(other.train.segment.id.member, 0);
    assert_int_equal(other.train.attempt, 2);
    pbt__reply reply;
    assert_int_equal(bench_try_report(b, "slow", &slow, 1, 10, &reply), PBT_ERR_LATE);
    /* The second's lease ends too; this time nobody claims it again before it reports. */
    pbt__action third = bench_claim(b, "third");
    b->now_us += 31000000;
    pbt__verb verb;
    const pbt__claimant who = {.worker = "other", .session = "other"};
    assert_int_equal(bench_beat(b->study, &who, other.train.segment.id, 2, 5, &verb, &b->error),
                     PBT_ERR_LATE);
    (void)third;
    assert_ok(bench_try_report(b, "other", &other, 1, 10, &reply));
    assert_int_equal(bench_count(b, "reported"), 1);
}

static void heartbeats_renew_a_lease(void **state)
{
    bench *b = *state;
    const pbt__claimant who = {.worker = "a", .session = "a"};
    pbt__verb verb = PBT__WAIT;
    bench_create(b, 1, TWO_RETRIES);
    pbt__action action = bench_claim(b, "a");
    for (int i = 0; i < 5; i++) {
        b->now_us += 20000000;
        assert_ok(bench_beat(b->study, &who, action.train.segment.id, 1, i, &verb, &b->error));
        assert_int_equal(verb, PBT__TRAIN);
    }
    assert_int_equal(bench_claim(b, "b").verb, PBT__WAIT);
    assert_ok(pbt__study_stop(b->study, &b->error));
    assert_ok(bench_beat(b->study, &who, action.train.segment.id, 1, 9, &verb, &b->error));
    assert_int_equal(verb, PBT__STOP);
}

static void a_step_that_stands_still_is_given_up(void **state)
{
    bench *b = *state;
    const pbt__claimant who = {.worker = "a", .session = "a"};
    pbt__verb verb;
    bench_create(b, 1, "lease: {seconds: 30, stall_seconds: 50}");
    pbt__action action = bench_claim(b, "a");
    for (int i = 0; i < 2; i++) {
        b->now_us += 20000000;
        assert_ok(bench_beat(b->study, &who, action.train.segment.id, 1, 3, &verb, &b->error));
    }
    b->now_us += 29000000;
    assert_ok(bench_beat(b->study, &who, action.train.segment.id, 1, 3, &verb, &b->error));
    b->now_us += 22000000;
    assert_int_equal(bench_beat(b->study, &who, action.train.segment.id, 1, 3, &verb, &b->error),
                     PBT_ERR_LATE);
    assert_int_equal(bench_claim(b, "b").train.attempt, 2);
}

static void leases_are_extended_when_a_store_is_opened_again(void **state)
{
    bench *b = *state;
    bench_create(b, 1, TWO_RETRIES);
    (void)bench_claim(b, "a");
    b->now_us += 3600000000;
    bench_reopen(b);
    assert_int_equal(bench_claim(b, "b").verb, PBT__WAIT);
    b->now_us += 31000000;
    assert_int_equal(bench_claim(b, "b").train.attempt, 2);
}

static void dead_workers_leases_can_be_ended_by_name(void **state)
{
    bench *b = *state;
    bench_create(b, 3, TWO_RETRIES);
    (void)bench_claim(b, "local-0");
    (void)bench_claim(b, "local-1");
    (void)bench_claim(b, "remote-0");
    assert_ok(pbt__study_end_leases(b->study, "local-", true, &b->error));
    assert_int_equal(bench_count(b, "failed"), 2);
    assert_int_equal(bench_claim(b, "local-0").train.attempt, 2);
}

/* As often as that happens, no attempt is counted. */
static void dead_workers_segments_can_be_given_back(void **state)
{
    bench *b = *state;
    bench_create(b, 1, "failure: {lost: 0}\n");
    for (int i = 1; i <= 4; i++) {
        const pbt__action action = bench_claim(b, "local-0");
        assert_int_equal(action.train.segment.id.number, 0);
        assert_int_equal(action.train.attempt, i);
        assert_ok(pbt__study_end_leases(b->study, "local-", false, &b->error));
    }
    assert_int_equal(bench_count(b, "failed"), 0);
    assert_int_equal(bench_count(b, "released"), 4);
    assert_int_equal(bench_problems(b), 0);
}

static void a_worker_known_to_have_died_or_to_live_needs_not_say_so(void **state)
{
    bench *b = *state;
    pbt_segment_id held;
    bench_create(b, 3, TWO_RETRIES);
    (void)bench_claim(b, "w1");
    (void)bench_claim(b, "w10");
    assert_ok(pbt__study_worker_failed(b->study, "w1", "killed by signal 9", &held, &b->error));
    assert_int_equal(held.member, 0);
    json_t *failed = bench_last(b, "failed");
    assert_string_equal(json_string_value(json_object_get(failed, "cause")), "trainer");
    assert_string_equal(json_string_value(json_object_get(failed, "segment")), "m0s0");
    json_decref(failed);
    for (int i = 0; i < 3; i++) {
        b->now_us += 20000000;
        assert_ok(pbt__study_worker_lives(b->study, "w10", &held, &b->error));
    }
    (void)bench_claim(b, "z");
    assert_int_equal(bench_count(b, "failed"), 1);
    assert_ok(pbt__study_worker_failed(b->study, "nobody", "x", &held, &b->error));
    assert_int_equal(held.member, -1);
}

static void a_worker_that_was_ended_on_purpose_has_not_failed(void **state)
{
    bench *b = *state;
    pbt_segment_id held;
    bench_create(b, 2, "");
    const pbt__action first = bench_claim(b, "w1");
    (void)bench_claim(b, "w10");
    assert_ok(pbt__study_worker_ended(b->study, "w1", &b->error));
    assert_int_equal(bench_count(b, "released"), 1);
    assert_int_equal(bench_count(b, "failed"), 0);
    assert_ok(pbt__study_worker_lives(b->study, "w1", &held, &b->error));
    assert_int_equal(held.member, -1);
    assert_ok(pbt__study_worker_lives(b->study, "w10", &held, &b->error));
    assert_int_equal(held.member, 1);
    const pbt__action again = bench_claim(b, "w2");
    assert_int_equal(again.train.segment.id.member, first.train.segment.id.member);
    assert_int_equal(again.train.attempt, 2);
    assert_ok(pbt__study_worker_ended(b->study, "nobody", &b->error));
    assert_int_equal(bench_count(b, "released"), 1);
}

static void progress_is_released_and_resumed(void **state)
{
    bench *b = *state;
    const pbt__claimant who = {.worker = "a", .session = "a"};
    bench_create(b, 1, "");
    pbt__action action = bench_claim(b, "a");
    FILE *file = fopen(action.train.save_to, "we");
    assert_non_null(file);
    assert_true(fputs("half", file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_ok(pbt__study_release(b->study, &who, action.train.segment.id, 1, 4, true, &b->error));
    bench_reopen(b);
    pbt__action next = bench_claim(b, "b");
    assert_int_equal(next.train.attempt, 2);
    assert_int_equal(next.train.resume_step, 4);
    assert_false(next.train.is_fresh);
    assert_string_equal(bench_loaded(b, &next), "half");
    (void)bench_report(b, "b", &next, 1);
    assert_int_not_equal(access(next.train.load, F_OK), 0);
    assert_int_equal(bench_problems(b), 0);
}

static void names_are_bounded(void **state)
{
    bench *b = *state;
    char name[PBT__NAME_SIZE + 8];
    pbt__action action;
    bench_create(b, 1, "");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    const pbt__claimant longest = {.worker = name, .session = "s"};
    const pbt__claimant empty = {.worker = "", .session = "s"};
    assert_int_equal(pbt__study_claim(b->study, &longest, &action, &b->error), PBT_ERR_ARGUMENT);
    assert_int_equal(pbt__study_claim(b->study, &empty, &action, &b->error), PBT_ERR_ARGUMENT);
}

static void a_study_ends_and_says_so(void **state)
{
    bench *b = *state;
    bench_create(b, 4, "");
    assert_int_equal(bench_train(b, by_member, 100), 40);
    pbt__summary summary = bench_summary(b);
    assert_int_equal(summary.state, PBT__FINISHED);
    assert_int_equal(summary.steps_done, 400);
    assert_int_equal(summary.steps_total, 400);
    assert_true(summary.exploit_count > 0);
    assert_int_equal(bench_problems(b), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_furthest_behind_is_claimed_first),
        TEST(nothing_lies_where_a_new_study_saves),
        TEST(behaviour_15_every_member_gets_its_turns),
        TEST(a_session_is_given_its_segment_again),
        TEST(what_nobody_has_claimed_is_refused),
        TEST(behaviour_21_a_new_session_ends_the_old_ones_lease),
        TEST(behaviour_10_a_repeated_report_changes_nothing),
        TEST(behaviour_10_a_repeat_in_a_round_is_answered_the_same),
        TEST(behaviour_10_late_work_that_nobody_redid_is_kept),
        TEST(heartbeats_renew_a_lease),
        TEST(a_step_that_stands_still_is_given_up),
        TEST(leases_are_extended_when_a_store_is_opened_again),
        TEST(dead_workers_leases_can_be_ended_by_name),
        TEST(dead_workers_segments_can_be_given_back),
        TEST(a_worker_known_to_have_died_or_to_live_needs_not_say_so),
        TEST(a_worker_that_was_ended_on_purpose_has_not_failed),
        TEST(progress_is_released_and_resumed),
        TEST(names_are_bounded),
        TEST(a_study_ends_and_says_so),
    };
    return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
