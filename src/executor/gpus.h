/* gpus.h: which processors and GPUs a run gives to its slots, and how many slots there are. */
#ifndef PBT_EXECUTOR_GPUS_H
#define PBT_EXECUTOR_GPUS_H

#include "spec/spec.h"

/* Names as CUDA_VISIBLE_DEVICES takes them: numbers or UUIDs. */
typedef struct pbt__gpus {
    const char **names; /* Shape: names[count] */
    int32_t count;
    char *text;           /* what the names point into */
    const char *variable; /* by which a worker is told of its own */
    bool is_given;        /* by a user's --gpus; else they were found */
} pbt__gpus;

/*
 * Find them: those of `list` ("0,1,1"); if it is NULL those of $CUDA_VISIBLE_DEVICES or
 * $ROCR_VISIBLE_DEVICES, which a cluster sets to what it allotted ("", "-1" and "NoDevFiles" are
 * none); else as many as Slurm or the
 * driver counts. Errors: PBT_ERR_ARGUMENT, PBT_ERR_MEMORY. Nullable: list.
 */
PBT_MUST_USE pbt_err pbt__gpus_find(const char *list, pbt__gpus *out, pbt_error *error);
void pbt__gpus_fini(pbt__gpus *gpus);

/* Refuse GPUs that are given to a trainer that uses none. Errors: PBT_ERR_ARGUMENT. */
PBT_MUST_USE pbt_err pbt__gpus_check(const pbt__gpus *gpus, const pbt_spec *spec, pbt_error *error);

/* Processors this run may use: by affinity, cgroup, and what Slurm has allotted to its job. */
int32_t pbt__processors_find(void);

/* Say how many slots a study gets: `wanted` if it is above 0, else what the GPUs or the
 * processors allow; never more than it has members. */
int32_t pbt__gpus_slots(const pbt__gpus *gpus, const pbt_spec *spec, int32_t wanted);

#endif
