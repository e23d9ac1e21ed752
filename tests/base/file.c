/* file.c: files are read and written whole or fail cleanly, and removing follows no link. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/file.h"

static char folder[PBT__PATH_SIZE];

static int make_scratch(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(folder, sizeof folder, "%s/pbt-file-XXXXXX", base != NULL ? base : "/tmp");
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    pbt__fault_arm(0, 0);
    return pbt__file_remove(folder, NULL) == PBT_OK ? 0 : -1;
}

/* A path in the scratch folder. Valid until four more were asked for. */
static const char *in(const char *name)
{
    static char paths[4][PBT__PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % 4];
    assert_int_equal(pbt__path_join(folder, name, path, NULL), PBT_OK);
    return path;
}

static bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static void assert_content(const char *path, const char *expected, size_t expected_length)
{
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(pbt__file_read(path, 1 << 20, &bytes, &length, NULL), PBT_OK);
    assert_int_equal(length, expected_length);
    assert_memory_equal(bytes, expected, expected_length);
    assert_int_equal(bytes[length], '\0');
    free(bytes);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static char bytes[70000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 7);
    }
    const size_t lengths[] = {0, 1, 4094, 4095, 4096, 4097, sizeof bytes, 3};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        assert_int_equal(pbt__file_write(in("f"), bytes, lengths[i], NULL), PBT_OK);
        assert_content(in("f"), bytes, lengths[i]);
    }
}

/* A pipe has no size, as files of /proc have none: the buffer must grow. */
static void a_file_without_a_size_is_read(void **state)
{
    (void)state;
    static char bytes[60000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (char)(i * 11);
    }
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(close(ends[1]), 0);
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    char *found = NULL;
    size_t length = 0;
    assert_int_equal(pbt__file_read_stream(path, 1 << 20, &found, &length, NULL), PBT_OK);
    assert_int_equal(length, sizeof bytes);
    assert_memory_equal(found, bytes, sizeof bytes);
    assert_int_equal(found[length], '\0');
    free(found);
    assert_int_equal(close(ends[0]), 0);
}

static void reading_stops_at_the_maximum(void **state)
{
    (void)state;
    assert_int_equal(pbt__file_write(in("f"), "12345", 5, NULL), PBT_OK);
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(pbt__file_read(in("f"), 5, &bytes, &length, NULL), PBT_OK);
    free(bytes);
    bytes = NULL;
    length = 9;
    pbt_error error;
    assert_int_equal(pbt__file_read(in("f"), 4, &bytes, &length, &error), PBT_ERR_LIMIT);
    assert_int_equal(error.code, PBT_ERR_LIMIT);
    assert_non_null(strstr(error.message, "longer than 4 bytes"));
    assert_null(bytes);
    assert_int_equal(length, 9);
}

static void an_absent_file_is_told_from_an_unreadable_one(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length;
    pbt_error error;
    assert_int_equal(pbt__file_read(in("none"), 9, &bytes, &length, &error), PBT_ERR_NOT_FOUND);
    assert_int_equal(error.code, PBT_ERR_NOT_FOUND);
    assert_non_null(strstr(error.message, "none'"));
    assert_string_equal(error.detail, "No such file or directory");
    assert_int_equal(pbt__file_read(folder, 9, &bytes, &length, &error), PBT_ERR_IO);
    assert_non_null(strstr(error.message, "' is a folder, not a file"));
    assert_int_equal(pbt__file_read(in("none"), 9, &bytes, &length, NULL), PBT_ERR_NOT_FOUND);
}

