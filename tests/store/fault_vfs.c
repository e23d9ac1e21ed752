/*
 * fault_vfs.c: a shim over SQLite's own VFS, and one over its allocator.
 *
 * Opening, reading, writing, syncing, truncating, deleting and mapping the -shm file count as
 * operations of the kind PBT__FAULT_STORE. A write that fails has written its first half, as a full
 * disk does.
 */
#include "fault_vfs.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"

typedef struct shim_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
} shim_file;

static sqlite3_vfs *system_vfs;
static int write_code = SQLITE_IOERR_WRITE;

static bool fails(void)
{
    return pbt__fault(PBT__FAULT_STORE);
}

static sqlite3_file *real(sqlite3_file *file)
{
    return ((shim_file *)file)->real;
}

/* ---- operations that can fail ---- */

static int shim_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset)
{
    return fails() ? SQLITE_IOERR_READ
                   : real(file)->pMethods->xRead(real(file), bytes, count, offset);
}

static int shim_write(sqlite3_file *file, const void *bytes, int count, sqlite3_int64 offset)
{
    if (fails()) {
        (void)real(file)->pMethods->xWrite(real(file), bytes, count / 2, offset);
        return write_code;
    }
    return real(file)->pMethods->xWrite(real(file), bytes, count, offset);
}

static int shim_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    return fails() ? SQLITE_IOERR_TRUNCATE : real(file)->pMethods->xTruncate(real(file), size);
}

static int shim_sync(sqlite3_file *file, int flags)
{
    return fails() ? SQLITE_IOERR_FSYNC : real(file)->pMethods->xSync(real(file), flags);
}

static int shim_map(sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    return fails() ? SQLITE_IOERR_SHMMAP
                   : real(file)->pMethods->xShmMap(real(file), region, size, extend, out);
}

/* ---- operations that are passed on ---- */

static int shim_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int shim_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real(file)->pMethods->xFileSize(real(file), size);
}

static int shim_lock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xLock(real(file), level);
}

static int shim_unlock(sqlite3_file *file, int level)
{
    return real(file)->pMethods->xUnlock(real(file), level);
}

static int shim_check_reserved(sqlite3_file *file, int *out)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int shim_control(sqlite3_file *file, int operation, void *argument)
{
    return real(file)->pMethods->xFileControl(real(file), operation, argument);
}

static int shim_sector_size(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int shim_characteristics(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int shim_shared_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void shim_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int shim_unmap(sqlite3_file *file, int deletes)
{
    return real(file)->pMethods->xShmUnmap(real(file), deletes);
}

static const sqlite3_io_methods METHODS = {
    .iVersion = 2,
    .xClose = shim_close,
    .xRead = shim_read,
    .xWrite = shim_write,
    .xTruncate = shim_truncate,
    .xSync = shim_sync,
    .xFileSize = shim_size,
    .xLock = shim_lock,
    .xUnlock = shim_unlock,
    .xCheckReservedLock = shim_check_reserved,
    .xFileControl = shim_control,
    .xSectorSize = shim_sector_size,
    .xDeviceCharacteristics = shim_characteristics,
    .xShmMap = shim_map,
    .xShmLock = shim_shared_lock,
    .xShmBarrier = shim_barrier,
    .xShmUnmap = shim_unmap,
};

/* ---- the file system ---- */

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    shim_file *self = (shim_file *)file;
    self->base.pMethods = NULL; /* not open */
    self->real = (sqlite3_file *)(self + 1);
    if (fails()) {
        return SQLITE_CANTOPEN;
    }
    int rc = system_vfs->xOpen(system_vfs, name, self->real, flags, out);
    if (rc == SQLITE_OK) {
        self->base.pMethods = &METHODS;
    }
    return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
    (void)vfs;
    return fails() ? SQLITE_IOERR_DELETE : system_vfs->xDelete(system_vfs, name, sync_folder);
}

/* ---- memory ---- */

static sqlite3_mem_methods system_memory;

static void *shim_malloc(int size)
{
    return pbt__fault(PBT__FAULT_MEMORY) ? NULL : system_memory.xMalloc(size);
}

static void *shim_realloc(void *old, int size)
{
    return pbt__fault(PBT__FAULT_MEMORY) ? NULL : system_memory.xRealloc(old, size);
}

static void must(int rc)
{
    if (rc != SQLITE_OK) {
        fprintf(stderr, "tests/store/fault_vfs: %s\n", sqlite3_errstr(rc));
        abort();
    }
}

void fault_vfs_install(void)
{
    must(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &system_memory));
    sqlite3_mem_methods memory = system_memory;
    memory.xMalloc = shim_malloc;
    memory.xRealloc = shim_realloc;
    must(sqlite3_config(SQLITE_CONFIG_MALLOC, &memory));
    /* Without a cache of its own, SQLite asks for every piece. */
    must(sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0));
    must(sqlite3_initialize());

    static sqlite3_vfs shim;
    system_vfs = sqlite3_vfs_find(NULL);
    shim = *system_vfs;
    shim.zName = "fault";
    shim.szOsFile = (int)sizeof(shim_file) + system_vfs->szOsFile;
    shim.xOpen = shim_open;
    shim.xDelete = shim_delete;
    must(sqlite3_vfs_register(&shim, 1));
}

void fault_vfs_fail_writes_with(int code)
{
    write_code = code;
}
