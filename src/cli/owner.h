/*
 * owner.h: the process that has a store's lock, and where it can be spoken to.
 *
 * STORE.owner is believed only while STORE.lock is held, and only where both name the same process:
 * a run that was killed leaves its file behind, and the next one has the lock before it has written
 * its own.
 */
#ifndef PBT_CLI_OWNER_H
#define PBT_CLI_OWNER_H

#include "cli/place.h"
#include "worker/http.h"

typedef struct pbt__owner {
    long process;
    char url[256];
    char token[132];
} pbt__owner;

/* Find the living owner of a store. Errors: PBT_ERR_NOT_FOUND where nobody has it, or its owner
 * says nothing of itself yet. Nullable: error. */
PBT_MUST_USE pbt_err pbt__owner_find(const pbt__place *place, pbt__owner *out, pbt_error *error);

/* Read the tokens that an earlier owner left in STORE.owner, a file that nobody else can read.
 * Returns false where there are none; then nothing was changed.
 * Shape: token[PBT__TOKEN_SIZE], worker_token[PBT__TOKEN_SIZE] */
bool pbt__owner_tokens(const pbt__place *place, char *token, char *worker_token);

/*
 * Reach the store's owner for a study that it answers for. pbt__http_fini on `http` in any case.
 * Errors: as pbt__owner_find; PBT_ERR_NOT_FOUND where it answers for no such study, PBT_ERR_BUSY
 * where it does not answer. Nullable: error.
 */
PBT_MUST_USE pbt_err pbt__owner_reach(const pbt__place *place, const char *study, pbt__owner *owner,
                                      pbt__http *http, pbt_error *error);

#endif
