/*
 * sqlite_connect.c: from a path to a connection.
 *
 * WAL with synchronous=FULL: a commit is one fsync, and readers never wait for the writer.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/file_system.h"
#include "store/sqlite.h"

enum { URI_SIZE = 3 * PBT__PATH_SIZE + 32 };

/* ---- waiting for another process ---- */

/*
 * SQLite's own handler backs off to 100 ms per try, in which a busy store is locked hundreds of
 * times. This one stays at a few milliseconds. Returns 0 to give up.
 */
static int wait_for_lock(void *context, int tries)
{
    pbt__patience *self = context;
    int64_t now_us = pbt__clock_monotonic_us();
    if (tries == 0) {
        self->since_us = now_us;
    }
    if (now_us - self->since_us >= self->bound_us) {
        return 0;
    }
    long milliseconds = tries < 4 ? 1 : 4;
    nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000 * 1000}, NULL);
    return 1;
}

/* ---- connecting ---- */

/*
 * Make an empty file that only its owner can read; SQLite gives its -wal and -shm the same mode.
 * mknod and not open: closing a descriptor of our own would drop the locks of every other
 * connection this process has to the file.
 */
static pbt_err make_file(const char *path, pbt_error *error)
{
    if (mknod(path, S_IFREG | S_IRUSR | S_IWUSR, 0) == 0 || errno == EEXIST) {
        return PBT_OK;
    }
    return pbt__fail_errno(error, "cannot make a store in '%.150s'", path);
}

static pbt_err find_file(const char *path, pbt_error *error)
{
    if (access(path, F_OK) == 0) {
        return PBT_OK;
    }
    if (errno != ENOENT && errno != ENOTDIR) {
        return pbt__fail_errno(error, "cannot open '%.150s'", path);
    }
    pbt__fail(error, PBT_ERR_NOT_FOUND, "there is no store '%.150s'", path);
    pbt__error_hint(error, "name it with --store");
    return PBT_ERR_NOT_FOUND;
}

/* SQLite's error for something that is no file is unclear. */
static pbt_err check_files(const char *path, pbt_error *error)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < sizeof suffixes / sizeof *suffixes; i++) {
        char file[PBT__PATH_SIZE + 16];
        (void)snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
        err = pbt__file_check(file, error);
    }
    return err;
}

/* ---- where nothing can be written ---- */

/* The size of a file beside the store; -1 where there is none. */
static off_t size_beside(const char *path, const char *suffix)
{
    struct stat status;
    char file[PBT__PATH_SIZE + 16];
    (void)snprintf(file, sizeof file, "%s%s", path, suffix);
    return stat(file, &status) == 0 ? status.st_size : -1;
}

