/* checkpoint_copy.c: a published checkpoint taken out of the vault: whole, or a clean error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>

#include "vault.h"

static pbt__checkpoint record;

/* Publish a folder with two files in two folders, or a lone file. */
static void publish(bool is_folder)
{
    char path[PBT__PATH_SIZE], inner[PBT__PATH_SIZE];
    assert_int_equal(pbt__vault_aside(vault, id, 1, path, &error), PBT_OK);
    if (is_folder) {
        assert_int_equal(pbt__path_join(path, "deep/er", inner, NULL), PBT_OK);
        assert_int_equal(pbt__file_make_folder(inner, NULL), PBT_OK);
        assert_int_equal(pbt__path_join(path, "deep/er/weights", inner, NULL), PBT_OK);
        put(inner, "weights");
        assert_int_equal(pbt__path_join(path, "moments", inner, NULL), PBT_OK);
        put(inner, "moments");
    } else {
        put(path, "alone");
    }
    assert_int_equal(pbt__vault_prepare(vault, id, 1, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_publish(vault, id, 1, &record, &error), PBT_OK);
}

static void assert_text(const char *path, const char *expected)
{
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(pbt__file_read(path, 1000, &bytes, &length, NULL), PBT_OK);
    assert_string_equal(bytes, expected);
    free(bytes);
}

static int count_aside(void)
{
    int count = 0;
    DIR *stream = opendir(in("vault/.aside"));
    assert_non_null(stream);
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        count += entry->d_name[0] != '.';
    }
    assert_int_equal(closedir(stream), 0);
    return count;
}

static pbt_err copy(void)
{
    return pbt__vault_copy(vault, id, &record, in("copy"), &error);
}

/* Bytes of its own, and nothing left aside. */
static void a_file_is_copied(void **state)
{
    (void)state;
    struct stat from, to;
    publish(false);
    assert_int_equal(copy(), PBT_OK);
    assert_text(in("copy"), "alone");
    assert_int_equal(lstat(in("vault/m3s12"), &from), 0);
    assert_int_equal(lstat(in("copy"), &to), 0);
    assert_true(from.st_ino != to.st_ino);
    assert_int_equal(from.st_nlink, 1);
    assert_int_equal(count_aside(), 0);
    assert_int_equal(pbt__vault_check(vault, id, 0, &record, &error), PBT_OK);
}

static void a_folder_is_copied(void **state)
{
    (void)state;
    publish(true);
    assert_int_equal(copy(), PBT_OK);
    assert_text(in("copy/deep/er/weights"), "weights");
    assert_text(in("copy/moments"), "moments");
    assert_int_equal(count_aside(), 0);
}

static void what_is_gone_is_not_found(void **state)
{
    (void)state;
    publish(true);
    assert_int_equal(pbt__vault_remove(vault, id, 0, &error), PBT_OK);
    assert_int_equal(copy(), PBT_ERR_NOT_FOUND);
    assert_false(exists(in("copy")));
}

static void what_was_altered_is_refused(void **state)
{
    (void)state;
    publish(true);
    put(in("vault/m3s12/moments"), "memento");
    assert_int_equal(copy(), PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "is not as the log says"));
    assert_int_equal(symlink("/etc/passwd", in("vault/m3s12/link")), 0);
    assert_int_equal(pbt__file_remove(in("copy"), NULL), PBT_OK);
    assert_int_equal(copy(), PBT_ERR_CHECKPOINT);
}

/* The N-th operation fails, N = 1, 2, ... until none does: a copy that is whole, or an error; the
 * published one stays as it is. A link that cannot be made is no error. */
static void every_fault_is_survived(void **state)
{
    (void)state;
    int done = 0;
    publish(true);
    for (int64_t n = 1;; n++) {
        assert_int_equal(pbt__file_remove(in("copy"), NULL), PBT_OK);
        pbt__fault_arm(n, PBT__FAULT_ALL);
        pbt_err err = copy();
        bool has_fired = pbt__fault_has_fired();
        pbt__fault_arm(0, 0);
        assert_int_equal(pbt__vault_check(vault, id, 0, &record, &error), PBT_OK);
        if (err == PBT_OK) {
            assert_text(in("copy/deep/er/weights"), "weights");
            done += has_fired ? 1 : 0;
        }
        if (!has_fired) {
            assert_int_equal(err, PBT_OK);
            assert_true(n > 10 && done > 0);
            return;
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_vault, close_vault)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_copied),          TEST(a_folder_is_copied),
        TEST(what_is_gone_is_not_found), TEST(what_was_altered_is_refused),
        TEST(every_fault_is_survived),
    };
    return cmocka_run_group_tests_name("checkpoint_copy", tests, NULL, NULL);
}
