/*
 * keeper.h: a trainer with all its descendants.
 *
 * Signals reach a trainer's process group, and its environment marks processes that left the group
 * (kin.h); but a daemon may have its own session and an empty environment. So each trainer has a
 * keeper between itself and us: a process that adopts orphaned descendants (PR_SET_CHILD_SUBREAPER)
 * and so finds them by descent.
 *
 *     us                         keeper                     trainer             its daemon
 *     fork ────────────────────► adopts, forks ───────────► own group, exec
 *     polls the trainer's end ◄─ says who it is             forks ────────────► setsid, env -i
 *        ◄───────────────────────────────────────────────── ends
 *     asks how ◄──────────────── says its status            (a zombie: its number stays its own)
 *     ends it, all or the group► kills, reaps ──────────────────────────────────► dies
 *
 * What leaves the group of a trainer that ended well may go on: its keeper stays with it until the
 * run ends. When we die, however we die, our end of the keeper's socket closes, and it kills all
 * that it has. It hears no signal that a terminal or a batch system sends to everybody.
 */
#ifndef PBT_EXECUTOR_KEEPER_H
#define PBT_EXECUTOR_KEEPER_H

#include "executor/spawn.h"

typedef struct pbt__keeper {
    pid_t pid;  /* 0: none */
    int socket; /* our end; it has ended when this one is closed at the other end */
} pbt__keeper;

/* Start a trainer under a keeper: `*trainer` is its process and its group, no child of ours, and
 * not reaped before pbt__keeper_end. Errors: as pbt__spawn. */
PBT_MUST_USE pbt_err pbt__keeper_start(const pbt__spawn_options *options, pbt__keeper *out,
                                       pid_t *trainer, pbt_error *error);

/* Wait for the trainer's end: its status as waitpid has it; SIGKILL where the keeper is dead. */
int pbt__keeper_status(const pbt__keeper *keeper);

/* Kill the trainer's group and reap the trainer; with `all`, kill whatever descends from it.
 * Returns whether the keeper stays, for what is left: then pbt__keeper_close comes later. */
bool pbt__keeper_end(pbt__keeper *keeper, bool all);

/* Say whether a keeper that stayed has ended; then let it go. */
bool pbt__keeper_has_ended(pbt__keeper *keeper);

/* Let it go: whatever is left is killed. Idempotent. */
void pbt__keeper_close(pbt__keeper *keeper);

#endif
