/*
 * remote.h: the studies of a server as a store to read.
 *
 * Its events and claims travel as they are kept, and what no answer of the server's says (asked.h)
 * is computed from them here, by the code that computes it from a file: what is shown is the same
 * to the last byte, and the chain of digests is checked on arrival. Nothing can be written through
 * it; changes are calls of their own (control.h). Threads: one at a time.
 */
#ifndef PBT_CLI_REMOTE_H
#define PBT_CLI_REMOTE_H

#include <jansson.h>

#include "base/file.h"
#include "cli/place.h"
#include "store/store.h"
#include "worker/http.h"

/* Open a server's studies, those that it answers for now. Errors: PBT_ERR_ARGUMENT (no address),
 * PBT_ERR_BUSY (it does not answer), what it says. Nullable: token. */
PBT_MUST_USE pbt_err pbt__remote_open(const char *url, const char *token, pbt__store **out,
                                      pbt_error *error);

/* Ask where a study's checkpoints are, on the server's machine. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__remote_folder(pbt__store *store, const char *study, char *out,
                                        pbt_error *error);

/* Have the server verify a study; `*out` is what `pbt verify --json` prints of it, the caller's. */
PBT_MUST_USE pbt_err pbt__remote_verify(pbt__store *store, const char *study, json_t **out,
                                        pbt_error *error);

/* Prepare calls of a place's server for a study. pbt__http_fini on `out` in any case. Errors: as
 * pbt__remote_token, PBT_ERR_ARGUMENT (no address). */
PBT_MUST_USE pbt_err pbt__remote_reach(const pbt__place *place, const char *study, pbt__http *out,
                                       pbt_error *error);

/* Find the token to show: the first line of the file at `path`, or what it holds as a STORE.owner;
 * where `path` is NULL of $PBT_TOKEN_FILE; else $PBT_TOKEN, which trainers have. `*out` is the
 * caller's, NULL where there is none. Nullable: path. Errors: PBT_ERR_IO, PBT_ERR_NOT_FOUND,
 * PBT_ERR_ARGUMENT. */
PBT_MUST_USE pbt_err pbt__remote_token(const char *path, char **out, pbt_error *error);

#endif
