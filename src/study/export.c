/*
 * export.c: the best segment as a folder to take away: checkpoint, schedule, spec, where from.
 *
 * The folder is made aside, every byte durable, and then renamed: it is there whole or not at all,
 * and one that exists is never touched. The study may go on meanwhile: the checkpoint is pinned
 * while it is copied, and where it was collected before that, a better one exists and is taken.
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
    pbt__study *study;
    char folder[PBT__PATH_SIZE]; /* the final name */
    char aside[PBT__PATH_SIZE];
    pbt_segment_id id;
    pbt__checkpoint record;
    char *spec;     /* the YAML in force */
    json_t *origin; /* provenance.json */
    json_t *schedule;
    json_t *amendments;
} parcel;

static void parcel_fini(parcel *p)
{
    free(p->spec);
    json_decref(p->origin);
    json_decref(p->schedule);
    json_decref(p->amendments);
    p->spec = NULL;
    p->origin = p->schedule = p->amendments = NULL;
}

/* ---- what is taken ---- */

/* The text that a user wrote, while it still says what is in force. */
static pbt_err take_spec(parcel *p, pbt_error *error)
{
    const pbt__view *view = &p->study->view;
    if (view->facts.amendment_count > 0) {
        return pbt__spec_write(view->facts.spec, &p->spec, error);
    }
    p->spec = pbt__strdup(view->facts.spec->source);
    return p->spec != NULL ? PBT_OK : pbt__fail_memory(error);
}

/* Bytes and digest; when and as which inode they were written says nothing elsewhere. */
static json_t *checkpoint_json(const pbt__checkpoint *record)
{
    json_t *json = pbt__checkpoint_json(record);
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

static json_t *origin_json(const parcel *p, const json_t *show)
{
    const json_t *best = json_object_get(show, "best");
    char digest[PBT__DIGEST_TEXT_SIZE];
    const pbt__facts *facts = &p->study->view.facts;
    pbt__digest_write(facts->digest, digest);
    return json_pack(
        "{s:s, s:O, s:s, s:O, s:O, s:O, s:O, s:O, s:O, s:o, s:o, s:O, s:I, s:s, s:s, s:O}", "study",
        p->study->row.name, "metric", json_object_get(show, "metric"), "direction",
        pbt_direction_name(facts->spec->search.direction), "segment",
        json_object_get(best, "segment"), "member", json_object_get(best, "member"), "step",
        json_object_get(best, "step"), "age", json_object_get(best, "age"), "score",
        json_object_get(best, "score"), "hyperparameters", json_object_get(best, "hyperparameters"),
        "checkpoint", checkpoint_json(&p->record), "lineage", lineage_json(p->schedule),
        "amendments", p->amendments, "events", (json_int_t)facts->sequence, "log_digest", digest,
        "exported_by", pbt_version(), "provenance", json_object_get(show, "provenance"));
}

static pbt_err take_best(parcel *p, const json_t *show, pbt_error *error)
{
    const json_t *best = json_object_get(show, "best");
    const char *id = json_string_value(json_object_get(best, "segment"));
    if (id == NULL || !pbt__id_read(id, &p->id)) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' has no best segment yet",
                         p->study->row.name);
    }
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(p->study->view.ledger, p->id);
    if (entry == NULL) {
        return pbt__fail_memory(error);
    }
    p->record = entry->checkpoint;
    return take_spec(p, error);
}

