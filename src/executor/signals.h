/*
 * signals.h: what a user's signals ask of `pbt run`.
 *
 * Handlers only count; the main thread looks several times a second. They are handlers rather than
 * blocked or ignored signals because a trainer inherits those, and would not hear its own SIGTERM.
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

/* Have an exit() that is not ours told, and end the program with a status that is not 0: a plugin
 * in a thread may call it. Ours are the main thread's. */
void pbt__exits_watch(void);

/* How many came. */
int pbt__signals_count(void);

/* 128 + the first of them: the exit status it asks for. */
int pbt__signals_exit_status(void);

#endif
