/*
 * sqlite_file.c: the files under a connection, which people remove, move and replace.
 *
 * An open file outlives its name: SQLite goes on writing, every commit succeeds, and all is lost
 * when the last descriptor is closed. So the device and inode of the store, its log (-wal) and the
 * log's index (-shm) are compared with those at opening. No other connection removes the latter two
 * while this one is open. A store that is copied over keeps its inode, but not its size: no
 * statement of ours makes a store smaller. A log that is cut keeps its inode too, and SQLite writes
 * on behind the cut, which leaves a hole. A checkpoint by another process may cut it without loss,
 * so its pages on disk decide.
 *
 * Nothing but SQLite opens the store's file here: closing a descriptor of our own would drop the
 * locks that it holds by others. What the connection sees (the file it has open, the log it has
 * open, the pages it has in memory) is copied page by page into a new file; where pages are lost
 * that held no row, row by row.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "store/sqlite.h"

enum { STORE, LOG, INDEX, RESCUES_MAXIMUM = 1000 };

static const char *const SUFFIXES[] = {[STORE] = "", [LOG] = "-wal", [INDEX] = "-shm"};

/* Look at one of the files: 1 where it is there, 0 if it is not, -1 where that is unknown. */
static int look(const pbt__sqlite_file *self, int which, struct stat *status)
{
    char path[PBT__PATH_SIZE + 8];
    (void)snprintf(path, sizeof path, "%s%s", self->path, SUFFIXES[which]);
    if (stat(path, status) == 0) {
        return 1;
    }
    return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
}

static bool is_same(const pbt__sqlite_file *self, int which, const struct stat *status)
{
    return status->st_dev == self->parts[which].device &&
           status->st_ino == self->parts[which].inode;
}

/* Say whether the store or its log lacks what was in it. */
static bool is_cut(const pbt__sqlite_file *self)
{
    return self->parts[STORE].is_cut || self->parts[LOG].is_cut;
}

/* SQLite makes the log when it is first needed. */
static void remember(pbt__sqlite_file *self, int which)
{
    struct stat status;
    if (look(self, which, &status) == 1) {
        self->parts[which].device = status.st_dev;
        self->parts[which].inode = status.st_ino;
    }
}

void pbt__sqlite_file_open(pbt__sqlite_file *self, sqlite3 *db)
{
    const char *path = sqlite3_db_filename(db, "main");
    (void)snprintf(self->path, sizeof self->path, "%s", path != NULL ? path : "");
    for (int i = STORE; i <= INDEX; i++) {
        remember(self, i);
    }
}

/* ---- what became of it ---- */

static pbt_err fail(const pbt__sqlite_file *self, int which, const char *fate, pbt_error *error)
{
    if (which == STORE) {
        return pbt__fail(error, PBT_ERR_STORE, "the store '%.150s' was %s while it was open",
                         self->path, fate);
    }
    return pbt__fail(error, PBT_ERR_STORE, "the store's log '%.140s%s' was %s while it was open",
                     self->path, SUFFIXES[which], fate);
}

static int take_verdict(void *context, int count, char **values, char **names)
{
    (void)names;
    *(bool *)context = count == 1 && values[0] != NULL && strcmp(values[0], "ok") == 0;
    return 0;
}

/* Say whether every page can be read and has its place; true if that cannot be found out. */
static bool is_sound(sqlite3 *db)
{
    bool is_ok = false;
    const int rc = sqlite3_exec(db, "PRAGMA quick_check(1)", take_verdict, &is_ok, NULL) & 0xff;
    const bool is_damaged = rc == SQLITE_CORRUPT || rc == SQLITE_NOTADB || rc == SQLITE_IOERR;
    return rc == SQLITE_OK ? is_ok : !is_damaged;
}

/* Say it of the files: the connection in use has pages in memory that they may lack. */
static bool is_sound_on_disk(const pbt__sqlite_file *self)
{
    sqlite3 *db = NULL;
    const int rc = sqlite3_open_v2(self->path, &db, SQLITE_OPEN_READONLY, NULL);
    const bool is_ok = rc != SQLITE_OK || is_sound(db);
    (void)sqlite3_close(db);
    return is_ok;
}

/* Find where the log's first hole begins; its end, where it has none. */
static off_t find_hole(const pbt__sqlite_file *self, off_t size)
{
    char path[PBT__PATH_SIZE + 8];
    (void)snprintf(path, sizeof path, "%s%s", self->path, SUFFIXES[LOG]);
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    const off_t hole = file >= 0 ? lseek(file, 0, SEEK_HOLE) : -1;
    if (file >= 0) {
        (void)close(file); /* drops no lock: SQLite has none on the log */
    }
    return hole >= 0 ? hole : size;
}

