/*
 * store.h: where studies live.
 *
 * A store holds, per study: an append-only log of events (the truth), one claim row per member (who
 * trains it, until when), and small blobs (checkpoints kept inside the store; of each member, the
 * last sign of life of its trainer). It knows nothing of what events mean. One handle serves one
 * transaction at a time; several processes may hold handles of one store. `begin` takes the study's
 * lock, and everything between it and `commit` happens at once or not at all, also when the process
 * dies between any two lines.
 *
 * All backends (backend.h) share these functions, which hold the rules (guard.c), and one
 * conformance suite.
 */
#ifndef PBT_STORE_STORE_H
#define PBT_STORE_STORE_H

#include <pbt/pbt.h>

#include "base/digest.h"

enum {
    PBT__NAME_SIZE = 65,                  /* a study's or worker's name and its NUL */
    PBT__SESSION_SIZE = 33,               /* a session's 32 hexadecimal digits and its NUL */
    PBT__BODY_MAXIMUM = 64 * 1024 * 1024, /* Units: bytes of an event's body */
    PBT__BLOB_MAXIMUM = 64 * 1024,        /* Units: bytes of a blob, where the store has a file */
    PBT__WORDS_SIZE = 4097,               /* what an owner says of itself, and its NUL */
    PBT__BLOB_SIGN = -1, /* the number of a blob that is the member's own: its sign of life */
};

/* Part of every store: a number is never given to another kind. */
typedef enum pbt__event_kind {
    PBT__CREATED = 1,
    PBT__REPORTED = 2,
    PBT__FAILED = 3,
    PBT__RELEASED = 4,
    PBT__RESCUED = 5,
    PBT__AMENDED = 6,
    PBT__SCALED = 7,
    PBT__STOPPED = 8,
    PBT__COLLECTED = 9,
    PBT__RESUMED = 10,
    PBT__TIMED = 11,
    PBT__REVIVED = 12,
} pbt__event_kind;

/* One line of a study's log. Owner: whoever handed it over; valid during the call. */
typedef struct pbt__event {
    int64_t sequence; /* from 1, without gaps */
    int64_t time_us;
    pbt__event_kind kind;
    const char *body; /* JSON, NUL-terminated */
    size_t body_length;
    pbt__digest digest; /* chained to the event before (study/chain.h); the store only keeps it */
} pbt__event;

/*
 * Who trains a member. One row per member, made on its first claim and never deleted. `attempt`
 * counts claims of segment `number`; a row with an empty worker is unclaimed.
 */
typedef struct pbt__claim {
    int32_t member;
    int32_t number;
    int32_t attempt;
    int64_t lease_until_us;
    int64_t step; /* progress shown by heartbeats; never influences decisions */
    int64_t step_changed_us;
    char worker[PBT__NAME_SIZE];
    char session[PBT__SESSION_SIZE];
} pbt__claim;

typedef struct pbt__study_row {
    int64_t id; /* > 0 */
    char name[PBT__NAME_SIZE];
} pbt__study_row;

/* What `begin` found under the lock. */
typedef struct pbt__transaction {
    int64_t now_us;          /* the store's clock */
    int64_t last_sequence;   /* 0: no event yet */
    int64_t claims_revision; /* grows with every transaction that writes a claim */
} pbt__transaction;

/* A callback that returns anything but PBT_OK ends the listing, which returns it. */
typedef pbt_err (*pbt__event_callback)(void *context, const pbt__event *event);
typedef pbt_err (*pbt__claim_callback)(void *context, const pbt__claim *claim);
typedef pbt_err (*pbt__study_callback)(void *context, const pbt__study_row *row);

typedef struct pbt__store pbt__store;

/*
 * ---- what a store does ----
 *
 * Every call may block on I/O. Where a write between begin and commit fails, the caller must roll
 * back: nothing else goes through any more.
 * Errors: PBT_ERR_STORE and PBT_ERR_CORRUPT with the backend's words, PBT_ERR_MEMORY, those named,
 * and for a call that is wrong itself PBT_ERR_STATE (out of turn), PBT_ERR_ARGUMENT, PBT_ERR_LIMIT.
 * Threads: any. A transaction belongs to the thread that began it; the calls of others on the same
 * handle wait until it is over. A callback makes no call on the store.
 */

/* List the studies by name. No transaction open. */
PBT_MUST_USE pbt_err pbt__store_list(pbt__store *store, pbt__study_callback callback, void *context,
                                     pbt_error *error);

/* Find a study by name. Errors: PBT_ERR_NOT_FOUND with the names there are as the hint. */
PBT_MUST_USE pbt_err pbt__store_find(pbt__store *store, const char *name, pbt__study_row *out,
                                     pbt_error *error);

