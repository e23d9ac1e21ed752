/* plugin.c: trainers that are plugins: each segment has its parent's weights, however it gets them.
 */
#include "study_case.h"

#include "executor/cell.h"
#include "store/backend.h"

#include <dlfcn.h>
#include <glob.h>
#include <math.h>
#include <stdatomic.h>

/* The trainers' folder comes from the build. */
#define LIBRARY(name) TRAINERS "/libtrainer-" name ".so"

#define SPEC(population, mode, more, library)                                                      \
    "version: 1\n"                                                                                 \
    "name: test\n"                                                                                 \
    "population: " population "\n"                                                                 \
    "mode: " mode "\n"                                                                             \
    "ready: {every: 10}\n"                                                                         \
    "objective: {metric: score}\n"                                                                 \
    "exploit: {rule: truncation, fraction: 0.3}\n"                                                 \
    "hyperparameters:\n"                                                                           \
    "  rate: {type: float, min: 1, max: 2}\n" more "trainer:\n"                                    \
    "  protocol: library\n"                                                                        \
    "  library: " library "\n"

#define STOP(steps) "stop: {steps: " steps "}\n"
#define ACT(act) "  act: {type: constant, value: " act "}\n"

/* "process" or "thread": each test is run with both, as its state says. */
static const char *isolation;

/* A test's second set-up, within the test, has no state of its own. */
static int set_up(void **state)
{
    isolation = *state != NULL ? *state : isolation;
    *state = NULL;
    return scratch_make(state) == 0 ? setenv("PBT_TEST_FOLDER", scratch, 1) : -1;
}

static bool is_isolated(void)
{
    return strcmp(isolation, "process") == 0;
}

/* Make a study of a spec that ends within its trainer. */
static void make_plugin_study(const char *spec)
{
    char yaml[2048];
    (void)snprintf(yaml, sizeof yaml, "%s  isolation: %s\n", spec, isolation);
    make_study(yaml);
}

/* Tell running trainers what to do. */
static void tell(const char *act)
{
    char name[64];
    (void)snprintf(name, sizeof name, "act-%s", act);
    put(in(name), "");
}

static void tell_no_more(const char *act)
{
    char name[64];
    (void)snprintf(name, sizeof name, "act-%s", act);
    assert_int_equal(unlink(in(name)), 0);
}

/* Every segment was trained from the very weights of the parent that the log names. */
static void assert_lineage(size_t expected_count)
{
    json_t *list = segments();
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *segment = json_array_get(list, i);
        const json_t *metrics = json_object_get(segment, "metrics");
        pbt_segment_id parent = PBT_NO_SEGMENT;
        (void)pbt__id_read(text_of(segment, "parent"), &parent);
        assert_string_equal(text_of(segment, "state"), "reported");
        const double member = json_number_value(json_object_get(metrics, "from_member"));
        const double number = json_number_value(json_object_get(metrics, "from_number"));
        assert_true(member == parent.member && number == parent.number);
        assert_int_equal(json_number_value(json_object_get(metrics, "age")),
                         integer_of(segment, "end_age"));
        count++;
    }
    json_decref(list);
    assert_int_equal(count, expected_count);
}

static void assert_trains(const char *spec, int32_t slots, size_t count)
{
    make_plugin_study(spec);
    run(slots);
    assert_state(PBT__FINISHED);
    assert_no_retries();
    assert_lineage(count);
    assert_verified();
}

/* The plugin's open ran before the first segment, whosever that was, once in each process. */
static void assert_opened_once(int32_t population, int32_t slots)
{
    int count = 0;
    for (int32_t m = 0; m < population; m++) {
        char *text = read_log(m);
        for (const char *at = text; (at = strstr(at, "opened\n")) != NULL; at++) {
            count++;
        }
        assert_null(strstr(text, "opened again"));
        free(text);
    }
    assert_in_range(count, 1, is_isolated() ? slots : 1);
}

