/*
 * wire.c: reading JSON by recursive descent, bounded in depth, and writing the little that is sent.
 *
 * Every function that reads leaves `at` behind what it read, and returns false after it has said
 * what is wrong. The bytes end with a NUL, which no token holds, so that looking one byte ahead is
 * always allowed.
 */
#include "worker/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

typedef struct reader {
    pbt__wire *wire;
    char *begin, *at, *end; /* *end is NUL */
    int depth;
    pbt_err err;
    pbt_error *error;
} reader;

static bool refuse(reader *in, const char *why)
{
    if (in->err == PBT_OK) {
        in->err = pbt__fail(in->error, PBT_ERR_CORRUPT, "not JSON at byte %td: %s",
                            in->at - in->begin, why);
    }
    return false;
}

static void skip_blanks(reader *in)
{
    in->at += strspn(in->at, " \t\r\n");
}

static bool take(reader *in, char c)
{
    if (*in->at != c) {
        return false;
    }
    in->at++;
    return true;
}

/* Add a value; its index, or SIZE_MAX on failure. */
static size_t add_value(reader *in, const char *name)
{
    pbt__wire *wire = in->wire;
    if (wire->count == PBT__WIRE_COUNT_MAXIMUM) {
        in->err = pbt__fail(in->error, PBT_ERR_LIMIT, "JSON of more than %d values",
                            (int)PBT__WIRE_COUNT_MAXIMUM);
        return SIZE_MAX;
    }
    if (wire->count == wire->capacity) {
        const size_t capacity = wire->capacity > 0 ? 2 * wire->capacity : 64;
        pbt__wire_value *grown = pbt__realloc(wire->values, capacity, sizeof *grown);
        if (grown == NULL) {
            in->err = pbt__fail_memory(in->error);
            return SIZE_MAX;
        }
        wire->values = grown;
        wire->capacity = capacity;
    }
    wire->values[wire->count] = (pbt__wire_value){.name = name, .end = wire->count + 1};
    return wire->count++;
}

/* ---- texts ----------------------------------------------------------------------------------- */

