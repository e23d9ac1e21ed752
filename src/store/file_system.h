/*
 * file_system.h: where a store in a file must not lie.
 *
 * SQLite's write-ahead log needs memory that all who use the file share, and locks that hold. Of
 * file systems that several machines mount neither can be relied on: they work until a second
 * machine looks, and then the store is damaged without a word. So these are refused beforehand,
 * also where just one machine uses them today.
 */
#ifndef PBT_STORE_FILE_SYSTEM_H
#define PBT_STORE_FILE_SYSTEM_H

#include <pbt/pbt.h>

/* Name the network file system that statfs(2)'s f_type stands for, and for FUSE the type that
 * mountinfo shows ("fuse.sshfs"); NULL where it is another. Owner: static */
const char *pbt__file_system_network(long magic, const char *type);

/*
 * Refuse a file, there already or yet to be made, on a network file system; what cannot be found
 * out passes. `magic_of` stands in for statfs(2) in tests. Errors: PBT_ERR_ARGUMENT with a hint.
 * Nullable: magic_of, error.
 */
PBT_MUST_USE pbt_err pbt__file_system_check(const char *path, long (*magic_of)(const char *path),
                                            pbt_error *error);

#endif