/* Say whether the log lacks what was written to it. */
static bool is_log_cut(pbt__sqlite_file *self, off_t size)
{
    const off_t hole = find_hole(self, size);
    const bool is_smaller = size < self->log.size;
    const bool has_hole = hole < size && hole != self->log.hole;
    self->log.size = size;
    self->log.hole = hole;
    return (is_smaller || has_hole) && !is_sound_on_disk(self);
}

static pbt_err check_part(pbt__sqlite_file *self, int which, pbt_error *error)
{
    struct stat status;
    if (self->parts[which].inode == 0) {
        remember(self, which);
        return PBT_OK;
    }
    const int is_there = look(self, which, &status);
    if (is_there < 0) {
        return PBT_OK; /* a permission that was revoked takes nothing away */
    }
    if (is_there == 0) {
        return fail(self, which, "removed or moved", error);
    }
    if (!is_same(self, which, &status)) {
        return fail(self, which, "replaced by another", error);
    }
    self->parts[which].is_cut |= (which == STORE && status.st_size < self->size) ||
                                 (which == LOG && is_log_cut(self, status.st_size));
    if (self->parts[which].is_cut) {
        return fail(self, which, "overwritten by another program", error);
    }
    self->size = which == STORE ? status.st_size : self->size;
    return PBT_OK;
}

/* Say whether the file is in place, and no other process has begun a log in the place of ours: then
 * closing may still write our log into it, which makes it whole. */
static bool is_ours_alone(const pbt__sqlite_file *self)
{
    struct stat status;
    if (look(self, STORE, &status) != 1 || !is_same(self, STORE, &status) || is_cut(self)) {
        return false;
    }
    for (int i = LOG; i <= INDEX; i++) {
        if (look(self, i, &status) == 1 && !is_same(self, i, &status)) {
            return false;
        }
    }
    return true;
}

pbt_err pbt__sqlite_file_check(pbt__sqlite_file *self, sqlite3 *db, pbt_error *error)
{
    pbt_err err = PBT_OK;
    for (int i = STORE; err == PBT_OK && i <= INDEX; i++) {
        err = check_part(self, i, error);
    }
    if (err != PBT_OK && !is_ours_alone(self)) {
        self->is_lost = true;
        /* Otherwise the log would be written into another store, or removed by its name. */
        (void)sqlite3_wal_autocheckpoint(db, 0);
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    return err;
}

/* ---- rescue ---- */

/* Take the last folder off a path. Returns false if none is left. */
static bool go_up(char *folder)
{
    char *slash = strrchr(folder, '/');
    if (slash == NULL || folder[1] == '\0') {
        return false;
    }
    slash[slash == folder] = '\0';
    return true;
}

/* Make an empty file beside the store, or above where its folder is gone too. */
static pbt_err make_rescue(const pbt__sqlite_file *self, char *out, pbt_error *error)
{
    char folder[PBT__PATH_SIZE], path[2 * PBT__PATH_SIZE + 32];
    (void)snprintf(folder, sizeof folder, "%s", self->path);
    const char *name = strrchr(self->path, '/');
    name = name != NULL ? name + 1 : self->path;
    while (go_up(folder)) {
        const char *end = strcmp(folder, "/") == 0 ? "" : "/";
        int made = -1;
        errno = EEXIST;
        for (int n = 1; made != 0 && errno == EEXIST && n <= RESCUES_MAXIMUM; n++) {
            (void)snprintf(path, sizeof path, "%s%s%s.rescued-%d.db", folder, end, name, n);
            made = mknod(path, S_IFREG | S_IRUSR | S_IWUSR, 0);
        }
        if (made == 0 && strlen(path) < PBT__PATH_SIZE) {
            memcpy(out, path, strlen(path) + 1);
            return PBT_OK;
        }
        if (errno != ENOENT) {
            break;
        }
    }
    return pbt__fail_errno(error, "cannot make a file to rescue the store to");
}

static pbt_err copy_pages(sqlite3 *db, sqlite3 *to, pbt_error *error)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", db, "main");
    if (backup == NULL) {
        return pbt__sqlite_fail(to, sqlite3_errcode(to), "cannot rescue the store", error);
    }
    (void)sqlite3_backup_step(backup, -1);
    const int rc = sqlite3_backup_finish(backup);
    return rc == SQLITE_OK ? PBT_OK : pbt__sqlite_fail(to, rc, "cannot rescue the store", error);
}

