/* fault_vfs.h: SQLite with a file system and a memory whose N-th operation fails (base/fault.h). */
#ifndef TESTS_STORE_FAULT_VFS_H
#define TESTS_STORE_FAULT_VFS_H

/* Put the shims under SQLite. First of all calls that reach it. */
void fault_vfs_install(void);

/* What a write that fails returns from now on: SQLITE_IOERR_WRITE, or SQLITE_FULL. */
void fault_vfs_fail_writes_with(int code);

#endif
