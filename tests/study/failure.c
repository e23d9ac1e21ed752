/* failure.c: attempts that fail, members that are rescued, scores that are not numbers. */
#include "support.h"

static void behaviour_9_a_lost_segment_is_trained_again_from_the_same_start(void **state)
{
    bench *b = *state;
    bench_create(b, 1, "lease: {seconds: 30}\nfailure: {lost: 5}");
    pbt__action action = bench_claim(b, "a");
    action = bench_report(b, "a", &action, 1).action;
    assert_string_equal(bench_loaded(b, &action), "m0s0.1");
    for (int attempt = 2; attempt < 6; attempt++) {
        b->now_us += 31000000;
        char name[16];
        snprintf(name, sizeof name, "w%d", attempt);
        action = bench_claim(b, name);
        assert_int_equal(action.train.attempt, attempt);
        assert_int_equal(action.train.segment.id.number, 1);
        assert_int_equal(action.train.resume_step, 10);
        assert_string_equal(bench_loaded(b, &action), "m0s0.1");
    }
    (void)bench_report(b, "w5", &action, 2);
    assert_int_equal(bench_summary(b).steps_done, 20);
    assert_int_equal(bench_problems(b), 0);
}

static void a_failure_is_retried_then_the_member_is_rescued(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "failure: {retries: 1}");
    pbt__action good = bench_claim(b, "a");
    pbt__action bad = bench_claim(b, "b");
    (void)bench_report(b, "a", &good, 5);
    assert_ok(bench_fail(b, "b", &bad, true));
    bad = bench_claim(b, "b");
    assert_int_equal(bad.train.segment.id.member, 1);
    assert_int_equal(bad.train.attempt, 2);
    assert_ok(bench_fail(b, "b", &bad, true));
    assert_int_equal(bench_count(b, "rescued"), 1);
    pbt__action rescued = bench_claim(b, "b");
    assert_int_equal(rescued.train.segment.id.member, 1);
    assert_int_equal(rescued.train.segment.id.number, 1);
    assert_int_equal(rescued.train.segment.reason, PBT_RESCUE);
    assert_int_equal(rescued.train.segment.start_step, 0);
    assert_int_equal(rescued.train.segment.donor, 0);
    assert_string_equal(bench_loaded(b, &rescued), "m0s0.1");
    json_t *failed = bench_last(b, "failed");
    assert_string_equal(json_string_value(json_object_get(failed, "message")), "it broke");
    assert_true(json_is_true(json_object_get(failed, "gave_up")));
    json_decref(failed);
    assert_int_equal(bench_problems(b), 0);
}

static void a_failure_not_to_be_retried_is_not(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "failure: {retries: 9}");
    pbt__action good = bench_claim(b, "a");
    pbt__action bad = bench_claim(b, "b");
    (void)bench_report(b, "a", &good, 5);
    assert_ok(bench_fail(b, "b", &bad, false));
    assert_int_equal(bench_count(b, "rescued"), 1);
}

static void a_lost_member_waits_for_a_rescuer(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "failure: {retries: 0}");
    pbt__action bad = bench_claim(b, "a");
    pbt__action good = bench_claim(b, "b");
    assert_ok(bench_fail(b, "a", &bad, true));
    assert_int_equal(bench_count(b, "rescued"), 0);
    assert_int_equal(bench_claim(b, "a").verb, PBT__WAIT);
    pbt__reply reply = bench_report(b, "b", &good, 1);
    assert_int_equal(bench_count(b, "rescued"), 1);
    assert_int_equal(reply.action.train.segment.id.member, 0);
    assert_int_equal(reply.action.train.segment.donor, 1);
    assert_int_equal(bench_problems(b), 0);
}

