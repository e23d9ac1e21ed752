/* patience.c: a trainer that does not listen is given its 30 seconds, and no more. */
#include "process_case.h"

static void the_deaf_are_killed_after_the_grace(void **state)
{
    (void)state;
    put_script("trap '' TERM\necho $$ > pid.$(basename \"$2\")\nwhile :; do sleep 0.1; done");
    make_study(SPEC(SHORT, COMMAND));
    start(1);
    const pid_t pid = read_pid(in("pid.m0s0.1"));
    const int64_t begin_us = pbt__clock_monotonic_us();
    pbt__executor_local.stop(local, false);
    finish();
    assert_in_range(pbt__clock_monotonic_us() - begin_us, 29900000, 35000000);
    assert_dies(pid);
    assert_int_equal(find_events("released").count, 1);
}

#define HANGING                                                                                    \
    "version: 1\nname: test\npopulation: 2\nready: {every: 10}\nstop: {steps: 20}\n"               \
    "objective: {metric: score}\nlease: {stall_seconds: 0.5}\n"                                    \
    "hyperparameters:\n  rate: {type: float, min: 1, max: 2}\n"                                    \
    "trainer: {protocol: library, isolation: thread, library: " TRAINERS                           \
    "/libtrainer-hostile.so}\n"

/* A thread cannot be killed, and the others have ended the study. */
static void a_thread_that_hangs_outlives_the_study_by_the_grace(void **state)
{
    (void)state;
    assert_int_equal(setenv("PBT_TEST_FOLDER", scratch, 1), 0);
    put(in("harm-train-hang-m1"), "");
    make_study(HANGING);
    const int64_t begin_us = pbt__clock_monotonic_us();
    run(2);
    assert_in_range(pbt__clock_monotonic_us() - begin_us, 30000000, 45000000);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 1);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_make, close_study)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_thread_that_hangs_outlives_the_study_by_the_grace),
        CASE(the_deaf_are_killed_after_the_grace),
    };
    return cmocka_run_group_tests_name("patience", tests, adopt_orphans, NULL);
}
