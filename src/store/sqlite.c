/*
 * sqlite.c: a store in one SQLite file.
 *
 * BEGIN IMMEDIATE is the study's lock, and every other study's too: one writer at a time per file,
 * which group commit makes up for. All statements are prepared once and kept. A statement outside
 * of any transaction reads one snapshot, which is why each listing is a single statement.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

typedef enum query {
    BEGIN,
    COMMIT,
    ROLLBACK,
    HEAD,
    STUDY_CREATE,
    STUDY_LIST,
    EVENT_APPEND, /* of a row, and of many: LOTS */
    EVENT_APPEND_4,
    EVENT_APPEND_16,
    EVENT_READ,
    CLAIM_PUT,
    CLAIM_PUT_4,
    CLAIM_PUT_16,
    CLAIM_LIST,
    BLOB_PUT,
    BLOB_PUT_4,
    BLOB_PUT_16,
    BLOB_GET,
    BLOB_DROP,
    REMOVE_STUDY,
    REMOVE_EVENTS,
    REMOVE_CLAIMS,
    REMOVE_BLOBS,
    QUERY_COUNT,
} query;

/* Rows that one statement writes: of many a row costs less than half. */
#define TIMES_4(row) row ", " row ", " row ", " row
#define TIMES_16(row) TIMES_4(row) ", " TIMES_4(row) ", " TIMES_4(row) ", " TIMES_4(row)
#define LOTS(which, head, row)                                                                     \
    [which] = head row, [which##_4] = head TIMES_4(row), [which##_16] = head TIMES_16(row)

static const char *const SQL[QUERY_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [HEAD] = "SELECT coalesce(sequence, 0), coalesce(time_us, 0),"
             " (SELECT coalesce(max(revision), 0) FROM claim WHERE claim.study = ?1)"
             " FROM study LEFT JOIN event ON event.study = study.id"
             " WHERE study.id = ?1 ORDER BY sequence DESC LIMIT 1",
    [STUDY_CREATE] = "INSERT INTO study (name) VALUES (?1)",
    [STUDY_LIST] = "SELECT id, name FROM study ORDER BY name",
    LOTS(EVENT_APPEND, "INSERT INTO event (study, sequence, time_us, kind, digest, body) VALUES ",
         "(?, ?, ?, ?, ?, ?)"),
    [EVENT_READ] = "SELECT sequence, time_us, kind, digest, body FROM event"
                   " WHERE study = ?1 AND sequence > ?2 ORDER BY sequence",
    LOTS(CLAIM_PUT,
         "REPLACE INTO claim (study, member, number, attempt, lease_until_us, step,"
         " step_changed_us, revision, worker, session) VALUES ",
         "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
    [CLAIM_LIST] = "SELECT member, number, attempt, lease_until_us, step, step_changed_us, worker,"
                   " session FROM claim WHERE study = ?1 AND revision > ?2 ORDER BY member",
    LOTS(BLOB_PUT, "REPLACE INTO blob (study, member, number, bytes) VALUES ", "(?, ?, ?, ?)"),
    [BLOB_GET] = "SELECT bytes FROM blob WHERE study = ?1 AND member = ?2 AND number = ?3",
    [BLOB_DROP] = "DELETE FROM blob WHERE study = ?1 AND member = ?2 AND number = ?3",
    [REMOVE_STUDY] = "DELETE FROM study WHERE id = ?1",
    [REMOVE_EVENTS] = "DELETE FROM event WHERE study = ?1",
    [REMOVE_CLAIMS] = "DELETE FROM claim WHERE study = ?1",
    [REMOVE_BLOBS] = "DELETE FROM blob WHERE study = ?1",
};

typedef struct sqlite {
    pbt__store store; /* first */
    sqlite3 *db;
    sqlite3_stmt *statements[QUERY_COUNT];
    pbt__patience patience;
    pbt__sqlite_file file;
    pbt__sqlite_owner owner;
} sqlite;

/* ---- running statements ---- */

/* A statement's parameters, from ?1 on. Binding them copies nothing and cannot fail. */
#define BIND(self, which, ...) BIND_AT((self)->statements[which], 0, __VA_ARGS__)

/* The same for the parameters behind the first `before`. */
#define BIND_AT(statement, before, ...)                                                            \
    bind(statement, before, (const int64_t[]){__VA_ARGS__},                                        \
         (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)))

static void bind(sqlite3_stmt *statement, int before, const int64_t *values, int count)
{
    for (int i = 0; i < count; i++) {
        (void)sqlite3_bind_int64(statement, before + i + 1, values[i]);
    }
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    (void)sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

/* Make a statement ready for its next use, and forget what was bound to it. */
static int put_away(sqlite3_stmt *statement)
{
    int rc = sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return rc;
}

/* Run a statement that returns no rows. */
static pbt_err run(sqlite *self, query which, const char *what, pbt_error *error)
{
    errno = 0;
    (void)sqlite3_step(self->statements[which]);
    int rc = put_away(self->statements[which]);
    return rc == SQLITE_OK ? PBT_OK : pbt__sqlite_fail(self->db, rc, what, error);
}

/* Rows to be written. */
typedef struct row_set {
    int64_t study, revision;
    const void *rows;
    void (*bind)(const struct row_set *set, size_t row, sqlite3_stmt *statement, int first);
    int columns;
} row_set;

/* Run `which`, which writes a row, for all rows of a set: 16, 4 or 1 at once. */
static pbt_err run_rows(sqlite *self, query which, const row_set *set, size_t count,
                        const char *what, pbt_error *error)
{
    static const size_t LOT[] = {1, 4, 16};
    pbt_err err = PBT_OK;
    size_t lot = 2;
    for (size_t done = 0; err == PBT_OK && done < count; done += LOT[lot]) {
        while (LOT[lot] > count - done) {
            lot--;
        }
        const query lots = which + (query)lot;
        for (size_t i = 0; i < LOT[lot]; i++) {
            set->bind(set, done + i, self->statements[lots], (int)i * set->columns);
        }
        err = run(self, lots, what, error);
    }
    return err;
}

typedef pbt_err (*row_reader)(void *listing, sqlite3_stmt *row, pbt_error *error);

/* Hand every row to `reader`, until it returns anything but PBT_OK. */
static pbt_err each_row(sqlite *self, query which, row_reader reader, void *listing,
                        pbt_error *error)
{
    sqlite3_stmt *rows = self->statements[which];
    pbt_err err = PBT_OK;
    errno = 0;
    while (err == PBT_OK && sqlite3_step(rows) == SQLITE_ROW) {
        err = reader(listing, rows, error);
    }
    int rc = put_away(rows);
    return err == PBT_OK && rc != SQLITE_OK
               ? pbt__sqlite_fail(self->db, rc, "cannot read the store", error)
               : err;
}

/* Copy a text column whole. Shape: out[size] */
static pbt_err copy_text(sqlite3_stmt *row, int column, char *out, size_t size, pbt_error *error)
{
    const unsigned char *text = sqlite3_column_text(row, column);
    size_t length = (size_t)sqlite3_column_bytes(row, column);
    if (text == NULL) {
        return pbt__fail_memory(error);
    }
    if (length >= size) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "a name in the store is %zu bytes long", length);
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return PBT_OK;
}

/* ---- transactions ---- */

/* SQLite rolls back by itself after some failures; then there is nothing left to do. */
static void sqlite_rollback(pbt__store *store)
{
    sqlite *self = (sqlite *)store;
    if (!sqlite3_get_autocommit(self->db)) {
        (void)sqlite3_step(self->statements[ROLLBACK]);
        (void)put_away(self->statements[ROLLBACK]);
    }
}

static pbt_err read_head(void *listing, sqlite3_stmt *row, pbt_error *error)
{
    (void)error;
    *(pbt__head *)listing = (pbt__head){
        .last_sequence = sqlite3_column_int64(row, 0),
        .last_time_us = sqlite3_column_int64(row, 1),
        .claims_revision = sqlite3_column_int64(row, 2),
    };
    return PBT_OK;
}

static pbt_err find_head(sqlite *self, int64_t study, pbt__head *out, pbt_error *error)
{
    pbt__head head = {.last_sequence = -1};
    BIND(self, HEAD, study);
    pbt_err err = each_row(self, HEAD, read_head, &head, error);
    if (err == PBT_OK && head.last_sequence < 0) {
        err = pbt__fail(error, PBT_ERR_NOT_FOUND, "the study is gone");
    }
    if (err == PBT_OK) {
        *out = head;
    }
    return err;
}

static pbt_err sqlite_begin(pbt__store *store, int64_t study, pbt__head *out, pbt_error *error)
{
    sqlite *self = (sqlite *)store;
    pbt_err err = run(self, BEGIN, "cannot lock the store", error);
    if (err == PBT_OK) {
        err = find_head(self, study, out, error);
    }
    if (err != PBT_OK) {
        sqlite_rollback(store);
    }
    return err;
}

static pbt_err create_study(sqlite *self, const char *name, pbt_error *error)
{
    sqlite3_stmt *statement = self->statements[STUDY_CREATE];
    bind_text(statement, 1, name);
    errno = 0;
    (void)sqlite3_step(statement);
    int rc = put_away(statement);
    if (rc == SQLITE_CONSTRAINT_UNIQUE) {
        return pbt__fail(error, PBT_ERR_EXISTS, "there is a study '%s' already", name);
    }
    return rc == SQLITE_OK ? PBT_OK : pbt__sqlite_fail(self->db, rc, "cannot make a study", error);
}

static pbt_err sqlite_begin_create(pbt__store *store, const char *name, int64_t *study,
                                   pbt_error *error)
{
    sqlite *self = (sqlite *)store;
    pbt_err err = run(self, BEGIN, "cannot lock the store", error);
    if (err == PBT_OK) {
        err = create_study(self, name, error);
    }
    if (err != PBT_OK) {
        sqlite_rollback(store);
        return err;
    }
    *study = sqlite3_last_insert_rowid(self->db);
    return PBT_OK;
}

static pbt_err sqlite_commit(pbt__store *store, pbt_error *error)
{
    pbt_err err = run((sqlite *)store, COMMIT, "cannot commit", error);
    if (err != PBT_OK) {
        sqlite_rollback(store);
    }
    return err;
}

/* ---- studies ---- */

typedef struct study_listing {
    pbt__study_callback callback;
    void *context;
} study_listing;

static pbt_err read_study(void *listing, sqlite3_stmt *row, pbt_error *error)
{
    const study_listing *self = listing;
    pbt__study_row study = {.id = sqlite3_column_int64(row, 0)};
    pbt_err err = copy_text(row, 1, study.name, sizeof(study.name), error);
    return err == PBT_OK ? self->callback(self->context, &study) : err;
}

static pbt_err sqlite_list(pbt__store *store, pbt__study_callback callback, void *context,
                           pbt_error *error)
{
    study_listing listing = {callback, context};
    return each_row((sqlite *)store, STUDY_LIST, read_study, &listing, error);
}

static pbt_err sqlite_remove(pbt__store *store, int64_t study, pbt_error *error)
{
    pbt_err err = PBT_OK;
    for (query which = REMOVE_STUDY; which <= REMOVE_BLOBS && err == PBT_OK; which++) {
        BIND((sqlite *)store, which, study);
        err = run((sqlite *)store, which, "cannot remove the study", error);
    }
    return err;
}

/* ---- events ---- */

static void bind_event(const row_set *set, size_t row, sqlite3_stmt *statement, int before)
{
    const pbt__event *event = (const pbt__event *)set->rows + row;
    BIND_AT(statement, before, set->study, event->sequence, event->time_us, (int64_t)event->kind);
    (void)sqlite3_bind_blob(statement, before + 5, event->digest.bytes, sizeof(event->digest.bytes),
                            SQLITE_STATIC);
    (void)sqlite3_bind_text64(statement, before + 6, event->body, event->body_length, SQLITE_STATIC,
                              SQLITE_UTF8);
}

static pbt_err sqlite_append(pbt__store *store, int64_t study, const pbt__event *events,
                             size_t count, pbt_error *error)
{
    const row_set set = {.study = study, .rows = events, .bind = bind_event, .columns = 6};
    return run_rows((sqlite *)store, EVENT_APPEND, &set, count, "cannot append an event", error);
}

typedef struct event_listing {
    pbt__event_callback callback;
    void *context;
} event_listing;

static pbt_err read_event(void *listing, sqlite3_stmt *row, pbt_error *error)
{
    const event_listing *self = listing;
    pbt__event event = {
        .sequence = sqlite3_column_int64(row, 0),
        .time_us = sqlite3_column_int64(row, 1),
        .kind = (pbt__event_kind)sqlite3_column_int(row, 2),
        .body = (const char *)sqlite3_column_text(row, 4),
        .body_length = (size_t)sqlite3_column_bytes(row, 4),
    };
    if (event.body == NULL) {
        return pbt__fail_memory(error);
    }
    const void *digest = sqlite3_column_blob(row, 3);
    if (sqlite3_column_bytes(row, 3) != (int)sizeof(event.digest.bytes)) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "event %lld has no digest",
                         (long long)event.sequence);
    }
    memcpy(event.digest.bytes, digest, sizeof(event.digest.bytes));
    return self->callback(self->context, &event);
}

