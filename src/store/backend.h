/*
 * backend.h: what a backend implements.
 *
 * guard.c stands in front of every backend and answers pbt__store_ops once for all of them: it
 * holds the handle's lock, refuses what is out of turn, numbers revisions and never lets time go
 * back. So a slot here is called by one thread at a time, in the right order and with sound
 * arguments, and does nothing but keep and find. Errors as in store.h.
 */
#ifndef PBT_STORE_BACKEND_H
#define PBT_STORE_BACKEND_H

#include "store/store.h"

/* The end of a study's log and of its claims, as `begin` finds them. */
typedef struct pbt__head {
    int64_t last_sequence;   /* 0: no event yet */
    int64_t last_time_us;    /* 0: no event yet */
    int64_t claims_revision; /* the highest of its claims' revisions; 0: no claim yet */
} pbt__head;

typedef struct pbt__backend pbt__backend;

typedef struct pbt__backend_ops {
    const char *scheme;

    /* Free the handle; what is open is lost. */
    void (*close)(pbt__backend *backend);

    /* Nullable all: there is no file. The first two never inside a transaction. */
    pbt_err (*check)(pbt__backend *backend, pbt_error *error);
    pbt_err (*rescue)(pbt__backend *backend, char *out, pbt_error *error);
    const char *(*file)(const pbt__backend *backend);

    /* Never inside a transaction. */
    pbt_err (*list)(pbt__backend *backend, pbt__study_callback callback, void *context,
                    pbt_error *error);

    /* Never inside a transaction. After a failure none is open. */
    pbt_err (*begin)(pbt__backend *backend, int64_t study, pbt__head *out, pbt_error *error);
    pbt_err (*begin_create)(pbt__backend *backend, const char *name, int64_t *study,
                            pbt_error *error);

    /* Inside a transaction, which is over afterwards, whatever is returned. */
    pbt_err (*commit)(pbt__backend *backend, pbt_error *error);
    void (*rollback)(pbt__backend *backend);

    /* Inside a transaction; `keep` and `undo` end the savepoint. */
    pbt_err (*savepoint)(pbt__backend *backend, pbt_error *error);
    pbt_err (*savepoint_keep)(pbt__backend *backend, pbt_error *error);
    pbt_err (*savepoint_undo)(pbt__backend *backend, pbt_error *error);

    /* Writes: inside a transaction on `study`. None follows one that failed, only `rollback`. */
    pbt_err (*append)(pbt__backend *backend, int64_t study, const pbt__event *event,
                      pbt_error *error);
    pbt_err (*claim_put)(pbt__backend *backend, int64_t study, const pbt__claim *claim,
                         int64_t revision, pbt_error *error);
    pbt_err (*blob_put)(pbt__backend *backend, int64_t study, pbt_segment_id id, const void *bytes,
                        size_t length, pbt_error *error);
    pbt_err (*blob_drop)(pbt__backend *backend, int64_t study, pbt_segment_id id, pbt_error *error);
    pbt_err (*remove)(pbt__backend *backend, int64_t study, pbt_error *error);

    /* Reads: inside a transaction or outside, then of one snapshot. A callback makes no call. */
    pbt_err (*read)(pbt__backend *backend, int64_t study, int64_t after,
                    pbt__event_callback callback, void *context, pbt_error *error);
    pbt_err (*claim_list)(pbt__backend *backend, int64_t study, int64_t after,
                          pbt__claim_callback callback, void *context, pbt_error *error);
    pbt_err (*blob_get)(pbt__backend *backend, int64_t study, pbt_segment_id id, void **bytes,
                        size_t *length, pbt_error *error);
} pbt__backend_ops;

/* The head of every backend's handle. */
struct pbt__backend {
    const pbt__backend_ops *ops;
};

/* Open a backend. `place` is the URL after its scheme. Errors as pbt__store_open. */
PBT_MUST_USE pbt_err pbt__memory_open(const char *place, const pbt__store_options *options,
                                      pbt__backend **out, pbt_error *error);
PBT_MUST_USE pbt_err pbt__sqlite_open(const char *place, const pbt__store_options *options,
                                      pbt__backend **out, pbt_error *error);

/* Put the guard in front of a backend. Owner: on success the store. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__guard_new(pbt__backend *backend, const pbt__store_options *options,
                                    pbt__store **out, pbt_error *error);

#endif
