/* arguments.c: a command line, parsed against the table. */
#include "cli/command.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/usage.h"
#include "study/study.h"

/* Find an option of `command` by a name that may be followed by `=value`; COUNT if there is
 * none. */
static pbt__option_id find_option(const pbt__command *command, const char *name, size_t length)
{
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        const char *known = pbt__options[i].name;
        if (pbt__command_takes(command, (pbt__option_id)i) && strlen(known) == length &&
            strncmp(known, name, length) == 0) {
            return (pbt__option_id)i;
        }
    }
    return PBT__OPTION_COUNT;
}

static pbt_err unknown_option(const pbt__command *command, const char *word, pbt_error *error)
{
    char name[64];
    const char *start = word + strspn(word, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(start, "="), start);
    const char *near = pbt__usage_nearest_option(command, name);
    const char *gap = command->name[0] != '\0' ? " " : "";
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "unknown option '%s'", word);
    if (near != NULL) {
        pbt__error_hint(error, "did you mean '--%s'?", near);
    } else {
        pbt__error_hint(error, "see 'pbt%s%s --help'", gap, command->name);
    }
    return PBT_ERR_ARGUMENT;
}

/* Parse the option at argv[*index]; `*index` moves on to its last word. */
static pbt_err parse_option(pbt__arguments *arguments, int *index, pbt_error *error)
{
    const char *word = arguments->argv[*index];
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    bool has_value = name[length] == '=';
    pbt__option_id id = strcmp(word, "-h") == 0 ? PBT__OPTION_HELP : PBT__OPTION_COUNT;
    if (strncmp(word, "--", 2) == 0) {
        id = find_option(arguments->command, name, length);
    }
    if (id == PBT__OPTION_COUNT) {
        return unknown_option(arguments->command, word, error);
    }
    const pbt__option *option = &pbt__options[id];
    if (option->argument == NULL && has_value) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "option '--%s' takes no value", option->name);
    }
    if (option->argument != NULL && !has_value && *index + 1 == arguments->argc) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "option '--%s' needs its %s", option->name,
                         option->argument);
    }
    arguments->has[id] = true;
    if (option->argument != NULL) {
        arguments->values[id] = has_value ? name + length + 1 : arguments->argv[++*index];
    }
    return PBT_OK;
}

static pbt_err check_operands(const pbt__arguments *arguments, pbt_error *error)
{
    const pbt__command *command = arguments->command;
    if (arguments->has[PBT__OPTION_HELP]) {
        return PBT_OK;
    }
    bool is_short = arguments->operand_count < command->operand_minimum;
    bool is_long =
        command->operand_maximum >= 0 && arguments->operand_count > command->operand_maximum;
    if (!is_short && !is_long) {
        return PBT_OK;
    }
    char line[512];
    pbt__usage_line(command, line, sizeof line);
    if (is_short) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'pbt %s' needs %s", command->name,
                        command->operands);
    } else {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "unexpected argument '%s'",
                        arguments->operands[command->operand_maximum]);
    }
    pbt__error_hint(error, "usage: %s", line);
    return PBT_ERR_ARGUMENT;
}

static pbt_err choose_command(pbt__arguments *arguments, int *index, pbt_error *error)
{
    arguments->command = &pbt__root_command;
    *index = 1;
    if (arguments->argc < 2 || arguments->argv[1][0] == '-') {
        return PBT_OK;
    }
    const char *name = arguments->argv[1];
    arguments->command = pbt__command_find(name);
    *index = 2;
    if (arguments->command != NULL) {
        return PBT_OK;
    }
    const char *near = pbt__usage_nearest_command(name);
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "unknown command '%s'", name);
    if (near != NULL) {
        pbt__error_hint(error, "did you mean 'pbt %s'?", near);
    } else {
        pbt__error_hint(error, "see 'pbt --help'");
    }
    return PBT_ERR_ARGUMENT;
}

pbt_err pbt__arguments_parse(int argc, char **argv, pbt__arguments *out, pbt_error *error)
{
    pbt__arguments arguments = {.argc = argc, .argv = argv};
    int index = 0;
    pbt_err err = choose_command(&arguments, &index, error);
    if (err != PBT_OK) {
        return err;
    }
    arguments.operands = pbt__calloc((size_t)argc + 1, sizeof *arguments.operands);
    if (arguments.operands == NULL) {
        return pbt__fail_memory(error);
    }
    bool is_literal = false;
    for (; index < argc && err == PBT_OK; index++) {
        const char *word = argv[index];
        if (!is_literal && strcmp(word, "--") == 0) {
            is_literal = true;
        } else if (!is_literal && word[0] == '-' && word[1] != '\0') {
            err = parse_option(&arguments, &index, error);
        } else {
            arguments.operands[arguments.operand_count++] = word;
        }
    }
    if (err == PBT_OK) {
        err = check_operands(&arguments, error);
    }
    if (err != PBT_OK) {
        pbt__arguments_fini(&arguments);
        return err;
    }
    *out = arguments;
    return PBT_OK;
}

void pbt__arguments_fini(pbt__arguments *arguments)
{
    free(arguments->operands);
    arguments->operands = NULL;
}

const char *pbt__arguments_operand(const pbt__arguments *arguments, int index)
{
    return index < arguments->operand_count ? arguments->operands[index] : NULL;
}

pbt_err pbt__arguments_segment(const char *text, pbt_segment_id *out, pbt_error *error)
{
    pbt_segment_id id;
    if (!pbt__id_read(text, &id)) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'%.80s' is not a segment name", text);
        pbt__error_hint(error, "a segment name has a member and a number, such as m3s12");
        return PBT_ERR_ARGUMENT;
    }
    *out = id;
    return PBT_OK;
}

pbt_err pbt__arguments_integer(const char *what, const char *text, int64_t minimum, int64_t maximum,
                               int64_t *out, pbt_error *error)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    bool is_number = text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
    if (!is_number || errno != 0 || value < minimum || value > maximum) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "%s is '%s'", what, text);
        pbt__error_hint(error, "it must be a whole number from %" PRId64 " to %" PRId64, minimum,
                        maximum);
        return PBT_ERR_ARGUMENT;
    }
    *out = value;
    return PBT_OK;
}

pbt_err pbt__arguments_lineage(const pbt__arguments *arguments, pbt_segment_id *out,
                               pbt_error *error)
{
    const char *segment = arguments->values[PBT__OPTION_SEGMENT];
    const char *member = arguments->values[PBT__OPTION_MEMBER];
    int64_t number = -1;
    if (segment != NULL && member != NULL) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "use --member or --segment, not both");
    }
    if (segment != NULL) {
        return pbt__arguments_segment(segment, out, error);
    }
    pbt_err err = member != NULL
                      ? pbt__arguments_integer("--member", member, 0, INT32_MAX, &number, error)
                      : PBT_OK;
    if (err == PBT_OK) {
        *out = (pbt_segment_id){(int32_t)number, -1};
    }
    return err;
}
