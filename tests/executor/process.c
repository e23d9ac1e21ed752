/* process.c: trainers that are processes: what they are given, how they end, and that nothing of
 * them is left. */
#include "process_case.h"

/* A trainer whose weights are their own age: it fails where it is given weights of another one. */
static const char honest[] = "if [ -n \"$1\" ]; then age=$(cat \"$1\"); else age=0; fi\n"
                             "echo training from $age\n"
                             "[ \"$age\" = \"$3\" ] || exit 9\n"
                             "echo \"$4\" > \"$2\"\n"
                             "echo \"{\\\"score\\\": $5}\"\n";

/* ---- training -------------------------------------------------------------------------------- */

static void checkpoints_pass_from_process_to_process(void **state)
{
    (void)state;
    put_script(honest);
    make_study(SPEC("stop: {steps: 50}\n", COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_int_equal(count_segments("reported"), 10);
    assert_no_retries();
    assert_verified();
    assert_logged(0, "training from 40");
    assert_logged(1, " m1s0 attempt 1, steps 0 to 10, from scratch: rate=1.");
}

static void checkpoints_may_be_folders(void **state)
{
    (void)state;
    put_script("if [ -n \"$1\" ]; then age=$(cat \"$1/sub/age\"); else age=0; fi\n"
               "[ \"$age\" = \"$3\" ] || exit 9\n"
               "mkdir -p \"$2/sub\" && echo \"$4\" > \"$2/sub/age\"\n"
               "echo \"{\\\"score\\\": $5}\"");
    make_study(SPEC("stop: {steps: 40}\n", COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_no_retries();
    assert_verified();
}

static void one_slot_trains_all_members(void **state)
{
    (void)state;
    put_script(honest);
    make_study(SPEC("stop: {steps: 30}\n", COMMAND));
    run(1);
    assert_state(PBT__FINISHED);
    assert_int_equal(count_segments("reported"), 6);
    assert_no_retries();
}

/* Put words on our own standard input, which no trainer may see. */
static int replace_input(const char *words)
{
    int ends[2];
    const int saved = dup(0);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], words, strlen(words)), strlen(words));
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(dup2(ends[0], 0), 0);
    assert_int_equal(close(ends[0]), 0);
    return saved;
}

static void environment_and_folder_are_the_specs(void **state)
{
    (void)state;
    const int input = replace_input("typed\n");
    assert_int_equal(mkdir(in("sub"), 0777), 0);
    put_script("echo \"threads $OMP_NUM_THREADS own $OWN home $HOME in $(pwd) input $(cat)\"\n"
               "echo x > \"$2\"; echo '{\"score\": 1}'");
    assert_int_equal(rename(in("train.sh"), in("sub/train.sh")), 0);
    make_study(SPEC(SHORT, COMMAND "\n  directory: sub\n  environment: {OWN: \"a b\", HOME: /x}"));
    run(1);
    assert_int_equal(dup2(input, 0), 0);
    assert_int_equal(close(input), 0);
    char expected[PBT__PATH_SIZE + 100];
    (void)snprintf(expected, sizeof expected, "threads 3 own a b home /x in %s/sub input \n",
                   scratch);
    assert_logged(0, expected);
}

static void the_spec_may_set_the_threads(void **state)
{
    (void)state;
    put_script("echo \"threads $OMP_NUM_THREADS.\"; echo x > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC(SHORT, COMMAND "\n  environment: {OMP_NUM_THREADS: \"7\"}"));
    run(1);
    assert_logged(0, "threads 7.\n");
}

/* Signals 32 and 33 are the C library's own: no program can set them, and a parent may have left
 * them ignored. */
static const unsigned long long LIBC_SIGNALS = (1ULL << 31) | (1ULL << 32);

/* The mask that a process's status shows after `label`. Inlined, gcc 12 takes its text for a dead
 * one. */
__attribute__((noinline)) static unsigned long long mask_after(const char *status,
                                                               const char *label)
{
    const char *at = strstr(status, label);
    return at != NULL ? strtoull(at + strlen(label), NULL, 16) : ~0ULL;
}

/* The slots' threads are started with signals blocked and ignored, as a caller may have them. */
static void signals_are_as_a_shell_leaves_them(void **state)
{
    (void)state;
    put_script("cat /proc/self/status; echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC(SHORT, COMMAND));
    sigset_t blocked, before;
    (void)sigemptyset(&blocked);
    (void)sigaddset(&blocked, SIGTERM);
    (void)sigaddset(&blocked, SIGUSR1);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
    static const int IGNORED[] = {SIGPIPE, SIGXFSZ, SIGALRM};
    for (size_t i = 0; i < 3; i++) {
        (void)signal(IGNORED[i], SIG_IGN);
    }
    run(2);
    for (size_t i = 0; i < 3; i++) {
        (void)signal(IGNORED[i], SIG_DFL);
    }
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_logged(0, "SigBlk:\t0000000000000000\n");
    char *status = read_log(0);
    const unsigned long long ignored = mask_after(status, "SigIgn:\t");
    free(status);
    assert_int_equal(ignored & ~LIBC_SIGNALS, 0);
}

static void a_program_is_found_by_path(void **state)
{
    (void)state;
    make_study(
        SPEC(SHORT, "[sh, -c, 'echo w > \"$0\"; echo \"{{\\\"score\\\": 1}}\"', '{save_to}']"));
    run(2);
    assert_state(PBT__FINISHED);
}

/* ---- how a trainer may end ------------------------------------------------------------------- */

/* One attempt each fails with these words, and the run ends. */
static void assert_fails_with(const char *script, const char *words)
{
    put_script(script);
    make_study(SPEC(SHORT, COMMAND));
    run(2);
    assert_state(PBT__STUDY_FAILED);
    const found_events found = find_events("failed");
    assert_true(found.count >= 2);
    if (strstr(found.message, words) == NULL || strstr(found.message, "/logs/m") == NULL) {
        print_error("message: %s\n", found.message);
        fail();
    }
    assert_logged(0, words);
}

static void a_bad_exit_names_the_log(void **state)
{
    (void)state;
    assert_fails_with("echo oh no >&2; exit 3", "'./train.sh' exited with status 3");
    assert_logged(0, "oh no\n");
}

static void a_signal_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("kill -SEGV $$", "'./train.sh' was killed by signal 11");
}

static void silence_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("exit 0", "printed nothing");
}

