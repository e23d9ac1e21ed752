/*
 * fault.h: making the N-th operation fail, for tests.
 *
 * Each seam (memory, file, the store's test VFS) asks pbt__fault() before it acts. In a build
 * without PBT_FAULTS the question is a constant and disappears. The countdown is global and atomic:
 * N = 1 fails the next operation of a kind in `kinds`, and the count stays at 0 afterwards.
 */
#ifndef PBT_BASE_FAULT_H
#define PBT_BASE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PBT__FAULT_MEMORY = 1,
    PBT__FAULT_WRITE = 2, /* opening for writing, writing, renaming, removing, making folders */
    PBT__FAULT_SYNC = 4,
    PBT__FAULT_READ = 8,
    PBT__FAULT_STORE = 16, /* the store's own file operations */
    PBT__FAULT_ALL = 31,
};

#ifdef PBT_FAULTS
/* Arm: the `n`-th operation from now of one of `kinds` fails, once. n = 0 disarms. */
void pbt__fault_arm(int64_t n, unsigned kinds);
/* Say whether the armed fault has fired since. */
bool pbt__fault_has_fired(void);
/* Ask whether this operation is to fail. */
bool pbt__fault(unsigned kind);
#else
static inline bool pbt__fault(unsigned kind)
{
    (void)kind;
    return false;
}
#endif

#endif