/* Opening a pipe waits for whoever is at its other end. */
static void a_pipe_is_waited_for_only_where_it_may_be_one(void **state)
{
    (void)state;
    char *bytes = NULL;
    size_t length = 0;
    pbt_error error;
    assert_int_equal(mkfifo(in("p"), 0600), 0);
    (void)alarm(20);
    assert_int_equal(pbt__file_check(in("p"), &error), PBT_ERR_IO);
    assert_non_null(strstr(error.message, "p' is a pipe, not a file"));
    assert_int_equal(pbt__file_read(in("p"), 9, &bytes, &length, &error), PBT_ERR_IO);
    assert_non_null(strstr(error.message, "p' is a pipe, not a file"));
    assert_string_equal(error.hint, "move it away, or name another file");
    assert_int_equal(pbt__file_check("/dev/null", &error), PBT_ERR_IO);
    assert_int_equal(pbt__file_check(in("none"), &error), PBT_OK);
    const int end = open(in("p"), O_RDWR | O_CLOEXEC); /* waits for nobody */
    assert_int_equal(write(end, "abc", 3), 3);
    assert_int_equal(pbt__file_read(in("p"), 9, &bytes, &length, NULL), PBT_ERR_IO);
    assert_int_equal(pbt__file_read_stream(in("p"), 2, &bytes, &length, NULL), PBT_ERR_LIMIT);
    close(end);
    assert_int_equal(pbt__file_append(in("f"), "x", 1, NULL), PBT_OK);
    assert_int_equal(pbt__file_check(in("f"), &error), PBT_OK);
    assert_int_equal(pbt__file_read_stream(in("f"), 2, &bytes, &length, NULL), PBT_OK);
    free(bytes);
    (void)alarm(0);
}

static void bytes_are_appended(void **state)
{
    (void)state;
    assert_int_equal(pbt__file_append(in("f"), "ab", 2, NULL), PBT_OK);
    assert_int_equal(pbt__file_append(in("f"), "cde", 3, NULL), PBT_OK);
    assert_int_equal(pbt__file_append(in("f"), "", 0, NULL), PBT_OK);
    assert_content(in("f"), "abcde", 5);
    pbt_error error;
    assert_int_equal(pbt__file_append(in("none/f"), "x", 1, &error), PBT_ERR_IO);
    assert_string_equal(error.detail, "No such file or directory");
}

/* The second operation of an appending is its write. */
static void a_failed_appending_leaves_the_file_as_it_was(void **state)
{
    (void)state;
    assert_int_equal(pbt__file_append(in("f"), "whole", 5, NULL), PBT_OK);
    pbt_error error;
    for (int64_t n = 1; n <= 2; n++) {
        pbt__fault_arm(n, PBT__FAULT_WRITE);
        assert_int_equal(pbt__file_append(in("f"), "torn", 4, &error), PBT_ERR_IO);
        assert_string_equal(error.detail, "No space left on device");
        assert_content(in("f"), "whole", 5);
    }
}

