/*
 * file_system.h: file systems on which a store must not be.
 *
 * SQLite's write-ahead log needs shared memory and reliable locks between all users of the file.
 * Network file systems do not guarantee them: they work until a second machine opens the store, and
 * then it is silently damaged. So they are refused, even if only one machine uses them.
 */
#ifndef PBT_STORE_FILE_SYSTEM_H
#define PBT_STORE_FILE_SYSTEM_H

#include <pbt/pbt.h>

/* Name the network file system that statfs(2)'s f_type stands for, and for FUSE the type that
 * mountinfo shows ("fuse.sshfs"); NULL if it is another. Owner: static */
const char *pbt__file_system_network(long magic, const char *type);

/*
 * Refuse a file, there already or yet to be made, on a network file system; what cannot be found
 * out passes. `magic_of` stands in for statfs(2) in tests. Errors: PBT_ERR_ARGUMENT with a hint.
 * Nullable: magic_of, error.
 */
PBT_MUST_USE pbt_err pbt__file_system_check(const char *path, long (*magic_of)(const char *path),
                                            pbt_error *error);

#endif
