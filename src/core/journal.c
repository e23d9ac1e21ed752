/* journal.c: an entry is the old bytes followed by where they were; undoing reads from the end. */
#include "core/journal.h"

#include <stdlib.h>
#include <string.h>

enum { JOURNAL_CAPACITY = 4096 };

typedef struct entry {
    void *place;
    size_t size;
} entry;

void pbt__journal_init(pbt__journal *journal)
{
    *journal = (pbt__journal){0};
}

void pbt__journal_fini(pbt__journal *journal)
{
    free(journal->bytes);
    pbt__journal_init(journal);
}

static pbt_err journal_grow(pbt__journal *journal, size_t needed)
{
    size_t capacity = journal->capacity > 0 ? journal->capacity : JOURNAL_CAPACITY;
    while (capacity < needed) {
        capacity *= 2;
    }
    unsigned char *bytes = realloc(journal->bytes, capacity);
    if (bytes == NULL) {
        return PBT_ERR_MEMORY;
    }
    journal->bytes = bytes;
    journal->capacity = capacity;
    return PBT_OK;
}

pbt_err pbt__journal_touch(pbt__journal *journal, void *place, size_t size)
{
    size_t needed = journal->length + size + sizeof(entry);
    if (needed > journal->capacity && journal_grow(journal, needed) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    entry head = {.place = place, .size = size};
    memcpy(journal->bytes + journal->length, place, size);
    memcpy(journal->bytes + journal->length + size, &head, sizeof head);
    journal->length = needed;
    return PBT_OK;
}

size_t pbt__journal_mark(const pbt__journal *journal)
{
    return journal->length;
}

void pbt__journal_undo(pbt__journal *journal, size_t mark)
{
    while (journal->length > mark) {
        entry head;
        memcpy(&head, journal->bytes + journal->length - sizeof head, sizeof head);
        journal->length -= sizeof head + head.size;
        memcpy(head.place, journal->bytes + journal->length, head.size);
    }
}

void pbt__journal_clear(pbt__journal *journal)
{
    journal->length = 0;
}
