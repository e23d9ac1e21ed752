/*
 * program.h: what a spec's `trainer.command` runs as: its folder, and each slot's environment.
 *
 * A slot's environment is pbt's own, with the spec's variables in place of those of the same name,
 * OMP_NUM_THREADS, CUDA_VISIBLE_DEVICES (or its like) where there are GPUs to share out, PBT_SLOT
 * by which its processes are known, and, for workers, where the server is and how to speak to it.
 */
#ifndef PBT_EXECUTOR_PROGRAM_H
#define PBT_EXECUTOR_PROGRAM_H

#include "executor/kin.h"
#include "executor/slot.h"

/* local->program of the runners that start processes. */
typedef struct pbt__program {
    char directory[PBT__PATH_SIZE];
    char mark[PBT__KIN_MARK_SIZE]; /* what all slots' PBT_SLOT begins with */
} pbt__program;

/* The runners' `open` and `close`: errors are those of an executor's `start`. */
PBT_MUST_USE pbt_err pbt__program_open(pbt__local *local, pbt_error *error);
void pbt__program_close(pbt__local *local);

/* Their `slot_open` and `slot_close`, into slot->program. */
PBT_MUST_USE pbt_err pbt__program_slot_open(pbt__slot *slot, pbt_error *error);
void pbt__program_slot_close(pbt__slot *slot);

/* A slot's environment, NULL-terminated. Owner: the slot. */
char *const *pbt__program_environment(const pbt__slot *slot);

/* PBT_SLOT as it stands there: no other slot's begins with it. Owner: the slot. */
const char *pbt__program_mark(const pbt__slot *slot);

#endif
