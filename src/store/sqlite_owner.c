/*
 * sqlite_owner.c: the owner of a store in a file.
 *
 * flock(2) on STORE.lock, which names its holder, and on the store itself: a lock file can be
 * removed, and a store can have two names (hard links), but it is one file. flock, because it does
 * not interfere with SQLite's fcntl locks. Close-on-exec, so that trainers do not keep them.
 *
 * We never remove STORE.lock: between another process's open and its flock it would become a
 * different file. If a user removes it, the lock on the store itself still holds.
 *
 * STORE.owner has the owner's announcement, readable by its user only. It is written aside and
 * renamed, so a reader finds it whole or not at all. A stale one names a process that has ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/file_system.h"
#include "store/sqlite.h"

enum { SIBLING_SIZE = PBT__PATH_SIZE + 16 };

/* The path of what lies beside a store. Shape: out[SIBLING_SIZE] */
static const char *sibling(const char *path, const char *suffix, char *out)
{
    (void)snprintf(out, SIBLING_SIZE, "%s%s", path, suffix);
    return out;
}

/* ---- who has the locks ---- */

/* The process that STORE.lock names; 0 if it names none. */
static long read_holder(int descriptor)
{
    char text[32] = "";
    ssize_t length = pread(descriptor, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    long holder = strtol(text, NULL, 10);
    return holder > 0 ? holder : 0;
}

/* Who holds the lock on a file that a line of /proc/locks tells of; 0 if it tells of another.
 * Such a line is "1: FLOCK  ADVISORY  WRITE 1234 08:01:5678 0 EOF". */
static long read_locker(char *line, ino_t inode)
{
    enum { KIND = 1, PROCESS = 4, FILE_NAME = 5, FIELDS };
    char *rest = NULL, *fields[FIELDS] = {NULL};
    fields[0] = strtok_r(line, " ", &rest);
    for (int i = 1; i < FIELDS && fields[i - 1] != NULL; i++) {
        fields[i] = strtok_r(NULL, " ", &rest);
    }
    const char *number = fields[FILE_NAME] != NULL ? strrchr(fields[FILE_NAME], ':') : NULL;
    if (number == NULL || strcmp(fields[KIND], "FLOCK") != 0 ||
        strtoul(number + 1, NULL, 10) != inode) {
        return 0;
    }
    return strtol(fields[PROCESS], NULL, 10);
}

/* Who has the store locked, as the system lists it; 0 if it does not say. */
static long find_locker(const char *path)
{
    char line[256];
    struct stat status;
    long holder = 0;
    FILE *locks = stat(path, &status) == 0 ? fopen("/proc/locks", "re") : NULL;
    while (locks != NULL && holder == 0 && fgets(line, sizeof line, locks) != NULL) {
        holder = read_locker(line, status.st_ino);
    }
    if (locks != NULL) {
        fclose(locks);
    }
    return holder;
}

/* ---- taking them ---- */

static pbt_err fail_busy(const char *name, long holder, pbt_error *error)
{
    if (holder == 0) {
        return pbt__fail(error, PBT_ERR_BUSY, "another run is using '%.180s'", name);
    }
    (void)pbt__fail(error, PBT_ERR_BUSY, "process %ld is using '%.180s'", holder, name);
    pbt__error_hint(error, "wait for it, end it with 'kill %ld', or use another --store", holder);
    return PBT_ERR_BUSY;
}

static pbt_err write_holder(int descriptor, const char *path, pbt_error *error)
{
    char text[32];
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, (size_t)length, 0) != length) {
        return pbt__fail_errno(error, "cannot write to '%s'", path);
    }
    return PBT_OK;
}

