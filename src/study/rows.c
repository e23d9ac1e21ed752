/* rows.c: what the log says of segments, kept in chunks and one arena. */
#include "study/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/grid.h"
#include "study/study.h"

enum { BLOCK_SIZE = 64 * 1024 }; /* Units: bytes; a larger piece has a block of its own */

/* Memory that is never moved and only given back whole. */
typedef struct block {
    size_t capacity;
    unsigned char bytes[] __attribute__((aligned(16)));
} block;

/* How far the arena is used; taken back with the rows. */
typedef struct fill {
    size_t block; /* index of the one in use */
    size_t used;
} fill;

/* A set of metrics' names by its hash; linear probing, at most half full. */
typedef struct name_slot {
    uint64_t hash;
    pbt__metric_names *names; /* NULL: free */
} name_slot;

struct pbt__rows {
    pbt__journal *journal;
    pbt__grid notes; /* of pbt__segment_note */
    block **blocks;  /* Shape: [block_count] */
    size_t block_count;
    fill fill;
    pbt__touched *touched; /* Shape: [touched_count] */
    size_t touched_count, touched_capacity;
    name_slot *names; /* Shape: [name_capacity]; never taken back: names are harmless */
    size_t name_count, name_capacity; /* the latter 0 or a power of two */
    const pbt__metric_names *newest;
};

#define TOUCH(rows, place) (pbt__journal_touch((rows)->journal, (place), sizeof *(place)) != PBT_OK)

pbt__rows *pbt__rows_new(pbt__journal *journal, int32_t count)
{
    pbt__rows *rows = pbt__calloc(1, sizeof *rows);
    if (rows != NULL) {
        rows->journal = journal;
        rows->notes = (pbt__grid){.member_count = count, .item_size = sizeof(pbt__segment_note)};
    }
    return rows;
}

static void free_names(pbt__metric_names *names)
{
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        free((void *)(uintptr_t)names->names[i]);
    }
    free(names);
}

void pbt__rows_free(pbt__rows *rows)
{
    if (rows == NULL) {
        return;
    }
    for (size_t i = 0; i < rows->block_count; i++) {
        free(rows->blocks[i]);
    }
    for (size_t i = 0; i < rows->name_capacity; i++) {
        free_names(rows->names[i].names);
    }
    pbt__grid_fini(&rows->notes);
    free(rows->blocks);
    free(rows->touched);
    free(rows->names);
    free(rows);
}

/* ---- memory ---- */

static bool add_block(pbt__rows *rows, size_t size)
{
    const size_t capacity = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    block **blocks = pbt__realloc(rows->blocks, rows->block_count + 1, sizeof(void *));
    if (blocks == NULL) {
        return false;
    }
    rows->blocks = blocks;
    block *made = pbt__calloc(1, sizeof *made + capacity);
    if (made == NULL) {
        return false;
    }
    made->capacity = capacity;
    rows->blocks[rows->block_count++] = made;
    return true;
}

/* Find `size` bytes, aligned for a double or a pointer; NULL: no memory. A block that was taken
 * back is used again where it is large enough. */
static void *take_bytes(pbt__rows *rows, size_t size)
{
    const size_t wanted = (size + 7) / 8 * 8;
    if (TOUCH(rows, &rows->fill)) {
        return NULL;
    }
    while (rows->fill.block < rows->block_count &&
           rows->blocks[rows->fill.block]->capacity - rows->fill.used < wanted) {
        rows->fill = (fill){.block = rows->fill.block + 1};
    }
    if (rows->fill.block == rows->block_count && !add_block(rows, wanted)) {
        return NULL;
    }
    void *bytes = rows->blocks[rows->fill.block]->bytes + rows->fill.used;
    rows->fill.used += wanted;
    return bytes;
}

const pbt__segment_note *pbt__rows_note(const pbt__rows *rows, pbt_segment_id id)
{
    const pbt__segment_note *note = pbt__grid_at(&rows->notes, id);
    return note != NULL && note->sequence > 0 ? note : NULL;
}

/* ---- touches ---- */

