/*
 * journal.h: taking changes back.
 *
 * Before a place in memory changes, its old bytes go into the journal; undoing writes them back,
 * the newest first. So any structure gets rollback by one line before each write, and a mark is
 * only a length. The journal keeps its memory: after a few reports it allocates nothing.
 */
#ifndef PBT_CORE_JOURNAL_H
#define PBT_CORE_JOURNAL_H

#include <pbt/pbt.h>

typedef struct pbt__journal {
    unsigned char *bytes;
    size_t length;
    size_t capacity;
} pbt__journal;

void pbt__journal_init(pbt__journal *journal);
void pbt__journal_fini(pbt__journal *journal);

/* Remember `size` bytes at `place`, before they change. `place` must live until the next clear.
 * Errors: PBT_ERR_MEMORY; then do not change it. */
PBT_MUST_USE pbt_err pbt__journal_touch(pbt__journal *journal, void *place, size_t size);

/* The present position; pbt__journal_undo returns to it. */
size_t pbt__journal_mark(const pbt__journal *journal);
void pbt__journal_undo(pbt__journal *journal, size_t mark);

/* Forget all entries; changes stay. */
void pbt__journal_clear(pbt__journal *journal);

#endif
