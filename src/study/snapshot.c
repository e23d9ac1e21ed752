/*
 * snapshot.c: rows copied out of a study.
 *
 * Under the study's lock nothing is written as text and nothing is read from the store but what
 * `sync` reads: a row costs a copy of some 200 bytes. What a row points to (values, changes,
 * metrics, samples) never moves and does not change once it is durable, and whoever leads a
 * transaction holds the lock to its end; so the copies are read without it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/inside.h"
#include "study/told.h"

bool pbt__row_checkpoint_path(const pbt__row_list *list, const pbt__segment_row *row, char *out)
{
    const bool is_stored = row->checkpoint == PBT__ROW_STORE;
    const char *folder = is_stored ? "store:" : list->folder;
    if (row->checkpoint == PBT__ROW_NONE || (!is_stored && !list->has_folder)) {
        return false;
    }
    const size_t length = strlen(folder);
    memcpy(out, folder, length);
    pbt__id_write(row->segment.id, out + length);
    return true;
}

const char *pbt__study_here(const pbt__study *study)
{
    return study->relative_to != NULL ? study->relative_to : "";
}

/* What stands before a checkpoint's name where it is shown. Shape: out[PBT__PATH_SIZE] */
static bool find_folder(const pbt__study *study, char *out)
{
    char folder[PBT__PATH_SIZE], path[PBT__PATH_SIZE];
    if (pbt__study_vault_folder(study, study->view.facts.spec, folder, NULL) != PBT_OK ||
        pbt__path_join(folder, "m", path, NULL) != PBT_OK) {
        return false;
    }
    const char *shown = pbt__path_below(pbt__study_here(study), path);
    const size_t length = strlen(shown) - 1;
    memcpy(out, shown, length);
    out[length] = '\0';
    return true;
}

static pbt__row_checkpoint checkpoint_of(const pbt__study *study, pbt_segment_id id)
{
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    if (entry == NULL || entry->is_gone || entry->checkpoint.kind == PBT__CHECKPOINT_NONE) {
        return PBT__ROW_NONE;
    }
    return entry->checkpoint.kind == PBT__CHECKPOINT_INLINE ? PBT__ROW_STORE : PBT__ROW_FOLDER;
}

bool pbt__snapshot_row(const pbt__study *study, pbt_segment_id id, pbt__segment_row *out)
{
    const pbt__segment_note *note = pbt__rows_note(study->view.rows, id);
    if (note == NULL || !pbt_population_segment(study->view.population, id, &out->segment)) {
        return false;
    }
    const pbt__claim *claim = &study->claims[id.member];
    const bool is_its = claim->number == id.number;
    out->note = *note;
    if (is_its && claim->attempt > note->attempts) {
        out->note.attempts = claim->attempt;
    }
    out->is_claimed =
        is_its && out->segment.state == PBT_SEGMENT_OPEN && pbt__study_is_at_work(study, claim);
    out->checkpoint = checkpoint_of(study, id);
    return true;
}

/* ---- lists ---- */

static void begin_list(const pbt__study *study, pbt__row_list *out)
{
    const pbt__facts *facts = &study->view.facts;
    pbt_segment best;
    *out = (pbt__row_list){
        .space = &study->view.specs[0]->search.space, /* no amendment changes it */
        .best = pbt_population_best(study->view.population, &best) ? best.id : PBT_NO_SEGMENT,
        .leaf = PBT_NO_SEGMENT,
        .created_us = facts->created_us,
        .newest_us = facts->time_us,
        .next = facts->sequence,
    };
    out->has_folder = find_folder(study, out->folder);
}

bool pbt__snapshot_begin(const pbt__study *study, size_t capacity, pbt__row_list *out)
{
    begin_list(study, out);
    out->items = pbt__calloc(capacity + 1, sizeof *out->items);
    return out->items != NULL;
}

static bool list_all(const pbt__study *study, pbt__row_list *list)
{
    const int32_t members = study->view.facts.spec->search.population;
    int32_t newest = -1;
    size_t count = 0;
    for (int32_t m = 0; m < members; m++) {
        pbt_segment segment;
        if (pbt__population_newest(study->view.population, m, &segment)) {
            newest = segment.id.number > newest ? segment.id.number : newest;
            count += (size_t)segment.id.number + 1;
        }
    }
    if (!pbt__snapshot_begin(study, count, list)) {
        return false;
    }
    for (int32_t number = 0; number <= newest; number++) {
        for (int32_t m = 0; m < members; m++) {
            const pbt_segment_id id = {m, number};
            list->count += pbt__snapshot_row(study, id, &list->items[list->count]) ? 1 : 0;
        }
    }
    list->is_end = true;
    return true;
}

/* Whether this is the last touch of its segment. */
static bool is_last(const pbt__study *study, const pbt__touched *touched)
{
    const pbt__segment_note *note = pbt__rows_note(study->view.rows, touched->id);
    return note != NULL && note->changed == touched->sequence;
}

/* Rows whose last touch is one of those; an event's are not parted. */
static bool list_touched(const pbt__study *study, pbt__row_range range, pbt__row_list *list)
{
    const pbt__touched *touched = NULL;
    const size_t count = pbt__rows_touched(study->view.rows, range.since, &touched);
    size_t end = 0, wanted = 0;
    while (end < count && (wanted < range.limit || range.limit == 0 ||
                           touched[end].sequence == touched[end - 1].sequence)) {
        wanted += is_last(study, &touched[end++]) ? 1 : 0;
    }
    if (!pbt__snapshot_begin(study, wanted, list)) {
        return false;
    }
    for (size_t i = 0; i < end; i++) {
        pbt__segment_row *row = &list->items[list->count];
        const bool is_row =
            is_last(study, &touched[i]) && pbt__snapshot_row(study, touched[i].id, row);
        list->count += is_row ? 1 : 0;
    }
    list->is_end = end == count;
    list->next = list->is_end ? list->next : touched[end - 1].sequence;
    return true;
}

pbt_err pbt__study_give(json_t *json, json_t **out, pbt_error *error)
{
    if (json == NULL) {
        return pbt__fail_memory(error);
    }
    *out = json;
    return PBT_OK;
}

json_t *pbt__study_checkpoint_json(const pbt__study *study, pbt_segment_id id)
{
    char text[PBT__PATH_SIZE + PBT__ID_SIZE];
    pbt__row_list list;
    pbt__segment_row row;
    begin_list(study, &list);
    const bool has_any =
        pbt__snapshot_row(study, id, &row) && pbt__row_checkpoint_path(&list, &row, text);
    return has_any ? json_string(text) : json_null();
}

pbt_err pbt__study_rows(pbt__study *study, pbt__row_range range, pbt__row_list *out,
                        pbt_error *error)
{
    *out = (pbt__row_list){.items = NULL};
    pbt_err err = pbt__study_look(study, error);
    if (err != PBT_OK) {
        return err;
    }
    const bool is_whole = range.since < 0 ? list_all(study, out) : list_touched(study, range, out);
    pthread_mutex_unlock(&study->view_lock);
    return is_whole ? PBT_OK : pbt__fail_memory(error);
}

void pbt__row_list_fini(pbt__row_list *list)
{
    free(list->items);
    pbt__arena_free(list->read);
    *list = (pbt__row_list){.items = NULL};
}