/* Lock a study and begin. Errors: PBT_ERR_NOT_FOUND (no study of that id), PBT_ERR_BUSY (the
 * lock was not to be had within the bound of the options). */
PBT_MUST_USE pbt_err pbt__store_begin(pbt__store *store, int64_t study, pbt__transaction *out,
                                      pbt_error *error);

/* Make a study of that name and begin a transaction on it. Errors: PBT_ERR_EXISTS. */
PBT_MUST_USE pbt_err pbt__store_begin_create(pbt__store *store, const char *name, int64_t *study,
                                             pbt__transaction *out, pbt_error *error);

/* Durable once it returned PBT_OK. Otherwise the transaction is over and nothing of it was kept,
 * except where the disk or the connection failed meanwhile: then it may have been. Find out by
 * reading. */
PBT_MUST_USE pbt_err pbt__store_commit(pbt__store *store, pbt_error *error);

/* End the transaction, keep nothing. Cannot fail; a no-op where none is open. */
void pbt__store_rollback(pbt__store *store);

/* Append events. The caller assigned sequence = last + 1, and so on. Inside a transaction. What is
 * written at once costs less than one by one, of this and of what follows. Shape: events[count] */
PBT_MUST_USE pbt_err pbt__store_append(pbt__store *store, const pbt__event *events, size_t count,
                                       pbt_error *error);

/* Read the events with sequence > `after`, in order. Inside a transaction or outside of any (then
 * of one consistent snapshot). Of a study that does not exist nothing is read. */
PBT_MUST_USE pbt_err pbt__store_read(pbt__store *store, int64_t study, int64_t after,
                                     pbt__event_callback callback, void *context, pbt_error *error);

/* Write members' claims. Inside a transaction; their revision becomes claims_revision + 1.
 * Shape: claims[count] */
PBT_MUST_USE pbt_err pbt__store_claim_put(pbt__store *store, const pbt__claim *claims, size_t count,
                                          pbt_error *error);

/* List the claims whose revision is > `after`, by member. As `read`, inside or outside. */
PBT_MUST_USE pbt_err pbt__store_claim_list(pbt__store *store, int64_t study, int64_t after,
                                           pbt__claim_callback callback, void *context,
                                           pbt_error *error);

/* What is kept of a segment. Nullable: bytes, where length is 0 */
typedef struct pbt__blob {
    pbt_segment_id id;
    const void *bytes;
    size_t length;
} pbt__blob;

/* Keep, read and drop blobs by segment. Inside a transaction (get: also outside). `blob_get`
 * allocates; the caller frees. Errors of blob_get: PBT_ERR_NOT_FOUND. Dropping one that is absent
 * is a success. Shape: blobs[count] */
PBT_MUST_USE pbt_err pbt__store_blob_put(pbt__store *store, const pbt__blob *blobs, size_t count,
                                         pbt_error *error);
PBT_MUST_USE pbt_err pbt__store_blob_get(pbt__store *store, int64_t study, pbt_segment_id id,
                                         void **bytes, size_t *length, pbt_error *error);
PBT_MUST_USE pbt_err pbt__store_blob_drop(pbt__store *store, pbt_segment_id id, pbt_error *error);

/* Read a blob as `blob_get`, to where there is room for it; `*length` is how long it is, also where
 * that is more than `size`: then nothing is copied. Shape: out[size] */
PBT_MUST_USE pbt_err pbt__store_blob_copy(pbt__store *store, int64_t study, pbt_segment_id id,
                                          void *out, size_t size, size_t *length, pbt_error *error);

/* Remove the locked study with everything in it. Inside a transaction; commit next. */
PBT_MUST_USE pbt_err pbt__store_remove(pbt__store *store, pbt_error *error);

/* ---- where it is ---- */

/* Say whether the store is where it was opened: its files were not removed, moved or replaced
 * meanwhile. Then what tells others of its owner is made again, where this is the owner and
 * somebody removed it. Cheap. Calls go on working after a failure, on what is open, so that it can
 * be rescued. A store without files is always in place. Errors: PBT_ERR_STORE saying what became of
 * it. */
PBT_MUST_USE pbt_err pbt__store_check(pbt__store *store, pbt_error *error);

/* Copy everything into a new store beside it, FILE.rescued-N.db. No transaction open.
 * Shape: out[PBT__PATH_SIZE] Errors: PBT_ERR_CORRUPT (the copy is damaged; the detail names it),
 * PBT_ERR_IO, PBT_ERR_STORE; then there is no copy. PBT_ERR_STATE: it has no file. */
PBT_MUST_USE pbt_err pbt__store_rescue(pbt__store *store, char *out, pbt_error *error);

