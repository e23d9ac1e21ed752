/*
 * review_command.c: mistakes in a command and an environment.
 *
 * A program of the protocol 'command' knows only its arguments: a hyperparameter in none of them
 * has no effect. If some placeholder is wrong, missing ones are not reported: it is probably the
 * missing one.
 */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "core/type.h"
#include "spec/placeholder.h"
#include "spec/review.h"

/* Where an argument stands; the command's place if it is not of this text. */
pbt__spot pbt__review_argument(const pbt__reader *reader, size_t index)
{
    const pbt__key *key = pbt__key_find("trainer.command");
    const pbt__node *list = reader->nodes[pbt__key_index(key)];
    const pbt__node *node = list != NULL ? list->first : NULL;
    for (size_t i = 0; node != NULL && i < index; i++) {
        node = node->next;
    }
    return node != NULL ? node->place : pbt__spec_place(reader->spec, key);
}

/* "sh -c SCRIPT": a shell reads this argument. */
bool pbt__review_is_script(char *const *command, size_t index)
{
    const char *before = index > 0 ? command[index - 1] : "";
    return before[0] == '-' && before[1] != '-' && strchr(before, 'c') != NULL &&
           strchr(before, 'c')[1] == '\0';
}

/* ---- what is no placeholder ---- */

static pbt_err tell_filled(const pbt__reader *reader, pbt__spot place, const pbt__foreign *found)
{
    pbt_err err = pbt__refuse(
        reader, place, "trainer.command: found '%.*s': '{%.*s}' is replaced, and the '$' stays",
        found->length, found->begin, found->name_length, found->name);
    pbt__error_hint(reader->error, "write '{%.*s}'; for a shell's own variable '${{%.*s}}'",
                    found->name_length, found->name, found->name_length, found->name);
    return err;
}

/* A name that no `{name}` has is never passed: an error. In a worker's command none is. */
static pbt_err review_foreign(const pbt__reader *reader, size_t index, const pbt__foreign *found)
{
    const bool is_command = reader->spec->trainer.protocol == PBT__PROTOCOL_COMMAND;
    const pbt__spot place = pbt__review_argument(reader, index);
    const bool is_script = pbt__review_is_script(reader->spec->trainer.command, index);
    const bool is_filled = found->is_filled && is_command;
    if (found->is_shell && is_script && !is_filled) {
        return PBT_OK;
    }
    reader->findings->is_told[found->index] = true;
    if (is_filled) {
        return tell_filled(reader, place, found);
    }
    pbt_err err =
        pbt__refuse(reader, place, "trainer.command: found '%.*s', which is no placeholder",
                    found->length, found->begin);
    pbt__error_hint(reader->error,
                    is_command ? "write '{%.*s}' for its value"
                               : "a worker gets '%.*s' with each segment, not by its command",
                    found->name_length, found->name);
    if (is_command && !reader->findings->is_named[found->index]) {
        return err;
    }
    pbt__warn(reader);
    return PBT_OK;
}

pbt_err pbt__review_forms(const pbt__reader *reader)
{
    pbt_err err = PBT_OK;
    char *const *command =
        reader->findings->is_named != NULL ? reader->spec->trainer.command : NULL;
    for (size_t i = 0; err == PBT_OK && command != NULL && command[i] != NULL; i++) {
        size_t at = 0;
        pbt__foreign found;
        while (err == PBT_OK &&
               pbt__foreign_next(&reader->spec->search.space, command[i], &at, &found)) {
            err = pbt__go_on(reader, review_foreign(reader, i, &found));
        }
    }
    return err;
}

/* A hyperparameter that is not passed is an error; one of our placeholders may be meant literally.
 */
static pbt_err review_variable(const pbt__reader *reader, const pbt__node *variable, int32_t index,
                               const char *name, int length)
{
    const bool is_command = reader->spec->trainer.protocol == PBT__PROTOCOL_COMMAND;
    const bool is_lost = index >= PBT__PLACEHOLDER_COUNT && !reader->findings->is_named[index];
    reader->findings->is_told[index] = true;
    pbt_err err =
        pbt__refuse(reader, variable->place,
                    "trainer.environment.%.48s: found '{%.*s}', which is passed as it is: "
                    "only arguments are filled in",
                    variable->name, length, name);
    pbt__error_hint(reader->error,
                    is_command ? "write '{%.*s}' in an argument of trainer.command"
                               : "a worker gets '%.*s' with each segment",
                    length, name);
    if (is_command && is_lost) {
        return err;
    }
    pbt__warn(reader);
    return PBT_OK;
}

