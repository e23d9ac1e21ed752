/*
 * replay.c: rows of a schedule as the stages of one member.
 *
 * The new spec is written from the old one with other fields, and read again, so that it is an
 * ordinary spec. Consecutive rows with the same values become one stage, so that the spec is short.
 */
#include "study/replay.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/space.h"
#include "core/type.h"
#include "study/json.h"

enum { NOTES_SIZE = 256 };

static const double AGE_MAXIMUM = 0x1p53; /* Units: steps */

/* The stages while they are made. Owner: one allocation each. */
struct stages {
    const pbt_space *space;
    pbt_stage *stages; /* Shape: [row count] */
    pbt_value *values; /* Shape: [row count][space->count] */
    bool *given;       /* Shape: [space->count]: all but constants */
    bool *nothing;     /* Shape: [space->count]: what the start itself gives */
    int32_t count;
};

static void stages_fini(struct stages *stages)
{
    free(stages->stages);
    free(stages->values);
    free(stages->given);
    free(stages->nothing);
}

static bool stages_init(struct stages *stages, const pbt_space *space, size_t row_count)
{
    const size_t width = space->count > 0 ? space->count : 1;
    *stages = (struct stages){
        .space = space,
        .stages = pbt__calloc(row_count + 1, sizeof *stages->stages),
        .values = pbt__calloc((row_count + 1) * width, sizeof *stages->values),
        .given = pbt__calloc(width, sizeof *stages->given),
        .nothing = pbt__calloc(width, sizeof *stages->nothing),
    };
    const bool is_whole = stages->stages != NULL && stages->values != NULL &&
                          stages->given != NULL && stages->nothing != NULL;
    for (size_t i = 0; i < space->count && is_whole; i++) {
        stages->given[i] = pbt__is_varied(&space->parameters[i]);
    }
    return is_whole;
}

static bool is_same(const struct stages *stages, const pbt_value *a, const pbt_value *b)
{
    for (size_t i = 0; i < stages->space->count; i++) {
        if (!pbt__parameter_equal(&stages->space->parameters[i], a[i], b[i])) {
            return false;
        }
    }
    return true;
}

/* Append a row, or let the stage before it last longer. */
static pbt_err add_row(struct stages *stages, const json_t *row, double scale, pbt_error *error)
{
    pbt_value *values = stages->values + (size_t)stages->count * stages->space->count;
    const double end = (double)json_integer_value(json_object_get(row, "end_age")) * scale;
    pbt_stage *before = stages->count > 0 ? &stages->stages[stages->count - 1] : NULL;
    const int64_t end_age = llround(end);
    pbt_err err =
        pbt__values_read(stages->space, json_object_get(row, "hyperparameters"), values, error);
    if (err != PBT_OK) {
        return err;
    }
    if (end > AGE_MAXIMUM) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "a scale of %g makes the schedule too long",
                         scale);
    }
    if (end_age <= (before != NULL ? before->end_age : 0)) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT,
                        "a scale of %g leaves a stage of the schedule no step", scale);
        pbt__error_hint(error, "choose a larger one");
        return PBT_ERR_ARGUMENT;
    }
    if (before != NULL && is_same(stages, before->values, values)) {
        before->end_age = end_age;
        return PBT_OK;
    }
    stages->stages[stages->count++] =
        (pbt_stage){.end_age = end_age, .values = values, .given = stages->given};
    return PBT_OK;
}

static pbt_err read_rows(struct stages *stages, const json_t *rows, double scale, pbt_error *error)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        pbt_err err = add_row(stages, row, scale, error);
        if (err != PBT_OK) {
            return err;
        }
    }
    return stages->count > 0 ? PBT_OK
                             : pbt__fail(error, PBT_ERR_CORRUPT, "the schedule has no rows");
}

static int64_t scaled_steps(int64_t steps, double scale)
{
    const double scaled = round((double)steps * scale);
    return scaled < 1 ? 1 : (int64_t)scaled;
}

/* Shape: out[size] */
static void write_notes(const pbt_spec *spec, const json_t *schedule, double scale, char *out,
                        size_t size)
{
    const char *segment = json_string_value(json_object_get(schedule, "segment"));
    (void)snprintf(out, size, "replays the schedule of %s, study %s", segment, spec->name);
    if (scale != 1) {
        const size_t length = strlen(out);
        (void)snprintf(out + length, size - length, ", all ages times %g", scale);
    }
}

static pbt_err parse_again(const pbt_spec *spec, pbt_spec **out, pbt_error *error)
{
    char *text = NULL;
    pbt_err err = pbt__spec_write(spec, &text, error);
    if (err == PBT_OK) {
        err = pbt__spec_parse(text, spec->name, spec->folder, out, error);
    }
    free(text);
    return err;
}

pbt_err pbt__replay_spec(const pbt_spec *spec, const json_t *schedule,
                         const pbt__replay_options *options, pbt_spec **out, pbt_error *error)
{
    struct stages stages;
    char notes[NOTES_SIZE];
    const json_t *rows = json_object_get(schedule, "rows");
    pbt_err err = stages_init(&stages, &spec->search.space, json_array_size(rows))
                      ? read_rows(&stages, rows, options->scale, error)
                      : pbt__fail_memory(error);
    if (err == PBT_OK) {
        const pbt_start start = {
            .values = stages.values,
            .given = stages.nothing,
            .checkpoint = json_string_value(json_object_get(schedule, "start")),
            .stages = stages.stages,
            .stage_count = stages.count,
        };
        char *name = (char *)(uintptr_t)options->name;
        pbt_spec replay = *spec;
        write_notes(spec, schedule, options->scale, notes, sizeof notes);
        replay.name = name;
        replay.notes = notes;
        replay.checkpoint_folder = NULL;
        replay.stop_seconds = 0;
        replay.is_open_ended = false;
        replay.search.stop_score = (double)NAN;
        replay.search.stop_steps = stages.stages[stages.count - 1].end_age;
        replay.search.ready_every = scaled_steps(spec->search.ready_every, options->scale);
        replay.search.ready_after = 0;
        replay.search.population = 1;
        replay.search.exploit.rule = PBT_EXPLOIT_NONE;
        replay.search.explore.rule = PBT_EXPLORE_NONE;
        replay.search.starts = &start;
        replay.search.start_count = 1;
        err = parse_again(&replay, out, error);
    }
    stages_fini(&stages);
    return err;
}
