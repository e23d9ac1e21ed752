/* rescue.h: a run whose store is taken away ends, and leaves what it knows beside it. */
#ifndef PBT_CLI_RESCUE_H
#define PBT_CLI_RESCUE_H

#include "cli/place.h"
#include "study/study.h"

/*
 * At the end of a run, when nothing trains any more: see whether what the study stands on is in
 * place. Where it is not, that is what ended the run, whatever else was met: `error` says it, and
 * what `worker` held is given back. Returns its code, else `err`.
 */
PBT_MUST_USE pbt_err pbt__rescue_check(pbt__study *study, const char *worker, pbt_err err,
                                       pbt_error *error);

/* Where the store is not in place, copy what is open into a file beside it, and say in the error
 * where that is and how to go on with it; a no-op where it is. Nullable: study, what was opened. */
void pbt__rescue(pbt__store *store, const pbt__study *study, const pbt__place *place,
                 pbt_error *error);

#endif