static bool add_touched(pbt__rows *rows, pbt_segment_id id, int64_t sequence)
{
    if (!pbt__array_room(&rows->touched, rows->touched_count, &rows->touched_capacity,
                         sizeof *rows->touched) ||
        TOUCH(rows, &rows->touched_count)) {
        return false;
    }
    rows->touched[rows->touched_count++] = (pbt__touched){sequence, id};
    return true;
}

/* Get a note that is about to change by an event; NULL: no memory, or no such segment. */
static pbt__segment_note *change_note(pbt__rows *rows, pbt_segment_id id, const pbt__event *event)
{
    pbt__segment_note *note = pbt__grid_at(&rows->notes, id);
    if (note == NULL || TOUCH(rows, note) || !add_touched(rows, id, event->sequence)) {
        return NULL;
    }
    note->changed = event->sequence;
    return note;
}

size_t pbt__rows_touched(const pbt__rows *rows, int64_t since, const pbt__touched **out)
{
    size_t low = 0, high = rows->touched_count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (rows->touched[middle].sequence > since) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    *out = rows->touched + low;
    return rows->touched_count - low;
}

/* ---- names of metrics ---- */

bool pbt__are_named(const pbt__metric_names *names, const json_t *metrics)
{
    const char *key;
    json_t *value;
    size_t i = 0;
    if (names->count != json_object_size(metrics)) {
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)metrics, key, value)
    {
        if (strcmp(names->names[i++], key) != 0) {
            return false;
        }
    }
    return true;
}

static pbt__metric_names *copy_names(const json_t *metrics)
{
    const char *key;
    json_t *value;
    const size_t count = json_object_size(metrics);
    pbt__metric_names *names = pbt__calloc(1, sizeof *names + count * sizeof(char *));
    if (names == NULL) {
        return NULL;
    }
    names->names = (const char **)(names + 1);
    json_object_foreach((json_t *)(uintptr_t)metrics, key, value)
    {
        char *name = pbt__strdup(key);
        if (name == NULL) {
            free_names(names);
            return NULL;
        }
        names->names[names->count++] = name;
    }
    return names;
}

/* FNV-1a of the names in their order. */
static uint64_t hash_names(const json_t *metrics)
{
    const char *key;
    json_t *value;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    json_object_foreach((json_t *)(uintptr_t)metrics, key, value)
    {
        const size_t size = strlen(key) + 1;
        for (size_t i = 0; i < size; i++) {
            hash = (hash ^ (unsigned char)key[i]) * UINT64_C(0x100000001b3);
        }
    }
    return hash;
}

/* The slot of these names, or the free one where they belong. Nullable: metrics, which are new. */
static name_slot *find_names(name_slot *slots, size_t capacity, uint64_t hash,
                             const json_t *metrics)
{
    size_t i = (size_t)hash & (capacity - 1);
    while (slots[i].names != NULL &&
           (metrics == NULL || slots[i].hash != hash || !pbt__are_named(slots[i].names, metrics))) {
        i = (i + 1) & (capacity - 1);
    }
    return &slots[i];
}

static bool grow_names(pbt__rows *rows)
{
    enum { FIRST_CAPACITY = 16 };
    const size_t capacity = rows->name_capacity > 0 ? 2 * rows->name_capacity : FIRST_CAPACITY;
    name_slot *slots = pbt__calloc(capacity, sizeof *slots);
    for (size_t i = 0; slots != NULL && i < rows->name_capacity; i++) {
        const name_slot *from = &rows->names[i];
        if (from->names != NULL) {
            *find_names(slots, capacity, from->hash, NULL) = *from;
        }
    }
    if (slots != NULL) {
        free(rows->names);
        rows->names = slots;
        rows->name_capacity = capacity;
    }
    return slots != NULL;
}

/* The newest set of names is the likeliest. NULL: no memory. */
static const pbt__metric_names *intern_names(pbt__rows *rows, const json_t *metrics)
{
    if (rows->newest != NULL && pbt__are_named(rows->newest, metrics)) {
        return rows->newest;
    }
    if (2 * rows->name_count >= rows->name_capacity && !grow_names(rows)) {
        return NULL;
    }
    const uint64_t hash = hash_names(metrics);
    name_slot *slot = find_names(rows->names, rows->name_capacity, hash, metrics);
    if (slot->names == NULL) {
        *slot = (name_slot){hash, copy_names(metrics)};
        rows->name_count += slot->names != NULL ? 1 : 0;
    }
    rows->newest = slot->names;
    return slot->names;
}

