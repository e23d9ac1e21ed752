/*
 * checkpoint_crash.c: what is published is whole or absent, whatever fails and whenever one dies.
 *
 * The N-th operation fails for N = 1, 2, ... until none does; a file system is really full; a
 * process is killed at random instants. Afterwards the vault is opened again and swept as a study
 * would.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "scratch.h"
#include "study/checkpoint.h"

static const pbt_segment_id id = {3, 12};
static const pbt_segment_id older = {3, 11};
static pbt_error error;

static pbt__vault *open_vault(void)
{
    pbt__vault *vault = NULL;
    assert_int_equal(pbt__vault_open(in("vault"), &vault, &error), PBT_OK);
    return vault;
}

static const pbt__checkpoint *older_record;

static bool is_older(void *context, pbt_segment_id segment, int32_t attempt)
{
    (void)context;
    return segment.number == older.number && attempt == 0;
}

static bool is_any(void *context, pbt_segment_id segment, int32_t attempt)
{
    (void)context;
    (void)segment;
    return attempt == 0;
}

/* Publish the checkpoint that every test below must leave as it is. */
static pbt__checkpoint publish_older(pbt__vault *vault)
{
    pbt__checkpoint record;
    assert_int_equal(pbt__vault_write(vault, older, 1, "older", 5, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare(vault, older, 1, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_publish(vault, older, 1, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_sync(vault, &error), PBT_OK);
    return record;
}

/* ---- the N-th operation fails ---------------------------------------------------------------- */

/* Each returns the first error, as a study that gives up would see it. */
typedef pbt_err (*program)(pbt__checkpoint *record);

static pbt_err write_and_publish(pbt__vault *vault, pbt__checkpoint *record)
{
    pbt_err err = pbt__vault_write(vault, id, 1, "new weights", 11, &error);
    if (err == PBT_OK) {
        err = pbt__vault_prepare(vault, id, 1, record, &error);
    }
    if (err == PBT_OK) {
        err = pbt__vault_publish(vault, id, 1, record, &error);
    }
    return err == PBT_OK ? pbt__vault_sync(vault, &error) : err;
}

static pbt_err program_file(pbt__checkpoint *record)
{
    pbt__vault *vault = NULL;
    pbt_err err = pbt__vault_open(in("vault"), &vault, &error);
    if (err == PBT_OK) {
        err = write_and_publish(vault, record);
    }
    pbt__vault_close(vault);
    return err;
}

static void put_folder(const char *path)
{
    char name[PBT__PATH_SIZE];
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(pbt__path_join(path, "sub", name, NULL), PBT_OK);
    assert_int_equal(mkdir(name, 0777), 0);
    assert_int_equal(pbt__path_join(path, "sub/weights", name, NULL), PBT_OK);
    put(name, "new weights");
}

/* The trainer's folder replaces one that nobody recorded. */
static pbt_err program_folder(pbt__checkpoint *record)
{
    pbt__vault *vault = NULL;
    char path[PBT__PATH_SIZE];
    if (!exists(in("vault/m3s12"))) {
        put_folder(in("vault/m3s12"));
    }
    pbt_err err = pbt__vault_open(in("vault"), &vault, &error);
    if (err == PBT_OK) {
        err = pbt__vault_aside(vault, id, 1, path, &error);
    }
    if (err == PBT_OK) {
        put_folder(path);
        err = pbt__vault_prepare(vault, id, 1, record, &error);
    }
    if (err == PBT_OK) {
        err = pbt__vault_publish(vault, id, 1, record, &error);
    }
    if (err == PBT_OK) {
        err = pbt__vault_sync(vault, &error);
    }
    pbt__vault_close(vault);
    return err;
}

static pbt_err program_remove(pbt__checkpoint *record)
{
    pbt__vault *vault = NULL;
    pbt_err err = program_folder(record);
    if (err == PBT_OK) {
        err = pbt__vault_open(in("vault"), &vault, &error);
    }
    if (err == PBT_OK) {
        err = pbt__vault_remove(vault, id, 0, &error);
    }
    pbt__vault_close(vault);
    return err;
}

static pbt_err program_look(pbt__checkpoint *record)
{
    pbt__vault *vault = NULL;
    pbt_err err = pbt__vault_open(in("vault"), &vault, &error);
    if (err == PBT_OK) {
        err = pbt__vault_check(vault, older, 0, older_record, &error);
    }
    if (err == PBT_OK) {
        err = pbt__vault_verify(vault, older, 0, older_record, &error);
    }
    if (err == PBT_OK) {
        err = pbt__vault_sweep(vault, is_older, NULL, &error);
    }
    pbt__vault_close(vault);
    record->kind = PBT__CHECKPOINT_NONE;
    return err;
}

/* After a failure: what is published is the new one whole, or is nobody's and goes. */
static void assert_whole(pbt_err err, const pbt__checkpoint *record, bool expects_new)
{
    pbt__vault *vault = open_vault();
    assert_int_equal(pbt__vault_verify(vault, older, 0, older_record, &error), PBT_OK);
    if (err == PBT_OK && expects_new) {
        assert_int_equal(pbt__vault_sweep(vault, is_any, NULL, &error), PBT_OK);
        assert_int_equal(pbt__vault_check(vault, id, 0, record, &error), PBT_OK);
        assert_int_equal(pbt__vault_verify(vault, id, 0, record, &error), PBT_OK);
    }
    assert_int_equal(pbt__vault_sweep(vault, is_older, NULL, &error), PBT_OK);
    assert_int_equal(pbt__vault_check(vault, older, 0, older_record, &error), PBT_OK);
    assert_false(exists(in("vault/m3s12")));
    pbt__vault_close(vault);
    assert_int_equal(rmdir(in("vault/.aside")), 0);
}

static void fail_each(program run, bool expects_new)
{
    bool has_fired = true;
    for (int64_t n = 1; has_fired; n++) {
        pbt__checkpoint record = {.kind = PBT__CHECKPOINT_NONE};
        error = (pbt_error){PBT_OK, "", "", ""};
        pbt__fault_arm(n, PBT__FAULT_ALL);
        const pbt_err err = run(&record);
        has_fired = pbt__fault_has_fired();
        pbt__fault_arm(0, 0);
        assert_true(err == PBT_OK || has_fired);
        if (err != PBT_OK) {
            assert_true(err == PBT_ERR_IO || err == PBT_ERR_MEMORY);
            assert_int_equal(error.code, err);
            assert_string_not_equal(error.message, "");
        }
        if (err == PBT_ERR_IO && strstr(error.detail, strerror(ENOSPC)) != NULL) {
            assert_true(strstr(error.hint, "free space") != NULL || run == program_remove);
        }
        assert_whole(err, &record, expects_new);
    }
}

static void every_operation_may_fail(void **state)
{
    (void)state;
    pbt__vault *vault = open_vault();
    const pbt__checkpoint record = publish_older(vault);
    pbt__vault_close(vault);
    older_record = &record;
    fail_each(program_file, true);
    fail_each(program_folder, true);
    fail_each(program_remove, false);
    fail_each(program_look, false);
}

/* Count the syncs of a program; each that fails must stop it. */
static int64_t count_syncs(program run)
{
    for (int64_t n = 1;; n++) {
        pbt__checkpoint record;
        pbt__fault_arm(n, PBT__FAULT_SYNC);
        const pbt_err err = run(&record);
        const bool has_fired = pbt__fault_has_fired();
        pbt__fault_arm(0, 0);
        assert_int_equal(err, has_fired ? PBT_ERR_IO : PBT_OK);
        assert_int_equal(pbt__file_remove(in("vault"), &error), PBT_OK);
        if (!has_fired) {
            return n - 1;
        }
        assert_int_equal(mkdir(in("vault"), 0777), 0);
    }
}

/* Opening a folder to sync it and syncing it are two operations; what is open already needs one. */
static void every_name_and_byte_is_synced(void **state)
{
    (void)state;
    const int64_t opening = 2 + 2, aside = 2, published = 2;
    assert_int_equal(mkdir(in("vault"), 0777), 0);
    assert_int_equal(count_syncs(program_file), opening + 1 + 1 + aside + published);
    assert_int_equal(mkdir(in("vault"), 0777), 0);
    assert_int_equal(count_syncs(program_folder), opening + 3 + aside + published);
}

/* ---- a full disk ----------------------------------------------------------------------------- */

/* Give this process a file system of 1 MiB at `path`, where the kernel lets it. */
static bool mount_small(const char *path)
{
    if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
        return false;
    }
    return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount("tmpfs", path, "tmpfs", 0, "size=1m") == 0;
}

/* Write 4 MiB where 1 MiB fits, twice, then 100 kB. Returns the line that was not as expected. */
static int fill_disk(void)
{
    const size_t length = 4 << 20;
    char *bytes = calloc(length, 1);
    pbt__vault *vault = NULL;
    pbt__checkpoint record;
    if (bytes == NULL || pbt__vault_open(in("vault"), &vault, &error) != PBT_OK) {
        return __LINE__;
    }
    for (int32_t attempt = 1; attempt <= 2; attempt++) {
        if (pbt__vault_write(vault, id, attempt, bytes, length, &error) != PBT_ERR_IO ||
            strstr(error.hint, "free space") == NULL) {
            return __LINE__;
        }
        if (pbt__vault_prepare(vault, id, attempt, &record, &error) != PBT_ERR_CHECKPOINT ||
            exists(in("vault/m3s12"))) {
            return __LINE__;
        }
    }
    /* The torn files are gone, so what fits has room again. */
    if (pbt__vault_write(vault, id, 3, bytes, 100000, &error) != PBT_OK ||
        pbt__vault_prepare(vault, id, 3, &record, &error) != PBT_OK ||
        pbt__vault_publish(vault, id, 3, &record, &error) != PBT_OK ||
        pbt__vault_verify(vault, id, 0, &record, &error) != PBT_OK) {
        return __LINE__;
    }
    pbt__vault_close(vault);
    free(bytes);
    return 0;
}

/* Run fill_disk on a small file system or, where none can be mounted, under a limit on file sizes:
 * there a write is refused in the same way, after it has begun. */
static int fill_in_child(bool by_mount)
{
    if (!by_mount || !mount_small(in("vault"))) {
        const struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
        (void)signal(SIGXFSZ, SIG_IGN);
        if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
            return __LINE__;
        }
    }
    return fill_disk();
}

/* The whole life of the child process; the line goes to the log, since an exit status holds 8 bits.
 */
_Noreturn static void fill_and_exit(bool by_mount)
{
    const int line = fill_in_child(by_mount);
    if (line != 0) {
        (void)fprintf(stderr, "checkpoint_crash.c:%d: %s\n", line, error.message);
    }
    _exit(line != 0);
}

static void behaviour_18_no_torn_checkpoint_when_the_disk_is_full(void **state)
{
    (void)state;
    for (int by_mount = 0; by_mount < 2; by_mount++) {
        pbt__vault_close(open_vault());
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            fill_and_exit(by_mount == 1);
        }
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
        assert_int_equal(pbt__file_remove(in("vault"), &error), PBT_OK);
    }
}

