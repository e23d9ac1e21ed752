/*
 * checkpoint_tree.c: the walk over a checkpoint.
 *
 * Every step goes from an open folder to a name in it (openat, O_NOFOLLOW), so that a folder
 * replaced by a link between two looks cannot lead the walk out of the tree. Files are read in
 * pieces of 1 MiB: XXH3 is faster than the memory it reads, and larger pieces gain nothing. Each
 * level of folders holds one descriptor, hence the bound on the depth.
 */
#include "study/checkpoint_tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/memory.h"

enum { BUFFER_SIZE = 1024 * 1024 };

/* One walk. `path` is where it stands; its first `root_length` bytes and the slash after them are
 * not part of relative names. */
struct walk {
    unsigned what;
    pbt__hasher *hasher;   /* NULL if nothing is digested */
    unsigned char *buffer; /* Shape: buffer[BUFFER_SIZE]; NULL as above */
    pbt__checkpoint sum;
    size_t root_length, length;
    int depth;
    int64_t entry_count;
    pbt_error *error;
    char path[PBT__PATH_SIZE];
};

static pbt_err visit(struct walk *walk, int folder, const char *name);

/* ---- digesting ------------------------------------------------------------------------------- */

/* The root itself is no entry of its folder, and a lone file is its bytes alone. */
static void add_entry(struct walk *walk, char kind, int64_t size)
{
    if (walk->hasher == NULL || walk->length == walk->root_length) {
        return;
    }
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)((uint64_t)size >> (56 - 8 * i));
    }
    const char *relative = walk->path + walk->root_length + 1;
    pbt__hasher_add(walk->hasher, &kind, 1);
    pbt__hasher_add(walk->hasher, relative, strlen(relative) + 1);
    pbt__hasher_add(walk->hasher, bytes, sizeof bytes);
}

static ssize_t read_some(int file, unsigned char *buffer)
{
    if (pbt__fault(PBT__FAULT_READ)) {
        errno = EIO;
        return -1;
    }
    ssize_t count;
    do {
        count = read(file, buffer, BUFFER_SIZE);
    } while (count < 0 && errno == EINTR);
    return count;
}

static pbt_err changed(struct walk *walk)
{
    return pbt__fail(walk->error, PBT_ERR_CHECKPOINT, "'%s' changed while it was read", walk->path);
}

static pbt_err add_bytes(struct walk *walk, int file, int64_t size)
{
    int64_t total = 0;
    for (;;) {
        const ssize_t count = read_some(file, walk->buffer);
        if (count < 0) {
            return pbt__fail_errno(walk->error, "cannot read '%s'", walk->path);
        }
        if (count == 0) {
            return total == size ? PBT_OK : changed(walk);
        }
        pbt__hasher_add(walk->hasher, walk->buffer, (size_t)count);
        total += count;
    }
}

/* ---- one file or folder ---------------------------------------------------------------------- */

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* A checkpoint that its own user cannot read is the trainer's failure. */
static pbt_err refuse_unreadable(struct walk *walk)
{
    (void)pbt__fail(walk->error, PBT_ERR_CHECKPOINT, "'%s' may not be read", walk->path);
    pbt__error_hint(walk->error, "save with rights to read for the user that runs pbt");
    return PBT_ERR_CHECKPOINT;
}

/* Open `name` and make sure that it is what was looked at. */
static pbt_err open_entry(struct walk *walk, int folder, const char *name, const struct stat *seen,
                          int *out)
{
    if (pbt__fault(PBT__FAULT_READ)) {
        errno = EIO;
        return pbt__fail_errno(walk->error, "cannot open '%s'", walk->path);
    }
    const int file =
        openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0 && errno == EACCES && (walk->what & PBT__TREE_SYNC) != 0) {
        return refuse_unreadable(walk);
    }
    if (file < 0) {
        return pbt__fail_errno(walk->error, "cannot open '%s'", walk->path);
    }
    struct stat status;
    if (fstat(file, &status) != 0 || status.st_dev != seen->st_dev ||
        status.st_ino != seen->st_ino) {
        (void)close(file);
        return changed(walk);
    }
    *out = file;
    return PBT_OK;
}

static pbt_err sync_entry(struct walk *walk, int file)
{
    if ((walk->what & PBT__TREE_SYNC) == 0) {
        return PBT_OK;
    }
    if (pbt__fault(PBT__FAULT_SYNC)) {
        errno = EIO;
        return pbt__fail_errno(walk->error, "cannot sync '%s'", walk->path);
    }
    return fsync(file) == 0 ? PBT_OK : pbt__fail_errno(walk->error, "cannot sync '%s'", walk->path);
}

static pbt_err visit_file(struct walk *walk, int folder, const char *name,
                          const struct stat *status)
{
    walk->sum.modified_ns = later(walk->sum.modified_ns, nanoseconds(status->st_mtim));
    walk->sum.size_bytes += status->st_size;
    add_entry(walk, 'f', status->st_size);
    if (walk->what == 0) {
        return faccessat(folder, name, R_OK, AT_EACCESS) == 0
                   ? PBT_OK
                   : pbt__fail_errno(walk->error, "cannot read '%s'", walk->path);
    }
    int file = -1;
    pbt_err err = open_entry(walk, folder, name, status, &file);
    if (err != PBT_OK) {
        return err;
    }
    err = sync_entry(walk, file);
    if (err == PBT_OK && walk->hasher != NULL) {
        err = add_bytes(walk, file, status->st_size);
    }
    (void)close(file);
    return err;
}

