/*
 * notify.h: `pbt run --on-event PROGRAM`: a program that reads each event as a line of JSON.
 *
 * One process reads all events of a run, in order, until its input ends with the run. If it ends
 * earlier it is not started again, so no event is sent twice. Its output goes to a log. It has its
 * own process group: Ctrl-C does not reach it, and its children end with it.
 */
#ifndef PBT_CLI_NOTIFY_H
#define PBT_CLI_NOTIFY_H

#include "cli/follow.h"

typedef struct pbt__notify pbt__notify;

typedef struct pbt__notify_options {
    const char *program; /* as execvp finds it; it has no arguments */
    const char *store;   /* its PBT_STORE; PBT_STUDY is the study's name */
    const char *log;     /* the file its output is appended to */
    int64_t after;       /* the newest event that is not sent */
} pbt__notify_options;

/* Say whether there is such a program. Errors: PBT_ERR_ARGUMENT. */
PBT_MUST_USE pbt_err pbt__notify_check(const char *program, pbt_error *error);

/* Start it. Options and study are borrowed. What goes wrong later is a warning. Errors:
 * PBT_ERR_MEMORY, PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__notify_start(pbt__study *study, const pbt__notify_options *options,
                                       pbt__notify **out, pbt_error *error);

/* Let it read the rest, close its input, and wait for it within the follower's grace. Then end it
 * with SIGTERM and, NOTIFY_KILL_SECONDS later, SIGKILL. Nullable. */
void pbt__notify_finish(pbt__notify *notify);

#endif
