/* draft.c: gathering writes; events come first, then blobs in their order, and claims last. */
#include "study/draft.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

pbt_err pbt__draft_init(pbt__draft *draft, int32_t population)
{
    *draft = (pbt__draft){.bytes = pbt__text_init(SIZE_MAX)};
    draft->members = pbt__calloc((size_t)population, sizeof *draft->members);
    draft->is_listed = pbt__calloc((size_t)population, sizeof *draft->is_listed);
    return draft->members != NULL && draft->is_listed != NULL ? PBT_OK : PBT_ERR_MEMORY;
}

void pbt__draft_fini(pbt__draft *draft)
{
    free(draft->items);
    free(draft->members);
    free(draft->is_listed);
    pbt__text_fini(&draft->bytes);
    *draft = (pbt__draft){.bytes = pbt__text_init(SIZE_MAX)};
}

/* ---- adding ---- */

static bool has_room(pbt__draft *draft)
{
    return pbt__array_room(&draft->items, draft->now.item_count, &draft->capacity,
                           sizeof *draft->items);
}

static pbt_err add(pbt__draft *draft, pbt__draft_item item, const void *bytes, pbt_error *error)
{
    if (!has_room(draft)) {
        return pbt__fail_memory(error);
    }
    item.start = draft->now.byte_count;
    pbt__text_append(&draft->bytes, bytes, item.length);
    pbt__text_append(&draft->bytes, "", 1);
    if (draft->bytes.failed) {
        draft->bytes.failed = false;
        draft->bytes.length = item.start;
        return pbt__fail_memory(error);
    }
    draft->items[draft->now.item_count++] = item;
    draft->now.byte_count = draft->bytes.length;
    return PBT_OK;
}

pbt_err pbt__draft_append(pbt__draft *draft, const pbt__event *event, pbt_error *error)
{
    const pbt__draft_item item = {.event = *event, .length = event->body_length};
    return add(draft, item, event->body, error);
}

pbt_err pbt__draft_blob_put(pbt__draft *draft, pbt_segment_id id, const void *bytes, size_t length,
                            pbt_error *error)
{
    return add(draft, (pbt__draft_item){.id = id, .length = length}, bytes, error);
}

pbt_err pbt__draft_blob_lend(pbt__draft *draft, pbt_segment_id id, const void *bytes, size_t length,
                             pbt_error *error)
{
    pbt_err err = add(draft, (pbt__draft_item){.id = id}, "", error);
    if (err == PBT_OK) {
        draft->items[draft->now.item_count - 1].lent = bytes;
        draft->items[draft->now.item_count - 1].length = length;
    }
    return err;
}

pbt_err pbt__draft_blob_drop(pbt__draft *draft, pbt_segment_id id, pbt_error *error)
{
    return add(draft, (pbt__draft_item){.id = id, .is_drop = true}, "", error);
}

void pbt__draft_claim_put(pbt__draft *draft, int32_t member)
{
    if (!draft->is_listed[member]) {
        draft->is_listed[member] = true;
        draft->members[draft->now.claim_count++] = member;
    }
}

static const void *blob_of(const pbt__draft *draft, const pbt__draft_item *item)
{
    return item->lent != NULL ? item->lent : draft->bytes.bytes + item->start;
}

const void *pbt__draft_blob(const pbt__draft *draft, pbt_segment_id id, size_t *length)
{
    for (size_t i = draft->now.item_count; i > 0; i--) {
        const pbt__draft_item *item = &draft->items[i - 1];
        if (item->event.sequence == 0 && !item->is_drop && item->id.member == id.member &&
            item->id.number == id.number) {
            *length = item->length;
            return blob_of(draft, item);
        }
    }
    return NULL;
}

/* ---- taking back, and writing ---- */

void pbt__draft_undo(pbt__draft *draft, pbt__draft_mark mark)
{
    for (int32_t i = mark.claim_count; i < draft->now.claim_count; i++) {
        draft->is_listed[draft->members[i]] = false;
    }
    draft->now = mark;
    draft->bytes.length = mark.byte_count;
}

/* So many rows go to the store at once: about a group's. */
enum { ROWS_AT_ONCE = 64 };

static pbt_err write_events(const pbt__draft *draft, pbt__store *store, pbt_error *error)
{
    pbt__event rows[ROWS_AT_ONCE];
    size_t count = 0;
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < draft->now.item_count; i++) {
        if (draft->items[i].event.sequence > 0) {
            rows[count] = draft->items[i].event;
            rows[count++].body = blob_of(draft, &draft->items[i]);
        }
        if (count == ROWS_AT_ONCE) {
            err = pbt__store_append(store, rows, count, error);
            count = 0;
        }
    }
    return err == PBT_OK && count > 0 ? pbt__store_append(store, rows, count, error) : err;
}

/* Put and dropped in the order of the draft: one may follow the other. */
static pbt_err write_blobs(const pbt__draft *draft, pbt__store *store, pbt_error *error)
{
    pbt__blob rows[ROWS_AT_ONCE];
    size_t count = 0;
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < draft->now.item_count; i++) {
        const pbt__draft_item *item = &draft->items[i];
        if (item->event.sequence > 0) {
            continue;
        }
        if (!item->is_drop) {
            rows[count++] = (pbt__blob){item->id, blob_of(draft, item), item->length};
        }
        if (count == ROWS_AT_ONCE || (item->is_drop && count > 0)) {
            err = pbt__store_blob_put(store, rows, count, error);
            count = 0;
        }
        if (err == PBT_OK && item->is_drop) {
            err = pbt__store_blob_drop(store, item->id, error);
        }
    }
    return err == PBT_OK && count > 0 ? pbt__store_blob_put(store, rows, count, error) : err;
}

static pbt_err write_claims(const pbt__draft *draft, pbt__store *store, const pbt__claim *claims,
                            pbt_error *error)
{
    pbt__claim rows[ROWS_AT_ONCE];
    size_t count = 0;
    pbt_err err = PBT_OK;
    for (int32_t i = 0; err == PBT_OK && i < draft->now.claim_count; i++) {
        rows[count++] = claims[draft->members[i]];
        if (count == ROWS_AT_ONCE || i + 1 == draft->now.claim_count) {
            err = pbt__store_claim_put(store, rows, count, error);
            count = 0;
        }
    }
    return err;
}

pbt_err pbt__draft_write(pbt__draft *draft, pbt__store *store, const pbt__claim *claims,
                         pbt_error *error)
{
    pbt_err err = write_events(draft, store, error);
    if (err == PBT_OK) {
        err = write_blobs(draft, store, error);
    }
    if (err == PBT_OK) {
        err = write_claims(draft, store, claims, error);
    }
    pbt__draft_undo(draft, (pbt__draft_mark){0});
    return err;
}
