/*
 * owner.h: where a store's owner can be reached, as it has announced.
 *
 * An announcement counts only if its process owns the store: a killed process leaves its
 * announcement behind, and the next one owns the store before it has announced itself.
 */
#ifndef PBT_CLI_OWNER_H
#define PBT_CLI_OWNER_H

#include "store/store.h"
#include "worker/http.h"

typedef struct pbt__owner {
    long process;
    char url[256];
    char token[132];
} pbt__owner;

/*
 * Reach the store's owner for a study that it answers for. pbt__http_fini on `http` in any case.
 * `*said` is the study as the owner tells it; the caller drops the reference. Nullable: said.
 * Errors: PBT_ERR_NOT_FOUND if it has no owner, the owner has not announced itself yet, or has no
 * such study; PBT_ERR_BUSY if it does not answer; then `*said` is NULL.
 */
PBT_MUST_USE pbt_err pbt__owner_reach(const pbt__store *store, const char *study, pbt__owner *owner,
                                      pbt__http *http, json_t **said);

/* The same, where nothing else is asked of it. */
PBT_MUST_USE pbt_err pbt__owner_ask(const pbt__store *store, const char *study, pbt__owner *owner,
                                    json_t **said);

/* Announce this process, which owns the store. The announcement `stays` if the next owner will have
 * the same address. Errors: as pbt__store_announce, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__owner_announce(pbt__store *store, const char *url, const char *token,
                                         const char *worker_token, bool stays, pbt_error *error);

/* Read the tokens that an earlier owner left, if no one else could read them. Returns false if
 * there are none; then nothing was changed. Shape: token[PBT__TOKEN_SIZE],
 * worker_token[PBT__TOKEN_SIZE] */
bool pbt__owner_tokens(const pbt__store *store, char *token, char *worker_token);

#endif
