/*
 * sqlite_file.c: the files under a connection, which people remove, move and replace.
 *
 * A file that is open outlives its name: SQLite goes on writing, every commit succeeds, and all of
 * it is gone when the last descriptor is closed. So the names are compared, by device and inode,
 * with what they named when the store was opened: the store, its log (-wal) and the log's index
 * (-shm). No other connection removes the latter two while this one is open. A store that is copied
 * over keeps its inode, but not its size: no statement of ours makes a store smaller.
 *
 * Nothing here opens the store's file: closing a descriptor of our own would drop the locks that
 * SQLite holds by others. What the connection sees (the file it has open and the log it has open)
 * is whole still, and is copied page by page into a new file.
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

/* Look at one of the files: 1 where it is there, 0 where it is not, -1 where that is unknown. */
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
    if (which == STORE && status.st_size < self->size) {
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
    if (look(self, STORE, &status) != 1 || !is_same(self, STORE, &status) ||
        status.st_size < self->size) {
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
        /* Else the log would be written into what is not ours, or removed by its name. */
        (void)sqlite3_wal_autocheckpoint(db, 0);
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    }
    return err;
}

/* ---- rescue ---- */

/* Take the last folder off a path. Returns false where none is left. */
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

static int take_verdict(void *context, int count, char **values, char **names)
{
    (void)names;
    *(bool *)context = count == 1 && values[0] != NULL && strcmp(values[0], "ok") == 0;
    return 0;
}

static pbt_err check_pages(sqlite3 *copy, const char *path, pbt_error *error)
{
    bool is_sound = false;
    const int rc = sqlite3_exec(copy, "PRAGMA quick_check(1)", take_verdict, &is_sound, NULL);
    if (rc == SQLITE_OK && is_sound) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_CORRUPT, "what is left of the store is damaged");
    pbt__error_detail(error, "it is in '%.480s'", path);
    return PBT_ERR_CORRUPT;
}

pbt_err pbt__sqlite_file_rescue(pbt__sqlite_file *self, sqlite3 *db, char *out, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    sqlite3 *copy = NULL;
    pbt_err err = make_rescue(self, path, error);
    if (err != PBT_OK) {
        return err;
    }
    const int rc = sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE, NULL);
    err = rc == SQLITE_OK ? copy_pages(db, copy, error)
                          : pbt__sqlite_fail(copy, rc, "cannot rescue the store", error);
    if (err == PBT_OK) {
        err = check_pages(copy, path, error);
    }
    (void)sqlite3_close(copy);
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
    if (!self->is_rescued || (look(self, STORE, &status) == 1 && is_same(self, STORE, &status))) {
        return;
    }
    for (int i = LOG; i <= INDEX; i++) {
        if (look(self, i, &status) == 1 && is_same(self, i, &status)) {
            (void)snprintf(path, sizeof path, "%s%s", self->path, SUFFIXES[i]);
            (void)unlink(path);
        }
    }
}
