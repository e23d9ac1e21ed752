/* ledger.c: holders of checkpoints, counted. O(keep_best) a report. */
#include "study/ledger.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/grid.h"

typedef struct best_place {
    pbt_segment_id id;
    double rank;
} best_place;

struct pbt__ledger {
    pbt__journal *journal;
    int32_t member_count;
    pbt__grid entries;      /* of pbt__ledger_entry */
    pbt_segment_id *starts; /* Shape: [member_count]: what each member's weights start from */
    best_place *best;       /* Shape: [PBT__KEEP_BEST_MAXIMUM + 1], the best first */
    int32_t best_count, best_limit;
    int64_t max_bytes, bytes;
    pbt_segment_id *due; /* Shape: [due_capacity] */
    size_t due_count, due_capacity;
};

#define TOUCH(ledger, place) (pbt__journal_touch((ledger)->journal, (place), sizeof *(place)) != 0)

void pbt__ledger_free(pbt__ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    pbt__grid_fini(&ledger->entries);
    free(ledger->starts);
    free(ledger->best);
    free(ledger->due);
    free(ledger);
}

static int32_t limit_of(int32_t keep_best)
{
    int32_t limit = keep_best > 1 ? keep_best : 1;
    return limit < PBT__KEEP_BEST_MAXIMUM ? limit : PBT__KEEP_BEST_MAXIMUM;
}

pbt__ledger *pbt__ledger_new(pbt__journal *journal, int32_t count, int32_t keep_best,
                             int64_t max_bytes)
{
    pbt__ledger *ledger = pbt__calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        return NULL;
    }
    ledger->journal = journal;
    ledger->member_count = count;
    ledger->entries = (pbt__grid){.member_count = count, .item_size = sizeof(pbt__ledger_entry)};
    ledger->best_limit = limit_of(keep_best);
    ledger->max_bytes = max_bytes;
    ledger->starts = pbt__calloc((size_t)count, sizeof *ledger->starts);
    ledger->best = pbt__calloc(PBT__KEEP_BEST_MAXIMUM + 1, sizeof *ledger->best);
    if (ledger->starts == NULL || ledger->best == NULL) {
        pbt__ledger_free(ledger);
        return NULL;
    }
    for (int32_t m = 0; m < count; m++) {
        ledger->starts[m] = PBT_NO_SEGMENT;
    }
    return ledger;
}

pbt__ledger_entry *pbt__ledger_entry_of(pbt__ledger *ledger, pbt_segment_id id)
{
    return pbt__grid_reach(&ledger->entries, id);
}

/* ---- holding ---- */

static pbt_err due_add(pbt__ledger *ledger, pbt_segment_id id)
{
    if (!pbt__array_room(&ledger->due, ledger->due_count, &ledger->due_capacity,
                         sizeof *ledger->due) ||
        TOUCH(ledger, &ledger->due_count)) {
        return PBT_ERR_MEMORY;
    }
    ledger->due[ledger->due_count++] = id;
    return PBT_OK;
}

static pbt_err hold(pbt__ledger *ledger, pbt_segment_id id, int32_t change)
{
    if (id.member < 0) {
        return PBT_OK;
    }
    pbt__ledger_entry *entry = pbt__ledger_entry_of(ledger, id);
    if (entry == NULL || TOUCH(ledger, &entry->holders)) {
        return PBT_ERR_MEMORY;
    }
    entry->holders += change;
    bool is_let_go = change < 0 && entry->holders == 0 && !entry->is_gone &&
                     entry->checkpoint.kind != PBT__CHECKPOINT_NONE;
    return is_let_go ? due_add(ledger, id) : PBT_OK;
}

/* ---- the best ---- */

static bool is_better(best_place a, best_place b)
{
    if (a.rank != b.rank) {
        return a.rank > b.rank;
    }
    return a.id.number < b.id.number || (a.id.number == b.id.number && a.id.member < b.id.member);
}

static pbt_err best_touch(pbt__ledger *ledger)
{
    size_t size = ((size_t)ledger->best_count + 1) * sizeof *ledger->best;
    return pbt__journal_touch(ledger->journal, ledger->best, size) != PBT_OK ||
                   TOUCH(ledger, &ledger->best_count)
               ? PBT_ERR_MEMORY
               : PBT_OK;
}

static pbt_err best_drop_last(pbt__ledger *ledger)
{
    ledger->best_count--;
    return hold(ledger, ledger->best[ledger->best_count].id, -1);
}

static pbt_err best_trim(pbt__ledger *ledger)
{
    pbt_err err = PBT_OK;
    int64_t over = ledger->max_bytes > 0 ? ledger->bytes - ledger->max_bytes : 0;
    while (err == PBT_OK && ledger->best_count > 1 &&
           (ledger->best_count > ledger->best_limit || over > 0)) {
        pbt_segment_id last = ledger->best[ledger->best_count - 1].id;
        const pbt__ledger_entry *entry = pbt__ledger_entry_of(ledger, last);
        over -= entry->holders == 1 ? entry->checkpoint.size_bytes : 0;
        err = best_drop_last(ledger);
    }
    return err;
}

