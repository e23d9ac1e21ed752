/*
 * lineage.c: lineages of weights, and their hyperparameters.
 *
 * A lineage follows parents: the segments whose weights another started from. A copy of weights
 * continues the donor's lineage; a copy of hyperparameters alone continues its own; a member that
 * diverged continues from its ancestor; one that starts from scratch begins at age 0. A child
 * begins at the age at which its parent ended, whatever steps either member was at; a schedule's
 * rows therefore follow each other without gap or overlap.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/inside.h"

static pbt_err fail_no_member(const pbt__study *study, int32_t member, pbt_error *error)
{
    int32_t count = study->view.facts.spec->search.population;
    (void)pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' has no member %d", study->row.name,
                    (int)member);
    pbt__error_hint(error, "its members are 0 to %d", (int)count - 1);
    return PBT_ERR_NOT_FOUND;
}

pbt_err pbt__study_segment(const pbt__study *study, pbt_segment_id id, pbt_segment *out,
                           pbt_error *error)
{
    char name[PBT__ID_SIZE];
    pbt_segment newest;
    const pbt_population *population = study->view.population;
    if (id.member < 0 || id.member >= study->view.facts.spec->search.population) {
        return fail_no_member(study, id.member, error);
    }
    if (pbt_population_segment(population, id, out)) {
        return PBT_OK;
    }
    pbt__id_write(id, name);
    (void)pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' has no segment '%s'", study->row.name,
                    name);
    if (pbt__population_newest(population, id.member, &newest)) {
        pbt__id_write(newest.id, name);
        pbt__error_hint(error, "the newest of member %d is %s", (int)id.member, name);
    }
    return PBT_ERR_NOT_FOUND;
}

/* The segment a lineage ends in: the best, a member's latest reported, or the one that is named. */
static pbt_err find_leaf(const pbt__study *study, pbt_segment_id id, pbt_segment *out,
                         pbt_error *error)
{
    const pbt_population *population = study->view.population;
    if (id.member < 0) {
        return pbt_population_best(population, out)
                   ? PBT_OK
                   : pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' has no best segment yet",
                               study->row.name);
    }
    if (id.member >= study->view.facts.spec->search.population) {
        return fail_no_member(study, id.member, error);
    }
    if (id.number < 0) {
        bool has_any = pbt__population_reported(population, id.member, out);
        return has_any ? PBT_OK
                       : pbt__fail(error, PBT_ERR_NOT_FOUND, "member %d has not reported yet",
                                   (int)id.member);
    }
    pbt_err err = pbt__study_segment(study, id, out, error);
    if (err == PBT_OK && out->state != PBT_SEGMENT_REPORTED) {
        err = pbt__fail(error, PBT_ERR_STATE, "segment m%ds%d has not been reported",
                        (int)id.member, (int)id.number);
        pbt__error_hint(error, "only reported segments have a schedule; name one of those");
    }
    return err;
}

/* ---- rows ---- */

/* The way to a leaf, from age 0. */
static bool list_path(const pbt__study *study, pbt_segment_id leaf, pbt__row_list *out)
{
    const pbt_population *population = study->view.population;
    const size_t length = pbt_population_lineage(population, leaf, NULL, 0);
    pbt_segment *path = pbt__calloc(length + 1, sizeof *path);
    if (path == NULL || !pbt__snapshot_begin(study, length, out)) {
        free(path);
        return false;
    }
    (void)pbt_population_lineage(population, leaf, path, length);
    for (size_t i = 0; i < length; i++) {
        pbt__segment_row *row = &out->items[out->count];
        if (pbt__snapshot_row(study, path[i].id, row)) {
            row->is_on_path = true;
            out->count++;
        }
    }
    out->leaf = leaf;
    free(path);
    return true;
}

/* The rows of one lineage, from age 0, by what it ends in. */
static pbt_err list_lineage(pbt__study *study, pbt_segment_id id, pbt__row_list *out,
                            pbt_error *error)
{
    pbt_segment leaf;
    *out = (pbt__row_list){.items = NULL};
    pbt_err err = pbt__study_look(study, error);
    if (err != PBT_OK) {
        return err;
    }
    err = find_leaf(study, id, &leaf, error);
    if (err == PBT_OK && !list_path(study, leaf.id, out)) {
        err = pbt__fail_memory(error);
    }
    pthread_mutex_unlock(&study->view_lock);
    return err;
}

