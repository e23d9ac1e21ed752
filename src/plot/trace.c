/* trace.c: rows of segments as numbers, linked with each other. */
#include "plot/trace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/json.h"

enum { FIRST_CAPACITY = 64 };

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

static pbt_segment_id id_of(const json_t *row, const char *key)
{
    pbt_segment_id id;
    const char *name = text_of(row, key);
    return name != NULL && pbt__id_read(name, &id) ? id : PBT_NO_SEGMENT;
}

static bool read_track(const json_t *row, pbt__track *out)
{
    double score = 0;
    const json_t *donor = json_object_get(row, "donor");
    *out = (pbt__track){
        .id = id_of(row, "segment"),
        .parent_id = id_of(row, "parent"),
        .donor_member = json_is_integer(donor) ? (int32_t)json_integer_value(donor) : -1,
        .parent = -1,
        .before = -1,
        .donor = -1,
    };
    if (out->id.member < 0 ||
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

/* The value of a hyperparameter in a row, as pbt__trace_value says. */
static double read_value(const json_t *row, const pbt_parameter *parameter)
{
    double value = 0;
    const json_t *values = json_object_get(row, "hyperparameters");
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

/* Make room for one more track and its values. */
static bool grow(pbt__trace *trace)
{
    if (trace->count < trace->capacity) {
        return true;
    }
    const int32_t capacity = trace->capacity > 0 ? 2 * trace->capacity : FIRST_CAPACITY;
    pbt__track *tracks = pbt__realloc(trace->tracks, (size_t)capacity, sizeof *tracks);
    trace->tracks = tracks != NULL ? tracks : trace->tracks;
    const size_t value_count = (size_t)capacity * trace->space->count + 1; /* never 0 */
    double *values = pbt__realloc(trace->values, value_count, sizeof *values);
    trace->values = values != NULL ? values : trace->values;
    if (tracks == NULL || values == NULL) {
        return false;
    }
    trace->capacity = capacity;
    return true;
}

pbt__trace pbt__trace_begin(const pbt_space *space)
{
    return (pbt__trace){.space = space, .winner = -1};
}

pbt_err pbt__trace_add(pbt__trace *trace, const json_t *row, pbt_error *error)
{
    const size_t width = trace->space->count;
    if (!is_reported(row)) {
        return PBT_OK;
    }
    if (!grow(trace)) {
        return pbt__fail_memory(error);
    }
    pbt__track *track = &trace->tracks[trace->count];
    if (!read_track(row, track)) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "invalid segment row");
    }
    for (size_t i = 0; i < width; i++) {
        trace->values[(size_t)trace->count * width + i] =
            read_value(row, &trace->space->parameters[i]);
    }
    trace->last_step = fmax(trace->last_step, track->end_step);
    trace->last_age = fmax(trace->last_age, track->end_age);
    if (track->id.member >= trace->member_count) {
        trace->member_count = track->id.member + 1;
    }
    trace->count++;
    return PBT_OK;
}

/* ---- linking ---- */

static int compare_ids(const void *key, const void *track)
{
    const pbt_segment_id a = *(const pbt_segment_id *)key, b = ((const pbt__track *)track)->id;
    return a.number != b.number ? (a.number > b.number) - (a.number < b.number)
                                : (a.member > b.member) - (a.member < b.member);
}

/* The index that a segment has; -1 for none. */
static int32_t index_of(const pbt__trace *trace, pbt_segment_id id)
{
    const pbt__track *found =
        bsearch(&id, trace->tracks, (size_t)trace->count, sizeof *trace->tracks, compare_ids);
    return found != NULL ? (int32_t)(found - trace->tracks) : -1;
}

/* What a track copied: its parent, or, where it took hyperparameters alone, the donor's newest
 * segment as it began. */
static int32_t donor_of(const pbt__trace *trace, const pbt__track *track, const int32_t *newest)
{
    const int32_t member = track->donor_member;
    if (member < 0) {
        return -1;
    }
    if (track->parent >= 0 && trace->tracks[track->parent].id.member == member) {
        return track->parent;
    }
    return member < trace->member_count ? newest[member] : -1;
}

static void link_tracks(pbt__trace *trace, int32_t *newest)
{
    for (int32_t m = 0; m < trace->member_count; m++) {
        newest[m] = -1;
    }
    for (int32_t i = 0; i < trace->count; i++) {
        pbt__track *track = &trace->tracks[i];
        track->parent = index_of(trace, track->parent_id);
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

pbt_err pbt__trace_link(pbt__trace *trace, pbt_segment_id best, pbt_error *error)
{
    if (trace->count == 0) {
        return PBT_OK;
    }
    int32_t *newest = pbt__calloc((size_t)trace->member_count, sizeof *newest);
    if (newest == NULL) {
        return pbt__fail_memory(error);
    }
    link_tracks(trace, newest);
    mark_winner(trace, index_of(trace, best));
    free(newest);
    return PBT_OK;
}

/* ---- the trace ---- */

typedef struct reading {
    pbt__trace trace;
    pbt_error *error;
} reading;

static pbt_err add_row(void *context, const json_t *row)
{
    reading *this = context;
    return pbt__trace_add(&this->trace, row, this->error);
}

pbt_err pbt__trace_read(pbt__trace *out, pbt__study *study, const pbt_space *space,
                        pbt_segment_id best, pbt_error *error)
{
    reading this = {pbt__trace_begin(space), error};
    pbt_err err = pbt__study_segments_each(study, add_row, &this, error);
    if (err == PBT_OK) {
        err = pbt__trace_link(&this.trace, best, error);
    }
    if (err != PBT_OK) {
        pbt__trace_fini(&this.trace);
        return err;
    }
    *out = this.trace;
    return PBT_OK;
}

void pbt__trace_fini(pbt__trace *trace)
{
    free(trace->tracks);
    free(trace->values);
    *trace = (pbt__trace){0};
}

double pbt__trace_value(const pbt__trace *trace, const pbt__track *track,
                        const pbt_parameter *parameter)
{
    const size_t row = (size_t)(track - trace->tracks);
    return trace
        ->values[row * trace->space->count + (size_t)(parameter - trace->space->parameters)];
}
