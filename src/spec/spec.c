/*
 * spec.c: a spec from its text.
 *
 * First every node of the text is assigned to its key. Then the keys are read in the table's order,
 * so that what a later key needs is there (a start needs the space). Nothing is returned before all
 * of it is good.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "spec/home.h"
#include "spec/reader.h"

/* ---- finding the keys ---- */

static pbt_err refuse_unknown(const pbt__reader *reader, const pbt__key *map,
                              const pbt__node *entry, const char *path)
{
    char allowed[PBT__ALLOWED_SIZE];
    pbt__key_entries(map, allowed);
    pbt_err err =
        pbt__refuse(reader, entry->name_place, "unknown key '%.80s'; allowed%s%s: %s", path,
                    map != NULL ? " in " : "", map != NULL ? map->path : "", allowed);
    const char *nearest = pbt__key_nearest(path);
    const char *dot = strchr(path, '.');
    if (map == NULL && dot != NULL && pbt__key_find(path) != NULL) {
        pbt__error_hint(reader->error, "write '%.*s: {%s: ...}'", (int)(dot - path), path, dot + 1);
    } else if (nearest != NULL) {
        pbt__error_hint(reader->error, "did you mean '%s'?", nearest);
    }
    return err;
}

static pbt_err find_key(const pbt__reader *reader, const pbt__key *key, const pbt__node *entry);

/* Give each entry of a map (NULL: of the whole spec) to its key. */
static pbt_err find_keys(const pbt__reader *reader, const pbt__key *map, const pbt__node *node)
{
    for (const pbt__node *each = node->first; each != NULL; each = each->next) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s%.80s", map != NULL ? map->path : "",
                       map != NULL ? "." : "", each->name);
        const pbt__key *key = pbt__key_find(path);
        const bool is_known = key != NULL && (map != NULL || strchr(each->name, '.') == NULL);
        pbt_err err =
            is_known ? find_key(reader, key, each) : refuse_unknown(reader, map, each, path);
        err = pbt__go_on(reader, err);
        if (err != PBT_OK) {
            return err;
        }
    }
    return PBT_OK;
}

/* Give an entry to its key, and those of a map to theirs. */
static pbt_err find_key(const pbt__reader *reader, const pbt__key *key, const pbt__node *entry)
{
    const size_t index = pbt__key_index(key);
    reader->nodes[index] = entry;
    pbt__spec_origin(reader->spec)->keys[index] = entry->place;
    if (key->kind != PBT__KIND_MAP) {
        return PBT_OK;
    }
    if (entry->kind == PBT__NODE_MAP) {
        return find_keys(reader, key, entry);
    }
    pbt__spoil(reader, key);
    return pbt__refuse_key(reader, entry, key);
}

static pbt_err refuse_missing(const pbt__reader *reader, const pbt__key *key)
{
    char allowed[PBT__ALLOWED_SIZE];
    pbt__key_allowed(key, allowed);
    return pbt__refuse(reader, pbt__spec_place(reader->spec, key), "%s: missing; allowed: %s",
                       key->path, allowed);
}

/* Say whether what a key's value is read against is known: a start's values have bounds. */
static bool can_read(const pbt__reader *reader, const pbt__key *key)
{
    const pbt__key *map = pbt__key_map(key);
    if (map != NULL && !pbt__is_good(reader, map->path)) {
        return false;
    }
    return key->kind != PBT__KIND_STARTS ||
           (pbt__is_good(reader, "hyperparameters") && pbt__is_good(reader, "population") &&
            pbt__is_good(reader, "ready.every"));
}

static pbt_err read_key(const pbt__reader *reader, const pbt__key *key, const pbt__node *node)
{
    const int32_t before = pbt__error_count(reader);
    if (!can_read(reader, key)) {
        pbt__spoil(reader, key);
        return PBT_OK;
    }
    pbt_err err = node == NULL ? refuse_missing(reader, key) : pbt__read_key(reader, key, node);
    err = pbt__go_on(reader, err);
    if (pbt__error_count(reader) > before) {
        pbt__spoil(reader, key);
    }
    return err;
}

static pbt_err read_keys(const pbt__reader *reader)
{
    pbt_err err = PBT_OK;
    for (const pbt__key *key = pbt__key_next(NULL); err == PBT_OK && key != NULL;
         key = pbt__key_next(key)) {
        const pbt__node *node = reader->nodes[pbt__key_index(key)];
        const bool is_required = (key->flags & PBT__KEY_REQUIRED) != 0;
        if (key->kind != PBT__KIND_MAP && (node != NULL || is_required)) {
            err = read_key(reader, key, node);
        }
    }
    return err;
}

/* ---- the spec ---- */

/* The texts are constants until they are given: nothing frees or writes them one by one. */
void pbt__spec_defaults(pbt_spec *spec)
{
    static char metric[] = "score";
    static char directory[] = ".";
    static char notes[] = "";
    spec->search = pbt_search_default();
    spec->metric = metric;
    spec->trainer.directory = directory;
    spec->is_open_ended = true;
    spec->lease_seconds = 300;
    spec->patience_seconds = 300;
    spec->keep_best = 3;
    spec->notes = notes;
}

