/*
 * reference.c: prints docs/spec.md from the table of keys; with a file's name, compares it instead.
 *
 *     build/tests/spec/spec-reference > docs/spec.md
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "core/type.h"
#include "spec/keys.h"

enum { PAGE_MAXIMUM = 1024 * 1024 };

static const char intro[] =
    "# Spec reference\n"
    "\n"
    "A spec is a YAML file that describes a study. `pbt check FILE` explains it, and\n"
    "`pbt run FILE` runs it. Unknown keys, wrong types and keys without effect are errors; they\n"
    "are reported with line and column, all at once. Aliases, anchors, tags, second documents\n"
    "and files of more than 1 MiB are errors too. Warnings name probable mistakes, such as a\n"
    "hyperparameter that the command never mentions.\n"
    "\n"
    "`~/` at the beginning of a path is your home. This holds for `trainer.directory`,\n"
    "`trainer.library`, `checkpoints.directory`, a start's `checkpoint`, the program and its\n"
    "arguments. A study records the whole path. `~user` and variables such as `$SCRATCH` are\n"
    "errors in a path; in arguments and in the environment they are passed on unchanged.\n"
    "\n"
    "`{name}` is replaced only in `trainer.command` with `protocol: command`. In\n"
    "`trainer.environment` it is passed on unchanged, and `pbt check` warns.\n"
    "\n"
    "Numbers and booleans are those of YAML 1.2: `1` is an integer, `1.0` and `1e-4` are floats,\n"
    "`true` and `false` are booleans, `yes` is a text. An integer is accepted as a number; a\n"
    "float is not accepted as an integer.\n"
    "\n"
    "```yaml\n";

static const char amending[] =
    "```\n"
    "\n"
    "In the tables below, `pbt amend` can change keys marked *amend* while a study exists:\n"
    "`pbt amend fashion-mnist stop.steps=8000`. The value is written as in a spec.\n"
    "Keys marked *amend here* name a program, a file, a folder or an environment. They can be\n"
    "changed only with the store itself, not with `--server`.\n";

static const char placeholders[] =
    "\n"
    "### Placeholders\n"
    "\n"
    "With `protocol: command`, an argument's `{name}` is replaced before each segment:\n"
    "\n"
    "| placeholder | value |\n"
    "|---|---|\n";

static const char behind_placeholders[] =
    "| `{learning_rate}`, ... | a hyperparameter's value, by its name |\n"
    "| `{{` `}}` | a brace |\n"
    "\n"
    "The last line that the program prints is a JSON object with the metric. A number named `step` "
    "in it is reserved. If it lies\n"
    "between `{start_step}` and `{end_step}`, `{save_to}` holds the state at that step, and the "
    "segment goes on from there (see the\n"
    "[tutorial](tutorial.md#without-changing-a-line)). Other values of `step` are a metric like "
    "any other.\n"
    "\n"
    "Write an option and its value as one argument, `--bias={bias}`: as an argument of its own,\n"
    "a negative value such as `-1e-05` looks like an option to Python's argparse.\n";

static void write_placeholders(pbt__text *page)
{
    pbt__text_add(page, placeholders);
    for (size_t i = 0; i < PBT__PLACEHOLDER_COUNT; i++) {
        pbt__text_format(page, "| `{%s}` | %s |\n", pbt__placeholders[i].name,
                         pbt__placeholders[i].meaning);
    }
    pbt__text_add(page, behind_placeholders);
}

/* The rules or protocols that a key belongs to. */
static void write_owners(pbt__text *page, const pbt__key *key)
{
    const char *comma = "";
    if (key->owner == NULL) {
        return;
    }
    const pbt__key *owner = pbt__key_find(key->owner);
    for (unsigned i = 0; owner->names[i] != NULL; i++) {
        if (key->owner_values & 1U << i) {
            pbt__text_format(page, "%s`%s`", comma, owner->names[i]);
            comma = ", ";
        }
    }
    pbt__text_add(page, ": ");
}

static void write_row(pbt__text *page, const pbt__key *key)
{
    char allowed[PBT__ALLOWED_SIZE];
    pbt__key_allowed(key, allowed);
    pbt__text_format(page, "| `%s` | %s | ", key->path, allowed);
    if (key->flags & PBT__KEY_REQUIRED) {
        pbt__text_add(page, "required");
    } else {
        char *value = NULL;
        pbt_spec defaults = {0};
        pbt__spec_defaults(&defaults);
        (void)!pbt__spec_value(&defaults, key->path, &value, NULL);
        pbt__text_format(page, "`%s`", value != NULL ? value : "");
        free(value);
    }
    const char *where = key->flags & PBT__KEY_REMOTE ? "amend" : "amend here";
    pbt__text_format(page, " | %s | ", key->flags & PBT__KEY_AMENDABLE ? where : "");
    write_owners(page, key);
    pbt__text_format(page, "%s |\n", key->meaning);
}

