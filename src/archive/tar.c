/*
 * tar.c: packing and unpacking with libarchive, which reads and writes headers and never touches
 * the file system: every file and folder is opened here, one name at a time from the folder above
 * it (openat, O_NOFOLLOW), so that no name and no link can lead out.
 */
#include "archive/tar.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

enum { PIECE_SIZE = 64 * 1024 };

/* One packing or unpacking. `path` is the name in the archive that is at hand. */
typedef struct tar {
    struct archive *archive;
    struct archive_entry *entry; /* packing: reused; unpacking: the archive's */
    int64_t entry_count;
    int depth;
    pbt_error *error;
    char path[PBT__PATH_SIZE];
    char piece[PIECE_SIZE];
} tar;

static pbt_err fail_archive(const tar *self, const char *what)
{
    const char *why = archive_error_string(self->archive);
    (void)pbt__fail(self->error, PBT_ERR_CHECKPOINT, "%s", what);
    pbt__error_detail(self->error, "%s", why != NULL ? why : "");
    return PBT_ERR_CHECKPOINT;
}

static pbt_err refuse(const tar *self, const char *why)
{
    (void)pbt__fail(self->error, PBT_ERR_CHECKPOINT, "'%s' in a checkpoint: %s", self->path, why);
    pbt__error_hint(self->error, "a checkpoint may contain only files and folders");
    return PBT_ERR_CHECKPOINT;
}

static pbt_err count_entry(tar *self)
{
    return ++self->entry_count <= PBT__TREE_ENTRY_MAXIMUM
               ? PBT_OK
               : pbt__fail(self->error, PBT_ERR_LIMIT, "a checkpoint has at most %d entries",
                           (int)PBT__TREE_ENTRY_MAXIMUM);
}

/* ---- packing --------------------------------------------------------------------------------- */

static pbt_err write_header(tar *self, const struct stat *status)
{
    const bool is_folder = S_ISDIR(status->st_mode);
    archive_entry_clear(self->entry);
    archive_entry_set_pathname(self->entry, self->path);
    archive_entry_set_filetype(self->entry, is_folder ? AE_IFDIR : AE_IFREG);
    archive_entry_set_perm(self->entry, is_folder ? 0755 : 0644);
    archive_entry_set_size(self->entry, is_folder ? 0 : status->st_size);
    return archive_write_header(self->archive, self->entry) == ARCHIVE_OK
               ? count_entry(self)
               : fail_archive(self, "cannot write an archive");
}

static pbt_err pack_bytes(tar *self, int file, int64_t size)
{
    while (size > 0) {
        const ssize_t count = read(file, self->piece, PIECE_SIZE);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return pbt__fail_errno(self->error, "cannot read '%s'", self->path);
        }
        if (count == 0 || count > size) {
            return refuse(self, "it changed while it was read");
        }
        if (archive_write_data(self->archive, self->piece, (size_t)count) != count) {
            return fail_archive(self, "cannot write an archive");
        }
        size -= count;
    }
    return PBT_OK;
}

static pbt_err pack_children(tar *self, int folder);

static pbt_err pack_open(tar *self, int file)
{
    struct stat status;
    if (fstat(file, &status) != 0) {
        return pbt__fail_errno(self->error, "cannot look at '%s'", self->path);
    }
    if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode)) {
        return refuse(self, "neither a file nor a folder");
    }
    pbt_err err = write_header(self, &status);
    if (err == PBT_OK) {
        err = S_ISDIR(status.st_mode) ? pack_children(self, file)
                                      : pack_bytes(self, file, status.st_size);
    }
    return err;
}

static pbt_err pack_child(tar *self, int folder, const char *name)
{
    const size_t length = strlen(self->path), added = strlen(name);
    if (length + added + 2 > sizeof self->path || self->depth >= PBT__TREE_DEPTH_MAXIMUM) {
        return pbt__fail(self->error, PBT_ERR_LIMIT, "'%s' lies too deep", self->path);
    }
    memcpy(self->path + length, "/", length > 0);
    memcpy(self->path + length + (length > 0), name, added + 1);
    const int file = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    pbt_err err;
    if (file < 0 && (errno == ELOOP || errno == ENXIO)) {
        err = refuse(self, "neither a file nor a folder"); /* a link, or a socket */
    } else if (file < 0) {
        err = pbt__fail_errno(self->error, "cannot open '%s'", self->path);
    } else {
        self->depth++;
        err = pack_open(self, file);
        self->depth--;
        (void)close(file);
    }
    self->path[length] = '\0';
    return err;
}

