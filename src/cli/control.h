/*
 * control.h: a study that a command changes, through whoever answers for it.
 *
 * That is the server that was named; or the owner of the store, if it lives and trains the study,
 * so that one process writes and obeys at once; or nobody, and then the command writes to the store
 * itself. An owner that does not answer keeps nobody from it: what a study does is in its log,
 * whoever wrote it there.
 */
#ifndef PBT_CLI_CONTROL_H
#define PBT_CLI_CONTROL_H

#include "cli/place.h"
#include "study/study.h"
#include "worker/http.h"

typedef struct pbt__control {
    pbt__place place;
    const char *name;
    enum { PBT__BY_STORE, PBT__BY_OWNER, PBT__BY_SERVER } way;
    pbt__http http;    /* unless PBT__BY_STORE */
    pbt__store *store; /* opened when it is first needed, */
    pbt__study *study; /* and so is this */
} pbt__control;

/* Change a study, and say what was done. */
typedef pbt_err (*pbt__change)(const pbt__arguments *arguments, pbt__control *control,
                               pbt_error *error);

/* Find the way to the study that the first operand names, change it, and let go; prints the error,
 * if any, and returns the exit status. */
int pbt__control_run(const pbt__arguments *arguments, pbt__change change);

/* As the calls of study.h of that name. */
PBT_MUST_USE pbt_err pbt__control_stop(pbt__control *control, pbt_error *error);
PBT_MUST_USE pbt_err pbt__control_resume(pbt__control *control, pbt_error *error);
PBT_MUST_USE pbt_err pbt__control_revive(pbt__control *control, const int32_t *members,
                                         size_t count, pbt_error *error);
PBT_MUST_USE pbt_err pbt__control_amend(pbt__control *control, const char *const *keys,
                                        const char *const *values, size_t count, pbt_error *error);

#endif