/* The limit lets the first bytes through and refuses the rest, as a disk that fills up does. */
static void a_torn_appending_is_taken_back(void **state)
{
    (void)state;
    struct rlimit before;
    assert_int_equal(pbt__file_append(in("f"), "whole", 5, NULL), PBT_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {.rlim_cur = 8, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    const pbt_err err = pbt__file_append(in("f"), "torn by the limit", 17, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, handler);
    assert_int_equal(err, PBT_ERR_IO);
    assert_content(in("f"), "whole", 5);
}

static void a_file_is_written_in_pieces(void **state)
{
    (void)state;
    int file = -1;
    pbt_error error;
    assert_int_equal(pbt__file_write(in("f"), "longer before", 13, NULL), PBT_OK);
    assert_int_equal(pbt__file_create(in("f"), &file, NULL), PBT_OK);
    assert_int_equal(pbt__file_put(file, in("f"), "ab", 2, NULL), PBT_OK);
    assert_int_equal(pbt__file_put(file, in("f"), "", 0, NULL), PBT_OK);
    assert_int_equal(pbt__file_put(file, in("f"), "cde", 3, NULL), PBT_OK);
    assert_int_equal(pbt__file_end(&file, in("f"), NULL), PBT_OK);
    assert_int_equal(file, -1);
    assert_content(in("f"), "abcde", 5);
    assert_int_equal(pbt__file_create(in("none/f"), &file, &error), PBT_ERR_IO);
    assert_string_equal(error.detail, "No such file or directory");
    assert_int_equal(file, -1);
    pbt__file_abandon(&file);
}

/* What was put last is durable or the end says that it is not; nothing stays open. */
static void a_file_that_cannot_be_synced_has_not_ended(void **state)
{
    (void)state;
    int file = -1;
    pbt_error error;
    assert_int_equal(pbt__file_create(in("f"), &file, NULL), PBT_OK);
    const int opened = file;
    pbt__fault_arm(1, PBT__FAULT_SYNC);
    assert_int_equal(pbt__file_end(&file, in("f"), &error), PBT_ERR_IO);
    pbt__fault_arm(0, 0);
    assert_string_equal(error.detail, "Input/output error");
    assert_int_equal(file, -1);
    assert_int_equal(fcntl(opened, F_GETFD), -1);
}

static void files_and_folders_are_synced(void **state)
{
    (void)state;
    assert_int_equal(pbt__file_write(in("f"), "x", 1, NULL), PBT_OK);
    assert_int_equal(pbt__file_sync(in("f"), NULL), PBT_OK);
    assert_int_equal(pbt__file_sync(folder, NULL), PBT_OK);
    pbt_error error;
    assert_int_equal(pbt__file_sync(in("none"), &error), PBT_ERR_IO);
    assert_string_equal(error.detail, "No such file or directory");
}

static void renaming_replaces(void **state)
{
    (void)state;
    assert_int_equal(pbt__file_write(in("new"), "new", 3, NULL), PBT_OK);
    assert_int_equal(pbt__file_write(in("old"), "old", 3, NULL), PBT_OK);
    assert_int_equal(pbt__file_rename(in("new"), in("old"), NULL), PBT_OK);
    assert_false(exists(in("new")));
    assert_content(in("old"), "new", 3);
    assert_int_equal(pbt__file_rename(in("none"), in("old"), NULL), PBT_ERR_IO);
}

static void replacing_leaves_nothing_beside(void **state)
{
    (void)state;
    struct stat status;
    pbt_error error;
    assert_int_equal(pbt__file_make_folder(in("f.aside"), NULL), PBT_OK);
    assert_int_equal(pbt__file_write(in("f"), "old", 3, NULL), PBT_OK);
    assert_int_equal(pbt__file_replace(in("f"), "new", 3, 0600, NULL), PBT_OK);
    assert_content(in("f"), "new", 3);
    assert_int_equal(stat(in("f"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    for (unsigned kind = PBT__FAULT_WRITE; kind != 0;
         kind = kind == PBT__FAULT_WRITE ? PBT__FAULT_SYNC : 0) {
        pbt__fault_arm(1, kind);
        assert_int_equal(pbt__file_replace(in("f"), "more", 4, 0600, &error), PBT_ERR_IO);
        pbt__fault_arm(0, 0);
        assert_content(in("f"), "new", 3);
    }
    assert_int_equal(unlink(in("f")), 0);
    assert_int_equal(rmdir(in("f.aside")), 0);
    assert_int_equal(rmdir(folder), 0); /* nothing else is there */
    assert_int_equal(mkdir(folder, 0777), 0);
}

enum { WRITERS = 4, WRITES = 50, LONG = 20000 };

static const char *contested;

/* A file of one letter, again and again. */
static void *replace_often(void *letter)
{
    char bytes[LONG];
    intptr_t failures = 0;
    memset(bytes, *(const char *)letter, sizeof bytes);
    for (int i = 0; i < WRITES; i++) {
        failures += pbt__file_replace(contested, bytes, sizeof bytes, 0666, NULL) == PBT_OK ? 0 : 1;
    }
    return (void *)failures;
}

static void writers_at_the_same_time_leave_one_whole_file(void **state)
{
    (void)state;
    static const char letters[WRITERS] = "abcd";
    pthread_t threads[WRITERS];
    char *bytes = NULL;
    size_t length = 0;
    contested = in("f");
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, replace_often, (void *)(uintptr_t)&letters[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        void *failures = NULL;
        assert_int_equal(pthread_join(threads[i], &failures), 0);
        assert_null(failures);
    }
    assert_int_equal(pbt__file_read(in("f"), LONG, &bytes, &length, NULL), PBT_OK);
    assert_int_equal(length, LONG);
    for (size_t i = 1; i < length; i++) {
        assert_int_equal(bytes[i], bytes[0]);
    }
    free(bytes);
}

static void whole_folders_are_removed(void **state)
{
    (void)state;
    assert_int_equal(pbt__file_make_folder(in("a/b/c"), NULL), PBT_OK);
    char name[32];
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof name, "a/b/file-%d", i);
        assert_int_equal(pbt__file_write(in(name), "x", 1, NULL), PBT_OK);
    }
    assert_int_equal(pbt__file_write(in("a/b/c/.hidden"), "x", 1, NULL), PBT_OK);
    assert_int_equal(pbt__file_remove(in("a"), NULL), PBT_OK);
    assert_false(exists(in("a")));
    assert_int_equal(pbt__file_remove(in("a"), NULL), PBT_OK);
}

static void removing_follows_no_link(void **state)
{
    (void)state;
    assert_int_equal(pbt__file_make_folder(in("kept"), NULL), PBT_OK);
    assert_int_equal(pbt__file_write(in("kept/f"), "x", 1, NULL), PBT_OK);
    assert_int_equal(pbt__file_make_folder(in("gone"), NULL), PBT_OK);
    assert_int_equal(symlink("../kept", in("gone/link")), 0);
    assert_int_equal(symlink("kept", in("link")), 0);
    assert_int_equal(pbt__file_remove(in("gone"), NULL), PBT_OK);
    assert_int_equal(pbt__file_remove(in("link"), NULL), PBT_OK);
    assert_false(exists(in("gone")));
    assert_false(exists(in("link")));
    assert_true(exists(in("kept/f")));
}

static void folders_are_made_with_those_above(void **state)
{
    (void)state;
    assert_int_equal(pbt__file_make_folder(in("x/y//z/"), NULL), PBT_OK);
    assert_int_equal(pbt__file_make_folder(in("x/y/z"), NULL), PBT_OK);
    assert_true(exists(in("x/y/z")));
    assert_int_equal(symlink("x", in("to-x")), 0);
    assert_int_equal(pbt__file_make_folder(in("to-x/w"), NULL), PBT_OK);
    assert_true(exists(in("x/w")));

    pbt_error error;
    assert_int_equal(pbt__file_write(in("f"), "x", 1, NULL), PBT_OK);
    assert_int_equal(pbt__file_make_folder(in("f"), &error), PBT_ERR_IO);
    assert_int_equal(pbt__file_make_folder(in("f/g"), &error), PBT_ERR_IO);
    assert_int_equal(pbt__file_make_folder("/", NULL), PBT_OK);
}

static void assert_joined(const char *above, const char *name, const char *expected)
{
    char path[PBT__PATH_SIZE];
    assert_int_equal(pbt__path_join(above, name, path, NULL), PBT_OK);
    assert_string_equal(path, expected);
}

static void paths_are_joined(void **state)
{
    (void)state;
    assert_joined("a", "b", "a/b");
    assert_joined("a/", "b", "a/b");
    assert_joined("/", "b", "/b");
    assert_joined("", "b", "b");
    assert_joined(".", "b", "b");
    assert_joined("..", "b", "../b");
    assert_joined("a", "/b", "/b");
}

static void assert_resolved(const char *path, const char *expected)
{
    char out[PBT__PATH_SIZE];
    assert_int_equal(pbt__path_resolve(path, out, NULL), PBT_OK);
    assert_string_equal(out, expected);
}

/* By whatever name, and also before it is made. */
static void a_path_has_one_name(void **state)
{
    (void)state;
    char here[PBT__PATH_SIZE], out[PBT__PATH_SIZE] = "before", expected[PBT__PATH_SIZE];
    assert_int_equal(pbt__file_make_folder(in("real"), NULL), PBT_OK);
    assert_int_equal(symlink("real", in("link")), 0);
    assert_non_null(realpath(in("real"), here));
    assert_int_equal(pbt__path_join(here, "file", expected, NULL), PBT_OK);
    for (int i = 0; i < 2; i++) {
        assert_resolved(in("real/file"), expected);
        assert_resolved(in("link/file"), expected);
        assert_resolved(in("real/../link/./file"), expected);
        assert_int_equal(pbt__file_write(expected, "", 0, NULL), PBT_OK);
    }
    assert_int_equal(symlink("real/file", in("other")), 0);
    assert_resolved(in("other"), expected);
    assert_int_equal(pbt__path_resolve(in("absent/file"), out, NULL), PBT_ERR_NOT_FOUND);
    assert_string_equal(out, "before");
    assert_non_null(realpath(".", here));
    assert_int_equal(pbt__path_join(here, "new", expected, NULL), PBT_OK);
    assert_resolved("new", expected);
}

static void paths_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char path[PBT__PATH_SIZE] = "before";
    static char name[PBT__PATH_SIZE + 1];
    memset(name, 'x', sizeof name - 1);
    assert_int_equal(pbt__path_join("", name, path, NULL), PBT_ERR_LIMIT);
    assert_int_equal(pbt__path_join("a", name + 2, path, NULL), PBT_ERR_LIMIT);
    assert_string_equal(path, "before");
    assert_int_equal(pbt__path_join("", name + 1, path, NULL), PBT_OK);
    assert_int_equal(pbt__path_join("a", name + 3, path, NULL), PBT_OK);
    assert_int_equal(strlen(path), PBT__PATH_SIZE - 1);
}

/* One round of every operation. Says whether all of them succeeded. */
static bool use_everything(void)
{
    pbt_error error;
    char *bytes = NULL;
    size_t length = 0;
    const bool done = pbt__file_make_folder(in("t/u"), &error) == PBT_OK &&
                      pbt__file_write(in("t/u/new"), "whole", 5, &error) == PBT_OK &&
                      pbt__file_rename(in("t/u/new"), in("t/u/f"), &error) == PBT_OK &&
                      pbt__file_sync(in("t/u"), &error) == PBT_OK &&
                      pbt__file_read(in("t/u/f"), 9, &bytes, &length, &error) == PBT_OK &&
                      pbt__file_remove(in("t"), &error) == PBT_OK;
    assert_true(done || error.message[0] != '\0');
    free(bytes);
    return done;
}

/* Every operation fails in its turn; a file under its final name is whole, whichever it was. */
static void every_operation_asks_the_seam(void **state)
{
    (void)state;
    const unsigned kinds = PBT__FAULT_MEMORY | PBT__FAULT_WRITE | PBT__FAULT_SYNC | PBT__FAULT_READ;
    int64_t n = 1;
    for (;; n++) {
        pbt__fault_arm(n, kinds);
        const bool done = use_everything();
        const bool has_fired = pbt__fault_has_fired();
        pbt__fault_arm(0, 0);
        assert_int_equal(done, !has_fired);
        if (exists(in("t/u/f"))) {
            assert_content(in("t/u/f"), "whole", 5);
        }
        assert_int_equal(pbt__file_remove(in("t"), NULL), PBT_OK);
        if (done) {
            break;
        }
    }
    assert_true(n > 15); /* so many operations there are at least */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_written_is_read, make_scratch, remove_scratch),
        cmocka_unit_test(a_file_without_a_size_is_read),
        cmocka_unit_test_setup_teardown(reading_stops_at_the_maximum, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(an_absent_file_is_told_from_an_unreadable_one, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(a_pipe_is_waited_for_only_where_it_may_be_one, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(bytes_are_appended, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(a_failed_appending_leaves_the_file_as_it_was, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(a_torn_appending_is_taken_back, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(a_file_is_written_in_pieces, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(a_file_that_cannot_be_synced_has_not_ended, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(files_and_folders_are_synced, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(renaming_replaces, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(replacing_leaves_nothing_beside, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(writers_at_the_same_time_leave_one_whole_file, make_scratch,
                                        remove_scratch),
        cmocka_unit_test_setup_teardown(whole_folders_are_removed, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(removing_follows_no_link, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(folders_are_made_with_those_above, make_scratch,
                                        remove_scratch),
        cmocka_unit_test(paths_are_joined),
        cmocka_unit_test(a_path_has_one_name),
        cmocka_unit_test(paths_that_do_not_fit_are_refused),
        cmocka_unit_test_setup_teardown(every_operation_asks_the_seam, make_scratch,
                                        remove_scratch),
    };
    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
