/*
 * lineage.c: whose weights came from where, and the hyperparameters along the way.
 *
 * A lineage follows parents: the segments whose weights another started from. So a copy of weights
 * joins the donor's past, a copy of hyperparameters alone stays in its own, a member that diverged
 * goes on from the ancestor it went back to, and one that started afresh begins at age 0. A child
 * begins at the age at which its parent ended, whatever steps either member was at; a schedule's
 * rows therefore follow each other without gap or overlap.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/inside.h"

static bool best_leaf(const pbt__study *study, pbt_segment *out)
{
    return pbt_population_best(study->view.population, out);
}

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
        return best_leaf(study, out)
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

/* List a lineage from age 0; the caller frees. Shape: *out [*count] */
static pbt_err list_path(const pbt__study *study, pbt_segment_id leaf, pbt_segment **out,
                         size_t *count, pbt_error *error)
{
    const pbt_population *population = study->view.population;
    size_t length = pbt_population_lineage(population, leaf, NULL, 0);
    pbt_segment *path = pbt__calloc(length + 1, sizeof *path);
    if (path == NULL) {
        (void)pbt__fail_memory(error);
        return PBT_ERR_MEMORY;
    }
    (void)pbt_population_lineage(population, leaf, path, length);
    *out = path;
    *count = length;
    return PBT_OK;
}

/* ---- a schedule ---- */

/* A segment that diverged before its first step has trained nothing, and has no row. */
static json_t *rows_json(const pbt__study *study, const pbt_segment *path, size_t count)
{
    const pbt_space *space = &study->view.facts.spec->search.space;
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        const pbt_segment *s = &path[i];
        json_t *row =
            s->end_age == s->start_age
                ? NULL
                : json_pack("{s:I, s:I, s:o, s:o}", "start_age", (json_int_t)s->start_age,
                            "end_age", (json_int_t)s->end_age, "hyperparameters",
                            pbt__values_json(space, s->values), "segment", pbt__id_json(s->id));
        if (s->end_age > s->start_age && json_array_append_new(rows, row) != 0) {
            json_decref(rows);
            return NULL;
        }
    }
    return rows;
}

/* The checkpoint that a lineage's first segment was given to start from: age 0 is not scratch. */
static json_t *start_json(const pbt__study *study, const pbt_segment *first)
{
    const pbt_search *search = &study->view.facts.spec->search;
    const char *start =
        first->id.member < search->start_count ? search->starts[first->id.member].checkpoint : NULL;
    return start != NULL ? json_string(start) : json_null();
}

static json_t *schedule_json(const pbt__study *study, const pbt_segment *path, size_t count)
{
    const pbt_segment *leaf = &path[count - 1];
    return json_pack("{s:i, s:o, s:o, s:o, s:o}", "member", (int)leaf->id.member, "segment",
                     pbt__id_json(leaf->id), "score", pbt__json_number(leaf->score), "start",
                     start_json(study, &path[0]), "rows", rows_json(study, path, count));
}

