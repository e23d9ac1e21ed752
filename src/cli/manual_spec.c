/* manual_spec.c: pbt-spec(5) from the table of keys; docs/spec.md is the same table with tables. */
#include "cli/manual.h"
#include "cli/mdoc.h"
#include "spec/keys.h"

static const char DESCRIPTION[] =
    "A spec is a YAML file that describes a study. `pbt check` says what it means, and `pbt run` "
    "runs it. What is unknown, of the wrong type or without effect is refused, with its line and "
    "column.\n\n"
    "Below, a key that is not required is followed by its default. Those marked \"amend\" may "
    "change while a study exists.";

static const char EXAMPLE[] = "    version: 1\n"
                              "    name: first\n"
                              "    population: 8\n"
                              "    ready: {every: 200}\n"
                              "    stop: {steps: 4000}\n"
                              "    objective: {metric: accuracy}\n"
                              "    hyperparameters:\n"
                              "      rate: {type: float, scale: log, min: 1.0e-4, max: 0.1}\n"
                              "    trainer: {command: [python3, train.py]}\n";

/* "Allowed: ...; default ...; amend." */
static void add_facts(pbt__text *page, const char *allowed, const char *fallback, bool can_amend)
{
    pbt__text line = pbt__text_init(1024);
    pbt__text_format(&line, "Allowed: %s; %s%s%s.", allowed,
                     fallback != NULL ? "default " : "required", fallback != NULL ? fallback : "",
                     can_amend ? "; amend" : "");
    pbt__text_add(page, ".Pp\n");
    pbt__mdoc_prose(page, pbt__text_string(&line));
    pbt__text_fini(&line);
}

static void add_key(pbt__text *page, const pbt__key *key)
{
    char allowed[PBT__ALLOWED_SIZE];
    pbt__key_allowed(key, allowed);
    pbt__mdoc_item(page, "Ic", key->path, key->meaning);
    add_facts(page, allowed, key->fallback, (key->flags & PBT__KEY_AMENDABLE) != 0);
}

static void add_keys(pbt__text *page, const pbt__key *map)
{
    pbt__mdoc_list(page);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        bool is_single = key->kind != PBT__KIND_MAP && key->kind < PBT__KIND_SPACE;
        if (pbt__key_map(key) == map && is_single) {
            add_key(page, key);
        }
    }
    pbt__mdoc_list_end(page);
}

static void add_fields(pbt__text *page, const pbt__key *key, const pbt__field *fields, size_t count)
{
    pbt__text_format(page, ".Ss %s\n", key->path);
    pbt__mdoc_prose(page, key->meaning);
    pbt__mdoc_list(page);
    for (const pbt__field *field = fields; field < fields + count; field++) {
        pbt__mdoc_item(page, "Ic", field->name, field->meaning);
        add_facts(page, field->allowed, field->fallback, false);
    }
    pbt__mdoc_list_end(page);
}

static void add_maps(pbt__text *page)
{
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        if (key->kind == PBT__KIND_MAP) {
            pbt__text_format(page, ".Ss %s\n", key->path);
            pbt__mdoc_prose(page, key->meaning);
            add_keys(page, key);
        } else if (key->kind == PBT__KIND_SPACE) {
            add_fields(page, key, pbt__prior_fields, PBT__PRIOR_FIELDS);
        } else if (key->kind == PBT__KIND_STARTS) {
            add_fields(page, key, pbt__start_fields, PBT__START_FIELDS);
        }
    }
}

void pbt__manual_spec(pbt__text *page)
{
    pbt__mdoc_head(page, "pbt-spec", 5, "description of a study");
    pbt__mdoc_section(page, "DESCRIPTION");
    pbt__mdoc_prose(page, DESCRIPTION);
    pbt__text_add(page, ".Ss The study\n");
    add_keys(page, NULL);
    add_maps(page);
    pbt__mdoc_section(page, "EXAMPLES");
    pbt__mdoc_prose(page, EXAMPLE);
    pbt__mdoc_section(page, "SEE ALSO");
    pbt__text_add(page, ".Xr pbt 1 ,\n.Xr pbt-amend 1 ,\n.Xr pbt-check 1 ,\n.Xr pbt-run 1\n");
}
