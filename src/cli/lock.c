/*
 * lock.c: the store's locks.
 *
 * STORE.lock is never removed by us: between another process's open and its flock, a removed file
 * would be a different one. Somebody else may remove it; then whoever makes it anew stands before
 * the store's own lock, which has no other name. flock(2), for SQLite's locks are of the other kind
 * (fcntl) and the two do not meet. Close-on-exec, so that trainers do not keep them alive.
 */
#include "cli/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "store/file_system.h"

/* The process that the file names; 0 where it names none. */
static long read_holder(int descriptor)
{
    char text[32] = "";
    ssize_t length = pread(descriptor, text, sizeof text - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    long holder = strtol(text, NULL, 10);
    return holder > 0 ? holder : 0;
}

static pbt_err fail_busy(const pbt__place *place, long holder, pbt_error *error)
{
    if (holder == 0) {
        return pbt__fail(error, PBT_ERR_BUSY, "another 'pbt run' is using '%.180s'", place->file);
    }
    (void)pbt__fail(error, PBT_ERR_BUSY, "process %ld is using '%.180s'", holder, place->file);
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

static void write_path(const pbt__place *place, char *out, size_t size)
{
    snprintf(out, size, "%s.lock", place->real);
}

/* ---- STORE.lock ---- */

static int open_file(const char *path)
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

static pbt_err take_file(const pbt__place *place, int *out, pbt_error *error)
{
    char path[PBT__PATH_SIZE + 8];
    write_path(place, path, sizeof path);
    pbt_err err = pbt__file_check(path, error);
    if (err != PBT_OK) {
        return err;
    }
    int file = open_file(path);
    if (file < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", path);
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        err = errno == EWOULDBLOCK ? fail_busy(place, read_holder(file), error)
                                   : pbt__fail_errno(error, "cannot lock '%s'", path);
    } else if (!is_named(path, file)) {
        err = fail_busy(place, 0, error); /* removed between the two: the next try finds another */
    } else {
        err = write_holder(file, path, error);
    }
    if (err != PBT_OK) {
        close(file);
        return err;
    }
    *out = file;
    return PBT_OK;
}

/* ---- the store ---- */

/* Who holds the lock on a file that a line of /proc/locks tells of; 0 where it tells of another.
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

/* Who has the store locked, as the system lists it; 0 where it does not say. */
static long find_locker(const pbt__place *place)
{
    char line[256];
    struct stat status;
    long holder = 0;
    FILE *locks = stat(place->real, &status) == 0 ? fopen("/proc/locks", "re") : NULL;
    while (locks != NULL && holder == 0 && fgets(line, sizeof line, locks) != NULL) {
        holder = read_locker(line, status.st_ino);
    }
    if (locks != NULL) {
        fclose(locks);
    }
    return holder;
}

/* Before SQLite opens it, and until after it has closed it. */
static pbt_err take_store(const pbt__place *place, int *out, pbt_error *error)
{
    pbt_err err = pbt__file_check(place->real, error);
    if (err != PBT_OK) {
        return err;
    }
    int file = open(place->real, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", place->file);
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        err = errno == EWOULDBLOCK ? fail_busy(place, find_locker(place), error)
                                   : pbt__fail_errno(error, "cannot lock '%s'", place->file);
    } else if (!is_named(place->real, file)) {
        err = fail_busy(place, 0, error);
    }
    if (err != PBT_OK) {
        close(file);
        return err;
    }
    *out = file;
    return PBT_OK;
}

/* ---- both ---- */

pbt_err pbt__lock_take(const pbt__place *place, pbt__lock *lock, pbt_error *error)
{
    pbt__lock taken = PBT__LOCK_NONE;
    if (place->file[0] == '\0') {
        *lock = taken;
        return PBT_OK;
    }
    pbt_err err = pbt__file_system_check(place->real, NULL, error);
    if (err == PBT_OK) {
        err = take_file(place, &taken.file, error);
    }
    if (err == PBT_OK) {
        err = take_store(place, &taken.store, error);
    }
    if (err != PBT_OK) {
        pbt__lock_release(&taken);
        return err;
    }
    *lock = taken;
    return PBT_OK;
}

void pbt__lock_keep(pbt__lock *lock, const pbt__place *place)
{
    char path[PBT__PATH_SIZE + 8];
    write_path(place, path, sizeof path);
    if (lock->file < 0 || is_named(path, lock->file)) {
        return;
    }
    int file = open_file(path);
    if (file < 0) {
        return;
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0 || write_holder(file, path, NULL) != PBT_OK) {
        close(file); /* another run is finding out that the store is locked: at the next look */
        return;
    }
    close(lock->file);
    lock->file = file;
}

void pbt__lock_release(pbt__lock *lock)
{
    if (lock->store >= 0) {
        close(lock->store);
    }
    if (lock->file >= 0) {
        close(lock->file);
    }
    *lock = PBT__LOCK_NONE;
}

/* Look at STORE.lock: whether it is held, and by whom. Returns false where it is not there. */
static bool look(const pbt__place *place, bool *is_held, long *holder)
{
    char path[PBT__PATH_SIZE + 8];
    write_path(place, path, sizeof path);
    int file =
        place->file[0] != '\0' ? open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (file < 0) {
        return false;
    }
    *is_held = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    *holder = *is_held ? read_holder(file) : 0;
    close(file);
    return true;
}

long pbt__lock_holder(const pbt__place *place)
{
    bool is_held = false;
    long holder = 0;
    return look(place, &is_held, &holder) ? holder : 0;
}

bool pbt__lock_is_free(const pbt__place *place)
{
    bool is_held = true;
    long holder = 0;
    return look(place, &is_held, &holder) && !is_held && find_locker(place) == 0;
}
