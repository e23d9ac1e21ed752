/*
 * json_read.c: JSON texts as Jansson's values.
 *
 * Jansson's own reader drops bytes of a text where memory runs out, and then reads on: "seed":12
 * may come out as 1. A log must be read as it is or not at all, so the reading is ours, and every
 * failure of memory is known for what it is. Strings and numbers are gathered in one buffer as long
 * as the text: each is no longer than its token, and one within another comes after it.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "study/json.h"

enum { DEPTH_MAXIMUM = 64 };

typedef struct reader {
    const char *at, *end;
    char *token;       /* where the next string or number is gathered */
    const char *fault; /* what is wrong with the text; NULL after a failure: no memory */
    int depth;
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

/* ---- strings ---- */

size_t pbt__utf8_step(const char *text, size_t left)
{
    static const uint32_t LEAST[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text;
    if (left == 0 || at[0] < 0x80) {
        return left == 0 ? 0 : 1;
    }
    size_t length = at[0] < 0xc0 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
    if (length == 1 || length > left || at[0] > 0xf4) {
        return 0;
    }
    uint32_t code = at[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (at[i] & 0x3fu);
    }
    bool is_surrogate = code >= 0xd800 && code < 0xe000;
    return code >= LEAST[length] && code <= 0x10ffff && !is_surrogate ? length : 0;
}

bool pbt__utf8_is_valid(const char *text)
{
    size_t left = strlen(text);
    for (size_t step = 1; left > 0 && step > 0; left -= step) {
        step = pbt__utf8_step(text, left);
        text += step;
    }
    return left == 0;
}

static size_t utf8_write(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    out[0] = (char)(0xf00u >> length | code);
    return length;
}

static bool read_hexadecimal(reader *r, uint32_t *out)
{
    static const char DIGITS[] = "0123456789abcdef";
    uint32_t code = 0;
    for (int i = 0; i < 4; i++) {
        const char *digit = r->at < r->end && *r->at != '\0' ? strchr(DIGITS, *r->at | 0x20) : NULL;
        if (digit == NULL) {
            return false;
        }
        code = code << 4 | (uint32_t)(digit - DIGITS);
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
    return code != 0 ? utf8_write(code, out) : 0;
}

/* Read a string's text after its first quote into the buffer, with a NUL. */
static bool read_text(reader *r, size_t *length)
{
    char *out = r->token;
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
    *length = (size_t)(out - r->token);
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
 * */
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
    bool fits = pbt__number_read(r->token, &value) || broken(r, "a number too large");
    return fits ? json_real(value) : NULL;
}

static json_t *read_integer(reader *r)
{
    errno = 0;
    json_int_t value = strtoll(r->token, NULL, 10);
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
    memcpy(r->token, start, length);
    r->token[length] = '\0';
    return is_real ? read_real(r) : read_integer(r);
}

static bool take_word(reader *r, const char *word)
{
    size_t length = strlen(word);
    bool is_next = (size_t)(r->end - r->at) >= length && memcmp(r->at, word, length) == 0;
    r->at += is_next ? length : 0;
    return is_next;
}

/* ---- values ---- */

static json_t *read_value(reader *r);

/* Add one member; its name stays in the buffer while its value is read. */
static bool read_member(reader *r, json_t *object)
{
    char *name = r->token;
    size_t length = 0;
    if (!take(r, '"')) {
        return broken(r, "no name");
    }
    if (!read_text(r, &length)) {
        return false;
    }
    if (json_object_get(object, name) != NULL || !take(r, ':')) {
        return broken(r, "a name twice, or no colon after it");
    }
    r->token += length + 1;
    json_t *value = read_value(r);
    r->token = name;
    return json_object_set_new_nocheck(object, name, value) == 0;
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
    if (take(r, '{')) {
        return read_list(r, json_object(), read_member, '}');
    }
    if (take(r, '[')) {
        return read_list(r, json_array(), read_element, ']');
    }
    if (take(r, '"')) {
        return read_text(r, &length) ? json_stringn_nocheck(r->token, length) : NULL;
    }
    if (take_word(r, "null")) {
        return json_null();
    }
    bool is_true = take_word(r, "true");
    return is_true || take_word(r, "false") ? json_boolean(is_true) : read_number(r);
}

static bool is_at_end(reader *r)
{
    skip_space(r);
    return r->at == r->end || broken(r, "more after the end");
}

pbt_err pbt__json_read(const char *text, size_t length, json_t **out, pbt_error *error)
{
    char *buffer = length < SIZE_MAX ? pbt__calloc(length + 1, 1) : NULL;
    if (buffer == NULL) {
        return pbt__fail_memory(error);
    }
    reader r = {.at = text, .end = text + length, .token = buffer};
    json_t *json = read_value(&r);
    if (json != NULL && !is_at_end(&r)) {
        json_decref(json);
        json = NULL;
    }
    free(buffer);
    if (json == NULL && r.fault == NULL) {
        return pbt__fail_memory(error);
    }
    if (json == NULL) {
        (void)pbt__fail(error, PBT_ERR_CORRUPT, "broken JSON at byte %zu", (size_t)(r.at - text));
        pbt__error_detail(error, "%s", r.fault);
        return PBT_ERR_CORRUPT;
    }
    *out = json;
    return PBT_OK;
}
