/* control.c: rounds, stops, amendments; several handles on one store. */
#include <pthread.h>

#include "support.h"

static double by_member(const pbt_segment *s)
{
    return s->id.member + 0.001 * s->id.number;
}

static double like_a_landscape(const pbt_segment *s)
{
    double x = s->values[0].real;
    return (double)s->end_age * (1 - (x - 0.7) * (x - 0.7));
}

/* ---- rounds ---- */

static void behaviour_12_a_round_goes_on_when_its_last_member_reports(void **state)
{
    bench *b = *state;
    bench_create(b, 3, "mode: generational\nstop: {steps: 30}");
    pbt__action hands[] = {bench_claim(b, "a"), bench_claim(b, "b"), bench_claim(b, "c")};
    assert_int_equal(bench_report(b, "a", &hands[0], 1).action.verb, PBT__WAIT);
    pbt__reply reply = bench_report(b, "b", &hands[1], 2);
    assert_int_equal(reply.action.verb, PBT__WAIT);
    assert_false(reply.has_decision);
    uint64_t seen = reply.action.seen;
    reply = bench_report(b, "c", &hands[2], 3);
    assert_int_equal(reply.action.verb, PBT__TRAIN);
    assert_true(pbt__study_changes(b->study) > seen);
    assert_int_equal(bench_claim(b, "a").verb, PBT__TRAIN);
}

static void behaviour_12_a_round_goes_on_when_its_last_member_is_given_up(void **state)
{
    bench *b = *state;
    bench_create(b, 3,
                 "mode: generational\nfailure: {retries: 0}\nlease: {seconds: 30}\n"
                 "stop: {steps: 30}");
    pbt__action hands[] = {bench_claim(b, "a"), bench_claim(b, "b"), bench_claim(b, "c")};
    (void)bench_report(b, "a", &hands[0], 1);
    (void)bench_report(b, "b", &hands[1], 2);
    assert_ok(bench_fail(b, "c", &hands[2], true));
    assert_int_equal(bench_count(b, "rescued"), 1);
    /* Its lost steps are not made up: it goes on with the others' second segment. */
    for (int i = 0; i < 3; i++) {
        static const char *const NAMES[] = {"a", "b", "c"};
        pbt__action action = bench_claim(b, NAMES[i]);
        assert_int_equal(action.verb, PBT__TRAIN);
        assert_int_equal(action.train.segment.start_step, 10);
    }
    assert_int_equal(bench_problems(b), 0);
}

static char *train_generations(bench *b, int workers, bool reopens)
{
    static const char *const NAMES[] = {"a", "b", "c"};
    pbt__action hands[3];
    bench_create(b, 5, "mode: generational\nseed: 11\nfailure: {lost: 1000}\nstop: {steps: 60}");
    bool is_training = true;
    for (int turn = 0; is_training; turn++) {
        is_training = false;
        if (reopens && turn % 3 == 2) {
            bench_reopen(b);
            assert_ok(pbt__study_end_leases(b->study, "", true, &b->error));
        }
        for (int i = 0; i < workers; i++) {
            hands[i] = bench_claim(b, NAMES[i]);
        }
        for (int i = workers - 1; i >= 0; i--) {
            is_training |= hands[i].verb != PBT__STOP;
            bool is_killed = reopens && (turn + i) % 4 == 0;
            if (hands[i].verb == PBT__TRAIN && !is_killed) {
                (void)bench_report(b, NAMES[i], &hands[i],
                                   like_a_landscape(&hands[i].train.segment));
            }
        }
    }
    assert_int_equal(bench_problems(b), 0);
    return bench_segments(b);
}

/* Checkpoints name the attempt that wrote them in these tests, but not in what is compared. */
static void behaviour_11_generations_are_the_same_whatever_dies(void **state)
{
    char *texts[3];
    (void)state;
    for (int i = 0; i < 3; i++) {
        void *fresh = NULL;
        assert_int_equal(bench_make(&fresh), 0);
        texts[i] = train_generations(fresh, i == 1 ? 3 : 1, i == 2);
        assert_int_equal(bench_remove(&fresh), 0);
    }
    assert_string_equal(texts[0], texts[1]);
    assert_string_equal(texts[0], texts[2]);
    for (int i = 0; i < 3; i++) {
        free(texts[i]);
    }
}