static bool can_write_beside(const char *path)
{
    char folder[PBT__PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = '\0';
    return access(folder, W_OK) == 0;
}

/* Write what opens a store as one that nobody changes, where that is so: SQLite needs to make the
 * log's index else. "": it is opened as any other. Shape: out[URI_SIZE] */
static pbt_err find_still(const char *path, char *out, pbt_error *error)
{
    char real[PBT__PATH_SIZE];
    size_t length = 0;
    out[0] = '\0';
    const pbt_err err = pbt__path_resolve(path, real, error);
    if (err != PBT_OK || can_write_beside(real) || size_beside(real, "-journal") > 0 ||
        (size_beside(real, "-wal") >= 0 && size_beside(real, "-shm") >= 0)) {
        return err;
    }
    if (size_beside(real, "-wal") > 0) {
        (void)pbt__fail(error, PBT_ERR_STORE,
                        "the store '%.150s' has a log, and nothing can be written there", path);
        pbt__error_hint(error, "copy it, with its -wal, to another folder, and name that --store");
        return PBT_ERR_STORE;
    }
    for (const char *at = real; *at != '\0'; at++) {
        const bool is_special = strchr("%?#", *at) != NULL;
        length +=
            (size_t)snprintf(out + length, URI_SIZE - length, is_special ? "%s%%%02x" : "%s%c",
                             length == 0 ? "file:" : "", *at);
    }
    (void)snprintf(out + length, URI_SIZE - length, "?immutable=1");
    return PBT_OK;
}

static pbt_err open_database(const char *path, bool is_read_only, sqlite3 **out, pbt_error *error)
{
    char still[URI_SIZE] = "";
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    pbt_err err = is_read_only ? find_still(path, still, error) : PBT_OK;
    if (err != PBT_OK) {
        return err;
    }
    const bool is_still = still[0] != '\0';
    flags |= is_still ? SQLITE_OPEN_READONLY | SQLITE_OPEN_URI : SQLITE_OPEN_READWRITE;
    int rc = sqlite3_open_v2(is_still ? still : path, &db, flags, NULL);
    if (rc != SQLITE_OK) {
        err = pbt__sqlite_fail(db, rc, "cannot open the store", error);
        sqlite3_close(db);
        return err;
    }
    *out = db;
    return PBT_OK;
}

/* ---- setting up ---- */

/* Turn the write-ahead log on. While another process does the same, SQLite answers "busy"
 * without asking the handler. */
static pbt_err use_log(sqlite3 *db, pbt__patience *patience, pbt_error *error)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    int tries = 0;
    if (rc == SQLITE_OK) {
        do {
            (void)sqlite3_reset(statement);
            rc = sqlite3_step(statement);
        } while ((rc & 0xff) == SQLITE_BUSY && wait_for_lock(patience, tries++) != 0);
    }
    pbt_err err = PBT_OK;
    if (rc != SQLITE_ROW) {
        err = pbt__sqlite_fail(db, rc, "cannot open the store's log", error);
    } else if (strcmp((const char *)sqlite3_column_text(statement, 0), "wal") != 0) {
        err = pbt__fail(error, PBT_ERR_STORE, "the store's file system cannot share memory");
        pbt__error_hint(error, "put the store on a local disk");
    }
    sqlite3_finalize(statement);
    return err;
}

/* Readers use query_only, not a read-only descriptor, because SQLite needs to write when it closes
 * the last connection. */
static pbt_err configure(sqlite3 *db, const pbt__store_options *options, pbt__patience *patience,
                         pbt_error *error)
{
    sqlite3_busy_handler(db, wait_for_lock, patience);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    pbt_err err = pbt__sqlite_migrate(db, &pbt__sqlite_schema, options, error);
    if (err == PBT_OK && options->is_read_only) {
        return pbt__sqlite_exec(db, "PRAGMA query_only = 1", "cannot open the store", error);
    }
    if (err == PBT_OK) {
        err = use_log(db, patience, error);
    }
    if (err == PBT_OK) {
        err = pbt__sqlite_exec(db, "PRAGMA synchronous = FULL", "cannot open the store", error);
    }
    if (err == PBT_OK) {
        /* Between turning the log on and the first statement that uses it SQLite holds no lock:
         * another process that closes the store then, as its last user, removes the log. */
        err = pbt__sqlite_exec(db, "SELECT count(*) FROM sqlite_schema", "cannot open the store",
                               error);
    }
    return err;
}

/* Others opened and closed the store all the while, so SQLite gave up without asking the
 * handler. */
static bool is_passing(sqlite3 *db)
{
    return (sqlite3_errcode(db) & 0xff) == SQLITE_PROTOCOL;
}

pbt_err pbt__sqlite_connect(const char *path, const pbt__store_options *options,
                            pbt__patience *patience, sqlite3 **out, pbt_error *error)
{
    double seconds = options->busy_seconds > 0 ? options->busy_seconds : 60;
    patience->bound_us = (int64_t)(seconds * 1e6);
    sqlite3 *db = NULL;
    bool can_make = options->can_create && !options->is_read_only;
    pbt_err err = pbt__file_system_check(path, options->file_system, error);
    if (err == PBT_OK) {
        err = check_files(path, error);
    }
    if (err == PBT_OK) {
        err = can_make ? make_file(path, error) : find_file(path, error);
    }
    if (err == PBT_OK) {
        err = open_database(path, options->is_read_only, &db, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    int tries = 0;
    do {
        err = configure(db, options, patience, error);
    } while (err != PBT_OK && is_passing(db) && wait_for_lock(patience, tries++) != 0);
    if (err != PBT_OK) {
        sqlite3_close(db);
        return err;
    }
    *out = db;
    return PBT_OK;
}
