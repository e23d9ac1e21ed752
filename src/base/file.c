/*
 * file.c: the seam for files.
 *
 * The functions that make something durable are the small steps (write, sync, rename); what their
 * order must be is the caller's argument to make. A write that fails may leave a torn file: write
 * aside, then rename.
 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"

#define ASIDE ".aside-"

/* Ask the seam; where the operation is to fail, leave `reason` in errno as the system would. */
static bool fails(unsigned kind, int reason)
{
    if (!pbt__fault(kind)) {
        return false;
    }
    errno = reason;
    return true;
}

static int open_file(const char *path, int flags, unsigned kind)
{
    return fails(kind, kind == PBT__FAULT_WRITE ? ENOSPC : EIO)
               ? -1
               : open(path, flags | O_CLOEXEC, 0666);
}

/* Close without touching errno, which names the failure that is being reported. */
static void close_quietly(int file)
{
    const int reason = errno;
    (void)close(file);
    errno = reason;
}

/* ---- reading --------------------------------------------------------------------------------- */

enum { FIRST_CAPACITY = 4096 };

/* Give `*bytes` room: the file's size or twice what there was, at most `limit`. */
static char *grow(char *bytes, size_t *capacity, size_t hint, size_t limit)
{
    size_t wanted = *capacity > 0 ? 2 * *capacity : hint;
    if (wanted > limit) {
        wanted = limit;
    }
    char *grown = pbt__realloc(bytes, wanted, 1);
    if (grown != NULL) {
        *capacity = wanted;
    }
    return grown;
}

/* As read(2), once it was not interrupted. */
static ssize_t read_some(int file, char *bytes, size_t length)
{
    ssize_t count;
    do {
        count = fails(PBT__FAULT_READ, EIO) ? -1 : read(file, bytes, length);
    } while (count < 0 && errno == EINTR);
    return count;
}

/* Read up to the end; the size is only a hint, since /proc and /sys say 0. */
static pbt_err read_all(int file, const char *path, size_t maximum, char **bytes, size_t *length,
                        pbt_error *error)
{
    struct stat status = {.st_size = 0};
    (void)fstat(file, &status);
    const size_t hint =
        status.st_size < FIRST_CAPACITY ? FIRST_CAPACITY : (size_t)status.st_size + 2;
    /* One byte beyond the maximum tells a file that is too long; one more is for the NUL. */
    const size_t limit = maximum < SIZE_MAX / 4 ? maximum + 2 : SIZE_MAX / 4;
    size_t capacity = 0;
    for (;;) {
        if (*length + 1 >= capacity) {
            char *grown = grow(*bytes, &capacity, hint, limit);
            if (grown == NULL) {
                return pbt__fail_memory(error);
            }
            *bytes = grown;
        }
        const ssize_t count = read_some(file, *bytes + *length, capacity - 1 - *length);
        if (count < 0) {
            return pbt__fail_errno(error, "cannot read '%s'", path);
        }
        if (count == 0) {
            (*bytes)[*length] = '\0';
            return PBT_OK;
        }
        *length += (size_t)count;
        if (*length > maximum) {
            return pbt__fail(error, PBT_ERR_LIMIT, "'%s' is longer than %zu bytes", path, maximum);
        }
    }
}

static pbt_err refuse_kind(const char *path, mode_t mode, pbt_error *error)
{
    const char *kind = S_ISDIR(mode) ? "folder" : S_ISFIFO(mode) ? "pipe" : "device or a socket";
    (void)pbt__fail(error, PBT_ERR_IO, "'%s' is a %s, not a file", path, kind);
    pbt__error_hint(error, "move it away, or name another file");
    return PBT_ERR_IO;
}

pbt_err pbt__file_check(const char *path, pbt_error *error)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode)
               ? refuse_kind(path, status.st_mode, error)
               : PBT_OK;
}

static pbt_err fail_to_open(const char *path, pbt_error *error)
{
    const bool is_absent = errno == ENOENT;
    const pbt_err failed = pbt__fail_errno(error, "cannot open '%s'", path);
    const pbt_err code = is_absent ? PBT_ERR_NOT_FOUND : failed;
    if (error != NULL) {
        error->code = code;
    }
    return code;
}

