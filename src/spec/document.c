/* document.c: a spec as a YAML document: every key in force, a line each. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "spec/reader.h"

enum { VALUE_MAXIMUM = 4 * PBT__SPEC_MAXIMUM }; /* Units: bytes; an escape at most quadruples one */

pbt_err pbt__spec_value(const pbt_spec *spec, const char *key, char **out, pbt_error *error)
{
    const pbt__key *found = pbt__key_find(key);
    if (found == NULL || found->kind == PBT__KIND_MAP) {
        (void)pbt__fail(error, PBT_ERR_NOT_FOUND, "no key with a value is named '%.80s'", key);
        return PBT_ERR_NOT_FOUND;
    }
    pbt__text text = pbt__text_init(VALUE_MAXIMUM);
    pbt__write_key(&text, PBT__YAML, spec, found);
    char *value = pbt__text_take(&text);
    if (value == NULL) {
        (void)pbt__fail_memory(error);
        return PBT_ERR_MEMORY;
    }
    *out = value;
    return PBT_OK;
}

static const char *name_of(const pbt__key *key)
{
    const char *dot = strchr(key->path, '.');
    return dot != NULL ? dot + 1 : key->path;
}

static void write_space(pbt__text *out, const char *name, const pbt_space *space)
{
    pbt__text_format(out, "%s:\n", name);
    for (size_t i = 0; i < space->count; i++) {
        pbt__text_format(out, "  %s: ", space->parameters[i].name);
        pbt__write_parameter(out, PBT__YAML, &space->parameters[i]);
        pbt__text_add(out, "\n");
    }
}

static void write_starts(pbt__text *out, const char *name, const pbt_search *search)
{
    pbt__text_format(out, "%s:\n", name);
    for (int32_t i = 0; i < search->start_count; i++) {
        pbt__text_add(out, "  - ");
        pbt__write_start(out, PBT__YAML, &search->space, &search->starts[i]);
        pbt__text_add(out, "\n");
    }
}

/* Write a key that counts; one that is null is left out: there is none. */
static pbt_err write_key(pbt__text *out, const pbt_spec *spec, const pbt__key *key)
{
    char *value = NULL;
    pbt_err err = pbt__spec_value(spec, key->path, &value, NULL);
    if (err != PBT_OK) {
        return err;
    }
    if (strcmp(value, "null") != 0) {
        pbt__text_format(out, "%s%s: %s\n", pbt__key_map(key) != NULL ? "  " : "", name_of(key),
                         value);
    }
    free(value);
    return PBT_OK;
}

static pbt_err write_line(pbt__text *out, const pbt_spec *spec, const pbt__key *key)
{
    if (key->kind == PBT__KIND_MAP) {
        pbt__text_format(out, "%s:\n", key->path);
    } else if (key->kind == PBT__KIND_SPACE && spec->search.space.count > 0) {
        write_space(out, key->path, &spec->search.space);
    } else if (key->kind == PBT__KIND_STARTS && spec->search.start_count > 0) {
        write_starts(out, key->path, &spec->search);
    } else if (pbt__key_applies(spec, key)) {
        return write_key(out, spec, key);
    }
    return PBT_OK;
}

pbt_err pbt__spec_write(const pbt_spec *spec, char **out, pbt_error *error)
{
    pbt__text text = pbt__text_init(PBT__SPEC_MAXIMUM);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        if (write_line(&text, spec, key) != PBT_OK) {
            text.failed = true;
        }
    }
    char *document = pbt__text_take(&text);
    if (document == NULL) {
        return pbt__fail_memory(error);
    }
    *out = document;
    return PBT_OK;
}