/* Look at the study once: everything but the bytes. */
static pbt_err take(parcel *p, pbt_error *error)
{
    json_t *show = NULL;
    pbt_err err = pbt__study_show(p->study, &show, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__study_look(p->study, error);
    if (err == PBT_OK) {
        err = take_best(p, show, error);
        pthread_mutex_unlock(&p->study->view_lock);
    }
    if (err == PBT_OK) {
        err = pbt__study_schedule(p->study, p->id, &p->schedule, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_amendments(p->study, &p->amendments, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_give(origin_json(p, show), &p->origin, error);
    }
    json_decref(show);
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
    pbt__schedule_json(p->schedule, &json);
    pbt__schedule_csv(p->schedule, &csv);
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
    char *line = pbt__json_write(p->origin);
    text.failed = line == NULL;
    pbt__text_format(&text, "%s\n", line != NULL ? line : "");
    free(line);
    return write_file(p, "provenance.json", &text, error);
}

static pbt_err write_spec(const parcel *p, pbt_error *error)
{
    pbt__text text = pbt__text_init(FILE_MAXIMUM);
    pbt__text_add(&text, p->spec);
    return write_file(p, "spec.yaml", &text, error);
}

static pbt_err write_readme(const parcel *p, pbt_error *error)
{
    char score[PBT__NUMBER_SIZE] = "";
    double value = (double)NAN;
    bool is_folder = p->record.kind == PBT__CHECKPOINT_FOLDER;
    pbt__text text = pbt__text_init(FILE_MAXIMUM);
    (void)pbt__json_number_read(json_object_get(p->origin, "score"), &value);
    (void)pbt__number_write(value, score);
    pbt__text_format(
        &text,
        "The best of study '%s': segment %s, %s %s, at age %lld.\n\n"
        "checkpoint%s      what the trainer saved\n"
        "schedule.json    the hyperparameters it was trained with, by age in steps\n"
        "schedule.csv     the same as a table\n"
        "spec.yaml        the study's spec, as in force; its paths start where it lay\n"
        "provenance.json  where all of it comes from: machine, command, code, digests\n\n"
        "Made by pbt %s. The names of the fields are in its docs/json.md.\n",
        p->study->row.name, json_string_value(json_object_get(p->origin, "segment")),
        json_string_value(json_object_get(p->origin, "metric")), score,
        (long long)json_integer_value(json_object_get(p->origin, "age")), is_folder ? "/" : " ",
        pbt_version());
    return write_file(p, "README.txt", &text, error);
}

static pbt_err write_blob(const parcel *p, const char *path, pbt_error *error)
{
    void *bytes = NULL;
    size_t length = 0;
    pbt_err err = pbt__study_blob(p->study, p->id, &bytes, &length, error);
    if (err == PBT_OK && !pbt__digest_equal(pbt__digest_bytes(bytes, length), p->record.digest)) {
        err = pbt__fail(error, PBT_ERR_CHECKPOINT, "the store's checkpoint is not as the log says");
    }
    if (err == PBT_OK) {
        err = pbt__file_write(path, bytes, length, error);
    }
    free(bytes);
    return err;
}

static pbt_err write_checkpoint(const parcel *p, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt__study *study = p->study;
    pbt_err err = pbt__path_join(p->aside, "checkpoint", path, error);
    if (err == PBT_OK && p->record.kind == PBT__CHECKPOINT_INLINE) {
        return write_blob(p, path, error);
    }
    if (err == PBT_OK && study->vault == NULL) {
        pthread_mutex_lock(&study->view_lock);
        err = pbt__study_find_vault(study, error);
        pthread_mutex_unlock(&study->view_lock);
    }
    return err == PBT_OK ? pbt__vault_copy(study->vault, p->id, &p->record, path, error) : err;
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
        parcel_fini(p);
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

pbt_err pbt__study_export(pbt__study *study, const char *folder, json_t **origin, pbt_error *error)
{
    parcel p = {.study = study, .id = PBT_NO_SEGMENT};
    pbt_err err = name_folder(&p, folder, error);
    if (err != PBT_OK) {
        return err;
    }
    err = fill(&p, error);
    if (err == PBT_OK) {
        err = publish(&p, error);
    }
    if (err == PBT_OK && origin != NULL) {
        *origin = json_incref(p.origin);
    }
    if (err != PBT_OK && pbt__file_remove(p.aside, NULL) != PBT_OK) {
        pbt__error_hint(error, "'%.200s' could not be removed", p.aside);
    }
    parcel_fini(&p);
    return err;
}
