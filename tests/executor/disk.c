/*
 * disk.c: a study whose disk is full for a while.
 *
 * It runs in a process of its own, on a file system of 4 MiB that is filled up, or, where none can
 * be mounted, under a limit on file sizes: there a write is refused in the same way, after it has
 * begun. The disk fills after the first reports; once an attempt has failed there is room again,
 * and the study must end as if nothing had happened.
 */
#include "executor/cell.h"
#include "study_case.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const char spec_text[] =
    "version: 1\n"
    "name: test\n"
    "population: 2\n"
    "mode: generational\n"
    "ready: {every: 10}\n"
    "stop: {steps: 1000}\n"
    "objective: {metric: score}\n"
    "hyperparameters:\n"
    "  rate: {type: float, min: 1, max: 2}\n"
    "failure: {retries: 1000}\n"
    "checkpoints: {keep_best: 0, directory: test.checkpoints}\n"
    "trainer: {protocol: library, isolation: thread, library: " TRAINERS "/libtrainer-large.so}\n";

enum { SMALL = 200000 }; /* Units: bytes; a checkpoint has 300,000 */

static bool is_mounted;

/* Give this process a file system of 4 MiB for its checkpoints, where the kernel lets it. */
static bool mount_small(const char *path)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return false;
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", path, "tmpfs", 0, "size=4m") == 0;
}

static bool limit_files(rlim_t bytes)
{
    const struct rlimit limit = {.rlim_cur = bytes, .rlim_max = RLIM_INFINITY};
    (void)signal(SIGXFSZ, SIG_IGN);
    return setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

static bool make_disk(bool by_mount)
{
    const char *folder = in("test.checkpoints");
    if (mkdir(folder, 0777) != 0) {
        return false;
    }
    is_mounted = by_mount && mount_small(folder);
    return true;
}

/* The ballast itself need not fit. */
static bool fill_disk(void)
{
    static char ballast[4 << 20];
    if (!is_mounted) {
        return limit_files(SMALL);
    }
    return pbt__file_write(in("test.checkpoints/ballast"), ballast, sizeof ballast, &error) ==
           PBT_ERR_IO;
}

static bool make_room(void)
{
    return is_mounted ? unlink(in("test.checkpoints/ballast")) == 0 : limit_files(RLIM_INFINITY);
}

static pbt_err open_in_memory(void)
{
    const pbt__store_options where = {.url = "memory:", .can_create = true};
    const pbt__study_options options = {.checkpoint_folder = scratch};
    pbt_spec *spec = NULL;
    pbt_err err = pbt__spec_parse(spec_text, "test.yaml", scratch, &spec, &error);
    if (err == PBT_OK) {
        err = pbt__store_open(&where, &store, &error);
    }
    json_t *provenance = json_object();
    if (err == PBT_OK) {
        err = pbt__study_create(store, spec, provenance, &options, &study, &error);
    }
    json_decref(provenance);
    return err;
}

/* Wait until something holds, at most a minute. */
static bool wait_until(bool (*holds)(found_events *found), found_events *found)
{
    for (int i = 0; i < 30000; i++) {
        if (holds(found)) {
            return true;
        }
        (void)usleep(2000);
    }
    return false;
}

static bool has_any(found_events *found)
{
    found->count = 0;
    return pbt__study_events(study, 0, look_at_event, found, &error) == PBT_OK && found->count > 0;
}

static bool is_done(found_events *found)
{
    (void)found;
    return pbt__executor_local.is_done(local);
}

/* Returns the line that was not as expected; no cmocka here, which would go on in the child. */
static int train_on_full_disk(bool by_mount)
{
    found_events reported = {.kind = "reported"}, failed = {.kind = "failed"};
    pbt__verdict verdict;
    pbt__summary summary;
    if (!make_disk(by_mount) || open_in_memory() != PBT_OK || try_start(2) != PBT_OK) {
        return __LINE__;
    }
    if (!wait_until(has_any, &reported) || !fill_disk()) {
        return __LINE__;
    }
    if (!wait_until(has_any, &failed) || strstr(failed.message, "/logs/m") == NULL ||
        (strstr(failed.message, "No space left") == NULL &&
         strstr(failed.message, "File too large") == NULL)) {
        return __LINE__;
    }
    if (!make_room() || !wait_until(is_done, NULL) ||
        pbt__executor_local.finish(local, &error) != PBT_OK) {
        return __LINE__;
    }
    if (pbt__study_summary(study, &summary, &error) != PBT_OK || summary.state != PBT__FINISHED ||
        summary.steps_done != 2000 || summary.failed_count != 0) {
        return __LINE__;
    }
    if (pbt__study_verify(study, print_problem, NULL, &verdict, &error) != PBT_OK ||
        verdict.problem_count != 0) {
        return __LINE__;
    }
    pbt__study_close(study);
    pbt__store_close(store);
    return 0;
}

_Noreturn static void train_and_exit(bool by_mount)
{
    const int line = train_on_full_disk(by_mount);
    if (line != 0) {
        print_error("disk.c:%d: %s (%s)\n", line, error.message, error.detail);
    }
    _exit(line != 0);
}

static void assert_survives(bool by_mount)
{
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        train_and_exit(by_mount);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void behaviour_18_a_full_disk_fails_attempts_only(void **state)
{
    (void)state;
    assert_survives(true);
}

static void behaviour_18_a_write_refused_half_way_fails_attempts_only(void **state)
{
    (void)state;
    assert_survives(false);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(int argc, char **argv)
{
    if (pbt__cell_is_asked(argc, argv)) {
        return pbt__cell_main(argc, argv);
    }
    const struct CMUnitTest tests[] = {
        CASE(behaviour_18_a_full_disk_fails_attempts_only),
        CASE(behaviour_18_a_write_refused_half_way_fails_attempts_only),
    };
    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}
