/* rescue.h: a run whose store was removed ends, and writes what it knows to a file beside it. */
#ifndef PBT_CLI_RESCUE_H
#define PBT_CLI_RESCUE_H

#include "cli/place.h"
#include "study/study.h"

/*
 * At the end of a run, when nothing trains any more: check that the store and checkpoints are in
 * place. If not, that is the reason for the end: `error` says it, and the segments of `worker` are
 * given back. Returns its code, else `err`.
 */
PBT_MUST_USE pbt_err pbt__rescue_check(pbt__study *study, const char *worker, pbt_err err,
                                       pbt_error *error);

/* If the store is not in place, copy the open store into a file beside it, and say in the error
 * where it is and how to go on. Otherwise do nothing. Nullable: study. */
void pbt__rescue(pbt__store *store, const pbt__study *study, const pbt__place *place,
                 pbt_error *error);

#endif
