/*
 * checkpoint_check.c: comparing a checkpoint with its record.
 *
 * The cheap check looks at names, sizes and times only, before each local load; it finds changes by
 * programs and people. Another time or inode may be that of a copy, such as a restored backup: then
 * its bytes are read. Damage that keeps size, time and inode is found only by reading every byte.
 */
#include <inttypes.h>

#include "base/error.h"
#include "base/file.h"
#include "study/checkpoint_tree.h"

static const char *kind_name(pbt__checkpoint_kind kind)
{
    switch (kind) {
    case PBT__CHECKPOINT_FILE:
        return "a file";
    case PBT__CHECKPOINT_FOLDER:
        return "a folder";
    case PBT__CHECKPOINT_INLINE:
        return "one inside the store";
    case PBT__CHECKPOINT_NONE:
        break;
    }
    return "none";
}

static pbt_err describe(const pbt__vault *vault, pbt_segment_id id, int32_t attempt, unsigned what,
                        char *path, pbt__checkpoint *out, pbt_error *error)
{
    pbt_err err = pbt__vault_path(vault, id, attempt, path, error);
    if (err == PBT_OK) {
        err = pbt__tree_describe(path, what, out, error);
    }
    return err == PBT_ERR_NOT_FOUND
               ? pbt__fail(error, PBT_ERR_CHECKPOINT, "the checkpoint '%s' is missing", path)
               : err;
}

static pbt_err compare_sizes(const char *path, const pbt__checkpoint *found,
                             const pbt__checkpoint *record, pbt_error *error)
{
    if (found->kind != record->kind) {
        (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "the checkpoint '%s' is of another kind", path);
        pbt__error_detail(error, "it is %s; %s was recorded", kind_name(found->kind),
                          kind_name(record->kind));
        return PBT_ERR_CHECKPOINT;
    }
    if (found->size_bytes != record->size_bytes) {
        (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "the checkpoint '%s' has another size", path);
        pbt__error_detail(error, "it has %" PRId64 " bytes; %" PRId64 " were recorded",
                          found->size_bytes, record->size_bytes);
        return PBT_ERR_CHECKPOINT;
    }
    return PBT_OK;
}

pbt_err pbt__vault_check(const pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                         const pbt__checkpoint *record, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt__checkpoint found = {.kind = PBT__CHECKPOINT_NONE};
    pbt_err err = describe(vault, id, attempt, 0, path, &found, error);
    if (err == PBT_OK) {
        err = compare_sizes(path, &found, record, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    bool is_same = found.modified_ns == record->modified_ns && found.inode == record->inode;
    return is_same ? PBT_OK : pbt__vault_verify(vault, id, attempt, record, error);
}

pbt_err pbt__vault_verify(const pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                          const pbt__checkpoint *record, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt__checkpoint found = {.kind = PBT__CHECKPOINT_NONE};
    pbt_err err = describe(vault, id, attempt, PBT__TREE_DIGEST, path, &found, error);
    if (err == PBT_OK) {
        err = compare_sizes(path, &found, record, error);
    }
    if (err == PBT_OK && !pbt__digest_equal(found.digest, record->digest)) {
        char digest[PBT__DIGEST_TEXT_SIZE], recorded[PBT__DIGEST_TEXT_SIZE];
        pbt__digest_write(found.digest, digest);
        pbt__digest_write(record->digest, recorded);
        err = pbt__fail(error, PBT_ERR_CHECKPOINT, "the checkpoint '%s' has other bytes", path);
        pbt__error_detail(error, "its digest is %s; %s was recorded", digest, recorded);
    }
    return err;
}
