/* trace.c: rows of segments, linked with each other. */
#include "plot/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/json.h"
#include "study/study.h"

/* ---- reading ---- */

static const char *text_of(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

static bool is_reported(const json_t *row)
{
    const char *state = text_of(row, "state");
    return state != NULL && strcmp(state, "reported") == 0;
}

static bool read_track(const json_t *row, pbt__track *out)
{
    const char *id = text_of(row, "segment");
    double score = 0;
    *out = (pbt__track){.parent = -1, .before = -1, .donor = -1, .row = row};
    if (id == NULL || !pbt__id_read(id, &out->id) ||
        !pbt__json_number_read(json_object_get(row, "start_step"), &out->start_step) ||
        !pbt__json_number_read(json_object_get(row, "end_step"), &out->end_step) ||
        !pbt__json_number_read(json_object_get(row, "start_age"), &out->start_age) ||
        !pbt__json_number_read(json_object_get(row, "end_age"), &out->end_age) ||
        !pbt__json_number_read(json_object_get(row, "score"), &score)) {
        return false;
    }
    out->score = isfinite(score) ? score : (double)NAN;
    return true;
}

static pbt_err read_rows(pbt__trace *trace, pbt_error *error)
{
    size_t i;
    json_t *row;
    trace->tracks = pbt__calloc(json_array_size(trace->rows) + 1, sizeof *trace->tracks);
    if (trace->tracks == NULL) {
        return pbt__fail_memory(error);
    }
    json_array_foreach(trace->rows, i, row)
    {
        pbt__track *track = &trace->tracks[trace->count];
        if (!is_reported(row)) {
            continue;
        }
        if (!read_track(row, track)) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "row %zu is no segment", i);
        }
        trace->last_step = fmax(trace->last_step, track->end_step);
        trace->last_age = fmax(trace->last_age, track->end_age);
        if (track->id.member >= trace->member_count) {
            trace->member_count = track->id.member + 1;
        }
        trace->count++;
    }
    return trace->count > 0
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_NOT_FOUND, "nothing was reported yet: nothing to draw");
}

/* ---- linking ---- */

/* The index that a name has; -1 for none. */
static int32_t index_of(const json_t *indices, const char *id)
{
    const json_t *index = id != NULL ? json_object_get(indices, id) : NULL;
    return index != NULL ? (int32_t)json_integer_value(index) : -1;
}

static pbt_err make_indices(const pbt__trace *trace, json_t *indices, pbt_error *error)
{
    for (int32_t i = 0; i < trace->count; i++) {
        const char *id = text_of(trace->tracks[i].row, "segment");
        if (json_object_set_new(indices, id, json_integer(i)) != 0) {
            return pbt__fail_memory(error);
        }
    }
    return PBT_OK;
}

/* What a track copied: its parent, or, where it took hyperparameters alone, the donor's newest
 * segment as it began. */
static int32_t donor_of(const pbt__trace *trace, const pbt__track *track, const int32_t *newest)
{
    const json_t *donor = json_object_get(track->row, "donor");
    if (!json_is_integer(donor)) {
        return -1;
    }
    const json_int_t member = json_integer_value(donor);
    if (track->parent >= 0 && trace->tracks[track->parent].id.member == member) {
        return track->parent;
    }
    return member >= 0 && member < trace->member_count ? newest[member] : -1;
}

static void link_tracks(pbt__trace *trace, const json_t *indices, int32_t *newest)
{
    for (int32_t m = 0; m < trace->member_count; m++) {
        newest[m] = -1;
    }
    for (int32_t i = 0; i < trace->count; i++) {
        pbt__track *track = &trace->tracks[i];
        track->parent = index_of(indices, text_of(track->row, "parent"));
        track->before = newest[track->id.member];
        track->donor = donor_of(trace, track, newest);
        if (track->parent >= 0) {
            trace->tracks[track->parent].child_count++;
        }
        newest[track->id.member] = i;
    }
}

static void mark_winner(pbt__trace *trace, int32_t winner)
{
    trace->winner = winner;
    for (int32_t i = winner; i >= 0 && !trace->tracks[i].is_winning; i = trace->tracks[i].parent) {
        trace->tracks[i].is_winning = true;
    }
}

static pbt_err connect(pbt__trace *trace, const char *best, pbt_error *error)
{
    json_t *indices = json_object();
    int32_t *newest = pbt__calloc((size_t)trace->member_count, sizeof *newest);
    pbt_err err = PBT_ERR_MEMORY;
    if (indices == NULL || newest == NULL) {
        (void)pbt__fail_memory(error);
        goto done;
    }
    err = make_indices(trace, indices, error);
    if (err == PBT_OK) {
        link_tracks(trace, indices, newest);
        mark_winner(trace, index_of(indices, best));
    }
done:
    json_decref(indices);
    free(newest);
    return err;
}

/* ---- the trace ---- */

pbt_err pbt__trace_init(pbt__trace *trace, json_t *rows, const pbt_space *space, const char *best,
                        pbt_error *error)
{
    *trace = (pbt__trace){.space = space, .winner = -1, .rows = json_incref(rows)};
    pbt_err err = read_rows(trace, error);
    if (err == PBT_OK) {
        err = connect(trace, best, error);
    }
    if (err != PBT_OK) {
        pbt__trace_fini(trace);
    }
    return err;
}

void pbt__trace_fini(pbt__trace *trace)
{
    free(trace->tracks);
    json_decref(trace->rows);
    *trace = (pbt__trace){0};
}

double pbt__trace_value(const pbt__track *track, const pbt_parameter *parameter)
{
    double value = 0;
    const json_t *values = json_object_get(track->row, "hyperparameters");
    const json_t *found = json_object_get(values, parameter->name);
    if (parameter->type == PBT_FLOAT || parameter->type == PBT_INT) {
        if (!pbt__json_number_read(found, &value)) {
            return (double)NAN;
        }
        return parameter->scale == PBT_REVERSE_LOG ? 1 - value : value;
    }
    for (int32_t i = 0; i < parameter->item_count; i++) {
        const pbt_value item = {.integer = i};
        json_t *as_json = pbt__value_json(parameter, item);
        const bool is_it = json_equal(as_json, found) == 1;
        json_decref(as_json);
        if (is_it) {
            return i;
        }
    }
    return (double)NAN;
}
