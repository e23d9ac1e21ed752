/*
 * checkpoint.h: a study's folder of checkpoints: published whole or not at all.
 *
 * Life of one: a trainer writes it aside (`.aside/m3s12.1`, the attempt in the name); `prepare`
 * makes it durable and digests it, outside any lock; `publish` renames it to `m3s12` under the
 * study's lock, after the attempt was found to be the newest; `sync` makes the names durable, once
 * per transaction; then the record is committed. A process that dies in between leaves a file
 * nobody recorded, which the next attempt replaces and `sweep` removes; no attempt is ever recorded
 * with it, since only a rename from the attempt's own place, or the memory of one, makes a file an
 * attempt's. Removal is the other way
 * round: first the log says it is gone, then the bytes go. So what the log calls published is there
 * whole, and nothing else is ever loaded.
 *
 * A checkpoint is a file or a folder of files and folders. Symbolic links and other kinds are
 * refused.
 */
#ifndef PBT_STUDY_CHECKPOINT_H
#define PBT_STUDY_CHECKPOINT_H

#include <pbt/pbt.h>

#include "base/digest.h"
#include "desk/desk.h"

/* What a published checkpoint is, and what is recorded of it. */
typedef struct pbt__checkpoint {
    pbt__checkpoint_kind kind;
    int64_t size_bytes;  /* of all files */
    int64_t modified_ns; /* the newest file's, as the file system says */
    int64_t changed_ns;  /* the newest change of any file or folder; not recorded */
    uint64_t inode;      /* the file's or the folder's own */
    pbt__digest digest;  /* of the bytes; for a folder see study/checkpoint_tree.h */
} pbt__checkpoint;

typedef struct pbt__vault pbt__vault;

/* Open the folder, making it if it is absent. Errors: PBT_ERR_IO, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__vault_open(const char *folder, pbt__vault **out, pbt_error *error);
/* Open the folder for somebody who makes no checkpoint: it is not made if it is absent. */
PBT_MUST_USE pbt_err pbt__vault_find(const char *folder, pbt__vault **out, pbt_error *error);

void pbt__vault_close(pbt__vault *vault);
/* Look whether the folder can be reached: one on another machine may be gone for a while. Errors:
 * PBT_ERR_IO, PBT_ERR_RESOURCE. */
PBT_MUST_USE pbt_err pbt__vault_reach(const pbt__vault *vault, pbt_error *error);

/* Say whether nothing more can be written there: no block is free for this user. */
bool pbt__vault_is_full(const pbt__vault *vault);

/* Say whether both folders are those that were opened. Cheap. Errors: PBT_ERR_IO saying what became
 * of them. */
PBT_MUST_USE pbt_err pbt__vault_is_in_place(const pbt__vault *vault, pbt_error *error);

/* The absolute path where an attempt writes its checkpoint. Removes what an earlier process left
 * there. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__vault_aside(pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                      char *out, pbt_error *error);

/* As that, of an attempt that is handed out for the first time: of a swept folder nothing can be
 * there, and it is not looked for. */
PBT_MUST_USE pbt_err pbt__vault_aside_new(pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                          char *out, pbt_error *error);

/* The absolute path of a published checkpoint (attempt 0), or of what an attempt left aside as its
 * segment's progress. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__vault_path(const pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                     char *out, pbt_error *error);

enum { PBT__NONCE_SIZE = 33 };

/*
 * Name a file aside and what is in it: random, and made by this process. A worker elsewhere that
 * finds both sees this very folder, and not another one at the same path. The file goes with the
 * vault; where a sweep or a user has removed it, another one is made.
 * Shape: path[PBT__PATH_SIZE], nonce[PBT__NONCE_SIZE]. Errors: PBT_ERR_IO. Threads: any
 */
PBT_MUST_USE pbt_err pbt__vault_mark(pbt__vault *vault, char *path, char *nonce, pbt_error *error);

/* Write a checkpoint aside from memory, durably. */
PBT_MUST_USE pbt_err pbt__vault_write(pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                      const void *bytes, size_t length, pbt_error *error);

