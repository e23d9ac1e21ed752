/* manual.c: section 1: a page for the program and one for each command. */
#include "cli/manual.h"

#include <stdio.h>
#include <string.h>

#include "cli/mdoc.h"
#include "cli/operand.h"

void pbt__manual_name(const pbt__command *command, char *out, size_t size)
{
    snprintf(out, size, "pbt%s%s", command->name[0] != '\0' ? "-" : "", command->name);
}

/* ---- synopsis ---- */

static void add_operand(pbt__text *page, const pbt__operand *operand)
{
    pbt__text_add(page, operand->is_optional ? ".Op Ar " : ".Ar ");
    pbt__mdoc_words(page, operand->word);
    pbt__text_add(page, operand->is_repeated ? " ...\n" : "\n");
}

/* "\-store Ar URL", behind a macro Fl */
static void add_option(pbt__text *page, const pbt__option *option)
{
    pbt__text_add(page, "\\-");
    pbt__mdoc_words(page, option->name);
    if (option->argument != NULL) {
        pbt__text_add(page, " Ar ");
        pbt__mdoc_words(page, option->argument);
    }
}

/* The options that must be given, or the others. */
static void add_forms(pbt__text *page, const pbt__command *command, bool required)
{
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        const pbt__option_id id = (pbt__option_id)i;
        if (pbt__command_takes(command, id) && pbt__command_needs(command, id) == required) {
            pbt__text_add(page, required ? ".Fl " : ".Op Fl ");
            add_option(page, &pbt__options[i]);
            pbt__text_add(page, "\n");
        }
    }
}

static void add_synopsis(pbt__text *page, const pbt__command *command)
{
    pbt__mdoc_section(page, "SYNOPSIS");
    pbt__text_format(page, ".Nm pbt%s%s\n", command->name[0] != '\0' ? " Cm " : "", command->name);
    pbt__operand operand;
    for (const char *rest = command->operands; pbt__operand_next(&rest, &operand);) {
        add_operand(page, &operand);
    }
    add_forms(page, command, true);
    add_forms(page, command, false);
}

/* ---- what follows it ---- */

static void add_commands(pbt__text *page)
{
    for (int section = 0; section < PBT__SECTION_COUNT; section++) {
        pbt__text_format(page, ".Ss Commands to %s\n", pbt__sections[section]);
        pbt__mdoc_list(page);
        for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
            char name[PBT__WORD_SIZE];
            pbt__manual_name(&pbt__commands[i], name, sizeof name);
            if ((int)pbt__commands[i].section == section) {
                pbt__text_format(page, ".It Xr %s 1\n", name);
                pbt__mdoc_sentence(page, pbt__commands[i].summary, '.');
            }
        }
        pbt__mdoc_list_end(page);
    }
}

/* A help text; one that begins with a value of the option keeps it as it is typed. */
static void add_help(pbt__text *page, const pbt__option *option)
{
    for (size_t i = 0; option->values != NULL && option->values[i] != NULL; i++) {
        const size_t length = strlen(option->values[i]);
        if (strncmp(option->help, option->values[i], length) == 0 &&
            strchr(" ,", option->help[length]) != NULL) {
            pbt__mdoc_ended(page, option->help, '.');
            return;
        }
    }
    pbt__mdoc_sentence(page, option->help, '.');
}

static void add_options(pbt__text *page, const pbt__command *command)
{
    pbt__mdoc_section(page, "OPTIONS");
    pbt__mdoc_list(page);
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        if (pbt__command_takes(command, (pbt__option_id)i)) {
            pbt__text_add(page, ".It Fl ");
            add_option(page, &pbt__options[i]);
            pbt__text_add(page, "\n");
            add_help(page, &pbt__options[i]);
        }
    }
    pbt__mdoc_list_end(page);
}