static pbt_err sqlite_read(pbt__store *store, int64_t study, int64_t after,
                           pbt__event_callback callback, void *context, pbt_error *error)
{
    event_listing listing = {callback, context};
    BIND((sqlite *)store, EVENT_READ, study, after);
    return each_row((sqlite *)store, EVENT_READ, read_event, &listing, error);
}

/* ---- claims ---- */

static void bind_claim(const row_set *set, size_t row, sqlite3_stmt *statement, int before)
{
    const pbt__claim *claim = (const pbt__claim *)set->rows + row;
    BIND_AT(statement, before, set->study, claim->member, claim->number, claim->attempt,
            claim->lease_until_us, claim->step, claim->step_changed_us, set->revision);
    bind_text(statement, before + 9, claim->worker);
    bind_text(statement, before + 10, claim->session);
}

static pbt_err sqlite_claim_put(pbt__store *store, int64_t study, const pbt__claim *claims,
                                size_t count, int64_t revision, pbt_error *error)
{
    const row_set set = {
        .study = study, .revision = revision, .rows = claims, .bind = bind_claim, .columns = 10};
    return run_rows((sqlite *)store, CLAIM_PUT, &set, count, "cannot write a claim", error);
}

typedef struct claim_listing {
    pbt__claim_callback callback;
    void *context;
} claim_listing;

