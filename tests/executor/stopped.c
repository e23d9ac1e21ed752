/* stopped.c: trainers that somebody stops, pbt or others first: what they saved is gone on with,
 * and what they were stopped in has not failed. */
#include <dirent.h>

#include "process_case.h"

#define STEPS(steps) "stop: {steps: " #steps "}\n"
/* One attempt each: a failure would give the segment up. */
#define STRICT "failure: {retries: 0, lost: 0}\n"

/* Counts from its weights on; a wish to stop ends it between two steps, with what it has. */
static const char counting[] =
    "age=0; [ -n \"$1\" ] && age=$(cat \"$1\")\n"
    "[ \"$age\" = \"$3\" ] || exit 9\n"
    "trap 'stop=1' TERM\n"
    "while [ $age -lt $4 ] && [ -z \"$stop\" ]; do\n"
    "    [ $age = 3 ] && ! [ -e go ] && echo $$ > pid.$(basename \"$2\")\n"
    "    while [ $age = 3 ] && ! [ -e go ] && [ -z \"$stop\" ]; do sleep 0.01; done\n"
    "    [ -z \"$stop\" ] && age=$((age + 1))\n"
    "done\n"
    "echo $age > \"$2\"; echo \"{\\\"score\\\": $5, \\\"step\\\": $age}\"\n";

/* pbt is known to be told, so that a slow machine cannot turn the order into a failure. */
static bool is_interrupted(void)
{
    return true;
}

static void wait_for_end_of(pid_t pid)
{
    char path[64], *status = NULL;
    size_t length;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    for (bool is_over = false; !is_over;) {
        status = NULL;
        is_over = pbt__file_read(path, 4096, &status, &length, &error) != PBT_OK ||
                  strstr(status, ") Z ") != NULL;
        free(status);
        (void)usleep(2000);
    }
}

/* ---- who is stopped first -------------------------------------------------------------------- */

/* The trainer ends of a signal to it alone, as `script` does; then pbt is told. */
static void assert_given_back(const char *script, int number)
{
    put_script(script);
    make_study(SPEC(STEPS(10) STRICT, COMMAND));
    interrupted = is_interrupted;
    start(1);
    const pid_t pid = read_pid(in("pid"));
    assert_int_equal(kill(pid, number), 0);
    wait_for_end_of(pid);
    pbt__executor_local.stop(local, false);
    finish();
    assert_int_equal(find_events("failed").count, 0);
    assert_int_equal(find_events("released").count, 1);
    assert_int_equal(count_segments("open"), 2);
}

#define WAITS "echo $$ > pid; while :; do sleep 0.01; done\n"

static void one_that_dies_before_pbt_is_told_has_not_failed(void **state)
{
    (void)state;
    assert_given_back(WAITS, SIGTERM);
}

static void one_that_ends_silently_has_not_failed(void **state)
{
    (void)state;
    assert_given_back("trap 'exit 0' TERM\n" WAITS, SIGTERM);
}

static void one_that_says_anything_has_not_failed(void **state)
{
    (void)state;
    assert_given_back("trap 'echo interrupted; exit 1' INT\n" WAITS, SIGINT);
}

static void one_that_exits_as_shells_do_has_not_failed(void **state)
{
    (void)state;
    assert_given_back("trap 'exit 143' TERM\n" WAITS, SIGTERM);
}

static void one_that_is_killed_at_its_end_has_not_failed(void **state)
{
    (void)state;
    assert_given_back(WAITS, SIGKILL);
}

/* A score without a checkpoint, and a whole result of too few steps that does not say so. */
static void one_that_breaks_off_has_not_failed(void **state)
{
    (void)state;
    assert_given_back("trap 'echo \"{\\\"score\\\": 1}\"; exit 0' TERM\n" WAITS, SIGTERM);
}

static void a_short_result_is_none(void **state)
{
    (void)state;
    assert_given_back("trap 'echo w > \"$2\"; echo \"{\\\"score\\\": 1}\"; exit 0' TERM\n" WAITS,
                      SIGTERM);
}

/* ---- stopped by others alone ----------------------------------------------------------------- */

