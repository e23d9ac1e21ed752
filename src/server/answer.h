/* answer.h: answers: JSON, errors, files. */
#ifndef PBT_SERVER_ANSWER_H
#define PBT_SERVER_ANSWER_H

#include "server/request.h"

/* Answer with a value, which is taken; NULL is out of memory. */
PBT_MUST_USE pbt_err pbt__answer_json(pbt__request *request, json_t *json, pbt_error *error);

/* Answer with bytes, which are taken (free), or with an open file, which is taken, of that length.
 * `type` is a media type. */
PBT_MUST_USE pbt_err pbt__answer_bytes(pbt__request *request, void *bytes, size_t length,
                                       const char *type, pbt_error *error);
PBT_MUST_USE pbt_err pbt__answer_file(pbt__request *request, int file, int64_t length,
                                      const char *type, pbt_error *error);

/* Answer with `request->error`; without memory there is no response. */
void pbt__answer_error(pbt__request *request);

/* Refuse with what the table of errors has no status for. `name` is static. */
void pbt__request_refuse(pbt__request *request, unsigned status, const char *name,
                         const char *message);

/* Make a long answer; one at a time, and only few may wait for it. Errors: PBT_ERR_BUSY, and what
 * `answer` returns. (query.c) */
PBT_MUST_USE pbt_err pbt__serve_long(pbt__request *request,
                                     pbt_err (*answer)(pbt__request *request, pbt_error *error),
                                     pbt_error *error);

/* Settle how many items a page holds: `request->limit`, 1000 if none is asked for. Errors:
 * PBT_ERR_ARGUMENT. (query.c) */
PBT_MUST_USE pbt_err pbt__page_settle(pbt__request *request, pbt_error *error);

/* An action, with all a worker needs to know of its segment; an inline checkpoint becomes a
 * file, for a worker loads files. */
PBT_MUST_USE pbt_err pbt__action_json(pbt__request *request, pbt__action *action, json_t **out,
                                      pbt_error *error);
/* A report's decision; JSON null if there is none. NULL: no memory. */
json_t *pbt__reply_decision(const pbt__hosted *hosted, const pbt__reply *reply);

#endif
