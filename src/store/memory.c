/*
 * memory.c: a store that lives as long as its handle.
 *
 * It is what the other backends are compared with, so it is plain: arrays, looked through from one
 * end to the other. Every write first notes what it replaces; `rollback` takes the notes
 * back from the newest on. A write makes room for its note before it changes what the
 * note is about, so whatever has changed can be taken back, also if there is no memory left.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/backend.h"

/* A claim and the revision that wrote it. */
typedef struct claim_row {
    pbt__claim claim;
    int64_t revision;
} claim_row;

typedef struct blob_row {
    pbt_segment_id id;
    void *bytes; /* owned */
    size_t length;
} blob_row;

/* An array that grows. Shape: items[count] of `size` bytes each, as its user knows. */
typedef struct array {
    void *items;
    size_t count;
    size_t capacity;
} array;

typedef struct memory_study {
    int64_t id;
    char name[PBT__NAME_SIZE];
    array events; /* pbt__event; `body` is owned */
    array claims; /* claim_row, by member */
    array blobs;  /* blob_row, in no order */
} memory_study;

/* What a write replaced. */
typedef struct note {
    enum { CREATED, APPENDED, CLAIM_MADE, CLAIM_CHANGED, BLOB_PUT, BLOB_DROPPED, REMOVED } kind;
    memory_study *study; /* REMOVED: owned until the transaction's end */
    union {
        int32_t member;  /* CLAIM_MADE */
        claim_row claim; /* CLAIM_CHANGED: as it was */
        blob_row blob;   /* BLOB_PUT: the id; BLOB_DROPPED: as it was, owned */
    } old;
} note;

typedef struct memory {
    pbt__store store; /* first */
    array studies;    /* memory_study *, by name */
    array notes;      /* note */
    blob_row spare;   /* one that was dropped, for the next as large as it. Nullable: bytes */
    int64_t next_id;
} memory;

/* ---- arrays ---- */

static pbt_err array_reserve(array *self, size_t size, pbt_error *error)
{
    return pbt__array_room(&self->items, self->count, &self->capacity, size)
               ? PBT_OK
               : pbt__fail_memory(error);
}

/* Insert an item; `array_reserve` made the room. */
static void array_insert(array *self, size_t size, size_t at, const void *item)
{
    char *place = (char *)self->items + at * size;
    memmove(place + size, place, (self->count - at) * size);
    memcpy(place, item, size);
    self->count++;
}

static void array_remove(array *self, size_t size, size_t at)
{
    char *place = (char *)self->items + at * size;
    self->count--;
    memmove(place, place + size, (self->count - at) * size);
}

static pbt__event *events_of(const memory_study *self)
{
    return self->events.items;
}

static claim_row *claims_of(const memory_study *self)
{
    return self->claims.items;
}

static blob_row *blobs_of(const memory_study *self)
{
    return self->blobs.items;
}

/* ---- studies ---- */

static void study_free(memory_study *self)
{
    if (self == NULL) {
        return;
    }
    for (size_t i = 0; i < self->events.count; i++) {
        free((char *)events_of(self)[i].body);
    }
    for (size_t i = 0; i < self->blobs.count; i++) {
        free(blobs_of(self)[i].bytes);
    }
    free(self->events.items);
    free(self->claims.items);
    free(self->blobs.items);
    free(self);
}

static memory_study *study_at(const memory *self, size_t at)
{
    return ((memory_study **)self->studies.items)[at];
}

static memory_study *study_find(const memory *self, int64_t id)
{
    for (size_t i = 0; i < self->studies.count; i++) {
        if (study_at(self, i)->id == id) {
            return study_at(self, i);
        }
    }
    return NULL;
}

/* The first place whose name is not before `name`. */
static size_t study_place(const memory *self, const char *name)
{
    size_t at = 0;
    while (at < self->studies.count && strcmp(study_at(self, at)->name, name) < 0) {
        at++;
    }
    return at;
}

static void study_detach(memory *self, const memory_study *gone)
{
    array_remove(&self->studies, sizeof(memory_study *), study_place(self, gone->name));
}

/* The first place whose member is not before `member`. */
static size_t claim_place(const memory_study *self, int32_t member)
{
    size_t at = 0;
    size_t end = self->claims.count;
    while (at < end) {
        const size_t middle = at + (end - at) / 2;
        const bool is_before = claims_of(self)[middle].claim.member < member;
        at = is_before ? middle + 1 : at;
        end = is_before ? end : middle;
    }
    return at;
}