static void a_broken_script_costs_one_attempt_each(void **state)
{
    static const char *const NAMES[] = {"a", "b", "c"};
    bench *b = *state;
    pbt__action actions[3];
    bench_create(b, 3, "failure: {retries: 5}");
    for (int i = 0; i < 3; i++) {
        actions[i] = bench_claim(b, NAMES[i]);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bench_summary(b).state, PBT__RUNNING);
        assert_ok(bench_fail(b, NAMES[i], &actions[i], true));
    }
    pbt__summary summary = bench_summary(b);
    assert_int_equal(summary.state, PBT__STUDY_FAILED);
    assert_int_equal(summary.stop, PBT__STOP_BROKEN);
    assert_int_equal(bench_claim(b, "a").verb, PBT__STOP);
    /* Mended, it goes on. */
    assert_ok(pbt__study_resume(b->study, &b->error));
    assert_int_equal(bench_claim(b, "a").train.attempt, 2);
}

static void a_broken_script_costs_one_attempt_each_on_one_slot(void **state)
{
    bench *b = *state;
    int attempts = 0;
    bench_create(b, 4, "failure: {retries: 5}");
    pbt__action action = bench_claim(b, "a");
    while (action.verb == PBT__TRAIN) {
        attempts++;
        assert_int_equal(action.train.attempt, 1);
        assert_ok(bench_fail(b, "a", &action, true));
        action = bench_claim(b, "a");
    }
    assert_int_equal(attempts, 4);
    assert_int_equal(bench_summary(b).state, PBT__STUDY_FAILED);
}

static void a_broken_script_costs_one_attempt_each_where_one_is_slow(void **state)
{
    bench *b = *state;
    bench_create(b, 3, "failure: {retries: 5}");
    pbt__action slow = bench_claim(b, "slow");
    for (int i = 0; i < 2; i++) {
        pbt__action action = bench_claim(b, "a");
        assert_int_equal(action.train.attempt, 1);
        assert_ok(bench_fail(b, "a", &action, true));
    }
    assert_int_equal(bench_claim(b, "a").verb, PBT__WAIT);
    assert_ok(bench_fail(b, "slow", &slow, true));
    assert_int_equal(bench_count(b, "failed"), 3);
    assert_int_equal(bench_claim(b, "a").verb, PBT__STOP);
}

static void reports_that_are_all_nan_are_no_usable_member(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "stop: {steps: 20}");
    pbt__action action = bench_claim(b, "a");
    while (action.verb == PBT__TRAIN) {
        action = bench_report(b, "a", &action, NAN).action;
    }
    assert_int_equal(bench_summary(b).state, PBT__STUDY_FAILED);
}

static void a_start_checkpoint_that_is_not_there_is_found_at_once(void **state)
{
    bench *b = *state;
    assert_int_equal(bench_try_create(b, 2, "start: [{checkpoint: nothere.pt}]"), PBT_ERR_SPEC);
    assert_string_equal(b->error.message, "start 0: there is no checkpoint 'nothere.pt'");
    b->study = NULL;
}

static void three_rescues_in_a_row_end_a_member(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "failure: {retries: 0}\nstop: {steps: 40}");
    pbt__action good = bench_claim(b, "a");
    pbt__action bad = bench_claim(b, "b");
    good = bench_report(b, "a", &good, 5).action;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(bad.train.segment.id.member, 1);
        assert_ok(bench_fail(b, "b", &bad, true));
        bad = bench_claim(b, "b");
    }
    assert_int_equal(bad.verb, PBT__WAIT);
    assert_int_equal(bench_summary(b).failed_count, 1);
    while (good.verb == PBT__TRAIN) {
        good = bench_report(b, "a", &good, 5).action;
    }
    assert_int_equal(bench_summary(b).state, PBT__FINISHED);
    assert_int_equal(bench_problems(b), 0);
}

