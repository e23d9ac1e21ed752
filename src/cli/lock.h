/*
 * lock.h: one `pbt run` per store at a time.
 *
 * flock(2) on STORE.lock, which names its holder, and on the store itself: a lock file can be
 * removed, and a store can have two names (hard links), but it is one file.
 */
#ifndef PBT_CLI_LOCK_H
#define PBT_CLI_LOCK_H

#include "cli/place.h"

typedef struct pbt__lock {
    int file, store; /* descriptors of STORE.lock and of the store; -1: none is held, or needed */
} pbt__lock;
#define PBT__LOCK_NONE ((pbt__lock){.file = -1, .store = -1})

/*
 * Take the lock of a store that is a file; one that is not needs none. It lasts until release or
 * the process ends, however it ends; the file stays. A store that is not there is made, empty.
 * Errors: PBT_ERR_BUSY naming the process that holds it, PBT_ERR_IO.
 */
PBT_MUST_USE pbt_err pbt__lock_take(const pbt__place *place, pbt__lock *lock, pbt_error *error);

/* Make STORE.lock again where somebody removed it: others find the owner by it. The store itself
 * stays locked meanwhile. */
void pbt__lock_keep(pbt__lock *lock, const pbt__place *place);

/* Not before the store is closed: SQLite's locks would go with the descriptor. */
void pbt__lock_release(pbt__lock *lock);

/* Say whether it is certain that no run holds the lock: the lock file is there and free, and so is
 * the store. */
bool pbt__lock_is_free(const pbt__place *place);

/* The process that holds the lock; 0 where nobody does, or it does not say. */
long pbt__lock_holder(const pbt__place *place);

#endif