/* ---- stops ---- */

static void a_score_stops_a_study(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "stop: {steps: 1000, score: 1.02}");
    assert_true(bench_train(b, by_member, 400) < 60);
    pbt__summary summary = bench_summary(b);
    assert_int_equal(summary.state, PBT__FINISHED);
    assert_int_equal(summary.stop, PBT__STOP_SCORE);
}

static void a_small_score_stops_a_study_that_minimizes(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "objective: {direction: minimize}\nstop: {steps: 1000, score: 0.5}");
    pbt__action action = bench_claim(b, "a");
    action = bench_report(b, "a", &action, 0.6).action;
    assert_int_equal(action.verb, PBT__TRAIN);
    assert_int_equal(bench_report(b, "a", &action, 0.4).action.verb, PBT__STOP);
    json_t *show = NULL;
    assert_ok(pbt__study_show(b->study, &show, &b->error));
    json_t *score = json_object_get(json_object_get(show, "best"), "score");
    assert_true(json_real_value(score) == 0.4);
    json_decref(show);
}

static void time_stops_a_study(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "stop: {steps: 1000, seconds: 60}");
    pbt__action action = bench_claim(b, "a");
    b->now_us += 59000000;
    action = bench_report(b, "a", &action, 1).action;
    assert_int_equal(action.verb, PBT__TRAIN);
    b->now_us += 2000000;
    assert_int_equal(bench_claim(b, "b").verb, PBT__STOP);
    assert_int_equal(bench_summary(b).stop, PBT__STOP_SECONDS);
}

static void a_user_stops_and_resumes(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "");
    pbt__action action = bench_claim(b, "a");
    assert_ok(pbt__study_stop(b->study, &b->error));
    assert_ok(pbt__study_stop(b->study, &b->error));
    assert_int_equal(bench_count(b, "stopped"), 1);
    assert_int_equal(bench_summary(b).state, PBT__STUDY_STOPPED);
    /* What was in training is not lost. */
    assert_int_equal(bench_report(b, "a", &action, 1).action.verb, PBT__STOP);
    assert_ok(pbt__study_resume(b->study, &b->error));
    assert_ok(pbt__study_resume(b->study, &b->error));
    assert_int_equal(bench_train(b, by_member, 100), 19);
    assert_int_equal(pbt__study_stop(b->study, &b->error), PBT_ERR_STATE);
    assert_int_equal(bench_problems(b), 0);
}

/* ---- amendments ---- */

static pbt_err amend(bench *b, const char *key, const char *value)
{
    return pbt__study_amend(b->study, &key, &value, 1, &b->error);
}

static void a_finished_study_is_extended(void **state)
{
    bench *b = *state;
    bench_create(b, 4, "stop: {steps: 30}");
    assert_int_equal(bench_train(b, by_member, 100), 12);
    assert_ok(amend(b, "stop.steps", "60"));
    assert_int_equal(bench_summary(b).state, PBT__RUNNING);
    bench_reopen(b);
    assert_int_equal(pbt__study_spec(b->study)->search.stop_steps, 60);
    assert_int_equal(bench_train(b, by_member, 100), 12);
    assert_int_equal(bench_summary(b).steps_done, 240);
    assert_int_equal(bench_problems(b), 0);
}

