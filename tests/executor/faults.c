/*
 * faults.c: the N-th allocation, write, sync or read fails, for N = 1, 2, ... until none does.
 *
 * A run ends with a clean error or as it should; then the study is opened again and goes on to an
 * end with which `verify` agrees. Trainers are processes of this program's own seams no more once
 * they run, so plugins are what is tried here, of every kind, and one command.
 */
#include "executor/cell.h"
#include "process_case.h"

#define PLUGIN(library, how)                                                                       \
    "version: 1\nname: test\npopulation: 2\nmode: generational\nready: {every: 10}\n"              \
    "stop: {steps: 30}\nobjective: {metric: score}\nfailure: {retries: 20}\n"                      \
    "exploit: {rule: truncation, fraction: 0.5}\n"                                                 \
    "hyperparameters:\n  rate: {type: float, min: 1, max: 2}\n"                                    \
    "trainer: {protocol: library, isolation: " how ", library: " TRAINERS "/libtrainer-" library   \
    ".so}\n"

enum { KINDS = PBT__FAULT_MEMORY | PBT__FAULT_WRITE | PBT__FAULT_SYNC | PBT__FAULT_READ };

/* Run once with the n-th operation failing. Returns whether it fired. */
static bool run_with_fault(const char *spec, int64_t n)
{
    make_study(spec);
    error = (pbt_error){PBT_OK, "", "", ""};
    pbt__fault_arm(n, KINDS);
    pbt_err err = try_start(1);
    if (err == PBT_OK) {
        wait_until_done();
        err = pbt__executor_local.finish(local, &error);
        local = NULL;
    }
    const bool has_fired = pbt__fault_has_fired();
    pbt__fault_arm(0, 0);
    assert_true(err == PBT_OK || has_fired);
    if (err != PBT_OK) {
        assert_int_equal(error.code, err);
        assert_string_not_equal(error.message, "");
    }
    reopen_study();
    run(1);
    assert_state(PBT__FINISHED);
    assert_int_equal(count_segments("claimed"), 0);
    assert_verified();
    return has_fired;
}

static void fail_each(const char *spec, void (*prepare)(void), int64_t stride)
{
    bool has_fired = true;
    void *state = NULL;
    for (int64_t n = 1; has_fired; n += n < 300 ? stride : 37) {
        prepare();
        has_fired = run_with_fault(spec, n);
        assert_int_equal(close_study(&state), 0);
        assert_int_equal(scratch_make(&state), 0);
    }
}

static void prepare_nothing(void)
{
}

static void prepare_script(void)
{
    put_script("echo w > \"$2\"; echo '{\"score\": 1}'");
}

static void plugins_survive(void **state)
{
    (void)state;
    fail_each(PLUGIN("plain", "thread"), prepare_nothing, 1);
}

/* Starting processes takes its time, so not every operation is tried. */
static void plugins_in_processes_survive(void **state)
{
    (void)state;
    fail_each(PLUGIN("plain", "process"), prepare_nothing, 13);
}

static void plugins_with_files_survive(void **state)
{
    (void)state;
    fail_each(PLUGIN("large", "thread"), prepare_nothing, 1);
}

static void processes_survive(void **state)
{
    (void)state;
    fail_each(
        SPEC("stop: {steps: 20}\nfailure: {retries: 20}\n", "[./train.sh, '{load}', '{save_to}']"),
        prepare_script, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_make, close_study)

int main(int argc, char **argv)
{
    if (pbt__cell_is_asked(argc, argv)) {
        return pbt__cell_main(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        CASE(plugins_survive),
        CASE(plugins_in_processes_survive),
        CASE(plugins_with_files_survive),
        CASE(processes_survive),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
