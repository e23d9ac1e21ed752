/*
 * kin.h: what trainers started, wherever it went.
 *
 * Signals reach a trainer's process group. torchrun starts its ranks in sessions of their own, out
 * of that group, and so does every daemon. But children inherit their environment, so each slot
 * gives its trainers a variable of its own (PBT_SLOT), and whoever carries it in what he was
 * started with is kin.
 *
 * Not found are processes that were started with another environment (`env -i`), which a keeper
 * finds by descent (keeper.h), by another user, or by someone else on a trainer's request: a
 * container's, a batch system's.
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
