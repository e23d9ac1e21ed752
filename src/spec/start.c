/* start.c: `start`: the given members, each a map from hyperparameters to values. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/space.h"
#include "core/type.h"
#include "spec/reader.h"

enum { PATH_SIZE = 96 }; /* Units: bytes: "start[1048575].", a name */

static const int64_t AGE_MAXIMUM = INT64_C(1) << 53; /* Units: steps */

/* One entry of `start` while it is read. */
typedef struct start_reader {
    const pbt__reader *reader;
    int32_t index;
    pbt_value *values; /* Shape: [space.count] */
    bool *given;       /* Shape: [space.count] */
    pbt_start *start;
} start_reader;

static void path_of(const start_reader *start, const char *name, char *out)
{
    (void)snprintf(out, PATH_SIZE, "start[%d]%s%.64s", start->index, *name != '\0' ? "." : "",
                   name);
}

static const pbt_space *space_of(const start_reader *start)
{
    return &start->reader->spec->search.space;
}

/* ---- values ---- */

static void write_items(pbt__text *out, const pbt_parameter *parameter)
{
    pbt__text_add(out, pbt__type_of(parameter)->shape == PBT__SHAPE_SINGLE ? "" : "one of ");
    for (int32_t i = 0; i < parameter->item_count; i++) {
        pbt__text_add(out, i > 0 ? ", " : "");
        pbt__scalar_write_item(out, PBT__YAML, &parameter->items[i]);
    }
}

/* Say what a value of this parameter may be; a long list is cut. */
static void write_allowed(const pbt_parameter *parameter, char *out)
{
    pbt__text text = pbt__text_init(64 * 1024);
    if (pbt__is_number(parameter)) {
        pbt__text_add(&text, pbt__is_integer(parameter) ? "an integer from " : "a number from ");
        pbt__write_value(&text, PBT__YAML, parameter, parameter->min);
        pbt__text_add(&text, " to ");
        pbt__write_value(&text, PBT__YAML, parameter, parameter->max);
    } else {
        write_items(&text, parameter);
    }
    const char *written = pbt__text_string(&text);
    bool is_long = strlen(written) >= PBT__ALLOWED_SIZE;
    (void)snprintf(out, PBT__ALLOWED_SIZE, "%.*s%s", PBT__ALLOWED_SIZE - 5, written,
                   is_long ? "..." : "");
    pbt__text_fini(&text);
}

/* Read a node as a value of this parameter; false if it is none. */
static bool read_value(const pbt_parameter *parameter, const pbt__node *node, pbt_value *out)
{
    pbt_item item;
    if (pbt__is_number(parameter)) {
        return pbt__read_number(parameter, node, out) && pbt__parameter_holds(parameter, *out);
    }
    if (!pbt__scalar_item(node, &item)) {
        return false;
    }
    for (int32_t i = 0; i < parameter->item_count; i++) {
        if (pbt__items_equal(&parameter->items[i], &item)) {
            out->integer = i;
            return true;
        }
    }
    return false;
}

/* ---- one entry ---- */

static pbt_err refuse_field(const start_reader *start, const pbt__node *node, const char *allowed)
{
    char path[PATH_SIZE];
    path_of(start, node->name, path);
    return pbt__refuse_value(start->reader, node, path, allowed);
}

static pbt_err read_fixed(const start_reader *start, const pbt__node *node)
{
    pbt__scalar scalar = pbt__node_scalar(node);
    start->start->fixed = scalar.flag;
    return scalar.type == PBT__SCALAR_BOOL
               ? PBT_OK
               : refuse_field(start, node, pbt__start_fields[0].allowed);
}

static pbt_err read_checkpoint(const start_reader *start, const pbt__node *node)
{
    if (pbt__node_scalar(node).type != PBT__SCALAR_TEXT || *node->text == '\0') {
        return refuse_field(start, node, pbt__start_fields[1].allowed);
    }
    char path[PATH_SIZE];
    path_of(start, node->name, path);
    char *text = NULL;
    pbt_err err = pbt__read_text(start->reader, node, path, &text);
    start->start->checkpoint = text;
    return err;
}

