/*
 * warden.h: killing trainers when this process dies, however it dies.
 *
 * A child asks the kernel to be killed with its parent (PDEATHSIG), but its own children (a Python
 * behind a shell script) do not. The warden is a process that knows the groups of all running
 * trainers. It waits for the end of a socket that only we write to; when we die, it kills the
 * groups, then their kin (kin.h).
 *
 *     slot's thread          trainer (before exec)        warden
 *     fork ────────────────► writes +pid ───────────────► adds the group
 *     ...                    exec
 *     reaps the trainer,
 *     writes -pid ──────────────────────────────────────► forgets it
 *     dies ─────────────────────────────────────────────► end of file: kill -9 all, exit
 *
 * The child announces itself, so no instant exists at which it runs unknown; and it is forgotten
 * before it is reaped, so its number cannot be another's yet.
 */
#ifndef PBT_EXECUTOR_WARDEN_H
#define PBT_EXECUTOR_WARDEN_H

#include <pbt/pbt.h>
#include <sys/types.h>

/* Start a warden for at most `group_count` groups at a time, whose kin have variables that begin
 * with `mark`; `*out` is our end of its socket, closed on exec. Errors: PBT_ERR_IO,
 * PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__warden_open(int32_t group_count, const char *mark, int *out,
                                      pbt_error *error);

/* Let the warden go; -1 is no warden. The groups it knows of are killed, and all their kin. */
void pbt__warden_close(int warden);

/* Announce or take back the group of `pid`. Safe between fork and exec. */
void pbt__warden_add(int warden, pid_t pid);
void pbt__warden_remove(int warden, pid_t pid);

#endif
