/* schema.c: older stores are brought up to date, newer and foreign files are left alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sqlite3.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "store/sqlite.h"
#include "support.h"

typedef struct fixture {
    char folder[SUPPORT_FOLDER_SIZE];
    char url[SUPPORT_URL_SIZE];
    const char *path;
    pbt_error error;
} fixture;

static int make_folder(void **state)
{
    fixture *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return -1;
    }
    support_folder(self->folder);
    support_url(self->folder, self->url);
    self->path = self->url + strlen("sqlite:");
    *state = self;
    return 0;
}

static int remove_folder(void **state)
{
    fixture *self = *state;
    support_folder_remove(self->folder);
    free(self);
    return 0;
}

/* ---- the file behind the store's back ---- */

static void execute(const fixture *self, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(self->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* Run a file of this folder's, whose path is the program's argument. */
static const char *sources;

static void execute_file(const fixture *self, const char *name)
{
    char path[PBT__PATH_SIZE];
    char *sql = NULL;
    size_t length = 0;
    assert_int_equal(pbt__path_join(sources, name, path, NULL), PBT_OK);
    assert_int_equal(pbt__file_read(path, 1 << 20, &sql, &length, NULL), PBT_OK);
    execute(self, sql);
    free(sql);
}

static int add_row(void *context, int count, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < count; i++) {
        pbt__text_format(context, "%s%s", i == 0 ? "" : "|", values[i] == NULL ? "" : values[i]);
    }
    pbt__text_add(context, "\n");
    return 0;
}

/* What a query answers, a line per row. The caller frees. */
static char *ask(const fixture *self, const char *sql)
{
    sqlite3 *db = NULL;
    pbt__text text = pbt__text_init(1 << 20);
    assert_int_equal(sqlite3_open(self->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, add_row, &text, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return pbt__text_take(&text);
}

static void assert_answer(const fixture *self, const char *sql, const char *expected)
{
    char *answer = ask(self, sql);
    assert_string_equal(answer, expected);
    free(answer);
}

static void assert_refused(fixture *self, bool can_create, bool is_read_only, pbt_err expected)
{
    pbt__store *store = NULL;
    const pbt__store_options options = {
        .url = self->url, .can_create = can_create, .is_read_only = is_read_only};
    self->error = (pbt_error){0};
    assert_int_equal(pbt__store_open(&options, &store, &self->error), expected);
    assert_int_equal(self->error.code, expected);
    assert_null(store);
}

/* Refused, and not one byte of it touched. */
static void assert_left_alone(fixture *self, pbt_err expected)
{
    char *before = NULL;
    char *after = NULL;
    size_t length_before = 0;
    size_t length_after = 0;
    assert_int_equal(pbt__file_read(self->path, 1 << 20, &before, &length_before, NULL), PBT_OK);
    assert_refused(self, true, false, expected);
    assert_refused(self, false, false, expected);
    assert_refused(self, false, true, expected);
    assert_int_equal(pbt__file_read(self->path, 1 << 20, &after, &length_after, NULL), PBT_OK);
    assert_int_equal(length_after, length_before);
    assert_memory_equal(after, before, length_before);
    free(before);
    free(after);
}

static void write_file(const fixture *self, const void *bytes, size_t length)
{
    assert_int_equal(pbt__file_write(self->path, bytes, length, NULL), PBT_OK);
}

/* ---- the store's own layout ---- */

/* What schema-1.sql puts into a store. */
static const char VERSION_1_DUMP[] =
    "study 7 'toy'\n"
    "  event 1 at 1700000000000000 kind 1 000102030405060708090a0b0c0d0e0f 11 {\"event\":1}\n"
    "  event 2 at 1700000000000123 kind 2 ffffffffffffffffffffffffffffffff 11 {\"event\":2}\n"
    "  claim m0s3.2 until 1700000300000000 step 40 at 1700000000000100 'worker-0' "
    "'0123456789abcdef0123456789abcdef'\n";

static void a_store_of_version_1_opens(void **state)
{
    fixture *self = *state;
    pbt__transaction found;
    pbt__event event = support_event(3);
    execute_file(self, "schema-1.sql");
    pbt__store *store = support_open(self->url);
    char *dump = support_dump(store);
    assert_memory_equal(dump, VERSION_1_DUMP, strlen(VERSION_1_DUMP));
    assert_non_null(strstr(dump + strlen(VERSION_1_DUMP), "  blob m0s2 3 "));
    free(dump);
    assert_int_equal(pbt__store_begin(store, 7, &found, NULL), PBT_OK);
    assert_int_equal(found.last_sequence, 2);
    assert_int_equal(found.claims_revision, 5);
    assert_int_equal(pbt__store_append(store, &event, 1, NULL), PBT_OK);
    assert_int_equal(pbt__store_commit(store, NULL), PBT_OK);
    pbt__store_close(store);
    assert_answer(self, "PRAGMA journal_mode", "wal\n");
}

/* Two ways to today's layout: made new, and brought there from version 1. */
static void a_store_brought_up_to_date_is_as_a_new_one(void **state)
{
    fixture *self = *state;
    static const char LAYOUT[] = "SELECT name, replace(replace(sql, char(10), ''), ' ', '')"
                                 " FROM sqlite_schema ORDER BY name";
    pbt__store_close(support_open(self->url));
    char *made = ask(self, LAYOUT);
    assert_answer(self, "PRAGMA user_version", "1\n");
    assert_answer(self, "PRAGMA application_id", "1885500531\n");
    assert_int_equal(pbt__file_remove(self->path, NULL), PBT_OK);
    execute_file(self, "schema-1.sql");
    pbt__store_close(support_open(self->url));
    assert_answer(self, LAYOUT, made);
    assert_answer(self, "PRAGMA user_version", "1\n");
    free(made);
}

static void a_newer_store_is_refused_with_a_hint(void **state)
{
    fixture *self = *state;
    execute_file(self, "schema-1.sql");
    execute(self, "PRAGMA user_version = 999");
    assert_left_alone(self, PBT_ERR_VERSION);
    assert_non_null(strstr(self->error.message, "newer"));
    assert_non_null(strstr(self->error.detail, "999"));
    assert_true(self->error.hint[0] != '\0');
}

/* A reader of an old file keeps its log from being turned on; that too is waited for, then busy. */
static void a_log_that_cannot_be_turned_on_is_busy(void **state)
{
    fixture *self = *state;
    sqlite3 *reader = NULL;
    pbt__store *store = NULL;
    const pbt__store_options options = {.url = self->url, .busy_seconds = 0.05};
    execute_file(self, "schema-1.sql");
    assert_int_equal(sqlite3_open(self->path, &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT * FROM study", NULL, NULL, NULL),
                     SQLITE_OK);
    int64_t start_us = pbt__clock_monotonic_us();
    assert_int_equal(pbt__store_open(&options, &store, NULL), PBT_ERR_BUSY);
    assert_true(pbt__clock_monotonic_us() - start_us >= 50 * 1000);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    assert_int_equal(pbt__store_open(&options, &store, NULL), PBT_OK);
    pbt__store_close(store);
}

static int open_and_close(void *context, int place)
{
    (void)place;
    const fixture *self = context;
    pbt__store *store = NULL;
    const pbt__store_options options = {.url = self->url};
    pbt_err err = pbt__store_open(&options, &store, NULL);
    pbt__store_close(store);
    return (int)err;
}

/* Two that turn it on at the same instant are each told "busy" at once; neither may give up. */
static void many_at_once_turn_the_log_on(void **state)
{
    fixture *self = *state;
    support_folder_remove(self->folder);
    support_folder_fast(self->folder);
    support_url(self->folder, self->url);
    execute_file(self, "schema-1.sql");
    for (int i = 0; i < 100; i++) {
        execute(self, "PRAGMA journal_mode = DELETE");
        assert_int_equal(support_processes(6, open_and_close, self), 0);
    }
}

/* ---- files that are no store ---- */

static void garbage_is_refused(void **state)
{
    fixture *self = *state;
    uint64_t seed = 1;
    uint64_t words[1024];
    for (int i = 0; i < 1024; i++) {
        words[i] = support_random(&seed);
    }
    static const size_t LENGTHS[] = {2, 99, 100, 512, 4096, 8192};
    for (int i = 0; i < 6; i++) {
        write_file(self, words, LENGTHS[i]);
        assert_left_alone(self, PBT_ERR_CORRUPT);
    }
    write_file(self, "name: toy\npopulation: 8\n", 24);
    assert_left_alone(self, PBT_ERR_CORRUPT);
}

static void somebody_elses_database_is_refused(void **state)
{
    fixture *self = *state;
    execute(self, "CREATE TABLE photos (name TEXT)");
    assert_left_alone(self, PBT_ERR_CORRUPT);
    assert_non_null(strstr(self->error.message, "not a store"));
    execute(self, "PRAGMA application_id = 12345; PRAGMA user_version = 1");
    assert_left_alone(self, PBT_ERR_CORRUPT);
}

static void a_store_without_a_version_is_refused(void **state)
{
    fixture *self = *state;
    execute_file(self, "schema-1.sql");
    execute(self, "PRAGMA user_version = 0");
    assert_left_alone(self, PBT_ERR_CORRUPT);
    execute(self, "PRAGMA user_version = -1");
    assert_left_alone(self, PBT_ERR_CORRUPT);
}

static void a_damaged_store_says_so(void **state)
{
    fixture *self = *state;
    execute_file(self, "schema-1.sql");
    execute(self, "PRAGMA journal_mode = WAL");
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(pbt__file_read(self->path, 1 << 20, &bytes, &length, NULL), PBT_OK);
    memset(bytes + 4096, 0xa5, length - 4096);
    write_file(self, bytes, length);
    free(bytes);
    pbt__store *store = support_open(self->url);
    pbt__study_row row;
    pbt_error error = {0};
    assert_int_equal(pbt__store_find(store, "toy", &row, &error), PBT_ERR_CORRUPT);
    assert_non_null(strstr(error.detail, self->path));
    pbt__store_close(store);
}

/* A crash while a store is being made leaves an empty file: no store yet, and still one to be
 * made. */
static void an_empty_file_becomes_a_store(void **state)
{
    fixture *self = *state;
    write_file(self, "", 0);
    assert_refused(self, false, false, PBT_ERR_NOT_FOUND);
    assert_refused(self, true, true, PBT_ERR_NOT_FOUND);
    pbt__store_close(support_open(self->url));
    assert_answer(self, "SELECT count(*) FROM study", "0\n");
}

/* ---- the machinery, with steps of its own ---- */

static const char *const STEPS[] = {
    "CREATE TABLE a (x)",
    "CREATE TABLE b (x); INSERT INTO a VALUES (2)",
    "CREATE TABLE c (x); INSERT INTO a VALUES (3)",
};
static const char *const BROKEN_STEPS[] = {
    "CREATE TABLE a (x)",
    "CREATE TABLE b (x); INSERT INTO a VALUES (2)",
    "CREATE TABLE c (x); INSERT INTO nowhere VALUES (3)",
};

static pbt_err migrate(fixture *self, const char *const *steps, int count, bool is_read_only)
{
    sqlite3 *db = NULL;
    const pbt__schema schema = {.application_id = 4711, .steps = steps, .step_count = count};
    const pbt__store_options options = {.can_create = true, .is_read_only = is_read_only};
    assert_int_equal(sqlite3_open(self->path, &db), SQLITE_OK);
    pbt_err err = pbt__sqlite_migrate(db, &schema, &options, &self->error);
    assert_int_equal(sqlite3_get_autocommit(db), 1);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    return err;
}

static const char TABLES[] = "SELECT group_concat(name, '') FROM sqlite_schema";

static void steps_are_taken_once_and_in_order(void **state)
{
    fixture *self = *state;
    assert_int_equal(migrate(self, STEPS, 1, false), PBT_OK);
    assert_answer(self, TABLES, "a\n");
    assert_int_equal(migrate(self, STEPS, 3, false), PBT_OK);
    assert_int_equal(migrate(self, STEPS, 3, false), PBT_OK);
    assert_answer(self, TABLES, "abc\n");
    assert_answer(self, "SELECT x FROM a", "2\n3\n");
    assert_answer(self, "PRAGMA user_version", "3\n");
    assert_int_equal(migrate(self, STEPS, 2, false), PBT_ERR_VERSION);
}

static void a_step_that_fails_undoes_all(void **state)
{
    fixture *self = *state;
    assert_int_equal(migrate(self, STEPS, 1, false), PBT_OK);
    assert_int_equal(migrate(self, BROKEN_STEPS, 3, false), PBT_ERR_STORE);
    assert_non_null(strstr(self->error.detail, "nowhere"));
    assert_answer(self, TABLES, "a\n");
    assert_answer(self, "PRAGMA user_version", "1\n");
    assert_answer(self, "SELECT count(*) FROM a", "0\n");
}

static void a_reader_changes_no_layout(void **state)
{
    fixture *self = *state;
    assert_int_equal(migrate(self, STEPS, 1, false), PBT_OK);
    assert_int_equal(migrate(self, STEPS, 2, true), PBT_ERR_VERSION);
    assert_non_null(strstr(self->error.message, "older"));
    assert_answer(self, TABLES, "a\n");
}

static int migrate_in_process(void *context, int place)
{
    (void)place;
    fixture *self = context;
    sqlite3 *db = NULL;
    const pbt__schema schema = {.application_id = 4711, .steps = STEPS, .step_count = 3};
    const pbt__store_options options = {.can_create = true};
    if (sqlite3_open(self->path, &db) != SQLITE_OK) {
        return 1;
    }
    sqlite3_busy_timeout(db, 10000);
    pbt_err err = pbt__sqlite_migrate(db, &schema, &options, NULL);
    sqlite3_close(db);
    return (int)err;
}

static void many_at_once_take_each_step_once(void **state)
{
    fixture *self = *state;
    assert_int_equal(migrate(self, STEPS, 1, false), PBT_OK);
    assert_int_equal(support_processes(8, migrate_in_process, self), 0);
    assert_answer(self, "SELECT x FROM a", "2\n3\n");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(int argc, char **argv)
{
    sources = argc > 1 ? argv[1] : ".";
    const struct CMUnitTest tests[] = {
        CASE(a_store_of_version_1_opens),
        CASE(a_store_brought_up_to_date_is_as_a_new_one),
        CASE(a_newer_store_is_refused_with_a_hint),
        CASE(a_log_that_cannot_be_turned_on_is_busy),
        CASE(many_at_once_turn_the_log_on),
        CASE(garbage_is_refused),
        CASE(somebody_elses_database_is_refused),
        CASE(a_store_without_a_version_is_refused),
        CASE(a_damaged_store_says_so),
        CASE(an_empty_file_becomes_a_store),
        CASE(steps_are_taken_once_and_in_order),
        CASE(a_step_that_fails_undoes_all),
        CASE(a_reader_changes_no_layout),
        CASE(many_at_once_take_each_step_once),
    };
    return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