/* ---- kill -9 --------------------------------------------------------------------------------- */

enum { KILL_COUNT = 60, PIECE = 300000, PIECES = 2 * PIECE };

/* Publish checkpoints m0s0, m0s1, ... for ever: even ones are files, odd ones folders. Each
 * consists of PIECE bytes of one letter, so that a torn one shows. */
static void publish_for_ever(void)
{
    static char bytes[PIECE + 1];
    pbt__vault *vault = NULL;
    pbt__checkpoint record;
    char path[PBT__PATH_SIZE], name[PBT__PATH_SIZE];
    bool ok = pbt__vault_open(in("vault"), &vault, NULL) == PBT_OK;
    for (int32_t number = 0; ok; number = (number + 1) % 4) {
        const pbt_segment_id next = {0, number};
        memset(bytes, 'a' + number, PIECE);
        if (number % 2 == 0) {
            ok = pbt__vault_write(vault, next, 1, bytes, PIECE, NULL) == PBT_OK;
        } else {
            ok = pbt__vault_aside(vault, next, 1, path, NULL) == PBT_OK && mkdir(path, 0777) == 0 &&
                 pbt__path_join(path, "weights", name, NULL) == PBT_OK;
            put(name, bytes);
            ok = ok && pbt__path_join(path, "more", name, NULL) == PBT_OK;
            put(name, bytes);
        }
        ok = ok && pbt__vault_prepare(vault, next, 1, &record, NULL) == PBT_OK &&
             pbt__vault_publish(vault, next, 1, &record, NULL) == PBT_OK &&
             pbt__vault_sync(vault, NULL) == PBT_OK;
    }
    _exit(1);
}