/* ---- weights --------------------------------------------------------------------------------- */

static void weights_follow_the_lineage_in_generations(void **state)
{
    (void)state;
    assert_trains(SPEC("6", "generational", STOP("60"), LIBRARY("plain")), 3, 36);
    assert_opened_once(6, 3);
}

static void weights_follow_the_lineage_asynchronously(void **state)
{
    (void)state;
    assert_trains(SPEC("6", "asynchronous", STOP("60"), LIBRARY("plain")), 3, 36);
}

static bool has_checkpoints_in(const char *pattern)
{
    glob_t found;
    const int status = glob(in(pattern), 0, NULL, &found);
    globfree(&found);
    assert_true(status == 0 || status == GLOB_NOMATCH);
    return status == 0;
}

static void large_weights_stay_in_a_store_in_memory(void **state)
{
    (void)state;
    store_url = "memory:";
    assert_trains(SPEC("6", "generational", STOP("50"), LIBRARY("large")), 2, 30);
    assert_false(has_checkpoints_in("test.checkpoints/m*"));
    assert_false(has_checkpoints_in("test.checkpoints/.aside/m*"));
}

static void large_weights_go_to_the_directory_that_is_named(void **state)
{
    (void)state;
    store_url = "memory:";
    assert_trains(
        SPEC("6", "generational", STOP("50") "checkpoints: {directory: kept}\n", LIBRARY("large")),
        2, 30);
    assert_true(has_checkpoints_in("kept/m*"));
}

static void large_weights_live_in_files(void **state)
{
    (void)state;
    assert_trains(SPEC("6", "generational", STOP("50"), LIBRARY("large")), 2, 30);
    assert_int_equal(count_segments("reported"), 30);
    assert_true(has_checkpoints_in("test.checkpoints/m*"));
}

static void a_plugin_may_save_and_load_by_itself(void **state)
{
    (void)state;
    assert_trains(SPEC("6", "generational", STOP("50"), LIBRARY("files")), 2, 30);
}

static size_t count_loads(void)
{
    struct stat status;
    return stat(in("loads"), &status) == 0 ? (size_t)status.st_size : 0;
}

/* With one member and one slot each segment follows the one before. */
static void a_plugin_that_saves_goes_on_in_memory(void **state)
{
    (void)state;
    assert_trains(SPEC("1", "asynchronous", STOP("50"), LIBRARY("files")), 1, 5);
    assert_int_equal(count_loads(), 0);
}

static void a_plugin_that_saves_is_reloaded_always_where_told(void **state)
{
    (void)state;
    assert_trains(SPEC("1", "asynchronous", STOP("50"), LIBRARY("files") "\n  reload: always"), 1,
                  5);
    assert_int_equal(count_loads(), 4);
}

static void many_members_share_one_slot(void **state)
{
    (void)state;
    assert_trains(SPEC("20", "asynchronous", STOP("30"), LIBRARY("plain")), 1, 60);
}

static void samples_and_metrics_are_recorded(void **state)
{
    (void)state;
    make_plugin_study(SPEC("2", "generational", STOP("10"), LIBRARY("plain")));
    run(1);
    json_t *list = segments();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *segment = json_array_get(list, i);
        const json_t *values = json_object_get(segment, "hyperparameters");
        const double rate = json_number_value(json_object_get(values, "rate"));
        const json_t *samples = json_object_get(json_object_get(segment, "samples"), "score");
        assert_int_equal(json_array_size(samples), 2);
        assert_true(json_number_value(json_array_get(samples, 0)) == rate);
        const double score = json_number_value(json_object_get(segment, "score"));
        assert_true(fabs(score - 1 - rate) < 1e-12);
    }
    json_decref(list);
}

/* ---- stopping and going on ------------------------------------------------------------------- */

/* Stop in the middle of every segment's training, and go on from there in a process that knows
 * nothing. */
