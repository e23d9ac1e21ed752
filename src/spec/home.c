/* home.c: finding the paths of a spec, and putting a home into its text. */
#include "spec/home.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "spec/review.h"

bool pbt__home_is_own(const char *path)
{
    return path[0] == '~' && (path[1] == '/' || path[1] == '\0');
}

/* ---- walking ---- */

static const pbt__node *node_of(const pbt__reader *reader, const char *path)
{
    return reader->nodes[pbt__key_index(pbt__key_find(path))];
}

static bool is_text(const pbt__node *node)
{
    return node != NULL && node->kind == PBT__NODE_SCALAR &&
           pbt__scalar_read(node).type == PBT__SCALAR_TEXT;
}

static pbt_err walk_command(const pbt__reader *reader, pbt__home_visit *visit, void *context)
{
    static const char path[] = "trainer.command";
    const pbt__node *list = node_of(reader, path);
    char *const *command = reader->spec->trainer.command;
    pbt_err err = PBT_OK;
    if (list == NULL || command == NULL || !pbt__is_good(reader, path)) {
        return PBT_OK;
    }
    size_t index = 0;
    for (const pbt__node *each = list->first; err == PBT_OK && each != NULL; each = each->next) {
        const bool is_path = index == 0 || (strncmp(each->text, "~/", 2) == 0 &&
                                            !pbt__review_is_script(command, index));
        err = is_path ? visit(context, path, each) : PBT_OK;
        index++;
    }
    return err;
}

static pbt_err walk_starts(const pbt__reader *reader, pbt__home_visit *visit, void *context)
{
    const pbt__node *list = node_of(reader, "start");
    pbt_err err = PBT_OK;
    if (list == NULL || list->kind != PBT__NODE_LIST) {
        return PBT_OK;
    }
    for (const pbt__node *start = list->first; start != NULL; start = start->next) {
        const pbt__node *each = start->kind == PBT__NODE_MAP ? start->first : NULL;
        for (; err == PBT_OK && each != NULL; each = each->next) {
            const bool is_path = strcmp(each->name, "checkpoint") == 0 && is_text(each);
            err = is_path ? visit(context, "start.checkpoint", each) : PBT_OK;
        }
    }
    return err;
}

pbt_err pbt__home_walk(const pbt__reader *reader, pbt__home_visit *visit, void *context)
{
    static const char *const paths[] = {"trainer.directory", "trainer.library",
                                        "checkpoints.directory"};
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < sizeof paths / sizeof *paths; i++) {
        const pbt__node *node = node_of(reader, paths[i]);
        err = is_text(node) ? visit(context, paths[i], node) : PBT_OK;
    }
    if (err == PBT_OK) {
        err = walk_command(reader, visit, context);
    }
    return err == PBT_OK ? walk_starts(reader, visit, context) : err;
}

/* ---- expanding ---- */

enum { LIST_FIRST = 8 };

/* The nodes to be written anew. */
typedef struct gathering {
    const pbt__reader *reader;
    const pbt__node **nodes; /* Shape: [capacity] */
    size_t count, capacity;
} gathering;

static pbt_err gather(void *context, const char *path, const pbt__node *node)
{
    gathering *this = context;
    (void)path;
    if (!pbt__home_is_own(node->text)) {
        return PBT_OK;
    }
    if (this->count == this->capacity) {
        const size_t capacity = this->capacity == 0 ? LIST_FIRST : 2 * this->capacity;
        const pbt__node **grown =
            pbt__arena_take(this->reader->arena, capacity, sizeof(const pbt__node *));
        if (grown == NULL) {
            return pbt__refuse_memory(this->reader);
        }
        if (this->count > 0) {
            memcpy(grown, this->nodes, this->count * sizeof(const pbt__node *));
        }
        this->nodes = grown;
        this->capacity = capacity;
    }
    this->nodes[this->count++] = node;
    return PBT_OK;
}

static int compare_places(const void *a, const void *b)
{
    const pbt__node *one = *(const pbt__node *const *)a, *other = *(const pbt__node *const *)b;
    return one->range.begin < other->range.begin ? -1 : one->range.begin > other->range.begin;
}

static void write_path(pbt__text *out, const char *home, const char *path)
{
    pbt__text whole = pbt__text_init(PBT__SPEC_MAXIMUM);
    size_t length = strlen(home);
    while (length > 1 && home[length - 1] == '/') {
        length--;
    }
    const bool is_root = length == 1 && home[0] == '/' && path[1] == '/';
    pbt__text_append(&whole, home, is_root ? 0 : length);
    pbt__text_add(&whole, path + 1);
    out->failed = out->failed || whole.failed;
    pbt__scalar_write_text(out, PBT__YAML, pbt__text_string(&whole));
    pbt__text_fini(&whole);
}

static pbt_err write_expanded(const gathering *this, const char *text)
{
    const pbt__reader *reader = this->reader;
    pbt__text out = pbt__text_init(2 * PBT__SPEC_MAXIMUM);
    size_t at = 0;
    for (size_t i = 0; i < this->count; i++) {
        const pbt__node *node = this->nodes[i];
        pbt__text_append(&out, text + at, node->range.begin - at);
        write_path(&out, reader->findings->home, node->text);
        at = node->range.end;
    }
    pbt__text_add(&out, text + at);
    const bool failed = out.failed;
    const char *written = pbt__text_string(&out);
    reader->findings->expanded =
        failed ? NULL : pbt__arena_copy(reader->arena, written, strlen(written));
    pbt__text_fini(&out);
    return reader->findings->expanded != NULL ? PBT_OK : pbt__refuse_memory(reader);
}

pbt_err pbt__home_expand(const pbt__reader *reader, const char *text)
{
    gathering this = {.reader = reader};
    if (reader->findings == NULL || reader->findings->home == NULL) {
        return PBT_OK;
    }
    pbt_err err = pbt__home_walk(reader, gather, &this);
    if (err != PBT_OK || this.count == 0) {
        return err;
    }
    qsort(this.nodes, this.count, sizeof(const pbt__node *), compare_places);
    return write_expanded(&this, text);
}
