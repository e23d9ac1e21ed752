/* sqlite.c: what only a store in a file can show: who may open it, what a crash leaves, who
 * waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/sqlite.h"
#include "store/store.h"
#include "support.h"

typedef struct fixture {
    char folder[SUPPORT_FOLDER_SIZE];
    char url[SUPPORT_URL_SIZE];
    pbt_error error;
    pbt__transaction found;
} fixture;

static int make_folder(void **state)
{
    fixture *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return -1;
    }
    support_folder(self->folder);
    support_url(self->folder, self->url);
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

static const char *path_of(const fixture *self)
{
    return self->url + strlen("sqlite:");
}

static int count_files(const fixture *self)
{
    int count = 0;
    DIR *folder = opendir(self->folder);
    assert_non_null(folder);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

static pbt_err open_with(fixture *self, const char *url, bool can_create, bool is_read_only,
                         pbt__store **out)
{
    const pbt__store_options options = {
        .url = url,
        .can_create = can_create,
        .is_read_only = is_read_only,
        .busy_seconds = 0.05,
    };
    self->error = (pbt_error){0};
    return pbt__store_open(&options, out, &self->error);
}

static void assert_refused(fixture *self, const char *url, bool can_create, pbt_err expected)
{
    pbt__store *store = NULL;
    assert_int_equal(open_with(self, url, can_create, false, &store), expected);
    assert_int_equal(self->error.code, expected);
    assert_null(store);
}

/* ---- transactions on a handle, without words ---- */

static pbt_err create(pbt__store *store, const char *name, int64_t *study)
{
    pbt__transaction found;
    pbt_err err = pbt__store_begin_create(store, name, study, &found, NULL);
    return err == PBT_OK ? pbt__store_commit(store, NULL) : err;
}

/* Append the study's next event, leaving the transaction open. */
static pbt_err begin_and_append(pbt__store *store, int64_t study)
{
    pbt__transaction found;
    pbt_err err = pbt__store_begin(store, study, &found, NULL);
    if (err != PBT_OK) {
        return err;
    }
    pbt__event event = support_event(found.last_sequence + 1);
    return pbt__store_append(store, &event, 1, NULL);
}

static pbt_err append(pbt__store *store, int64_t study)
{
    pbt_err err = begin_and_append(store, study);
    return err == PBT_OK ? pbt__store_commit(store, NULL) : err;
}

static pbt_err expect_next(void *context, const pbt__event *event)
{
    return event->sequence == ++*(int64_t *)context ? PBT_OK : PBT_ERR_CORRUPT;
}

/* How many events there are, without a gap. */
static int64_t count_events(pbt__store *store, int64_t study)
{
    int64_t last = 0;
    assert_int_equal(pbt__store_read(store, study, 0, expect_next, &last, NULL), PBT_OK);
    return last;
}

/* ---- opening ---- */

static void a_store_is_kept(void **state)
{
    fixture *self = *state;
    int64_t study = 0;
    pbt__store *store = support_open(self->url);
    assert_int_equal(create(store, "toy", &study), PBT_OK);
    assert_int_equal(append(store, study), PBT_OK);
    char *before = support_dump(store);
    pbt__store_close(store);
    assert_int_equal(count_files(self), 1);
    store = support_open(path_of(self));
    char *after = support_dump(store);
    assert_string_equal(after, before);
    pbt__store_close(store);
    free(before);
    free(after);
}

