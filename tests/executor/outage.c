/*
 * outage.c: what a plugin needs is gone for a while.
 *
 * Its process ends in training, which costs that attempt, and no other can be started: the study
 * waits until one can, and nothing else has failed. Each test plugs the source of one lack, sees
 * the study wait, and takes the plug out.
 */
#include "study_case.h"

#include <fcntl.h>
#include <sys/resource.h>

#include "base/file.h"
#include "executor/cell.h"

#define LIBRARY(name) TRAINERS "/libtrainer-" name ".so"

#define STUDY(isolation, library)                                                                  \
    "version: 1\nname: test\npopulation: 3\nmode: generational\nready: {every: 10}\n"              \
    "stop: {steps: 30}\nobjective: {metric: score}\nfailure: {retries: 1}\n"                       \
    "exploit: {rule: truncation, fraction: 0.34}\n"                                                \
    "hyperparameters:\n  rate: {type: float, min: 1, max: 2}\n"                                    \
    "trainer: {protocol: library, isolation: " isolation ", library: " library "}\n"

static struct rlimit file_limit;

static int set_up(void **state)
{
    if (scratch_make(state) != 0) {
        return -1;
    }
    is_patient = true;
    (void)getrlimit(RLIMIT_NOFILE, &file_limit);
    return setenv("PBT_TEST_FOLDER", scratch, 1);
}

static int tear_down(void **state)
{
    (void)setrlimit(RLIMIT_NOFILE, &file_limit);
    return close_study(state);
}

/* Put the first bytes of a library where the study's is; no process has that file mapped. */
static void put_library(const char *from, size_t most)
{
    char *bytes = NULL;
    size_t length = 0;
    (void)unlink(in("own.so"));
    assert_ok(pbt__file_read(from, 1 << 26, &bytes, &length, &error));
    assert_ok(pbt__file_write(in("own.so"), bytes, length < most ? length : most, &error));
    free(bytes);
}

static void wait_for_pause(pbt__pause *out)
{
    const int64_t until_us = pbt__clock_monotonic_us() + 30000000;
    do {
        assert_true(pbt__clock_monotonic_us() < until_us);
        assert_false(pbt__executor_local.is_done(local));
        (void)usleep(2000);
        pbt__study_pause(study, out);
    } while (!out->is_paused);
}

static void wait_for_releases(int count)
{
    const int64_t until_us = pbt__clock_monotonic_us() + 30000000;
    while (find_events("released").count < count) {
        assert_true(pbt__clock_monotonic_us() < until_us);
        (void)usleep(2000);
    }
}

static void assert_ends_well(int failures)
{
    finish();
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, failures);
    assert_int_equal(count_segments("reported"), 9);
    assert_int_equal(count_segments("claimed"), 0);
    assert_verified();
}

/* While we hold all segments, slots do nothing. */
static pbt__action ours[3];
static const pbt__claimant us[3] = {
    {"us-0", "00000000000000000000000000000000"},
    {"us-1", "11111111111111111111111111111111"},
    {"us-2", "22222222222222222222222222222222"},
};

static void hold_all(void)
{
    for (int i = 0; i < 3; i++) {
        assert_ok(pbt__study_claim(study, &us[i], &ours[i], &error));
        assert_int_equal(ours[i].verb, PBT__TRAIN);
    }
}

static void let_go(int first, int end)
{
    for (int i = first; i < end; i++) {
        const pbt__assignment *held = &ours[i].train;
        assert_ok(pbt__study_release(study, &us[i], held->segment.id, held->attempt,
                                     held->resume_step, false, &error));
    }
}

static void wait_for_reports(size_t count)
{
    const int64_t until_us = pbt__clock_monotonic_us() + 30000000;
    while (count_segments("reported") < count) {
        assert_true(pbt__clock_monotonic_us() < until_us);
        (void)usleep(2000);
    }
}

static void assert_said(const char *message, const char *words)
{
    if (strstr(message, words) == NULL) {
        print_error("message: %s\n", message);
        fail();
    }
}

/* Something that is gone, and how the study says so. */
typedef struct lack {
    void (*plug)(void), (*unplug)(void);
    const char *words;
    bool is_own;
    int tries; /* before it is back */
} lack;

/* One slot trains member 0, where that is not the victim; then all is plugged, and the process ends
 * in the victim's training. */
static void assert_waits(int victim, const lack *what)
{
    pbt__pause pause;
    char harm[64];
    (void)snprintf(harm, sizeof harm, "harm-train-exit-m%d", victim);
    put_library(LIBRARY("hostile"), SIZE_MAX);
    make_study(STUDY("process", "own.so"));
    hold_all();
    start(1);
    let_go(0, victim);
    wait_for_reports((size_t)victim);
    put(in(harm), "");
    what->plug();
    let_go(victim, 3);
    wait_for_pause(&pause);
    assert_said(pause.why.message, what->words);
    assert_int_equal(pause.is_own, what->is_own);
    assert_int_equal(strstr(pause.why.hint, "the limit of open files") != NULL, what->is_own);
    wait_for_releases(3 + what->tries);
    what->unplug();
    assert_ends_well(1);
}

