/* draft.c: gathering writes; they keep their order, claims come last. */
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
    pbt_err err = add(draft, (pbt__draft_item){.id = id}, NULL, error);
    if (err == PBT_OK) {
        draft->items[draft->now.item_count - 1].lent = bytes;
        draft->items[draft->now.item_count - 1].length = length;
    }
    return err;
}

pbt_err pbt__draft_blob_drop(pbt__draft *draft, pbt_segment_id id, pbt_error *error)
{
    return add(draft, (pbt__draft_item){.id = id, .is_drop = true}, NULL, error);
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

static pbt_err write_item(const pbt__draft *draft, const pbt__draft_item *item, pbt__store *store,
                          pbt_error *error)
{
    const void *bytes = blob_of(draft, item);
    if (item->event.sequence > 0) {
        pbt__event event = item->event;
        event.body = bytes;
        return pbt__store_append(store, &event, error);
    }
    return item->is_drop ? pbt__store_blob_drop(store, item->id, error)
                         : pbt__store_blob_put(store, item->id, bytes, item->length, error);
}

pbt_err pbt__draft_write(pbt__draft *draft, pbt__store *store, const pbt__claim *claims,
                         pbt_error *error)
{
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < draft->now.item_count; i++) {
        err = write_item(draft, &draft->items[i], store, error);
    }
    for (int32_t i = 0; err == PBT_OK && i < draft->now.claim_count; i++) {
        err = pbt__store_claim_put(store, &claims[draft->members[i]], error);
    }
    pbt__draft_undo(draft, (pbt__draft_mark){0});
    return err;
}