/* The place of a blob, or the count if there is none. The newest are asked for most. */
static size_t blob_place(const memory_study *self, pbt_segment_id id)
{
    size_t end = self->blobs.count;
    const blob_row *blobs = blobs_of(self);
    while (end > 0 &&
           (blobs[end - 1].id.member != id.member || blobs[end - 1].id.number != id.number)) {
        end--;
    }
    return end > 0 ? end - 1 : self->blobs.count;
}

/* ---- notes ---- */

static pbt_err note_reserve(memory *self, pbt_error *error)
{
    return array_reserve(&self->notes, sizeof(note), error);
}

static void note_add(memory *self, note new_note)
{
    array_insert(&self->notes, sizeof(note), self->notes.count, &new_note);
}

static void undo_blob_put(memory_study *study, pbt_segment_id id)
{
    size_t at = blob_place(study, id);
    free(blobs_of(study)[at].bytes);
    array_remove(&study->blobs, sizeof(blob_row), at);
}

static void undo(memory *self, const note *old)
{
    memory_study *study = old->study;
    switch (old->kind) {
    case CREATED:
        study_detach(self, study);
        study_free(study);
        self->next_id--;
        break;
    case APPENDED:
        study->events.count--;
        free((char *)events_of(study)[study->events.count].body);
        break;
    case CLAIM_MADE:
        array_remove(&study->claims, sizeof(claim_row), claim_place(study, old->old.member));
        break;
    case CLAIM_CHANGED:
        claims_of(study)[claim_place(study, old->old.claim.claim.member)] = old->old.claim;
        break;
    case BLOB_PUT:
        undo_blob_put(study, old->old.blob.id);
        break;
    case BLOB_DROPPED: /* the room it left is still there */
        array_insert(&study->blobs, sizeof(blob_row), study->blobs.count, &old->old.blob);
        break;
    case REMOVED: /* likewise */
        array_insert(&self->studies, sizeof(study), study_place(self, study->name), &study);
        break;
    }
}

static void memory_rollback(pbt__store *store)
{
    memory *self = (memory *)store;
    const note *notes = self->notes.items;
    while (self->notes.count > 0) {
        self->notes.count--;
        undo(self, &notes[self->notes.count]);
    }
}

/* ---- transactions ---- */

static pbt_err memory_begin(pbt__store *store, int64_t id, pbt__head *out, pbt_error *error)
{
    const memory_study *study = study_find((memory *)store, id);
    if (study == NULL) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "the study is gone");
    }
    pbt__head head = {0};
    if (study->events.count > 0) {
        const pbt__event *last = &events_of(study)[study->events.count - 1];
        head.last_sequence = last->sequence;
        head.last_time_us = last->time_us;
    }
    for (size_t i = 0; i < study->claims.count; i++) {
        int64_t revision = claims_of(study)[i].revision;
        head.claims_revision = revision > head.claims_revision ? revision : head.claims_revision;
    }
    *out = head;
    return PBT_OK;
}