static size_t parameter_index(const pbt_space *space, const char *name)
{
    size_t i = 0;
    while (i < space->count && strcmp(space->parameters[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* ---- schedules ---- */

static pbt_err refuse_stage(const start_reader *start, const pbt__node *node, int32_t stage,
                            const char *allowed)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "start[%d].schedule[%d]%s%.32s", start->index, stage,
                   node->name != NULL ? "." : "", node->name != NULL ? node->name : "");
    return pbt__refuse_value(start->reader, node, path, allowed);
}

/* Where a stage ends: after the one before, and at a ready point where others are compared. */
static pbt_err read_until(const start_reader *start, const pbt__node *node, int32_t stage,
                          int64_t before, int64_t *out)
{
    const pbt_search *search = &start->reader->spec->search;
    const pbt__scalar scalar = pbt__node_scalar(node);
    char allowed[PBT__ALLOWED_SIZE];
    (void)snprintf(allowed, sizeof allowed, "an integer above %lld", (long long)before);
    const bool is_age = scalar.type == PBT__SCALAR_INT && !scalar.is_beyond &&
                        scalar.integer > before && scalar.integer <= AGE_MAXIMUM;
    if (is_age && search->population > 1 && scalar.integer % search->ready_every != 0) {
        return refuse_stage(start, node, stage,
                            "a multiple of ready.every, for the population has several members");
    }
    *out = scalar.integer;
    return is_age ? PBT_OK : refuse_stage(start, node, stage, allowed);
}

static pbt_err read_stage_value(const start_reader *start, const pbt__node *node, int32_t stage,
                                pbt_value *values, bool *given)
{
    const pbt_space *space = space_of(start);
    const size_t index = parameter_index(space, node->name);
    if (index == space->count) {
        return pbt__refuse(start->reader, node->name_place,
                           "start[%d].schedule[%d]: found the key '%.64s'; allowed: until, a "
                           "hyperparameter's name",
                           start->index, stage, node->name);
    }
    if (!read_value(&space->parameters[index], node, &values[index])) {
        char allowed[PBT__ALLOWED_SIZE];
        write_allowed(&space->parameters[index], allowed);
        return refuse_stage(start, node, stage, allowed);
    }
    given[index] = true;
    return PBT_OK;
}

/* Read one stage; what it does not name is as in the stage before. */
static pbt_err read_stage(const start_reader *start, const pbt__node *node, pbt_stage *stages,
                          int32_t stage)
{
    const size_t count = space_of(start)->count;
    pbt_value *values = pbt__arena_take(start->reader->arena, count, sizeof *values);
    bool *given = pbt__arena_take(start->reader->arena, count, sizeof *given);
    if (values == NULL || given == NULL) {
        return pbt__refuse_memory(start->reader);
    }
    if (node->kind != PBT__NODE_MAP) {
        return refuse_stage(start, node, stage, "a map: {until: 400, learning_rate: 0.01}");
    }
    if (stage > 0) {
        memcpy(values, stages[stage - 1].values, count * sizeof *values);
        memcpy(given, stages[stage - 1].given, count * sizeof *given);
    }
    stages[stage] = (pbt_stage){.values = values, .given = given};
    for (const pbt__node *each = node->first; each != NULL; each = each->next) {
        const int64_t before = stage > 0 ? stages[stage - 1].end_age : 0;
        pbt_err err = strcmp(each->name, "until") == 0
                          ? read_until(start, each, stage, before, &stages[stage].end_age)
                          : read_stage_value(start, each, stage, values, given);
        if (err != PBT_OK) {
            return err;
        }
    }
    return stages[stage].end_age > 0
               ? PBT_OK
               : refuse_stage(start, node, stage, "a map with 'until', an age in steps");
}

static pbt_err read_schedule(const start_reader *start, const pbt__node *node)
{
    if (node->kind != PBT__NODE_LIST) {
        return refuse_field(start, node, pbt__start_fields[2].allowed);
    }
    pbt_stage *stages = pbt__arena_take(start->reader->arena, node->count, sizeof *stages);
    int32_t count = 0;
    if (stages == NULL) {
        return pbt__refuse_memory(start->reader);
    }
    for (const pbt__node *each = node->first; each != NULL; each = each->next, count++) {
        pbt_err err = read_stage(start, each, stages, count);
        if (err != PBT_OK) {
            return err;
        }
    }
    start->start->stages = stages;
    start->start->stage_count = count;
    return PBT_OK;
}

/* ---- one field ---- */

static pbt_err read_field(const start_reader *start, const pbt__node *node)
{
    if (strcmp(node->name, pbt__start_fields[2].name) == 0) {
        return read_schedule(start, node);
    }
    if (strcmp(node->name, pbt__start_fields[0].name) == 0) {
        return read_fixed(start, node);
    }
    if (strcmp(node->name, pbt__start_fields[1].name) == 0) {
        return read_checkpoint(start, node);
    }
    const pbt_space *space = space_of(start);
    size_t index = parameter_index(space, node->name);
    if (index == space->count) {
        return pbt__refuse(start->reader, node->name_place,
                           "start[%d]: found the key '%.64s'; allowed: a hyperparameter's name, "
                           "fixed, checkpoint, schedule",
                           start->index, node->name);
    }
    if (!read_value(&space->parameters[index], node, &start->values[index])) {
        char allowed[PBT__ALLOWED_SIZE];
        write_allowed(&space->parameters[index], allowed);
        return refuse_field(start, node, allowed);
    }
    start->given[index] = true;
    return PBT_OK;
}

static pbt_err read_start(start_reader *start, const pbt__node *node)
{
    size_t count = space_of(start)->count;
    if (node->kind != PBT__NODE_MAP) {
        char path[PATH_SIZE];
        path_of(start, "", path);
        return pbt__refuse_value(start->reader, node, path, "a map: {learning_rate: 0.01}");
    }
    start->values = pbt__arena_take(start->reader->arena, count, sizeof *start->values);
    start->given = pbt__arena_take(start->reader->arena, count, sizeof *start->given);
    if (start->values == NULL || start->given == NULL) {
        return pbt__refuse_memory(start->reader);
    }
    *start->start = (pbt_start){.values = start->values, .given = start->given};
    for (const pbt__node *each = node->first; each != NULL; each = each->next) {
        pbt_err err = pbt__go_on(start->reader, read_field(start, each));
        if (err != PBT_OK) {
            return err;
        }
    }
    return PBT_OK;
}

static pbt_err check_count(const pbt__reader *reader, const pbt__node *node)
{
    const pbt__node *excess = node->first;
    for (int32_t i = 0; i < reader->spec->search.population && excess != NULL; i++) {
        excess = excess->next;
    }
    return excess == NULL
               ? PBT_OK
               : pbt__refuse(reader, excess->place,
                             "start: found %zu entries; allowed: at most the population's "
                             "%d members",
                             node->count, reader->spec->search.population);
}

pbt_err pbt__read_starts(const pbt__reader *reader, const pbt__node *node)
{
    pbt_err err = check_count(reader, node);
    if (err != PBT_OK) {
        return err;
    }
    pbt_start *starts = pbt__arena_take(reader->arena, node->count, sizeof *starts);
    pbt__spot *places = pbt__arena_take(reader->arena, node->count, sizeof *places);
    if (starts == NULL || places == NULL) {
        return pbt__refuse_memory(reader);
    }
    int32_t count = 0;
    for (const pbt__node *each = node->first; each != NULL; each = each->next, count++) {
        start_reader start = {.reader = reader, .index = count, .start = &starts[count]};
        places[count] = each->place;
        err = pbt__go_on(reader, read_start(&start, each));
        if (err != PBT_OK) {
            return err;
        }
    }
    reader->spec->search.starts = starts;
    reader->spec->search.start_count = count;
    pbt__spec_origin(reader->spec)->starts = places;
    return PBT_OK;
}
