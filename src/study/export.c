/*
 * export.c: the best segment as a folder: checkpoint, schedule, spec, provenance.
 *
 * The folder is made aside, durably, and then renamed: it is whole or absent, and an existing one
 * is never touched. The study may go on meanwhile: the checkpoint is pinned while it is copied. If
 * it was collected before that, a better one exists and is taken.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/checkpoint_vault.h"
#include "study/inside.h"
#include "study/schedule.h"

enum {
    TRIES_MAXIMUM = 8,
    FILE_MAXIMUM = 1 << 30, /* Units: bytes */
};

/* What is taken, and where to. */
typedef struct parcel {
    const pbt__packer *from;
    char folder[PBT__PATH_SIZE]; /* the final name */
    char aside[PBT__PATH_SIZE];
    json_t *parts; /* as pbt__study_parts says */
    pbt_segment_id id;
    pbt__checkpoint record;
} parcel;

/* ---- what is taken ---- */

/* The text that a user wrote, while it still says what is in force. */
static pbt_err take_spec(const pbt__view *view, char **out, pbt_error *error)
{
    if (view->facts.amendment_count > 0) {
        return pbt__spec_write(view->facts.spec, out, error);
    }
    *out = pbt__strdup(view->facts.spec->source);
    return *out != NULL ? PBT_OK : pbt__fail_memory(error);
}

/* Bytes and digest; when and as which inode they were written says nothing elsewhere. */
static json_t *bare_json(const json_t *record)
{
    json_t *json = json_deep_copy(record);
    (void)json_object_del(json, "modified_ns");
    (void)json_object_del(json, "inode");
    return json;
}

