/* usage.c: usage texts from the table. */
#include "cli/usage.h"

#include <string.h>

#include "base/distance.h"

enum {
    NAME_MAXIMUM = 32,
    WIDTH = 80,
    COLUMN = 12, /* behind it stand the texts of a list */
    INDENT = COLUMN + 4,
};

/* ---- suggestions ---- */

/* A candidate replaces `best` if it is nearer and at most a third of the name is wrong. */
static void consider(const char *name, const char *candidate, const char **best, int *distance)
{
    int edits = pbt__word_distance(name, candidate);
    int allowed = 1 + (int)strlen(name) / 3;
    if (edits <= allowed && edits < *distance) {
        *best = candidate;
        *distance = edits;
    }
}

const char *pbt__usage_nearest_command(const char *name)
{
    const char *best = NULL;
    int distance = NAME_MAXIMUM;
    for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
        consider(name, pbt__commands[i].name, &best, &distance);
    }
    return best;
}

const char *pbt__usage_nearest_option(const pbt__command *command, const char *name)
{
    const char *best = NULL;
    int distance = NAME_MAXIMUM;
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        if (pbt__command_takes(command, (pbt__option_id)i)) {
            consider(name, pbt__options[i].name, &best, &distance);
        }
    }
    return best;
}

/* ---- texts ---- */

static void add(char *out, size_t size, const char *text)
{
    size_t length = strlen(out);
    snprintf(out + length, size - length, "%s", text);
}

/* "--store URL" */
static void option_form(const pbt__option *option, char *out, size_t size)
{
    const char *argument = option->argument != NULL ? option->argument : "";
    snprintf(out, size, "--%s%s%s", option->name, argument[0] != '\0' ? " " : "", argument);
}

/* The options that must be given, or the others, in brackets. */
static void add_forms(const pbt__command *command, bool required, char *out, size_t size)
{
    for (int i = 0; i < PBT__OPTION_HELP; i++) {
        const pbt__option_id id = (pbt__option_id)i;
        if (pbt__command_takes(command, id) && pbt__command_needs(command, id) == required) {
            char form[64];
            option_form(&pbt__options[i], form, sizeof form);
            add(out, size, required ? " " : " [");
            add(out, size, form);
            add(out, size, required ? "" : "]");
        }
    }
}

void pbt__usage_line(const pbt__command *command, char *out, size_t size)
{
    snprintf(out, size, "pbt");
    const char *const words[] = {command->name, command->operands};
    for (size_t i = 0; i < 2; i++) {
        if (words[i][0] != '\0') {
            add(out, size, " ");
            add(out, size, words[i]);
        }
    }
    add_forms(command, true, out, size);
    add_forms(command, false, out, size);
}

/* A term and its text, broken between words; a long term has its line to itself. */
static void print_row(const char *term, const char *text, FILE *out)
{
    bool is_long = strlen(term) > COLUMN;
    fprintf(out, "  %-*s%s%*s", COLUMN, term, is_long ? "\n" : "", is_long ? INDENT : 2, "");
    while (strlen(text) > WIDTH - INDENT) {
        int length = WIDTH - INDENT;
        while (length > 1 && text[length] != ' ') {
            length--;
        }
        fprintf(out, "%.*s\n%*s", length, text, INDENT, "");
        text += length + 1;
    }
    fprintf(out, "%s\n", text);
}

static void print_options(const pbt__command *command, FILE *out)
{
    fprintf(out, "\noptions\n");
    for (int i = 0; i < PBT__OPTION_COUNT; i++) {
        if (pbt__command_takes(command, (pbt__option_id)i)) {
            char form[64];
            option_form(&pbt__options[i], form, sizeof form);
            print_row(form, pbt__options[i].help, out);
        }
    }
}

static void print_examples(const pbt__note *examples, FILE *out)
{
    fprintf(out, "\nexamples\n");
    for (const pbt__note *example = examples; example->term != NULL; example++) {
        fprintf(out, "  %s\n      %s\n", example->term, example->text);
    }
}

static void print_statuses(const pbt__note *statuses, FILE *out)
{
    fprintf(out, "\nexit status\n");
    for (const pbt__note *status = statuses; status->term != NULL; status++) {
        print_row(status->term, status->text, out);
    }
}

static void print_commands(FILE *out)
{
    for (int section = 0; section < PBT__SECTION_COUNT; section++) {
        fprintf(out, "\n%s\n", pbt__sections[section]);
        for (size_t i = 0; i < PBT__COMMAND_COUNT; i++) {
            if ((int)pbt__commands[i].section == section) {
                print_row(pbt__commands[i].name, pbt__commands[i].summary, out);
            }
        }
    }
}

/* The usage line, broken before brackets where it is long. */
static void print_usage(const pbt__command *command, FILE *out)
{
    char line[512];
    pbt__usage_line(command, line, sizeof line);
    int indent = (int)(sizeof "usage: pbt " + strlen(command->name));
    int column = fprintf(out, "usage: ");
    const char *word = line;
    while (word[0] != '\0') {
        size_t length = strcspn(word + 1, "[") + 1;
        size_t end = word[length - 1] == ' ' ? length - 1 : length;
        bool is_next = word[0] == '[' && column + 1 + (int)end > WIDTH;
        if (is_next) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        const char *gap = word == line || is_next ? "" : " ";
        column += fprintf(out, "%s%.*s", gap, (int)end, word);
        word += length;
    }
}

void pbt__usage_print(const pbt__command *command, FILE *out)
{
    print_usage(command, out);
    fprintf(out, "\n\n%s", command->text);
    if (command == &pbt__root_command) {
        print_commands(out);
    }
    print_options(command, out);
    if (command->examples != NULL) {
        print_examples(command->examples, out);
    }
    if (command->statuses != NULL) {
        print_statuses(command->statuses, out);
    }
    if (command == &pbt__root_command) {
        fprintf(out, "\n'pbt COMMAND --help' explains a command.\n");
    }
}