static pbt_err memory_begin_create(pbt__store *store, const char *name, int64_t *id,
                                   pbt_error *error)
{
    memory *self = (memory *)store;
    size_t at = study_place(self, name);
    if (at < self->studies.count && strcmp(study_at(self, at)->name, name) == 0) {
        return pbt__fail(error, PBT_ERR_EXISTS, "there is a study '%s' already", name);
    }
    if (array_reserve(&self->studies, sizeof(memory_study *), error) != PBT_OK ||
        note_reserve(self, error) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    memory_study *created = pbt__calloc(1, sizeof(*created));
    if (created == NULL) {
        return pbt__fail_memory(error);
    }
    created->id = self->next_id++;
    memcpy(created->name, name, strlen(name));
    array_insert(&self->studies, sizeof(memory_study *), at, &created);
    note_add(self, (note){.kind = CREATED, .study = created});
    *id = created->id;
    return PBT_OK;
}

/* Large memory is dear: the system clears every page. So the last that was dropped waits for the
 * next that is put; states are all of one size. */
static void spare_keep(memory *self, blob_row blob)
{
    enum { LARGE = 256 * 1024 };
    const bool is_large = blob.length >= LARGE;
    free(is_large ? self->spare.bytes : blob.bytes);
    self->spare = is_large ? blob : self->spare;
}

static void *spare_take(memory *self, size_t length)
{
    const bool fits = self->spare.bytes != NULL && self->spare.length == length;
    void *taken = fits ? self->spare.bytes : pbt__calloc(1, length + 1);
    self->spare.bytes = fits ? NULL : self->spare.bytes;
    return taken;
}

static pbt_err memory_commit(pbt__store *store, pbt_error *error)
{
    (void)error;
    memory *self = (memory *)store;
    const note *notes = self->notes.items;
    for (size_t i = 0; i < self->notes.count; i++) {
        if (notes[i].kind == BLOB_DROPPED) {
            spare_keep(self, notes[i].old.blob);
        } else if (notes[i].kind == REMOVED) {
            study_free(notes[i].study);
        }
    }
    self->notes.count = 0;
    return PBT_OK;
}

/* ---- writing ---- */

static pbt_err memory_append(pbt__store *store, int64_t id, const pbt__event *events, size_t count,
                             pbt_error *error)
{
    memory *self = (memory *)store;
    memory_study *study = study_find(self, id);
    for (size_t i = 0; i < count; i++) {
        pbt__event kept = events[i];
        if (note_reserve(self, error) != PBT_OK ||
            array_reserve(&study->events, sizeof(kept), error) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        kept.body = pbt__strndup(kept.body, kept.body_length);
        if (kept.body == NULL) {
            return pbt__fail_memory(error);
        }
        array_insert(&study->events, sizeof(kept), study->events.count, &kept);
        note_add(self, (note){.kind = APPENDED, .study = study});
    }
    return PBT_OK;
}

static pbt_err memory_claim_put(pbt__store *store, int64_t id, const pbt__claim *claims,
                                size_t count, int64_t revision, pbt_error *error)
{
    memory *self = (memory *)store;
    memory_study *study = study_find(self, id);
    for (size_t i = 0; i < count; i++) {
        const claim_row row = {.claim = claims[i], .revision = revision};
        const int32_t member = row.claim.member;
        if (note_reserve(self, error) != PBT_OK ||
            array_reserve(&study->claims, sizeof(row), error) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        size_t at = claim_place(study, member);
        if (at < study->claims.count && claims_of(study)[at].claim.member == member) {
            claim_row *old = &claims_of(study)[at];
            note_add(self, (note){.kind = CLAIM_CHANGED, .study = study, .old.claim = *old});
            *old = row;
        } else {
            array_insert(&study->claims, sizeof(row), at, &row);
            note_add(self, (note){.kind = CLAIM_MADE, .study = study, .old.member = member});
        }
    }
    return PBT_OK;
}

static pbt_err memory_blob_drop(pbt__store *store, int64_t id, pbt_segment_id segment,
                                pbt_error *error)
{
    memory *self = (memory *)store;
    memory_study *study = study_find(self, id);
    size_t at = blob_place(study, segment);
    if (at == study->blobs.count) {
        return PBT_OK;
    }
    if (note_reserve(self, error) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    const blob_row old = blobs_of(study)[at];
    array_remove(&study->blobs, sizeof(old), at);
    note_add(self, (note){.kind = BLOB_DROPPED, .study = study, .old.blob = old});
    return PBT_OK;
}

static pbt_err memory_blob_put(pbt__store *store, int64_t id, const pbt__blob *blobs, size_t count,
                               pbt_error *error)
{
    memory *self = (memory *)store;
    memory_study *study = study_find(self, id);
    for (size_t i = 0; i < count; i++) {
        blob_row row = {.id = blobs[i].id, .length = blobs[i].length};
        row.bytes = spare_take(self, row.length);
        if (row.bytes == NULL) {
            return pbt__fail_memory(error);
        }
        memcpy(row.bytes, row.length > 0 ? blobs[i].bytes : "", row.length);
        if (memory_blob_drop(store, id, row.id, error) != PBT_OK ||
            note_reserve(self, error) != PBT_OK ||
            array_reserve(&study->blobs, sizeof(row), error) != PBT_OK) {
            free(row.bytes);
            return PBT_ERR_MEMORY;
        }
        array_insert(&study->blobs, sizeof(row), study->blobs.count, &row);
        note_add(self, (note){.kind = BLOB_PUT, .study = study, .old.blob.id = row.id});
    }
    return PBT_OK;
}

static pbt_err memory_remove(pbt__store *store, int64_t id, pbt_error *error)
{
    memory *self = (memory *)store;
    memory_study *study = study_find(self, id);
    if (note_reserve(self, error) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    study_detach(self, study);
    note_add(self, (note){.kind = REMOVED, .study = study});
    return PBT_OK;
}

/* ---- reading ---- */

static pbt_err memory_list(pbt__store *store, pbt__study_callback callback, void *context,
                           pbt_error *error)
{
    (void)error;
    const memory *self = (memory *)store;
    pbt_err err = PBT_OK;
    for (size_t i = 0; i < self->studies.count && err == PBT_OK; i++) {
        pbt__study_row row = {.id = study_at(self, i)->id};
        memcpy(row.name, study_at(self, i)->name, sizeof(row.name));
        err = callback(context, &row);
    }
    return err;
}

static pbt_err memory_read(pbt__store *store, int64_t id, int64_t after,
                           pbt__event_callback callback, void *context, pbt_error *error)
{
    (void)error;
    const memory_study *study = study_find((memory *)store, id);
    if (study == NULL) {
        return PBT_OK;
    }
    pbt_err err = PBT_OK;
    size_t first = after > 0 ? (size_t)after : 0;
    for (size_t i = first; i < study->events.count && err == PBT_OK; i++) {
        err = callback(context, &events_of(study)[i]);
    }
    return err;
}

static pbt_err memory_claim_list(pbt__store *store, int64_t id, int64_t after,
                                 pbt__claim_callback callback, void *context, pbt_error *error)
{
    (void)error;
    const memory_study *study = study_find((memory *)store, id);
    if (study == NULL) {
        return PBT_OK;
    }
    pbt_err err = PBT_OK;
    for (size_t i = 0; i < study->claims.count && err == PBT_OK; i++) {
        const claim_row *row = &claims_of(study)[i];
        if (row->revision > after) {
            err = callback(context, &row->claim);
        }
    }
    return err;
}

/* NULL: there is none, and the error says so. */
static const blob_row *blob_find(pbt__store *store, int64_t id, pbt_segment_id segment,
                                 pbt_error *error)
{
    const memory_study *study = study_find((memory *)store, id);
    const size_t at = study == NULL ? 0 : blob_place(study, segment);
    if (study != NULL && at < study->blobs.count) {
        return &blobs_of(study)[at];
    }
    (void)pbt__fail(error, PBT_ERR_NOT_FOUND, "the store keeps nothing of m%ds%d", segment.member,
                    segment.number);
    return NULL;
}

static pbt_err memory_blob_get(pbt__store *store, int64_t id, pbt_segment_id segment, void **bytes,
                               size_t *length, pbt_error *error)
{
    const blob_row *row = blob_find(store, id, segment, error);
    void *copy = row != NULL ? pbt__strndup(row->bytes, row->length) : NULL;
    if (copy == NULL) {
        return row != NULL ? pbt__fail_memory(error) : PBT_ERR_NOT_FOUND;
    }
    *bytes = copy;
    *length = row->length;
    return PBT_OK;
}

static pbt_err memory_blob_copy(pbt__store *store, int64_t id, pbt_segment_id segment, void *out,
                                size_t size, size_t *length, pbt_error *error)
{
    const blob_row *row = blob_find(store, id, segment, error);
    if (row == NULL) {
        return PBT_ERR_NOT_FOUND;
    }
    if (row->length <= size) {
        memcpy(out, row->bytes, row->length);
    }
    *length = row->length;
    return PBT_OK;
}

/* ---- the handle ---- */

/* Nobody else can open it. */
static void memory_owner(const pbt__store *store, pbt__store_owner *out)
{
    *out = (pbt__store_owner){.state = PBT__OWNER_NONE};
    if (store->is_owner) {
        out->state = PBT__OWNER_LIVES;
        out->process = getpid();
    }
}

static void memory_close(pbt__store *store)
{
    memory *self = (memory *)store;
    memory_rollback(store);
    for (size_t i = 0; i < self->studies.count; i++) {
        study_free(study_at(self, i));
    }
    free(self->studies.items);
    free(self->notes.items);
    free(self->spare.bytes);
}

static pbt_err memory_open(const char *place, const pbt__store_options *options, pbt__store **out,
                           pbt_error *error)
{
    if (place[0] != '\0') {
        pbt__fail(error, PBT_ERR_ARGUMENT, "a store in memory has no name, found '%.100s'", place);
        pbt__error_hint(error, "write memory:");
        return PBT_ERR_ARGUMENT;
    }
    if (!options->can_create) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "a store in memory ends with its process");
    }
    memory *self = pbt__calloc(1, sizeof(*self));
    if (self == NULL) {
        return pbt__fail_memory(error);
    }
    self->next_id = 1;
    *out = &self->store;
    return PBT_OK;
}

const pbt__store_ops pbt__memory_ops = {
    .scheme = "memory",
    .is_fleeting = true,
    .open = memory_open,
    .close = memory_close,
    .owner = memory_owner,
    .list = memory_list,
    .begin = memory_begin,
    .begin_create = memory_begin_create,
    .commit = memory_commit,
    .rollback = memory_rollback,
    .append = memory_append,
    .claim_put = memory_claim_put,
    .blob_put = memory_blob_put,
    .blob_drop = memory_blob_drop,
    .remove = memory_remove,
    .read = memory_read,
    .claim_list = memory_claim_list,
    .blob_get = memory_blob_get,
    .blob_copy = memory_blob_copy,
};
