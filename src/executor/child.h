/*
 * child.h: one process of a trainer, from start to reaping.
 *
 * To stop is SIGTERM to the process's group and, PBT__GRACE_US later, SIGKILL; `now` is SIGKILL at
 * once. When the process has ended, its group is killed: otherwise its children would hold files
 * open and write where the next attempt writes. After a failure, processes that left the group are
 * killed too (keeper.h, kin.h); otherwise they may go on until the run ends.
 *
 * A batch system, systemd and Ctrl-C signal every process they know of, in any order: a trainer may
 * be stopped a moment before pbt is. So an end that looks like a failure is judged a moment later;
 * if a stop explains it, it is no failure:
 *
 *     outside               trainer                  pbt
 *     SIGTERM ────────────► ends
 *        │                                           sees the end, holds it for PBT__HOLD_US
 *        └─────────────────────────────────────────► is told to stop: the segment is given back
 */
#ifndef PBT_EXECUTOR_CHILD_H
#define PBT_EXECUTOR_CHILD_H

#include "executor/keeper.h"
#include "executor/slot.h"

enum { PBT__GRACE_US = 30000000, PBT__HOLD_US = 500000 };

typedef struct pbt__child {
    pbt__slot *slot;
    pid_t pid; /* its group's number too; no child of ours, but its keeper's */
    pbt__keeper keeper;
    bool has_status;
    int ended; /* pidfd: readable when the process has ended; -1: none */
    bool was_told;
    int64_t told_us; /* of the wall's clock: when it was told, or was seen to have ended before */
    int64_t kill_us; /* monotonic; 0: no such time is set, or it has passed */
    int status;      /* as waitpid says, once it was looked at or reaped */
} pbt__child;

/* Start it for a slot. On success the caller reaps it, once `ended` is readable. Errors: as
 * pbt__spawn. */
PBT_MUST_USE pbt_err pbt__child_start(pbt__child *child, pbt__slot *slot,
                                      const pbt__spawn_options *options, pbt_error *error);

/* Tell it to end, with a grace; or end it at once. */
void pbt__child_tell(pbt__child *child);
void pbt__child_kill(pbt__child *child);

/* Do what is due about stopping. Returns how long to wait for anything, in milliseconds; -1: for
 * ever. */
int pbt__child_stop_where_due(pbt__child *child);

/* Do what is due about stopping, and wait for what comes at `output`, for the process's end where
 * that was not looked at yet, or for a word to the slot. Units: milliseconds at most; -1: no bound.
 * Returns which of the two has come. */
enum { PBT__CHILD_ENDED = 1, PBT__CHILD_SPEAKS = 2 };
int pbt__child_wait(pbt__child *child, int output, int milliseconds);

/* Read the status of a process that has ended, without reaping it. */
void pbt__child_peek(pbt__child *child);

/* After its end: wait at most `hold_us` for a stop. Returns whether it was told to stop, before or
 * meanwhile. */
bool pbt__child_hold(pbt__child *child, int64_t hold_us);

/* Say whether it died of a signal that asks to stop, or exited like a shell whose program died of
 * one. */
bool pbt__child_was_stopped(const pbt__child *child);

/* Kill what is left of its group, reap it, close `ended`. */
void pbt__child_reap(pbt__child *child);

/* Say how it ended, such as "'train.py' exited with status 1"; false if the status is 0. */
bool pbt__child_describe(const pbt__child *child, const char *name, char *out, size_t size);

#endif