/* ---- events ---- */

static bool set_metrics(pbt__rows *rows, pbt__segment_note *note, const json_t *metrics)
{
    const char *key;
    json_t *value;
    size_t i = 0;
    double *values = take_bytes(rows, json_object_size(metrics) * sizeof *values);
    note->metric_names = values != NULL ? intern_names(rows, metrics) : NULL;
    if (note->metric_names == NULL) {
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)metrics, key, value)
    {
        values[i] = 0;
        (void)pbt__json_number_read(value, &values[i++]);
    }
    note->metrics = values;
    return true;
}

static bool copy_samples(pbt__rows *rows, const char *name, const json_t *list,
                         pbt__sample_list *out)
{
    const size_t length = strlen(name) + 1;
    char *own_name = take_bytes(rows, length);
    double *values = take_bytes(rows, json_array_size(list) * sizeof *values);
    if (own_name == NULL || values == NULL) {
        return false;
    }
    memcpy(own_name, name, length);
    *out = (pbt__sample_list){own_name, values, json_array_size(list)};
    for (size_t i = 0; i < out->count; i++) {
        values[i] = 0;
        (void)pbt__json_number_read(json_array_get(list, i), &values[i]);
    }
    return true;
}

static bool set_samples(pbt__rows *rows, pbt__segment_note *note, const json_t *samples)
{
    const char *key;
    json_t *list;
    size_t i = 0;
    if (json_object_size(samples) == 0) {
        return true;
    }
    pbt__sample_list *lists = take_bytes(rows, json_object_size(samples) * sizeof *lists);
    if (lists == NULL) {
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)samples, key, list)
    {
        if (!copy_samples(rows, key, list, &lists[i++])) {
            return false;
        }
    }
    note->samples = lists;
    note->sample_count = (uint32_t)i;
    return true;
}

static bool take_attempt(pbt__rows *rows, const pbt__entry *entry, const pbt__event *event)
{
    pbt__segment_note *note = change_note(rows, entry->segment, event);
    if (note == NULL) {
        return false;
    }
    note->attempts = entry->attempt > note->attempts ? entry->attempt : note->attempts;
    if (entry->kind != PBT__REPORTED) {
        return true;
    }
    note->sequence = event->sequence;
    note->reported_us = event->time_us;
    return set_metrics(rows, note, entry->metrics) && set_samples(rows, note, entry->samples);
}

static bool take_decision(pbt__rows *rows, const pbt__decision *decision, const pbt__event *event)
{
    const pbt_segment_id id = decision->segment.id;
    const bool is_reached = pbt__grid_reach(&rows->notes, id) != NULL;
    pbt__segment_note *note = is_reached ? change_note(rows, id, event) : NULL;
    if (note == NULL) {
        return false;
    }
    *note = (pbt__segment_note){
        .sequence = event->sequence,
        .changed = event->sequence,
        .created_us = event->time_us,
        .compared = decision->compared,
    };
    return true;
}

static bool take_collected(pbt__rows *rows, const pbt__entry *entry, const pbt__event *event)
{
    size_t i;
    json_t *text;
    json_array_foreach(entry->collected, i, text)
    {
        pbt_segment_id id;
        if (pbt__id_read(json_string_value(text), &id) && change_note(rows, id, event) == NULL) {
            return false;
        }
    }
    return true;
}

pbt_err pbt__rows_take(pbt__rows *rows, const pbt__entry *entry, const pbt__event *event)
{
    bool is_whole = true;
    switch (entry->kind) {
    case PBT__REPORTED:
    case PBT__FAILED:
    case PBT__RELEASED:
        is_whole = take_attempt(rows, entry, event);
        break;
    case PBT__COLLECTED:
        is_whole = take_collected(rows, entry, event);
        break;
    default:
        break;
    }
    for (size_t i = 0; is_whole && i < entry->decision_count; i++) {
        is_whole = take_decision(rows, &entry->decisions[i], event);
    }
    return is_whole ? PBT_OK : PBT_ERR_MEMORY;
}
