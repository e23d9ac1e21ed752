/* amend_path.c: the paths in a value that is amended, as those in a spec's file. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "spec/home.h"
#include "spec/review.h"

/* Read the command into a spec, to look at it. Returns false without memory. */
static bool take_command(const pbt__reader *reader, const pbt__key *key, const pbt__node *root)
{
    if (key->kind != PBT__KIND_ARGUMENTS) {
        return true;
    }
    const size_t count = root->kind == PBT__NODE_LIST ? root->count : 0;
    char **command = pbt__arena_take(reader->arena, count + 1, sizeof *command);
    const pbt__node *each = count > 0 ? root->first : NULL;
    for (size_t i = 0; command != NULL && each != NULL; i++, each = each->next) {
        const char *text = each->kind == PBT__NODE_SCALAR ? each->text : "";
        command[i] = pbt__arena_copy(reader->arena, text, strlen(text));
        if (command[i] == NULL) {
            return false;
        }
    }
    reader->spec->trainer.command = count > 0 ? command : NULL;
    return command != NULL;
}

static pbt_err read_value(pbt__reader *reader, const pbt__key *key, const char *value)
{
    const pbt__node *root = NULL;
    pbt__yaml_fault fault;
    pbt_err err = pbt__yaml_parse(value, reader->arena, &root, &fault);
    if (err != PBT_OK) {
        return err == PBT_ERR_SPEC ? PBT_OK : err;
    }
    reader->nodes[pbt__key_index(key)] = root;
    if (!take_command(reader, key, root)) {
        return PBT_ERR_MEMORY;
    }
    err = pbt__review_paths(reader);
    return err == PBT_OK ? pbt__home_expand(reader, value) : err;
}

pbt_err pbt__spec_amend_path(const char *key, const char *value, const char *home, char **out,
                             pbt_error *error)
{
    const pbt__key *found = pbt__key_find(key);
    pbt__complaints complaints = {.count = 0};
    pbt__findings findings = {.complaints = &complaints, .home = home};
    pbt__arena *arena = pbt__arena_new();
    const pbt__node *nodes[PBT__KEY_MAXIMUM] = {NULL};
    pbt_error scratch = {.code = PBT_OK};
    pbt__origin origin = {.arena = arena};
    pbt_spec spec = {.memory = &origin};
    pbt__reader reader = {
        .arena = arena, .spec = &spec, .nodes = nodes, .error = &scratch, .findings = &findings};
    pbt_err err = arena != NULL ? PBT_OK : PBT_ERR_MEMORY;
    if (err == PBT_OK && found != NULL && strlen(value) <= PBT__SPEC_MAXIMUM) {
        err = read_value(&reader, found, value);
    }
    const pbt_error *first = pbt__complaints_first(&complaints);
    char *written = pbt__strdup(findings.expanded != NULL ? findings.expanded : value);
    pbt__arena_free(arena);
    if (err != PBT_OK || written == NULL) {
        err = pbt__fail_memory(error);
    } else if (first != NULL) {
        err = PBT_ERR_SPEC;
        if (error != NULL) {
            *error = *first;
        }
    } else {
        *out = written;
        return PBT_OK;
    }
    free(written);
    return err;
}