static void a_broken_result_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("echo '{\"score\": 0.5'", "not a JSON object");
}

static void a_missing_metric_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("echo '{\"loss\": 0.5}'", "no number 'score'");
}

static void a_missing_checkpoint_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("echo '{\"score\": 0.5}'", "there is no checkpoint at");
}

static void a_link_as_checkpoint_is_a_failure(void **state)
{
    (void)state;
    assert_fails_with("ln -s /etc/passwd \"$2\"; echo '{\"score\": 0.5}'",
                      "neither a file nor a folder");
}

static void a_script_that_cannot_be_run_is_a_failure(void **state)
{
    (void)state;
    put_script("");
    put(in("train.sh"), "#!/no/such/interpreter\n");
    make_study(SPEC(SHORT, COMMAND));
    run(1);
    assert_state(PBT__STUDY_FAILED);
    assert_non_null(strstr(find_events("failed").message, "cannot run './train.sh'"));
}

static void a_trainer_that_fails_once_is_tried_again(void **state)
{
    (void)state;
    put_script("case $2 in *m1s1.1) echo torn > \"$2\"; exit 1;; esac\n"
               "if [ -n \"$1\" ]; then age=$(cat \"$1\"); else age=0; fi\n"
               "[ \"$age\" = \"$3\" ] || exit 9\n"
               "echo \"$4\" > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC("stop: {steps: 30}\n", COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 1);
    assert_int_equal(count_segments("reported"), 6);
    assert_verified();
}

static void a_diverged_trainer_needs_no_checkpoint(void **state)
{
    (void)state;
    put_script("case $2 in *m1s1.*) echo '{\"score\": NaN}'; exit;; esac\n"
               "echo \"$4\" > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC("stop: {steps: 40}\n", COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 0);
    assert_verified();
}

static void much_output_blocks_nobody(void **state)
{
    (void)state;
    put_script("head -c 9000000 /dev/zero | tr '\\0' x; echo; head -c 300000 /dev/zero >&2\n"
               "echo w > \"$2\"; echo '{\"score\": 1}'; echo; echo ' '");
    make_study(SPEC(SHORT, COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_no_retries();
}

static void a_last_line_without_end_is_refused(void **state)
{
    (void)state;
    assert_fails_with("head -c 1100000 /dev/zero | tr '\\0' x", "longer than 1048576 bytes");
}

/* What a trainer leaves in the background holds its output open; it is killed with its group. */
static void what_a_trainer_leaves_running_is_killed(void **state)
{
    (void)state;
    put_script("sleep 1000 & echo $! > left.$(basename \"$2\")\n"
               "echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC(SHORT, COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_dies(read_pid(in("left.m0s0.1")));
    assert_dies(read_pid(in("left.m1s0.1")));
}

/* A process that left the group lives on after a trainer that ended well, holding its output open,
 * and dies with the run. */
static void what_leaves_the_group_holds_up_nobody(void **state)
{
    (void)state;
    put_script("setsid sleep 1000 & echo $! > left.$(basename \"$2\")\n"
               "while [ \"$(cut -d ' ' -f 5 /proc/$!/stat)\" = $$ ]; do sleep 0.01; done\n"
               "echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC(SHORT, COMMAND));
    start(2);
    wait_until_done();
    assert_state(PBT__FINISHED);
    assert_true(is_alive(read_pid(in("left.m0s0.1"))));
    finish();
    assert_dies(read_pid(in("left.m0s0.1")));
    assert_dies(read_pid(in("left.m1s0.1")));
}

/* Where the trainer did not end well, what it started has nothing to go on for. */
static void what_leaves_the_group_of_one_that_fails_dies_with_it(void **state)
{
    (void)state;
    put_script("case $2 in *m1s1.1) setsid sh -c 'echo $$ > left; exec sleep 1000' &\n"
               "while ! [ -s left ]; do sleep 0.01; done; exit 1;; esac\n"
               "case $2 in *m1s1.2) grep -qs ') [^Z] ' /proc/$(cat left)/stat && exit 1;; esac\n"
               "echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC("stop: {steps: 20}\n", COMMAND));
    run(1);
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 1);
}

/* A daemon that wiped its environment is known by descent. */
static void a_daemon_without_environment_dies_with_the_run(void **state)
{
    (void)state;
    put_script(
        "env -i setsid sh -c 'sleep 1000 & echo $! > \"$0\"' \"$PWD/left.$(basename \"$2\")\"\n"
        "echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC("stop: {steps: 20}\n", COMMAND));
    start(2);
    wait_until_done();
    assert_state(PBT__FINISHED);
    const pid_t first = read_pid(in("left.m0s0.1")), last = read_pid(in("left.m1s1.1"));
    assert_true(is_alive(first) && is_alive(last));
    finish();
    assert_dies(first);
    assert_dies(last);
}

/* One attempt fails beside another one that goes on: each has its own. */
static void a_daemon_dies_with_its_own_attempt(void **state)
{
    (void)state;
    put_script(
        "daemon() { env -i setsid sh -c 'sleep 1000 & echo $! > \"$0\"' \"$PWD/$1\"; }\n"
        "case $2 in *m0s0.1) daemon own; while ! [ -s other ]; do sleep 0.01; done; exit 1;;\n"
        "*m1s0.*) daemon other; while ! [ -e go ]; do sleep 0.01; done;; esac\n"
        "echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC(SHORT, COMMAND));
    start(2);
    const pid_t own = read_pid(in("own")), other = read_pid(in("other"));
    assert_dies(own);
    assert_true(is_alive(other));
    put(in("go"), "");
    finish();
    assert_state(PBT__FINISHED);
    assert_int_equal(find_events("failed").count, 1);
    assert_dies(other);
}

/* ---- leases ---------------------------------------------------------------------------------- */

static void heartbeats_keep_the_lease(void **state)
{
    (void)state;
    put_script("sleep 1.2; echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC(SHORT "lease: {seconds: 0.4}\n", COMMAND));
    run(2);
    assert_state(PBT__FINISHED);
    assert_no_retries();
}

static void a_lost_lease_ends_the_trainer(void **state)
{
    (void)state;
    put_script("case $2 in *.1) echo $$ > first.$(basename \"$2\"); sleep 1000 & wait; esac\n"
               "echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC(SHORT "lease: {seconds: 0.3}\n", COMMAND));
    start(2);
    const pid_t first = read_pid(in("first.m0s0.1"));
    (void)read_pid(in("first.m1s0.1"));
    assert_ok(pbt__study_end_leases(study, "test", true, &error));
    finish();
    assert_state(PBT__FINISHED);
    assert_dies(first);
    assert_int_equal(find_events("failed").count, 2);
}

/* Another worker has claimed the segment before the slot has noticed: its report comes too late. */
static void a_late_report_costs_nothing(void **state)
{
    (void)state;
    put_script("case $2 in *m0s0.1) echo $$ > pid; while ! [ -e go ]; do sleep 0.01; done; esac\n"
               "echo w > \"$2\"; echo '{\"score\": 1}'");
    make_study(SPEC("stop: {steps: 20}\n", COMMAND));
    start(1);
    (void)read_pid(in("pid"));
    assert_ok(pbt__study_end_leases(study, "test", true, &error));
    const pbt__claimant other = {"other", "0123456789abcdef0123456789abcdef"};
    pbt__action action;
    assert_ok(pbt__study_claim(study, &other, &action, &error));
    assert_int_equal(action.verb, PBT__TRAIN);
    assert_int_equal(action.train.segment.id.member, 0);
    assert_int_equal(action.train.attempt, 2);
    put(in("go"), "");
    (void)usleep(100000);
    assert_ok(pbt__study_release(study, &other, action.train.segment.id, 2, 0, false, &error));
    finish();
    assert_state(PBT__FINISHED);
    assert_int_equal(count_segments("reported"), 4);
    assert_verified();
}

/* ---- stopping -------------------------------------------------------------------------------- */

static const char endless[] = "sleep 1000 & echo $! > child.$(basename \"$2\")\nwait\n";

static void stopping_releases_what_is_trained(void **state)
{
    (void)state;
    put_script(endless);
    make_study(SPEC(SHORT, COMMAND));
    start(2);
    const pid_t children[] = {read_pid(in("child.m0s0.1")), read_pid(in("child.m1s0.1"))};
    const int64_t begin_us = pbt__clock_monotonic_us();
    pbt__executor_local.stop(local, false);
    pbt__executor_local.stop(local, false);
    finish();
    assert_true(pbt__clock_monotonic_us() - begin_us < 5000000);
    assert_dies(children[0]);
    assert_dies(children[1]);
    assert_int_equal(find_events("released").count, 2);
    assert_int_equal(find_events("failed").count, 0);
    assert_int_equal(count_segments("claimed"), 0);

    put_script(honest);
    reopen_study();
    run(2);
    assert_state(PBT__FINISHED);
    assert_verified();
}

static void a_stopped_study_ends_its_trainers(void **state)
{
    (void)state;
    put_script(endless);
    make_study(SPEC(SHORT "lease: {seconds: 0.3}\n", COMMAND));
    start(2);
    const pid_t child = read_pid(in("child.m0s0.1"));
    assert_ok(pbt__study_stop(study, &error));
    finish();
    assert_dies(child);
    assert_int_equal(find_events("released").count, 2);
}

static void now_does_not_wait_for_the_deaf(void **state)
{
    (void)state;
    put_script("trap '' TERM\necho $$ > pid.$(basename \"$2\")\nwhile :; do sleep 0.1; done");
    make_study(SPEC(SHORT, COMMAND));
    start(1);
    const pid_t pid = read_pid(in("pid.m0s0.1"));
    pbt__executor_local.stop(local, false);
    (void)usleep(300000);
    assert_true(is_alive(pid));
    assert_false(pbt__executor_local.is_done(local));
    const int64_t begin_us = pbt__clock_monotonic_us();
    pbt__executor_local.stop(local, true);
    finish();
    assert_true(pbt__clock_monotonic_us() - begin_us < 2000000);
    assert_dies(pid);
}

/* ---- kill -9 of ourselves -------------------------------------------------------------------- */

/* Start the study in a process of its own and kill that when the trainers run. */
static void children_die_with_their_parent(void **state)
{
    (void)state;
    put_script(
        "trap '' TERM HUP\nsleep 1000 & echo $! > child.$(basename \"$2\")\n"
        "setsid sleep 1000 & echo $! > far.$(basename \"$2\")\n"
        "env -i setsid sh -c 'sleep 1000 & echo $! > \"$0\"' \"$PWD/bare.$(basename \"$2\")\"\n"
        "echo $$ > own.$(basename \"$2\")\nwait");
    const pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        make_study(SPEC(SHORT, COMMAND));
        start(2);
        (void)pause();
        _exit(1);
    }
    const pid_t trainer = read_pid(in("own.m0s0.1")), other = read_pid(in("own.m1s0.1"));
    const pid_t child = read_pid(in("child.m0s0.1")), far = read_pid(in("far.m0s0.1"));
    const pid_t bare = read_pid(in("bare.m0s0.1"));
    assert_true(is_alive(trainer) && is_alive(child) && is_alive(far) && is_alive(bare));
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    assert_dies(trainer);
    assert_dies(other);
    assert_dies(child);
    assert_dies(far);
    assert_dies(bare);
}

/* ---- what cannot be started ------------------------------------------------------------------ */

static void a_missing_program_is_named(void **state)
{
    (void)state;
    make_study(SPEC(SHORT, COMMAND));
    assert_int_equal(try_start(1), PBT_ERR_TRAINER);
    assert_non_null(strstr(error.message, "'./train.sh'"));
    assert_non_null(strstr(error.hint, "chmod"));
    put(in("train.sh"), "#!/bin/sh\n");
    assert_int_equal(chmod(in("train.sh"), 0666), 0);
    assert_int_equal(try_start(1), PBT_ERR_TRAINER);
    put_script("");
    assert_int_equal(try_start(0), PBT_ERR_ARGUMENT);
    (void)rmdir(in("logs"));
    put(in("logs"), "");
    assert_int_equal(try_start(1), PBT_ERR_IO);
    assert_null(local);
}

static void workers_need_a_server(void **state)
{
    (void)state;
    make_study("version: 1\nname: test\npopulation: 2\nready: {every: 10}\nstop: {steps: 10}\n"
               "hyperparameters: {rate: {type: float, min: 1, max: 2}}\n"
               "trainer: {command: [sh]}\n");
    assert_int_equal(try_start(1), PBT_ERR_ARGUMENT);
    assert_non_null(strstr(error.message, "server"));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_make, close_study)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(checkpoints_pass_from_process_to_process),
        CASE(checkpoints_may_be_folders),
        CASE(one_slot_trains_all_members),
        CASE(environment_and_folder_are_the_specs),
        CASE(the_spec_may_set_the_threads),
        CASE(signals_are_as_a_shell_leaves_them),
        CASE(a_program_is_found_by_path),
        CASE(a_bad_exit_names_the_log),
        CASE(a_signal_is_a_failure),
        CASE(silence_is_a_failure),
        CASE(a_broken_result_is_a_failure),
        CASE(a_missing_metric_is_a_failure),
        CASE(a_missing_checkpoint_is_a_failure),
        CASE(a_link_as_checkpoint_is_a_failure),
        CASE(a_script_that_cannot_be_run_is_a_failure),
        CASE(a_trainer_that_fails_once_is_tried_again),
        CASE(a_diverged_trainer_needs_no_checkpoint),
        CASE(much_output_blocks_nobody),
        CASE(a_last_line_without_end_is_refused),
        CASE(what_a_trainer_leaves_running_is_killed),
        CASE(what_leaves_the_group_holds_up_nobody),
        CASE(what_leaves_the_group_of_one_that_fails_dies_with_it),
        CASE(a_daemon_without_environment_dies_with_the_run),
        CASE(a_daemon_dies_with_its_own_attempt),
        CASE(heartbeats_keep_the_lease),
        CASE(a_lost_lease_ends_the_trainer),
        CASE(a_late_report_costs_nothing),
        CASE(stopping_releases_what_is_trained),
        CASE(a_stopped_study_ends_its_trainers),
        CASE(now_does_not_wait_for_the_deaf),
        CASE(children_die_with_their_parent),
        CASE(a_missing_program_is_named),
        CASE(workers_need_a_server),
    };
    return cmocka_run_group_tests_name("process", tests, adopt_orphans, NULL);
}