static void write_head(pbt__text *page)
{
    pbt__text_add(page, "\n| key | allowed | default | | meaning |\n|---|---|---|---|---|\n");
}

/* Keys outside of any map, but those that have a section of their own. */
static void write_single_keys(pbt__text *page)
{
    pbt__text_add(page, "\n## The study\n");
    write_head(page);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        if (pbt__key_map(key) == NULL && key->kind < PBT__KIND_SPACE &&
            key->kind != PBT__KIND_MAP) {
            write_row(page, key);
        }
    }
}

static void write_map(pbt__text *page, const pbt__key *map)
{
    pbt__text_format(page, "\n## %s\n\n%s\n", map->path, map->meaning);
    write_head(page);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        if (pbt__key_map(key) == map) {
            write_row(page, key);
        }
    }
}

static void write_types(pbt__text *page, const pbt__field *field)
{
    const char *comma = "";
    for (pbt_type type = 0; pbt__type_row(type) != NULL; type++) {
        if (pbt__field_is_of(field, type)) {
            pbt__text_format(page, "%s%s", comma, pbt_type_name(type));
            comma = ", ";
        }
    }
}

static void write_prior(pbt__text *page, const pbt__key *key)
{
    pbt__text_format(page, "\n## %s\n\n%s\n\n", key->path, key->meaning);
    pbt__text_add(
        page,
        "A name is of `a-z`, `0-9` and `_`, and begins with no digit. The placeholders of a\n"
        "command and the fields of `start` are no names. The order of hyperparameters is part\n"
        "of a study: its random numbers follow it.\n"
        "\n| field | of types | allowed | default | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < PBT__PRIOR_FIELDS; i++) {
        const pbt__field *field = &pbt__prior_fields[i];
        char allowed[PBT__ALLOWED_SIZE];
        pbt__field_allowed(field, allowed);
        pbt__text_format(page, "| `%s` | ", field->name);
        write_types(page, field);
        pbt__text_format(page, " | %s | %s | %s |\n", allowed,
                         field->fallback != NULL ? field->fallback : "required", field->meaning);
    }
}

static void write_start(pbt__text *page, const pbt__key *key)
{
    pbt__text_format(page, "\n## %s\n\n%s Each is a map from hyperparameters to values, and of:\n",
                     key->path, key->meaning);
    pbt__text_add(page, "\n| field | allowed | default | meaning |\n|---|---|---|---|\n");
    for (size_t i = 0; i < PBT__START_FIELDS; i++) {
        const pbt__field *field = &pbt__start_fields[i];
        pbt__text_format(page, "| `%s` | %s | %s | %s |\n", field->name, field->allowed,
                         field->fallback, field->meaning);
    }
}

static void write_page(pbt__text *page, const char *example)
{
    pbt__text_add(page, intro);
    pbt__text_add(page, example);
    pbt__text_add(page, amending);
    write_single_keys(page);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        if (key->kind == PBT__KIND_MAP) {
            write_map(page, key);
        } else if (key->kind == PBT__KIND_SPACE) {
            write_prior(page, key);
        } else if (key->kind == PBT__KIND_STARTS) {
            write_start(page, key);
        }
        if (strcmp(key->path, "trainer") == 0) {
            write_placeholders(page);
        }
    }
}

/* Say whether a file holds the page. */
static bool is_page(const char *path, const pbt__text *page)
{
    char *text = NULL;
    size_t length = 0;
    pbt_error error = {.code = PBT_OK};
    if (pbt__file_read(path, PAGE_MAXIMUM, &text, &length, &error) != PBT_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        return false;
    }
    bool is_equal = strcmp(text, pbt__text_string(page)) == 0;
    free(text);
    if (!is_equal) {
        (void)fprintf(stderr, "%s is not what this program prints: print it anew\n", path);
    }
    return is_equal;
}

int main(int count, char **arguments)
{
    char *example = NULL;
    size_t length = 0;
    pbt__text page = pbt__text_init(PAGE_MAXIMUM);
    if (pbt__file_read(SPEC_TESTS "/good/everything.yaml", PBT__SPEC_MAXIMUM, &example, &length,
                       NULL) != PBT_OK) {
        return 1;
    }
    write_page(&page, example);
    bool is_good = !page.failed;
    if (count > 1) {
        is_good = is_good && is_page(arguments[1], &page);
    } else {
        (void)fputs(pbt__text_string(&page), stdout);
    }
    free(example);
    pbt__text_fini(&page);
    return is_good ? 0 : 1;
}
