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

static pbt_err open_database(const char *path, sqlite3 **out, pbt_error *error)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(path, &db, flags, NULL);
    if (rc != SQLITE_OK) {
        pbt_err err = pbt__sqlite_fail(db, rc, "cannot open the store", error);
        sqlite3_close(db);
        return err;
    }
    *out = db;
    return PBT_OK;
}

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
        err = open_database(path, &db, error);
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
