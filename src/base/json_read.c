/*
 * json_read.c: JSON texts as Jansson's values.
 *
 * Jansson's own reader drops bytes of a text if memory runs out, and then reads on: "seed":12 may
 * come out as 1. A log must be read exactly or not at all, so this reader reports every failure of
 * memory. Strings and numbers are gathered in one buffer: each is at most as long as its token, and
 * a nested one comes after it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"

enum { DEPTH_MAXIMUM = 64 };

static const char TOO_MANY[] = "too many values";

typedef struct reader {
    const char *at, *end;
    char *buffer; /* Shape: buffer[capacity] */
    size_t capacity;
    size_t used;       /* by the names of open objects; the next string or number follows */
    const char *fault; /* what is wrong with the text; NULL after a failure: no memory */
    int depth;
    size_t left; /* how many values may still come */
    bool is_lenient;
} reader;

static bool broken(reader *r, const char *fault)
{
    r->fault = fault;
    return false;
}

static void skip_space(reader *r)
{
    while (r->at < r->end && strchr(" \t\r\n", *r->at) != NULL && *r->at != '\0') {
        r->at++;
    }
}

/* Take a character if it comes next, after white space. */
static bool take(reader *r, char c)
{
    skip_space(r);
    bool is_next = r->at < r->end && *r->at == c;
    r->at += is_next ? 1 : 0;
    return is_next;
}

/* Make room for a token of `length` bytes and a NUL. Returns where it is; NULL: no memory. */
static char *make_room(reader *r, size_t length)
{
    const size_t needed = r->used + length + 1;
    if (needed > r->capacity) {
        const size_t capacity = needed > 2 * r->capacity ? needed + 64 : 2 * r->capacity;
        char *grown = pbt__realloc(r->buffer, capacity, 1);
        if (grown == NULL) {
            return NULL;
        }
        r->buffer = grown;
        r->capacity = capacity;
    }
    return r->buffer + r->used;
}

/* ---- strings ---- */

static bool read_hexadecimal(reader *r, uint32_t *out)
{
    static const char DIGITS[] = "0123456789abcdefABCDEF";
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        const char *digit = r->at < r->end && *r->at != '\0' ? strchr(DIGITS, *r->at) : NULL;
        if (digit == NULL) {
            return false;
        }
        const uint32_t value = (uint32_t)(digit - DIGITS);
        code = code << 4 | (value < 16 ? value : value - 6);
        r->at++;
    }
    *out = code;
    return true;
}

/* What follows "\u"; two halves of a pair make one character. 0 is none. */
static uint32_t read_code(reader *r)
{
    uint32_t high = 0;
    uint32_t low = 0;
    if (!read_hexadecimal(r, &high) || (high >= 0xdc00 && high < 0xe000)) {
        return 0;
    }
    if (high < 0xd800 || high >= 0xe000) {
        return high;
    }
    bool has_low = r->end - r->at >= 2 && r->at[0] == '\\' && r->at[1] == 'u';
    r->at += has_low ? 2 : 0;
    if (!has_low || !read_hexadecimal(r, &low) || low < 0xdc00 || low >= 0xe000) {
        return 0;
    }
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Read what follows a backslash. Returns its length in UTF-8; 0: broken. */
static size_t read_escape(reader *r, char *out)
{
    static const char ESCAPES[] = "\"\\/bfnrt";
    static const char MEANINGS[] = "\"\\/\b\f\n\r\t";
    if (r->at == r->end) {
        return 0;
    }
    char c = *r->at++;
    const char *escape = c != '\0' ? strchr(ESCAPES, c) : NULL;
    if (escape != NULL) {
        *out = MEANINGS[escape - ESCAPES];
        return 1;
    }
    uint32_t code = c == 'u' ? read_code(r) : 0;
    return code != 0 ? pbt__utf8_write(code, out) : 0;
}

/* Bytes up to a string's last quote, escapes as they are. */
static size_t text_length(const reader *r)
{
    const char *at = r->at;
    while (at < r->end && *at != '"') {
        at += *at == '\\' && r->end - at > 1 ? 2 : 1;
    }
    return (size_t)(at - r->at);
}

/* Read a string's text after its first quote into the buffer, with a NUL. */
static bool read_text(reader *r, size_t *length)
{
    char *out = make_room(r, text_length(r));
    if (out == NULL) {
        return false;
    }
    while (r->at < r->end && *r->at != '"') {
        size_t size = 0;
        if (*r->at == '\\') {
            r->at++;
            size = read_escape(r, out);
        } else if ((unsigned char)*r->at >= ' ') {
            size = pbt__utf8_step(r->at, (size_t)(r->end - r->at));
            memcpy(out, r->at, size);
            r->at += size;
        }
        if (size == 0) {
            return broken(r, "a character that no string may hold");
        }
        out += size;
    }
    if (r->at == r->end) {
        return broken(r, "a string without an end");
    }
    r->at++;
    *out = '\0';
    *length = (size_t)(out - r->buffer) - r->used;
    return true;
}

/* ---- numbers and words ---- */

static size_t digits(reader *r)
{
    const char *start = r->at;
    while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
        r->at++;
    }
    return (size_t)(r->at - start);
}