pbt_err pbt__review_variables(const pbt__reader *reader)
{
    const pbt__node *map = reader->nodes[pbt__key_index(pbt__key_find("trainer.environment"))];
    const bool has_names = map != NULL && reader->findings->is_named != NULL;
    pbt_err err = PBT_OK;
    for (const pbt__node *each = has_names ? map->first : NULL; each != NULL; each = each->next) {
        size_t at = 0, length = 0;
        const char *name = NULL;
        while (err == PBT_OK && (name = pbt__placeholder_next(each->text, &at, &length)) != NULL) {
            const int32_t index = pbt__placeholder_find(&reader->spec->search.space, name, length);
            if (index >= 0) {
                err = review_variable(reader, each, index, name, (int)length);
                err = pbt__go_on(reader, err);
            }
        }
    }
    return err;
}

/* ---- what a command does not say ---- */

static pbt__spot command_place(const pbt__reader *reader)
{
    return pbt__spec_place(reader->spec, pbt__key_find("trainer.command"));
}

static void warn_unused(const pbt__reader *reader, size_t parameter)
{
    const char *name = reader->spec->search.space.parameters[parameter].name;
    (void)pbt__refuse(reader, pbt__spec_origin(reader->spec)->parameters[parameter],
                      "hyperparameters.%s: no argument of trainer.command has '{%s}'", name, name);
    pbt__error_hint(reader->error, "add '--%s={%s}' to the command, or remove '%s'", name, name,
                    name);
    pbt__warn(reader);
}

static pbt_err review_unused(const pbt__reader *reader)
{
    const size_t count = reader->spec->search.space.count;
    size_t unused = 0;
    for (size_t i = 0; i < count; i++) {
        unused += !reader->findings->is_named[PBT__PLACEHOLDER_COUNT + i];
    }
    if (unused == count && count > 3) {
        const char *name = reader->spec->search.space.parameters[0].name;
        (void)pbt__refuse(reader, command_place(reader),
                          "trainer.command: no argument has any of the %zu hyperparameters", count);
        pbt__error_hint(reader->error, "add '--%s={%s}', and so on", name, name);
        pbt__warn(reader);
        return PBT_OK;
    }
    for (size_t i = 0; i < count; i++) {
        const size_t index = PBT__PLACEHOLDER_COUNT + i;
        if (!reader->findings->is_named[index] && !reader->findings->is_told[index]) {
            warn_unused(reader, i);
        }
    }
    return PBT_OK;
}

static bool has(const pbt__reader *reader, const char *name)
{
    const int32_t index = pbt__placeholder_find(&reader->spec->search.space, name, strlen(name));
    return index >= 0 && (reader->findings->is_named[index] || reader->findings->is_told[index]);
}

static pbt_err review_length(const pbt__reader *reader)
{
    if (has(reader, "end_step") || has(reader, "end_age") || has(reader, "steps")) {
        return PBT_OK;
    }
    (void)pbt__refuse(reader, command_place(reader),
                      "trainer.command: no argument has '{end_step}', '{end_age}' or '{steps}', so "
                      "the program is not told how long to train");
    pbt__error_hint(reader->error, "add '--steps={steps}' to the command");
    pbt__warn(reader);
    return PBT_OK;
}

static pbt_err review_save(const pbt__reader *reader)
{
    if (has(reader, "save_to")) {
        return PBT_OK;
    }
    pbt_err err =
        pbt__refuse(reader, command_place(reader),
                    "trainer.command: no argument has '{save_to}', and without a checkpoint no "
                    "report counts");
    pbt__error_hint(reader->error, "add '--save={save_to}' to the command");
    return err;
}

static bool has_end(const pbt__reader *reader)
{
    return reader->nodes[pbt__key_index(pbt__key_find("stop.steps"))] != NULL;
}