static void assert_goes_on(const char *library)
{
    char spec[1024];
    (void)snprintf(spec, sizeof spec, SPEC("4", "generational", STOP("40"), "%s"), library);
    make_plugin_study(spec);
    tell("turn");
    for (int i = 0; i < 3; i++) {
        start(2);
        (void)usleep(30000);
        pbt__executor_local.stop(local, false);
        finish();
        assert_int_equal(count_segments("claimed"), 0);
        reopen_study();
    }
    assert_true(find_events("released").count >= 4);
    tell_no_more("turn");
    run(2);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_verified();
    assert_logged(0, "resumed from an earlier attempt");
    json_t *list = segments();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *segment = json_array_get(list, i);
        const json_t *age = json_object_get(json_object_get(segment, "metrics"), "age");
        assert_int_equal(json_number_value(age), integer_of(segment, "end_age"));
    }
    json_decref(list);
}

static void progress_is_kept_when_stopped(void **state)
{
    (void)state;
    assert_goes_on(LIBRARY("plain"));
}

static void large_progress_is_kept_when_stopped(void **state)
{
    (void)state;
    assert_goes_on(LIBRARY("large"));
}

static void saved_progress_is_kept_when_stopped(void **state)
{
    (void)state;
    assert_goes_on(LIBRARY("files"));
}

/* Between segments there is no progress: weights come from the store, or from the folder. */
static void weights_come_back_from_checkpoints(void **state)
{
    (void)state;
    const char *specs[] = {
        SPEC("4", "asynchronous", STOP("100"), LIBRARY("plain")),
        SPEC("4", "asynchronous", STOP("100"), LIBRARY("large")),
        SPEC("4", "asynchronous", STOP("100"), LIBRARY("files")),
    };
    for (size_t i = 0; i < 3; i++) {
        make_plugin_study(specs[i]);
        do {
            start(2);
            (void)usleep(20000);
            pbt__executor_local.stop(local, false);
            finish();
            reopen_study();
        } while (count_segments("reported") < 20);
        run(2);
        assert_state(PBT__FINISHED);
        assert_int_equal(find_events("failed").count, 0);
        assert_lineage(40);
        assert_verified();
        (void)close_study(state);
        assert_int_equal(set_up(state), 0);
    }
}

static void a_stopped_study_ends_its_trainers(void **state)
{
    (void)state;
    make_plugin_study(
        SPEC("2", "generational", STOP("10") "lease: {seconds: 0.3}\n", LIBRARY("plain")));
    tell("turn");
    start(2);
    wait_for(in("logs/m1.log"));
    assert_ok(pbt__study_stop(study, &error));
    finish();
    assert_int_equal(find_events("released").count, 2);
}

/* A claim's progress. */
static pbt_err take_step(void *context, const pbt__claim *claim)
{
    int64_t *steps = context;
    steps[claim->member] = claim->step;
    return PBT_OK;
}

static void heartbeats_show_progress_and_keep_the_lease(void **state)
{
    (void)state;
    make_plugin_study(
        SPEC("2", "generational", STOP("10") "lease: {seconds: 0.3}\n", LIBRARY("plain")));
    tell("turn");
    start(2);
    (void)usleep(1000000);
    pbt__study_row row;
    int64_t steps[2] = {0, 0};
    assert_ok(pbt__store_find(store, "test", &row, &error));
    assert_ok(pbt__store_claim_list(store, row.id, 0, take_step, steps, &error));
    assert_int_equal(steps[0], 9);
    assert_int_equal(steps[1], 9);
    pbt__executor_local.stop(local, false);
    finish();
    assert_int_equal(find_events("failed").count, 0);
}

static void wait_until_unloaded(void)
{
    const int64_t until_us = pbt__clock_monotonic_us() + 10000000;
    void *handle;
    while ((handle = dlopen(LIBRARY("plain"), RTLD_NOW | RTLD_NOLOAD)) != NULL) {
        (void)dlclose(handle);
        assert_true(pbt__clock_monotonic_us() < until_us);
        (void)usleep(2000);
    }
}

