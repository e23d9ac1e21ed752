/*
 * backend.h: what a backend implements: one table.
 *
 * The functions of store.h are the same for every backend. They hold the rules: the handle's lock,
 * whose turn it is, sound arguments, numbers of claims' revisions, a time that never goes back. So
 * a slot here is called by one thread at a time, in the right order and with sound arguments, and
 * does nothing but keep and find. Errors as in store.h.
 *
 * A new backend is a file with a table, and a row of PBT__STORES in store.h.
 */
#ifndef PBT_STORE_BACKEND_H
#define PBT_STORE_BACKEND_H

#include <pthread.h>

#include "store/store.h"

/* The end of a study's log and of its claims, as `begin` finds them. */
typedef struct pbt__head {
    int64_t last_sequence;   /* 0: no event yet */
    int64_t last_time_us;    /* 0: no event yet */
    int64_t claims_revision; /* the highest of its claims' revisions; 0: no claim yet */
} pbt__head;

/* Every slot is called under the handle's lock, unless it says otherwise, and may block on I/O. */
typedef struct pbt__store_ops {
    const char *scheme; /* the URL's */
    bool is_fleeting;   /* studies end with the process */

    /* How often a wait must look for what others have committed. Units: microseconds. 0: nobody
     * else can write, or the backend hears of it: then a thread of its own, as one that listens to
     * a database server, calls pbt__store_committed. */
    int64_t look_us;

    /* Make a handle, all but its head. No lock, for nobody knows it yet. `place` is the URL after
     * its scheme. Where the options say `owns`, take the store's ownership before anything else is
     * made or written, or fail with PBT_ERR_BUSY at once; it is held until `close`, and must end
     * with the process, however that ends. A file's is a lock on it, a database server's would be
     * one that ends with the connection. Nullable: whoever opens it calls a function of its own,
     * and never owns. Errors as pbt__store_open. */
    pbt_err (*open)(const char *place, const pbt__store_options *options, pbt__store **out,
                    pbt_error *error);

    /* End all that `open` began; what is open is lost. Ownership ends last, and before it what was
     * announced and does not stay. The last call; then the handle is given to free(3). */
    void (*close)(pbt__store *store);

    /* Nullable all: there is no file. `rescue` never inside a transaction. `check`, of an owner,
     * also makes good what tells others of it. `file` without the lock: it does not change and does
     * not block. */
    pbt_err (*check)(pbt__store *store, pbt_error *error);
    pbt_err (*rescue)(pbt__store *store, char *out, pbt_error *error);
    const char *(*file)(const pbt__store *store);

    /* Nullable: nobody can know. Find who owns the store, and what was announced last, whoever did.
     * Without the lock, on any thread, also while another has a transaction open; must not wait for
     * one. May block otherwise. */
    void (*owner)(const pbt__store *store, pbt__store_owner *out);

    /* Nullable: nobody else can look. Of an owner: let others read `words`, in place of what was
     * there, whole or not at all. Until `close`, or, where it `stays`, until it is replaced. */
    pbt_err (*announce)(pbt__store *store, const char *words, bool stays, pbt_error *error);

    /* Never inside a transaction. */
    pbt_err (*list)(pbt__store *store, pbt__study_callback callback, void *context,
                    pbt_error *error);

    /* Never inside a transaction. After a failure none is open. Block until the study's lock is
     * there, as long as the options say. */
    pbt_err (*begin)(pbt__store *store, int64_t study, pbt__head *out, pbt_error *error);
    pbt_err (*begin_create)(pbt__store *store, const char *name, int64_t *study, pbt_error *error);

    /* Inside a transaction, which is over afterwards, whatever is returned. */
    pbt_err (*commit)(pbt__store *store, pbt_error *error);
    void (*rollback)(pbt__store *store);

    /* Writes: inside a transaction on `study`. None follows one that failed, only `rollback`. */
    pbt_err (*append)(pbt__store *store, int64_t study, const pbt__event *events, size_t count,
                      pbt_error *error);
    pbt_err (*claim_put)(pbt__store *store, int64_t study, const pbt__claim *claims, size_t count,
                         int64_t revision, pbt_error *error);
    pbt_err (*blob_put)(pbt__store *store, int64_t study, const pbt__blob *blobs, size_t count,
                        pbt_error *error);
    pbt_err (*blob_drop)(pbt__store *store, int64_t study, pbt_segment_id id, pbt_error *error);
    pbt_err (*remove)(pbt__store *store, int64_t study, pbt_error *error);

    /* Reads: inside a transaction or outside, then of one snapshot. A callback makes no call. */
    pbt_err (*read)(pbt__store *store, int64_t study, int64_t after, pbt__event_callback callback,
                    void *context, pbt_error *error);
    pbt_err (*claim_list)(pbt__store *store, int64_t study, int64_t after,
                          pbt__claim_callback callback, void *context, pbt_error *error);
    pbt_err (*blob_get)(pbt__store *store, int64_t study, pbt_segment_id id, void **bytes,
                        size_t *length, pbt_error *error);
    /* Nullable: where it is no quicker than `blob_get`. */
    pbt_err (*blob_copy)(pbt__store *store, int64_t study, pbt_segment_id id, void *out,
                         size_t size, size_t *length, pbt_error *error);
} pbt__store_ops;

/* Each row of PBT__STORES is a table of that name. */
#define PBT__STORE_DECLARE(scheme, place, offer) extern const pbt__store_ops pbt__##scheme##_ops;
PBT__STORES(PBT__STORE_DECLARE)

/* The head of every backend's handle. All but `ops` is the rules' own (guard.c). */
struct pbt__store {
    const pbt__store_ops *ops;
    pthread_mutex_t mutex; /* recursive */
    bool is_read_only, is_owner;
    int64_t (*now_us)(void *context);
    void *clock_context;
    bool is_listing; /* a callback is running */
    bool is_open;    /* a transaction is */
    /* Of the open transaction: */
    bool has_failed; /* a write failed: only rollback is left */
    int64_t study;
    int64_t revision; /* of the claims it writes */
    int64_t last_sequence;
    bool is_removed; /* the study is */
    /* Of those who wait: */
    pthread_mutex_t bell_mutex; /* is held for nothing else, and inside of every other */
    pthread_cond_t bell;        /* on the monotonic clock */
    uint64_t commit_count, wake_count;
};

/* Have those look who wait for what others commit. Threads: any */
void pbt__store_committed(pbt__store *store);
/* How often it has. */
uint64_t pbt__store_commits(pbt__store *store);

/* Make the head of a handle that its backend has opened; pbt__store_close then ends both. */
void pbt__store_init(pbt__store *store, const pbt__store_ops *ops,
                     const pbt__store_options *options);

/* Refuse a call that may not be made while a transaction is open on this thread. */
PBT_MUST_USE pbt_err pbt__store_check_idle(pbt__store *store, pbt_error *error);

/* Its part for those who wait (wait.c). */
void pbt__store_init_bell(pbt__store *store);

#endif
