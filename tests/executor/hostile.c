/* hostile.c: plugins that do harm: each costs the attempt that was trained then, and nothing else.
 */
#include "process_case.h"

#include <glob.h>
#include <poll.h>
#include <sys/pidfd.h>

#include "base/error.h"
#include "executor/cell.h"

#define LIBRARY(name) TRAINERS "/libtrainer-" name ".so"

#define STUDY(more, library)                                                                       \
    "version: 1\nname: test\npopulation: 3\nmode: generational\nready: {every: 10}\n"              \
    "stop: {steps: 30}\nobjective: {metric: score}\nfailure: {retries: 3}\n"                       \
    "exploit: {rule: truncation, fraction: 0.34}\n"                                                \
    "hyperparameters:\n  rate: {type: float, min: 1, max: 2}\n" more                               \
    "trainer: {protocol: library, library: " library "}\n"

static int set_up(void **state)
{
    return scratch_make(state) == 0 ? setenv("PBT_TEST_FOLDER", scratch, 1) : -1;
}

static void ask_for(const char *harm)
{
    char name[64];
    (void)snprintf(name, sizeof name, "harm-%s", harm);
    put(in(name), "");
}

/* ---- what a cell dies of --------------------------------------------------------------------- */

/* Member 1's second segment failed once, in these words; nobody else's anything. */
static void assert_one_failure(const char *words)
{
    const found_events found = find_events("failed");
    assert_int_equal(found.count, 1);
    if (strstr(found.message, words) == NULL || strstr(found.message, "/logs/m1.log") == NULL) {
        print_error("message: %s\n", found.message);
        fail();
    }
    json_t *list = segments();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *segment = json_array_get(list, i);
        const json_int_t wanted = strcmp(text_of(segment, "segment"), "m1s0") == 0 ? 2 : 1;
        assert_string_equal(text_of(segment, "state"), "reported");
        assert_int_equal(integer_of(segment, "attempts"), wanted);
    }
    assert_int_equal(json_array_size(list), 9);
    json_decref(list);
    assert_verified();
}

static void assert_costs_one_attempt(const char *harm, const char *words)
{
    make_study(STUDY("", LIBRARY("hostile")));
    ask_for(harm);
    run(2);
    assert_state(PBT__FINISHED);
    assert_one_failure(words);
    void *state = NULL;
    assert_int_equal(close_study(&state), 0);
    assert_int_equal(set_up(&state), 0);
}

static void whatever_it_dies_of_costs_one_attempt(void **state)
{
    (void)state;
    assert_costs_one_attempt("train-exit-m1", "the plugin called exit(0) in train");
    assert_costs_one_attempt("evaluate-exit-3-m1", "the plugin called exit(3) in evaluate");
    assert_costs_one_attempt("train-_exit-m1", "the plugin called exit(0) in train");
    assert_costs_one_attempt("train-abort-m1", "killed by signal 6 (SIGABRT) in train");
    assert_costs_one_attempt("train-segv-m1", "killed by signal 11 (SIGSEGV) in train");
    assert_costs_one_attempt("evaluate-kill-m1", "killed by signal 9 (SIGKILL) in evaluate");
}

static void the_data_that_nobody_can_open_end_the_run(void **state)
{
    (void)state;
    make_study(STUDY("", LIBRARY("hostile")));
    ask_for("open-always-exit-m0");
    start(1);
    wait_until_done();
    assert_int_equal(pbt__executor_local.finish(local, &error), PBT_ERR_TRAINER);
    local = NULL;
    assert_non_null(strstr(error.message, "the plugin called exit(0) in open"));
    assert_int_equal(count_segments("claimed"), 0);
    assert_int_equal(find_events("failed").count, 0);
}

/* Its constructor ends the process. */
static void a_library_that_ends_what_loads_it_is_refused(void **state)
{
    (void)state;
    make_study(STUDY("", LIBRARY("leaves")));
    assert_int_equal(try_start(1), PBT_ERR_TRAINER);
    assert_non_null(strstr(error.message, "cannot load the library"));
    assert_string_equal(error.detail, "the plugin called exit(0) while it was loaded");
    const pbt__executor_options options = {.slots = {.count = 1}, .log_folder = in("logs")};
    pbt__study_desk planned = pbt__spec_desk_init(pbt__study_spec(study));
    assert_int_equal(pbt__executor_local.check(&planned.desk, &options, &error), PBT_ERR_TRAINER);
    assert_non_null(strstr(error.detail, "while it was loaded"));
}

/* ---- what costs nothing ---------------------------------------------------------------------- */

static void assert_costs_nothing(const char *spec, const char *harm, int32_t slots)
{
    make_study(spec);
    ask_for(harm);
    run(slots);
    assert_state(PBT__FINISHED);
    assert_string_equal(find_events("failed").message, "");
    assert_int_equal(find_events("released").count, 0);
    assert_verified();
    void *state = NULL;
    assert_int_equal(close_study(&state), 0);
    assert_int_equal(set_up(&state), 0);
}

