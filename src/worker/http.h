/*
 * http.h: calls to a server: one connection that is kept, bounded answers, and no proxy or redirect
 * between a client and its token. Workers speak through it, and the command line.
 */
#ifndef PBT_WORKER_HTTP_H
#define PBT_WORKER_HTTP_H

#include <curl/curl.h>
#include <stdatomic.h>

#include "base/json.h"
#include "base/text.h"

/* Threads: one at a time. */
typedef struct pbt__http {
    CURL *curl;
    struct curl_slist *json_headers, *file_headers, *folder_headers;
    const atomic_bool *is_hurried; /* Nullable: once true, a call that waits is broken off */
    char base[1024];               /* such as "http://127.0.0.1:8000/v1/studies/NAME" */
    char why[CURL_ERROR_SIZE];
} pbt__http;

/* What came back. `is_answered` false: nothing did, and whether the call arrived is not known. */
typedef struct pbt__http_answer {
    bool is_answered;
    long status;
    json_t *json; /* the body, where it is JSON */
} pbt__http_answer;

/* Prepare for calls below a study, or below "/v1" where `study` is NULL; connects to nothing.
 * pbt__http_fini in any case. Errors: PBT_ERR_ARGUMENT, PBT_ERR_MEMORY, PBT_ERR_IO (libcurl).
 * Nullable: study, token, error. */
PBT_MUST_USE pbt_err pbt__http_init(pbt__http *http, const char *server, const char *study,
                                    const char *token, pbt_error *error);
void pbt__http_fini(pbt__http *http);

/*
 * POST a JSON body to `path` below the study, or GET where `body` is NULL, once, within `seconds`.
 * PBT_OK: answered with a status of 2xx; `out->json` is the body, whose reference is the caller's.
 * Errors: what the server says; PBT_ERR_BUSY if the call may be made again: not answered, or the
 * server asks for it. `*out` is written in every case.
 */
PBT_MUST_USE pbt_err pbt__http_call(pbt__http *http, const char *path, const char *body,
                                    double seconds, pbt__http_answer *out, pbt_error *error);

/* As pbt__http_call, but the answer's bytes are appended to `out` as they are, up to its maximum.
 * `seconds` 0: as long as it takes. Errors: also PBT_ERR_LIMIT. */
PBT_MUST_USE pbt_err pbt__http_fetch(pbt__http *http, const char *path, const char *body,
                                     double seconds, pbt__text *out, pbt_error *error);

/* PUT a file, from its start. Errors: as pbt__http_call. */
PBT_MUST_USE pbt_err pbt__http_put(pbt__http *http, const char *path, FILE *file, int64_t length,
                                   bool is_folder, pbt_error *error);
/* GET into a file, which is truncated first; `*is_folder`: it is a tar archive. Errors: as above.
 */
PBT_MUST_USE pbt_err pbt__http_get(pbt__http *http, const char *path, FILE *file, bool *is_folder,
                                   pbt_error *error);

#endif