/* Read the store as another program does, as its last user or not. */
static void visit(const fixture *self)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path_of(self), &db), SQLITE_OK);
    const int rc = sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    assert_int_equal(rc, SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* From the moment it is open, nobody who closes it removes the log from under it. */
static void a_new_store_holds_its_log(void **state)
{
    fixture *self = *state;
    pbt__store *store = NULL;
    char path[SUPPORT_URL_SIZE + 8];
    struct stat before, after;
    assert_int_equal(open_with(self, self->url, true, false, &store), PBT_OK);
    (void)snprintf(path, sizeof path, "%s-wal", path_of(self));
    assert_int_equal(stat(path, &before), 0);
    const pid_t child = fork();
    if (child == 0) {
        visit(self);
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    pbt__store_close(store);
}

static void a_query_creates_nothing(void **state)
{
    fixture *self = *state;
    assert_refused(self, self->url, false, PBT_ERR_NOT_FOUND);
    assert_true(self->error.hint[0] != '\0');
    pbt__store *store = NULL;
    assert_int_equal(open_with(self, self->url, true, true, &store), PBT_ERR_NOT_FOUND);
    assert_refused(self, "memory:", false, PBT_ERR_NOT_FOUND);
    assert_int_equal(count_files(self), 0);
}

static void urls_that_name_no_store_are_refused(void **state)
{
    fixture *self = *state;
    assert_refused(self, "oracle:x", true, PBT_ERR_ARGUMENT);
    assert_non_null(strstr(self->error.message, "'oracle'"));
    assert_refused(self, "sqlite:", true, PBT_ERR_ARGUMENT);
    assert_refused(self, "", true, PBT_ERR_ARGUMENT);
    assert_refused(self, ":memory:", true, PBT_ERR_ARGUMENT);
    assert_refused(self, "memory:x", true, PBT_ERR_ARGUMENT);
    char url[SUPPORT_URL_SIZE + 8];
    snprintf(url, sizeof(url), "%s/absent/store.db", self->folder);
    assert_refused(self, url, true, PBT_ERR_IO);
    assert_refused(self, url, false, PBT_ERR_NOT_FOUND);
    snprintf(url, sizeof(url), "%s", self->folder);
    assert_refused(self, url, true, PBT_ERR_IO);
    assert_int_equal(count_files(self), 0);
}

/* SQLite waits for a pipe in the place of the store or of its journal. */
/* Its owner will find that it is gone; until then nobody puts another in its place. */
static void an_owned_store_that_was_removed_is_made_by_nobody(void **state)
{
    fixture *self = *state;
    pbt__store *owner = NULL, *other = NULL;
    const pbt__store_options options = {.url = self->url, .can_create = true, .owns = true};
    assert_int_equal(pbt__store_open(&options, &owner, NULL), PBT_OK);
    assert_int_equal(unlink(path_of(self)), 0);
    assert_int_equal(pbt__store_open(&options, &other, &self->error), PBT_ERR_BUSY);
    assert_int_not_equal(access(path_of(self), F_OK), 0);
    pbt__store_close(owner);
}

static void what_is_no_file_is_refused(void **state)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    fixture *self = *state;
    (void)alarm(20);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        for (int can_create = 0; can_create <= 1; can_create++) {
            char path[SUPPORT_URL_SIZE + 8], expected[SUPPORT_URL_SIZE + 40];
            snprintf(path, sizeof(path), "%s%s", path_of(self), suffixes[i]);
            snprintf(expected, sizeof(expected), "'%s' is a pipe, not a file", path);
            assert_int_equal(mkfifo(path, 0600), 0);
            assert_refused(self, self->url, can_create == 1, PBT_ERR_IO);
            assert_string_equal(self->error.message, expected);
            assert_int_equal(unlink(path), 0);
        }
    }
    (void)alarm(0);
    assert_int_equal(count_files(self), 0);
}

static void a_plain_name_may_hold_a_colon(void **state)
{
    fixture *self = *state;
    char url[SUPPORT_URL_SIZE + 8];
    snprintf(url, sizeof(url), "%s/a:b", self->folder);
    pbt__store_close(support_open(url));
    assert_int_equal(access(url, F_OK), 0);
}