/* Make what an attempt wrote aside durable and describe it. Idempotent. Where it is absent because
 * this vault published it already (and its transaction failed), describes the published one.
 * Errors: PBT_ERR_CHECKPOINT (nothing there, a folder without any file, a kind that is refused, or
 * it is still being written), PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__vault_prepare(pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                        pbt__checkpoint *out, pbt_error *error);

/* As that, for progress, which stays aside: what is published already is none. */
PBT_MUST_USE pbt_err pbt__vault_prepare_progress(pbt__vault *vault, pbt_segment_id id,
                                                 int32_t attempt, pbt__checkpoint *out,
                                                 pbt_error *error);

/* Rename what was prepared to its published name, replacing what nobody recorded. Idempotent in one
 * vault. Under the study's lock. Errors: PBT_ERR_CHECKPOINT (it is not there, or another file is),
 * PBT_ERR_IO, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__vault_publish(pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                        const pbt__checkpoint *prepared, pbt_error *error);

/* Make published names durable. Before the commit that records them. */
PBT_MUST_USE pbt_err pbt__vault_sync(pbt__vault *vault, pbt_error *error);

/* Check size, time and inode against the record, before each local load: cheap, but where time or
 * inode differ, as a restored backup's do, all bytes are digested. `attempt` as above.
 * Errors: PBT_ERR_CHECKPOINT naming what differs. */
PBT_MUST_USE pbt_err pbt__vault_check(const pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                      const pbt__checkpoint *record, pbt_error *error);

/* Digest all bytes again and compare (`pbt verify`). `attempt` as above.
 * Errors: PBT_ERR_CHECKPOINT naming what differs. */
PBT_MUST_USE pbt_err pbt__vault_verify(const pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                       const pbt__checkpoint *record, pbt_error *error);

/* Copy a published checkpoint to `to`, which does not exist, durably, and compare with the record.
 * It may be collected meanwhile. What was copied stays on failure. Errors: PBT_ERR_NOT_FOUND (it is
 * gone), PBT_ERR_CHECKPOINT (it is not as recorded), PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__vault_copy(pbt__vault *vault, pbt_segment_id id,
                                     const pbt__checkpoint *record, const char *to,
                                     pbt_error *error);

/* Remove a checkpoint the log calls gone. `attempt` as above. One that is absent is a success. */
PBT_MUST_USE pbt_err pbt__vault_remove(pbt__vault *vault, pbt_segment_id id, int32_t attempt,
                                       pbt_error *error);

/* Remove every published checkpoint and every aside for which `is_live` says false. `attempt` is 0
 * for a published one. Under the study's lock, when a study is opened. */
PBT_MUST_USE pbt_err pbt__vault_sweep(pbt__vault *vault,
                                      bool (*is_live)(void *context, pbt_segment_id id,
                                                      int32_t attempt),
                                      void *context, pbt_error *error);

/* Remove what trainers left aside under names of their own, such as `m3s12.1.tmp` or
 * `.m3s12.1.5Xa`, of the attempts for which `has_ended` says so; their checkpoints stay. */
PBT_MUST_USE pbt_err pbt__vault_tidy(pbt__vault *vault,
                                     bool (*has_ended)(void *context, pbt_segment_id id,
                                                       int32_t attempt),
                                     void *context, pbt_error *error);

/* In place of a sweep, where the folder is known to hold the checkpoints of a newer log: give
 * those names of their own, NAME.kept-N, which are not touched again. What is aside stays. */
PBT_MUST_USE pbt_err pbt__vault_keep(pbt__vault *vault,
                                     bool (*is_live)(void *context, pbt_segment_id id,
                                                     int32_t attempt),
                                     void *context, pbt_error *error);

/* Remove every checkpoint, whoever refers to it, as far as that goes: what a user keeps beside
 * checkpoints is left alone (`pbt delete`). Errors: of the first that stays; a repeat removes
 * it. */
PBT_MUST_USE pbt_err pbt__vault_remove_all(pbt__vault *vault, pbt_error *error);

/* Remove the folder, if nothing is in it. Closes nothing. */
PBT_MUST_USE pbt_err pbt__vault_leave(pbt__vault *vault, pbt_error *error);

#endif