static bool take_any(reader *r, const char *set)
{
    bool is_next = r->at < r->end && *r->at != '\0' && strchr(set, *r->at) != NULL;
    r->at += is_next ? 1 : 0;
    return is_next;
}

/* Walk over a number. Returns whether it is one; `*is_real` where it has a fraction or an exponent.
 */
static bool skip_number(reader *r, bool *is_real)
{
    (void)take_any(r, "-");
    bool is_zero = r->at < r->end && *r->at == '0';
    size_t whole = digits(r);
    bool has_fraction = take_any(r, ".");
    bool is_sound = whole > 0 && !(is_zero && whole > 1) && (!has_fraction || digits(r) > 0);
    bool has_exponent = take_any(r, "eE");
    if (has_exponent) {
        (void)take_any(r, "+-");
        is_sound = digits(r) > 0 && is_sound;
    }
    *is_real = has_fraction || has_exponent;
    return is_sound;
}

static json_t *read_real(reader *r)
{
    double value = 0;
    bool fits = pbt__number_read(r->buffer + r->used, &value) || broken(r, "a number too large");
    return fits ? json_real(value) : NULL;
}

static json_t *read_integer(reader *r)
{
    errno = 0;
    json_int_t value = strtoll(r->buffer + r->used, NULL, 10);
    if (errno != 0 && r->is_lenient) {
        return read_real(r);
    }
    bool fits = errno == 0 || broken(r, "an integer too large");
    return fits ? json_integer(value) : NULL;
}

static json_t *read_number(reader *r)
{
    const char *start = r->at;
    bool is_real = false;
    if (!skip_number(r, &is_real)) {
        r->fault = "no value";
        return NULL;
    }
    size_t length = (size_t)(r->at - start);
    char *token = make_room(r, length);
    if (token == NULL) {
        return NULL;
    }
    memcpy(token, start, length);
    token[length] = '\0';
    return is_real ? read_real(r) : read_integer(r);
}

static bool take_word(reader *r, const char *word)
{
    size_t length = strlen(word);
    bool is_next = (size_t)(r->end - r->at) >= length && memcmp(r->at, word, length) == 0;
    r->at += is_next ? length : 0;
    return is_next;
}

/* A word of Python's json module for a number that is not finite, as pbt writes it; NULL: none. */
static const char *take_number_word(reader *r)
{
    static const char *const WORDS[][2] = {
        {"NaN", "nan"}, {"Infinity", "inf"}, {"-Infinity", "-inf"}};
    for (size_t i = 0; r->is_lenient && i < sizeof WORDS / sizeof *WORDS; i++) {
        if (take_word(r, WORDS[i][0])) {
            return WORDS[i][1];
        }
    }
    return NULL;
}