static pbt_err read_claim(void *listing, sqlite3_stmt *row, pbt_error *error)
{
    const claim_listing *self = listing;
    pbt__claim claim = {
        .member = sqlite3_column_int(row, 0),
        .number = sqlite3_column_int(row, 1),
        .attempt = sqlite3_column_int(row, 2),
        .lease_until_us = sqlite3_column_int64(row, 3),
        .step = sqlite3_column_int64(row, 4),
        .step_changed_us = sqlite3_column_int64(row, 5),
    };
    pbt_err err = copy_text(row, 6, claim.worker, sizeof(claim.worker), error);
    if (err == PBT_OK) {
        err = copy_text(row, 7, claim.session, sizeof(claim.session), error);
    }
    return err == PBT_OK ? self->callback(self->context, &claim) : err;
}

static pbt_err sqlite_claim_list(pbt__store *store, int64_t study, int64_t after,
                                 pbt__claim_callback callback, void *context, pbt_error *error)
{
    claim_listing listing = {callback, context};
    BIND((sqlite *)store, CLAIM_LIST, study, after);
    return each_row((sqlite *)store, CLAIM_LIST, read_claim, &listing, error);
}

/* ---- blobs ---- */

static void bind_blob(const row_set *set, size_t row, sqlite3_stmt *statement, int before)
{
    const pbt__blob *blob = (const pbt__blob *)set->rows + row;
    const void *bytes = blob->length > 0 ? blob->bytes : "";
    BIND_AT(statement, before, set->study, blob->id.member, blob->id.number);
    (void)sqlite3_bind_blob64(statement, before + 4, bytes, blob->length, SQLITE_STATIC);
}