/* The absolute path of its file; NULL where it has none. Owner: the store. */
const char *pbt__store_file(const pbt__store *store);

/* Say whether its studies end with this process. */
bool pbt__store_is_fleeting(const pbt__store *store);

/*
 * ---- who owns it ----
 *
 * A store has at most one owner among all processes: it makes studies, sweeps their folders, gives
 * running leases their time again and ends those of the owner before it. Whoever opens a store with
 * `owns` asks for that, and has it until it closes the handle or ends, however it ends. All others
 * are visitors, who may train as well. How ownership is held, and whether it can be had, is the
 * backend's affair.
 */

bool pbt__store_is_owner(const pbt__store *store);

typedef struct pbt__store_owner {
    enum {
        PBT__OWNER_UNKNOWN,
        PBT__OWNER_NONE, /* it is certain that nobody is */
        PBT__OWNER_LIVES,
    } state;
    long process; /* the owner; 0: not known */
    /* What was announced last, perhaps by an owner before this one; "": nothing. */
    char words[PBT__WORDS_SIZE];
    bool is_private; /* nobody else could have read or written the words */
} pbt__store_owner;

/* Find who owns the store now. Waits for no transaction. Threads: any */
void pbt__store_find_owner(const pbt__store *store, pbt__store_owner *out);

/* Tell others where the owner, this process, can be spoken to. The words are its own affair, and
 * should say whose they are. They are taken back when the handle is closed, unless they stay, for
 * the next owner to read. Errors: PBT_ERR_STATE (a visitor), PBT_ERR_LIMIT, PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__store_announce(pbt__store *store, const char *words, bool stays,
                                         pbt_error *error);

/*
 * ---- waiting for others ----
 *
 * A wait is over when there is news, when its time is, or when somebody wakes those who wait. So
 * that no wake is lost, whoever decides to wait counts the wakes first, then looks whether there is
 * a reason to wait, and waits with that count.
 */

/* Count the wakes so far. Threads: any */
uint64_t pbt__store_wakes(pbt__store *store);

/* End all waits of this handle. Waits for nothing. Threads: any */
void pbt__store_wake(pbt__store *store);

typedef struct pbt__await {
    int64_t study;
    int64_t after;    /* the newest event that is known: its sequence */
    int64_t until_us; /* on the monotonic clock */
    uint64_t wakes;   /* as they were counted */
} pbt__await;

/* Wait for an event of a study, whoever appends it: through this handle, another or another
 * process. `*has_news` says whether there is one. No transaction open on this thread; those of
 * others go on meanwhile. Errors: as `read`; what happened then is not known. */
PBT_MUST_USE pbt_err pbt__store_wait(pbt__store *store, const pbt__await *what, bool *has_news,
                                     pbt_error *error);

/* ---- opening and closing ---- */

/* The stores there are, a row and a line each: the scheme of their URLs, what stands behind it, and
 * what completion offers there. The first is used for a plain file name. */
#define PBT__STORES(X)                                                                             \
    X(sqlite, "FILE", "pbt.db")                                                                    \
    X(memory, "", "")

/* As people read them: ", sqlite:FILE, memory:". */
#define PBT__STORE_FORM(scheme, place, offer) ", " #scheme ":" place

/* The file that an URL names; NULL if its store is none, or there is no such store. */
const char *pbt__store_url_file(const char *url);

typedef struct pbt__store_options {
    const char *url; /* sqlite:FILE, memory:, or a plain FILE */
    bool can_create; /* false: one that is absent is PBT_ERR_NOT_FOUND; a query never creates */
    bool is_read_only;
    bool owns;           /* own it, or fail: PBT_ERR_BUSY where another process does */
    double busy_seconds; /* the bound on waiting for another process's lock; 0: 60 */
    /* Nullable: the clock, for tests. */
    int64_t (*now_us)(void *context);
    void *clock_context;
    long (*file_system)(const char *path); /* Nullable: statfs(2)'s f_type, for tests */
} pbt__store_options;

/*
 * Open a store, bringing an older schema up to date (one that is newer: PBT_ERR_VERSION).
 * Errors: PBT_ERR_ARGUMENT (no such scheme, a network file system), PBT_ERR_NOT_FOUND, PBT_ERR_IO
 * (it cannot be made), PBT_ERR_CORRUPT (damaged, or no store at all), PBT_ERR_BUSY (its lock, or
 * its ownership), PBT_ERR_STORE, PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__store_open(const pbt__store_options *options, pbt__store **out,
                                     pbt_error *error);

/* Free the handle; an open transaction is rolled back. Nullable: store. */
void pbt__store_close(pbt__store *store);

#endif
