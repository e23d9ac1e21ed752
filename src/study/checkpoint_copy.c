/*
 * checkpoint_copy.c: taking a published checkpoint out of the vault while a study goes on.
 *
 * The checkpoint is first pinned: given a second name aside, of hard links to the same files. So a
 * reader has it whole, even if the study collects its published name meanwhile:
 *
 *     link .aside/pin.P.N -> m3s12 ──── copy ──── remove the pin
 *                                │ collected here: the bytes stay
 *
 * Without hard links the published name itself is read, and the digest shows whether the copy is
 * complete. A pin whose process died is swept like everything aside.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"
#include "study/checkpoint_tree.h"
#include "study/checkpoint_vault.h"

enum { BUFFER_SIZE = 1024 * 1024 };

/* How a file comes to its second place. */
typedef pbt_err (*transfer)(const char *from, const char *to, pbt_error *error);

static pbt_err fail_source(const char *from, pbt_error *error)
{
    return errno == ENOENT ? pbt__fail(error, PBT_ERR_NOT_FOUND, "'%s' does not exist", from)
                           : pbt__fail_errno(error, "cannot read '%s'", from);
}

static pbt_err link_file(const char *from, const char *to, pbt_error *error)
{
    if (pbt__fault(PBT__FAULT_WRITE)) {
        errno = EPERM;
        return pbt__fail_errno(error, "cannot link '%s'", to);
    }
    return link(from, to) == 0 ? PBT_OK : fail_source(from, error);
}

static pbt_err write_all(int file, const unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count =
            pbt__fault(PBT__FAULT_WRITE) ? (errno = ENOSPC, -1) : write(file, bytes, length);
        if (count < 0 && errno != EINTR) {
            return PBT_ERR_IO;
        }
        bytes += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
    }
    return PBT_OK;
}

static pbt_err copy_bytes(int in, int out, const char *from, const char *to, pbt_error *error)
{
    pbt_err err = PBT_OK;
    unsigned char *buffer = pbt__calloc(BUFFER_SIZE, 1);
    if (buffer == NULL) {
        return pbt__fail_memory(error);
    }
    for (ssize_t count = 1; err == PBT_OK && count != 0;) {
        count = pbt__fault(PBT__FAULT_READ) ? (errno = EIO, -1) : read(in, buffer, BUFFER_SIZE);
        if (count < 0 && errno != EINTR) {
            err = pbt__fail_errno(error, "cannot read '%s'", from);
        } else if (count > 0 && write_all(out, buffer, (size_t)count) != PBT_OK) {
            err = pbt__fail_errno(error, "cannot write '%s'", to);
        }
    }
    free(buffer);
    return err;
}

static pbt_err copy_file(const char *from, const char *to, pbt_error *error)
{
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (in < 0) {
        return fail_source(from, error);
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    pbt_err err = out < 0 ? pbt__fail_errno(error, "cannot write '%s'", to)
                          : copy_bytes(in, out, from, to, error);
    (void)close(in);
    if (out >= 0 && close(out) != 0 && err == PBT_OK) {
        err = pbt__fail_errno(error, "cannot write '%s'", to);
    }
    return err;
}

static pbt_err transfer_any(const char *from, const char *to, transfer move, int depth,
                            pbt_error *error);

static pbt_err transfer_entry(const char *from, const char *to, const char *name, transfer move,
                              int depth, pbt_error *error)
{
    char inner_from[PBT__PATH_SIZE], inner_to[PBT__PATH_SIZE];
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        return PBT_OK;
    }
    pbt_err err = pbt__path_join(from, name, inner_from, error);
    if (err == PBT_OK) {
        err = pbt__path_join(to, name, inner_to, error);
    }
    return err == PBT_OK ? transfer_any(inner_from, inner_to, move, depth + 1, error) : err;
}

static pbt_err transfer_folder(const char *from, const char *to, transfer move, int depth,
                               pbt_error *error)
{
    if (depth > PBT__TREE_DEPTH_MAXIMUM) {
        return pbt__fail(error, PBT_ERR_LIMIT, "'%s' has folders more than %d deep", from,
                         PBT__TREE_DEPTH_MAXIMUM);
    }
    if (mkdir(to, 0777) != 0) {
        return pbt__fail_errno(error, "cannot make '%s'", to);
    }
    DIR *stream = opendir(from);
    if (stream == NULL) {
        return fail_source(from, error);
    }
    pbt_err err = PBT_OK;
    errno = 0;
    for (const struct dirent *entry = readdir(stream); err == PBT_OK && entry != NULL;) {
        err = transfer_entry(from, to, entry->d_name, move, depth, error);
        errno = 0;
        entry = readdir(stream);
    }
    if (err == PBT_OK && errno != 0) {
        err = pbt__fail_errno(error, "cannot list '%s'", from);
    }
    (void)closedir(stream);
    return err;
}

static pbt_err transfer_any(const char *from, const char *to, transfer move, int depth,
                            pbt_error *error)
{
    struct stat status;
    if (lstat(from, &status) != 0) {
        return fail_source(from, error);
    }
    if (S_ISDIR(status.st_mode)) {
        return transfer_folder(from, to, move, depth, error);
    }
    if (!S_ISREG(status.st_mode)) {
        return pbt__fail(error, PBT_ERR_CHECKPOINT, "'%s' is neither a file nor a folder", from);
    }
    return move(from, to, error);
}

/* The name under which this process pins next. */
static pbt_err pin_path(pbt__vault *vault, char *out, pbt_error *error)
{
    char name[64];
    (void)snprintf(name, sizeof name, "pin.%ld.%u", (long)getpid(),
                   atomic_fetch_add(&vault->gone_count, 1));
    return pbt__path_join(vault->aside, name, out, error);
}

pbt_err pbt__vault_copy(pbt__vault *vault, pbt_segment_id id, const pbt__checkpoint *record,
                        const char *to, pbt_error *error)
{
    char published[PBT__PATH_SIZE], pin[PBT__PATH_SIZE];
    pbt__checkpoint found = {.kind = PBT__CHECKPOINT_NONE};
    pbt_err err = pbt__vault_path(vault, id, 0, published, error);
    if (err == PBT_OK) {
        err = pin_path(vault, pin, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    bool is_pinned = transfer_any(published, pin, link_file, 0, NULL) == PBT_OK;
    err = transfer_any(is_pinned ? pin : published, to, copy_file, 0, error);
    if (pbt__file_remove(pin, NULL) != PBT_OK) {
        /* What is left there is swept when the study runs again. */
    }
    if (err == PBT_OK) {
        err = pbt__tree_describe(to, PBT__TREE_SYNC | PBT__TREE_DIGEST, &found, error);
    }
    bool is_same = found.kind == record->kind && found.size_bytes == record->size_bytes &&
                   pbt__digest_equal(found.digest, record->digest);
    if (err == PBT_OK && !is_same) {
        err = pbt__fail(error, PBT_ERR_CHECKPOINT, "'%s' is not as the log says", published);
        pbt__error_hint(error, "`verify` says what differs");
    }
    return err;
}
