/* checkpoint.c: what the vault publishes, checks, sweeps and removes, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "vault.h"

static void make_folder(const char *path)
{
    assert_int_equal(mkdir(path, 0777), 0);
}

/* A folder with two levels, an empty folder and an empty file in it. */
static void put_tree(const char *root)
{
    char path[PBT__PATH_SIZE];
    make_folder(root);
    static const char *const folders[] = {"a", "a/deep", "void"};
    static const char *const files[] = {"a/weights", "a/deep/x", "a-b", "nothing"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pbt__path_join(root, folders[i], path, NULL), PBT_OK);
        make_folder(path);
    }
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(pbt__path_join(root, files[i], path, NULL), PBT_OK);
        put(path, i < 3 ? files[i] : "");
    }
}

/* Where attempt `attempt` writes. Valid until the next call. */
static const char *aside(int32_t attempt)
{
    static char path[PBT__PATH_SIZE];
    assert_int_equal(pbt__vault_aside(vault, id, attempt, path, &error), PBT_OK);
    return path;
}

static pbt__checkpoint publish(int32_t attempt)
{
    pbt__checkpoint record;
    assert_int_equal(pbt__vault_prepare(vault, id, attempt, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_publish(vault, id, attempt, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_sync(vault, &error), PBT_OK);
    return record;
}

static void assert_published(const char *content)
{
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(pbt__file_read(in("vault/m3s12"), 1 << 20, &bytes, &length, &error), PBT_OK);
    assert_string_equal(bytes, content);
    free(bytes);
}

/* ---- opening and paths ----------------------------------------------------------------------- */

static void opening_makes_the_folder_and_resolves_it(void **state)
{
    (void)state;
    char path[PBT__PATH_SIZE];
    pbt__vault *other = NULL;
    assert_int_equal(chdir(scratch), 0);
    make_folder("real");
    assert_int_equal(symlink("real", "link"), 0);
    assert_int_equal(pbt__vault_open("link/new", &other, &error), PBT_OK);
    assert_int_equal(pbt__vault_path(other, id, 0, path, &error), PBT_OK);
    assert_string_equal(path, in("real/new/m3s12"));
    assert_int_equal(pbt__vault_path(other, id, 2, path, &error), PBT_OK);
    assert_string_equal(path, in("real/new/.aside/m3s12.2"));
    pbt__vault_close(other);
    assert_int_equal(chdir("/"), 0);
}

static void opening_fails_cleanly(void **state)
{
    (void)state;
    pbt__vault *other = NULL;
    put(in("file"), "");
    assert_int_equal(pbt__vault_open(in("file/vault"), &other, &error), PBT_ERR_IO);
    assert_int_equal(error.code, PBT_ERR_IO);
    make_folder(in("linked"));
    make_folder(in("elsewhere"));
    assert_int_equal(symlink("../elsewhere", in("linked/.aside")), 0);
    assert_int_equal(pbt__vault_open(in("linked"), &other, &error), PBT_ERR_IO);
    assert_non_null(strstr(error.message, "is a link"));
    char path[PBT__PATH_SIZE];
    const size_t length = (size_t)snprintf(path, sizeof path, "%s", scratch);
    for (size_t i = length; i < sizeof path - 1; i++) {
        path[i] = (i - length) % 100 == 0 ? '/' : 'x';
    }
    path[PBT__VAULT_FOLDER_SIZE + 10] = '\0';
    assert_int_equal(pbt__vault_open(path, &other, &error), PBT_ERR_LIMIT);
    assert_null(other);
}

static void numbers_that_name_nothing_are_refused(void **state)
{
    (void)state;
    char path[PBT__PATH_SIZE] = "untouched";
    pbt__checkpoint record;
    const pbt_segment_id none = PBT_NO_SEGMENT;
    assert_int_equal(pbt__vault_path(vault, none, 0, path, &error), PBT_ERR_ARGUMENT);
    assert_int_equal(pbt__vault_path(vault, id, -1, path, &error), PBT_ERR_ARGUMENT);
    assert_int_equal(pbt__vault_aside(vault, id, 0, path, &error), PBT_ERR_ARGUMENT);
    assert_int_equal(pbt__vault_prepare(vault, none, 1, &record, &error), PBT_ERR_ARGUMENT);
    assert_int_equal(pbt__vault_publish(vault, none, 1, &record, &error), PBT_ERR_ARGUMENT);
    assert_int_equal(pbt__vault_remove(vault, none, 1, &error), PBT_ERR_ARGUMENT);
    assert_string_equal(path, "untouched");
}

static void names_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const struct {
        const char *name, *rest;
        int32_t member, number, attempt;
    } cases[] = {
        {"m3s12", "", 3, 12, 0},
        {"m0s0.1", "", 0, 0, 1},
        {"m3s12.1.tmp", ".tmp", 3, 12, 1},
        {"m3s12.pt", ".pt", 3, 12, 0},
        {"m3s12.0", ".0", 3, 12, 0},
        {"m3s12.01", ".01", 3, 12, 0},
        {"m2147483647s2147483647.2147483647", "", INT32_MAX, INT32_MAX, INT32_MAX},
        {"m03s12", NULL, 0, 0, 0},
        {"m3s2147483648", NULL, 0, 0, 0},
        {"m3s99999999999999999999999", NULL, 0, 0, 0},
        {"m-3s12", NULL, 0, 0, 0},
        {"m 3s12", NULL, 0, 0, 0},
        {"m3", NULL, 0, 0, 0},
        {"m3s", NULL, 0, 0, 0},
        {"gone.1.2", NULL, 0, 0, 0},
        {"", NULL, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        pbt_segment_id read;
        int32_t attempt;
        const char *rest = pbt__checkpoint_name_read(cases[i].name, &read, &attempt);
        if (cases[i].rest == NULL) {
            assert_null(rest);
            continue;
        }
        assert_string_equal(rest, cases[i].rest);
        assert_int_equal(read.member, cases[i].member);
        assert_int_equal(read.number, cases[i].number);
        assert_int_equal(attempt, cases[i].attempt);
    }
}

/* ---- publishing ------------------------------------------------------------------------------ */

static void a_file_is_published_whole(void **state)
{
    (void)state;
    assert_int_equal(pbt__vault_write(vault, id, 1, "weights", 7, &error), PBT_OK);
    assert_false(exists(in("vault/m3s12")));
    const pbt__checkpoint record = publish(1);
    assert_published("weights");
    assert_false(exists(in("vault/.aside/m3s12.1")));
    struct stat status;
    assert_int_equal(stat(in("vault/m3s12"), &status), 0);
    assert_int_equal(record.kind, PBT__CHECKPOINT_FILE);
    assert_int_equal(record.size_bytes, 7);
    assert_int_equal(record.inode, status.st_ino);
    assert_int_equal(record.modified_ns,
                     status.st_mtim.tv_sec * 1000000000 + status.st_mtim.tv_nsec);
    assert_true(pbt__digest_equal(record.digest, pbt__digest_bytes("weights", 7)));
    assert_int_equal(pbt__vault_check(vault, id, 0, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_verify(vault, id, 0, &record, &error), PBT_OK);
}

/* More than one piece of the reader's buffer. */
static void a_large_file_is_digested_whole(void **state)
{
    (void)state;
    const size_t length = 3 * 1024 * 1024 + 5;
    unsigned char *bytes = malloc(length);
    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (unsigned char)(i * 2654435761u >> 24);
    }
    assert_int_equal(pbt__vault_write(vault, id, 1, bytes, length, &error), PBT_OK);
    const pbt__checkpoint record = publish(1);
    assert_true(pbt__digest_equal(record.digest, pbt__digest_bytes(bytes, length)));
    free(bytes);
}

/* The digest is part of every log: it must never change. */
static void a_folder_is_digested_as_documented(void **state)
{
    (void)state;
    put_tree(aside(1));
    const pbt__checkpoint record = publish(1);
    static const char entries[] = "d"
                                  "a\0"
                                  "\0\0\0\0\0\0\0\0"
                                  "d"
                                  "a/deep\0"
                                  "\0\0\0\0\0\0\0\0"
                                  "f"
                                  "a/deep/x\0"
                                  "\0\0\0\0\0\0\0\x08"
                                  "a/deep/x"
                                  "f"
                                  "a/weights\0"
                                  "\0\0\0\0\0\0\0\x09"
                                  "a/weights"
                                  "f"
                                  "a-b\0"
                                  "\0\0\0\0\0\0\0\x03"
                                  "a-b"
                                  "f"
                                  "nothing\0"
                                  "\0\0\0\0\0\0\0\0"
                                  "d"
                                  "void\0"
                                  "\0\0\0\0\0\0\0";
    assert_int_equal(record.kind, PBT__CHECKPOINT_FOLDER);
    assert_int_equal(record.size_bytes, 20);
    assert_true(pbt__digest_equal(record.digest, pbt__digest_bytes(entries, sizeof entries)));
    assert_int_equal(pbt__vault_check(vault, id, 0, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_verify(vault, id, 0, &record, &error), PBT_OK);
}

static void publishing_again_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(pbt__vault_write(vault, id, 1, "weights", 7, &error), PBT_OK);
    const pbt__checkpoint first = publish(1);
    const pbt__checkpoint again = publish(1);
    assert_true(pbt__digest_equal(first.digest, again.digest));
    assert_int_equal(first.inode, again.inode);
    assert_published("weights");
}

static void what_nobody_recorded_is_replaced(void **state)
{
    (void)state;
    put_tree(in("vault/m3s12"));
    assert_int_equal(pbt__vault_write(vault, id, 2, "file", 4, &error), PBT_OK);
    (void)publish(2);
    assert_published("file");
    put_tree(aside(3));
    const pbt__checkpoint record = publish(3);
    assert_int_equal(record.kind, PBT__CHECKPOINT_FOLDER);
    assert_true(exists(in("vault/m3s12/a/deep/x")));
    assert_int_equal(pbt__vault_write(vault, id, 4, "", 0, &error), PBT_OK);
    assert_int_equal(publish(4).size_bytes, 0);
    assert_published("");
}

static void an_attempt_starts_with_nothing_aside(void **state)
{
    (void)state;
    put_tree(aside(1));
    assert_false(exists(aside(1)));
    assert_int_equal(pbt__vault_write(vault, id, 1, "old", 3, &error), PBT_OK);
    assert_int_equal(pbt__vault_write(vault, id, 1, "new", 3, &error), PBT_OK);
    (void)publish(1);
    assert_published("new");
}

static void nothing_aside_is_an_error(void **state)
{
    (void)state;
    pbt__checkpoint record = {.size_bytes = 42};
    assert_int_equal(pbt__vault_prepare(vault, id, 1, &record, &error), PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "m3s12.1"));
    assert_string_not_equal(error.hint, "");
    assert_int_equal(record.size_bytes, 42);
    assert_int_equal(pbt__vault_publish(vault, id, 1, &record, &error), PBT_ERR_CHECKPOINT);
    assert_false(exists(in("vault/m3s12")));
}

static void a_folder_without_a_file_is_refused(void **state)
{
    (void)state;
    pbt__checkpoint record = {.size_bytes = 42};
    make_folder(aside(1));
    make_folder(in("vault/.aside/m3s12.1/deep"));
    assert_int_equal(pbt__vault_prepare(vault, id, 1, &record, &error), PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "m3s12.1"));
    assert_string_not_equal(error.hint, "");
    assert_int_equal(record.size_bytes, 42);
    put(in("vault/.aside/m3s12.1/deep/nothing"), "");
    assert_int_equal(pbt__vault_prepare(vault, id, 1, &record, &error), PBT_OK);
    assert_int_equal(record.size_bytes, 0);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void assert_refused(void)
{
    pbt__checkpoint record;
    error = (pbt_error){PBT_OK, "", "", ""};
    assert_int_equal(pbt__vault_prepare(vault, id, 1, &record, &error), PBT_ERR_CHECKPOINT);
    assert_int_equal(error.code, PBT_ERR_CHECKPOINT);
    assert_non_null(strstr(error.message, "neither a file nor a folder"));
}

static void links_and_devices_are_refused(void **state)
{
    (void)state;
    put(in("secret"), "secret");
    assert_int_equal(symlink(in("secret"), aside(1)), 0);
    assert_refused();
    assert_int_equal(mkfifo(aside(1), 0600), 0);
    assert_refused();
    put_tree(aside(1));
    assert_int_equal(symlink("../../../../secret", in("vault/.aside/m3s12.1/a/deep/link")), 0);
    assert_refused();
    put_tree(aside(1));
    assert_int_equal(symlink("deep", in("vault/.aside/m3s12.1/a/folder")), 0);
    assert_refused();
    put_tree(aside(1));
    assert_int_equal(mkfifo(in("vault/.aside/m3s12.1/a/pipe"), 0600), 0);
    assert_refused();
    (void)aside(1);
    assert_true(exists(in("secret")));
}

static void a_published_link_is_not_followed(void **state)
{
    (void)state;
    assert_int_equal(pbt__vault_write(vault, id, 1, "weights", 7, &error), PBT_OK);
    const pbt__checkpoint record = publish(1);
    assert_int_equal(rename(in("vault/m3s12"), in("moved")), 0);
    assert_int_equal(symlink(in("moved"), in("vault/m3s12")), 0);
    assert_int_equal(pbt__vault_check(vault, id, 0, &record, &error), PBT_ERR_CHECKPOINT);
    assert_int_equal(pbt__vault_verify(vault, id, 0, &record, &error), PBT_ERR_CHECKPOINT);
    assert_int_equal(pbt__vault_remove(vault, id, 0, &error), PBT_OK);
    assert_true(exists(in("moved")));
}

static void folders_too_deep_are_refused(void **state)
{
    (void)state;
    char path[PBT__PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s", aside(1));
    for (int i = 0; i < 40; i++) {
        make_folder(path);
        strncat(path, "/x", sizeof path - strlen(path) - 1);
    }
    pbt__checkpoint record;
    assert_int_equal(pbt__vault_prepare(vault, id, 1, &record, &error), PBT_ERR_LIMIT);
}

/* ---- checking -------------------------------------------------------------------------------- */

/* Both look and both find it, or only the full look does. */
static void assert_found(const pbt__checkpoint *record, bool is_cheap, const char *words)
{
    if (is_cheap) {
        assert_int_equal(pbt__vault_check(vault, id, 0, record, &error), PBT_ERR_CHECKPOINT);
    } else {
        assert_int_equal(pbt__vault_verify(vault, id, 0, record, &error), PBT_ERR_CHECKPOINT);
    }
    assert_non_null(strstr(error.message, words));
    assert_non_null(strstr(error.message, "m3s12"));
}

static void restore_times(const char *path, const struct stat *status)
{
    const struct timespec times[2] = {status->st_atim, status->st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void every_difference_is_named(void **state)
{
    (void)state;
    assert_int_equal(pbt__vault_write(vault, id, 1, "weights", 7, &error), PBT_OK);
    const pbt__checkpoint record = publish(1);
    const char *path = in("vault/m3s12");
    struct stat status;
    assert_int_equal(stat(path, &status), 0);

    put(path, "longer weights");
    assert_found(&record, true, "another size");
    assert_found(&record, false, "another size");
    assert_non_null(strstr(error.detail, "14 bytes; 7 were"));

    put(path, "Weights");
    const struct timespec later[2] = {{1, 0}, {2, 3}};
    assert_int_equal(utimensat(AT_FDCWD, path, later, 0), 0);
    assert_found(&record, true, "other bytes");
    assert_found(&record, false, "other bytes");

    restore_times(path, &status);
    assert_int_equal(pbt__vault_check(vault, id, 0, &record, &error), PBT_OK);
    assert_found(&record, false, "other bytes");

    put(in("copy"), "weighty");
    restore_times(in("copy"), &status);
    assert_int_equal(rename(in("copy"), path), 0);
    assert_found(&record, true, "other bytes");

    assert_int_equal(unlink(path), 0);
    assert_found(&record, true, "missing");
    assert_found(&record, false, "missing");
    make_folder(path);
    assert_found(&record, true, "another kind");
    assert_string_equal(error.detail, "it is a folder; a file was recorded");
}

/* Put the same bytes at a published name, as a new file. */
static void restore(const char *name, const char *bytes)
{
    put(in("restored"), bytes);
    assert_int_equal(rename(in("restored"), in(name)), 0);
}

static void a_restored_copy_is_the_same_checkpoint(void **state)
{
    (void)state;
    assert_int_equal(pbt__vault_write(vault, id, 1, "weights", 7, &error), PBT_OK);
    const pbt__checkpoint record = publish(1);
    restore("vault/m3s12", "weights");
    struct stat status;
    assert_int_equal(stat(in("vault/m3s12"), &status), 0);
    assert_true(status.st_ino != record.inode);
    assert_int_equal(pbt__vault_check(vault, id, 0, &record, &error), PBT_OK);

    restore("vault/m3s12", "weighty");
    assert_found(&record, true, "other bytes");
}

static void a_folder_is_checked_down_to_its_leaves(void **state)
{
    (void)state;
    put_tree(aside(1));
    const pbt__checkpoint record = publish(1);
    struct stat status;
    assert_int_equal(stat(in("vault/m3s12/a/deep/x"), &status), 0);
    put(in("vault/m3s12/a/deep/x"), "A/deep/x");
    restore_times(in("vault/m3s12/a/deep/x"), &status);
    assert_found(&record, false, "other bytes");
    put(in("vault/m3s12/a/deep/x"), "a/deep/x");
    assert_int_equal(pbt__vault_verify(vault, id, 0, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_check(vault, id, 0, &record, &error), PBT_OK);
    put(in("vault/m3s12/a/deep/x"), "A/deep/x");
    assert_found(&record, true, "other bytes");
    put(in("vault/m3s12/a/deep/x"), "a/deep/x");
    assert_int_equal(rename(in("vault/m3s12/a/deep/x"), in("vault/m3s12/a/deep/y")), 0);
    assert_found(&record, false, "other bytes");
}

static void progress_is_checked_by_its_attempt(void **state)
{
    (void)state;
    pbt__checkpoint record;
    assert_int_equal(pbt__vault_write(vault, id, 2, "progress", 8, &error), PBT_OK);
    assert_int_equal(pbt__vault_prepare(vault, id, 2, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_check(vault, id, 2, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_verify(vault, id, 2, &record, &error), PBT_OK);
    assert_int_equal(pbt__vault_check(vault, id, 0, &record, &error), PBT_ERR_CHECKPOINT);
    assert_int_equal(pbt__vault_remove(vault, id, 2, &error), PBT_OK);
    assert_int_equal(pbt__vault_check(vault, id, 2, &record, &error), PBT_ERR_CHECKPOINT);
}

/* ---- removing -------------------------------------------------------------------------------- */

static void removing_is_idempotent(void **state)
{
    (void)state;
    put_tree(aside(1));
    (void)publish(1);
    assert_int_equal(pbt__vault_remove(vault, id, 0, &error), PBT_OK);
    assert_false(exists(in("vault/m3s12")));
    assert_int_equal(pbt__vault_remove(vault, id, 0, &error), PBT_OK);
    assert_int_equal(rmdir(in("vault/.aside")), 0);
}

static bool is_live(void *context, pbt_segment_id segment, int32_t attempt)
{
    (void)context;
    return segment.member == 1 && (attempt == 0 || attempt == 7);
}

static void sweeping_keeps_what_is_live_and_what_is_not_ours(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool stays;
    } cases[] = {
        {"vault/m1s0", true},           {"vault/m2s0", false},
        {"vault/m2s0.pt", true},        {"vault/notes.txt", true},
        {"vault/.aside/m1s4.7", true},  {"vault/.aside/m1s4.7.tmp", true},
        {"vault/.aside/m1s4.6", false}, {"vault/.aside/m1s4.70", false},
        {"vault/.aside/m2s4.7", false}, {"vault/.aside/gone.1.2", false},
        {"vault/.aside/m1s4", false},   {"vault/.aside/other", false},
    };
    const size_t count = sizeof cases / sizeof cases[0];
    for (size_t i = 0; i < count; i++) {
        put(in(cases[i].path), "");
    }
    put_tree(in("vault/m2s1"));
    put_tree(in("vault/.aside/m2s1.1"));
    assert_int_equal(pbt__vault_sweep(vault, is_live, NULL, &error), PBT_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(exists(in(cases[i].path)), cases[i].stays);
    }
    assert_false(exists(in("vault/m2s1")));
    assert_false(exists(in("vault/.aside/m2s1.1")));
}

/* m1s4.7 has ended, which is_live says here. */
static void tidying_leaves_checkpoints_and_others_alone(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool stays;
    } cases[] = {
        {"vault/.aside/m1s4.7", true},       {"vault/.aside/m1s4.7.tmp.12", false},
        {"vault/.aside/.m1s4.7.5Xa", false}, {"vault/.aside/tmp-m1s4.7", false},
        {"vault/.aside/m1s4.70", true},      {"vault/.aside/m1s4.70.tmp", true},
        {"vault/.aside/xm1s4.7", true},      {"vault/.aside/m1s4.8.tmp", true},
        {"vault/.aside/m1s4.tmp", true},     {"vault/.aside/gone.1.2", true},
        {"vault/m1s4.7.tmp", true},
    };
    const size_t count = sizeof cases / sizeof cases[0];
    for (size_t i = 0; i < count; i++) {
        put(in(cases[i].path), "");
    }
    put_tree(in("vault/.aside/m1s4.7_parts"));
    assert_int_equal(pbt__vault_tidy(vault, is_live, NULL, &error), PBT_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(exists(in(cases[i].path)), cases[i].stays);
    }
    assert_false(exists(in("vault/.aside/m1s4.7_parts")));
}

static void removing_all_spares_what_is_not_ours(void **state)
{
    (void)state;
    put_tree(aside(1));
    (void)publish(1);
    put(aside(2), "");
    put(in("vault/notes.txt"), "mine");
    assert_int_equal(pbt__vault_remove_all(vault, &error), PBT_OK);
    assert_int_equal(pbt__vault_leave(vault, &error), PBT_OK);
    assert_false(exists(in("vault/m3s12")));
    assert_false(exists(in("vault/.aside")));
    assert_true(exists(in("vault/notes.txt")));
    assert_int_equal(unlink(in("vault/notes.txt")), 0);
    make_folder(in("vault/.aside"));
    assert_int_equal(pbt__vault_remove_all(vault, &error), PBT_OK);
    assert_int_equal(pbt__vault_leave(vault, &error), PBT_OK);
    assert_false(exists(in("vault")));
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_vault, close_vault)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(opening_makes_the_folder_and_resolves_it),
        CASE(opening_fails_cleanly),
        CASE(numbers_that_name_nothing_are_refused),
        CASE(names_are_read_as_they_are_written),
        CASE(a_file_is_published_whole),
        CASE(a_large_file_is_digested_whole),
        CASE(a_folder_is_digested_as_documented),
        CASE(publishing_again_changes_nothing),
        CASE(what_nobody_recorded_is_replaced),
        CASE(an_attempt_starts_with_nothing_aside),
        CASE(nothing_aside_is_an_error),
        CASE(a_folder_without_a_file_is_refused),
        CASE(links_and_devices_are_refused),
        CASE(a_published_link_is_not_followed),
        CASE(folders_too_deep_are_refused),
        CASE(every_difference_is_named),
        CASE(a_restored_copy_is_the_same_checkpoint),
        CASE(a_folder_is_checked_down_to_its_leaves),
        CASE(progress_is_checked_by_its_attempt),
        CASE(removing_is_idempotent),
        CASE(sweeping_keeps_what_is_live_and_what_is_not_ours),
        CASE(tidying_leaves_checkpoints_and_others_alone),
        CASE(removing_all_spares_what_is_not_ours),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
