/*
 * checkpoint_publish.c: from an attempt's place aside to a published name.
 *
 * A rename within one file system is atomic, so a process killed between any two lines leaves a
 * published name whole or absent:
 *
 *     .aside/m3s12.1   written, synced ──┐
 *     m3s12                              └─ renamed, folder synced ─── recorded
 *     killed here      nothing published    nobody recorded it: swept  the record holds
 *
 * Files of a dead process must not be taken for another attempt's before the sweep: a trainer that
 * saved nothing must not get earlier weights. So a published name belongs to an attempt only if
 * this vault renamed it for that attempt and remembers its inode (the transaction failed, and the
 * report is repeated).
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/checkpoint_tree.h"
#include "study/checkpoint_vault.h"

/* Where one goes from and to. */
struct way {
    pbt_segment_id id;
    int32_t attempt;
    char aside[PBT__PATH_SIZE], published[PBT__PATH_SIZE];
};

static pbt_err find_way(const pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                        struct way *out, pbt_error *error)
{
    out->id = id;
    out->attempt = attempt;
    const pbt_err err = pbt__vault_path(vault, id, attempt, out->aside, error);
    return err == PBT_OK ? pbt__vault_path(vault, id, 0, out->published, error) : err;
}

/* ---- refusals -------------------------------------------------------------------------------- */

static pbt_err fail_absent(const char *path, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "there is no checkpoint at '%s'", path);
    pbt__error_hint(error, "a trainer writes a file or a folder where it is told to save");
    return PBT_ERR_CHECKPOINT;
}

static pbt_err fail_void(const char *path, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "there is no file in the checkpoint '%s'", path);
    pbt__error_hint(error, "save into the folder before the report");
    return PBT_ERR_CHECKPOINT;
}

static pbt_err fail_changed(const char *path, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "'%s' is still being written", path);
    pbt__error_hint(error,
                    "report when all is on disk: wait for a save that runs in the background");
    return PBT_ERR_CHECKPOINT;
}

/* ---- what was published before --------------------------------------------------------------- */

static bool is_there(const char *path, uint64_t *inode)
{
    struct stat status;
    if (lstat(path, &status) != 0) {
        return false;
    }
    *inode = status.st_ino;
    return true;
}

/* Say whether what lies under the published name is what this vault renamed for the attempt. */
static bool was_published(pbt__vault *vault, const struct way *way)
{
    uint64_t inode = 0;
    if (!is_there(way->published, &inode)) {
        return false;
    }
    (void)pthread_mutex_lock(&vault->lock);
    const bool has_any = way->id.member < vault->publication_count;
    const pbt__publication last =
        has_any ? vault->publications[way->id.member] : (pbt__publication){.attempt = 0};
    (void)pthread_mutex_unlock(&vault->lock);
    return last.attempt == way->attempt && last.number == way->id.number && last.inode == inode;
}