static void rules_change_from_the_next_decision_on(void **state)
{
    bench *b = *state;
    bench_create(b, 4, "exploit: {rule: none}");
    pbt__action action = bench_claim(b, "a");
    for (int i = 0; i < 16; i++) {
        action = bench_report(b, "a", &action, by_member(&action.train.segment)).action;
    }
    assert_int_equal(bench_summary(b).exploit_count, 0);
    assert_ok(amend(b, "exploit.rule", "truncation"));
    assert_ok(amend(b, "exploit.fraction", "0.5"));
    assert_ok(amend(b, "objective.window", "2"));
    assert_ok(amend(b, "checkpoints.keep_best", "1"));
    while (action.verb == PBT__TRAIN) {
        action = bench_report(b, "a", &action, by_member(&action.train.segment)).action;
    }
    assert_true(bench_summary(b).exploit_count > 0);
    bench_reopen(b);
    assert_int_equal(bench_problems(b), 0);
    json_t *event = bench_last(b, "amended");
    json_t *first = json_array_get(json_object_get(event, "amendments"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "key")), "checkpoints.keep_best");
    assert_string_equal(json_string_value(json_object_get(first, "from")), "3");
    assert_string_equal(json_string_value(json_object_get(first, "to")), "1");
    json_decref(event);
}

static void what_may_not_change_is_refused_whole(void **state)
{
    bench *b = *state;
    const char *const keys[] = {"stop.steps", "population"};
    const char *const values[] = {"200", "9"};
    bench_create(b, 2, "");
    assert_int_equal(pbt__study_amend(b->study, keys, values, 2, &b->error), PBT_ERR_SPEC);
    assert_int_equal(pbt__study_spec(b->study)->search.stop_steps, 100);
    assert_int_equal(bench_count(b, "amended"), 0);
    /* A segment that is open would end beyond. */
    pbt__action action = bench_claim(b, "a");
    (void)bench_report(b, "a", &action, 1);
    assert_int_equal(amend(b, "stop.steps", "15"), PBT_ERR_STATE);
    assert_int_equal(bench_count(b, "amended"), 0);
    assert_ok(amend(b, "stop.steps", "20"));
    assert_int_equal(bench_train(b, by_member, 100), 3);
}

/* Each value is a word with a long comment of backslashes, which JSON doubles. */
static void what_no_event_can_hold_is_refused_whole(void **state)
{
    enum { COUNT = 33, LENGTH = 1024 * 1024 };
    bench *b = *state;
    const char *keys[COUNT], *values[COUNT];
    char *notes = malloc(LENGTH + 1);
    assert_non_null(notes);
    memset(notes, '\\', LENGTH);
    memcpy(notes, "new #", 5);
    notes[LENGTH] = '\0';
    for (int i = 0; i < COUNT; i++) {
        keys[i] = "notes";
        values[i] = notes;
    }
    bench_create(b, 2, "");
    assert_int_equal(pbt__study_amend(b->study, keys, values, COUNT, &b->error), PBT_ERR_LIMIT);
    assert_string_equal(b->error.message,
                        "event 'amended' would have more than the 67108864 bytes of one");
    free(notes);
    assert_string_equal(pbt__study_spec(b->study)->notes, "");
    assert_int_equal(bench_count(b, "amended"), 0);
    assert_int_equal(bench_train(b, by_member, 100), 20);
}

/* ---- creating, deleting, sharing ---- */

static void a_name_is_taken_once(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "");
    pbt__study *first = b->study;
    assert_int_equal(bench_try_create(b, 2, ""), PBT_ERR_EXISTS);
    b->study = first;
    assert_int_equal(bench_train(b, by_member, 100), 20);
}

static void a_study_is_deleted_with_its_checkpoints(void **state)
{
    bench *b = *state;
    char folder[PBT__PATH_SIZE + 32];
    pbt__study_row row;
    pbt__reply reply;
    pbt__remains remains;
    bench_create(b, 2, "");
    snprintf(folder, sizeof folder, "%s/bench.checkpoints", b->folder);
    pbt__action action = bench_claim(b, "a");
    assert_ok(bench_report_file(b, "a", &action, 1, &reply));
    assert_int_equal(pbt__study_delete(b->study, false, NULL, &remains, &b->error), PBT_ERR_BUSY);
    assert_int_equal(access(folder, F_OK), 0);
    assert_ok(pbt__study_delete(b->study, true, NULL, &remains, &b->error));
    assert_int_not_equal(access(folder, F_OK), 0);
    assert_int_equal(pbt__store_find(b->store, "bench", &row, &b->error), PBT_ERR_NOT_FOUND);
}

