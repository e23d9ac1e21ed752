/* sqlite_error.c: from SQLite's errors to ours. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "store/sqlite.h"

/* By primary result code; those not listed are PBT_ERR_STORE. */
static const struct {
    int code;
    pbt_err err;
    const char *hint; /* Nullable */
} CODES[] = {
    {SQLITE_NOMEM, PBT_ERR_MEMORY, NULL},
    {SQLITE_BUSY, PBT_ERR_BUSY, "another process holds the store; try again when it is done"},
    {SQLITE_PROTOCOL, PBT_ERR_BUSY, "others open and close the store; try again"},
    {SQLITE_CORRUPT, PBT_ERR_CORRUPT, "bring the file back from a backup"},
    {SQLITE_NOTADB, PBT_ERR_CORRUPT, "name another file"},
    {SQLITE_FULL, PBT_ERR_STORE, "free some disk space"},
    {SQLITE_READONLY, PBT_ERR_STORE, "make the file and its folder writable"},
};
enum { CODE_COUNT = sizeof(CODES) / sizeof(CODES[0]) };

/* By errno, where SQLite says no more than "disk I/O error". */
static const struct {
    int reason;
    const char *hint;
} REASONS[] = {
    {ENOSPC, "the disk is full: free some space"},
    {EDQUOT, "your share of the disk is full: free some space, or have the quota raised"},
    {EFBIG, "the file system takes no larger file: put the store elsewhere"},
    {EROFS, "the file system is mounted read-only: mount it for writing, or use another --store"},
    {EACCES, "make the file and its folder readable and writable"},
};
enum { REASON_COUNT = sizeof(REASONS) / sizeof(REASONS[0]) };

static void hint_limit(pbt_error *error)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        pbt__error_hint(error, "the file size limit is %" PRIu64 " KiB: raise it ('ulimit -f')",
                        (uint64_t)limit.rlim_cur / 1024);
    }
}

/* Add the system's words and what helps. */
static void explain(int reason, pbt_error *error)
{
    char words[128];
    for (int i = 0; error != NULL && i < REASON_COUNT; i++) {
        if (REASONS[i].reason == reason) {
            pbt__error_detail(error, "%s: %s", error->detail,
                              strerror_r(reason, words, sizeof words));
            pbt__error_hint(error, "%s", REASONS[i].hint);
        }
    }
    if (reason == EFBIG) {
        hint_limit(error);
    }
}

pbt_err pbt__sqlite_fail(sqlite3 *db, int rc, const char *what, pbt_error *error)
{
    const int left = errno; /* SQLite does not report a failed write in another way */
    int reason = db != NULL ? sqlite3_system_errno(db) : 0;
    pbt_err err = PBT_ERR_STORE;
    const char *hint = NULL;
    for (int i = 0; i < CODE_COUNT; i++) {
        if (CODES[i].code == (rc & 0xff)) {
            err = CODES[i].err;
            hint = CODES[i].hint;
        }
    }
    const char *file = db == NULL ? NULL : sqlite3_db_filename(db, "main");
    if ((rc & 0xff) == SQLITE_CANTOPEN && file != NULL && file[0] != '\0' &&
        access(file, W_OK) != 0) {
        reason = errno; /* the last of its tries may have failed otherwise */
    }
    pbt__fail(error, err, "%s", what);
    pbt__error_detail(error, "%.200s: %.200s (SQLite %d)", file == NULL ? "" : file,
                      db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(db), rc);
    if (hint != NULL) {
        pbt__error_hint(error, "%s", hint);
    }
    if ((rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN) {
        explain(reason != 0 ? reason : left, error);
    }
    return err;
}

pbt_err pbt__sqlite_exec(sqlite3 *db, const char *sql, const char *what, pbt_error *error)
{
    errno = 0;
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? PBT_OK : pbt__sqlite_fail(db, rc, what, error);
}
