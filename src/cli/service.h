/*
 * service.h: the server that a run carries, and STORE.owner, which tells other commands where it
 * is.
 *
 * STORE.owner is readable by its owner alone: it holds both tokens, the one that may do everything
 * and the one that workers are given. It is written aside and renamed,
 * so a reader finds a whole one or none. It is removed when the run ends, unless workers may come
 * back with its token (service.c); one that is left names a process that is gone.
 */
#ifndef PBT_CLI_SERVICE_H
#define PBT_CLI_SERVICE_H

#include <sys/types.h>

#include "cli/place.h"
#include "server/server.h"

typedef struct pbt__service {
    pbt__server *server; /* NULL: none */
    char token[PBT__TOKEN_SIZE], worker_token[PBT__TOKEN_SIZE];
    char owner[PBT__PATH_SIZE + 8]; /* "": none was written */
    bool is_lasting;                /* at a port that was asked for: the next run is found there */
    ino_t owner_inode;
} pbt__service;

/* Listen on `listen` ("127.0.0.1:8080", NULL: a free port of this machine alone) and write
 * STORE.owner, where the store is a file; for a run that does not own it, `place` is NULL. Errors:
 * PBT_ERR_ARGUMENT, PBT_ERR_IO, PBT_ERR_MEMORY. Nullable: place, listen, error. */
PBT_MUST_USE pbt_err pbt__service_start(pbt__service *service, const pbt__place *place,
                                        const char *listen, pbt_error *error);

/* Write STORE.owner again where somebody removed it; a no-op where none was written. */
void pbt__service_keep(pbt__service *service, const pbt__place *place);

/* Stop listening; remove STORE.owner, where it is this service's and holds nothing that lasts. */
void pbt__service_stop(pbt__service *service);

#endif