static void a_diverged_segment_may_end_early_and_has_no_checkpoint(void **state)
{
    bench *b = *state;
    const pbt__claimant who = {.worker = "b", .session = "b"};
    const pbt__metric metric = {.name = "score", .value = NAN, .has_value = true};
    bench_create(b, 2, "");
    pbt__action good = bench_claim(b, "a");
    pbt__action bad = bench_claim(b, "b");
    (void)bench_report(b, "a", &good, 5);
    const pbt__result result = {.segment = bad.train.segment.id,
                                .attempt = 1,
                                .step = 3,
                                .metrics = &metric,
                                .metric_count = 1,
                                .checkpoint = PBT__NO_CHECKPOINT};
    pbt__reply reply;
    assert_ok(pbt__study_report(b->study, &who, &result, &reply, &b->error));
    assert_true(reply.has_decision);
    assert_int_equal(reply.decision.donor, 0);
    assert_int_equal(reply.decision.start_step, 3);
    assert_int_equal(reply.decision.end_step, 10);
    assert_int_equal(reply.decision.start_age, 10);
    json_t *reported = bench_last(b, "reported");
    assert_string_equal(json_string_value(json_object_get(reported, "score")), "nan");
    json_decref(reported);
    bench_reopen(b);
    assert_int_equal(bench_problems(b), 0);
    assert_int_equal(bench_summary(b).diverged_count, 1);
}

static void behaviour_13_a_step_that_does_not_fit_is_refused(void **state)
{
    bench *b = *state;
    pbt__reply reply;
    bench_create(b, 1, "stop: {steps: 25}");
    pbt__action action = bench_claim(b, "a");
    assert_int_equal(bench_try_report(b, "a", &action, 1, 9, &reply), PBT_ERR_REPORT);
    assert_string_equal(b->error.detail, "step 9 for a segment from 0 to 10");
    assert_int_equal(bench_try_report(b, "a", &action, 1, 20, &reply), PBT_ERR_REPORT);
    assert_int_equal(bench_count(b, "reported"), 0);
    assert_ok(bench_try_report(b, "a", &action, 1, 13, &reply));
    assert_int_equal(reply.decision.start_step, 13);
    assert_int_equal(reply.decision.end_step, 20);
    /* Behaviour 14: the last segment is shorter. */
    action = bench_claim(b, "a");
    action = bench_report(b, "a", &action, 1).action;
    assert_int_equal(action.train.segment.start_step, 20);
    assert_int_equal(action.train.segment.end_step, 25);
    assert_int_equal(bench_report(b, "a", &action, 1).action.verb, PBT__STOP);
    assert_int_equal(bench_summary(b).steps_done, 25);
}

static void a_report_needs_its_metric_and_its_checkpoint(void **state)
{
    bench *b = *state;
    const pbt__claimant who = {.worker = "a", .session = "a"};
    const pbt__metric wrong = {.name = "loss", .value = 1, .has_value = true};
    const pbt__metric right = {.name = "score", .value = 1, .has_value = true};
    pbt__reply reply;
    bench_create(b, 1, "");
    pbt__action action = bench_claim(b, "a");
    pbt__result result = {.segment = action.train.segment.id,
                          .attempt = 1,
                          .step = 10,
                          .metrics = &wrong,
                          .metric_count = 1,
                          .checkpoint = PBT__IN_MEMORY};
    assert_int_equal(pbt__study_report(b->study, &who, &result, &reply, &b->error), PBT_ERR_REPORT);
    assert_string_equal(b->error.message, "the report has no metric 'score'; it has: loss");
    result.metrics = &right;
    result.checkpoint = PBT__NO_CHECKPOINT;
    assert_int_equal(pbt__study_report(b->study, &who, &result, &reply, &b->error),
                     PBT_ERR_CHECKPOINT);
    result.checkpoint = PBT__SAVED;
    assert_int_equal(pbt__study_report(b->study, &who, &result, &reply, &b->error),
                     PBT_ERR_CHECKPOINT);
    result.segment.member = 7;
    result.checkpoint = PBT__IN_MEMORY;
    assert_int_equal(pbt__study_report(b->study, &who, &result, &reply, &b->error),
                     PBT_ERR_NOT_FOUND);
    assert_int_equal(bench_count(b, "reported"), 0);
}