static int open_lock(const char *path)
{
    return open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* Say whether a name leads to an open file still. */
static bool is_named(const char *path, int file)
{
    struct stat named, opened;
    return lstat(path, &named) == 0 && fstat(file, &opened) == 0 && named.st_dev == opened.st_dev &&
           named.st_ino == opened.st_ino;
}

static pbt_err take_lock(const pbt__sqlite_owner *self, const char *name, int *out,
                         pbt_error *error)
{
    char path[SIBLING_SIZE];
    pbt_err err = pbt__file_check(sibling(self->path, ".lock", path), error);
    if (err != PBT_OK) {
        return err;
    }
    *out = open_lock(path);
    if (*out < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", path);
    }
    if (flock(*out, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? fail_busy(name, read_holder(*out), error)
                                    : pbt__fail_errno(error, "cannot lock '%s'", path);
    }
    /* Removed between the two: the next try finds another. */
    return is_named(path, *out) ? write_holder(*out, path, error) : fail_busy(name, 0, error);
}

/* Before SQLite opens it, and until after it has closed it. */
static pbt_err take_store(const pbt__sqlite_owner *self, const char *name, int *out,
                          pbt_error *error)
{
    pbt_err err = pbt__file_check(self->path, error);
    if (err != PBT_OK) {
        return err;
    }
    *out = open(self->path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    if (*out < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", name);
    }
    if (flock(*out, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? fail_busy(name, find_locker(self->path), error)
                                    : pbt__fail_errno(error, "cannot lock '%s'", name);
    }
    return is_named(self->path, *out) ? PBT_OK : fail_busy(name, 0, error);
}

pbt_err pbt__sqlite_owner_init(pbt__sqlite_owner *self, const char *place,
                               const pbt__store_options *options, pbt_error *error)
{
    self->lock = self->store = -1;
    pbt_err err = options->owns ? pbt__path_resolve(place, self->path, error) : PBT_OK;
    if (err != PBT_OK || !options->owns) {
        return err;
    }
    err = pbt__file_system_check(self->path, options->file_system, error);
    if (err == PBT_OK) {
        err = take_lock(self, place, &self->lock, error);
    }
    return err == PBT_OK ? take_store(self, place, &self->store, error) : err;
}

void pbt__sqlite_owner_release(pbt__sqlite_owner *self)
{
    if (self->store >= 0) {
        close(self->store);
    }
    if (self->lock >= 0) {
        close(self->lock);
    }
    free(self->words);
}

/* ---- what it says of itself ---- */

/* Shape: 0 if there is no such file */
static ino_t inode_of(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 ? status.st_ino : 0;
}

static pbt_err publish(pbt__sqlite_owner *self, pbt_error *error)
{
    char path[SIBLING_SIZE];
    pbt_err err = pbt__file_check(sibling(self->path, ".owner", path), error);
    if (err == PBT_OK) {
        err = pbt__file_replace(path, self->words, strlen(self->words), 0600, error);
    }
    self->inode = err == PBT_OK ? inode_of(path) : self->inode;
    return err;
}

pbt_err pbt__sqlite_owner_announce(pbt__sqlite_owner *self, const char *words, bool stays,
                                   pbt_error *error)
{
    char *copy = pbt__strdup(words);
    if (copy == NULL) {
        return pbt__fail_memory(error);
    }
    free(self->words);
    self->words = copy;
    self->stays = stays;
    char path[SIBLING_SIZE];
    pbt__file_tidy(sibling(self->path, ".owner", path)); /* only who holds the lock writes it */
    return publish(self, error);
}

void pbt__sqlite_owner_withdraw(const pbt__sqlite_owner *self)
{
    char path[SIBLING_SIZE];
    /* A store that was put in the place of ours may have an owner of its own. */
    if (self->words != NULL && !self->stays &&
        inode_of(sibling(self->path, ".owner", path)) == self->inode) {
        (void)unlink(path);
    }
}

/* ---- staying visible ---- */

static void keep_lock(pbt__sqlite_owner *self)
{
    char path[SIBLING_SIZE];
    if (is_named(sibling(self->path, ".lock", path), self->lock)) {
        return;
    }
    int file = open_lock(path);
    if (file < 0) {
        return;
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0 || write_holder(file, path, NULL) != PBT_OK) {
        close(file); /* another process is finding out that the store is locked: at the next look */
        return;
    }
    close(self->lock);
    self->lock = file;
}

void pbt__sqlite_owner_keep(pbt__sqlite_owner *self)
{
    char path[SIBLING_SIZE];
    if (self->lock >= 0) {
        keep_lock(self);
    }
    if (self->words != NULL && inode_of(sibling(self->path, ".owner", path)) == 0) {
        (void)!publish(self, NULL); /* at the next look, then */
    }
}

/* ---- for others ---- */

/* Say whether a file is ours, and nobody else could have read or written it. */
static bool is_private(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & (S_IRWXG | S_IRWXO)) == 0 && status.st_nlink == 1;
}

static void read_words(const char *path, pbt__store_owner *out)
{
    char *text = NULL;
    size_t length = 0;
    out->is_private = is_private(path);
    if (pbt__file_read(path, sizeof out->words - 1, &text, &length, NULL) == PBT_OK) {
        memcpy(out->words, text, length + 1);
    }
    free(text);
}

/* Without STORE.lock the owner is not known: it may be about to make the file again. */
void pbt__sqlite_owner_find(const char *path, pbt__store_owner *out)
{
    char name[SIBLING_SIZE];
    *out = (pbt__store_owner){.state = PBT__OWNER_UNKNOWN};
    read_words(sibling(path, ".owner", name), out);
    const int file =
        open(sibling(path, ".lock", name), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return;
    }
    const bool is_held = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (is_held) {
        out->state = PBT__OWNER_LIVES;
        out->process = read_holder(file);
    }
    close(file); /* at once: who wants to own the store would find it locked */
    if (!is_held && find_locker(path) == 0) {
        out->state = PBT__OWNER_NONE;
    }
}