static void add_notes(pbt__text *page, const char *title, const char *macro, const pbt__note *notes)
{
    pbt__mdoc_section(page, title);
    pbt__mdoc_list(page);
    for (const pbt__note *note = notes; note->term != NULL; note++) {
        pbt__mdoc_item(page, macro, note->term, note->text);
    }
    pbt__mdoc_list_end(page);
}

static void add_variable(pbt__text *page, const pbt__option *option, bool *is_begun)
{
    char variable[PBT__WORD_SIZE];
    pbt__option_variable(option, variable);
    if (variable[0] == '\0') {
        return;
    }
    if (!*is_begun) {
        pbt__mdoc_section(page, "ENVIRONMENT");
        pbt__mdoc_list(page);
    }
    *is_begun = true;
    pbt__text_format(page, ".It Ev %s\nStands in for\n.Fl \\-", variable);
    pbt__mdoc_words(page, option->name);
    pbt__text_add(page, "\nwhere that is not given.\n");
}

/* The program's own page names the variables of all commands. */
static void add_environment(pbt__text *page, const pbt__command *command)
{
    bool is_begun = false;
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        if (command == &pbt__root_command || pbt__command_takes(command, (pbt__option_id)i)) {
            add_variable(page, &pbt__options[i], &is_begun);
        }
    }
    if (is_begun) {
        pbt__mdoc_list_end(page);
    }
}

static void add_examples(pbt__text *page, const pbt__note *examples)
{
    pbt__mdoc_section(page, "EXAMPLES");
    for (const pbt__note *example = examples; example->term != NULL; example++) {
        pbt__text_add(page, example == examples ? "" : ".Pp\n");
        pbt__mdoc_sentence(page, example->text, ':');
        pbt__mdoc_command_line(page, example->term);
    }
}

/* ---- see also ---- */

/* The command that follows `last` in the order of names among those of a section; all sections for
 * COUNT. NULL at the end. */
static const pbt__command *next_name(const char *last, pbt__section section)
{
    const pbt__command *next = NULL;
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        const pbt__command *command = &pbt__commands[i];
        bool is_wanted = section == PBT__SECTION_COUNT || command->section == section;
        bool is_behind = strcmp(command->name, last) > 0;
        if (is_wanted && is_behind && (next == NULL || strcmp(command->name, next->name) < 0)) {
            next = command;
        }
    }
    return next;
}

static void add_references(pbt__text *page, const pbt__command *command)
{
    bool is_program = command == &pbt__root_command;
    pbt__section section = is_program ? PBT__SECTION_COUNT : command->section;
    pbt__mdoc_section(page, "SEE ALSO");
    pbt__text_add(page, is_program ? "" : ".Xr pbt 1 ,\n");
    const pbt__command *other = next_name("", section);
    for (; other != NULL; other = next_name(other->name, section)) {
        char name[PBT__WORD_SIZE];
        pbt__manual_name(other, name, sizeof name);
        if (other != command) {
            pbt__text_format(page, ".Xr %s 1 ,\n", name);
        }
    }
    pbt__text_add(page, ".Xr pbt-spec 5\n");
}

void pbt__manual_command(pbt__text *page, const pbt__command *command)
{
    bool is_program = command == &pbt__root_command;
    char name[PBT__WORD_SIZE];
    pbt__manual_name(command, name, sizeof name);
    pbt__mdoc_head(page, name, 1, is_program ? "Population Based Training" : command->summary);
    add_synopsis(page, command);
    pbt__mdoc_section(page, "DESCRIPTION");
    pbt__mdoc_prose(page, command->text);
    if (is_program) {
        add_commands(page);
    }
    add_options(page, command);
    add_environment(page, command);
    if (is_program || pbt__command_takes(command, PBT__OPTION_STORE)) {
        add_notes(page, "FILES", "Pa", pbt__files);
    }
    add_notes(page, "EXIT STATUS", "",
              command->statuses != NULL ? command->statuses : pbt__statuses);
    if (command->examples != NULL) {
        add_examples(page, command->examples);
    }
    add_references(page, command);
}