static int is_entry(const struct dirent *entry)
{
    return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Visit the names of an open folder in order. */
static pbt_err visit_names(struct walk *walk, int folder)
{
    struct dirent **names = NULL;
    const int count = scandirat(folder, ".", &names, is_entry, by_bytes);
    if (count < 0) {
        return pbt__fail_errno(walk->error, "cannot list '%s'", walk->path);
    }
    pbt_err err = PBT_OK;
    for (int i = 0; i < count; i++) {
        if (err == PBT_OK) {
            err = visit(walk, folder, names[i]->d_name);
        }
        free(names[i]);
    }
    free(names);
    return err;
}

static pbt_err visit_folder(struct walk *walk, int parent, const char *name,
                            const struct stat *status)
{
    if (walk->depth == PBT__TREE_DEPTH_MAXIMUM) {
        return pbt__fail(walk->error, PBT_ERR_LIMIT, "'%s' has folders more than %d deep",
                         walk->path, PBT__TREE_DEPTH_MAXIMUM);
    }
    add_entry(walk, 'd', 0);
    int folder = -1;
    pbt_err err = open_entry(walk, parent, name, status, &folder);
    if (err != PBT_OK) {
        return err;
    }
    walk->depth++;
    err = visit_names(walk, folder);
    walk->depth--;
    if (err == PBT_OK) {
        err = sync_entry(walk, folder);
    }
    (void)close(folder);
    return err;
}

/* ---- the walk -------------------------------------------------------------------------------- */

static pbt_err refuse_kind(struct walk *walk)
{
    (void)pbt__fail(walk->error, PBT_ERR_CHECKPOINT, "'%s' is neither a file nor a folder",
                    walk->path);
    pbt__error_hint(walk->error, "write files and folders into a checkpoint: no links, no devices");
    return PBT_ERR_CHECKPOINT;
}

/* Look at `walk->path`, which is `name` in an open folder. */
static pbt_err look(struct walk *walk, int folder, const char *name)
{
    struct stat status;
    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT
                   ? pbt__fail(walk->error, PBT_ERR_NOT_FOUND, "'%s' does not exist", walk->path)
                   : pbt__fail_errno(walk->error, "cannot look at '%s'", walk->path);
    }
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        return refuse_kind(walk);
    }
    const bool is_folder = S_ISDIR(status.st_mode);
    walk->sum.changed_ns = later(walk->sum.changed_ns, nanoseconds(status.st_ctim));
    if (walk->length == walk->root_length) {
        walk->sum.kind = is_folder ? PBT__CHECKPOINT_FOLDER : PBT__CHECKPOINT_FILE;
        walk->sum.inode = status.st_ino;
    }
    return is_folder ? visit_folder(walk, folder, name, &status)
                     : visit_file(walk, folder, name, &status);
}

/* Go to `name` in the open folder at `walk->path`, look, and come back. */
static pbt_err visit(struct walk *walk, int folder, const char *name)
{
    const size_t length = walk->length, name_length = strlen(name);
    if (++walk->entry_count > PBT__TREE_ENTRY_MAXIMUM) {
        return pbt__fail(walk->error, PBT_ERR_LIMIT, "a checkpoint holds more than %d files",
                         PBT__TREE_ENTRY_MAXIMUM);
    }
    if (length + name_length + 2 > sizeof walk->path) {
        return pbt__fail(walk->error, PBT_ERR_LIMIT, "a path in a checkpoint is too long");
    }
    walk->path[length] = '/';
    memcpy(walk->path + length + 1, name, name_length + 1);
    walk->length = length + 1 + name_length;
    const pbt_err err = look(walk, folder, name);
    walk->path[length] = '\0';
    walk->length = length;
    /* What vanished below the root was there a moment ago. */
    return err == PBT_ERR_NOT_FOUND ? changed(walk) : err;
}

static pbt_err start(struct walk *walk, const char *path)
{
    walk->length = strlen(path);
    walk->root_length = walk->length;
    if (walk->length >= sizeof walk->path) {
        return pbt__fail(walk->error, PBT_ERR_LIMIT, "a checkpoint's path is too long");
    }
    memcpy(walk->path, path, walk->length + 1);
    if ((walk->what & PBT__TREE_DIGEST) == 0) {
        return PBT_OK;
    }
    walk->hasher = pbt__hasher_new();
    walk->buffer = pbt__calloc(BUFFER_SIZE, 1);
    return walk->hasher != NULL && walk->buffer != NULL ? PBT_OK : pbt__fail_memory(walk->error);
}

pbt_err pbt__tree_describe(const char *path, unsigned what, pbt__checkpoint *out, pbt_error *error)
{
    struct walk walk = {.what = what, .error = error};
    pbt_err err = start(&walk, path);
    if (err == PBT_OK) {
        err = look(&walk, AT_FDCWD, path);
    }
    if (err == PBT_OK && walk.hasher != NULL) {
        walk.sum.digest = pbt__hasher_digest(walk.hasher);
    }
    pbt__hasher_free(walk.hasher);
    free(walk.buffer);
    if (err == PBT_OK) {
        *out = walk.sum;
    }
    return err;
}
