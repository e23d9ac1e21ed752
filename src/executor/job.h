/*
 * job.h: an assignment as a plugin sees it.
 *
 * A job has copies of everything the plugin may read while it trains: if its slot is abandoned, the
 * study is gone before the plugin returns.
 */
#ifndef PBT_EXECUTOR_JOB_H
#define PBT_EXECUTOR_JOB_H

#include <pbt/trainer.h>

#include "executor/slot.h"

/* Make a job for a slot. Owner: the caller frees `*out`, one allocation of pbt__job_room() bytes.
 * Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__job_new(pbt__slot *slot, const pbt__assignment *assignment,
                                  pbt_job **out);

/* Units: bytes that any job of a space fits into. */
size_t pbt__job_room(const pbt_space *space);

/* Fix the pointers of a job that was copied, byte for byte, from the address `from`. */
void pbt__job_move(pbt_job *job, uintptr_t from);

#endif