static pbt_err pack_children(tar *self, int folder)
{
    const int copy = dup(folder);
    DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
    if (stream == NULL) {
        if (copy >= 0) {
            (void)close(copy);
        }
        return pbt__fail_errno(self->error, "cannot list '%s'", self->path);
    }
    pbt_err err = PBT_OK;
    const struct dirent *entry;
    while (err == PBT_OK && (entry = readdir(stream)) != NULL) {
        const bool is_dot = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
        err = is_dot ? PBT_OK : pack_child(self, folder, entry->d_name);
    }
    (void)closedir(stream);
    return err;
}

static pbt_err pack(tar *self, const char *folder, int file)
{
    const int root = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root < 0) {
        return pbt__fail_errno(self->error, "cannot open '%s'", folder);
    }
    pbt_err err = PBT_OK;
    /* BINARY: names are bytes, and stay the same ones. */
    if (archive_write_set_format_pax_restricted(self->archive) != ARCHIVE_OK ||
        archive_write_set_options(self->archive, "hdrcharset=BINARY") != ARCHIVE_OK ||
        archive_write_open_fd(self->archive, file) != ARCHIVE_OK) {
        err = fail_archive(self, "cannot write an archive");
    }
    if (err == PBT_OK) {
        err = pack_children(self, root);
    }
    if (err == PBT_OK && archive_write_close(self->archive) != ARCHIVE_OK) {
        err = fail_archive(self, "cannot write an archive");
    }
    (void)close(root);
    return err;
}

pbt_err pbt__tar_pack(const char *folder, int file, pbt_error *error)
{
    tar *self = pbt__calloc(1, sizeof *self);
    if (self == NULL) {
        return pbt__fail_memory(error);
    }
    self->error = error;
    self->archive = archive_write_new();
    self->entry = archive_entry_new();
    const bool is_ready = self->archive != NULL && self->entry != NULL;
    const pbt_err err = is_ready ? pack(self, folder, file) : pbt__fail_memory(error);
    archive_entry_free(self->entry);
    (void)archive_write_free(self->archive);
    free(self);
    return err;
}

/* ---- unpacking ------------------------------------------------------------------------------- */