/* Without waiting (O_NONBLOCK) a pipe opens at once, and is known for what it is. */
static pbt_err read_file(const char *path, int flags, size_t maximum, char **bytes, size_t *length,
                         pbt_error *error)
{
    struct stat status;
    char *content = NULL;
    size_t content_length = 0;
    const int file = open_file(path, O_RDONLY | flags, PBT__FAULT_READ);
    if (file < 0) {
        return fail_to_open(path, error);
    }
    const bool is_refused =
        (flags & O_NONBLOCK) != 0 && fstat(file, &status) == 0 && !S_ISREG(status.st_mode);
    const pbt_err err = is_refused
                            ? refuse_kind(path, status.st_mode, error)
                            : read_all(file, path, maximum, &content, &content_length, error);
    (void)close(file);
    if (err != PBT_OK) {
        free(content);
        return err;
    }
    *bytes = content;
    *length = content_length;
    return PBT_OK;
}

pbt_err pbt__file_read(const char *path, size_t maximum, char **bytes, size_t *length,
                       pbt_error *error)
{
    return read_file(path, O_NONBLOCK | O_NOCTTY, maximum, bytes, length, error);
}

pbt_err pbt__file_read_stream(const char *path, size_t maximum, char **bytes, size_t *length,
                              pbt_error *error)
{
    return read_file(path, 0, maximum, bytes, length, error);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t count = fails(PBT__FAULT_WRITE, ENOSPC) ? -1 : write(file, bytes, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return false;
        }
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

static bool sync_descriptor(int file)
{
    return !fails(PBT__FAULT_SYNC, EIO) && fsync(file) == 0;
}

static pbt_err fail_writing(const char *path, pbt_error *error)
{
    return pbt__fail_errno(error, "cannot write '%s'", path);
}

pbt_err pbt__file_create(const char *path, int *file, pbt_error *error)
{
    *file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC, PBT__FAULT_WRITE);
    return *file >= 0 ? PBT_OK : fail_writing(path, error);
}

pbt_err pbt__file_put(int file, const char *path, const void *bytes, size_t length,
                      pbt_error *error)
{
    return write_all(file, bytes, length) ? PBT_OK : fail_writing(path, error);
}

pbt_err pbt__file_end(int *file, const char *path, pbt_error *error)
{
    if (!sync_descriptor(*file)) {
        const pbt_err err = fail_writing(path, error);
        pbt__file_abandon(file);
        return err;
    }
    const int closed = close(*file);
    *file = -1;
    return closed == 0 ? PBT_OK : fail_writing(path, error);
}

void pbt__file_abandon(int *file)
{
    if (*file >= 0) {
        (void)close(*file);
    }
    *file = -1;
}