static mode_t mode_of(const fixture *self, const char *suffix)
{
    char path[SUPPORT_URL_SIZE + 8];
    struct stat status;
    snprintf(path, sizeof(path), "%s%s", path_of(self), suffix);
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

static void only_the_owner_can_read_it(void **state)
{
    fixture *self = *state;
    int64_t study = 0;
    mode_t mask = umask(0);
    pbt__store *store = support_open(self->url);
    assert_int_equal(create(store, "toy", &study), PBT_OK);
    umask(mask);
    assert_int_equal(mode_of(self, ""), 0600);
    assert_int_equal(mode_of(self, "-wal"), 0600);
    assert_int_equal(mode_of(self, "-shm"), 0600);
    pbt__store_close(store);
}

static void a_reader_opens_beside_a_writer(void **state)
{
    fixture *self = *state;
    int64_t study = 0;
    pbt__store *reader = NULL;
    pbt__store *writer = support_open(self->url);
    assert_int_equal(create(writer, "toy", &study), PBT_OK);
    assert_int_equal(append(writer, study), PBT_OK);
    assert_int_equal(begin_and_append(writer, study), PBT_OK);
    assert_int_equal(open_with(self, self->url, false, true, &reader), PBT_OK);
    assert_int_equal(count_events(reader, study), 1);
    assert_int_equal(count_events(writer, study), 2);
    assert_int_equal(pbt__store_commit(writer, NULL), PBT_OK);
    assert_int_equal(count_events(reader, study), 2);

    pbt_err err = pbt__store_begin(reader, study, &self->found, &self->error);
    assert_int_equal(err, PBT_ERR_STATE);
    err = pbt__store_begin_create(reader, "other", &study, &self->found, &self->error);
    assert_int_equal(err, PBT_ERR_STATE);
    pbt__store_close(writer);
    pbt__store_close(reader);
    assert_int_equal(count_files(self), 1);
}

/* ---- crashes ---- */

static void what_was_not_committed_is_gone(void **state)
{
    fixture *self = *state;
    int64_t study = 0;
    pbt__store *store = support_open(self->url);
    assert_int_equal(create(store, "toy", &study), PBT_OK);
    assert_int_equal(append(store, study), PBT_OK);
    assert_int_equal(begin_and_append(store, study), PBT_OK);
    pbt__store_close(store);
    store = support_open(self->url);
    assert_int_equal(count_events(store, study), 1);
    assert_int_equal(append(store, study), PBT_OK);
    pbt__store_close(store);
}

/* Commit one event, write another, and die. */
static int die_inside(void *context, int place)
{
    (void)place;
    const fixture *self = context;
    int64_t study = 0;
    pbt__store *store = support_open(self->url);
    pbt_err err = create(store, "toy", &study);
    err = err == PBT_OK ? append(store, study) : err;
    err = err == PBT_OK ? begin_and_append(store, study) : err;
    return (int)err;
}

static void a_process_that_dies_leaves_whole_transactions(void **state)
{
    fixture *self = *state;
    pbt__study_row row;
    assert_int_equal(support_processes(1, die_inside, self), 0);
    pbt__store *store = support_open(self->url);
    assert_int_equal(pbt__store_find(store, "toy", &row, NULL), PBT_OK);
    assert_int_equal(count_events(store, row.id), 1);
    assert_int_equal(append(store, row.id), PBT_OK);
    pbt__store_close(store);
}

/* ---- waiting ---- */

static void a_lock_that_is_held_is_waited_for_then_busy(void **state)
{
    fixture *self = *state;
    int64_t study = 0;
    pbt__store *other = NULL;
    pbt__store *store = support_open(self->url);
    assert_int_equal(create(store, "toy", &study), PBT_OK);
    assert_int_equal(open_with(self, self->url, false, false, &other), PBT_OK);
    assert_int_equal(begin_and_append(store, study), PBT_OK);
    int64_t start_us = pbt__clock_monotonic_us();
    pbt_err err = pbt__store_begin(other, study, &self->found, &self->error);
    int64_t waited_us = pbt__clock_monotonic_us() - start_us;
    assert_int_equal(err, PBT_ERR_BUSY);
    assert_true(self->error.hint[0] != '\0');
    assert_true(waited_us >= 50 * 1000);
    assert_true(waited_us < 5 * 1000 * 1000);
    assert_int_equal(count_events(other, study), 0);
    assert_int_equal(pbt__store_commit(store, NULL), PBT_OK);
    assert_int_equal(append(other, study), PBT_OK);
    assert_int_equal(count_events(store, study), 2);
    pbt__store_close(other);
    pbt__store_close(store);
}

enum { WRITER_COUNT = 4, TURN_COUNT = 40 };

/* Take turns with the others, on a handle of one's own. */
static int take_turns(void *context, int place)
{
    (void)place;
    const fixture *self = context;
    pbt__study_row row;
    pbt__store *store = support_open(self->url);
    pbt_err err = pbt__store_find(store, "toy", &row, NULL);
    for (int i = 0; i < TURN_COUNT && err == PBT_OK; i++) {
        err = append(store, row.id);
    }
    pbt__store_close(store);
    return (int)err;
}

static void *take_turns_in_thread(void *context)
{
    return take_turns(context, 0) == 0 ? NULL : context;
}

static void assert_all_turns_taken(const fixture *self, int64_t study)
{
    pbt__store *store = support_open(self->url);
    assert_int_equal(count_events(store, study), WRITER_COUNT * TURN_COUNT);
    pbt__store_close(store);
}

static int64_t create_toy(const fixture *self)
{
    int64_t study = 0;
    pbt__store *store = support_open(self->url);
    assert_int_equal(create(store, "toy", &study), PBT_OK);
    pbt__store_close(store);
    return study;
}

static void handles_of_many_threads_leave_one_log(void **state)
{
    fixture *self = *state;
    pthread_t threads[WRITER_COUNT];
    int64_t study = create_toy(self);
    for (int i = 0; i < WRITER_COUNT; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns_in_thread, self), 0);
    }
    for (int i = 0; i < WRITER_COUNT; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_all_turns_taken(self, study);
}

