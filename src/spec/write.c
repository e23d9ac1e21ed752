/*
 * write.c: a key's value in YAML's flow notation, as a spec or an amendment would give it, or in
 * JSON. One writer for both: JSON puts quotes around every text and name.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/space.h"
#include "core/type.h"
#include "spec/reader.h"

static void write_integer(pbt__text *out, int64_t value)
{
    pbt__text_format(out, "%" PRId64, value);
}

/* Write what comes before an entry of a map. */
static void write_entry(pbt__text *out, pbt__notation notation, bool is_first, const char *name)
{
    pbt__text_add(out, is_first ? "" : ", ");
    pbt__text_format(out, notation == PBT__JSON ? "\"%s\": " : "%s: ", name);
}

static void write_nullable(pbt__text *out, pbt__notation notation, const char *text)
{
    if (text == NULL) {
        pbt__text_add(out, "null");
        return;
    }
    pbt__scalar_write_text(out, notation, text);
}

/* In YAML in the largest unit that divides it. */
static void write_size(pbt__text *out, pbt__notation notation, int64_t bytes)
{
    static const char letters[] = "KMGT";
    int units = 0;
    while (notation == PBT__YAML && units < 4 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        units++;
    }
    write_integer(out, bytes);
    pbt__text_append(out, letters + (units > 0 ? units - 1 : 0), units > 0 ? 1 : 0);
}

static void write_names(pbt__text *out, pbt__notation notation, const char *const *names, int set)
{
    bool is_first = true;
    pbt__text_add(out, "[");
    for (int i = 0; names[i] != NULL; i++) {
        if (set & 1 << i) {
            pbt__text_add(out, is_first ? "" : ", ");
            pbt__scalar_write_text(out, notation, names[i]);
            is_first = false;
        }
    }
    pbt__text_add(out, "]");
}

static void write_list(pbt__text *out, const pbt_search *search, const pbt__rule_option *option)
{
    int32_t count = 0;
    const double *list = pbt__rule_list(search, option, &count);
    pbt__text_add(out, "[");
    for (int32_t i = 0; i < count; i++) {
        pbt__text_add(out, i > 0 ? ", " : "");
        pbt__scalar_write_real(out, list[i]);
    }
    pbt__text_add(out, "]");
}

static void write_arguments(pbt__text *out, pbt__notation notation, char *const *arguments)
{
    if (arguments == NULL) {
        pbt__text_add(out, "null");
        return;
    }
    pbt__text_add(out, "[");
    for (size_t i = 0; arguments[i] != NULL; i++) {
        pbt__text_add(out, i > 0 ? ", " : "");
        pbt__scalar_write_text(out, notation, arguments[i]);
    }
    pbt__text_add(out, "]");
}

static void write_environment(pbt__text *out, pbt__notation notation, char *const *variables)
{
    pbt__text_add(out, "{");
    for (size_t i = 0; variables != NULL && variables[i] != NULL; i++) {
        const char *value = strchr(variables[i], '=') + 1;
        const char *quote = notation == PBT__JSON ? "\"" : "";
        pbt__text_format(out, "%s%s", i > 0 ? ", " : "", quote);
        pbt__text_append(out, variables[i], (size_t)(value - variables[i]) - 1);
        pbt__text_format(out, "%s: ", quote);
        pbt__scalar_write_text(out, notation, value);
    }
    pbt__text_add(out, "}");
}

/* ---- hyperparameters ---- */

void pbt__write_value(pbt__text *out, pbt__notation notation, const pbt_parameter *parameter,
                      pbt_value value)
{
    const pbt_item item = pbt__value_item(parameter, value);
    pbt__scalar_write_item(out, notation, &item);
}

static void write_items(pbt__text *out, pbt__notation notation, const pbt_parameter *parameter)
{
    bool is_list = pbt__type_of(parameter)->shape == PBT__SHAPE_LIST;
    write_entry(out, notation, false, is_list ? "values" : "value");
    pbt__text_add(out, is_list ? "[" : "");
    for (int32_t i = 0; i < parameter->item_count; i++) {
        pbt__text_add(out, i > 0 ? ", " : "");
        pbt__scalar_write_item(out, notation, &parameter->items[i]);
    }
    pbt__text_add(out, is_list ? "]" : "");
}

void pbt__write_parameter(pbt__text *out, pbt__notation notation, const pbt_parameter *parameter)
{
    pbt__text_add(out, "{");
    write_entry(out, notation, true, "type");
    pbt__scalar_write_text(out, notation, pbt_type_name(parameter->type));
    if (pbt__is_number(parameter)) {
        write_entry(out, notation, false, "scale");
        pbt__scalar_write_text(out, notation, pbt_scale_name(parameter->scale));
        write_entry(out, notation, false, "min");
        pbt__write_value(out, notation, parameter, parameter->min);
        write_entry(out, notation, false, "max");
        pbt__write_value(out, notation, parameter, parameter->max);
    } else {
        write_items(out, notation, parameter);
    }
    if (parameter->inherit) {
        write_entry(out, notation, false, "inherit");
        pbt__text_add(out, "true");
    }
    pbt__text_add(out, "}");
}

static void write_space(pbt__text *out, pbt__notation notation, const pbt_space *space)
{
    pbt__text_add(out, "{");
    for (size_t i = 0; i < space->count; i++) {
        write_entry(out, notation, i == 0, space->parameters[i].name);
        pbt__write_parameter(out, notation, &space->parameters[i]);
    }
    pbt__text_add(out, "}");
}

