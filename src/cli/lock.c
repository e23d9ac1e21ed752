/*
 * lock.c: the store's lock.
 *
 * The file is never removed: between another process's open and its flock, a removed file would be
 * a different one, and both would hold "the" lock. Close-on-exec, so that trainers do not keep it
 * alive.
 */
#include "cli/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
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

static pbt_err fail_busy(const pbt__place *place, int descriptor, pbt_error *error)
{
    long holder = read_holder(descriptor);
    if (holder == 0) {
        return pbt__fail(error, PBT_ERR_BUSY, "another 'pbt run' is using '%s'", place->file);
    }
    (void)pbt__fail(error, PBT_ERR_BUSY, "process %ld is using '%s'", holder, place->file);
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
    snprintf(out, size, "%s.lock", place->file);
}

pbt_err pbt__lock_take(const pbt__place *place, int *descriptor, pbt_error *error)
{
    char path[PBT__PATH_SIZE + 8];
    if (place->file[0] == '\0') {
        *descriptor = -1;
        return PBT_OK;
    }
    pbt_err err = pbt__file_system_check(place->file, NULL, error);
    if (err != PBT_OK) {
        return err;
    }
    write_path(place, path, sizeof path);
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", path);
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0) {
        err = errno == EWOULDBLOCK ? fail_busy(place, file, error)
                                   : pbt__fail_errno(error, "cannot lock '%s'", path);
        goto fail;
    }
    err = write_holder(file, path, error);
    if (err != PBT_OK) {
        goto fail;
    }
    *descriptor = file;
    return PBT_OK;
fail:
    close(file);
    return err;
}

void pbt__lock_release(int descriptor)
{
    if (descriptor >= 0) {
        close(descriptor);
    }
}

long pbt__lock_holder(const pbt__place *place)
{
    char path[PBT__PATH_SIZE + 8];
    write_path(place, path, sizeof path);
    int file = place->file[0] != '\0' ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (file < 0) {
        return 0;
    }
    bool is_held = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    long holder = is_held ? read_holder(file) : 0;
    close(file);
    return holder;
}