static pbt_err review_end(const pbt__reader *reader)
{
    if (has_end(reader) || !has(reader, "stop_step")) {
        return PBT_OK;
    }
    pbt_err err = pbt__refuse(reader, command_place(reader),
                              "trainer.command: '{stop_step}' has no value without 'stop.steps'");
    pbt__error_hint(reader->error, "give 'stop.steps', or remove '{stop_step}'");
    return err;
}

/* With one segment per member, only start checkpoints are loaded. */
static pbt_err review_load(const pbt__reader *reader)
{
    const pbt_search *search = &reader->spec->search;
    bool is_needed = !has_end(reader) || search->stop_steps > search->ready_every;
    for (int32_t i = 0; i < search->start_count; i++) {
        is_needed = is_needed || search->starts[i].checkpoint != NULL;
    }
    if (!is_needed || has(reader, "load")) {
        return PBT_OK;
    }
    (void)pbt__refuse(reader, command_place(reader),
                      "trainer.command: no argument has '{load}', so every segment starts from "
                      "scratch");
    pbt__error_hint(reader->error, "add '--load={load}' to the command");
    pbt__warn(reader);
    return PBT_OK;
}

/* ---- negative values ---- */

static bool can_be_negative(const pbt_parameter *parameter)
{
    if (pbt__is_number(parameter)) {
        return pbt__type_of(parameter)->number(parameter->min) < 0;
    }
    bool is_negative = false;
    for (int32_t i = 0; i < parameter->item_count; i++) {
        const pbt_item *item = &parameter->items[i];
        is_negative = is_negative || (item->type == PBT_ITEM_FLOAT && item->real < 0) ||
                      (item->type == PBT_ITEM_INT && item->integer < 0) ||
                      (item->type == PBT_ITEM_TEXT && item->text[0] == '-');
    }
    return is_negative;
}

static void warn_negative(const pbt__reader *reader, size_t index, const char *name)
{
    const char *option = reader->spec->trainer.command[index - 1];
    const bool is_long = option[1] == '-';
    (void)pbt__refuse(reader, pbt__review_argument(reader, index),
                      "trainer.command: a negative '{%.64s}' after '%.64s' may be read as another "
                      "option",
                      name, option);
    pbt__error_hint(reader->error, "write '%.64s%s{%.64s}'", option, is_long ? "=" : "", name);
    pbt__warn(reader);
}

/* `--bias -1e-05`: Python's argparse, for one, takes the value for an option. */
static pbt_err review_negative(const pbt__reader *reader)
{
    char *const *command = reader->spec->trainer.command;
    for (size_t i = 1; command[i] != NULL; i++) {
        const char *option = command[i - 1], *argument = command[i];
        size_t at = 0, length = 0;
        const char *name = pbt__placeholder_next(argument, &at, &length);
        const bool is_alone = name == argument + 1 && argument[at] == '\0';
        const bool is_option =
            option[0] == '-' && option[1] != '\0' && strpbrk(option, "={") == NULL;
        const int32_t index = is_alone && is_option
                                  ? pbt__placeholder_find(&reader->spec->search.space, name, length)
                                  : -1;
        if (index >= PBT__PLACEHOLDER_COUNT) {
            const pbt_parameter *parameter =
                &reader->spec->search.space.parameters[index - PBT__PLACEHOLDER_COUNT];
            if (can_be_negative(parameter)) {
                warn_negative(reader, i, parameter->name);
            }
        }
    }
    return PBT_OK;
}

/* ---- all of what it does not say ---- */

pbt_err pbt__review_silence(const pbt__reader *reader)
{
    static const pbt__look looks[] = {
        {review_unused, {NULL}},
        {review_end, {"stop.steps"}},
        {review_save, {NULL}},
        {review_length, {NULL}},
        {review_load, {"stop.steps", "ready.every", "start"}},
        {review_negative, {"hyperparameters"}},
    };
    const bool can_tell = reader->findings->is_named != NULL &&
                          reader->spec->trainer.protocol == PBT__PROTOCOL_COMMAND;
    return can_tell ? pbt__look_at(reader, looks, sizeof looks / sizeof *looks) : PBT_OK;
}
