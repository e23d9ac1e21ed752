/*
 * host.h: what a server asks of a study beside a worker's calls: bytes that come and go, and whom
 * to wake.
 *
 * A worker that shares no folder with the study sends its checkpoint and fetches what it loads. No
 * path ever comes from it: bytes are received under names that the vault makes, next to where the
 * attempt would have saved, and lie there (`.aside/m3s12.1X`, X no digit) as long as their attempt.
 */
#ifndef PBT_STUDY_HOST_H
#define PBT_STUDY_HOST_H

#include "study/study.h"

/* How many claims would be handed something now; SIZE_MAX where the study is over and all would
 * be told so. May wait for a transaction. Threads: any */
size_t pbt__study_offers(pbt__study *study);

/* How long until a segment may be handed out that is not now, `most` at the most. Threads: any */
double pbt__study_due_seconds(pbt__study *study, double most);

/* A name aside that belongs to an attempt: where it saves, and `suffix` behind; the suffix is ""
 * or begins with no digit. Waits for nothing. Shape: out[PBT__PATH_SIZE]. Threads: any */
PBT_MUST_USE pbt_err pbt__study_aside(pbt__study *study, pbt_segment_id id, int32_t attempt,
                                      const char *suffix, char *out, pbt_error *error);

/* As pbt__vault_mark. Threads: any */
PBT_MUST_USE pbt_err pbt__study_mark(pbt__study *study, char *path, char *nonce, pbt_error *error);

/* Check that an attempt may still bring a checkpoint. `*is_over` says that it has reported already.
 * Errors: PBT_ERR_NOT_FOUND, PBT_ERR_LATE. Threads: any */
PBT_MUST_USE pbt_err pbt__study_awaits(pbt__study *study, pbt_segment_id id, int32_t attempt,
                                       bool *is_over, pbt_error *error);

/* Take the file or folder at `path` as what the attempt saved, in place of what was there. Where
 * the attempt has reported already it is left where it is. Errors: as pbt__study_awaits,
 * PBT_ERR_IO. Threads: any */
PBT_MUST_USE pbt_err pbt__study_take(pbt__study *study, pbt_segment_id id, int32_t attempt,
                                     const char *path, pbt_error *error);

/* Find the checkpoint of a reported segment, or what an open one starts from, as an assignment's
 * `load` fields say it. Errors: PBT_ERR_NOT_FOUND (no such segment, or nothing kept),
 * PBT_ERR_CHECKPOINT (it is not as the log says). Threads: any */
PBT_MUST_USE pbt_err pbt__study_find(pbt__study *study, pbt_segment_id id, pbt__assignment *out,
                                     pbt_error *error);

/* ---- for readers elsewhere ---- */

/* Read the study's events as the store's `read` does. Threads: any */
PBT_MUST_USE pbt_err pbt__study_read(pbt__study *study, int64_t after, pbt__event_callback callback,
                                     void *context, pbt_error *error);

/* As pbt__study_verify, over a handle of its own: the study goes on meanwhile, so a checkpoint that
 * it removes at that time may be missed. Threads: any */
PBT_MUST_USE pbt_err pbt__study_verify_beside(pbt__study *study,
                                              void (*problem)(void *context, const char *line),
                                              void *context, pbt__verdict *out, pbt_error *error);

#endif
