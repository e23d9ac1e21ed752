/* sqlite.h: what the files of the SQLite backend share. */
#ifndef PBT_STORE_SQLITE_H
#define PBT_STORE_SQLITE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "base/file.h"
#include "store/backend.h"

/* A layout's history: step N takes version N to N + 1. Shape: steps[step_count] */
typedef struct pbt__schema {
    int32_t application_id; /* in the file's header: whose it is */
    const char *const *steps;
    int step_count; /* the version there is today */
} pbt__schema;

/* The layout of pbt's own stores. */
extern const pbt__schema pbt__sqlite_schema;

/* Fill `error` from SQLite's own words and the system's (errno, set to 0 before what may fail) and
 * return the code that `rc` stands for. `what` begins with "cannot". Nullable: error. */
pbt_err pbt__sqlite_fail(sqlite3 *db, int rc, const char *what, pbt_error *error);

/* Run SQL that returns no rows. `what` as above. */
PBT_MUST_USE pbt_err pbt__sqlite_exec(sqlite3 *db, const char *sql, const char *what,
                                      pbt_error *error);

/*
 * Bring a database up to date: all steps or none, also where several processes try at once. An
 * empty one is made where `can_create`.
 * Errors: PBT_ERR_NOT_FOUND (empty, and not to be made), PBT_ERR_CORRUPT (somebody else's),
 * PBT_ERR_VERSION (newer, or older and `is_read_only`), PBT_ERR_BUSY, PBT_ERR_STORE.
 */
PBT_MUST_USE pbt_err pbt__sqlite_migrate(sqlite3 *db, const pbt__schema *schema,
                                         const pbt__store_options *options, pbt_error *error);

/* How long to wait for a lock that another process holds. */
typedef struct pbt__patience {
    int64_t bound_us;
    int64_t since_us; /* when this wait began */
} pbt__patience;

/*
 * Connect to a file: made 0600 if it is absent and `can_create`, brought up to date.
 * Owner: `patience` lives as long as `*out`, which sqlite3_close ends.
 * Errors: as pbt__store_open.
 */
PBT_MUST_USE pbt_err pbt__sqlite_connect(const char *path, const pbt__store_options *options,
                                         pbt__patience *patience, sqlite3 **out, pbt_error *error);

/* The files under a connection, as they were when it was opened (sqlite_file.c). */
typedef struct pbt__sqlite_file {
    char path[PBT__PATH_SIZE]; /* absolute, links resolved */
    struct {
        dev_t device;
        ino_t inode; /* 0: it was not there */
        bool is_cut; /* it lacks what was in it */
    } parts[3];      /* the store, its log, the log's index */
    off_t size;      /* the store's largest so far. Units: bytes */
    struct {
        off_t size, hole; /* Units: bytes */
    } log;                /* when it was looked at last */
    bool is_lost, is_rescued;
} pbt__sqlite_file;

/* Remember the files of a connection after its first read. */
void pbt__sqlite_file_open(pbt__sqlite_file *self, sqlite3 *db);

/* As `check` of pbt__store_ops. From a failure on, nothing is written to what is not ours. */
PBT_MUST_USE pbt_err pbt__sqlite_file_check(pbt__sqlite_file *self, sqlite3 *db, pbt_error *error);

/* As `rescue` of pbt__store_ops. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__sqlite_file_rescue(pbt__sqlite_file *self, sqlite3 *db, char *out,
                                             pbt_error *error);

/* The owner's half of a store (sqlite_owner.c). */
typedef struct pbt__sqlite_owner {
    char path[PBT__PATH_SIZE]; /* of the store: absolute, links resolved */
    int lock, store;           /* descriptors of STORE.lock and of the store; -1: not an owner's */
    char *words;               /* owned; NULL: nothing was announced */
    bool stays;                /* what was announced, when the owner ends */
    ino_t inode;               /* of STORE.owner as it was written */
} pbt__sqlite_owner;

/* Where the options say `owns`, take the locks of the store at `place`, which is made, empty, if
 * it is not there. Release in any case. Errors: PBT_ERR_ARGUMENT (a network file system),
 * PBT_ERR_BUSY naming the process that holds it, PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__sqlite_owner_init(pbt__sqlite_owner *self, const char *place,
                                            const pbt__store_options *options, pbt_error *error);

/* As `announce` of pbt__store_ops; `keep` as its `check` says. */
PBT_MUST_USE pbt_err pbt__sqlite_owner_announce(pbt__sqlite_owner *self, const char *words,
                                                bool stays, pbt_error *error);
void pbt__sqlite_owner_keep(pbt__sqlite_owner *self);

/* Remove the announcement unless it stays; before the connection is closed. */
void pbt__sqlite_owner_withdraw(const pbt__sqlite_owner *self);

/* Not before the connection is closed: SQLite's locks would go with the descriptor. */
void pbt__sqlite_owner_release(pbt__sqlite_owner *self);

/* As `owner` of pbt__store_ops, of the store at a path. */
void pbt__sqlite_owner_find(const char *path, pbt__store_owner *out);

/* Once the connection is closed, and what it held was rescued: where the store is another one now,
 * or gone, or cut, remove the log, which would be taken for that of whatever store is put
 * there. */
void pbt__sqlite_file_close(const pbt__sqlite_file *self);

#endif