/* Make an empty spec that remembers its text. */
static pbt_spec *make_spec(const char *text, const char *file, const char *folder)
{
    pbt__arena *arena = pbt__arena_new();
    pbt_spec *spec = NULL;
    pbt__origin *origin = NULL;
    char *file_copy = NULL;
    if (arena == NULL) {
        goto fail;
    }
    spec = pbt__arena_take(arena, 1, sizeof *spec);
    origin = pbt__arena_take(arena, 1, sizeof *origin);
    file_copy = pbt__arena_copy(arena, file, strlen(file));
    if (spec == NULL || origin == NULL || file_copy == NULL) {
        goto fail;
    }
    *origin = (pbt__origin){.arena = arena, .file = file_copy};
    pbt__spec_defaults(spec);
    spec->memory = origin;
    spec->source = pbt__arena_copy(arena, text, strlen(text));
    spec->folder = pbt__arena_copy(arena, folder, strlen(folder));
    if (spec->source == NULL || spec->folder == NULL) {
        goto fail;
    }
    return spec;
fail:
    pbt__arena_free(arena);
    return NULL;
}

void pbt_spec_free(pbt_spec *spec)
{
    if (spec != NULL) {
        pbt__arena_free(pbt__spec_origin(spec)->arena);
    }
}

const pbt_search *pbt_spec_search(const pbt_spec *spec)
{
    return &spec->search;
}

static pbt_err read_root(const pbt__reader *reader, const pbt__node *root)
{
    if (root->kind != PBT__NODE_MAP) {
        return pbt__refuse_value(reader, root, "the spec", "a map: version: 1, name: ...");
    }
    pbt_err err = find_keys(reader, NULL, root);
    if (err == PBT_OK) {
        err = read_keys(reader);
    }
    if (err != PBT_OK) {
        return err;
    }
    if (reader->nodes[pbt__key_index(pbt__key_find("trainer.reload"))] == NULL) {
        reader->spec->trainer.reload_always = reader->spec->search.mode == PBT_GENERATIONAL;
    }
    return pbt__check_spec(reader);
}

/* Errors found here refuse the spec; a review's errors only prevent a new study. */
static pbt_err read_all(const pbt__reader *reader, const pbt__node *root, const char *text)
{
    pbt_err err = pbt__go_on(reader, read_root(reader, root));
    const bool is_refused = pbt__error_count(reader) > 0;
    if (err == PBT_OK) {
        err = pbt__review_spec(reader);
    }
    if (err == PBT_OK && !is_refused) {
        err = pbt__home_expand(reader, text);
    }
    return err == PBT_OK && is_refused ? PBT_ERR_SPEC : err;
}

static pbt_err read_text(const pbt__reader *reader, const char *text)
{
    pbt__arena *tree = pbt__arena_new();
    const pbt__node *root = NULL;
    pbt__yaml_fault fault = {.place = {1, 1}};
    pbt_err err = tree != NULL ? pbt__yaml_parse(text, tree, &root, &fault) : PBT_ERR_MEMORY;
    if (err == PBT_OK) {
        err = read_all(reader, root, text);
    } else if (err == PBT_ERR_MEMORY) {
        err = pbt__refuse_memory(reader);
    } else {
        err = pbt__refuse(reader, fault.place, "%s", fault.words);
        const pbt_err kept = pbt__go_on(reader, err);
        err = kept == PBT_OK ? PBT_ERR_SPEC : kept;
    }
    pbt__arena_free(tree);
    return err;
}

pbt_err pbt__spec_make(const char *text, const char *file, const char *folder,
                       pbt__findings *findings, pbt_spec **out, pbt_error *error)
{
    if (strlen(text) > PBT__SPEC_MAXIMUM) {
        return pbt__fail(error, PBT_ERR_SPEC, "%.100s:1:1: more than %d bytes", file,
                         PBT__SPEC_MAXIMUM);
    }
    pbt_spec *spec = make_spec(text, file, folder);
    if (spec == NULL) {
        return pbt__fail_memory(error);
    }
    const pbt__node *nodes[PBT__KEY_MAXIMUM] = {NULL};
    const pbt__reader reader = {
        .file = pbt__spec_origin(spec)->file,
        .arena = pbt__spec_origin(spec)->arena,
        .spec = spec,
        .nodes = nodes,
        .error = error,
        .findings = findings,
    };
    pbt_err err = read_text(&reader, spec->source);
    if (err != PBT_OK) {
        pbt_spec_free(spec);
        return err;
    }
    *out = spec;
    return PBT_OK;
}

pbt_err pbt__spec_parse(const char *text, const char *file, const char *folder, pbt_spec **out,
                        pbt_error *error)
{
    return pbt__spec_make(text, file, folder, NULL, out, error);
}

bool pbt__spec_is_in_process(const pbt_spec *spec)
{
    return spec->trainer.protocol == PBT__PROTOCOL_LIBRARY &&
           spec->trainer.isolation == PBT__ISOLATION_THREAD;
}

double pbt__spec_silence_seconds(const pbt_spec *spec)
{
    bool stalls_first = spec->stall_seconds > 0 && spec->stall_seconds < spec->lease_seconds;
    return stalls_first ? spec->stall_seconds : spec->lease_seconds;
}