static void closing_and_leaving_cost_nothing(void **state)
{
    (void)state;
    assert_costs_nothing(STUDY("", LIBRARY("hostile")), "train-close-m1", 2);
    assert_costs_nothing(STUDY("", LIBRARY("hostile")), "open-close-m0", 1);
    assert_costs_nothing(STUDY("", LIBRARY("hostile")), "train-away-m1", 2);
}

/* The first of the processes that a thread has started; 0: none. */
static pid_t first_child(const char *path)
{
    char text[64] = "";
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        (void)!fgets(text, sizeof text, file);
        (void)fclose(file);
    }
    return (pid_t)strtol(text, NULL, 10);
}

/* The plugin's process: a slot's thread has started its keeper, and that the process. */
static pid_t find_cell(void)
{
    glob_t found;
    pid_t cell = 0;
    assert_int_equal(glob("/proc/self/task/[0-9]*/children", 0, NULL, &found), 0);
    for (size_t i = 0; cell == 0 && i < found.gl_pathc; i++) {
        char path[64];
        const int keeper = first_child(found.gl_pathv[i]);
        (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", keeper, keeper);
        cell = first_child(path);
    }
    globfree(&found);
    return cell;
}

/* Wait until a process has ended, whoever reaps it. */
static void wait_for_death(pid_t process)
{
    struct pollfd ended = {.fd = pidfd_open(process, 0), .events = POLLIN};
    assert_true(ended.fd >= 0);
    assert_int_equal(poll(&ended, 1, 30000), 1);
    assert_int_equal(close(ended.fd), 0);
}

static void wait_for_reports(size_t count)
{
    const int64_t until_us = pbt__clock_monotonic_us() + 30000000;
    while (count_segments("reported") < count) {
        assert_true(pbt__clock_monotonic_us() < until_us);
        (void)usleep(2000);
    }
}

/* We hold member 0's segment ourselves, until the slot waits for it. */
static void one_that_ends_between_segments_costs_nothing(void **state)
{
    (void)state;
    const pbt__claimant us = {"us", "0123456789abcdef0123456789abcdef"};
    pbt__action action;
    make_study(STUDY("", LIBRARY("hostile")));
    assert_ok(pbt__study_claim(study, &us, &action, &error));
    assert_int_equal(action.verb, PBT__TRAIN);
    start(1);
    wait_for_reports(2);
    const pid_t cell = find_cell();
    assert_int_equal(kill(cell, SIGKILL), 0);
    wait_for_death(cell);
    assert_ok(pbt__study_release(study, &us, action.train.segment.id, action.train.attempt, 0,
                                 false, &error));
    finish();
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_logged(0, "before this segment: the plugin was killed by signal 9 (SIGKILL)");
    assert_verified();
}

static bool is_gone(pid_t pid)
{
    char path[64], text[256] = "";
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        (void)!fgets(text, sizeof text, file);
        (void)fclose(file);
    }
    return text[0] == '\0' || strstr(text, ") Z ") != NULL;
}

/* A copy that returned into the cell would answer too. We hold member 0's segment as above. */
static void a_copy_that_returns_is_ended(void **state)
{
    (void)state;
    const pbt__claimant us = {"us", "0123456789abcdef0123456789abcdef"};
    pbt__action action;
    make_study(STUDY("", LIBRARY("hostile")));
    ask_for("evaluate-fork-m1");
    assert_ok(pbt__study_claim(study, &us, &action, &error));
    start(1);
    wait_for_reports(2);
    const pid_t copy = read_pid(in("copy"));
    const int64_t until_us = pbt__clock_monotonic_us() + 10000000;
    while (!is_gone(copy)) {
        assert_true(pbt__clock_monotonic_us() < until_us);
        (void)usleep(2000);
    }
    assert_ok(pbt__study_release(study, &us, action.train.segment.id, action.train.attempt, 0,
                                 false, &error));
    finish();
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_verified();
}

/* ---- hanging --------------------------------------------------------------------------------- */

/* One slot, so nobody else claims anything. */
static void a_stall_is_found_while_nobody_claims(void **state)
{
    (void)state;
    make_study(STUDY("lease: {stall_seconds: 0.5}\n", LIBRARY("hostile")));
    ask_for("train-hang-m1");
    run(1);
    assert_state(PBT__FINISHED);
    const found_events found = find_events("failed");
    assert_int_equal(found.count, 1);
    assert_string_equal(found.message, "the step stands still");
    assert_logged(1, "the trainer did not return; its process is killed");
}

/* Without a bound it is the user who ends it. */
static void one_that_hangs_is_ended_with_the_run(void **state)
{
    (void)state;
    make_study(STUDY("", LIBRARY("hostile")));
    ask_for("train-always-hang-m0");
    start(1);
    wait_for(in("logs/m0.log"));
    pbt__executor_local.stop(local, false);
    assert_false(pbt__executor_local.is_done(local));
    pbt__executor_local.stop(local, true);
    finish();
    assert_int_equal(find_events("released").count, 1);
    assert_int_equal(find_events("failed").count, 0);
    assert_int_equal(count_segments("claimed"), 0);
}

