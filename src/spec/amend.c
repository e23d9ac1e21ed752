/* amend.c: changing one key of a spec that is in force; a spec with another name and seed. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "spec/reader.h"

/* ---- what may be amended ---- */

/* List what may be amended; a map stands for its keys. */
static void hint_amendable(pbt_error *error)
{
    pbt__text list = pbt__text_init(sizeof error->hint);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        const pbt__key *map = pbt__key_map(key);
        bool is_covered = map != NULL && map->flags & PBT__KEY_AMENDABLE;
        if (key->flags & PBT__KEY_AMENDABLE && !is_covered) {
            pbt__text_format(&list, " %s%s", key->path, key->kind == PBT__KIND_MAP ? ".*" : "");
        }
    }
    pbt__error_hint(error, "what may be amended:%s", pbt__text_string(&list));
    pbt__text_fini(&list);
}

/* Find a key that may be amended; NULL if it is refused. */
static const pbt__key *find_amendable(const pbt__reader *reader, const char *name)
{
    const pbt__spot nowhere = {0, 0};
    const pbt__key *key = pbt__key_find(name);
    if (key == NULL) {
        const char *nearest = pbt__key_nearest(name);
        (void)pbt__refuse(reader, nowhere, "unknown key '%.80s'", name);
        if (nearest != NULL) {
            pbt__error_hint(reader->error, "did you mean '%s'?", nearest);
        } else {
            hint_amendable(reader->error);
        }
        return NULL;
    }
    if (!(key->flags & PBT__KEY_AMENDABLE)) {
        (void)pbt__refuse(reader, nowhere, "'%s' cannot change in a study", name);
        hint_amendable(reader->error);
        return NULL;
    }
    if (key->kind == PBT__KIND_MAP) {
        char entries[PBT__ALLOWED_SIZE];
        pbt__key_entries(key, entries);
        (void)pbt__refuse(reader, nowhere, "'%s' is no single value", name);
        pbt__error_hint(reader->error, "amend one of its keys: %s", entries);
        return NULL;
    }
    return key;
}

/* ---- amending ---- */

static pbt_err read_value(const pbt__reader *reader, const pbt__key *key, const char *value)
{
    pbt__arena *tree = pbt__arena_new();
    const pbt__node *root = NULL;
    pbt__yaml_fault fault = {.place = {1, 1}};
    pbt_err err = tree != NULL ? pbt__yaml_parse(value, tree, &root, &fault) : PBT_ERR_MEMORY;
    if (err == PBT_ERR_SPEC) {
        err = pbt__refuse(reader, fault.place, "%s: %s", key->path, fault.words);
    } else if (err != PBT_OK) {
        err = pbt__refuse_memory(reader);
    } else {
        err = pbt__read_key(reader, key, root);
    }
    if (err == PBT_OK) {
        /* A new protocol and its options are amended one after the other, so an option of another
         * protocol has no effect yet and is accepted. Any other option without effect is an error.
         */
        bool comes_early = key->owner != NULL && strcmp(key->owner, "trainer.protocol") == 0;
        reader->nodes[pbt__key_index(key)] = comes_early ? NULL : root;
        err = pbt__check_spec(reader);
    }
    pbt__arena_free(tree);
    return err;
}

/* Set a key; the spec is as it was after a failure. */
static pbt_err set(pbt_spec *spec, const pbt__key *key, const char *value, pbt_error *error)
{
    pbt_spec amended = *spec;
    const pbt__node *nodes[PBT__KEY_MAXIMUM] = {NULL};
    const pbt__reader reader = {
        .arena = pbt__spec_origin(spec)->arena,
        .spec = &amended,
        .nodes = nodes,
        .error = error,
    };
    if (strlen(value) > PBT__SPEC_MAXIMUM) {
        return pbt__refuse(&reader, (pbt__spot){0, 0}, "%s: more than %d bytes", key->path,
                           PBT__SPEC_MAXIMUM);
    }
    const pbt_err err = read_value(&reader, key, value);
    if (err == PBT_OK) {
        *spec = amended;
    }
    return err;
}

pbt_err pbt__spec_amend(pbt_spec *spec, const char *key, const char *value, pbt_error *error)
{
    const pbt__key *found = find_amendable(&(pbt__reader){.error = error}, key);
    return found != NULL ? set(spec, found, value, error) : PBT_ERR_SPEC;
}

/* ---- another name and seed ---- */

static pbt_err set_both(pbt_spec *spec, const char *name, uint64_t seed, pbt_error *error)
{
    char number[24];
    pbt__text word = pbt__text_init(PBT__SPEC_MAXIMUM);
    (void)snprintf(number, sizeof number, "%" PRIu64, seed);
    pbt__scalar_write_text(&word, PBT__YAML, name);
    pbt_err err = word.failed ? pbt__fail_memory(error)
                              : set(spec, pbt__key_find("name"), pbt__text_string(&word), error);
    pbt__text_fini(&word);
    return err == PBT_OK ? set(spec, pbt__key_find("seed"), number, error) : err;
}

pbt_err pbt__spec_with_seed(const pbt_spec *spec, const char *name, uint64_t seed, pbt_spec **out,
                            pbt_error *error)
{
    const char *file = pbt__spec_origin(spec)->file;
    char *text = NULL;
    pbt_spec *copy = NULL;
    pbt_err err = pbt__spec_parse(spec->source, file, spec->folder, &copy, error);
    if (err != PBT_OK || (strcmp(copy->name, name) == 0 && copy->search.seed == seed)) {
        *out = err == PBT_OK ? copy : *out;
        return err;
    }
    err = set_both(copy, name, seed, error);
    if (err == PBT_OK) {
        err = pbt__spec_write(copy, &text, error);
    }
    pbt_spec_free(copy);
    if (err == PBT_OK) {
        err = pbt__spec_parse(text, file, spec->folder, out, error);
    }
    free(text);
    return err;
}
