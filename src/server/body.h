/*
 * body.h: reading a JSON body.
 *
 * A pbt__body remembers its first failure: read freely, then look at `err` once. Texts point into
 * the JSON. Unknown fields are ignored: clients may be newer.
 */
#ifndef PBT_SERVER_BODY_H
#define PBT_SERVER_BODY_H

#include "server/request.h"

typedef struct pbt__body {
    pbt__request *request;
    json_t *json;
    pbt_err err;
    pbt_error *error;
} pbt__body;

/* Parse the request's body; pbt__body_fini in any case. */
pbt__body pbt__body_init(pbt__request *request, pbt_error *error);
void pbt__body_fini(pbt__body *body);

/* Remember a failure about a field: "KEY: WHY". */
void pbt__body_fail(pbt__body *body, const char *key, const char *why);

bool pbt__body_has(const pbt__body *body, const char *key);
/* A text of 1 to `maximum` bytes without control characters; "" on failure. */
const char *pbt__body_text(pbt__body *body, const char *key, size_t maximum);
/* An integer; `absent` if it is not there, which fails where it is below `minimum`. */
int64_t pbt__body_integer(pbt__body *body, const char *key, int64_t minimum, int64_t maximum,
                          int64_t absent);
bool pbt__body_boolean(pbt__body *body, const char *key, bool absent);

/* "attempt" of every body but a claim's. */
int32_t pbt__body_attempt(pbt__body *body);
/* Whether "checkpoint" says that there is one: "saved" or "uploaded". */
bool pbt__body_checkpoint(pbt__body *body);

/* ---- metrics ---- */

/* Read "metrics" and "samples" where they are there, copied. NULL on failure, which `body`
 * remembers. */
pbt__metrics *pbt__measures_new(pbt__body *body);
void pbt__measures_free(pbt__metrics *metrics);

#endif
