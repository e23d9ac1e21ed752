/* service.h: the server that a run carries. The run that owns the store announces it there. */
#ifndef PBT_CLI_SERVICE_H
#define PBT_CLI_SERVICE_H

#include "server/server.h"
#include "store/store.h"

typedef struct pbt__service {
    pbt__server *server; /* NULL: none */
    char token[PBT__TOKEN_SIZE], worker_token[PBT__TOKEN_SIZE];
} pbt__service;

/* Listen on `listen` ("127.0.0.1:8080"; NULL: a free port of this machine only). If this process
 * owns the store, announce the address and both tokens: the owner's and the workers'. Errors:
 * PBT_ERR_ARGUMENT, PBT_ERR_IO, PBT_ERR_MEMORY. Nullable: listen, error. */
PBT_MUST_USE pbt_err pbt__service_start(pbt__service *service, pbt__store *store,
                                        const char *listen, pbt_error *error);

/* Stop listening. The announcement ends with the store's handle. */
void pbt__service_stop(pbt__service *service);

#endif