static json_t *lineage_json(const json_t *schedule)
{
    json_t *list = json_array();
    json_t *row = NULL;
    size_t i = 0;
    json_array_foreach(json_object_get(schedule, "rows"), i, row)
    {
        if (json_array_append(list, json_object_get(row, "segment")) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* What is read of the view, under one lock. */
typedef struct glimpse {
    json_t *record;
    char *spec;
    int64_t sequence;
    char digest[PBT__DIGEST_TEXT_SIZE];
} glimpse;

static pbt_err take_glimpse(const pbt__study *study, pbt_segment_id id, glimpse *out,
                            pbt_error *error)
{
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    out->record = entry != NULL ? pbt__checkpoint_json(&entry->checkpoint) : NULL;
    out->sequence = study->view.facts.sequence;
    pbt__digest_write(study->view.facts.digest, out->digest);
    return out->record != NULL ? take_spec(&study->view, &out->spec, error)
                               : pbt__fail_memory(error);
}

static json_t *parts_json(const pbt__study *study, const glimpse *seen, const json_t *show,
                          const json_t *schedule, const json_t *account)
{
    const json_t *best = json_object_get(show, "best");
    const pbt_direction direction = study->view.specs[0]->search.direction;
    json_t *origin = json_pack(
        "{s:s, s:O, s:s, s:O, s:O, s:O, s:O, s:O, s:O, s:o, s:o, s:O, s:I, s:s, s:s, s:O}", "study",
        study->row.name, "metric", json_object_get(show, "metric"), "direction",
        pbt_direction_name(direction), "segment", json_object_get(best, "segment"), "member",
        json_object_get(best, "member"), "step", json_object_get(best, "step"), "age",
        json_object_get(best, "age"), "score", json_object_get(best, "score"), "hyperparameters",
        json_object_get(best, "hyperparameters"), "checkpoint", bare_json(seen->record), "lineage",
        lineage_json(schedule), "amendments", json_object_get(account, "amendments"), "events",
        (json_int_t)seen->sequence, "log_digest", seen->digest, "exported_by", pbt_version(),
        "provenance", json_object_get(show, "provenance"));
    return json_pack("{s:o, s:O, s:O, s:s}", "origin", origin, "checkpoint", seen->record,
                     "schedule", schedule, "spec", seen->spec);
}

static pbt_err find_best(const pbt__study *study, const json_t *show, pbt_segment_id *out,
                         pbt_error *error)
{
    const json_t *best = json_object_get(show, "best");
    return pbt__id_read(pbt__json_get_text(best, "segment", ""), out)
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' has no best segment yet",
                           study->row.name);
}

pbt_err pbt__study_parts(pbt__study *study, json_t **out, pbt_error *error)
{
    json_t *show = NULL, *schedule = NULL, *account = NULL;
    glimpse seen = {.record = NULL};
    pbt_segment_id id;
    pbt_err err = pbt__study_show(study, &show, error);
    if (err == PBT_OK) {
        err = find_best(study, show, &id, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_look(study, error);
    }
    if (err == PBT_OK) {
        err = take_glimpse(study, id, &seen, error);
        pthread_mutex_unlock(&study->view_lock);
    }
    if (err == PBT_OK) {
        err = pbt__study_schedule(study, id, &schedule, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_account(study, &account, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_give(parts_json(study, &seen, show, schedule, account), out, error);
    }
    json_decref(show);
    json_decref(schedule);
    json_decref(account);
    json_decref(seen.record);
    free(seen.spec);
    return err;
}

static const json_t *part_of(const parcel *p, const char *name)
{
    return json_object_get(p->parts, name);
}

/* Look at the study once: everything but the bytes. */
static pbt_err take(parcel *p, pbt_error *error)
{
    json_decref(p->parts);
    p->parts = NULL;
    const pbt_err err = p->from->pack(p->from->context, &p->parts, error);
    const char *id = pbt__json_get_text(part_of(p, "origin"), "segment", "");
    if (err == PBT_OK && (!pbt__id_read(id, &p->id) ||
                          !pbt__checkpoint_read(part_of(p, "checkpoint"), &p->record))) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "'%.40s' has no checkpoint's record", id);
    }
    return err;
}

/* ---- the files ---- */

static pbt_err write_file(const parcel *p, const char *name, pbt__text *text, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err =
        text->failed ? pbt__fail_memory(error) : pbt__path_join(p->aside, name, path, error);
    if (err == PBT_OK) {
        err = pbt__file_write(path, pbt__text_string(text), text->length, error);
    }
    pbt__text_fini(text);
    return err;
}

static pbt_err write_schedule(const parcel *p, pbt_error *error)
{
    pbt__text json = pbt__text_init(FILE_MAXIMUM);
    pbt__text csv = pbt__text_init(FILE_MAXIMUM);
    pbt__schedule_json(part_of(p, "schedule"), &json);
    pbt__schedule_csv(part_of(p, "schedule"), &csv);
    pbt_err err = write_file(p, "schedule.json", &json, error);
    if (err != PBT_OK) {
        pbt__text_fini(&csv);
        return err;
    }
    return write_file(p, "schedule.csv", &csv, error);
}

static pbt_err write_origin(const parcel *p, pbt_error *error)
{
    pbt__text text = pbt__text_init(FILE_MAXIMUM);
    pbt__json_append(&text, part_of(p, "origin"));
    pbt__text_add(&text, "\n");
    return write_file(p, "provenance.json", &text, error);
}

static pbt_err write_spec(const parcel *p, pbt_error *error)
{
    pbt__text text = pbt__text_init(FILE_MAXIMUM);
    pbt__text_add(&text, pbt__json_get_text(p->parts, "spec", ""));
    return write_file(p, "spec.yaml", &text, error);
}

static pbt_err write_readme(const parcel *p, pbt_error *error)
{
    char score[PBT__NUMBER_SIZE] = "";
    double value = (double)NAN;
    const json_t *origin = part_of(p, "origin");
    bool is_folder = p->record.kind == PBT__CHECKPOINT_FOLDER;
    pbt__text text = pbt__text_init(FILE_MAXIMUM);
    (void)pbt__json_number_read(json_object_get(origin, "score"), &value);
    (void)pbt__number_write(value, score);
    pbt__text_format(
        &text,
        "The best of study '%s': segment %s, %s %s, at age %lld.\n\n"
        "checkpoint%s      what the trainer saved\n"
        "schedule.json    the hyperparameters it was trained with, by age in steps\n"
        "schedule.csv     the same as a table\n"
        "spec.yaml        the study's spec, as in force; its paths start at its original folder\n"
        "provenance.json  where all of it comes from: machine, command, code, digests\n\n"
        "Made by pbt %s. The names of the fields are in its docs/json.md.\n",
        pbt__json_get_text(origin, "study", ""), pbt__json_get_text(origin, "segment", ""),
        pbt__json_get_text(origin, "metric", ""), score,
        (long long)pbt__json_get_integer(origin, "age", 0), is_folder ? "/" : " ", pbt_version());
    return write_file(p, "README.txt", &text, error);
}

static pbt_err write_checkpoint(const parcel *p, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err = pbt__path_join(p->aside, "checkpoint", path, error);
    return err == PBT_OK ? p->from->bring(p->from->context, p->id, &p->record, path, error) : err;
}

/* The checkpoint first: only it can be gone. */
static pbt_err write_all(const parcel *p, pbt_error *error)
{
    static pbt_err (*const WRITERS[])(const parcel *p, pbt_error *error) = {
        write_checkpoint, write_schedule, write_origin, write_spec, write_readme,
    };
    pbt_err err = pbt__file_remove(p->aside, error);
    if (err == PBT_OK && mkdir(p->aside, 0777) != 0) {
        err = pbt__fail_errno(error, "cannot make '%s'", p->folder);
    }
    for (size_t i = 0; err == PBT_OK && i < sizeof WRITERS / sizeof *WRITERS; i++) {
        err = WRITERS[i](p, error);
    }
    return err == PBT_OK ? pbt__file_sync(p->aside, error) : err;
}

/* ---- the folder ---- */

static pbt_err refuse(const char *folder, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_EXISTS, "'%.200s' exists", folder);
    pbt__error_hint(error, "name a folder that does not exist yet");
    return PBT_ERR_EXISTS;
}

/* Names without the slashes at their end. */
static pbt_err name_folder(parcel *p, const char *folder, pbt_error *error)
{
    struct stat status;
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/') {
        length--;
    }
    int written = snprintf(p->aside, sizeof p->aside, "%.*s.partial.%ld", (int)length, folder,
                           (long)getpid());
    if (length == 0 || written >= (int)sizeof p->aside) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "'%.80s' cannot be a folder's name", folder);
    }
    snprintf(p->folder, sizeof p->folder, "%.*s", (int)length, folder);
    return lstat(p->folder, &status) == 0 ? refuse(p->folder, error) : PBT_OK;
}

