/* complaints.c: a short list that stays sorted. */
#include "spec/complaints.h"

#include <string.h>

static bool is_before(const pbt__complaint *a, const pbt__complaint *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* Which one goes if there is one too many: the last warning, or else the last. */
static int32_t find_excess(const pbt__complaints *complaints)
{
    for (int32_t i = complaints->count - 1; i >= 0; i--) {
        if (complaints->items[i].is_warning) {
            return i;
        }
    }
    return complaints->count - 1;
}

void pbt__complaints_add(pbt__complaints *complaints, const pbt__complaint *complaint)
{
    pbt__complaint *items = complaints->items;
    int32_t at = complaints->count++;
    for (; at > 0 && is_before(complaint, &items[at - 1]); at--) {
        items[at] = items[at - 1];
    }
    items[at] = *complaint;
    *(complaint->is_warning ? &complaints->warning_count : &complaints->error_count) += 1;
    if (complaints->count > PBT__COMPLAINTS_MAXIMUM) {
        const int32_t excess = find_excess(complaints);
        const int32_t behind = --complaints->count - excess;
        memmove(&items[excess], &items[excess + 1], (size_t)behind * sizeof *items);
    }
}

const pbt_error *pbt__complaints_first(const pbt__complaints *complaints)
{
    for (int32_t i = 0; i < complaints->count; i++) {
        if (!complaints->items[i].is_warning) {
            return &complaints->items[i].error;
        }
    }
    return NULL;
}