typedef struct watcher {
    pbt__study *study;
    uint64_t seen;
} watcher;

static void *wait_for_a_change(void *context)
{
    watcher *self = context;
    pbt__study_wait(self->study, self->seen, 3600);
    return NULL;
}

/* Whoever waits finds it, and all who wait are told: no call of this handle's looks. */
static void what_is_done_elsewhere_ends_all_waits(void **state)
{
    enum { COUNT = 3 };
    bench *b = *state;
    const pbt__study_options options = {.checkpoint_folder = b->folder};
    pthread_t threads[COUNT];
    watcher watchers[COUNT];
    pbt__summary summary;
    bench_create(b, 4, "seed: 5");
    bench other = *b;
    const pbt__store_options store = {.url = b->url, .now_us = bench_now, .clock_context = &other};
    assert_ok(pbt__store_open(&store, &other.store, &b->error));
    assert_ok(pbt__study_open(other.store, "bench", &options, &other.study, &b->error));
    for (int i = 0; i < COUNT; i++) {
        watchers[i] = (watcher){b->study, pbt__study_changes(b->study)};
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_a_change, &watchers[i]), 0);
    }
    assert_ok(pbt__study_stop(other.study, &b->error));
    for (int i = 0; i < COUNT; i++) {
        pthread_join(threads[i], NULL);
    }
    pbt__study_glance(b->study, &summary);
    assert_int_equal(summary.state, PBT__STUDY_STOPPED);
    pbt__study_close(other.study);
    pbt__store_close(other.store);
}

static void two_handles_on_one_store_decide_alike(void **state)
{
    bench *b = *state;
    const pbt__study_options options = {.checkpoint_folder = b->folder};
    bench_create(b, 4, "seed: 5");
    bench other = *b;
    const pbt__store_options store = {.url = b->url, .now_us = bench_now, .clock_context = &other};
    assert_ok(pbt__store_open(&store, &other.store, &b->error));
    assert_ok(pbt__study_open(other.store, "bench", &options, &other.study, &b->error));
    bench *both[] = {b, &other};
    static const char *const NAMES[] = {"a", "b"};
    pbt__action hands[] = {bench_claim(b, "a"), bench_claim(&other, "b")};
    for (int i = 0; hands[i % 2].verb == PBT__TRAIN; i++) {
        pbt__action *hand = &hands[i % 2];
        *hand =
            bench_report(both[i % 2], NAMES[i % 2], hand, like_a_landscape(&hand->train.segment))
                .action;
    }
    assert_int_equal(bench_summary(b).finished_count, 4);
    assert_int_equal(bench_summary(&other).finished_count, 4);
    char *texts[] = {bench_segments(b), bench_segments(&other)};
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
    assert_int_equal(bench_problems(b), 0);
    bench_close(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(behaviour_12_a_round_goes_on_when_its_last_member_reports),
        TEST(behaviour_12_a_round_goes_on_when_its_last_member_is_given_up),
        cmocka_unit_test(behaviour_11_generations_are_the_same_whatever_dies),
        TEST(a_score_stops_a_study),
        TEST(a_small_score_stops_a_study_that_minimizes),
        TEST(time_stops_a_study),
        TEST(a_user_stops_and_resumes),
        TEST(a_finished_study_is_extended),
        TEST(rules_change_from_the_next_decision_on),
        TEST(what_may_not_change_is_refused_whole),
        TEST(what_no_event_can_hold_is_refused_whole),
        TEST(a_name_is_taken_once),
        TEST(a_study_is_deleted_with_its_checkpoints),
        TEST(what_is_done_elsewhere_ends_all_waits),
        TEST(two_handles_on_one_store_decide_alike),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