/* Make an empty store of the file at `path`. */
static pbt_err make_empty(const char *path, pbt_error *error)
{
    static const pbt__store_options NEW = {.can_create = true};
    sqlite3 *db = NULL;
    if (truncate(path, 0) != 0) {
        return pbt__fail_errno(error, "cannot rescue the store");
    }
    const int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);
    const pbt_err err = rc == SQLITE_OK
                            ? pbt__sqlite_migrate(db, &pbt__sqlite_schema, &NEW, error)
                            : pbt__sqlite_fail(db, rc, "cannot rescue the store", error);
    (void)sqlite3_close(db);
    return err;
}

/* Copy row by row what can be read: all studies and events, or it is no rescue. Without its claims
 * leases have ended, and without its blobs some checkpoints are missing. */
static pbt_err copy_rows(sqlite3 *db, const char *path, pbt_error *error)
{
    static const char LOGS[] = "INSERT INTO rescue.study SELECT * FROM main.study;"
                               "INSERT INTO rescue.event SELECT * FROM main.event";
    static const char CLAIMS[] = "INSERT INTO rescue.claim SELECT * FROM main.claim";
    static const char BLOBS[] = "INSERT INTO rescue.blob SELECT * FROM main.blob";
    pbt_err err = make_empty(path, error);
    char *attach = sqlite3_mprintf("ATTACH %Q AS rescue", path);
    if (err == PBT_OK && attach != NULL) {
        err = pbt__sqlite_exec(db, attach, "cannot rescue the store", error);
    }
    sqlite3_free(attach);
    if (err != PBT_OK || attach == NULL) {
        return attach == NULL ? pbt__fail_memory(error) : err;
    }
    err = pbt__sqlite_exec(db, LOGS, "cannot rescue the store", error);
    (void)sqlite3_exec(db, CLAIMS, NULL, NULL, NULL);
    (void)sqlite3_exec(db, BLOBS, NULL, NULL, NULL);
    (void)sqlite3_exec(db, "DETACH rescue", NULL, NULL, NULL);
    return err;
}

/* Copy the pages, and say whether they make a store. */
static pbt_err copy_all(sqlite3 *db, const char *path, bool *is_whole, pbt_error *error)
{
    sqlite3 *copy = NULL;
    const int rc = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE, NULL);
    const pbt_err err = rc == SQLITE_OK
                            ? copy_pages(db, copy, error)
                            : pbt__sqlite_fail(copy, rc, "cannot rescue the store", error);
    *is_whole = err == PBT_OK && is_sound(copy);
    (void)sqlite3_close(copy);
    return err;
}

/* Lost pages perhaps held no row; otherwise keep the copy as it is. */
static pbt_err copy_store(sqlite3 *db, const char *path, pbt_error *error)
{
    bool is_whole = false;
    pbt_err err = copy_all(db, path, &is_whole, error);
    if (err != PBT_OK || is_whole || copy_rows(db, path, NULL) == PBT_OK) {
        return err;
    }
    (void)!truncate(path, 0);
    err = copy_all(db, path, &is_whole, error);
    if (err == PBT_OK) {
        err = pbt__fail(error, PBT_ERR_CORRUPT, "the rest of the store is damaged");
        pbt__error_detail(error, "it is in '%.480s'", path);
    }
    return err;
}

pbt_err pbt__sqlite_file_rescue(pbt__sqlite_file *self, sqlite3 *db, char *out, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err = make_rescue(self, path, error);
    if (err != PBT_OK) {
        return err;
    }
    err = copy_store(db, path, error);
    if (err == PBT_OK) {
        memcpy(out, path, strlen(path) + 1);
        self->is_rescued = true;
    } else if (err != PBT_ERR_CORRUPT) {
        (void)unlink(path); /* it holds nothing */
    }
    return err;
}

void pbt__sqlite_file_close(const pbt__sqlite_file *self)
{
    char path[PBT__PATH_SIZE + 8];
    struct stat status;
    const bool is_there = look(self, STORE, &status) == 1 && is_same(self, STORE, &status);
    if (!self->is_rescued || (is_there && !is_cut(self))) {
        return;
    }
    for (int i = LOG; i <= INDEX; i++) {
        if (look(self, i, &status) == 1 && is_same(self, i, &status)) {
            (void)snprintf(path, sizeof path, "%s%s", self->path, SUFFIXES[i]);
            (void)unlink(path);
        }
    }
}
