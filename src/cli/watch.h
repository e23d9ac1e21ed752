/* watch.h: from the start of a study's slots to their end: what is shown, and what signals ask. */
#ifndef PBT_CLI_WATCH_H
#define PBT_CLI_WATCH_H

#include "cli/lock.h"
#include "cli/service.h"
#include "executor/executor.h"
#include "server/server.h"
#include "study/study.h"

typedef struct pbt__watch {
    pbt__study *study;
    pbt__executor *executor;
    pbt__server *server;    /* told to hand nothing out once a signal asks to end */
    const char *title;      /* two lines: what is run, and where to ask */
    const char *log_folder; /* as it is shown */
    int64_t sequence;       /* the newest event before the slots were started */
    bool is_quiet;
    const pbt__place *place;
    pbt__lock *lock;       /* kept, with what tells others of it, */
    pbt__service *service; /* where this run owns the store */
} pbt__watch;

/* Show the study until every slot has ended. The first SIGINT, SIGTERM or SIGHUP asks the slots to
 * end, the second ends them at once. Errors: what reading the study meets; the slots have been
 * asked to end. */
PBT_MUST_USE pbt_err pbt__watch_run(const pbt__watch *watch, pbt_error *error);

#endif
