/*
 * yaml.c: libfyaml's events as a tree. Nothing else in the project knows libfyaml.
 *
 * It uses events, not libfyaml's documents, so that forbidden syntax is refused early and the tree
 * is in our memory. Diagnostics are collected, never printed. Texts that libfyaml 0.7.12 misreads
 * are read here or refused; its scalars were compared with PyYAML on 48,000 random ones.
 */
#include "spec/yaml.h"

#include <libfyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

struct reader {
    const char *text;
    struct fy_parser *parser;
    struct fy_diag *diag;
    pbt__arena *arena;
    pbt__yaml_fault *fault;
    pbt__spot last; /* of the newest event that has a place */
};

__attribute__((format(printf, 3, 4))) static pbt_err refuse(struct reader *reader, pbt__spot place,
                                                            const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reader->fault->words, sizeof reader->fault->words, format, arguments);
    va_end(arguments);
    reader->fault->place = place;
    return PBT_ERR_SPEC;
}

/* ---- events ---- */

static pbt__spot place_of(const struct fy_mark *mark)
{
    return (pbt__spot){mark->line + 1, mark->column + 1};
}

/* libfyaml counts the lines of its messages from 1 already, like the columns. */
static pbt_err refuse_syntax(struct reader *reader)
{
    void *cursor = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(reader->diag, &cursor);
    if (error == NULL || error->msg == NULL) {
        return refuse(reader, reader->last, "not valid YAML");
    }
    pbt__spot place = {error->line, error->column};
    if (place.line < 1 || place.column < 1) {
        place = reader->last;
    }
    return refuse(reader, place, "not valid YAML: %s", error->msg);
}

/* The next event, which the caller frees; NULL if the syntax is wrong. */
static struct fy_event *next_event(struct reader *reader)
{
    struct fy_event *event = fy_parser_parse(reader->parser);
    const struct fy_mark *mark = event != NULL ? fy_event_start_mark(event) : NULL;
    if (mark != NULL) {
        reader->last = place_of(mark);
    }
    return event;
}

/* Read an event that must be of `type`. */
static pbt_err expect(struct reader *reader, enum fy_event_type type, const char *otherwise)
{
    struct fy_event *event = next_event(reader);
    if (event == NULL) {
        return refuse_syntax(reader);
    }
    enum fy_event_type found = event->type;
    fy_parser_event_free(reader->parser, event);
    return found == type ? PBT_OK : refuse(reader, reader->last, "%s", otherwise);
}

/* ---- nodes ---- */

static pbt_err read_value(struct reader *reader, struct fy_event *event, int depth, pbt__node *out);

static pbt_err refuse_extras(struct reader *reader, struct fy_event *event)
{
    if (event->type == FYET_ALIAS) {
        return refuse(reader, reader->last, "aliases are not allowed in a spec");
    }
    if (fy_event_get_anchor_token(event) != NULL) {
        return refuse(reader, reader->last, "anchors are not allowed in a spec");
    }
    if (fy_event_get_tag_token(event) != NULL) {
        return refuse(reader, reader->last, "tags are not allowed in a spec");
    }
    return PBT_OK;
}

static bool has_line_break(const char *raw, size_t length)
{
    return memchr(raw, '\n', length) != NULL || memchr(raw, '\r', length) != NULL;
}

/* Copy a single-quoted text of one line: a doubled quote is one. Shape: raw[length], without the
 * outer quotes */
static char *copy_single_quoted(pbt__arena *arena, const char *raw, size_t length)
{
    char *copy = pbt__arena_copy(arena, raw, length);
    if (copy == NULL) {
        return NULL;
    }
    char *end = copy;
    for (size_t i = 0; i < length; i++) {
        *end++ = raw[i];
        i += raw[i] == '\'' ? 1 : 0;
    }
    *end = '\0';
    return copy;
}

/* Copy a text as libfyaml read it. A block at the input's end has the terminator in its text. */
static pbt_err copy_text(struct reader *reader, struct fy_token *token, bool is_block,
                         const char **out)
{
    size_t length = 0;
    const char *text = fy_token_get_text(token, &length);
    if (text == NULL) {
        return PBT_ERR_MEMORY;
    }
    while (is_block && length > 0 && text[length - 1] == '\0') {
        length--;
    }
    if (length > 0 && memchr(text, '\0', length) != NULL) {
        return refuse(reader, reader->last, "a text holds a NUL");
    }
    *out = pbt__arena_copy(reader->arena, text, length);
    return *out != NULL ? PBT_OK : PBT_ERR_MEMORY;
}

/* libfyaml gets two doubled quotes in a row wrong, and says nothing: 'a''''b'. A text of one line
 * is read here; in one of several lines, which is folded too, they are refused. */
