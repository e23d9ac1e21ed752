/*
 * checkpoint.c: the folder of checkpoints: opening, writing aside, removing.
 */
#include "study/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/id.h"
#include "base/memory.h"
#include "study/checkpoint_vault.h"

/* ---- names -------------------------------------------------------------------------------------
 */

/* Shape: out[PBT__CHECKPOINT_NAME_SIZE] */
static void write_name(pbt_segment_id id, int32_t attempt, char *out)
{
    size_t length = pbt__id_write(id, out);
    if (attempt > 0) {
        out[length++] = '.';
        length += pbt__digits_write(attempt, out + length);
        out[length] = '\0';
    }
}

const char *pbt__checkpoint_name_read(const char *name, pbt_segment_id *id, int32_t *attempt)
{
    const char *rest = pbt__id_step(name, id);
    if (rest == NULL) {
        return NULL;
    }
    *attempt = 0;
    const char *end = *rest == '.' ? pbt__count_step(rest + 1, attempt) : NULL;
    if (end == NULL || *attempt == 0) {
        *attempt = 0;
        return rest;
    }
    return end;
}

static pbt_err find_path(const pbt__vault *vault, pbt_segment_id id, int32_t attempt, char *out,
                         pbt_error *error)
{
    if (id.member < 0 || id.number < 0 || attempt < 0) {
        return pbt__fail(error, PBT_ERR_ARGUMENT,
                         "no checkpoint is named m%" PRId32 "s%" PRId32 ".%" PRId32, id.member,
                         id.number, attempt);
    }
    char name[PBT__CHECKPOINT_NAME_SIZE];
    write_name(id, attempt, name);
    return pbt__path_join(attempt > 0 ? vault->aside : vault->folder, name, out, error);
}

pbt_err pbt__vault_explain(pbt_err err, pbt_error *error)
{
    if (err == PBT_ERR_IO && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)) {
        pbt__error_hint(error, "free space on its file system, or lower checkpoints.keep_best with "
                               "`amend`: the segment can be trained again");
    }
    return err;
}

/* ---- opening -----------------------------------------------------------------------------------
 */

static pbt_err name_folders(pbt__vault *vault, const char *folder, pbt_error *error)
{
    const size_t length = strlen(folder);
    if (length + sizeof "/" PBT__ASIDE > sizeof vault->aside) {
        return pbt__fail(error, PBT_ERR_LIMIT, "the path '%s' is too long", folder);
    }
    memcpy(vault->folder, folder, length + 1);
    memcpy(vault->aside, folder, length);
    memcpy(vault->aside + length, "/" PBT__ASIDE, sizeof "/" PBT__ASIDE);
    return PBT_OK;
}

static pbt_err resolve(pbt__vault *vault, const char *folder, pbt_error *error)
{
    char *resolved = realpath(folder, NULL);
    if (resolved == NULL) {
        return pbt__fail_errno(error, "cannot open '%s'", folder);
    }
    const pbt_err err = name_folders(vault, resolved, error);
    free(resolved);
    return err;
}

/* ---- staying ---- */

static pbt__identity identify(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 ? (pbt__identity){status.st_dev, status.st_ino}
                                    : (pbt__identity){0};
}

static void remember(pbt__vault *vault)
{
    vault->folder_identity = identify(vault->folder);
    vault->aside_identity = identify(vault->aside);
}

static pbt_err check_in_place(const char *path, pbt__identity before, pbt_error *error)
{
    struct stat status;
    const bool is_there = stat(path, &status) == 0;
    if (!is_there && errno != ENOENT && errno != ENOTDIR) {
        return PBT_OK; /* a permission that was revoked takes nothing away */
    }
    if (is_there && status.st_dev == before.device && status.st_ino == before.inode) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_IO, "the checkpoint folder '%.150s' was %s while it was in use",
                    path, is_there ? "replaced by another" : "removed or moved");
    pbt__error_hint(error, "bring it back; the same command goes on");
    return PBT_ERR_IO;
}

pbt_err pbt__vault_is_in_place(const pbt__vault *vault, pbt_error *error)
{
    const pbt_err err = check_in_place(vault->folder, vault->folder_identity, error);
    return err == PBT_OK ? check_in_place(vault->aside, vault->aside_identity, error) : err;
}

/* Make the folder aside. A link in its place would lead checkpoints, and their removal, elsewhere.
 */
static pbt_err make_aside(const pbt__vault *vault, pbt_error *error)
{
    const pbt_err err = pbt__file_make_folder(vault->aside, error);
    if (err != PBT_OK) {
        return err;
    }
    struct stat status;
    if (lstat(vault->aside, &status) != 0) {
        return pbt__fail_errno(error, "cannot open '%s'", vault->aside);
    }
    return S_ISDIR(status.st_mode)
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_IO, "'%s' is a link, not a folder", vault->aside);
}