/* ---- told from outside ----------------------------------------------------------------------- */

/* Batch systems signal every process that they find. */
static void a_signal_from_outside_gives_the_segment_back(void **state)
{
    (void)state;
    make_study(STUDY("", LIBRARY("hostile")));
    put(in("act-turn"), "");
    start(1);
    wait_for(in("logs/m0.log"));
    const pid_t cell = find_cell();
    assert_true(cell > 1);
    while (!pbt__executor_local.is_done(local)) {
        (void)kill(cell, SIGTERM);
        (void)usleep(20000);
        if (find_events("released").count == 1) {
            assert_int_equal(find_cell(), cell);
            (void)unlink(in("act-turn"));
        }
    }
    finish();
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_verified();
}

/* ---- states of another size ------------------------------------------------------------------ */

static void amend(const char *key, const char *value)
{
    assert_ok(pbt__study_amend(study, &key, &value, 1, &error));
}

static void assert_refused(const char *words, const char *detail)
{
    assert_int_equal(try_start(1), PBT_ERR_TRAINER);
    assert_null(local);
    assert_non_null(strstr(error.message, words));
    assert_non_null(strstr(error.detail, detail));
    assert_non_null(strstr(error.hint, "`save` and `load`"));
    assert_int_equal(count_segments("claimed"), 0);
    assert_int_equal(find_events("failed").count, 0);
}

/* A study that was trained by `plain` goes on with `large`. */
static void another_size_is_refused_on_going_on(void **state)
{
    (void)state;
    static const char *const ISOLATIONS[] = {"process", "thread"};
    make_study(STUDY("", LIBRARY("plain")));
    run(1);
    assert_state(PBT__FINISHED);
    amend("stop.steps", "60");
    amend("trainer.library", LIBRARY("large"));
    for (size_t i = 0; i < 2; i++) {
        amend("trainer.isolation", ISOLATIONS[i]);
        reopen_study();
        assert_refused("bytes, the checkpoint that it goes on from has 32",
                       "member 0 starts from m");
    }
    amend("trainer.library", LIBRARY("plain"));
    reopen_study();
    run(1);
    assert_state(PBT__FINISHED);
    assert_verified();
}

static void a_start_checkpoint_of_another_size_is_refused(void **state)
{
    (void)state;
    put(in("start.bin"), "seven..");
    make_study(STUDY("start:\n  - {rate: 1}\n  - {checkpoint: start.bin}\n", LIBRARY("plain")));
    assert_refused("goes on from has 7", "member 1 starts from a start checkpoint");
    const pbt__executor_options options = {.slots = {.count = 1}, .log_folder = in("logs")};
    pbt__study_desk planned = pbt__spec_desk_init(pbt__study_spec(study));
    assert_int_equal(pbt__executor_local.check(&planned.desk, &options, &error), PBT_ERR_TRAINER);
    assert_non_null(strstr(error.message, "goes on from has 7"));
}

static pbt__desk_ops forgetful;
static atomic_int forgotten;

/* The first report is of a segment that the desk does not know. */
static pbt_err forget_first(pbt__desk *at, const pbt__claimant *who, const pbt__result *result,
                            pbt__reply *out, pbt_error *why)
{
    return atomic_fetch_add(&forgotten, 1) == 0
               ? pbt__fail(why, PBT_ERR_NOT_FOUND, "no such segment")
               : pbt__study_desk_init(study).desk.ops->report(at, who, result, out, why);
}

static void a_segment_that_the_desk_does_not_know_ends_no_run(void **state)
{
    (void)state;
    const pbt__executor_options options = {
        .slots = {.count = 1, .thread_count = 3}, .log_folder = in("logs"), .worker_name = "test"};
    make_study(STUDY("", LIBRARY("plain")));
    desk = pbt__study_desk_init(study);
    forgetful = *desk.desk.ops;
    forgetful.report = forget_first;
    desk.desk.ops = &forgetful;
    assert_ok(pbt__executor_local.start(&desk.desk, &options, &local, &error));
    finish();
    assert_true(atomic_load(&forgotten) > 1);
    assert_state(PBT__FINISHED);
    assert_verified();
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, close_study)

int main(int argc, char **argv)
{
    if (pbt__cell_is_asked(argc, argv)) {
        return pbt__cell_main(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        CASE(whatever_it_dies_of_costs_one_attempt),
        CASE(the_data_that_nobody_can_open_end_the_run),
        CASE(a_library_that_ends_what_loads_it_is_refused),
        CASE(closing_and_leaving_cost_nothing),
        CASE(a_copy_that_returns_is_ended),
        CASE(one_that_ends_between_segments_costs_nothing),
        CASE(a_stall_is_found_while_nobody_claims),
        CASE(one_that_hangs_is_ended_with_the_run),
        CASE(a_signal_from_outside_gives_the_segment_back),
        CASE(another_size_is_refused_on_going_on),
        CASE(a_start_checkpoint_of_another_size_is_refused),
        CASE(a_segment_that_the_desk_does_not_know_ends_no_run),
    };
    return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
