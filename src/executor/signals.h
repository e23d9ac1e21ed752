/*
 * signals.h: what a user's signals ask of `pbt run`.
 *
 * Handlers only count; the main thread looks several times a second. Signals are not blocked or
 * ignored, because trainers would inherit that and not get SIGTERM.
 */
#ifndef PBT_EXECUTOR_SIGNALS_H
#define PBT_EXECUTOR_SIGNALS_H

#include <stdbool.h>

/* Begin to count SIGINT and SIGTERM, and SIGHUP where it is the first (an ignored one stays
 * ignored: a job in the background, nohup), and survive a closed pipe. */
void pbt__signals_install(void);

/* Survive a write beyond the file size limit (ulimit -f): it fails, and says so. */
void pbt__signals_survive(void);

/* Say whether any came. Threads: any. */
bool pbt__signals_have_come(void);

/* Report an exit() of another thread (a plugin may call it), and end the program with a status that
 * is not 0. */
void pbt__exits_watch(void);

/* How many came. */
int pbt__signals_count(void);

/* 128 + the first of them: the exit status it asks for. */
int pbt__signals_exit_status(void);

#endif
