/*
 * caller.h: calls that are repeated until they are answered, and the folder for sent checkpoints.
 *
 * Every call may be repeated: (segment, attempt) identifies it, and a session's claim returns what
 * the session holds. So a call without an answer is made again, after a time that doubles and
 * varies randomly, so that a thousand workers do not call at the same instant.
 */
#ifndef PBT_WORKER_CALLER_H
#define PBT_WORKER_CALLER_H

#include "base/file.h"
#include "worker/http.h"

/* Threads: one at a time. */
typedef struct pbt__caller {
    pbt__http http;
    double patience_seconds;
    const atomic_bool *is_interrupted; /* once true, little patience is left */
    uint64_t noise;                    /* not 0: spreads what many would do at once */
    char folder[PBT__PATH_SIZE];       /* "": a temporary one is made when it is needed, */
    bool is_folder_made;               /* and is to be removed */
} pbt__caller;

/* End it; `pbt__http_init` of its `http` is what begins it. */
void pbt__caller_fini(pbt__caller *caller);

/* POST, or GET where `body` is NULL, until it is answered or the patience ends. Owner of `*out`:
 * whoever calls. Errors: the server's; PBT_ERR_IO if there was no answer. */
PBT_MUST_USE pbt_err pbt__caller_call(pbt__caller *caller, const char *path, const char *body,
                                      json_t **out, pbt_error *error);
/* Who claims. */
typedef struct pbt__caller_name {
    const char *worker, *session;
} pbt__caller_name;
/* The body of a claim that waits for at most `seconds`. NULL: no memory. */
char *pbt__caller_claim_body(pbt__caller_name who, int seconds);
/* As pbt__caller_call, for a claim, which an interruption breaks off. Where the answer is to wait,
 * rest as it says, less what the claim has waited at the server. */
PBT_MUST_USE pbt_err pbt__caller_claim(pbt__caller *caller, pbt__caller_name who, int seconds,
                                       json_t **out, pbt_error *error);
/* Rest, until interrupted where `is_hurried`. */
void pbt__caller_sleep(const pbt__caller *caller, double seconds, bool is_hurried);
/* Send a checkpoint, or fetch one, until it works or the patience ends. */
PBT_MUST_USE pbt_err pbt__caller_put(pbt__caller *caller, const char *path, FILE *file,
                                     bool is_folder, pbt_error *error);
PBT_MUST_USE pbt_err pbt__caller_get(pbt__caller *caller, const char *path, FILE *file,
                                     bool *is_folder, pbt_error *error);

#endif
