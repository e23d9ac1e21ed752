/* upload.h: a checkpoint that comes in, written beside where its attempt saves, never held in
 * memory. */
#ifndef PBT_SERVER_UPLOAD_H
#define PBT_SERVER_UPLOAD_H

#include "server/request.h"

/* Check that the attempt may bring it, and open the file. In the pool. */
PBT_MUST_USE pbt_err pbt__upload_open(pbt__request *request, pbt_error *error);

/* Write what came, or drop it all with the reason in `request->error`. */
void pbt__upload_write(pbt__request *request, const char *data, size_t length);

/* Close, and remove what was not taken. Idempotent. */
void pbt__upload_drop(pbt__request *request);

#endif
