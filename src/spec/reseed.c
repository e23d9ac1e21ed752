/*
 * reseed.c: a spec's text with another name and seed.
 *
 * The text is edited, not rewritten: comments and layout stay, and what a study records is what
 * its user wrote. The result is parsed again, so that a text that cannot be edited this way is
 * found out.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "spec/reader.h"

static const pbt__node *find_entry(const pbt__node *map, const char *name)
{
    const pbt__node *each = map->first;
    while (each != NULL && strcmp(each->name, name) != 0) {
        each = each->next;
    }
    return each;
}

/* A seed that was not given goes before the name, in the form the map is written in. */
static void add_seed(pbt__text *out, const pbt__node *root, const pbt__node *name, uint64_t seed)
{
    pbt__text_format(out, "seed: %" PRIu64, seed);
    if (root->is_flow) {
        pbt__text_add(out, ", ");
    } else {
        pbt__text_format(out, "\n%*s", name->name_place.column - 1, "");
    }
}

/* Copy the text from `*at` up to `range`, and go on after it. */
static void copy_up_to(pbt__text *out, const char *text, size_t *at, pbt__range range)
{
    pbt__text_append(out, text + *at, range.begin - *at);
    *at = range.end;
}

static void write_edited(pbt__text *out, const char *text, const pbt__node *root, const char *name,
                         uint64_t seed)
{
    const pbt__node *old_name = find_entry(root, "name");
    const pbt__node *old_seed = find_entry(root, "seed");
    bool seed_is_first = old_seed != NULL && old_seed->range.begin < old_name->range.begin;
    size_t at = 0;
    if (old_seed == NULL) {
        size_t begin = old_name->name_range.begin;
        copy_up_to(out, text, &at, (pbt__range){begin, begin});
        add_seed(out, root, old_name, seed);
    } else if (seed_is_first) {
        copy_up_to(out, text, &at, old_seed->range);
        pbt__text_format(out, "%" PRIu64, seed);
    }
    copy_up_to(out, text, &at, old_name->range);
    pbt__scalar_write_text(out, PBT__YAML, name);
    if (old_seed != NULL && !seed_is_first) {
        copy_up_to(out, text, &at, old_seed->range);
        pbt__text_format(out, "%" PRIu64, seed);
    }
    pbt__text_add(out, text + at);
}

static pbt_err edit(const pbt_spec *spec, const char *name, uint64_t seed, char **out,
                    pbt_error *error)
{
    pbt__arena *tree = pbt__arena_new();
    const pbt__node *root = NULL;
    pbt__yaml_fault fault = {.place = {1, 1}};
    pbt__text text = pbt__text_init(PBT__SPEC_MAXIMUM);
    pbt_err err =
        tree != NULL ? pbt__yaml_parse(spec->source, tree, &root, &fault) : PBT_ERR_MEMORY;
    if (err == PBT_OK) {
        write_edited(&text, spec->source, root, name, seed);
        *out = pbt__text_take(&text);
        err = *out != NULL ? PBT_OK : PBT_ERR_MEMORY;
    }
    pbt__arena_free(tree);
    return err == PBT_OK ? PBT_OK : pbt__fail_memory(error);
}

pbt_err pbt__spec_with_seed(const pbt_spec *spec, const char *name, uint64_t seed, pbt_spec **out,
                            pbt_error *error)
{
    const char *file = pbt__spec_origin(spec)->file;
    char *text = NULL;
    pbt_spec *edited = NULL;
    pbt_err err = edit(spec, name, seed, &text, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__spec_parse(text, file, spec->folder, &edited, error);
    free(text);
    if (err != PBT_OK) {
        return err;
    }
    if (edited->search.seed != seed || strcmp(edited->name, name) != 0) {
        pbt_spec_free(edited);
        return pbt__fail(error, PBT_ERR_SPEC,
                         "%.100s:1:1: cannot put in the seed: write 'name: ...' and "
                         "'seed: ...' on lines of their own",
                         file);
    }
    *out = edited;
    return PBT_OK;
}
