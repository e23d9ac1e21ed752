/* rows_read.c: segments read back from JSON, each as it was. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "study/rows.h"
#include "study/study.h"

json_t *pbt__row_list_json(const pbt__row_list *list)
{
    char created[PBT__TIME_SIZE], newest[PBT__TIME_SIZE];
    pbt__clock_format(list->created_us, created);
    pbt__clock_format(list->newest_us, newest);
    return json_pack("{s:o, s:o, s:s, s:s, s:s?}", "best", pbt__id_json(list->best), "leaf",
                     pbt__id_json(list->leaf), "created_at", created, "newest_at", newest,
                     "checkpoints", list->has_folder ? list->folder : NULL);
}

bool pbt__row_list_begin(pbt__row_list *list, const pbt_space *space, const json_t *json)
{
    const char *best = pbt__json_get_text(json, "best", NULL);
    const char *leaf = pbt__json_get_text(json, "leaf", NULL);
    const char *folder = pbt__json_get_text(json, "checkpoints", NULL);
    *list = (pbt__row_list){.space = space,
                            .best = PBT_NO_SEGMENT,
                            .leaf = PBT_NO_SEGMENT,
                            .has_folder = folder != NULL,
                            .is_end = true,
                            .read = pbt__arena_new()};
    return list->read != NULL && (best == NULL || pbt__id_read(best, &list->best)) &&
           (leaf == NULL || pbt__id_read(leaf, &list->leaf)) &&
           pbt__clock_read(pbt__json_get_text(json, "created_at", ""), &list->created_us) &&
           pbt__clock_read(pbt__json_get_text(json, "newest_at", ""), &list->newest_us) &&
           (folder == NULL || pbt__path_join("", folder, list->folder, NULL) == PBT_OK);
}

static bool read_state(const char *text, pbt__segment_row *row)
{
    row->is_claimed = strcmp(text, "claimed") == 0;
    row->segment.state = PBT_SEGMENT_OPEN;
    for (int state = PBT_SEGMENT_OPEN; state <= PBT_SEGMENT_GIVEN_UP; state++) {
        if (strcmp(text, pbt_segment_state_name((pbt_segment_state)state)) == 0) {
            row->segment.state = (pbt_segment_state)state;
        }
    }
    return strcmp(text, pbt__row_state(row)) == 0;
}

static bool read_times(const json_t *json, pbt__segment_note *note)
{
    const char *created = pbt__json_get_text(json, "created_at", "");
    const char *reported = pbt__json_get_text(json, "reported_at", NULL);
    return pbt__clock_read(created, &note->created_us) &&
           (reported == NULL || pbt__clock_read(reported, &note->reported_us));
}

static pbt__row_checkpoint read_checkpoint(const char *path)
{
    return path == NULL                      ? PBT__ROW_NONE
           : strncmp(path, "store:", 6) == 0 ? PBT__ROW_STORE
                                             : PBT__ROW_FOLDER;
}

/* Names are mostly those of the row before. NULL: no memory. */
static const pbt__metric_names *read_names(const pbt__row_list *list, const json_t *metrics)
{
    const char *key;
    json_t *value;
    const size_t count = json_object_size(metrics);
    const pbt__metric_names *last =
        list->count > 0 ? list->items[list->count - 1].note.metric_names : NULL;
    if (last != NULL && pbt__are_named(last, metrics)) {
        return last;
    }
    pbt__metric_names *names = pbt__arena_take(list->read, 1, sizeof *names);
    const char **each = pbt__arena_take(list->read, count, sizeof *each);
    if (names == NULL || each == NULL) {
        return NULL;
    }
    *names = (pbt__metric_names){.names = each};
    json_object_foreach((json_t *)(uintptr_t)metrics, key, value)
    {
        each[names->count] = pbt__arena_copy(list->read, key, strlen(key));
        if (each[names->count++] == NULL) {
            return NULL;
        }
    }
    return names;
}