static bool is_whole(const char *path, int32_t number)
{
    char *bytes = NULL;
    size_t length = 0;
    if (pbt__file_read(path, PIECES, &bytes, &length, NULL) != PBT_OK || length != PIECE) {
        free(bytes);
        return false;
    }
    bool same = true;
    for (size_t i = 0; i < length; i++) {
        same = same && bytes[i] == (char)('a' + number);
    }
    free(bytes);
    return same;
}

/* Count the published ones, each of which must be whole. */
static int count_whole(pbt__vault *vault)
{
    int count = 0;
    for (int32_t number = 0; number < 4; number++) {
        char path[PBT__PATH_SIZE], name[PBT__PATH_SIZE];
        assert_int_equal(pbt__vault_path(vault, (pbt_segment_id){0, number}, 0, path, NULL),
                         PBT_OK);
        if (!exists(path)) {
            continue;
        }
        count++;
        if (number % 2 == 0) {
            assert_true(is_whole(path, number));
            continue;
        }
        assert_int_equal(pbt__path_join(path, "weights", name, NULL), PBT_OK);
        assert_true(is_whole(name, number));
        assert_int_equal(pbt__path_join(path, "more", name, NULL), PBT_OK);
        assert_true(is_whole(name, number));
    }
    return count;
}

static void a_killed_process_leaves_whole_checkpoints(void **state)
{
    (void)state;
    uint32_t random = (uint32_t)time(NULL);
    print_message("# seed %u\n", random);
    int found = 0;
    /* On a busy machine a child may not get far: until one has, each lives longer. */
    for (uint32_t i = 0; i < KILL_COUNT || found == 0; i++) {
        const uint32_t life_us = 20000 * (1 + i / KILL_COUNT);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            publish_for_ever();
        }
        random = random * 1664525 + 1013904223;
        (void)usleep((random >> 16) % life_us);
        assert_int_equal(kill(child, SIGKILL), 0);
        int status = 0;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        pbt__vault *vault = open_vault();
        assert_int_equal(pbt__vault_sweep(vault, is_any, NULL, &error), PBT_OK);
        found += count_whole(vault);
        pbt__vault_close(vault);
        assert_int_equal(rmdir(in("vault/.aside")), 0);
    }
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_operation_may_fail),
        CASE(every_name_and_byte_is_synced),
        CASE(behaviour_18_no_torn_checkpoint_when_the_disk_is_full),
        CASE(a_killed_process_leaves_whole_checkpoints),
    };
    return cmocka_run_group_tests_name("checkpoint_crash", tests, NULL, NULL);
}
