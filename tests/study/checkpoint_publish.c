/* checkpoint_publish.c: whose a published checkpoint is, and that nothing torn becomes one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "vault.h"

static void assert_nothing_there(pbt__vault *other, int32_t attempt)
{
    pbt__checkpoint record = {.size_bytes = 42};
    assert_int_equal(pbt__vault_prepare(other, id, attempt, &record, &error), PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "there is no checkpoint at"));
    assert_int_equal(record.size_bytes, 42);
    assert_int_equal(pbt__vault_publish(other, id, attempt, &record, &error), PBT_ERR_CHECKPOINT);
}

/* A process that died between rename and commit leaves a name that nobody recorded: no attempt that
 * saved nothing is given its weights, not even one of the same number. */
static void what_another_published_is_no_attempts(void **state)
{
    (void)state;
    pbt__vault *dead = NULL;
    pbt__checkpoint record;
    put(in("vault/m3s12"), "dead");
    assert_nothing_there(vault, 1);
    assert_int_equal(pbt__vault_open(in("vault"), &dead, &error), PBT_OK);
    assert_int_equal(pbt__vault_write(dead, id, 1, "weights", 7, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare(dead, id, 1, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_publish(dead, id, 1, &record, &error), PBT_OK);
    assert_nothing_there(vault, 1);
    assert_nothing_there(vault, 2);
    assert_nothing_there(dead, 2);
    /* That one's transaction failed, and its report comes again: the file is its own. */
    assert_int_equal(pbt__vault_prepare(dead, id, 1, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_publish(dead, id, 1, &record, &error), PBT_OK);
    /* But not once another attempt has published in its place. */
    assert_int_equal(pbt__vault_write(vault, id, 2, "newer", 5, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare(vault, id, 2, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_publish(vault, id, 2, &record, &error), PBT_OK);
    assert_nothing_there(dead, 1);
    assert_int_equal(pbt__vault_verify(vault, id, 0, &record, &error), PBT_OK);
    pbt__vault_close(dead);
}

static void what_is_published_is_no_progress(void **state)
{
    (void)state;
    pbt__checkpoint record = {.size_bytes = 42};
    assert_int_equal(pbt__vault_write(vault, id, 1, "weights", 7, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare_progress(vault, id, 1, &record, &error), PBT_OK);
    assert_int_equal(record.size_bytes, 7);
    assert_int_equal(pbt__vault_publish(vault, id, 1, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare_progress(vault, id, 1, &record, &error),
                     PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "there is no checkpoint at"));
}

static void what_was_not_prepared_is_not_published(void **state)
{
    (void)state;
    pbt__checkpoint record;
    assert_int_equal(pbt__vault_write(vault, id, 1, "weights", 7, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare(vault, id, 1, &record, &error), PBT_OK);
    put(in("vault/other"), "other");
    assert_int_equal(rename(in("vault/other"), in("vault/.aside/m3s12.1")), 0);
    assert_int_equal(pbt__vault_publish(vault, id, 1, &record, &error), PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "is still being written"));
    assert_false(exists(in("vault/m3s12")));
}

static atomic_bool has_seen;

/* A save in the background gives its folder the final name at last, as Orbax does. */
static void *rename_for_ever(void *unused)
{
    char from[PBT__PATH_SIZE], to[PBT__PATH_SIZE];
    (void)snprintf(from, sizeof from, "%s", in("vault/.aside/m3s12.1/a"));
    (void)snprintf(to, sizeof to, "%s", in("vault/.aside/m3s12.1/b"));
    while (!atomic_load(&has_seen)) {
        (void)rename(from, to);
        (void)rename(to, from);
    }
    return unused;
}

static void what_is_still_written_is_refused(void **state)
{
    (void)state;
    pthread_t thread;
    pbt__checkpoint record;
    assert_int_equal(mkdir(in("vault/.aside/m3s12.1"), 0777), 0);
    put(in("vault/.aside/m3s12.1/a"), "weights");
    atomic_store(&has_seen, false);
    assert_int_equal(pthread_create(&thread, NULL, rename_for_ever, NULL), 0);
    /* Either look may miss a change or meet it half-way; a miss is tried again. */
    pbt_err err = PBT_OK;
    bool is_torn = false;
    for (int i = 0; !is_torn && i < 300; i++) {
        err = pbt__vault_prepare(vault, id, 1, &record, &error);
        is_torn = err != PBT_OK && strstr(error.message, "is still being written") != NULL;
    }
    atomic_store(&has_seen, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(is_torn);
    assert_int_equal(err, PBT_ERR_CHECKPOINT);
}

/* ---- rights ----------------------------------------------------------------------------------
 * Root may do everything, so these run in a child that is somebody else. Each returns the line that
 * was not as expected, or 0. */

/* A folder in a folder with two files, all of them without rights to write. */
static bool put_frozen(const char *root, mode_t mode)
{
    char inner[PBT__PATH_SIZE], file[PBT__PATH_SIZE];
    if (mkdir(root, 0777) != 0 || pbt__path_join(root, "code", inner, NULL) != PBT_OK ||
        mkdir(inner, 0777) != 0 || pbt__path_join(inner, "f", file, NULL) != PBT_OK) {
        return false;
    }
    put(file, "x");
    return chmod(file, 0400) == 0 && chmod(inner, mode) == 0 && chmod(root, mode) == 0;
}

static bool is_empty_aside(void)
{
    int count = 0;
    DIR *folder = opendir(in("own/.aside"));
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    return folder != NULL && closedir(folder) == 0 && count == 2; /* itself and its parent */
}

/* Publish in place of an older one, check, remove, and leave nothing. */
static int publish_frozen(pbt__vault *own)
{
    char path[PBT__PATH_SIZE];
    pbt__checkpoint record;
    if (!put_frozen(in("own/m3s12"), 0500)) {
        return __LINE__;
    }
    if (pbt__vault_aside(own, id, 1, path, &error) != PBT_OK || !put_frozen(path, 0500) ||
        pbt__vault_prepare(own, id, 1, &record, &error) != PBT_OK ||
        pbt__vault_publish(own, id, 1, &record, &error) != PBT_OK ||
        pbt__vault_check(own, id, 0, &record, &error) != PBT_OK ||
        pbt__vault_verify(own, id, 0, &record, &error) != PBT_OK) {
        return __LINE__;
    }
    if (pbt__vault_remove(own, id, 0, &error) != PBT_OK || exists(in("own/m3s12")) ||
        !is_empty_aside()) {
        return __LINE__;
    }
    return 0;
}

/* What nobody may even list is no checkpoint, and goes all the same. */
static int refuse_hidden(pbt__vault *own)
{
    char path[PBT__PATH_SIZE];
    pbt__checkpoint record;
    if (pbt__vault_aside(own, id, 2, path, &error) != PBT_OK || !put_frozen(path, 0) ||
        pbt__vault_prepare(own, id, 2, &record, &error) != PBT_ERR_CHECKPOINT ||
        strstr(error.message, "may not be read") == NULL) {
        return __LINE__;
    }
    if (pbt__vault_remove(own, id, 2, &error) != PBT_OK || !is_empty_aside()) {
        return __LINE__;
    }
    if (!put_frozen(in("own/.aside/left"), 0) || !put_frozen(in("own/m0s0"), 0100) ||
        pbt__vault_remove_all(own, &error) != PBT_OK || pbt__vault_leave(own, &error) != PBT_OK ||
        exists(in("own"))) {
        return __LINE__;
    }
    return 0;
}

static int act_without_rights(void)
{
    pbt__vault *own = NULL;
    if (pbt__vault_open(in("own"), &own, &error) != PBT_OK) {
        return __LINE__;
    }
    int line = publish_frozen(own);
    line = line == 0 ? refuse_hidden(own) : line;
    pbt__vault_close(own);
    return line;
}

static void folders_without_rights_are_published_and_removed(void **state)
{
    (void)state;
    enum { NOBODY = 65534 };
    assert_int_equal(chmod(scratch, 0777), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const bool is_other = geteuid() != 0 || setresuid(NOBODY, NOBODY, NOBODY) == 0;
        const int line = is_other ? act_without_rights() : __LINE__;
        if (line != 0) {
            (void)fprintf(stderr, "checkpoint_publish.c:%d: %s: %s\n", line, error.message,
                          error.detail);
        }
        _exit(line != 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_vault, close_vault)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_another_published_is_no_attempts),
        CASE(what_is_published_is_no_progress),
        CASE(what_was_not_prepared_is_not_published),
        CASE(what_is_still_written_is_refused),
        CASE(folders_without_rights_are_published_and_removed),
    };
    return cmocka_run_group_tests_name("checkpoint_publish", tests, NULL, NULL);
}
