/*
 * archive.h: a checkpoint folder as one stream of bytes (tar: ustar headers, pax ones where they do
 * not suffice). Files and folders by relative names; no links, no owners, no times.
 */
#ifndef PBT_WORKER_ARCHIVE_H
#define PBT_WORKER_ARCHIVE_H

#include <stdio.h>

#include "base/file.h"

enum { PBT__ARCHIVE_DEPTH_MAXIMUM = 32 };

/* Write what is in a folder, at the file's start. Errors: PBT_ERR_IO, PBT_ERR_CHECKPOINT (neither a
 * file nor a folder), PBT_ERR_LIMIT. */
PBT_MUST_USE pbt_err pbt__archive_pack(const char *folder, FILE *file, pbt_error *error);

/* Make a folder that does not exist yet out of an archive, read from its start. What was made
 * before a failure is left. Errors: PBT_ERR_CHECKPOINT (no archive, or a name that leads out),
 * PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__archive_unpack(FILE *file, const char *folder, pbt_error *error);

#endif