static pbt_err best_add(pbt__ledger *ledger, pbt_segment_id id, double rank)
{
    best_place added = {.id = id, .rank = rank};
    if (best_touch(ledger) != PBT_OK || hold(ledger, id, +1) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    int32_t at = ledger->best_count++;
    while (at > 0 && is_better(added, ledger->best[at - 1])) {
        ledger->best[at] = ledger->best[at - 1];
        at--;
    }
    ledger->best[at] = added;
    return best_trim(ledger);
}

/* ---- keeping in step ---- */

static pbt_err start_from(pbt__ledger *ledger, int32_t member, pbt_segment_id id)
{
    pbt_segment_id before = ledger->starts[member];
    if (TOUCH(ledger, &ledger->starts[member]) || hold(ledger, id, +1) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    ledger->starts[member] = id;
    return hold(ledger, before, -1);
}

pbt_err pbt__ledger_report(pbt__ledger *ledger, pbt_segment_id id, int32_t attempt, double rank,
                           const pbt__checkpoint *checkpoint)
{
    pbt__ledger_entry *entry = pbt__ledger_entry_of(ledger, id);
    if (entry == NULL || TOUCH(ledger, entry) || TOUCH(ledger, &ledger->bytes)) {
        return PBT_ERR_MEMORY;
    }
    entry->attempt = attempt;
    if (checkpoint == NULL) {
        return PBT_OK;
    }
    entry->checkpoint = *checkpoint;
    ledger->bytes += checkpoint->size_bytes;
    if (start_from(ledger, id.member, id) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    return rank > -INFINITY ? best_add(ledger, id, rank) : PBT_OK;
}

pbt_err pbt__ledger_progress(pbt__ledger *ledger, pbt_segment_id id, int32_t attempt, int64_t step,
                             const pbt__checkpoint *checkpoint)
{
    pbt__ledger_entry *entry = pbt__ledger_entry_of(ledger, id);
    if (entry == NULL || TOUCH(ledger, entry)) {
        return PBT_ERR_MEMORY;
    }
    entry->progress_attempt = attempt;
    entry->progress_step = step;
    entry->progress = *checkpoint;
    return PBT_OK;
}

pbt_err pbt__ledger_start(pbt__ledger *ledger, int32_t member, pbt_segment_id parent)
{
    return start_from(ledger, member, parent);
}

pbt_err pbt__ledger_leave(pbt__ledger *ledger, int32_t member)
{
    return start_from(ledger, member, PBT_NO_SEGMENT);
}

pbt_err pbt__ledger_bound(pbt__ledger *ledger, int32_t keep_best, int64_t max_bytes)
{
    if (TOUCH(ledger, &ledger->best_limit) || TOUCH(ledger, &ledger->max_bytes) ||
        best_touch(ledger) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    ledger->best_limit = limit_of(keep_best);
    ledger->max_bytes = max_bytes;
    return best_trim(ledger);
}

pbt_err pbt__ledger_collect(pbt__ledger *ledger, pbt_segment_id id)
{
    pbt__ledger_entry *entry = pbt__ledger_entry_of(ledger, id);
    if (entry == NULL || TOUCH(ledger, entry) || TOUCH(ledger, &ledger->bytes)) {
        return PBT_ERR_MEMORY;
    }
    if (entry->holders != 0 || entry->is_gone || entry->checkpoint.kind == PBT__CHECKPOINT_NONE) {
        return PBT_ERR_CORRUPT;
    }
    entry->is_gone = true;
    ledger->bytes -= entry->checkpoint.size_bytes;
    return PBT_OK;
}

static bool is_due(pbt__ledger *ledger, pbt_segment_id id)
{
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(ledger, id);
    return entry != NULL && entry->holders == 0 && !entry->is_gone;
}

/* One that was let go may be held again, or be listed twice, by the end of a transaction. */
size_t pbt__ledger_due(pbt__ledger *ledger, const pbt_segment_id **out)
{
    size_t kept = 0;
    for (size_t i = 0; i < ledger->due_count; i++) {
        bool is_listed = !is_due(ledger, ledger->due[i]);
        for (size_t j = 0; !is_listed && j < kept; j++) {
            is_listed = ledger->due[j].member == ledger->due[i].member &&
                        ledger->due[j].number == ledger->due[i].number;
        }
        if (!is_listed) {
            ledger->due[kept++] = ledger->due[i];
        }
    }
    ledger->due_count = kept;
    *out = ledger->due;
    return kept;
}

int64_t pbt__ledger_bytes(const pbt__ledger *ledger)
{
    return ledger->bytes;
}
