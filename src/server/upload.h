/* upload.h: a checkpoint that comes in, written beside where its attempt saves, never held in memory. */
#ifndef PBT_SERVER_UPLOAD_H
#define PBT_SERVER_UPLOAD_H

#include "server/request.h"

/* Check that the attempt may bring it, and open the file. In the pool. */
PBT_MUST_USE pbt_err pbt__upload_open(pbt__request *request, pbt_error *error);

/* Write what came. Errors: PBT_ERR_LIMIT, PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__upload_write(pbt__request *request, const char *data, size_t length,
                                       pbt_error *error);

/* Close and remove what was not taken. NULL is allowed. */
void pbt__upload_free(pbt__upload *upload);

#endif
