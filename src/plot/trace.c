/* trace.c: rows of segments as numbers, linked with each other. */
#include "plot/trace.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/type.h"

enum { FIRST_CAPACITY = 64 };

/* ---- reading ---- */

static pbt__track track_of(const pbt_segment *s)
{
    return (pbt__track){
        .id = s->id,
        .parent_id = s->parent,
        .donor_member = s->donor,
        .parent = -1,
        .before = -1,
        .donor = -1,
        .start_step = (double)s->start_step,
        .end_step = (double)s->end_step,
        .start_age = (double)s->start_age,
        .end_age = (double)s->end_age,
        .score = isfinite(s->score) ? s->score : (double)NAN,
    };
}

/* A value as pbt__trace_value says. */
static double number_of(const pbt_parameter *parameter, pbt_value value)
{
    if (!pbt__is_number(parameter)) {
        return (double)value.integer;
    }
    const double number = pbt__type_of(parameter)->number(value);
    return parameter->scale == PBT_REVERSE_LOG ? 1 - number : number;
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

pbt_err pbt__trace_add(pbt__trace *trace, const pbt_segment *segment, pbt_error *error)
{
    const size_t width = trace->space->count;
    if (segment->state != PBT_SEGMENT_REPORTED) {
        return PBT_OK;
    }
    if (!grow(trace)) {
        return pbt__fail_memory(error);
    }
    pbt__track *track = &trace->tracks[trace->count];
    *track = track_of(segment);
    for (size_t i = 0; i < width; i++) {
        trace->values[(size_t)trace->count * width + i] =
            number_of(&trace->space->parameters[i], segment->values[i]);
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

pbt_err pbt__trace_read(pbt__trace *out, const pbt__row_list *rows, pbt_error *error)
{
    pbt__trace trace = pbt__trace_begin(rows->space);
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < rows->count; i++) {
        err = pbt__trace_add(&trace, &rows->items[i].segment, error);
    }
    if (err == PBT_OK) {
        err = pbt__trace_link(&trace, rows->best, error);
    }
    if (err != PBT_OK) {
        pbt__trace_fini(&trace);
        return err;
    }
    *out = trace;
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
