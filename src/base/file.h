/*
 * file.h: the seam for files: each operation can be made to fail by a test (base/fault.h).
 *
 * All functions return PBT_ERR_IO (or PBT_ERR_NOT_FOUND where they say so) with errno's words as
 * the detail. Nullable: error, everywhere.
 */
#ifndef PBT_BASE_FILE_H
#define PBT_BASE_FILE_H

#include <pbt/pbt.h>

enum {
    PBT__PATH_SIZE = 4096,
    /* Of a checkpoint that is a folder. */
    PBT__TREE_DEPTH_MAXIMUM = 32,
    PBT__TREE_ENTRY_MAXIMUM = 1000000,
};

/* Refuse what is there and is no regular file, which opening may wait for for ever; what is not
 * there passes. */
PBT_MUST_USE pbt_err pbt__file_check(const char *path, pbt_error *error);

/* Read a whole file of at most `maximum` bytes; the caller frees `*bytes`, which ends with a NUL
 * that `*length` does not count. A pipe is refused, and not waited for.
 * Errors: also PBT_ERR_NOT_FOUND, PBT_ERR_LIMIT, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__file_read(const char *path, size_t maximum, char **bytes, size_t *length,
                                    pbt_error *error);

/* The same for what a user names, which may be a pipe: "/dev/stdin", or "<(program)" in a shell. */
PBT_MUST_USE pbt_err pbt__file_read_stream(const char *path, size_t maximum, char **bytes,
                                           size_t *length, pbt_error *error);

/* Create or truncate a file, write all bytes, and fsync it. */
PBT_MUST_USE pbt_err pbt__file_write(const char *path, const void *bytes, size_t length,
                                     pbt_error *error);

/* The same in pieces: create, put as often as it takes, end, which fsyncs. `path` names the file in
 * messages. `*file` is -1 once it was ended or abandoned; abandoning one that was is a no-op. */
PBT_MUST_USE pbt_err pbt__file_create(const char *path, int *file, pbt_error *error);
PBT_MUST_USE pbt_err pbt__file_put(int file, const char *path, const void *bytes, size_t length,
                                   pbt_error *error);
PBT_MUST_USE pbt_err pbt__file_end(int *file, const char *path, pbt_error *error);
void pbt__file_abandon(int *file);

/* Append bytes to a file, made where it is absent, without fsync. After a failure the file is as
 * long as it was, unless the disk refuses that too. */
PBT_MUST_USE pbt_err pbt__file_append(const char *path, const void *bytes, size_t length,
                                      pbt_error *error);

/* Put a file in place, whole or not at all, whoever else does so at the same time: written beside
 * it under a name that no other writer has, synced, renamed. `mode` as of open(2). Errors: also
 * PBT_ERR_LIMIT where the path is too long. */
PBT_MUST_USE pbt_err pbt__file_replace(const char *path, const void *bytes, size_t length,
                                       unsigned mode, pbt_error *error);
/* Whether a file's name is one under which such a writer writes, or died. */
bool pbt__file_is_aside(const char *name);
/* Remove what such writers of a file have left that died. Only whoever alone may write it. */
void pbt__file_tidy(const char *path);

/* fsync a file, or a folder itself (not its content). */
PBT_MUST_USE pbt_err pbt__file_sync(const char *path, pbt_error *error);

/* Rename. A folder of ours that may not be written is made writable where that is in the way. */
PBT_MUST_USE pbt_err pbt__file_rename(const char *from, const char *to, pbt_error *error);

/* Remove a file or a whole folder without following symbolic links; one that is absent is a
 * success. Folders of ours in it that may not be written are made writable. */
PBT_MUST_USE pbt_err pbt__file_remove(const char *path, pbt_error *error);

/* Make a folder and those above it; one that exists is a success. */
PBT_MUST_USE pbt_err pbt__file_make_folder(const char *path, pbt_error *error);

/* Join into out[PBT__PATH_SIZE]: `name` alone where it is absolute or `folder` is empty or ".".
 * Errors: PBT_ERR_LIMIT where it does not fit. */
PBT_MUST_USE pbt_err pbt__path_join(const char *folder, const char *name, char *out,
                                    pbt_error *error);

/* A path as it is named from a folder, where it lies below it; else the path. "" holds nothing. */
const char *pbt__path_below(const char *folder, const char *path);

/* Find a path's own name, absolute and through links, so that all who use it agree. One that is not
 * there yet would be made where it is named. Shape: out[PBT__PATH_SIZE] Errors: PBT_ERR_NOT_FOUND
 * (its folder is not there), PBT_ERR_LIMIT. */
PBT_MUST_USE pbt_err pbt__path_resolve(const char *path, char *out, pbt_error *error);

#endif
