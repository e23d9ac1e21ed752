/* json.c: values of ours as JSON and back. */
#include "study/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "core/type.h"
#include "study/study.h"

/* ---- ids ---- */

json_t *pbt__id_json(pbt_segment_id id)
{
    char text[PBT__ID_SIZE];
    if (id.member < 0) {
        return json_null();
    }
    pbt__id_write(id, text);
    return json_string(text);
}

/* ---- times ---- */

json_t *pbt__study_time_json(int64_t time_us)
{
    char text[PBT__TIME_SIZE];
    pbt__clock_format(time_us, text);
    return json_string(text);
}

/* ---- hyperparameters ---- */

static json_t *item_json(const pbt_item *item)
{
    switch (item->type) {
    case PBT_ITEM_INT:
        return json_integer(item->integer);
    case PBT_ITEM_FLOAT:
        return json_real(item->real);
    case PBT_ITEM_BOOL:
        return json_boolean(item->integer != 0);
    default:
        return json_string(item->text);
    }
}

json_t *pbt__value_json(const pbt_parameter *parameter, pbt_value value)
{
    const pbt_item item = pbt__value_item(parameter, value);
    return item_json(&item);
}

static void write_item(pbt__text *out, const pbt_item *item)
{
    switch (item->type) {
    case PBT_ITEM_INT:
        pbt__json_write_integer(out, item->integer);
        break;
    case PBT_ITEM_FLOAT:
        pbt__json_write_number(out, item->real);
        break;
    case PBT_ITEM_BOOL:
        pbt__text_add(out, item->integer != 0 ? "true" : "false");
        break;
    default:
        pbt__json_write_text(out, item->text);
        break;
    }
}

static void write_value(pbt__text *out, const pbt_parameter *parameter, pbt_value value)
{
    const pbt_item item = pbt__value_item(parameter, value);
    write_item(out, &item);
}

void pbt__json_write_values(pbt__text *out, const pbt_space *space, const pbt_value *values)
{
    const char *gap = "";
    pbt__text_add(out, "{");
    for (size_t i = 0; i < space->count; i++) {
        pbt__text_add(out, gap);
        pbt__json_write_text(out, space->parameters[i].name);
        pbt__text_add(out, ":");
        write_value(out, &space->parameters[i], values[i]);
        gap = ",";
    }
    pbt__text_add(out, "}");
}

/* The other way; its text is the JSON's. False if it is nothing of the kind. */
static bool read_item(const json_t *json, pbt_item *out)
{
    if (json_is_real(json)) {
        *out = (pbt_item){.type = PBT_ITEM_FLOAT, .real = json_real_value(json)};
    } else if (json_is_integer(json)) {
        *out = (pbt_item){.type = PBT_ITEM_INT, .integer = json_integer_value(json)};
    } else if (json_is_boolean(json)) {
        *out = (pbt_item){.type = PBT_ITEM_BOOL, .integer = json_is_true(json)};
    } else {
        *out = (pbt_item){.type = PBT_ITEM_TEXT, .text = json_string_value(json)};
    }
    return out->type != PBT_ITEM_TEXT || out->text != NULL;
}

static bool value_read(const pbt_parameter *parameter, const json_t *json, pbt_value *out)
{
    pbt_item item;
    return read_item(json, &item) && pbt__type_of(parameter)->read(parameter, &item, out);
}

json_t *pbt__values_json(const pbt_space *space, const pbt_value *values)
{
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        if (json_object_set_new(object, parameter->name, pbt__value_json(parameter, values[i])) !=
            0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

pbt_err pbt__values_read(const pbt_space *space, const json_t *json, pbt_value *values,
                         pbt_error *error)
{
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        if (!value_read(parameter, json_object_get(json, parameter->name), &values[i])) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "no value of hyperparameter '%s'",
                             parameter->name);
        }
    }
    return PBT_OK;
}

/* ---- changes ---- */

/* Operations by name; a factor and a nudge carry their number: "x0.8", "+1". */
static const char *const OPERATIONS[] = {
    [PBT_UNTOUCHED] = "", [PBT_STAGE] = "stage", [PBT_RESAMPLE] = "resample",
    [PBT_FACTOR] = "x",   [PBT_NUDGE] = "",      [PBT_UP] = "up",
    [PBT_DOWN] = "down",  [PBT_NOISE] = "noise", [PBT_PICK] = "pick",
};
static const char CLAMPED[] = " clamped";