static void samples_without_a_value_have_their_mean(void **state)
{
    bench *b = *state;
    const pbt__claimant who = {.worker = "a", .session = "a"};
    const double samples[] = {1, 2, 6};
    const pbt__metric metric = {.name = "score", .samples = samples, .sample_count = 3};
    pbt__reply reply;
    bench_create(b, 1, "");
    pbt__action action = bench_claim(b, "a");
    const pbt__result result = {.segment = action.train.segment.id,
                                .attempt = 1,
                                .step = 10,
                                .metrics = &metric,
                                .metric_count = 1,
                                .checkpoint = PBT__IN_MEMORY,
                                .bytes = "",
                                .byte_count = 0};
    assert_ok(pbt__study_report(b->study, &who, &result, &reply, &b->error));
    json_t *reported = bench_last(b, "reported");
    assert_true(json_real_value(json_object_get(reported, "score")) == 3.0);
    assert_int_equal(
        json_array_size(json_object_get(json_object_get(reported, "samples"), "score")), 3);
    json_decref(reported);
}

/* The name's quotes are doubled, and it stands twice: more than an event has room for. */
static void a_report_too_large_is_refused_and_the_study_goes_on(void **state)
{
    enum { LENGTH = 17 * 1024 * 1024 };
    bench *b = *state;
    const pbt__claimant who = {.worker = "a", .session = "a"};
    const double one = 1;
    char *name = malloc(LENGTH + 1);
    pbt__reply reply;
    assert_non_null(name);
    memset(name, '"', LENGTH);
    name[LENGTH] = '\0';
    const pbt__metric metrics[] = {{.name = "score", .value = 1, .has_value = true},
                                   {.name = name, .samples = &one, .sample_count = 1}};
    bench_create(b, 2, "");
    const pbt__action good = bench_claim(b, "b");
    pbt__action action = bench_claim(b, "a");
    (void)bench_report(b, "b", &good, 1);
    const pbt__result result = {.segment = action.train.segment.id,
                                .attempt = 1,
                                .step = 10,
                                .metrics = metrics,
                                .metric_count = 2,
                                .checkpoint = PBT__IN_MEMORY,
                                .bytes = "",
                                .byte_count = 0};
    assert_int_equal(pbt__study_report(b->study, &who, &result, &reply, &b->error), PBT_ERR_LIMIT);
    assert_string_equal(b->error.message,
                        "event 'reported' would have more than the 67108864 bytes of one");
    assert_string_equal(b->error.hint, "report fewer samples");
    free(name);
    assert_int_equal(bench_count(b, "reported"), 1);
    assert_ok(bench_fail(b, "a", &action, true));
    action = bench_claim(b, "a");
    assert_int_equal(action.train.attempt, 2);
    (void)bench_report(b, "a", &action, 1);
    assert_int_equal(bench_count(b, "reported"), 2);
    assert_int_equal(bench_problems(b), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(behaviour_9_a_lost_segment_is_trained_again_from_the_same_start),
        TEST(a_failure_is_retried_then_the_member_is_rescued),
        TEST(a_failure_not_to_be_retried_is_not),
        TEST(a_lost_member_waits_for_a_rescuer),
        TEST(a_broken_script_costs_one_attempt_each),
        TEST(a_broken_script_costs_one_attempt_each_on_one_slot),
        TEST(a_broken_script_costs_one_attempt_each_where_one_is_slow),
        TEST(reports_that_are_all_nan_are_no_usable_member),
        TEST(a_start_checkpoint_that_is_not_there_is_found_at_once),
        TEST(three_rescues_in_a_row_end_a_member),
        TEST(a_diverged_segment_may_end_early_and_has_no_checkpoint),
        TEST(behaviour_13_a_step_that_does_not_fit_is_refused),
        TEST(a_report_needs_its_metric_and_its_checkpoint),
        TEST(samples_without_a_value_have_their_mean),
        TEST(a_report_too_large_is_refused_and_the_study_goes_on),
    };
    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
