/*
 * control.h: a study that a command changes.
 *
 * The change goes to the server that was named; or to the owner of the store if it trains the
 * study, so that it obeys at once; otherwise the command writes to the store itself. It does so too
 * if the owner does not answer: a study follows its log, whichever process wrote it.
 */
#ifndef PBT_CLI_CONTROL_H
#define PBT_CLI_CONTROL_H

#include "cli/alive.h"
#include "cli/place.h"
#include "study/study.h"
#include "worker/http.h"

typedef struct pbt__control {
    pbt__place place;
    const char *name;
    enum { PBT__BY_STORE, PBT__BY_OWNER, PBT__BY_SERVER } way;
    pbt__http http;    /* unless PBT__BY_STORE */
    pbt__store *store; /* opened when it is first needed, */
    pbt__alive alive;
    pbt__study *study; /* and so is this */
} pbt__control;

/* Change a study, and say what was done. */
typedef pbt_err (*pbt__change)(const pbt__arguments *arguments, pbt__control *control,
                               pbt_error *error);

/* Open the study that the first operand names, change it, and close it. Prints the error, if any,
 * and returns the exit status. */
int pbt__control_run(const pbt__arguments *arguments, pbt__change change);

/* As the calls of study.h of that name. */
PBT_MUST_USE pbt_err pbt__control_stop(pbt__control *control, pbt_error *error);
PBT_MUST_USE pbt_err pbt__control_resume(pbt__control *control, pbt_error *error);
PBT_MUST_USE pbt_err pbt__control_revive(pbt__control *control, const int32_t *members,
                                         size_t count, pbt_error *error);
PBT_MUST_USE pbt_err pbt__control_amend(pbt__control *control, const char *const *keys,
                                        const char *const *values, size_t count, pbt_error *error);

#endif