/* Open the next folder on the way, making it if it is absent. Takes `folder`; -1 with errno. */
static int step_into(int folder, const char *name)
{
    int next = -1;
    if (mkdirat(folder, name, 0777) == 0 || errno == EEXIST) {
        next = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    const int reason = errno;
    (void)close(folder);
    errno = reason;
    return next;
}

/* Take the next part of a name: it ends with a NUL, `*rest` is what follows. "" if none is
 * left. */
static char *next_part(char **rest)
{
    char *part = *rest + strspn(*rest, "/");
    char *end = part + strcspn(part, "/");
    *rest = *end == '\0' ? end : end + 1;
    *end = '\0';
    return part;
}

static pbt_err unpack_bytes(tar *self, int file)
{
    const int64_t size = archive_entry_size(self->entry);
    int64_t total = 0, offset = 0;
    const void *bytes = NULL;
    size_t length = 0;
    int status;
    while ((status = archive_read_data_block(self->archive, &bytes, &length, &offset)) ==
           ARCHIVE_OK) {
        if (offset != total) {
            return refuse(self, "it has holes");
        }
        const ssize_t count = write(file, bytes, length);
        if (count != (ssize_t)length) {
            errno = count < 0 ? errno : ENOSPC;
            return pbt__fail_errno(self->error, "cannot write '%s'", self->path);
        }
        total += count;
    }
    if (status != ARCHIVE_EOF) {
        return fail_archive(self, "the archive breaks off");
    }
    return total == size ? PBT_OK : refuse(self, "it has holes");
}

static pbt_err unpack_file(tar *self, int folder, const char *name)
{
    const int file =
        openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (file < 0 && errno == EEXIST) {
        return refuse(self, "it comes twice");
    }
    if (file < 0) {
        return pbt__fail_errno(self->error, "cannot make '%s'", self->path);
    }
    const pbt_err err = unpack_bytes(self, file);
    if (close(file) != 0 && err == PBT_OK) {
        return pbt__fail_errno(self->error, "cannot write '%s'", self->path);
    }
    return err;
}

/* Walk down to where the entry belongs and make it there. Takes `folder`. */
static pbt_err unpack_at(tar *self, int folder, bool is_folder)
{
    char name[PBT__PATH_SIZE];
    char *rest = name;
    memcpy(name, self->path, strlen(self->path) + 1);
    int depth = 0;
    for (char *part = next_part(&rest); *part != '\0';) {
        char *next = next_part(&rest);
        if (strcmp(part, "..") == 0 || ++depth > PBT__TREE_DEPTH_MAXIMUM) {
            (void)close(folder);
            return refuse(self, "its name leads elsewhere, or too deep");
        }
        if (strcmp(part, ".") != 0 && *next == '\0' && !is_folder) {
            const pbt_err err = unpack_file(self, folder, part);
            (void)close(folder);
            return err;
        }
        folder = strcmp(part, ".") != 0 ? step_into(folder, part) : folder;
        if (folder < 0) {
            return errno == ENOTDIR || errno == ELOOP
                       ? refuse(self, "a file of that name came before")
                       : pbt__fail_errno(self->error, "cannot make '%s'", self->path);
        }
        part = next;
    }
    (void)close(folder);
    return is_folder ? PBT_OK : refuse(self, "a file without a name");
}

static pbt_err unpack_entry(tar *self, int root)
{
    const char *path = archive_entry_pathname(self->entry);
    path = path != NULL ? path : archive_entry_pathname_utf8(self->entry);
    if (path == NULL || strlen(path) >= sizeof self->path) {
        return pbt__fail(self->error, PBT_ERR_CHECKPOINT, "a name in the archive cannot be used");
    }
    memcpy(self->path, path, strlen(path) + 1);
    const bool is_folder = archive_entry_filetype(self->entry) == AE_IFDIR;
    const bool is_file = archive_entry_filetype(self->entry) == AE_IFREG;
    if (path[0] == '/') {
        return refuse(self, "its name leads elsewhere, or too deep");
    }
    if ((!is_folder && !is_file) || archive_entry_hardlink(self->entry) != NULL) {
        return refuse(self, "neither a file nor a folder");
    }
    if (archive_entry_sparse_count(self->entry) > 0) {
        return refuse(self, "it has holes");
    }
    const pbt_err err = count_entry(self);
    if (err != PBT_OK) {
        return err;
    }
    const int folder = dup(root);
    return folder >= 0 ? unpack_at(self, folder, is_folder)
                       : pbt__fail_errno(self->error, "cannot open a folder");
}

static pbt_err unpack(tar *self, int file, int root)
{
    if (lseek(file, 0, SEEK_SET) != 0) {
        return pbt__fail_errno(self->error, "cannot read an archive");
    }
    if (archive_read_support_format_tar(self->archive) != ARCHIVE_OK ||
        archive_read_open_fd(self->archive, file, PIECE_SIZE) != ARCHIVE_OK) {
        return fail_archive(self, "this is no tar archive");
    }
    int status;
    /* A warning is about a name that this locale has no letters for: its bytes are there. */
    while ((status = archive_read_next_header(self->archive, &self->entry)) == ARCHIVE_OK ||
           status == ARCHIVE_WARN) {
        const pbt_err err = unpack_entry(self, root);
        if (err != PBT_OK) {
            return err;
        }
    }
    return status == ARCHIVE_EOF ? PBT_OK : fail_archive(self, "this is no whole tar archive");
}

pbt_err pbt__tar_unpack(int file, const char *folder, pbt_error *error)
{
    pbt_err err = pbt__file_make_folder(folder, error);
    if (err != PBT_OK) {
        return err;
    }
    const int root = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (root < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", folder);
    }
    tar *self = pbt__calloc(1, sizeof *self);
    if (self != NULL) {
        self->error = error;
        self->archive = archive_read_new();
    }
    const bool is_ready = self != NULL && self->archive != NULL;
    err = is_ready ? unpack(self, file, root) : pbt__fail_memory(error);
    if (self != NULL) {
        (void)archive_read_free(self->archive);
    }
    free(self);
    (void)close(root);
    return err;
}
