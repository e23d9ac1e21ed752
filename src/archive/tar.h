/*
 * tar.h: a checkpoint folder as one stream of bytes, between worker and server.
 *
 * It holds only files and folders, with relative names. Refused are links, devices, names that lead
 * out ("..", "/etc"), duplicate names, and archives with holes, which could unpack to more than was
 * sent. Times, owners and modes are not kept.
 */
#ifndef PBT_ARCHIVE_TAR_H
#define PBT_ARCHIVE_TAR_H

#include <pbt/pbt.h>

/* Write a folder into an open file, at its start. Errors: PBT_ERR_IO, PBT_ERR_CHECKPOINT (a kind
 * that is refused), PBT_ERR_LIMIT, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__tar_pack(const char *folder, int file, pbt_error *error);

/* Make a folder that does not exist from an open file, read from its start. What was made before a
 * failure is left. Errors: as above. */
PBT_MUST_USE pbt_err pbt__tar_unpack(int file, const char *folder, pbt_error *error);

#endif
