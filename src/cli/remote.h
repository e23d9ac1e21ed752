/*
 * remote.h: what a server is asked, for the commands that take --server.
 *
 * What it tells of a study is read into what a study in this process tells (study/told.h), so what
 * is shown is the same to the last byte. Changes are calls of their own (control.h). Errors of all:
 * PBT_ERR_ARGUMENT (no address), PBT_ERR_BUSY (it does not answer), what it says, and
 * PBT_ERR_CORRUPT if that is not as it should be.
 */
#ifndef PBT_CLI_REMOTE_H
#define PBT_CLI_REMOTE_H

#include <jansson.h>

#include "base/file.h"
#include "cli/place.h"
#include "study/told.h"
#include "worker/http.h"

/* The studies that it answers for now, by name, a `show` object each. New reference. */
PBT_MUST_USE pbt_err pbt__remote_studies(const pbt__place *place, json_t **out, pbt_error *error);

/* As pbt__told_ask, in one request. */
PBT_MUST_USE pbt_err pbt__remote_tell(const pbt__place *place, const char *study, const char *names,
                                      pbt_segment_id id, pbt__told *out, pbt_error *error);

/* Hand on every event of a study, as pbt__study_events does. */
PBT_MUST_USE pbt_err pbt__remote_events(const pbt__place *place, const char *study, pbt__taker take,
                                        void *context, pbt_error *error);

/* As pbt__study_verify: the server has the checkpoints' bytes, so it does the reading. */
PBT_MUST_USE pbt_err pbt__remote_verify(const pbt__place *place, const char *study,
                                        void (*problem)(void *context, const char *line),
                                        void *context, pbt__verdict *out, pbt_error *error);

/* Bring a checkpoint to `path`, as it was recorded. Errors: also PBT_ERR_NOT_FOUND (it is gone),
 * PBT_ERR_CHECKPOINT, PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__remote_fetch(const pbt__place *place, const char *study,
                                       pbt_segment_id id, const pbt__checkpoint *record,
                                       const char *path, pbt_error *error);

/* Prepare calls of a place's server for a study. pbt__http_fini on `out` in any case. Errors: as
 * pbt__remote_token, PBT_ERR_ARGUMENT (no address). */
PBT_MUST_USE pbt_err pbt__remote_reach(const pbt__place *place, const char *study, pbt__http *out,
                                       pbt_error *error);

/* Find the token: the first line of the file at `path` (NULL: of $PBT_TOKEN_FILE), or the token in
 * it if it is a STORE.owner; else $PBT_TOKEN, which trainers have. The caller frees `*out`; NULL:
 * there is none. Nullable: path. Errors: PBT_ERR_IO, PBT_ERR_NOT_FOUND, PBT_ERR_ARGUMENT. */
PBT_MUST_USE pbt_err pbt__remote_token(const char *path, char **out, pbt_error *error);

#endif
