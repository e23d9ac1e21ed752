/* watch.h: from the start of a study's slots to their end: what is shown, and what signals ask. */
#ifndef PBT_CLI_WATCH_H
#define PBT_CLI_WATCH_H

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
} pbt__watch;

/* Show the study until every slot has ended. The first SIGINT, SIGTERM or SIGHUP asks the slots to
 * end, the second ends them at once. Errors: what reading the study meets; the slots have been
 * asked to end. */
PBT_MUST_USE pbt_err pbt__watch_run(const pbt__watch *watch, pbt_error *error);

#endif
