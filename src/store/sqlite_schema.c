/*
 * sqlite_schema.c: the tables, and how older files become newer ones.
 *
 * The file's header says whose it is (application_id) and how far it has come (user_version). A
 * released step is never edited: the next version adds one. tests/store keeps a store of every
 * version there was.
 */
#include <stdio.h>

#include "base/error.h"
#include "store/sqlite.h"

/*
 * Ids of studies are never reused (AUTOINCREMENT), so that the id of a removed study never leads to
 * another log. Claims are small and found by their key: one tree is enough. Events and blobs can be
 * many pages long, for which a tree with rows in its inner nodes is slow (in memory, groups of 64:
 * 249k reports/s, against 219k with events WITHOUT ROWID). A study's claims_revision is the highest
 * among its claims, which the index gives at once.
 */
// clang-format off
static const char VERSION_1[] =
    "CREATE TABLE study ("
    "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  name TEXT NOT NULL UNIQUE"
    ") STRICT;"
    "CREATE TABLE event ("
    "  study INTEGER NOT NULL,"
    "  sequence INTEGER NOT NULL,"
    "  time_us INTEGER NOT NULL,"
    "  kind INTEGER NOT NULL,"
    "  digest BLOB NOT NULL,"
    "  body TEXT NOT NULL,"
    "  PRIMARY KEY (study, sequence)"
    ") STRICT;"
    "CREATE TABLE claim ("
    "  study INTEGER NOT NULL,"
    "  member INTEGER NOT NULL,"
    "  number INTEGER NOT NULL,"
    "  attempt INTEGER NOT NULL,"
    "  lease_until_us INTEGER NOT NULL,"
    "  step INTEGER NOT NULL,"
    "  step_changed_us INTEGER NOT NULL,"
    "  worker TEXT NOT NULL,"
    "  session TEXT NOT NULL,"
    "  revision INTEGER NOT NULL,"
    "  PRIMARY KEY (study, member)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE INDEX claim_revision ON claim (study, revision);"
    "CREATE TABLE blob ("
    "  study INTEGER NOT NULL,"
    "  member INTEGER NOT NULL,"
    "  number INTEGER NOT NULL,"
    "  bytes BLOB NOT NULL,"
    "  PRIMARY KEY (study, member, number)"
    ") STRICT;";
// clang-format on

static const char *const STEPS[] = {
    VERSION_1,
};

const pbt__schema pbt__sqlite_schema = {
    .application_id = 0x70627473, /* "pbts" */
    .steps = STEPS,
    .step_count = sizeof(STEPS) / sizeof(STEPS[0]),
};

static const char UPDATING[] = "cannot bring the store up to date";

/* What a database says of itself. */
typedef struct identity {
    int32_t application_id;
    int32_t version;
    int32_t table_count;
} identity;

/* Ask in one statement, so that the answers are of one moment. */
static pbt_err identify(sqlite3 *db, identity *out, pbt_error *error)
{
    static const char SQL[] = "SELECT application_id, user_version,"
                              " (SELECT count(*) FROM sqlite_schema)"
                              " FROM pragma_application_id, pragma_user_version";
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(db, SQL, -1, &statement, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(statement);
    }
    if (rc == SQLITE_ROW) {
        *out = (identity){
            .application_id = sqlite3_column_int(statement, 0),
            .version = sqlite3_column_int(statement, 1),
            .table_count = sqlite3_column_int(statement, 2),
        };
        rc = SQLITE_OK;
    }
    pbt_err err =
        rc == SQLITE_OK ? PBT_OK : pbt__sqlite_fail(db, rc, "cannot read the store", error);
    sqlite3_finalize(statement);
    return err;
}

static pbt_err fail_version(int32_t found, int wanted, const char *file, pbt_error *error)
{
    bool is_newer = found > wanted;
    pbt__fail(error, PBT_ERR_VERSION, "'%.150s' was made by %s pbt", file,
              is_newer ? "a newer" : "an older");
    pbt__error_detail(error, "its layout is version %d, this pbt's is %d", (int)found, wanted);
    pbt__error_hint(error, is_newer ? "use the newer pbt, or another store"
                                    : "a command that changes the store brings it up to date");
    return PBT_ERR_VERSION;
}

static pbt_err fail_foreign(const char *file, pbt_error *error)
{
    pbt__fail(error, PBT_ERR_CORRUPT, "'%.150s' is not a store of pbt", file);
    pbt__error_hint(error, "name another file");
    return PBT_ERR_CORRUPT;
}

/* Say whether this pbt may go on with what it found. */
static pbt_err judge(const identity *found, const pbt__schema *schema,
                     const pbt__store_options *options, const char *file, pbt_error *error)
{
    bool is_empty = found->application_id == 0 && found->version == 0 && found->table_count == 0;
    if (is_empty && options->can_create && !options->is_read_only) {
        return PBT_OK;
    }
    if (is_empty) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "there is no store in '%.150s' yet", file);
    }
    if (found->application_id != schema->application_id || found->version < 1) {
        return fail_foreign(file, error);
    }
    bool is_older = found->version < schema->step_count;
    if (found->version > schema->step_count || (is_older && options->is_read_only)) {
        return fail_version(found->version, schema->step_count, file, error);
    }
    return PBT_OK;
}

/* Find the version a database has, 0 if it is empty. */
static pbt_err inspect(sqlite3 *db, const pbt__schema *schema, const pbt__store_options *options,
                       int *from, pbt_error *error)
{
    identity found = {0};
    pbt_err err = identify(db, &found, error);
    if (err == PBT_OK) {
        err = judge(&found, schema, options, sqlite3_db_filename(db, "main"), error);
    }
    if (err == PBT_OK) {
        *from = found.version;
    }
    return err;
}

/* Note in the header whose the file is and how far it has come. */
static pbt_err sign(sqlite3 *db, const pbt__schema *schema, pbt_error *error)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
             (int)schema->application_id, schema->step_count);
    return pbt__sqlite_exec(db, sql, UPDATING, error);
}

/* Inside a transaction: another process may have come first, so look again. */
static pbt_err take_steps(sqlite3 *db, const pbt__schema *schema, const pbt__store_options *options,
                          pbt_error *error)
{
    int from = 0;
    pbt_err err = inspect(db, schema, options, &from, error);
    for (int i = from; i < schema->step_count && err == PBT_OK; i++) {
        err = pbt__sqlite_exec(db, schema->steps[i], UPDATING, error);
    }
    return err == PBT_OK ? sign(db, schema, error) : err;
}

pbt_err pbt__sqlite_migrate(sqlite3 *db, const pbt__schema *schema,
                            const pbt__store_options *options, pbt_error *error)
{
    int from = 0;
    pbt_err err = inspect(db, schema, options, &from, error);
    if (err != PBT_OK || from == schema->step_count) {
        return err;
    }
    err = pbt__sqlite_exec(db, "BEGIN IMMEDIATE", "cannot lock the store", error);
    if (err != PBT_OK) {
        return err;
    }
    err = take_steps(db, schema, options, error);
    if (err == PBT_OK) {
        err = pbt__sqlite_exec(db, "COMMIT", UPDATING, error);
    }
    if (err != PBT_OK) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    return err;
}