static void handles_of_many_processes_leave_one_log(void **state)
{
    fixture *self = *state;
    int64_t study = create_toy(self);
    assert_int_equal(support_processes(WRITER_COUNT, take_turns, self), 0);
    assert_all_turns_taken(self, study);
}

/* All make the same store and the same study, of which one succeeds. */
static int make_at_once(void *context, int place)
{
    (void)place;
    const fixture *self = context;
    int64_t study = 0;
    pbt__store *store = support_open(self->url);
    pbt_err err = create(store, "toy", &study);
    if (err == PBT_OK || err == PBT_ERR_EXISTS) {
        pbt__study_row row;
        err = pbt__store_find(store, "toy", &row, NULL);
        err = err == PBT_OK ? append(store, row.id) : err;
    }
    pbt__store_close(store);
    return (int)err;
}

static void a_store_made_by_many_at_once_is_one(void **state)
{
    fixture *self = *state;
    enum { PROCESS_COUNT = 8, TRY_COUNT = 10 };
    for (int i = 0; i < TRY_COUNT; i++) {
        assert_int_equal(support_processes(PROCESS_COUNT, make_at_once, self), 0);
        pbt__store *store = support_open(self->url);
        pbt__study_row row;
        assert_int_equal(pbt__store_find(store, "toy", &row, NULL), PBT_OK);
        assert_int_equal(count_events(store, row.id), PROCESS_COUNT);
        pbt__store_close(store);
        assert_int_equal(unlink(path_of(self)), 0);
    }
}

/* ---- what the system refuses ---- */

/* A child's: what is told where the limit of a file's size is met. Returns 0 where it is right. */
static int grow_to_the_limit(void *context, int number)
{
    const fixture *self = context;
    const struct rlimit limit = {.rlim_cur = 128 * 1024, .rlim_max = 128 * 1024};
    (void)number;
    pbt_error error = {.code = PBT_OK};
    pbt__store *store = support_open(self->url);
    pbt__study_row row;
    if (pbt__store_find(store, "toy", &row, NULL) != PBT_OK ||
        signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        return 1;
    }
    pbt_err err = PBT_OK;
    for (int i = 0; err == PBT_OK && i < 10000; i++) {
        err = begin_and_append(store, row.id);
        err = err == PBT_OK ? pbt__store_commit(store, &error) : err;
    }
    const bool is_told = err == PBT_ERR_STORE && strstr(error.detail, ": File too large") != NULL &&
                         strcmp(error.hint, "the file size limit is 128 KiB: raise it ('ulimit "
                                            "-f')") == 0;
    fprintf(stderr, "%s", is_told ? "" : error.detail);
    pbt__store_close(store);
    return is_told ? 0 : 2;
}

static void the_limit_of_a_files_size_is_told(void **state)
{
    fixture *self = *state;
    int64_t study = 0;
    pbt__store *store = support_open(self->url);
    assert_int_equal(create(store, "toy", &study), PBT_OK);
    pbt__store_close(store);
    assert_int_equal(support_processes(1, grow_to_the_limit, self), 0);
}