static void operation_write(const pbt_change *change, char *out, size_t size)
{
    char number[PBT__NUMBER_SIZE] = "";
    if (change->operation == PBT_FACTOR) {
        pbt__number_write(change->argument, number);
    } else if (change->operation == PBT_NUDGE) {
        snprintf(number, sizeof number, "%+d", change->argument < 0 ? -1 : 1);
    }
    snprintf(out, size, "%s%s%s", OPERATIONS[change->operation], number,
             change->is_clamped ? CLAMPED : "");
}

static bool operation_read(const char *text, pbt_change *out)
{
    char word[64];
    size_t length = strlen(text);
    size_t tail = sizeof CLAMPED - 1;
    out->is_clamped = length > tail && strcmp(text + length - tail, CLAMPED) == 0;
    length -= out->is_clamped ? tail : 0;
    if (length == 0 || length >= sizeof word) {
        return false;
    }
    memcpy(word, text, length);
    word[length] = '\0';
    if (word[0] == 'x') {
        out->operation = PBT_FACTOR;
        return pbt__number_read(word + 1, &out->argument);
    }
    if (word[0] == '+' || word[0] == '-') {
        out->operation = PBT_NUDGE;
        return pbt__number_read(word, &out->argument);
    }
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof *OPERATIONS; i++) {
        if (strcmp(OPERATIONS[i], word) == 0) {
            out->operation = (pbt_operation)i;
            return true;
        }
    }
    return false;
}

json_t *pbt__changes_json(const pbt_space *space, const pbt_change *changes, const pbt_value *after)
{
    json_t *object = json_object();
    for (size_t i = 0; object != NULL && i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        char operation[64];
        if (changes[i].operation == PBT_UNTOUCHED) {
            continue;
        }
        operation_write(&changes[i], operation, sizeof operation);
        json_t *change = json_pack("{s:s, s:o, s:o}", "operation", operation, "from",
                                   pbt__value_json(parameter, changes[i].from), "to",
                                   pbt__value_json(parameter, after[i]));
        if (json_object_set_new(object, parameter->name, change) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

void pbt__json_write_changes(pbt__text *out, const pbt_space *space, const pbt_change *changes,
                             const pbt_value *after)
{
    const char *gap = "";
    pbt__text_add(out, "{");
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        char operation[64];
        if (changes[i].operation == PBT_UNTOUCHED) {
            continue;
        }
        operation_write(&changes[i], operation, sizeof operation);
        pbt__text_add(out, gap);
        pbt__json_write_text(out, parameter->name);
        pbt__text_add(out, ":{\"operation\":");
        pbt__json_write_text(out, operation);
        pbt__text_add(out, ",\"from\":");
        write_value(out, parameter, changes[i].from);
        pbt__text_add(out, ",\"to\":");
        write_value(out, parameter, after[i]);
        pbt__text_add(out, "}");
        gap = ",";
    }
    pbt__text_add(out, "}");
}

pbt_err pbt__changes_read(const pbt_space *space, const json_t *json, pbt_change *changes,
                          pbt_error *error)
{
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        const json_t *change = json_object_get(json, parameter->name);
        changes[i] = (pbt_change){0};
        if (change == NULL) {
            continue;
        }
        const char *operation = json_string_value(json_object_get(change, "operation"));
        if (operation == NULL || !operation_read(operation, &changes[i]) ||
            !value_read(parameter, json_object_get(change, "from"), &changes[i].from)) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "broken change of hyperparameter '%s'",
                             parameter->name);
        }
    }
    return PBT_OK;
}

/* ---- names ---- */

const char *pbt__study_state_name(pbt__study_state state)
{
    static const char *const NAMES[] = {
        [PBT__RUNNING] = "running",
        [PBT__STUDY_STOPPED] = "stopped",
        [PBT__FINISHED] = "finished",
        [PBT__STUDY_FAILED] = "failed",
        [PBT__STUDY_INTERRUPTED] = "interrupted",
    };
    return NAMES[state];
}
