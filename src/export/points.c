/* points.c: points by member and number, and one array of the scalars of all. */
#include "export/points.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/memory.h"

enum { FIRST_CAPACITY = 64 };

/* The points of a member. Shape: items[capacity], by number */
typedef struct row {
    pbt__point *items;
    int32_t capacity;
} row;

typedef struct scalar {
    int32_t tag;
    float value;
} scalar;

struct pbt__points {
    row *rows; /* Shape: rows[member_count] */
    int32_t member_count;
    scalar *scalars; /* Shape: scalars[count], those of a point side by side */
    size_t count, capacity;
    json_t *indices; /* by tag */
    char **tags;     /* Shape: tags[tag_count] */
    int32_t tag_count;
};

pbt__points *pbt__points_new(int32_t member_count)
{
    pbt__points *points = pbt__calloc(1, sizeof *points);
    if (points == NULL) {
        return NULL;
    }
    points->member_count = member_count;
    points->rows = pbt__calloc((size_t)member_count, sizeof *points->rows);
    points->indices = json_object();
    if (points->rows == NULL || points->indices == NULL) {
        pbt__points_free(points);
        return NULL;
    }
    return points;
}

void pbt__points_free(pbt__points *points)
{
    if (points == NULL) {
        return;
    }
    for (int32_t m = 0; points->rows != NULL && m < points->member_count; m++) {
        free(points->rows[m].items);
    }
    for (int32_t i = 0; i < points->tag_count; i++) {
        free(points->tags[i]);
    }
    free(points->rows);
    free(points->scalars);
    json_decref(points->indices);
    free(points->tags);
    free(points);
}

/* ---- points ---- */

static bool grow_row(row *of, int32_t number)
{
    int32_t capacity = of->capacity > 0 ? of->capacity : FIRST_CAPACITY;
    while (capacity <= number) {
        capacity *= 2;
    }
    pbt__point *items = pbt__realloc(of->items, (size_t)capacity, sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (int32_t i = of->capacity; i < capacity; i++) {
        items[i] = (pbt__point){.parent = PBT_NO_SEGMENT};
    }
    of->items = items;
    of->capacity = capacity;
    return true;
}

pbt__point *pbt__points_make(pbt__points *points, pbt_segment_id id)
{
    if (id.member < 0 || id.member >= points->member_count || id.number < 0 ||
        id.number >= INT32_MAX / 2) {
        return NULL;
    }
    row *of = &points->rows[id.member];
    if (id.number >= of->capacity && !grow_row(of, id.number)) {
        return NULL;
    }
    of->items[id.number].is_made = true;
    return &of->items[id.number];
}

pbt__point *pbt__points_find(const pbt__points *points, pbt_segment_id id)
{
    if (id.member < 0 || id.member >= points->member_count || id.number < 0 ||
        id.number >= points->rows[id.member].capacity) {
        return NULL;
    }
    pbt__point *found = &points->rows[id.member].items[id.number];
    return found->is_made ? found : NULL;
}

/* ---- scalars ---- */

/* The place of a tag, which is added where it is new; -1: no memory. */
static int32_t tag_index(pbt__points *points, const char *tag)
{
    const json_t *known = json_object_get(points->indices, tag);
    if (known != NULL) {
        return (int32_t)json_integer_value(known);
    }
    char **tags = pbt__realloc(points->tags, (size_t)points->tag_count + 1, sizeof *tags);
    if (tags == NULL) {
        return -1;
    }
    points->tags = tags;
    tags[points->tag_count] = pbt__strdup(tag);
    if (tags[points->tag_count] == NULL) {
        return -1;
    }
    points->tag_count++;
    json_t *index = json_integer(points->tag_count - 1);
    return json_object_set_new_nocheck(points->indices, tag, index) == 0 ? points->tag_count - 1
                                                                         : -1;
}

bool pbt__points_add(pbt__points *points, pbt__point *to, const char *tag, double value)
{
    const int32_t index = tag_index(points, tag);
    if (index < 0) {
        return false;
    }
    if (!pbt__array_room(&points->scalars, points->count, &points->capacity,
                         sizeof *points->scalars)) {
        return false;
    }
    to->first = to->scalar_count > 0 ? to->first : points->count;
    points->scalars[points->count++] = (scalar){index, (float)value};
    to->scalar_count++;
    return true;
}

float pbt__points_scalar(const pbt__points *points, const pbt__point *of, int32_t index,
                         const char **tag)
{
    const scalar *found = &points->scalars[of->first + (size_t)index];
    *tag = points->tags[found->tag];
    return found->value;
}