static pbt_err read_single_quoted(struct reader *reader, struct fy_token *token, pbt__node *out)
{
    const char *raw = reader->text + out->range.begin + 1;
    size_t length = out->range.end - out->range.begin - 2;
    if (!has_line_break(raw, length)) {
        out->text = copy_single_quoted(reader->arena, raw, length);
        return out->text != NULL ? PBT_OK : PBT_ERR_MEMORY;
    }
    if (memmem(raw, length, "''''", 4) != NULL) {
        return refuse(reader, out->place, "write a text with these quotes in double quotes");
    }
    return copy_text(reader, token, false, &out->text);
}

/* libfyaml loses characters around an escaped line break that follows another escape. */
static pbt_err read_double_quoted(struct reader *reader, struct fy_token *token, pbt__node *out)
{
    const char *end = reader->text + out->range.end - 1;
    for (const char *each = reader->text + out->range.begin + 1; each < end; each++) {
        each += *each == '\\' ? 1 : 0;
        if (each[-1] == '\\' && has_line_break(each, 1)) {
            return refuse(reader, out->place, "a line in double quotes ends with a backslash");
        }
    }
    return copy_text(reader, token, false, &out->text);
}

/* The bytes in which a scalar is written; the marks of a quoted one lie inside its quotes. */
static pbt__extent range_of(struct fy_event *event, bool has_quotes)
{
    const struct fy_mark *begin = fy_event_start_mark(event);
    const struct fy_mark *end = fy_event_end_mark(event);
    size_t quote = has_quotes ? 1 : 0;
    if (begin == NULL || end == NULL || begin->input_pos < quote) {
        return (pbt__extent){0, 2 * quote};
    }
    return (pbt__extent){begin->input_pos - quote, end->input_pos + quote};
}

static pbt_err read_scalar(struct reader *reader, struct fy_event *event, pbt__node *out)
{
    struct fy_token *token = event->scalar.value;
    out->kind = PBT__NODE_SCALAR;
    out->text = "";
    if (token == NULL) {
        return PBT_OK;
    }
    enum fy_scalar_style style = fy_scalar_token_get_style(token);
    bool has_quotes = style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
    out->is_quoted = style != FYSS_PLAIN;
    out->range = range_of(event, has_quotes);
    out->place.column -= has_quotes ? 1 : 0;
    switch (style) {
    case FYSS_SINGLE_QUOTED:
        return read_single_quoted(reader, token, out);
    case FYSS_DOUBLE_QUOTED:
        return read_double_quoted(reader, token, out);
    default:
        return copy_text(reader, token, style != FYSS_PLAIN, &out->text);
    }
}

/* Read a map's next key, already begun with `event`, into `entry`. */
static pbt_err read_name(struct reader *reader, struct fy_event *event, const pbt__node *map,
                         pbt__node *entry)
{
    pbt__node name = {.place = reader->last};
    pbt_err err = refuse_extras(reader, event);
    if (err != PBT_OK) {
        return err;
    }
    if (event->type != FYET_SCALAR) {
        return refuse(reader, reader->last, "a key must be a word, not a list or a map");
    }
    err = read_scalar(reader, event, &name);
    if (err != PBT_OK) {
        return err;
    }
    for (const pbt__node *each = map->first; each != NULL; each = each->next) {
        if (strcmp(each->name, name.text) == 0) {
            return refuse(reader, name.place, "the key '%.60s' is given twice, first at %d:%d",
                          name.text, each->name_place.line, each->name_place.column);
        }
    }
    entry->name = name.text;
    entry->name_place = name.place;
    return PBT_OK;
}

/* Read one entry of a list or a map that begins with `event`. */
static pbt_err read_entry(struct reader *reader, struct fy_event *event, int depth,
                          const pbt__node *parent, pbt__node *entry)
{
    if (parent->kind == PBT__NODE_LIST) {
        return read_value(reader, event, depth, entry);
    }
    pbt_err err = read_name(reader, event, parent, entry);
    if (err != PBT_OK) {
        return err;
    }
    struct fy_event *value = next_event(reader);
    if (value == NULL) {
        return refuse_syntax(reader);
    }
    err = read_value(reader, value, depth, entry);
    fy_parser_event_free(reader->parser, value);
    return err;
}

/* Read a list's or a map's entries up to its end. */
static pbt_err read_entries(struct reader *reader, int depth, enum fy_event_type end,
                            pbt__node *out)
{
    const pbt__node **tail = &out->first;
    for (;;) {
        pbt_err err = PBT_OK;
        struct fy_event *event = next_event(reader);
        if (event == NULL) {
            return refuse_syntax(reader);
        }
        if (event->type == end) {
            fy_parser_event_free(reader->parser, event);
            return PBT_OK;
        }
        pbt__node *entry = pbt__arena_take(reader->arena, 1, sizeof *entry);
        if (entry == NULL) {
            err = PBT_ERR_MEMORY;
        } else if (out->count == PBT__YAML_ENTRIES) {
            err = refuse(reader, reader->last, "more than %d entries", PBT__YAML_ENTRIES);
        } else {
            err = read_entry(reader, event, depth, out, entry);
        }
        fy_parser_event_free(reader->parser, event);
        if (err != PBT_OK) {
            return err;
        }
        *tail = entry;
        tail = &entry->next;
        out->count++;
    }
}