/* A schedule's stages, each with what it changes. */
static void write_stages(pbt__text *out, pbt__notation notation, const pbt_space *space,
                         const pbt_start *start)
{
    pbt__text_add(out, "[");
    for (int32_t s = 0; s < start->stage_count; s++) {
        const pbt_stage *stage = &start->stages[s];
        const pbt_stage *before = s > 0 ? stage - 1 : NULL;
        pbt__text_add(out, s > 0 ? ", {" : "{");
        write_entry(out, notation, true, "until");
        write_integer(out, stage->end_age);
        for (size_t i = 0; i < space->count; i++) {
            const pbt_parameter *parameter = &space->parameters[i];
            const bool is_new =
                stage->given[i] &&
                (before == NULL || !before->given[i] ||
                 !pbt__parameter_equal(parameter, before->values[i], stage->values[i]));
            if (is_new) {
                write_entry(out, notation, false, parameter->name);
                pbt__write_value(out, notation, parameter, stage->values[i]);
            }
        }
        pbt__text_add(out, "}");
    }
    pbt__text_add(out, "]");
}

void pbt__write_start(pbt__text *out, pbt__notation notation, const pbt_space *space,
                      const pbt_start *start)
{
    bool is_first = true;
    pbt__text_add(out, "{");
    for (size_t i = 0; i < space->count; i++) {
        if (start->given[i]) {
            write_entry(out, notation, is_first, space->parameters[i].name);
            pbt__write_value(out, notation, &space->parameters[i], start->values[i]);
            is_first = false;
        }
    }
    if (start->fixed) {
        write_entry(out, notation, is_first, "fixed");
        pbt__text_add(out, "true");
        is_first = false;
    }
    if (start->checkpoint != NULL) {
        write_entry(out, notation, is_first, "checkpoint");
        pbt__scalar_write_text(out, notation, start->checkpoint);
        is_first = false;
    }
    if (start->stage_count > 0) {
        write_entry(out, notation, is_first, "schedule");
        write_stages(out, notation, space, start);
    }
    pbt__text_add(out, "}");
}

static void write_starts(pbt__text *out, pbt__notation notation, const pbt_search *search)
{
    pbt__text_add(out, "[");
    for (int32_t i = 0; i < search->start_count; i++) {
        pbt__text_add(out, i > 0 ? ", " : "");
        pbt__write_start(out, notation, &search->space, &search->starts[i]);
    }
    pbt__text_add(out, "]");
}

/* ---- all of them ---- */

static void write_real(pbt__text *out, double value)
{
    if (isnan(value)) {
        pbt__text_add(out, "null");
        return;
    }
    pbt__scalar_write_real(out, value);
}

static void write_name(pbt__text *out, pbt__notation notation, const pbt__key *key,
                       const void *field)
{
    uint32_t index = 0;
    memcpy(&index, field, sizeof index);
    pbt__scalar_write_text(out, notation, key->names[index]);
}

/* The kinds that are no plain number or text. */
static void write_other(pbt__text *out, pbt__notation notation, const pbt_spec *spec,
                        const pbt__key *key, const void *field)
{
    switch (key->kind) {
    case PBT__KIND_LIST:
        write_list(out, &spec->search, key->option);
        return;
    case PBT__KIND_ARGUMENTS:
        write_arguments(out, notation, *(char **const *)field);
        return;
    case PBT__KIND_ENVIRONMENT:
        write_environment(out, notation, *(char **const *)field);
        return;
    case PBT__KIND_SPACE:
        write_space(out, notation, &spec->search.space);
        return;
    case PBT__KIND_STARTS:
        write_starts(out, notation, &spec->search);
        return;
    default:
        pbt__text_add(out, "1"); /* PBT__KIND_VERSION */
    }
}

void pbt__write_key(pbt__text *out, pbt__notation notation, const pbt_spec *spec,
                    const pbt__key *key)
{
    const void *field = pbt__key_field_const(spec, key);
    switch (key->kind) {
    case PBT__KIND_COUNT:
        write_integer(out, (int64_t)pbt__key_number(spec, key));
        return;
    case PBT__KIND_STEPS:
        if (key->flags & PBT__KEY_NULLABLE && spec->is_open_ended) {
            pbt__text_add(out, "null");
            return;
        }
        write_integer(out, *(const int64_t *)field);
        return;
    case PBT__KIND_SEED: /* below 2^63 */
        write_integer(out, *(const int64_t *)field);
        return;
    case PBT__KIND_REAL:
        write_real(out, pbt__key_number(spec, key));
        return;
    case PBT__KIND_SIZE:
        write_size(out, notation, *(const int64_t *)field);
        return;
    case PBT__KIND_NAME:
        write_name(out, notation, key, field);
        return;
    case PBT__KIND_SWITCH:
        pbt__scalar_write_text(out, notation, key->names[*(const bool *)field ? 1 : 0]);
        return;
    case PBT__KIND_NAMES:
        write_names(out, notation, key->names, *(const int *)field);
        return;
    case PBT__KIND_STUDY:
    case PBT__KIND_WORD:
    case PBT__KIND_NOTES:
        write_nullable(out, notation, *(char *const *)field);
        return;
    default:
        write_other(out, notation, spec, key, field);
    }
}
