/*
 * checkpoint_tree.h: a checkpoint as a tree of files: measured, digested, made durable.
 *
 * The digest of a file is that of its bytes. The digest of a folder is that of its entries, itself
 * aside, one after the other: depth first, a folder before what is in it, the names within a folder
 * in the order of their bytes. Each entry is
 *
 *     'f' or 'd' | path relative to the folder, with '/' between names | NUL | size | bytes
 *
 * with the size as 8 bytes, big-endian; a folder's size is 0 and it has no bytes. Nothing else
 * counts: not times, owners or modes, so a checkpoint keeps its digest when it is copied elsewhere.
 */
#ifndef PBT_STUDY_CHECKPOINT_TREE_H
#define PBT_STUDY_CHECKPOINT_TREE_H

#include "study/checkpoint.h"

/* What to do beside summing sizes and times, which needs no file to be opened. */
enum {
    PBT__TREE_SYNC = 1,   /* make every file and folder durable, the path's own name aside */
    PBT__TREE_DIGEST = 2, /* read every byte; else `digest` is zero */
};

/*
 * Describe the file or folder at `path`. Follows no symbolic link in it.
 * Errors: PBT_ERR_NOT_FOUND (nothing there), PBT_ERR_CHECKPOINT (a kind that is refused, or it
 * changed while it was read), PBT_ERR_LIMIT (depth, entries, path), PBT_ERR_IO, PBT_ERR_MEMORY.
 * Nullable: error.
 */
PBT_MUST_USE pbt_err pbt__tree_describe(const char *path, unsigned what, pbt__checkpoint *out,
                                        pbt_error *error);

#endif