static pbt_err sqlite_blob_put(pbt__store *store, int64_t study, const pbt__blob *blobs,
                               size_t count, pbt_error *error)
{
    const row_set set = {.study = study, .rows = blobs, .bind = bind_blob, .columns = 4};
    return run_rows((sqlite *)store, BLOB_PUT, &set, count, "cannot keep a checkpoint", error);
}

typedef struct blob {
    void *bytes; /* NULL: not found */
    size_t length;
} blob;

static pbt_err read_blob(void *listing, sqlite3_stmt *row, pbt_error *error)
{
    blob *self = listing;
    const void *bytes = sqlite3_column_blob(row, 0);
    self->length = (size_t)sqlite3_column_bytes(row, 0);
    if (bytes == NULL && sqlite3_errcode(sqlite3_db_handle(row)) == SQLITE_NOMEM) {
        return pbt__fail_memory(error);
    }
    self->bytes = pbt__strndup(bytes == NULL ? "" : bytes, self->length);
    return self->bytes == NULL ? pbt__fail_memory(error) : PBT_OK;
}

static pbt_err sqlite_blob_get(pbt__store *store, int64_t study, pbt_segment_id id, void **bytes,
                               size_t *length, pbt_error *error)
{
    blob found = {0};
    BIND((sqlite *)store, BLOB_GET, study, id.member, id.number);
    pbt_err err = each_row((sqlite *)store, BLOB_GET, read_blob, &found, error);
    if (err == PBT_OK && found.bytes == NULL) {
        err = pbt__fail(error, PBT_ERR_NOT_FOUND, "the store keeps nothing of m%ds%d", id.member,
                        id.number);
    }
    if (err != PBT_OK) {
        free(found.bytes);
        return err;
    }
    *bytes = found.bytes;
    *length = found.length;
    return PBT_OK;
}

