/* crowd.c: a reader of a store in a file that others open and close all the while: SQLite gives up
 * after a hundred tries. Here its shared memory says so at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "store/sqlite.h"
#include "support.h"

static sqlite3_io_methods crowded_file;
static int (*lock_shared_memory)(sqlite3_file *file, int offset, int n, int flags);
static int (*open_file)(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                        int *out_flags);
static int crowded_count;

static int lock_in_a_crowd(sqlite3_file *file, int offset, int n, int flags)
{
    const bool is_read = (flags & SQLITE_SHM_SHARED) != 0 && (flags & SQLITE_SHM_LOCK) != 0;
    return is_read && crowded_count-- > 0 ? SQLITE_PROTOCOL
                                          : lock_shared_memory(file, offset, n, flags);
}

static int open_in_a_crowd(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *file, int flags,
                           int *out_flags)
{
    int rc = open_file(vfs, name, file, flags, out_flags);
    if (rc == SQLITE_OK && (flags & SQLITE_OPEN_MAIN_DB) != 0) {
        crowded_file = *file->pMethods;
        lock_shared_memory = crowded_file.xShmLock;
        crowded_file.xShmLock = lock_in_a_crowd;
        file->pMethods = &crowded_file;
    }
    return rc;
}

static void a_reader_that_is_crowded_out_tries_again(void **state)
{
    (void)state;
    char folder[SUPPORT_FOLDER_SIZE], url[SUPPORT_URL_SIZE];
    pbt_error error = {.detail = ""};
    support_folder(folder);
    support_url(folder, url);
    pbt__store *writer = support_open(url), *reader = NULL;
    sqlite3_vfs *usual = sqlite3_vfs_find(NULL);
    sqlite3_vfs crowded = *usual;
    open_file = usual->xOpen;
    crowded.zName = "crowded";
    crowded.xOpen = open_in_a_crowd;
    crowded_count = 2;
    assert_int_equal(sqlite3_vfs_register(&crowded, 1), SQLITE_OK);
    const pbt__store_options options = {.url = url, .is_read_only = true};
    const pbt_err err = pbt__store_open(&options, &reader, &error);
    assert_int_equal(sqlite3_vfs_register(usual, 1), SQLITE_OK);
    assert_string_equal(err == PBT_OK ? "" : error.detail, "");
    assert_true(crowded_count < 0);
    pbt__store_close(reader);
    pbt__store_close(writer);
    assert_int_equal(sqlite3_vfs_unregister(&crowded), SQLITE_OK);
    support_folder_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_that_is_crowded_out_tries_again),
    };
    return cmocka_run_group_tests_name("crowd", tests, NULL, NULL);
}
