/*
 * tables.c: prints the tables of commands and of a spec's keys as JSON. tools/manual makes manual
 * pages of them while pbt is built; this program is not installed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cli/command.h"
#include "cli/operand.h"
#include "spec/keys.h"
#include "spec/spec.h"

static json_t *notes_json(const pbt__note *notes)
{
    json_t *list = json_array();
    for (; notes != NULL && notes->term != NULL; notes++) {
        json_array_append_new(list, json_pack("[s, s]", notes->term, notes->text));
    }
    return list;
}

static json_t *operands_json(const char *rest)
{
    json_t *list = json_array();
    for (pbt__operand operand; pbt__operand_next(&rest, &operand);) {
        json_array_append_new(list,
                              json_pack("{s:s, s:b, s:b}", "word", operand.word, "optional",
                                        operand.is_optional, "repeated", operand.is_repeated));
    }
    return list;
}

static json_t *values_json(const char *const *values)
{
    json_t *list = json_array();
    for (; values != NULL && *values != NULL; values++) {
        json_array_append_new(list, json_string(*values));
    }
    return list;
}

static json_t *option_json(const pbt__option *option, bool is_required)
{
    char variable[PBT__WORD_SIZE];
    pbt__option_variable(option, variable);
    return json_pack("{s:s, s:s?, s:s, s:o, s:s, s:b}", "name", option->name, "argument",
                     option->argument, "help", option->help, "values", values_json(option->values),
                     "variable", variable, "required", is_required);
}

static json_t *options_json(const pbt__command *command)
{
    json_t *list = json_array();
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        const pbt__option_id id = (pbt__option_id)i;
        if (pbt__command_takes(command, id)) {
            json_array_append_new(list,
                                  option_json(&pbt__options[i], pbt__command_needs(command, id)));
        }
    }
    return list;
}

static json_t *command_json(const pbt__command *command)
{
    const pbt__note *statuses = command->statuses != NULL ? command->statuses : pbt__statuses;
    return json_pack("{s:s, s:s?, s:s, s:s, s:o, s:o, s:o, s:o}", "name", command->name, "summary",
                     command->summary, "text", command->text, "section",
                     pbt__sections[command->section], "operands", operands_json(command->operands),
                     "options", options_json(command), "statuses", notes_json(statuses), "examples",
                     notes_json(command->examples));
}

static json_t *commands_json(void)
{
    json_t *list = json_array();
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        json_array_append_new(list, command_json(&pbt__commands[i]));
    }
    return list;
}

/* Every option: the program's own page names the variables of all commands. */
static json_t *variables_json(void)
{
    json_t *list = json_array();
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        json_array_append_new(list, option_json(&pbt__options[i], false));
    }
    return list;
}

static json_t *fields_json(const pbt__field *fields, size_t count)
{
    json_t *list = json_array();
    for (const pbt__field *field = fields; field < fields + count; field++) {
        char allowed[PBT__ALLOWED_SIZE];
        pbt__field_allowed(field, allowed);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s?, s:s}", "name", field->name,
                                              "allowed", allowed, "default", field->fallback,
                                              "meaning", field->meaning));
    }
    return list;
}

/* A key; a map has no `allowed`; what is a map of names of the user's has `fields` beside it. */
static json_t *key_json(const pbt__key *key, const pbt_spec *defaults)
{
    char *value = NULL;
    char allowed[PBT__ALLOWED_SIZE];
    const pbt__key *map = pbt__key_map(key);
    pbt__key_allowed(key, allowed);
    if ((key->flags & PBT__KEY_REQUIRED) == 0) {
        (void)!pbt__spec_value(defaults, key->path, &value, NULL);
    }
    json_t *json = json_pack("{s:s, s:s?, s:s?, s:s?, s:b, s:s}", "path", key->path, "map",
                             map != NULL ? map->path : NULL, "allowed",
                             key->kind == PBT__KIND_MAP ? NULL : allowed, "default", value, "amend",
                             (key->flags & PBT__KEY_AMENDABLE) != 0, "meaning", key->meaning);
    free(value);
    if (key->kind == PBT__KIND_SPACE) {
        json_object_set_new(json, "fields", fields_json(pbt__prior_fields, PBT__PRIOR_FIELDS));
    } else if (key->kind == PBT__KIND_STARTS) {
        json_object_set_new(json, "fields", fields_json(pbt__start_fields, PBT__START_FIELDS));
    }
    return json;
}

static json_t *keys_json(void)
{
    json_t *list = json_array();
    pbt_spec defaults = {0};
    pbt__spec_defaults(&defaults);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        json_array_append_new(list, key_json(key, &defaults));
    }
    return list;
}

int main(void)
{
    json_t *sections = json_array();
    for (int i = 0; i < PBT__SECTION_COUNT; i++) {
        json_array_append_new(sections, json_string(pbt__sections[i]));
    }
    json_t *tables = json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "version", PBT_VERSION,
                               "program", command_json(&pbt__root_command), "sections", sections,
                               "commands", commands_json(), "variables", variables_json(), "files",
                               notes_json(pbt__files), "keys", keys_json());
    char *text = pbt__json_write(tables);
    json_decref(tables);
    const bool is_written = text != NULL && puts(text) >= 0 && fflush(stdout) == 0;
    free(text);
    return is_written ? 0 : 1;
}
