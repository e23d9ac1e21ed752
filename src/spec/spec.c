/*
 * spec.c: a spec from its text.
 *
 * First every node of the text finds its line in the table, then every line reads its node, in the
 * table's order: what a later key needs (a start needs the space) is there. Nothing is taken over
 * before all of it was found good.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
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

/* Give each entry of a map (NULL: of the whole spec) to its key. */
static pbt_err find_keys(const pbt__reader *reader, const pbt__key *map, const pbt__node *node)
{
    for (const pbt__node *each = node->first; each != NULL; each = each->next) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s%s%.80s", map != NULL ? map->path : "",
                       map != NULL ? "." : "", each->name);
        const pbt__key *key = pbt__key_find(path);
        if (key == NULL || (map == NULL && strchr(each->name, '.') != NULL)) {
            return refuse_unknown(reader, map, each, path);
        }
        reader->nodes[key - pbt__keys] = each;
        pbt__spec_origin(reader->spec)->keys[key - pbt__keys] = each->place;
        if (key->kind != PBT__KIND_MAP) {
            continue;
        }
        if (each->kind != PBT__NODE_MAP) {
            return pbt__refuse_key(reader, each, key);
        }
        pbt_err err = find_keys(reader, key, each);
        if (err != PBT_OK) {
            return err;
        }
    }
    return PBT_OK;
}

static pbt_err refuse_missing(const pbt__reader *reader, const pbt__key *key)
{
    char allowed[PBT__ALLOWED_SIZE];
    pbt__key_allowed(key, allowed);
    return pbt__refuse(reader, pbt__spec_place(reader->spec, key), "%s: missing; allowed: %s",
                       key->path, allowed);
}

static pbt_err read_keys(const pbt__reader *reader)
{
    for (size_t i = 0; i < PBT__KEY_COUNT; i++) {
        const pbt__key *key = &pbt__keys[i];
        if (reader->nodes[i] == NULL && key->flags & PBT__KEY_REQUIRED) {
            return refuse_missing(reader, key);
        }
        if (reader->nodes[i] == NULL || key->kind == PBT__KIND_MAP) {
            continue;
        }
        pbt_err err = pbt__read_key(reader, key, reader->nodes[i]);
        if (err != PBT_OK) {
            return err;
        }
    }
    return PBT_OK;
}

/* ---- the spec ---- */

/* The texts are constants until they are given: nothing frees or writes them one by one. */
static void set_defaults(pbt_spec *spec)
{
    static char metric[] = "score";
    static char directory[] = ".";
    static char notes[] = "";
    spec->search = pbt_search_default();
    spec->metric = metric;
    spec->trainer.directory = directory;
    spec->lease_seconds = 300;
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
    set_defaults(spec);
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
    if (reader->nodes[pbt__key_find("trainer.reload") - pbt__keys] == NULL) {
        reader->spec->trainer.reload_always = reader->spec->search.mode == PBT_GENERATIONAL;
    }
    return pbt__check_spec(reader);
}

static pbt_err read_text(const pbt__reader *reader, const char *text)
{
    pbt__arena *tree = pbt__arena_new();
    const pbt__node *root = NULL;
    pbt__yaml_fault fault = {.place = {1, 1}};
    pbt_err err = tree != NULL ? pbt__yaml_parse(text, tree, &root, &fault) : PBT_ERR_MEMORY;
    if (err == PBT_OK) {
        err = read_root(reader, root);
    } else if (err == PBT_ERR_MEMORY) {
        err = pbt__refuse_memory(reader);
    } else {
        err = pbt__refuse(reader, fault.place, "%s", fault.words);
    }
    pbt__arena_free(tree);
    return err;
}

pbt_err pbt__spec_parse(const char *text, const char *file, const char *folder, pbt_spec **out,
                        pbt_error *error)
{
    if (strlen(text) > PBT__SPEC_MAXIMUM) {
        return pbt__fail(error, PBT_ERR_SPEC, "%.100s:1:1: more than %d bytes", file,
                         PBT__SPEC_MAXIMUM);
    }
    pbt_spec *spec = make_spec(text, file, folder);
    if (spec == NULL) {
        return pbt__fail_memory(error);
    }
    const pbt__node *nodes[PBT__KEY_COUNT] = {NULL};
    const pbt__reader reader = {
        .file = pbt__spec_origin(spec)->file,
        .arena = pbt__spec_origin(spec)->arena,
        .spec = spec,
        .nodes = nodes,
        .error = error,
    };
    pbt_err err = read_text(&reader, spec->source);
    if (err != PBT_OK) {
        pbt_spec_free(spec);
        return err;
    }
    *out = spec;
    return PBT_OK;
}

/* ---- files ---- */

/* Write the folder part of a path; "." where it has none. */
static void folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t length = slash == NULL ? 0 : (size_t)(slash - path);
    if (slash == NULL) {
        (void)snprintf(out, PBT__PATH_SIZE, ".");
    } else {
        (void)snprintf(out, PBT__PATH_SIZE, "%.*s", length == 0 ? 1 : (int)length, path);
    }
}

pbt_err pbt_spec_read(const char *path, pbt_spec **out, pbt_error *error)
{
    if (strlen(path) >= PBT__PATH_SIZE) {
        return pbt__fail(error, PBT_ERR_IO, "path of %zu bytes is too long", strlen(path));
    }
    char *text = NULL;
    size_t length = 0;
    pbt_err err = pbt__file_read(path, PBT__SPEC_MAXIMUM, &text, &length, error);
    if (err == PBT_ERR_LIMIT) {
        return pbt__fail(error, PBT_ERR_SPEC, "%.100s:1:1: more than %d bytes", path,
                         PBT__SPEC_MAXIMUM);
    }
    if (err != PBT_OK) {
        if (error != NULL && err == PBT_ERR_NOT_FOUND) {
            error->code = PBT_ERR_IO;
        }
        return err == PBT_ERR_NOT_FOUND ? PBT_ERR_IO : err;
    }
    char folder[PBT__PATH_SIZE];
    folder_of(path, folder);
    if (memchr(text, '\0', length) != NULL) {
        err = pbt__fail(error, PBT_ERR_SPEC, "%.100s:1:1: the file holds a NUL", path);
    } else {
        err = pbt__spec_parse(text, path, folder, out, error);
    }
    free(text);
    return err;
}

double pbt__spec_silence_seconds(const pbt_spec *spec)
{
    bool stalls_first = spec->stall_seconds > 0 && spec->stall_seconds < spec->lease_seconds;
    return stalls_first ? spec->stall_seconds : spec->lease_seconds;
}