/* The numbers of a list, or of an object's fields. NULL: no memory, or one is none. */
static const double *read_numbers(pbt__arena *arena, const json_t *from)
{
    const char *key;
    json_t *value;
    size_t i = 0;
    bool is_sound = true;
    const size_t count = json_is_array(from) ? json_array_size(from) : json_object_size(from);
    double *numbers = pbt__arena_take(arena, count, sizeof *numbers);
    if (numbers == NULL) {
        return NULL;
    }
    if (json_is_array(from)) {
        json_array_foreach(from, i, value)
        {
            is_sound = is_sound && pbt__json_number_read(value, &numbers[i]);
        }
        return is_sound ? numbers : NULL;
    }
    json_object_foreach((json_t *)(uintptr_t)from, key, value)
    {
        is_sound = is_sound && pbt__json_number_read(value, &numbers[i++]);
    }
    return is_sound ? numbers : NULL;
}

static bool read_samples(pbt__arena *arena, const json_t *samples, pbt__segment_note *note)
{
    const char *key;
    json_t *list;
    bool is_sound = true;
    pbt__sample_list *each = pbt__arena_take(arena, json_object_size(samples), sizeof *each);
    if (each == NULL) {
        return false;
    }
    note->samples = each;
    json_object_foreach((json_t *)(uintptr_t)samples, key, list)
    {
        const pbt__sample_list one = {.name = pbt__arena_copy(arena, key, strlen(key)),
                                      .values = read_numbers(arena, list),
                                      .count = json_array_size(list)};
        is_sound = is_sound && one.name != NULL && one.values != NULL;
        each[note->sample_count++] = one;
    }
    return is_sound;
}

/* What only a reported segment has. */
static bool read_report(const pbt__row_list *list, const json_t *json, pbt__segment_row *row)
{
    const json_t *score = json_object_get(json, "score");
    const json_t *metrics = json_object_get(json, "metrics");
    if (json_is_null(score)) {
        return true;
    }
    row->note.metric_names = read_names(list, metrics);
    row->note.metrics = read_numbers(list->read, metrics);
    return row->note.metric_names != NULL && row->note.metrics != NULL &&
           pbt__json_number_read(score, &row->segment.score) &&
           read_samples(list->read, json_object_get(json, "samples"), &row->note);
}

static bool read_row(const json_t *json, const pbt__row_list *list, pbt__segment_row *row,
                     pbt_error *error)
{
    pbt__decision decision;
    int64_t attempts = 0;
    const size_t width = list->space->count;
    const pbt__json_integer fields[] = {
        {"attempts", &attempts, 0, INT32_MAX},
        {"sequence", &row->note.sequence, 1, INT64_MAX},
    };
    pbt_value *values = pbt__arena_take(list->read, width, sizeof *values);
    pbt_change *changes = pbt__arena_take(list->read, width, sizeof *changes);
    if (values == NULL || changes == NULL ||
        pbt__decision_read(json, list->space, &decision, values, changes, error) != PBT_OK) {
        return false;
    }
    row->segment = decision.segment;
    row->note.compared = decision.compared;
    const bool is_sound =
        pbt__json_get_integers(json, fields, sizeof fields / sizeof *fields) == NULL &&
        read_state(pbt__json_get_text(json, "state", ""), row) && read_times(json, &row->note) &&
        read_report(list, json, row);
    row->note.attempts = (int32_t)attempts;
    row->checkpoint = read_checkpoint(pbt__json_get_text(json, "checkpoint", NULL));
    return is_sound;
}

pbt_err pbt__row_read(pbt__row_list *list, const char *text, size_t length, pbt_error *error)
{
    json_t *json = NULL;
    if (list->read == NULL ||
        !pbt__array_room(&list->items, list->count, &list->capacity, sizeof *list->items)) {
        return pbt__fail_memory(error);
    }
    pbt__segment_row *row = &list->items[list->count];
    *row = (pbt__segment_row){.is_claimed = false};
    pbt_err err = pbt__json_read(text, length, &json, error);
    if (err == PBT_OK && !read_row(json, list, row, NULL)) {
        err = pbt__fail(error, PBT_ERR_CORRUPT, "'%.80s' is no segment", text);
    }
    json_decref(json);
    list->count += err == PBT_OK ? 1 : 0;
    return err;
}