/* A thread stays in the plugin, and the study is closed under it; a process is killed. */
static void now_waits_for_no_trainer(void **state)
{
    (void)state;
    make_plugin_study(SPEC("2", "generational", STOP("10"), LIBRARY("plain")));
    tell("deaf");
    start(2);
    wait_for(in("logs/m1.log"));
    (void)usleep(50000);
    pbt__executor_local.stop(local, false);
    (void)usleep(50000);
    assert_false(pbt__executor_local.is_done(local));
    const int64_t begin_us = pbt__clock_monotonic_us();
    pbt__executor_local.stop(local, true);
    finish();
    assert_true(pbt__clock_monotonic_us() - begin_us < 2000000);
    pbt__study_close(study);
    pbt__store_close(store);
    study = NULL;
    store = NULL;
    /* The trainers return into what is left of their slots; the last one cleans up. */
    tell_no_more("deaf");
    wait_until_unloaded();
}

/* ---- failing --------------------------------------------------------------------------------- */

static void assert_fails_with(const char *act, const char *words)
{
    make_plugin_study(SPEC("2", "generational", STOP("10"), LIBRARY("plain")));
    tell(act);
    run(2);
    assert_state(PBT__STUDY_FAILED);
    const found_events found = find_events("failed");
    if (strstr(found.message, words) == NULL || strstr(found.message, "/logs/m") == NULL) {
        print_error("message: %s\n", found.message);
        fail();
    }
}

static void an_init_that_fails_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("fail-init", "init returned 5");
}

static void a_train_that_fails_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("fail-train", "train returned 3");
}

static void an_evaluate_that_fails_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("fail-evaluate", "evaluate returned 4");
}

static void a_missing_metric_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("mute", "reported no metric 'score'");
}

static void too_many_metrics_are_a_failure(void **state)
{
    (void)state;
    assert_fails_with("garrulous", "the trainer's metrics: a stated bound");
}

static void stopping_short_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("short", "step 9 for a segment from 0 to 10");
}

static void an_open_that_fails_ends_the_run(void **state)
{
    (void)state;
    make_plugin_study(SPEC("2", "generational", STOP("10"), LIBRARY("plain")));
    tell("fail-open");
    start(2);
    wait_until_done();
    assert_int_equal(pbt__executor_local.finish(local, &error), PBT_ERR_TRAINER);
    local = NULL;
    assert_non_null(strstr(error.message, "open failed"));
    assert_int_equal(count_segments("claimed"), 0);
    assert_int_equal(find_events("failed").count, 0);
}

static void a_diverged_member_is_replaced(void **state)
{
    (void)state;
    make_plugin_study(SPEC("4", "generational", ACT("x") STOP("50"), LIBRARY("plain")));
    tell("diverge");
    run(2);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_verified();
}

/* ---- what cannot be started ------------------------------------------------------------------ */

static void assert_cannot_start(const char *library, const char *message, const char *words)
{
    char spec[1024];
    (void)snprintf(spec, sizeof spec, SPEC("2", "generational", STOP("10"), "%s"), library);
    make_plugin_study(spec);
    assert_int_equal(try_start(1), PBT_ERR_TRAINER);
    assert_non_null(strstr(error.message, message));
    assert_non_null(strstr(error.detail[0] != '\0' ? error.detail : error.hint, words));
    assert_null(local);
}

static void a_missing_library_is_named(void **state)
{
    (void)state;
    assert_cannot_start("./nowhere.so", "nowhere.so'", "No such file");
}

static void another_version_is_refused(void **state)
{
    (void)state;
    assert_cannot_start(LIBRARY("version"), "version 2", "build it again");
}