static bool has_place(pbt__vault *vault, int32_t member)
{
    if (member < vault->publication_count) {
        return true;
    }
    const int32_t count = member < INT32_MAX / 2 ? 2 * member + 1 : member;
    pbt__publication *grown = pbt__calloc((size_t)count, sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    for (int32_t m = 0; m < vault->publication_count; m++) {
        grown[m] = vault->publications[m];
    }
    free(vault->publications);
    vault->publications = grown;
    vault->publication_count = count;
    return true;
}

static pbt_err remember(pbt__vault *vault, const struct way *way, uint64_t inode, pbt_error *error)
{
    (void)pthread_mutex_lock(&vault->lock);
    const bool has_room = has_place(vault, way->id.member);
    if (has_room) {
        vault->publications[way->id.member] = (pbt__publication){
            .number = way->id.number,
            .attempt = way->attempt,
            .inode = inode,
        };
    }
    (void)pthread_mutex_unlock(&vault->lock);
    return has_room ? PBT_OK : pbt__fail_memory(error);
}

/* ---- preparing ------------------------------------------------------------------------------- */

/* Say whether a checkpoint is a folder without any file, which would be the newest. */
static bool is_void(const pbt__checkpoint *described)
{
    return described->kind == PBT__CHECKPOINT_FOLDER && described->size_bytes == 0 &&
           described->modified_ns == 0;
}

/* Make what is at `path` durable and describe it. Reading all of it takes a while; who still writes
 * there is found by a second look. */
static pbt_err describe(const char *path, pbt__checkpoint *out, pbt_error *error)
{
    pbt__checkpoint again = {.kind = PBT__CHECKPOINT_NONE};
    pbt_err err = pbt__tree_describe(path, PBT__TREE_SYNC | PBT__TREE_DIGEST, out, error);
    if (err == PBT_ERR_NOT_FOUND) {
        return fail_absent(path, error);
    }
    if (err == PBT_OK && is_void(out)) {
        return fail_void(path, error);
    }
    if (err == PBT_OK) {
        err = pbt__tree_describe(path, 0, &again, error);
    }
    const bool has_changed = again.inode != out->inode || again.size_bytes != out->size_bytes ||
                             again.changed_ns != out->changed_ns;
    const bool is_torn = err == PBT_ERR_NOT_FOUND || (err == PBT_OK && has_changed);
    return is_torn ? fail_changed(path, error) : err;
}

static pbt_err prepare_aside(const pbt__vault *vault, const struct way *way, pbt__checkpoint *out,
                             pbt_error *error)
{
    const pbt_err err = describe(way->aside, out, error);
    return err == PBT_OK ? pbt__file_sync(vault->aside, error) : err;
}

pbt_err pbt__vault_prepare_progress(pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                    pbt__checkpoint *out, pbt_error *error)
{
    struct way way;
    pbt__checkpoint described;
    pbt_err err = find_way(vault, id, attempt, &way, error);
    if (err == PBT_OK) {
        err = prepare_aside(vault, &way, &described, error);
    }
    if (err == PBT_OK) {
        *out = described;
    }
    return pbt__vault_explain(err, error);
}

pbt_err pbt__vault_prepare(pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                           pbt__checkpoint *out, pbt_error *error)
{
    struct way way;
    pbt__checkpoint described;
    uint64_t inode = 0;
    pbt_err err = find_way(vault, id, attempt, &way, error);
    if (err != PBT_OK) {
        return err;
    }
    if (!is_there(way.aside, &inode) && was_published(vault, &way)) {
        err =
            describe(way.published, &described, error); /* pbt__vault_sync makes the name durable */
    } else {
        err = prepare_aside(vault, &way, &described, error);
    }
    if (err == PBT_OK) {
        *out = described;
    }
    return pbt__vault_explain(err, error);
}

/* ---- publishing ------------------------------------------------------------------------------ */

static pbt_err move(pbt__vault *vault, const struct way *way, uint64_t inode, pbt_error *error)
{
    pbt_err err = remember(vault, way, inode, error);
    if (err == PBT_OK) {
        err = pbt__vault_discard(vault, way->published, error);
    }
    return err == PBT_OK ? pbt__file_rename(way->aside, way->published, error) : err;
}

pbt_err pbt__vault_publish(pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                           const pbt__checkpoint *prepared, pbt_error *error)
{
    struct way way;
    uint64_t inode = 0;
    pbt_err err = find_way(vault, id, attempt, &way, error);
    if (err != PBT_OK) {
        return err;
    }
    if (!is_there(way.aside, &inode)) {
        return was_published(vault, &way) ? PBT_OK : fail_absent(way.aside, error);
    }
    if (inode != prepared->inode) {
        return fail_changed(way.aside, error);
    }
    return pbt__vault_explain(move(vault, &way, inode, error), error);
}

pbt_err pbt__vault_sync(pbt__vault *vault, pbt_error *error)
{
    return pbt__vault_explain(pbt__file_sync(vault->folder, error), error);
}
