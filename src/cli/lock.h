/* lock.h: one `pbt run` per store at a time: flock(2) on STORE.lock, which names its holder. */
#ifndef PBT_CLI_LOCK_H
#define PBT_CLI_LOCK_H

#include "cli/place.h"

/*
 * Take the lock of a store that is a file; one that is not needs none. It lasts until release or
 * the process ends, however it ends; the file stays. `*descriptor` is -1 where there is no lock.
 * Errors: PBT_ERR_BUSY naming the process that holds it, PBT_ERR_IO.
 */
PBT_MUST_USE pbt_err pbt__lock_take(const pbt__place *place, int *descriptor, pbt_error *error);
void pbt__lock_release(int descriptor);

/* The process that holds the lock; 0 where nobody does, or it does not say. */
long pbt__lock_holder(const pbt__place *place);

#endif