/* Make both folders, and make their names durable. */
static pbt_err make_folders(pbt__vault *vault, const char *folder, pbt_error *error)
{
    char parent[PBT__PATH_SIZE];
    pbt_err err = pbt__file_make_folder(folder, error);
    if (err == PBT_OK) {
        err = resolve(vault, folder, error);
    }
    if (err == PBT_OK) {
        err = make_aside(vault, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_sync(vault->folder, error);
    }
    if (err == PBT_OK) {
        err = pbt__path_join(vault->folder, "..", parent, error);
    }
    return err == PBT_OK ? pbt__file_sync(parent, error) : err;
}

pbt_err pbt__vault_open(const char *folder, pbt__vault **out, pbt_error *error)
{
    pbt__vault *vault = pbt__calloc(1, sizeof *vault);
    if (vault == NULL) {
        return pbt__fail_memory(error);
    }
    (void)pthread_mutex_init(&vault->lock, NULL);
    const pbt_err err = pbt__vault_explain(make_folders(vault, folder, error), error);
    if (err != PBT_OK) {
        pbt__vault_close(vault);
        return err;
    }
    remember(vault);
    *out = vault;
    return PBT_OK;
}

pbt_err pbt__vault_find(const char *folder, pbt__vault **out, pbt_error *error)
{
    pbt__vault *vault = pbt__calloc(1, sizeof *vault);
    if (vault == NULL) {
        return pbt__fail_memory(error);
    }
    (void)pthread_mutex_init(&vault->lock, NULL);
    const bool is_absent = access(folder, F_OK) != 0 && errno == ENOENT;
    const pbt_err err =
        is_absent ? name_folders(vault, folder, error) : resolve(vault, folder, error);
    if (err != PBT_OK) {
        pbt__vault_close(vault);
        return err;
    }
    remember(vault);
    *out = vault;
    return PBT_OK;
}

pbt_err pbt__vault_reach(const pbt__vault *vault, pbt_error *error)
{
    return access(vault->aside, R_OK | W_OK | X_OK) == 0
               ? PBT_OK
               : pbt__fail_errno(error, "cannot reach the checkpoint folder '%.150s'",
                                 vault->folder);
}

bool pbt__vault_is_full(const pbt__vault *vault)
{
    struct statvfs status;
    if (statvfs(vault->aside, &status) != 0 || status.f_blocks == 0) {
        return false; /* some file systems count nothing */
    }
    return (geteuid() == 0 ? status.f_bfree : status.f_bavail) == 0;
}

void pbt__vault_close(pbt__vault *vault)
{
    if (vault == NULL) {
        return;
    }
    if (vault->mark[0] != '\0') {
        (void)unlink(vault->mark); /* else a sweep does */
    }
    (void)pthread_mutex_destroy(&vault->lock);
    free(vault->publications);
    free(vault);
}

/* ---- removing ----------------------------------------------------------------------------------
 */

static bool is_there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

pbt_err pbt__vault_discard(pbt__vault *vault, const char *path, pbt_error *error)
{
    if (!is_there(path)) {
        return PBT_OK;
    }
    char name[PBT__CHECKPOINT_NAME_SIZE], gone[PBT__PATH_SIZE];
    (void)snprintf(name, sizeof name, "gone.%ld.%u", (long)getpid(),
                   atomic_fetch_add(&vault->gone_count, 1));
    pbt_err err = pbt__path_join(vault->aside, name, gone, error);
    if (err == PBT_OK) {
        /* A process of the same number may have died here. */
        err = pbt__file_remove(gone, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_rename(path, gone, error);
        if (err == PBT_ERR_IO && errno == ENOENT) {
            return PBT_OK; /* another process was faster */
        }
    }
    return err == PBT_OK ? pbt__file_remove(gone, error) : err;
}

pbt_err pbt__vault_remove(pbt__vault *vault, pbt_segment_id id, int32_t attempt, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    const pbt_err err = find_path(vault, id, attempt, path, error);
    return err == PBT_OK ? pbt__vault_discard(vault, path, error) : err;
}

/* ---- writing aside -----------------------------------------------------------------------------
 */

pbt_err pbt__vault_path(const pbt__vault *vault, pbt_segment_id id, int32_t attempt, char *out,
                        pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    const pbt_err err = find_path(vault, id, attempt, path, error);
    if (err == PBT_OK) {
        memcpy(out, path, strlen(path) + 1);
    }
    return err;
}

pbt_err pbt__vault_aside(pbt__vault *vault, pbt_segment_id id, int32_t attempt, char *out,
                         pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    if (attempt < 1) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "attempts count from 1, not %" PRId32, attempt);
    }
    pbt_err err = find_path(vault, id, attempt, path, error);
    if (err == PBT_OK) {
        err = pbt__vault_discard(vault, path, error);
    }
    if (err == PBT_OK) {
        memcpy(out, path, strlen(path) + 1);
    }
    return pbt__vault_explain(err, error);
}

pbt_err pbt__vault_aside_new(pbt__vault *vault, pbt_segment_id id, int32_t attempt, char *out,
                             pbt_error *error)
{
    return vault->is_swept ? pbt__vault_path(vault, id, attempt, out, error)
                           : pbt__vault_aside(vault, id, attempt, out, error);
}

pbt_err pbt__vault_write(pbt__vault *vault, pbt_segment_id id, int32_t attempt, const void *bytes,
                         size_t length, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err = pbt__vault_aside(vault, id, attempt, path, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__vault_explain(pbt__file_write(path, bytes, length, error), error);
    if (err != PBT_OK) {
        /* A torn file is no progress and holds the space that is missing. What cannot be removed
         * now is swept later. */
        const pbt_err ignored = pbt__vault_discard(vault, path, NULL);
        (void)ignored;
    }
    return err;
}