pbt_err pbt__study_schedule(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error)
{
    pbt_segment leaf;
    pbt_segment *path = NULL;
    size_t count = 0;
    pbt_err err = pbt__study_look(study, error);
    if (err != PBT_OK) {
        return err;
    }
    err = find_leaf(study, id, &leaf, error);
    if (err == PBT_OK) {
        err = list_path(study, leaf.id, &path, &count, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_give(schedule_json(study, path, count), out, error);
    }
    pthread_mutex_unlock(&study->view_lock);
    free(path);
    return err;
}

/* ---- the tree ---- */

/* Which segments lie on the path. Shape: is_on[numbers][members] */
typedef struct marks {
    bool *is_on;
    int32_t members, numbers;
} marks;

static bool *mark_of(const marks *on, pbt_segment_id id)
{
    return &on->is_on[(size_t)id.number * (size_t)on->members + (size_t)id.member];
}

static pbt_err marks_init(marks *on, const pbt__study *study, const pbt_segment *path, size_t count,
                          pbt_error *error)
{
    *on = (marks){.members = study->view.facts.spec->search.population};
    for (int32_t m = 0; m < on->members; m++) {
        pbt_segment newest;
        bool has_any = pbt__population_newest(study->view.population, m, &newest);
        on->numbers =
            has_any && newest.id.number >= on->numbers ? newest.id.number + 1 : on->numbers;
    }
    on->is_on = pbt__calloc((size_t)on->numbers * (size_t)on->members + 1, sizeof *on->is_on);
    for (size_t i = 0; on->is_on != NULL && i < count; i++) {
        *mark_of(on, path[i].id) = true;
    }
    return on->is_on != NULL ? PBT_OK : pbt__fail_memory(error);
}

static const char *state_name(const pbt__study *study, const pbt_segment *s)
{
    if (s->state != PBT_SEGMENT_OPEN) {
        return s->state == PBT_SEGMENT_REPORTED ? "reported" : "given_up";
    }
    const pbt__claim *claim = &study->claims[s->id.member];
    return claim->number == s->id.number && pbt__claim_is_current(study, claim) ? "claimed"
                                                                                : "open";
}

static json_t *segment_json(const pbt__study *study, const pbt_segment *s, bool is_on_path)
{
    bool has_score = s->state == PBT_SEGMENT_REPORTED;
    return json_pack("{s:o, s:i, s:i, s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:b}",
                     "segment", pbt__id_json(s->id), "member", (int)s->id.member, "number",
                     (int)s->id.number, "parent", pbt__id_json(s->parent), "donor",
                     s->donor < 0 ? json_null() : json_integer(s->donor), "reason",
                     pbt_reason_name(s->reason), "state", state_name(study, s), "start_step",
                     (json_int_t)s->start_step, "end_step", (json_int_t)s->end_step, "start_age",
                     (json_int_t)s->start_age, "end_age", (json_int_t)s->end_age, "score",
                     has_score ? pbt__json_number(s->score) : json_null(), "hyperparameters",
                     pbt__values_json(&study->view.facts.spec->search.space, s->values), "on_path",
                     (int)is_on_path);
}

static json_t *segments_json(const pbt__study *study, const marks *on, bool path_alone)
{
    json_t *list = json_array();
    for (int32_t number = 0; number < on->numbers; number++) {
        for (int32_t m = 0; m < on->members; m++) {
            pbt_segment s;
            pbt_segment_id id = {m, number};
            bool is_on_path = *mark_of(on, id);
            bool is_wanted = pbt_population_segment(study->view.population, id, &s) &&
                             (is_on_path || !path_alone);
            if (is_wanted &&
                json_array_append_new(list, segment_json(study, &s, is_on_path)) != 0) {
                json_decref(list);
                return NULL;
            }
        }
    }
    return list;
}

static json_t *tree_json(const pbt__study *study, const marks *on, pbt_segment_id leaf,
                         bool path_alone)
{
    const pbt_spec *spec = study->view.facts.spec;
    pbt_segment best;
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "name", study->row.name, "metric",
                     spec->metric, "direction", pbt_direction_name(spec->search.direction), "best",
                     pbt__id_json(best_leaf(study, &best) ? best.id : PBT_NO_SEGMENT), "leaf",
                     pbt__id_json(leaf), "segments", segments_json(study, on, path_alone));
}

static pbt_err lineage(const pbt__study *study, int32_t member, json_t **out, pbt_error *error)
{
    pbt_segment leaf = {.id = PBT_NO_SEGMENT};
    pbt_segment *path = NULL;
    size_t count = 0;
    marks on = {0};
    pbt_err err = PBT_OK;
    if (member >= 0) {
        err = find_leaf(study, (pbt_segment_id){member, -1}, &leaf, error);
    } else if (!best_leaf(study, &leaf)) {
        leaf.id = PBT_NO_SEGMENT;
    }
    if (err == PBT_OK) {
        err = list_path(study, leaf.id, &path, &count, error);
    }
    if (err == PBT_OK) {
        err = marks_init(&on, study, path, count, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_give(tree_json(study, &on, leaf.id, member >= 0), out, error);
    }
    free(on.is_on);
    free(path);
    return err;
}

pbt_err pbt__study_lineage(pbt__study *study, int32_t member, json_t **out, pbt_error *error)
{
    pbt_err err = pbt__study_look(study, error);
    if (err == PBT_OK) {
        err = lineage(study, member, out, error);
        pthread_mutex_unlock(&study->view_lock);
    }
    return err;
}