/* The first attempt at m1s0 ends with `act`; the next is left alone. */
static void assert_trained_again(const char *act)
{
    char script[512];
    (void)snprintf(script, sizeof script,
                   "case $2 in *m1s0.1) %s;; esac\n"
                   "echo w > \"$2\"; echo '{\"score\": 1}'",
                   act);
    put_script(script);
    make_study(SPEC(STEPS(20) STRICT, COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_int_equal(find_events("released").count, 1);
    assert_int_equal(count_segments("reported"), 4);
    assert_logged(1, "; the segment is given back\n");
    assert_verified();
}

static void a_signal_from_elsewhere_costs_no_attempt(void **state)
{
    (void)state;
    assert_trained_again("kill -TERM $$");
}

static void nor_does_an_interrupt(void **state)
{
    (void)state;
    assert_trained_again("kill -INT $$");
}

static void nor_does_a_launcher_that_passes_it_on(void **state)
{
    (void)state;
    assert_trained_again("exit 129");
}

/* Three of each member are forgiven, then it is a failure like any other. */
static void one_that_stops_itself_is_not_tried_for_ever(void **state)
{
    (void)state;
    put_script("kill -TERM $$");
    make_study(SPEC(STEPS(10) STRICT, COMMAND));
    run(1);
    assert_state(PBT__STUDY_FAILED);
    assert_int_equal(find_events("released").count, 6);
    assert_int_equal(find_events("failed").count, 2);
    assert_non_null(strstr(find_events("failed").message, "(Terminated), again and again"));
}

/* ---- progress -------------------------------------------------------------------------------- */

typedef struct found_progress {
    json_int_t step;
    bool has_checkpoint;
} found_progress;

static pbt_err look_at_release(void *context, const json_t *event)
{
    found_progress *found = context;
    if (strcmp(text_of(event, "kind"), "released") == 0) {
        found->step = integer_of(event, "step");
        found->has_checkpoint = json_is_object(json_object_get(event, "checkpoint"));
    }
    return PBT_OK;
}

/* Stop m0s0 at step 3, then let the same study be trained to its end from there. */
static void assert_gone_on_with(const char *command)
{
    found_progress found = {0};
    put_script(counting);
    make_study(command);
    start(1);
    (void)read_pid(in("pid.m0s0.1"));
    pbt__executor_local.stop(local, false);
    finish();
    assert_ok(pbt__study_events(study, 0, look_at_release, &found, &error));
    assert_int_equal(found.step, 3);
    assert_true(found.has_checkpoint);
    put(in("go"), "");
    reopen_study();
    run(1);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_logged(0, "m0s0 attempt 2, steps 3 to 10, resumed from an earlier attempt");
    assert_verified();
}

static void what_a_command_saved_is_gone_on_with(void **state)
{
    (void)state;
    assert_gone_on_with(SPEC(STEPS(10) STRICT, COMMAND));
}

/* The shell dies of the signal at once, and its group is told as well. */
static void so_is_what_a_launched_command_saved(void **state)
{
    (void)state;
    assert_gone_on_with(SPEC(STEPS(10) STRICT,
                             "[sh, -c, './train.sh \"$@\"; true', sh, '{load}', '{save_to}', "
                             "'{start_age}', '{end_age}', '{rate}']"));
}

/* Somebody else stops the trainer alone. */
static void progress_without_a_stop_is_gone_on_with(void **state)
{
    (void)state;
    put_script(counting);
    make_study(SPEC(STEPS(10) STRICT, COMMAND));
    start(1);
    const pid_t pid = read_pid(in("pid.m0s0.1"));
    assert_int_equal(kill(pid, SIGTERM), 0);
    wait_for_end_of(pid);
    put(in("go"), "");
    finish();
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_logged(0, "m0s0 attempt 2, steps 3 to 10, resumed from an earlier attempt");
}

/* It logs its steps as JSON and has an old checkpoint, but does not hear the signal. */
static void what_dies_of_the_signal_has_not_answered(void **state)
{
    (void)state;
    put_script("echo w > \"$2\"; touch -d '1 minute ago' \"$2\"\n"
               "echo '{\"score\": 1, \"step\": 4}'; echo $$ > pid\n"
               "while :; do sleep 0.01; done");
    make_study(SPEC(STEPS(10), COMMAND));
    start(1);
    (void)read_pid(in("pid"));
    pbt__executor_local.stop(local, false);
    finish();
    found_progress found = {0};
    assert_ok(pbt__study_events(study, 0, look_at_release, &found, &error));
    assert_false(found.has_checkpoint);
    assert_int_equal(find_events("released").count, 1);
}

/* Where it came to the end although it was told to stop, that counts. */
static void the_end_reached_under_a_stop_is_a_report(void **state)
{
    (void)state;
    put_script("trap 'stop=1' TERM; echo $$ > pid\n"
               "while [ -z \"$stop\" ]; do sleep 0.01; done\n"
               "echo w > \"$2\"; echo '{\"score\": 1, \"step\": 10}'");
    make_study(SPEC(STEPS(10), COMMAND));
    start(1);
    (void)read_pid(in("pid"));
    pbt__executor_local.stop(local, false);
    finish();
    assert_int_equal(count_segments("reported"), 1);
    assert_int_equal(find_events("failed").count, 0);
}

/* Steps that lie nowhere within the segment are a metric, and progress needs its file. */
static void other_steps_are_no_progress(void **state)
{
    (void)state;
    put_script("case $2 in *m0s0*) echo '{\"score\": 1, \"step\": 700}';;\n"
               "*m0s1*) echo '{\"score\": 1, \"step\": 2}';;\n"
               "*m1s0*) echo '{\"score\": 1, \"step\": 2.5}';;\n"
               "*) echo '{\"score\": 1, \"step\": \"nan\"}';; esac; echo w > \"$2\"");
    make_study(SPEC(STEPS(20) STRICT, COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("released").count, 0);
    assert_int_equal(count_segments("reported"), 4);
}

static void an_objective_of_that_name_is_no_progress(void **state)
{
    (void)state;
    put_script("echo w > \"$2\"; echo '{\"step\": 5}'");
    make_study("version: 1\nname: test\npopulation: 2\nready: {every: 10}\nstop: {steps: 10}\n"
               "objective: {metric: step}\n"
               "hyperparameters: {rate: {type: float, min: 1, max: 2}}\n"
               "trainer: {protocol: command, command: [./train.sh, '', '{save_to}']}\n");
    run(2);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("released").count, 0);
}

/* ---- stop.seconds ---------------------------------------------------------------------------- */

/* The segment would take for ever: its trainer is asked to stop, and what it saved is gone on with
 * once there is more time. */
static void time_ends_a_segment_in_the_middle(void **state)
{
    (void)state;
    found_progress found = {0};
    pbt__summary summary;
    const char *key = "stop.seconds", *value = "3600";
    put_script(counting);
    make_study(SPEC("stop: {steps: 10, seconds: 3}\n" STRICT, COMMAND));
    run(1);
    assert_ok(pbt__study_summary(study, &summary, &error));
    assert_int_equal(summary.stop, PBT__STOP_SECONDS);
    assert_ok(pbt__study_events(study, 0, look_at_release, &found, &error));
    assert_true(found.has_checkpoint);
    put(in("go"), "");
    assert_ok(pbt__study_amend(study, &key, &value, 1, &error));
    run(1);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_logged(0, "resumed from an earlier attempt");
    assert_verified();
}

/* ---- leftovers ------------------------------------------------------------------------------- */

static size_t count_aside(void)
{
    size_t count = 0;
    DIR *folder = opendir(in("test.checkpoints/.aside"));
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.' || strlen(entry->d_name) > 2;
    }
    assert_int_equal(closedir(folder), 0);
    return count;
}

/* One fails with a half-written file, one diverges with a whole one, one is given back, all leave
 * something: nothing waits for the study to be opened again. */
static void what_is_left_aside_goes_with_its_attempt(void **state)
{
    (void)state;
    put_script(
        "echo torn > \"$2.tmp.$$\"; mkdir \"$2.parts\"; echo x > \"$2.parts/a\"\n"
        "case $2 in *m0s0.1) exit 1;; *m1s1.*) echo w > \"$2\"; echo '{\"score\": NaN}'; exit;;\n"
        "*m1s0.1) echo w > \"$2\"; echo '{\"score\": 1, \"step\": 4}'; exit;; esac\n"
        "echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC(STEPS(30), COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 1);
    assert_int_equal(find_events("released").count, 1);
    assert_int_equal(count_segments("reported"), 6);
    assert_int_equal(count_aside(), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_make, close_study)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_that_dies_before_pbt_is_told_has_not_failed),
        CASE(one_that_ends_silently_has_not_failed),
        CASE(one_that_says_anything_has_not_failed),
        CASE(one_that_exits_as_shells_do_has_not_failed),
        CASE(one_that_is_killed_at_its_end_has_not_failed),
        CASE(one_that_breaks_off_has_not_failed),
        CASE(a_short_result_is_none),
        CASE(a_signal_from_elsewhere_costs_no_attempt),
        CASE(nor_does_an_interrupt),
        CASE(nor_does_a_launcher_that_passes_it_on),
        CASE(one_that_stops_itself_is_not_tried_for_ever),
        CASE(what_a_command_saved_is_gone_on_with),
        CASE(so_is_what_a_launched_command_saved),
        CASE(progress_without_a_stop_is_gone_on_with),
        CASE(what_dies_of_the_signal_has_not_answered),
        CASE(the_end_reached_under_a_stop_is_a_report),
        CASE(other_steps_are_no_progress),
        CASE(time_ends_a_segment_in_the_middle),
        CASE(what_is_left_aside_goes_with_its_attempt),
        CASE(an_objective_of_that_name_is_no_progress),
    };
    return cmocka_run_group_tests_name("stopped", tests, adopt_orphans, NULL);
}