/* The length of the UTF-8 character at `c`, which a NUL ends; 0 where there is none. */
static size_t utf8_length(const char *c)
{
    const unsigned char *b = (const unsigned char *)c;
    if (b[0] < 0x80) {
        return b[0] != '\0';
    }
    const size_t length = b[0] >= 0xF0 ? 4 : b[0] >= 0xE0 ? 3 : 2;
    if (b[0] < 0xC2 || b[0] > 0xF4) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((b[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    const bool is_overlong = (b[0] == 0xE0 && b[1] < 0xA0) || (b[0] == 0xF0 && b[1] < 0x90);
    const bool is_outside = (b[0] == 0xED && b[1] > 0x9F) || (b[0] == 0xF4 && b[1] > 0x8F);
    return is_overlong || is_outside ? 0 : length;
}

static char *put_utf8(char *out, uint32_t code)
{
    const int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const unsigned char FIRST[] = {0x00, 0xC0, 0xE0, 0xF0};
    *out++ = (char)(FIRST[more] | (code >> (6 * more)));
    for (int i = more - 1; i >= 0; i--) {
        *out++ = (char)(0x80 | ((code >> (6 * i)) & 0x3F));
    }
    return out;
}

/* Read four hexadecimal digits. */
static bool read_unit(reader *in, uint32_t *out)
{
    static const char DIGITS[] = "0123456789abcdefABCDEF";
    uint32_t unit = 0;
    for (int i = 0; i < 4; i++, in->at++) {
        const char *digit = *in->at != '\0' ? strchr(DIGITS, *in->at) : NULL;
        if (digit == NULL) {
            return refuse(in, "an escape without its digits");
        }
        const uint32_t value = (uint32_t)(digit - DIGITS);
        unit = unit << 4 | (value < 16 ? value : value - 6);
    }
    *out = unit;
    return true;
}

/* Read what follows "\u": a character, or the first half of one and the second. */
static bool read_code(reader *in, uint32_t *out)
{
    uint32_t low = 0;
    if (!read_unit(in, out)) {
        return false;
    }
    if (*out >= 0xD800 && *out < 0xDC00) {
        if (!take(in, '\\') || !take(in, 'u') || !read_unit(in, &low)) {
            return refuse(in, "half a character");
        }
        if (low < 0xDC00 || low > 0xDFFF) {
            return refuse(in, "half a character");
        }
        *out = 0x10000 + ((*out - 0xD800) << 10) + (low - 0xDC00);
    } else if (*out == 0 || (*out >= 0xDC00 && *out < 0xE000)) {
        return refuse(in, "no character");
    }
    return true;
}

static bool read_escape(reader *in, char **out)
{
    static const char NAMES[] = "\"\\/bfnrt", MEANINGS[] = "\"\\/\b\f\n\r\t";
    uint32_t code = 0;
    const char c = *in->at;
    const char *name = c != '\0' ? strchr(NAMES, c) : NULL;
    if (name == NULL && c != 'u') {
        return refuse(in, "an unknown escape");
    }
    in->at++;
    if (name != NULL) {
        *(*out)++ = MEANINGS[name - NAMES];
        return true;
    }
    if (!read_code(in, &code)) {
        return false;
    }
    *out = put_utf8(*out, code);
    return true;
}

/* Read what follows a quote, unescaping in place: what comes out is never longer than what went in.
 * */
static bool read_text(reader *in, const char **text)
{
    char *out = in->at;
    *text = out;
    while (*in->at != '"') {
        const size_t length = (unsigned char)*in->at < ' ' ? 0 : utf8_length(in->at);
        if (length == 0) {
            return refuse(in, "a byte that a text may not hold");
        }
        if (take(in, '\\')) {
            if (!read_escape(in, &out)) {
                return false;
            }
            continue;
        }
        memmove(out, in->at, length);
        out += length;
        in->at += length;
    }
    in->at++;
    *out = '\0';
    return true;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static size_t skip_digits(const char **c)
{
    const size_t length = strspn(*c, "0123456789");
    *c += length;
    return length;
}

/* The length of the JSON number at `text`, 0 where there is none; `*is_whole`: no fraction, no
 * exponent. */
static size_t number_length(const char *text, bool *is_whole)
{
    const char *c = text + (*text == '-');
    const bool has_zero = *c == '0';
    const size_t digits = skip_digits(&c);
    if (digits == 0 || (has_zero && digits > 1)) {
        return 0;
    }
    *is_whole = *c != '.' && *c != 'e' && *c != 'E';
    if (*c == '.') {
        c++;
        if (skip_digits(&c) == 0) {
            return 0;
        }
    }
    if (*c == 'e' || *c == 'E') {
        c++;
        c += *c == '+' || *c == '-';
        if (skip_digits(&c) == 0) {
            return 0;
        }
    }
    return (size_t)(c - text);
}

static bool read_number(reader *in, size_t index)
{
    bool is_whole = false;
    const size_t length = number_length(in->at, &is_whole);
    if (length == 0) {
        return refuse(in, "no value");
    }
    pbt__wire_value *value = &in->wire->values[index];
    char *end = in->at + length;
    const char after = *end;
    *end = '\0';
    const bool is_number = pbt__number_read(in->at, &value->real);
    errno = 0;
    value->integer = is_whole ? strtoll(in->at, NULL, 10) : 0;
    value->kind = is_whole && errno == 0 ? PBT__WIRE_INTEGER : PBT__WIRE_REAL;
    *end = after;
    if (!is_number) {
        return refuse(in, "a number beyond what a double holds");
    }
    in->at = end;
    return true;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool read_value(reader *in, const char *name);

/* Say whether an object has no field of that name yet. */
static bool is_new(reader *in, size_t object, const char *name)
{
    const pbt__wire_value *values = in->wire->values;
    for (size_t i = object + 1; i < in->wire->count; i = values[i].end) {
        if (strcmp(values[i].name, name) == 0) {
            return refuse(in, "a name that comes twice");
        }
    }
    return true;
}

static bool read_field(reader *in, size_t object)
{
    const char *name = NULL;
    skip_blanks(in);
    if (!take(in, '"')) {
        return refuse(in, "no name");
    }
    if (!read_text(in, &name) || !is_new(in, object, name)) {
        return false;
    }
    skip_blanks(in);
    return take(in, ':') ? read_value(in, name) : refuse(in, "a name without ':'");
}

/* Read the rest of an array or an object. */
static bool read_many(reader *in, size_t index, char close)
{
    const bool is_object = close == '}';
    in->wire->values[index].kind = is_object ? PBT__WIRE_OBJECT : PBT__WIRE_ARRAY;
    if (++in->depth > PBT__WIRE_DEPTH_MAXIMUM) {
        return refuse(in, "too deep");
    }
    skip_blanks(in);
    if (!take(in, close)) {
        do {
            if (!(is_object ? read_field(in, index) : read_value(in, NULL))) {
                return false;
            }
            skip_blanks(in);
        } while (take(in, ','));
        if (!take(in, close)) {
            return refuse(in, "neither ',' nor an end");
        }
    }
    in->depth--;
    in->wire->values[index].end = in->wire->count;
    return true;
}

static bool read_word(reader *in, pbt__wire_value *value)
{
    static const struct {
        const char *word;
        pbt__wire_kind kind;
        int64_t integer;
    } WORDS[] = {{"null", PBT__WIRE_NULL, 0},
                 {"false", PBT__WIRE_BOOLEAN, 0},
                 {"true", PBT__WIRE_BOOLEAN, 1}};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        const size_t length = strlen(WORDS[i].word);
        if (strncmp(in->at, WORDS[i].word, length) == 0) {
            value->kind = WORDS[i].kind;
            value->integer = WORDS[i].integer;
            in->at += length;
            return true;
        }
    }
    return false;
}

static bool read_value(reader *in, const char *name)
{
    const size_t index = add_value(in, name);
    if (index == SIZE_MAX) {
        return false;
    }
    skip_blanks(in);
    if (take(in, '{')) {
        return read_many(in, index, '}');
    }
    if (take(in, '[')) {
        return read_many(in, index, ']');
    }
    if (take(in, '"')) {
        in->wire->values[index].kind = PBT__WIRE_TEXT;
        return read_text(in, &in->wire->values[index].text);
    }
    return read_word(in, &in->wire->values[index]) || read_number(in, index);
}

pbt_err pbt__wire_read(const char *bytes, size_t length, pbt__wire *out, pbt_error *error)
{
    pbt__wire wire = {.bytes = NULL};
    if (length > PBT__WIRE_BYTES_MAXIMUM) {
        return pbt__fail(error, PBT_ERR_LIMIT, "JSON of more than %d bytes",
                         (int)PBT__WIRE_BYTES_MAXIMUM);
    }
    wire.bytes = pbt__strndup(bytes, length);
    if (wire.bytes == NULL) {
        return pbt__fail_memory(error);
    }
    reader in = {.wire = &wire, .begin = wire.bytes, .at = wire.bytes, .error = error};
    in.end = in.begin + length;
    if (read_value(&in, NULL)) {
        skip_blanks(&in);
        if (in.at != in.end) {
            (void)refuse(&in, "something after the value");
        }
    }
    if (in.err != PBT_OK) {
        pbt__wire_fini(&wire);
        return in.err;
    }
    *out = wire;
    return PBT_OK;
}

void pbt__wire_fini(pbt__wire *wire)
{
    free(wire->bytes);
    free(wire->values);
    *wire = (pbt__wire){.bytes = NULL};
}

/* ---- looking --------------------------------------------------------------------------------- */

const pbt__wire_value *pbt__wire_root(const pbt__wire *wire)
{
    static const pbt__wire_value NOTHING = {.kind = PBT__WIRE_NULL};
    return wire->count > 0 ? wire->values : &NOTHING;
}

const pbt__wire_value *pbt__wire_first(const pbt__wire *wire, const pbt__wire_value *value)
{
    return pbt__wire_after(wire, value, NULL);
}

const pbt__wire_value *pbt__wire_after(const pbt__wire *wire, const pbt__wire_value *value,
                                       const pbt__wire_value *item)
{
    const bool has_items =
        value != NULL && (value->kind == PBT__WIRE_ARRAY || value->kind == PBT__WIRE_OBJECT);
    if (!has_items) {
        return NULL;
    }
    const size_t index = item != NULL ? item->end : (size_t)(value - wire->values) + 1;
    return index < value->end ? &wire->values[index] : NULL;
}

const pbt__wire_value *pbt__wire_get(const pbt__wire *wire, const pbt__wire_value *value,
                                     const char *name)
{
    const pbt__wire_value *field = NULL;
    if (value == NULL || value->kind != PBT__WIRE_OBJECT) {
        return NULL;
    }
    while ((field = pbt__wire_after(wire, value, field)) != NULL) {
        if (strcmp(field->name, name) == 0) {
            return field;
        }
    }
    return NULL;
}

const char *pbt__wire_text(const pbt__wire *wire, const pbt__wire_value *value, const char *name,
                           const char *fallback)
{
    const pbt__wire_value *field = pbt__wire_get(wire, value, name);
    return field != NULL && field->kind == PBT__WIRE_TEXT ? field->text : fallback;
}

int64_t pbt__wire_integer(const pbt__wire *wire, const pbt__wire_value *value, const char *name,
                          int64_t fallback)
{
    const pbt__wire_value *field = pbt__wire_get(wire, value, name);
    return field != NULL && field->kind == PBT__WIRE_INTEGER ? field->integer : fallback;
}

double pbt__wire_real(const pbt__wire *wire, const pbt__wire_value *value, const char *name,
                      double fallback)
{
    const pbt__wire_value *field = pbt__wire_get(wire, value, name);
    const bool is_number =
        field != NULL && (field->kind == PBT__WIRE_REAL || field->kind == PBT__WIRE_INTEGER);
    return is_number ? field->real : fallback;
}

bool pbt__wire_boolean(const pbt__wire *wire, const pbt__wire_value *value, const char *name,
                       bool fallback)
{
    const pbt__wire_value *field = pbt__wire_get(wire, value, name);
    return field != NULL && field->kind == PBT__WIRE_BOOLEAN ? field->integer != 0 : fallback;
}

/* ---- writing --------------------------------------------------------------------------------- */

void pbt__wire_write_text(pbt__text *out, const char *text)
{
    pbt__text_add(out, "\"");
    for (const char *c = text; *c != '\0';) {
        const size_t length = utf8_length(c);
        if (length == 0) {
            pbt__text_add(out, "?");
        } else if (*c == '"' || *c == '\\') {
            pbt__text_format(out, "\\%c", *c);
        } else if ((unsigned char)*c < ' ') {
            pbt__text_format(out, "\\u%04x", (unsigned)*c);
        } else {
            pbt__text_append(out, c, length);
        }
        c += length > 0 ? length : 1;
    }
    pbt__text_add(out, "\"");
}

void pbt__wire_write_real(pbt__text *out, double value)
{
    char number[PBT__NUMBER_SIZE];
    (void)pbt__number_write(value, number);
    const char *quote = isfinite(value) ? "" : "\"";
    pbt__text_format(out, "%s%s%s", quote, number, quote);
}