/* ---- no process ------------------------------------------------------------------------------ */

static void take_library(void)
{
    assert_int_equal(rename(in("own.so"), in("aside.so")), 0);
}

static void put_back(void)
{
    assert_int_equal(rename(in("aside.so"), in("own.so")), 0);
}

static void halve_library(void)
{
    put_library(LIBRARY("hostile"), 5000);
}

static void write_library(void)
{
    put_library(LIBRARY("hostile"), SIZE_MAX);
}

static const lack gone = {take_library, put_back, "cannot load the library", false, 2};
static const lack halved = {halve_library, write_library, "cannot load the library", false, 1};

static void a_library_that_is_gone_for_a_while_is_waited_for(void **state)
{
    (void)state;
    assert_waits(1, &gone);
}

/* It was there when the run began, so its name is no wrong one. */
static void one_that_is_gone_before_the_first_report_is_waited_for(void **state)
{
    (void)state;
    assert_waits(0, &gone);
}

static void one_that_is_half_written_is_waited_for(void **state)
{
    (void)state;
    assert_waits(1, &halved);
}

/* As many descriptors as are open, one more for a log, and those that the process's end frees. */
static void take_descriptors(void)
{
    const int next = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(next >= 0 && close(next) == 0);
    const struct rlimit limit = {(rlim_t)next + 1, file_limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void give_descriptors(void)
{
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &file_limit), 0);
}

static void descriptors_that_pbt_lacks_are_its_own(void **state)
{
    (void)state;
    const lack absent = {take_descriptors, give_descriptors, "cannot ", true, 1};
    assert_waits(1, &absent);
}

static void another_size_of_state_ends_the_run(void **state)
{
    (void)state;
    put_library(LIBRARY("hostile"), SIZE_MAX);
    make_study(STUDY("process", "own.so"));
    hold_all();
    start(1);
    put(in("harm-train-exit-m1"), "");
    put_library(LIBRARY("large"), SIZE_MAX);
    let_go(0, 3);
    wait_until_done();
    assert_int_equal(pbt__executor_local.finish(local, &error), PBT_ERR_TRAINER);
    local = NULL;
    assert_non_null(strstr(error.message, "has changed: its state had 32 bytes, and has"));
    assert_int_equal(count_segments("claimed"), 0);
    assert_int_equal(find_events("failed").count, 1);
}

/* ---- no data --------------------------------------------------------------------------------- */

static void hide_data(void)
{
    put(in("act-fail-open"), "");
}

static void show_data(void)
{
    assert_int_equal(unlink(in("act-fail-open")), 0);
}

static void data_that_cannot_be_opened_for_a_while_are_waited_for(void **state)
{
    (void)state;
    const lack absent = {hide_data, show_data, "the trainer's open failed", false, 1};
    assert_waits(1, &absent);
}

static void end_at_data(void)
{
    put(in("harm-open-exit-m2"), "");
}

static void do_nothing(void)
{
}

static void a_process_that_ends_at_its_data_is_no_members_failure(void **state)
{
    (void)state;
    const lack absent = {end_at_data, do_nothing, "called exit(0) in open", false, 1};
    assert_waits(1, &absent);
}

/* ---- no weights ------------------------------------------------------------------------------ */

static void amend(const char *key, const char *value)
{
    assert_ok(pbt__study_amend(study, &key, &value, 1, &error));
}

/* A file of weights that pbt has no descriptor for. It is read on a thread of ours; the log has the
 * last descriptor. */
static void weights_that_pbt_cannot_read_are_its_own(void **state)
{
    (void)state;
    pbt__pause pause;
    make_study(STUDY("thread", LIBRARY("large")));
    amend("stop.steps", "20");
    run(1);
    amend("stop.steps", "30");
    reopen_study();
    hold_all();
    start(1);
    take_descriptors();
    let_go(0, 3);
    wait_for_pause(&pause);
    assert_said(pause.why.message, "cannot open");
    assert_string_equal(pause.why.detail, "Too many open files");
    assert_true(pause.is_own);
    give_descriptors();
    assert_ends_well(0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
    if (pbt__cell_is_asked(argc, argv)) {
        return pbt__cell_main(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        CASE(a_library_that_is_gone_for_a_while_is_waited_for),
        CASE(one_that_is_gone_before_the_first_report_is_waited_for),
        CASE(one_that_is_half_written_is_waited_for),
        CASE(descriptors_that_pbt_lacks_are_its_own),
        CASE(another_size_of_state_ends_the_run),
        CASE(data_that_cannot_be_opened_for_a_while_are_waited_for),
        CASE(a_process_that_ends_at_its_data_is_no_members_failure),
        CASE(weights_that_pbt_cannot_read_are_its_own),
    };
    return cmocka_run_group_tests_name("outage", tests, NULL, NULL);
}