static void half_a_table_is_refused(void **state)
{
    (void)state;
    assert_cannot_start(LIBRARY("incomplete"), "not complete", "evaluate");
}

static void a_library_of_something_else_is_refused(void **state)
{
    (void)state;
    assert_cannot_start("libc.so.6", "libc.so.6'", "No such file");
}

/* ---- a store that fails ---------------------------------------------------------------------- */

static const pbt__store_ops *real_ops;
static atomic_int commits_left;

static pbt_err failing_commit(pbt__store *failing, pbt_error *failure)
{
    if (atomic_fetch_sub(&commits_left, 1) > 0) {
        return real_ops->commit(failing, failure);
    }
    real_ops->rollback(failing);
    failure->code = PBT_ERR_STORE;
    (void)snprintf(failure->message, sizeof failure->message, "the disk is gone");
    return PBT_ERR_STORE;
}

static void a_store_that_fails_ends_the_run(void **state)
{
    (void)state;
    for (int count = 0; count < 12; count++) {
        make_plugin_study(SPEC("4", "asynchronous", STOP("50"), LIBRARY("plain")));
        real_ops = store->ops;
        pbt__store_ops failing = *real_ops;
        failing.commit = failing_commit;
        atomic_store(&commits_left, count);
        store->ops = &failing;
        pbt_err err = try_start(3);
        if (err == PBT_OK) {
            wait_until_done();
            err = pbt__executor_local.finish(local, &error);
            local = NULL;
        }
        assert_int_equal(err, PBT_ERR_STORE);
        assert_string_equal(error.message, "the disk is gone");
        store->ops = real_ops;
        reopen_study();
        run(2);
        assert_state(PBT__FINISHED);
        assert_verified();
        (void)close_study(state);
        assert_int_equal(set_up(state), 0);
    }
}

#define CASE_AS(test, how)                                                                         \
    {                                                                                              \
#test " (" how ")", test, set_up, close_study, (void *)(uintptr_t)(how)                    \
    }
#define CASE(test) CASE_AS(test, "process"), CASE_AS(test, "thread")

int main(int argc, char **argv)
{
    if (pbt__cell_is_asked(argc, argv)) {
        return pbt__cell_main(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        CASE(weights_follow_the_lineage_in_generations),
        CASE(weights_follow_the_lineage_asynchronously),
        CASE(large_weights_stay_in_a_store_in_memory),
        CASE(large_weights_go_to_the_directory_that_is_named),
        CASE(large_weights_live_in_files),
        CASE(a_plugin_may_save_and_load_by_itself),
        CASE(a_plugin_that_saves_goes_on_in_memory),
        CASE(a_plugin_that_saves_is_reloaded_always_where_told),
        CASE(many_members_share_one_slot),
        CASE(samples_and_metrics_are_recorded),
        CASE(progress_is_kept_when_stopped),
        CASE(large_progress_is_kept_when_stopped),
        CASE(saved_progress_is_kept_when_stopped),
        CASE(weights_come_back_from_checkpoints),
        CASE(a_stopped_study_ends_its_trainers),
        CASE(heartbeats_show_progress_and_keep_the_lease),
        CASE(an_init_that_fails_is_a_failure),
        CASE(a_train_that_fails_is_a_failure),
        CASE(an_evaluate_that_fails_is_a_failure),
        CASE(a_missing_metric_is_a_failure),
        CASE(too_many_metrics_are_a_failure),
        CASE(stopping_short_is_a_failure),
        CASE(an_open_that_fails_ends_the_run),
        CASE(a_diverged_member_is_replaced),
        CASE(a_missing_library_is_named),
        CASE(another_version_is_refused),
        CASE(half_a_table_is_refused),
        CASE(a_library_of_something_else_is_refused),
        CASE(a_store_that_fails_ends_the_run),
        CASE(now_waits_for_no_trainer),
    };
    return cmocka_run_group_tests_name("plugin", tests, NULL, NULL);
}