static int compare_places(const void *left, const void *right)
{
    const pbt_segment_id a = ((const pbt__segment_row *)left)->segment.id;
    const pbt_segment_id b = ((const pbt__segment_row *)right)->segment.id;
    return a.number != b.number ? (a.number > b.number) - (a.number < b.number)
                                : (a.member > b.member) - (a.member < b.member);
}

static pbt__segment_row *find_row(const pbt__row_list *tree, pbt_segment_id id)
{
    const pbt__segment_row key = {.segment = {.id = id}};
    return tree->count > 0 ? bsearch(&key, tree->items, tree->count, sizeof key, compare_places)
                           : NULL;
}

void pbt__tree_mark(pbt__row_list *tree)
{
    pbt__segment_row *row = find_row(tree, tree->leaf);
    while (row != NULL) {
        row->is_on_path = true;
        row = find_row(tree, row->segment.parent);
    }
}

/* The event that reported a parent, or an earlier one, makes the child, and a later one reports
 * that; so no way along parents ends where it began. */
static bool is_earlier(const pbt__segment_row *parent, const pbt__segment_row *child)
{
    const int64_t last = child->note.sequence - (child->segment.state == PBT_SEGMENT_REPORTED);
    return parent != NULL && parent->segment.state == PBT_SEGMENT_REPORTED &&
           parent->note.sequence <= last;
}

bool pbt__tree_is_sound(const pbt__row_list *tree, int32_t population)
{
    bool is_sound = tree->best.member < population && tree->leaf.member < population;
    for (size_t i = 0; i < tree->count && is_sound; i++) {
        const pbt__segment_row *row = &tree->items[i];
        const pbt_segment *s = &row->segment;
        is_sound = s->id.member < population && s->donor < population &&
                   (i == 0 || compare_places(row - 1, row) < 0) &&
                   (s->parent.member < 0 || is_earlier(find_row(tree, s->parent), row));
    }
    return is_sound;
}

pbt_err pbt__study_tree(pbt__study *study, int32_t member, pbt__row_list *out, pbt_error *error)
{
    if (member < 0) {
        const pbt_err err = pbt__study_rows(study, PBT__ROWS_ALL, out, error);
        out->leaf = out->best;
        pbt__tree_mark(out);
        return err;
    }
    const pbt_err err = list_lineage(study, (pbt_segment_id){member, -1}, out, error);
    if (err == PBT_OK) {
        qsort(out->items, out->count, sizeof *out->items, compare_places);
    }
    return err;
}

/* ---- a schedule ---- */

/* A segment that diverged before its first step has trained nothing, and has no row. */
static json_t *rows_json(const pbt__row_list *path)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < path->count; i++) {
        const pbt_segment *s = &path->items[i].segment;
        json_t *row = s->end_age == s->start_age
                          ? NULL
                          : json_pack("{s:I, s:I, s:o, s:o}", "start_age", (json_int_t)s->start_age,
                                      "end_age", (json_int_t)s->end_age, "hyperparameters",
                                      pbt__values_json(path->space, s->values), "segment",
                                      pbt__id_json(s->id));
        if (s->end_age > s->start_age && json_array_append_new(rows, row) != 0) {
            json_decref(rows);
            return NULL;
        }
    }
    return rows;
}

/* The start checkpoint of a lineage's first segment; age 0 is then not scratch. */
static json_t *start_json(const pbt_search *search, int32_t member)
{
    const char *start = member < search->start_count ? search->starts[member].checkpoint : NULL;
    return start != NULL ? json_string(start) : json_null();
}

pbt_err pbt__study_schedule(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error)
{
    pbt__row_list path;
    pbt_err err = list_lineage(study, id, &path, error);
    if (err != PBT_OK || path.items == NULL) {
        return err;
    }
    const pbt_segment *leaf = &path.items[path.count - 1].segment;
    const pbt_search *search = &pbt__study_spec(study)->search;
    json_t *json =
        json_pack("{s:i, s:o, s:o, s:o, s:o}", "member", (int)leaf->id.member, "segment",
                  pbt__id_json(leaf->id), "score", pbt__json_number(leaf->score), "start",
                  start_json(search, path.items[0].segment.id.member), "rows", rows_json(&path));
    pbt__row_list_fini(&path);
    return pbt__study_give(json, out, error);
}