/* Give the folder its name, and replace nothing: not even an empty folder. */
static pbt_err publish(const parcel *p, pbt_error *error)
{
    char parent[PBT__PATH_SIZE];
    snprintf(parent, sizeof parent, "%s", p->folder);
    char *slash = strrchr(parent, '/');
    if (slash != NULL) {
        slash[slash == parent ? 1 : 0] = '\0';
    }
    int moved = renameat2(AT_FDCWD, p->aside, AT_FDCWD, p->folder, RENAME_NOREPLACE);
    if (moved != 0 && (errno == EINVAL || errno == ENOSYS)) {
        moved = rename(p->aside, p->folder); /* it did not exist a moment ago */
    }
    if (moved != 0) {
        return errno == EEXIST ? refuse(p->folder, error)
                               : pbt__fail_errno(error, "cannot make '%s'", p->folder);
    }
    return pbt__file_sync(slash != NULL ? parent : ".", error);
}

/* A checkpoint that was collected before it could be pinned has given way to a better one. */
static pbt_err fill(parcel *p, pbt_error *error)
{
    pbt_err err = PBT_ERR_NOT_FOUND;
    for (int i = 0; i < TRIES_MAXIMUM && err == PBT_ERR_NOT_FOUND; i++) {
        pbt_segment_id before = p->id;
        err = take(p, error);
        bool is_same = before.member == p->id.member && before.number == p->id.number;
        if (err != PBT_OK || (i > 0 && is_same)) {
            return err != PBT_OK
                       ? err
                       : pbt__fail(error, PBT_ERR_CHECKPOINT, "the checkpoint of m%ds%d is missing",
                                   (int)p->id.member, (int)p->id.number);
        }
        err = write_all(p, error);
    }
    return err;
}

pbt_err pbt__parcel_make(const pbt__packer *from, const char *folder, json_t **origin,
                         pbt_error *error)
{
    parcel p = {.from = from, .id = PBT_NO_SEGMENT};
    pbt_err err = name_folder(&p, folder, error);
    if (err != PBT_OK) {
        return err;
    }
    err = fill(&p, error);
    if (err == PBT_OK) {
        err = publish(&p, error);
    }
    if (err == PBT_OK && origin != NULL) {
        *origin = json_incref(json_object_get(p.parts, "origin"));
    }
    if (err != PBT_OK && pbt__file_remove(p.aside, NULL) != PBT_OK) {
        pbt__error_hint(error, "'%.200s' could not be removed", p.aside);
    }
    json_decref(p.parts);
    return err;
}

/* ---- of a study in this process ---- */

static pbt_err pack(void *context, json_t **out, pbt_error *error)
{
    return pbt__study_parts(context, out, error);
}

static pbt_err write_blob(pbt__study *study, pbt_segment_id id, const pbt__checkpoint *record,
                          const char *path, pbt_error *error)
{
    void *bytes = NULL;
    size_t length = 0;
    pbt_err err = pbt__study_blob(study, id, &bytes, &length, error);
    if (err == PBT_OK && !pbt__digest_equal(pbt__digest_bytes(bytes, length), record->digest)) {
        err = pbt__fail(error, PBT_ERR_CHECKPOINT, "the store's checkpoint is not as the log says");
    }
    if (err == PBT_OK) {
        err = pbt__file_write(path, bytes, length, error);
    }
    free(bytes);
    return err;
}

static pbt_err bring(void *context, pbt_segment_id id, const pbt__checkpoint *record,
                     const char *path, pbt_error *error)
{
    pbt__study *study = context;
    pbt_err err = PBT_OK;
    if (record->kind == PBT__CHECKPOINT_INLINE) {
        return write_blob(study, id, record, path, error);
    }
    if (study->vault == NULL) {
        pthread_mutex_lock(&study->view_lock);
        err = pbt__study_find_vault(study, error);
        pthread_mutex_unlock(&study->view_lock);
    }
    return err == PBT_OK ? pbt__vault_copy(study->vault, id, record, path, error) : err;
}

pbt_err pbt__study_export(pbt__study *study, const char *folder, json_t **origin, pbt_error *error)
{
    const pbt__packer from = {.pack = pack, .bring = bring, .context = study};
    return pbt__parcel_make(&from, folder, origin, error);
}
