/* reader.c: places, and how a spec is refused. */
#include "spec/reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

enum {
    TEXT_MAXIMUM = 64 * 1024, /* Units: bytes of one text; the kernel takes 128 KiB per argument */
};

pbt__origin *pbt__spec_origin(const pbt_spec *spec)
{
    return spec->memory;
}

pbt__spot pbt__spec_place(const pbt_spec *spec, const pbt__key *key)
{
    const pbt__spot *places = pbt__spec_origin(spec)->keys;
    for (const pbt__key *each = key; each != NULL; each = pbt__key_map(each)) {
        if (places[pbt__key_index(each)].line != 0) {
            return places[pbt__key_index(each)];
        }
    }
    return (pbt__spot){1, 1};
}

/* ---- refusing ---- */

enum {
    FILE_MAXIMUM = 100, /* Units: bytes of a file's name in a message, of 256: the end says more */
    FOUND_SIZE = 64,
};

/* Remove the halves of characters that a cut has left. */
static void fix(char *text)
{
    char *end = text;
    for (const char *each = text; *each != '\0';) {
        size_t length = pbt__utf8_step(each, PBT__UTF8_MAXIMUM);
        memmove(end, each, length);
        end += length;
        each += length > 0 ? length : 1;
    }
    *end = '\0';
}

pbt_err pbt__refuse(const pbt__reader *reader, pbt__spot place, const char *format, ...)
{
    char words[sizeof reader->error->message];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    fix(words);
    if (reader->findings != NULL) {
        reader->findings->place = place;
    }
    if (reader->file == NULL) {
        return pbt__fail(reader->error, PBT_ERR_SPEC, "%s", words);
    }
    size_t length = strlen(reader->file);
    bool is_long = length > FILE_MAXIMUM;
    return pbt__fail(reader->error, PBT_ERR_SPEC, "%s%s:%d:%d: %s", is_long ? "..." : "",
                     is_long ? reader->file + length - FILE_MAXIMUM : reader->file, place.line,
                     place.column, words);
}

void pbt__cut(const char *text, size_t size, char *out)
{
    size_t length = strlen(text);
    (void)snprintf(out, size, "%s", text);
    if (length >= size) {
        memcpy(out + size - 4, "...", 4);
    }
    fix(out);
}

static void describe_text(const char *text, char *out)
{
    char shown[48];
    if (*text == '\0') {
        (void)snprintf(out, FOUND_SIZE, "an empty text");
        return;
    }
    pbt__cut(text, sizeof shown, shown);
    (void)snprintf(out, FOUND_SIZE, "the text '%s'", shown);
}

static void describe(const pbt__node *node, char *out)
{
    if (node->kind != PBT__NODE_SCALAR) {
        (void)snprintf(out, FOUND_SIZE, "%s %s", node->count == 0 ? "an empty" : "a",
                       node->kind == PBT__NODE_LIST ? "list" : "map");
        return;
    }
    switch (pbt__scalar_read(node).type) {
    case PBT__SCALAR_NOTHING:
        (void)snprintf(out, FOUND_SIZE, "nothing");
        return;
    case PBT__SCALAR_BOOL:
        (void)snprintf(out, FOUND_SIZE, "the boolean %s", node->text);
        return;
    case PBT__SCALAR_INT:
        (void)snprintf(out, FOUND_SIZE, "the integer %.40s", node->text);
        return;
    case PBT__SCALAR_FLOAT:
        (void)snprintf(out, FOUND_SIZE, "the float %.40s", node->text);
        return;
    case PBT__SCALAR_TEXT:
        describe_text(node->text, out);
        return;
    }
}

pbt_err pbt__refuse_value(const pbt__reader *reader, const pbt__node *found, const char *path,
                          const char *allowed)
{
    char what[FOUND_SIZE];
    describe(found, what);
    return pbt__refuse(reader, found->place, "%.80s: found %s; allowed: %s", path, what, allowed);
}

pbt_err pbt__refuse_key(const pbt__reader *reader, const pbt__node *found, const pbt__key *key)
{
    char allowed[PBT__ALLOWED_SIZE];
    pbt__key_allowed(key, allowed);
    return pbt__refuse_value(reader, found, key->path, allowed);
}

pbt_err pbt__refuse_memory(const pbt__reader *reader)
{
    return pbt__fail_memory(reader->error);
}

/* ---- going on ---- */

static void keep(const pbt__reader *reader, bool is_warning)
{
    const pbt__findings *findings = reader->findings;
    const pbt__complaint complaint = {
        .line = findings->place.line,
        .column = findings->place.column,
        .is_warning = is_warning,
        .error = *reader->error,
    };
    pbt__complaints_add(findings->complaints, &complaint);
}

pbt_err pbt__go_on(const pbt__reader *reader, pbt_err err)
{
    if (err != PBT_ERR_SPEC || reader->findings == NULL) {
        return err;
    }
    keep(reader, false);
    return PBT_OK;
}

void pbt__warn(const pbt__reader *reader)
{
    if (reader->findings != NULL) {
        keep(reader, true);
    }
}

int32_t pbt__error_count(const pbt__reader *reader)
{
    return reader->findings != NULL ? reader->findings->complaints->error_count : 0;
}

void pbt__spoil(const pbt__reader *reader, const pbt__key *key)
{
    if (reader->findings != NULL) {
        reader->findings->is_bad[pbt__key_index(key)] = true;
    }
}

bool pbt__is_good(const pbt__reader *reader, const char *path)
{
    const pbt__findings *findings = reader->findings;
    return findings == NULL || !findings->is_bad[pbt__key_index(pbt__key_find(path))];
}

pbt_err pbt__look_at(const pbt__reader *reader, const pbt__look *looks, size_t count)
{
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        bool can_tell = true;
        for (size_t j = 0; j < 4 && looks[i].needs[j] != NULL; j++) {
            can_tell = can_tell && pbt__is_good(reader, looks[i].needs[j]);
        }
        err = can_tell ? pbt__go_on(reader, looks[i].look(reader)) : PBT_OK;
    }
    return err;
}

/* ---- nodes ---- */

pbt__scalar pbt__node_scalar(const pbt__node *node)
{
    return node->kind == PBT__NODE_SCALAR ? pbt__scalar_read(node)
                                          : (pbt__scalar){.type = PBT__SCALAR_NOTHING};
}

bool pbt__node_is_nothing(const pbt__node *node)
{
    return node->kind == PBT__NODE_SCALAR && pbt__scalar_read(node).type == PBT__SCALAR_NOTHING;
}

pbt_err pbt__read_text(const pbt__reader *reader, const pbt__node *node, const char *path,
                       char **out)
{
    if (node->kind != PBT__NODE_SCALAR || pbt__node_is_nothing(node)) {
        return pbt__refuse_value(reader, node, path, "a text (\"\" for an empty one)");
    }
    size_t length = strlen(node->text);
    if (length > TEXT_MAXIMUM) {
        return pbt__refuse(reader, node->place, "%s: a text of %zu bytes; allowed: at most %d",
                           path, length, TEXT_MAXIMUM);
    }
    *out = pbt__arena_copy(reader->arena, node->text, length);
    return *out != NULL ? PBT_OK : pbt__refuse_memory(reader);
}