pbt_err pbt__file_write(const char *path, const void *bytes, size_t length, pbt_error *error)
{
    int file = -1;
    pbt_err err = pbt__file_create(path, &file, error);
    if (err == PBT_OK) {
        err = pbt__file_put(file, path, bytes, length, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_end(&file, path, error);
    }
    pbt__file_abandon(&file);
    return err;
}

pbt_err pbt__file_append(const char *path, const void *bytes, size_t length, pbt_error *error)
{
    const int file = open_file(path, O_WRONLY | O_CREAT | O_APPEND, PBT__FAULT_WRITE);
    const off_t before = file >= 0 ? lseek(file, 0, SEEK_END) : -1;
    if (before >= 0 && write_all(file, bytes, length)) {
        (void)close(file);
        return PBT_OK;
    }
    const pbt_err err = pbt__fail_errno(error, "cannot append to '%s'", path);
    if (before >= 0) {
        (void)!ftruncate(file, before);
    }
    if (file >= 0) {
        (void)close(file);
    }
    return err;
}

/* Create a file beside `path` that nobody else has; one that was left is passed over. Shape:
 * aside[PBT__PATH_SIZE] */
static pbt_err create_aside(const char *path, mode_t mode, char *aside, int *file, pbt_error *error)
{
    static atomic_uint count;
    do {
        const int size = snprintf(aside, PBT__PATH_SIZE, "%s" ASIDE "%ld-%u", path, (long)getpid(),
                                  atomic_fetch_add(&count, 1));
        if (size < 0 || size >= PBT__PATH_SIZE) {
            return pbt__fail(error, PBT_ERR_LIMIT, "the path '%.100s...' is too long", path);
        }
        *file = fails(PBT__FAULT_WRITE, ENOSPC)
                    ? -1
                    : open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    } while (*file < 0 && errno == EEXIST);
    return *file >= 0 ? PBT_OK : fail_writing(path, error);
}

pbt_err pbt__file_replace(const char *path, const void *bytes, size_t length, unsigned mode,
                          pbt_error *error)
{
    char aside[PBT__PATH_SIZE];
    int file = -1;
    pbt_err err = create_aside(path, (mode_t)mode, aside, &file, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__file_put(file, path, bytes, length, error);
    if (err == PBT_OK) {
        err = pbt__file_end(&file, path, error);
    }
    pbt__file_abandon(&file);
    if (err == PBT_OK) {
        err = pbt__file_rename(aside, path, error);
    }
    if (err != PBT_OK) {
        const int reason = errno;
        (void)unlink(aside);
        errno = reason;
    }
    return err;
}

bool pbt__file_is_aside(const char *name)
{
    return strstr(name, ASIDE) != NULL;
}

void pbt__file_tidy(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    char folder[PBT__PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(name - path), path);
    DIR *listing = opendir(slash != NULL ? folder : ".");
    for (struct dirent *entry; listing != NULL && (entry = readdir(listing)) != NULL;) {
        const size_t length = strlen(name);
        if (strncmp(entry->d_name, name, length) == 0 &&
            strncmp(entry->d_name + length, ASIDE, sizeof ASIDE - 1) == 0) {
            (void)unlinkat(dirfd(listing), entry->d_name, 0);
        }
    }
    if (listing != NULL) {
        closedir(listing);
    }
}

pbt_err pbt__file_sync(const char *path, pbt_error *error)
{
    const int file = open_file(path, O_RDONLY, PBT__FAULT_SYNC);
    const bool is_synced = file >= 0 && sync_descriptor(file);
    if (file >= 0) {
        close_quietly(file);
    }
    return is_synced ? PBT_OK : pbt__fail_errno(error, "cannot sync '%s'", path);
}

/* Give a folder's owner all rights to it; false with errno. Follows no link in place of `name`: a
 * descriptor that only names a file takes no fchmod, but has a path of its own. */
static bool open_rights(int folder, const char *name)
{
    char path[64];
    struct stat status;
    const int file = openat(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    const bool is_done =
        fstat(file, &status) == 0 && chmod(path, (status.st_mode & 07777) | S_IRWXU) == 0;
    close_quietly(file);
    return is_done;
}

/* A folder that goes elsewhere gets another "..", so it must be writable itself. */
static bool rename_any(const char *from, const char *to)
{
    if (rename(from, to) == 0) {
        return true;
    }
    const int reason = errno;
    if (reason == EACCES && open_rights(AT_FDCWD, from)) {
        return rename(from, to) == 0;
    }
    errno = reason;
    return false;
}

pbt_err pbt__file_rename(const char *from, const char *to, pbt_error *error)
{
    if (fails(PBT__FAULT_WRITE, ENOSPC) || !rename_any(from, to)) {
        return pbt__fail_errno(error, "cannot rename '%s' to '%s'", from, to);
    }
    return PBT_OK;
}

/* ---- removing -------------------------------------------------------------------------------- */

static int remove_at(int folder, const char *name);

/* Remove what is in an open folder; 0, or -1 with errno. */
static int remove_entries(DIR *stream)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            return errno == 0 ? 0 : -1;
        }
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        if (remove_at(dirfd(stream), entry->d_name) != 0) {
            return -1;
        }
    }
}

/* Open a folder to remove what is in it, whatever rights its owner has left himself. O_NOFOLLOW: a
 * folder that became a link since it was looked at is not entered. */
static int open_to_remove(int folder, const char *name)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    struct stat status;
    int file = openat(folder, name, flags);
    if (file < 0 && errno == EACCES) {
        file = open_rights(folder, name) ? openat(folder, name, flags) : -1;
    }
    if (file >= 0 && fstat(file, &status) == 0 && (status.st_mode & S_IRWXU) != S_IRWXU) {
        (void)fchmod(file, (status.st_mode & 07777) | S_IRWXU); /* else what is in it says why */
    }
    return file;
}

