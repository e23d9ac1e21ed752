/* json.c: writing JSON, and looking into it. */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "base/utf8.h"

enum { TEXT_MAXIMUM = 64 * 1024 * 1024, DEPTH_MAXIMUM = 32 };

json_t *pbt__json_number(double value)
{
    char text[PBT__NUMBER_SIZE];
    if (isfinite(value)) {
        return json_real(value);
    }
    pbt__number_write(value, text);
    return json_string(text);
}

bool pbt__json_number_read(const json_t *json, double *out)
{
    if (json_is_number(json)) {
        *out = json_number_value(json);
        return true;
    }
    double value = 0;
    if (!json_is_string(json) || !pbt__number_read(json_string_value(json), &value) ||
        isfinite(value)) {
        return false;
    }
    *out = value;
    return true;
}

/* ---- writing ---- */

/* The escape of a character that JSON strings may not hold as it is; "" where they may. */
static const char *escape_of(unsigned char c)
{
    static const char *const SHORT[] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
        ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t",
    };
    bool is_short = c < sizeof SHORT / sizeof *SHORT && SHORT[c] != NULL;
    return is_short ? SHORT[c] : "";
}

void pbt__json_write_text(pbt__text *out, const char *string)
{
    pbt__text_append(out, "\"", 1);
    for (const char *at = string; *at != '\0';) {
        const char *end = at;
        while ((unsigned char)*end >= ' ' && *end != '"' && *end != '\\') {
            end++;
        }
        pbt__text_append(out, at, (size_t)(end - at));
        const char *escape = escape_of((unsigned char)*end);
        if (*escape != '\0') {
            pbt__text_add(out, escape);
        } else if (*end != '\0') {
            pbt__text_format(out, "\\u%04X", (unsigned)*end);
        }
        at = *end != '\0' ? end + 1 : end;
    }
    pbt__text_append(out, "\"", 1);
}

void pbt__json_write_number(pbt__text *out, double value)
{
    char number[PBT__NUMBER_SIZE];
    const size_t length = pbt__number_write(value, number);
    const char *quote = isfinite(value) ? "" : "\"";
    pbt__text_add(out, quote);
    pbt__text_append(out, number, length);
    pbt__text_add(out, quote);
}

void pbt__json_write_integer(pbt__text *out, int64_t value)
{
    char digits[PBT__DIGITS_SIZE];
    pbt__text_append(out, digits, pbt__digits_write(value, digits));
}

static void write_value(pbt__text *out, const json_t *json, int depth);

static void write_object(pbt__text *out, const json_t *json, int depth)
{
    const char *key = NULL;
    json_t *value = NULL;
    const char *separator = "{";
    json_object_foreach((json_t *)(uintptr_t)json, key, value)
    {
        pbt__text_add(out, separator);
        pbt__json_write_text(out, key);
        pbt__text_add(out, ":");
        write_value(out, value, depth + 1);
        separator = ",";
    }
    pbt__text_add(out, *separator == '{' ? "{}" : "}");
}

static void write_array(pbt__text *out, const json_t *json, int depth)
{
    for (size_t i = 0; i < json_array_size(json); i++) {
        pbt__text_add(out, i == 0 ? "[" : ",");
        write_value(out, json_array_get(json, i), depth + 1);
    }
    pbt__text_add(out, json_array_size(json) == 0 ? "[]" : "]");
}

static void write_value(pbt__text *out, const json_t *json, int depth)
{
    if (depth > DEPTH_MAXIMUM) {
        out->failed = true;
        return;
    }
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        write_object(out, json, depth);
        break;
    case JSON_ARRAY:
        write_array(out, json, depth);
        break;
    case JSON_STRING:
        pbt__json_write_text(out, json_string_value(json));
        break;
    case JSON_INTEGER:
        pbt__json_write_integer(out, json_integer_value(json));
        break;
    case JSON_REAL:
        pbt__json_write_number(out, json_real_value(json));
        break;
    case JSON_TRUE:
        pbt__text_add(out, "true");
        break;
    case JSON_FALSE:
        pbt__text_add(out, "false");
        break;
    default:
        pbt__text_add(out, "null");
        break;
    }
}

void pbt__json_append(pbt__text *out, const json_t *json)
{
    if (json == NULL) {
        pbt__text_add(out, "null");
    } else {
        write_value(out, json, 0);
    }
}

char *pbt__json_write(const json_t *json)
{
    pbt__text out = pbt__text_init(TEXT_MAXIMUM);
    if (json == NULL) {
        return NULL;
    }
    pbt__json_append(&out, json);
    char *text = pbt__text_take(&out);
    pbt__text_fini(&out);
    return text;
}

/* ---- fields ---- */

json_t *pbt__json_text(const char *text)
{
    char *copy = pbt__strdup(text);
    if (copy != NULL) {
        pbt__utf8_mend(copy);
    }
    json_t *json = json_string(copy);
    free(copy);
    return json;
}

const char *pbt__json_get_text(const json_t *json, const char *name, const char *fallback)
{
    const json_t *value = json_object_get(json, name);
    return json_is_string(value) ? json_string_value(value) : fallback;
}

int64_t pbt__json_get_integer(const json_t *json, const char *name, int64_t fallback)
{
    const json_t *value = json_object_get(json, name);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

double pbt__json_get_real(const json_t *json, const char *name, double fallback)
{
    const json_t *value = json_object_get(json, name);
    return json_is_number(value) ? json_number_value(value) : fallback;
}

const char *pbt__json_get_integers(const json_t *json, const pbt__json_integer *fields,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const int64_t value = pbt__json_get_integer(json, fields[i].name, -1);
        *fields[i].out = value;
        if (value < fields[i].minimum || value > fields[i].maximum) {
            return fields[i].name;
        }
    }
    return NULL;
}
