/*
 * kin.h: processes that trainers started, wherever they went.
 *
 * Signals reach a trainer's process group. torchrun starts its ranks in their own sessions, outside
 * of that group, and so does every daemon. But children inherit their environment, so each slot
 * gives its trainers a variable (PBT_SLOT); every process that was started with it is kin.
 *
 * Not found are processes with another environment (`env -i`; a keeper finds those by descent,
 * keeper.h), of another user, or started by a daemon on request (a container, a batch job).
 */
#ifndef PBT_EXECUTOR_KIN_H
#define PBT_EXECUTOR_KIN_H

enum { PBT__KIN_MARK_SIZE = 64 };

/* Kill every process with a variable that begins with `mark`, such as "PBT_SLOT=c0ffee". Returns
 * how many were. Safe between fork and exec. */
int pbt__kin_kill(const char *mark);

/* Kill every child of the calling process. Returns how many were. Safe as above. */
int pbt__kin_kill_children(void);

#endif