static int remove_folder_at(int folder, const char *name)
{
    const int file = open_to_remove(folder, name);
    if (file < 0) {
        return errno == ENOENT ? 0 : -1;
    }
    DIR *stream = fdopendir(file);
    if (stream == NULL) {
        close_quietly(file);
        return -1;
    }
    const int result = remove_entries(stream);
    const int reason = errno;
    (void)closedir(stream);
    errno = reason;
    if (result != 0 || fails(PBT__FAULT_WRITE, EIO)) {
        return -1;
    }
    return unlinkat(folder, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -1;
}

/* Remove a file, a link or a whole folder; 0, or -1 with errno. */
static int remove_at(int folder, const char *name)
{
    if (fails(PBT__FAULT_WRITE, EIO)) {
        return -1;
    }
    if (unlinkat(folder, name, 0) == 0 || errno == ENOENT) {
        return 0;
    }
    return errno == EISDIR ? remove_folder_at(folder, name) : -1;
}

pbt_err pbt__file_remove(const char *path, pbt_error *error)
{
    return remove_at(AT_FDCWD, path) == 0 ? PBT_OK
                                          : pbt__fail_errno(error, "cannot remove '%s'", path);
}

/* ---- folders and paths ----------------------------------------------------------------------- */

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* Make one folder; one that exists is a success. */
static bool make_one(const char *path)
{
    if (fails(PBT__FAULT_WRITE, ENOSPC)) {
        return false;
    }
    if (mkdir(path, 0777) == 0) {
        return true;
    }
    const int reason = errno;
    const bool exists = is_folder(path);
    errno = reason;
    return exists;
}

pbt_err pbt__file_make_folder(const char *path, pbt_error *error)
{
    char prefix[PBT__PATH_SIZE];
    const pbt_err err = pbt__path_join("", path, prefix, error);
    if (err != PBT_OK) {
        return err;
    }
    /* Make every prefix that ends before a slash, then the whole path. */
    for (char *slash = strchr(prefix, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        if (slash == prefix || slash[1] == '\0') {
            continue;
        }
        *slash = '\0';
        const bool made = make_one(prefix);
        *slash = '/';
        if (!made) {
            return pbt__fail_errno(error, "cannot make the folder '%s'", path);
        }
    }
    return make_one(prefix) ? PBT_OK : pbt__fail_errno(error, "cannot make the folder '%s'", path);
}

pbt_err pbt__path_join(const char *folder, const char *name, char *out, pbt_error *error)
{
    const bool is_alone = name[0] == '/' || folder[0] == '\0' || strcmp(folder, ".") == 0;
    const size_t folder_length = is_alone ? 0 : strlen(folder);
    const bool needs_slash = folder_length > 0 && folder[folder_length - 1] != '/';
    const size_t name_length = strlen(name);
    const size_t name_start = folder_length + needs_slash;
    if (name_start + name_length >= PBT__PATH_SIZE) {
        return pbt__fail(error, PBT_ERR_LIMIT, "a path is longer than %d bytes",
                         PBT__PATH_SIZE - 1);
    }
    memcpy(out, folder, folder_length);
    if (needs_slash) {
        out[folder_length] = '/';
    }
    memcpy(out + name_start, name, name_length + 1);
    return PBT_OK;
}

const char *pbt__path_below(const char *folder, const char *path)
{
    const size_t length = strlen(folder);
    const bool is_below = length > 0 && strncmp(path, folder, length) == 0 && path[length] == '/';
    return is_below ? path + length + 1 : path;
}

/* As realpath(3), of what is there. */
static pbt_err resolve(const char *path, char *out, pbt_error *error)
{
    char *real = realpath(path, NULL);
    if (real == NULL && (errno == ENOENT || errno == ENOTDIR)) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "there is no '%.200s'", path);
    }
    if (real == NULL) {
        return pbt__fail_errno(error, "cannot use '%.200s'", path);
    }
    const pbt_err err = pbt__path_join("", real, out, error);
    free(real);
    return err;
}

pbt_err pbt__path_resolve(const char *path, char *out, pbt_error *error)
{
    char folder[PBT__PATH_SIZE], real[PBT__PATH_SIZE] = "";
    const char *slash = strrchr(path, '/');
    if (resolve(path, out, NULL) == PBT_OK) {
        return PBT_OK;
    }
    pbt_err err = pbt__path_join("", slash == NULL ? "./" : path, folder, error);
    if (err == PBT_OK) {
        folder[slash == NULL ? 2 : slash - path + 1] = '\0';
        err = resolve(folder, real, error);
    }
    return err == PBT_OK ? pbt__path_join(real, slash == NULL ? path : slash + 1, out, error) : err;
}