static void what_the_system_refuses_has_its_remedy(void **state)
{
    (void)state;
    static const struct {
        int reason, code;
        const char *detail, *hint;
    } cases[] = {
        {ENOSPC, SQLITE_IOERR_WRITE, "device", "the disk is full: free some space"},
        {EDQUOT, SQLITE_IOERR_WRITE, "quota", "your share of the disk is full: "},
        {EROFS, SQLITE_IOERR_FSYNC, "Read-only", "the file system is mounted read-only: "},
        {EACCES, SQLITE_CANTOPEN, "Permission", "make the file and its folder readable"},
        {EIO, SQLITE_IOERR_WRITE, "(SQLite 778)", ""},
        {EACCES, SQLITE_BUSY, "(SQLite 5)", "another process holds the store"},
        {EACCES, SQLITE_PROTOCOL, "(SQLite 15)", "others open and close the store"},
    };
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pbt_error error;
        errno = cases[i].reason;
        (void)pbt__sqlite_fail(db, cases[i].code, "cannot commit", &error);
        assert_string_equal(error.message, "cannot commit");
        assert_non_null(strstr(error.detail, cases[i].detail));
        assert_int_equal(strncmp(error.hint, cases[i].hint, strlen(cases[i].hint)), 0);
        assert_int_equal(error.hint[0] == '\0', cases[i].hint[0] == '\0');
    }
    sqlite3_close(db);
}

/* As somebody who is let write nothing: root is let all. Returns 0 if all is as it should be. */
static int read_as_stranger(void *context, int place)
{
    fixture *self = context;
    pbt__store *store = NULL;
    sqlite3 *db = NULL;
    pbt__study_row row;
    bool is_good = geteuid() != 0 || setresuid(65534, 65534, 65534) == 0;
    is_good &= open_with(self, self->url, false, false, &store) == PBT_ERR_STORE;
    is_good &= strstr(self->error.hint, "make the file and its folder") != NULL;
    (void)sqlite3_open_v2(path_of(self), &db, SQLITE_OPEN_READONLY, NULL);
    (void)pbt__sqlite_fail(db, SQLITE_CANTOPEN, "cannot read", &self->error);
    (void)sqlite3_close(db);
    is_good &= strstr(self->error.hint, "make the file and its folder readable") != NULL;
    const pbt_err err = open_with(self, self->url, false, true, &store);
    if (count_files(self) == 1) {
        is_good &= err == PBT_OK && pbt__store_find(store, "toy", &row, NULL) == PBT_OK;
    } else {
        is_good &= err != PBT_OK && strstr(self->error.hint, "copy it, with its -wal") != NULL;
    }
    pbt__store_close(store);
    return is_good ? place : 1;
}

static void a_store_where_nothing_can_be_written_is_read(void **state)
{
    fixture *self = *state;
    char log[SUPPORT_URL_SIZE + 16];
    const size_t length = strlen(self->url);
    (void)snprintf(self->url + length, sizeof self->url - length, "#1?%%41");
    (void)snprintf(log, sizeof log, "%s-wal", path_of(self));
    (void)create_toy(self);
    for (int has_log = 0; has_log <= 1; has_log++) {
        assert_int_equal(chmod(path_of(self), 0444), 0);
        assert_int_equal(chmod(self->folder, 0555), 0);
        assert_int_equal(support_processes(1, read_as_stranger, self), 0);
        assert_int_equal(chmod(self->folder, 0700), 0);
        FILE *file = fopen(log, "w");
        assert_true(file != NULL && fputs("frames", file) >= 0);
        assert_int_equal(fclose(file), 0);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_store_is_kept),
        CASE(a_new_store_holds_its_log),
        CASE(a_query_creates_nothing),
        CASE(urls_that_name_no_store_are_refused),
        CASE(an_owned_store_that_was_removed_is_made_by_nobody),
        CASE(what_is_no_file_is_refused),
        CASE(a_plain_name_may_hold_a_colon),
        CASE(only_the_owner_can_read_it),
        CASE(a_reader_opens_beside_a_writer),
        CASE(what_was_not_committed_is_gone),
        CASE(a_process_that_dies_leaves_whole_transactions),
        CASE(a_lock_that_is_held_is_waited_for_then_busy),
        CASE(handles_of_many_threads_leave_one_log),
        CASE(handles_of_many_processes_leave_one_log),
        CASE(a_store_made_by_many_at_once_is_one),
        CASE(the_limit_of_a_files_size_is_told),
        CASE(what_the_system_refuses_has_its_remedy),
        CASE(a_store_where_nothing_can_be_written_is_read),
    };
    return cmocka_run_group_tests_name("sqlite", tests, NULL, NULL);
}