static pbt_err sqlite_blob_drop(pbt__store *store, int64_t study, pbt_segment_id id,
                                pbt_error *error)
{
    sqlite *self = (sqlite *)store;
    BIND(self, BLOB_DROP, study, id.member, id.number);
    return run(self, BLOB_DROP, "cannot drop a checkpoint", error);
}

/* ---- the handle ---- */

static void sqlite_close(pbt__store *store)
{
    sqlite *self = (sqlite *)store;
    pbt__sqlite_owner_withdraw(&self->owner);
    for (int i = 0; i < QUERY_COUNT; i++) {
        sqlite3_finalize(self->statements[i]);
    }
    sqlite3_close(self->db);
    pbt__sqlite_file_close(&self->file);
    pbt__sqlite_owner_release(&self->owner);
}

static pbt_err sqlite_check(pbt__store *store, pbt_error *error)
{
    sqlite *self = (sqlite *)store;
    pbt_err err = pbt__sqlite_file_check(&self->file, self->db, error);
    if (err == PBT_OK) {
        pbt__sqlite_owner_keep(&self->owner);
    }
    return err;
}

static pbt_err sqlite_rescue(pbt__store *store, char *out, pbt_error *error)
{
    sqlite *self = (sqlite *)store;
    return pbt__sqlite_file_rescue(&self->file, self->db, out, error);
}

static void sqlite_owner(const pbt__store *store, pbt__store_owner *out)
{
    pbt__sqlite_owner_find(((const sqlite *)store)->file.path, out);
}

static pbt_err sqlite_announce(pbt__store *store, const char *words, bool stays, pbt_error *error)
{
    return pbt__sqlite_owner_announce(&((sqlite *)store)->owner, words, stays, error);
}

static const char *sqlite_file(const pbt__store *store)
{
    return ((const sqlite *)store)->file.path;
}

static pbt_err prepare_all(sqlite *self, pbt_error *error)
{
    for (int i = 0; i < QUERY_COUNT; i++) {
        int rc = sqlite3_prepare_v3(self->db, SQL[i], -1, SQLITE_PREPARE_PERSISTENT,
                                    &self->statements[i], NULL);
        if (rc != SQLITE_OK) {
            return pbt__sqlite_fail(self->db, rc, "cannot prepare the store", error);
        }
    }
    return PBT_OK;
}

/* SQLite would take these for a database of its own in memory or in a temporary file. */
static bool is_file_name(const char *place)
{
    return place[0] != '\0' && strcmp(place, ":memory:") != 0;
}

static pbt_err sqlite_open(const char *place, const pbt__store_options *options, pbt__store **out,
                           pbt_error *error)
{
    if (!is_file_name(place)) {
        pbt__fail(error, PBT_ERR_ARGUMENT, "a store needs a file's name, found '%s'", place);
        pbt__error_hint(error, "write sqlite:FILE, or memory: for one that ends with its process");
        return PBT_ERR_ARGUMENT;
    }
    sqlite *self = pbt__calloc(1, sizeof(*self));
    if (self == NULL) {
        return pbt__fail_memory(error);
    }
    pbt_err err = pbt__sqlite_owner_init(&self->owner, place, options, error);
    if (err == PBT_OK) {
        err = pbt__sqlite_connect(place, options, &self->patience, &self->db, error);
    }
    if (err == PBT_OK) {
        err = prepare_all(self, error);
    }
    if (err == PBT_OK) {
        pbt__sqlite_file_open(&self->file, self->db);
    }
    if (err != PBT_OK) {
        sqlite_close(&self->store);
        free(self);
        return err;
    }
    *out = &self->store;
    return PBT_OK;
}

const pbt__store_ops pbt__sqlite_ops = {
    .scheme = "sqlite",
    .look_us = 100 * 1000,
    .open = sqlite_open,
    .close = sqlite_close,
    .check = sqlite_check,
    .rescue = sqlite_rescue,
    .file = sqlite_file,
    .owner = sqlite_owner,
    .announce = sqlite_announce,
    .list = sqlite_list,
    .begin = sqlite_begin,
    .begin_create = sqlite_begin_create,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .append = sqlite_append,
    .claim_put = sqlite_claim_put,
    .blob_put = sqlite_blob_put,
    .blob_drop = sqlite_blob_drop,
    .remove = sqlite_remove,
    .read = sqlite_read,
    .claim_list = sqlite_claim_list,
    .blob_get = sqlite_blob_get,
};