/* ---- values ---- */

static json_t *read_value(reader *r);

/* Add one member; its name stays in the buffer while its value is read. */
static bool read_member(reader *r, json_t *object)
{
    const size_t name = r->used;
    size_t length = 0;
    if (!take(r, '"')) {
        return broken(r, "no name");
    }
    if (!read_text(r, &length)) {
        return false;
    }
    if (json_object_get(object, r->buffer + name) != NULL || !take(r, ':')) {
        return broken(r, "a name twice, or no colon after it");
    }
    r->used += length + 1;
    json_t *value = read_value(r);
    r->used = name;
    return json_object_set_new_nocheck(object, r->buffer + name, value) == 0;
}

static bool read_element(reader *r, json_t *array)
{
    return json_array_append_new(array, read_value(r)) == 0;
}

static bool read_rest(reader *r, json_t *list, bool (*read_one)(reader *r, json_t *list), char end)
{
    do {
        if (!read_one(r, list)) {
            return false;
        }
    } while (take(r, ','));
    return take(r, end) || broken(r, "neither a comma nor an end");
}

/* Read what lies between brackets: nothing, or `read_one` between commas. Owner: takes `list`. */
static json_t *read_list(reader *r, json_t *list, bool (*read_one)(reader *r, json_t *list),
                         char end)
{
    bool is_sound = list != NULL && (++r->depth <= DEPTH_MAXIMUM || broken(r, "too deep")) &&
                    (take(r, end) || read_rest(r, list, read_one, end));
    r->depth--;
    if (!is_sound) {
        json_decref(list);
        return NULL;
    }
    return list;
}

static json_t *read_value(reader *r)
{
    size_t length = 0;
    if (r->left == 0) {
        r->fault = TOO_MANY;
        return NULL;
    }
    r->left--;
    if (take(r, '{')) {
        return read_list(r, json_object(), read_member, '}');
    }
    if (take(r, '[')) {
        return read_list(r, json_array(), read_element, ']');
    }
    if (take(r, '"')) {
        return read_text(r, &length) ? json_stringn_nocheck(r->buffer + r->used, length) : NULL;
    }
    if (take_word(r, "null")) {
        return json_null();
    }
    const char *word = take_number_word(r);
    if (word != NULL) {
        return json_string(word);
    }
    bool is_true = take_word(r, "true");
    return is_true || take_word(r, "false") ? json_boolean(is_true) : read_number(r);
}

static bool is_at_end(reader *r)
{
    skip_space(r);
    return r->at == r->end || broken(r, "more after the end");
}

static pbt_err fail_reading(const reader *r, const char *text, pbt_error *error)
{
    if (r->fault == NULL) {
        return pbt__fail_memory(error);
    }
    const pbt_err code = r->fault == TOO_MANY ? PBT_ERR_LIMIT : PBT_ERR_CORRUPT;
    (void)pbt__fail(error, code, "broken JSON at byte %zu", (size_t)(r->at - text));
    pbt__error_detail(error, "%s", r->fault);
    return code;
}

pbt_err pbt__json_read_source(const pbt__json_source *source, json_t **out, pbt_error *error)
{
    const char *text = source->text;
    reader r = {
        .at = text,
        .end = text + source->length,
        .left = source->value_maximum > 0 ? source->value_maximum : SIZE_MAX,
        .is_lenient = source->is_lenient,
    };
    json_t *json = read_value(&r);
    if (json != NULL && !is_at_end(&r)) {
        json_decref(json);
        json = NULL;
    }
    free(r.buffer);
    if (json == NULL) {
        return fail_reading(&r, text, error);
    }
    *out = json;
    return PBT_OK;
}

pbt_err pbt__json_read(const char *text, size_t length, json_t **out, pbt_error *error)
{
    return pbt__json_read_source(&(pbt__json_source){.text = text, .length = length}, out, error);
}