static pbt_err read_value(struct reader *reader, struct fy_event *event, int depth, pbt__node *out)
{
    out->place = reader->last;
    pbt_err err = refuse_extras(reader, event);
    if (err != PBT_OK) {
        return err;
    }
    if (depth == PBT__YAML_DEPTH) {
        return refuse(reader, reader->last, "more than %d levels", PBT__YAML_DEPTH);
    }
    switch (event->type) {
    case FYET_SCALAR:
        return read_scalar(reader, event, out);
    case FYET_SEQUENCE_START:
        out->kind = PBT__NODE_LIST;
        return read_entries(reader, depth + 1, FYET_SEQUENCE_END, out);
    case FYET_MAPPING_START:
        out->kind = PBT__NODE_MAP;
        return read_entries(reader, depth + 1, FYET_MAPPING_END, out);
    default:
        return refuse(reader, reader->last, "not valid YAML");
    }
}

/* ---- the text ---- */

static pbt_err read_root(struct reader *reader, pbt__node *root)
{
    struct fy_event *event = next_event(reader);
    if (event == NULL) {
        return refuse_syntax(reader);
    }
    pbt_err err = read_value(reader, event, 0, root);
    fy_parser_event_free(reader->parser, event);
    return err;
}

static pbt_err read_document(struct reader *reader, pbt__node *root)
{
    pbt_err err = expect(reader, FYET_STREAM_START, "not valid YAML");
    if (err != PBT_OK) {
        return err;
    }
    struct fy_event *event = next_event(reader);
    if (event == NULL) {
        return refuse_syntax(reader);
    }
    enum fy_event_type found = event->type;
    fy_parser_event_free(reader->parser, event);
    if (found == FYET_STREAM_END) {
        *root = (pbt__node){.text = "", .place = {1, 1}};
        return PBT_OK;
    }
    err = read_root(reader, root);
    if (err == PBT_OK) {
        err = expect(reader, FYET_DOCUMENT_END, "not valid YAML");
    }
    if (err == PBT_OK) {
        err = expect(reader, FYET_STREAM_END, "a second document is not allowed in a spec");
    }
    return err;
}

static bool is_control(unsigned char byte)
{
    return (byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7f;
}

/* libfyaml takes what is not UTF-8 for an end of the input: look before it does. */
static pbt_err check_characters(struct reader *reader, const char *text)
{
    pbt__spot place = {1, 1};
    for (const char *each = text; *each != '\0';) {
        const unsigned char byte = (unsigned char)*each;
        const size_t length = pbt__utf8_step(each, PBT__UTF8_MAXIMUM);
        if (length == 0) {
            return refuse(reader, place, "not UTF-8: byte 0x%02x", byte);
        }
        if (is_control(byte)) {
            return refuse(reader, place, "control character 0x%02x", byte);
        }
        place.column++;
        if (*each == '\n') {
            place = (pbt__spot){place.line + 1, 1};
        }
        each += length;
    }
    return PBT_OK;
}

static pbt_err open_parser(struct reader *reader, const char *text)
{
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    diag_cfg.fp = NULL;
    diag_cfg.colorize = false;
    reader->diag = fy_diag_create(&diag_cfg);
    if (reader->diag == NULL) {
        return PBT_ERR_MEMORY;
    }
    fy_diag_set_collect_errors(reader->diag, true);
    struct fy_parse_cfg cfg = {
        .flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE |
                 FYPCF_SLOPPY_FLOW_INDENTATION,
        .diag = reader->diag,
    };
    reader->parser = fy_parser_create(&cfg);
    if (reader->parser == NULL || fy_parser_set_string(reader->parser, text, strlen(text)) != 0) {
        return PBT_ERR_MEMORY;
    }
    return PBT_OK;
}

pbt_err pbt__yaml_parse(const char *text, pbt__arena *arena, const pbt__node **out,
                        pbt__yaml_fault *fault)
{
    struct reader reader = {.text = text, .arena = arena, .fault = fault, .last = {1, 1}};
    pbt__node *root = pbt__arena_take(arena, 1, sizeof *root);
    if (root == NULL) {
        return PBT_ERR_MEMORY;
    }
    pbt_err err = check_characters(&reader, text);
    if (err == PBT_OK) {
        err = open_parser(&reader, text);
    }
    if (err == PBT_OK) {
        err = read_document(&reader, root);
    }
    fy_parser_destroy(reader.parser);
    fy_diag_destroy(reader.diag);
    if (err == PBT_OK) {
        *out = root;
    }
    return err;
}
