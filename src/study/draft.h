/*
 * draft.h: what a transaction is going to write, gathered in memory until its end.
 *
 * Operations of one group decide one after the other, in memory alone; the store is written at the
 * end, all at once. So an operation that fails takes back its part by three lengths, and the store
 * knows nothing of it; a member's claim is written once, however often it changed; and what many
 * operations append lies together. Nobody reads from the store what was written in the same
 * transaction: the view and the claims in memory are ahead of it. (`pbt__draft_blob` is for the one
 * who must.)
 */
#ifndef PBT_STUDY_DRAFT_H
#define PBT_STUDY_DRAFT_H

#include "base/text.h"
#include "store/store.h"

/* One write but a claim's: an event where the sequence is not 0, else a blob. */
typedef struct pbt__draft_item {
    pbt__event event;  /* its body lies in `bytes` of the draft, from `start` on */
    pbt_segment_id id; /* the blob's */
    bool is_drop;
    const void *lent; /* Nullable: the blob, where it was not copied */
    size_t start, length;
} pbt__draft_item;

/* How far a draft has come. */
typedef struct pbt__draft_mark {
    size_t item_count, byte_count;
    int32_t claim_count;
} pbt__draft_mark;

typedef struct pbt__draft {
    pbt__draft_item *items; /* Shape: [capacity]; events are written first, then blobs */
    size_t capacity;
    pbt__text bytes;  /* bodies and blobs */
    int32_t *members; /* whose claims are written. Shape: [population] */
    bool *is_listed;  /* Shape: [population] */
    pbt__draft_mark now;
} pbt__draft;

/* Make an empty draft for a population. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__draft_init(pbt__draft *draft, int32_t population);
void pbt__draft_fini(pbt__draft *draft);

/* Add an event, whose body is copied; a blob, likewise; the removal of one; a member's claim, as
 * it will be in the end. Errors: PBT_ERR_MEMORY; then it is as it was. */
PBT_MUST_USE pbt_err pbt__draft_append(pbt__draft *draft, const pbt__event *event,
                                       pbt_error *error);
PBT_MUST_USE pbt_err pbt__draft_blob_put(pbt__draft *draft, pbt_segment_id id, const void *bytes,
                                         size_t length, pbt_error *error);
PBT_MUST_USE pbt_err pbt__draft_blob_drop(pbt__draft *draft, pbt_segment_id id, pbt_error *error);
/* As blob_put, of bytes that stay where they are until the transaction's end. */
PBT_MUST_USE pbt_err pbt__draft_blob_lend(pbt__draft *draft, pbt_segment_id id, const void *bytes,
                                          size_t length, pbt_error *error);
void pbt__draft_claim_put(pbt__draft *draft, int32_t member);

/* The blob that the draft has last put under an id; NULL: none. Valid until the draft changes. */
const void *pbt__draft_blob(const pbt__draft *draft, pbt_segment_id id, size_t *length);

/* Return to where the draft was. */
void pbt__draft_undo(pbt__draft *draft, pbt__draft_mark mark);

/* Write all of it, and empty the draft, whatever is returned. Shape: claims[population] */
PBT_MUST_USE pbt_err pbt__draft_write(pbt__draft *draft, pbt__store *store,
                                      const pbt__claim *claims, pbt_error *error);

#endif
