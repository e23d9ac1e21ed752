/*
 * placeholders.c: filling in a command.
 *
 * The arguments are appended to one text, each ended by a NUL, and the vector that points into it
 * is made last, when all sizes are known. No argument is ever split, joined or seen by a shell.
 */
#include "executor/placeholders.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "core/type.h"

/* ---- values ---------------------------------------------------------------------------------- */

static void append_real(pbt__text *text, double value)
{
    char number[PBT__NUMBER_SIZE];
    pbt__text_append(text, number, pbt__number_write(value, number));
}

void pbt__value_append(pbt__text *text, const pbt_parameter *parameter, pbt_value value)
{
    const pbt_item item = pbt__value_item(parameter, value);
    switch (item.type) {
    case PBT_ITEM_INT:
        pbt__text_format(text, "%" PRId64, item.integer);
        break;
    case PBT_ITEM_FLOAT:
        append_real(text, item.real);
        break;
    case PBT_ITEM_BOOL:
        pbt__text_add(text, item.integer != 0 ? "true" : "false");
        break;
    case PBT_ITEM_TEXT:
        pbt__text_add(text, item.text);
        break;
    }
}

/* ---- names ----------------------------------------------------------------------------------- */

static bool is_named(const char *name, size_t length, const char *known)
{
    return strlen(known) == length && memcmp(name, known, length) == 0;
}

static bool append_parameter(pbt__text *text, const char *name, size_t length,
                             const pbt_space *space, const pbt_value *values)
{
    for (size_t i = 0; i < space->count; i++) {
        if (is_named(name, length, space->parameters[i].name)) {
            pbt__value_append(text, &space->parameters[i], values[i]);
            return true;
        }
    }
    return false;
}

static bool append_number(pbt__text *text, const char *name, size_t length,
                          const pbt__assignment *assignment)
{
    const pbt_segment *segment = &assignment->segment;
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {"start_step", assignment->resume_step},
        {"end_step", segment->end_step},
        {"steps", segment->end_step - assignment->resume_step},
        {"start_age", segment->start_age + assignment->resume_step - segment->start_step},
        {"end_age", segment->end_age},
        {"seed", segment->seed},
        {"member", segment->id.member},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (is_named(name, length, numbers[i].name)) {
            pbt__text_format(text, "%" PRId64, numbers[i].value);
            return true;
        }
    }
    return false;
}

/* What may be empty: nothing is loaded, or no step ends the training. */
static bool append_text(pbt__text *text, const char *name, size_t length,
                        const pbt__assignment *assignment)
{
    if (is_named(name, length, "load")) {
        pbt__text_add(text, assignment->load);
        return true;
    }
    if (is_named(name, length, "save_to")) {
        pbt__text_add(text, assignment->save_to);
        return true;
    }
    if (is_named(name, length, "stop_step")) {
        if (assignment->stop_step > 0) {
            pbt__text_format(text, "%" PRId64, assignment->stop_step);
        }
        return true;
    }
    return false;
}

/* Append what a name stands for; false if it stands for nothing. A hyperparameter comes first:
 * a study of old may have one whose name is a placeholder's now. */
static bool append_named(pbt__text *text, const char *name, size_t length, const pbt_space *space,
                         const pbt__assignment *assignment)
{
    return append_parameter(text, name, length, space, assignment->segment.values) ||
           append_number(text, name, length, assignment) ||
           append_text(text, name, length, assignment);
}

/* ---- arguments ------------------------------------------------------------------------------- */

static pbt_err fill_argument(pbt__text *text, const char *argument, const pbt_space *space,
                             const pbt__assignment *assignment, pbt_error *error)
{
    for (const char *at = argument; *at != '\0'; at++) {
        if (*at != '{' || at[1] == '{') {
            pbt__text_append(text, at, 1);
            at += (*at == '{' || *at == '}') && at[1] == *at;
            continue;
        }
        const char *end = strchr(at, '}');
        if (end == NULL) {
            return pbt__fail(error, PBT_ERR_SPEC, "a brace is not closed in '%s'", argument);
        }
        const size_t length = (size_t)(end - at) - 1;
        if (!append_named(text, at + 1, length, space, assignment)) {
            return pbt__fail(error, PBT_ERR_SPEC, "nothing is named '%.*s' in '%s'", (int)length,
                             at + 1, argument);
        }
        at = end;
    }
    pbt__text_append(text, "", 1);
    return PBT_OK;
}

/* Put a vector and the texts it points to into one allocation. */
static char **make_vector(const pbt__text *text, size_t count)
{
    char **vector = pbt__calloc((count + 1) * sizeof *vector + text->length + 1, 1);
    if (vector == NULL) {
        return NULL;
    }
    char *bytes = (char *)(vector + count + 1);
    if (text->length > 0) {
        memcpy(bytes, text->bytes, text->length);
    }
    for (size_t i = 0; i < count; i++) {
        vector[i] = bytes;
        bytes += strlen(bytes) + 1;
    }
    return vector;
}

pbt_err pbt__placeholders_fill(char *const *command, const pbt_space *space,
                               const pbt__assignment *assignment, char ***out, pbt_error *error)
{
    pbt__text text = pbt__text_init(PBT__ARGUMENTS_MAXIMUM);
    pbt_err err = PBT_OK;
    size_t count = 0;
    while (err == PBT_OK && command[count] != NULL) {
        err = fill_argument(&text, command[count++], space, assignment, error);
    }
    if (err == PBT_OK && text.failed) {
        err = pbt__fail(error, PBT_ERR_LIMIT, "the filled-in command is longer than %d bytes",
                        PBT__ARGUMENTS_MAXIMUM);
    }
    if (err == PBT_OK) {
        char **vector = make_vector(&text, count);
        if (vector != NULL) {
            *out = vector;
        } else {
            err = pbt__fail_memory(error);
        }
    }
    pbt__text_fini(&text);
    return err;
}
