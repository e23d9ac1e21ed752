/* scalar.c: see scalar.h. Character classes are written out, because a locale must not change a
 * spec. */
#include "spec/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return strcmp(text, a) == 0 || strcmp(text, b) == 0 || strcmp(text, c) == 0;
}

static size_t digit_count(const char *text)
{
    return strspn(text, "0123456789");
}

static const char *skip_sign(const char *text)
{
    return *text == '-' || *text == '+' ? text + 1 : text;
}

/* ---- reading ---- */

/* [-+]? [0-9]+, 0o [0-7]+, 0x [0-9a-fA-F]+; returns the base, or 0 if it is no integer. */
static int integer_base(const char *text)
{
    if (text[0] == '0' && text[1] == 'o' && text[2] != '\0') {
        return text[2 + strspn(text + 2, "01234567")] == '\0' ? 8 : 0;
    }
    if (text[0] == '0' && text[1] == 'x' && text[2] != '\0') {
        return text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] == '\0' ? 16 : 0;
    }
    const char *digits = skip_sign(text);
    return digits[0] != '\0' && digits[digit_count(digits)] == '\0' ? 10 : 0;
}

static pbt__scalar read_integer(const char *text, int base)
{
    errno = 0;
    int64_t value = strtoll(base == 10 ? text : text + 2, NULL, base);
    return (pbt__scalar){
        .type = PBT__SCALAR_INT,
        .integer = value,
        .real = (double)value,
        .is_beyond = errno == ERANGE,
    };
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(const char *text)
{
    const char *at = skip_sign(text);
    size_t before = digit_count(at);
    at += before;
    size_t after = 0;
    if (*at == '.') {
        after = digit_count(at + 1);
        at += 1 + after;
    }
    if (before + after == 0) {
        return false;
    }
    if (*at == 'e' || *at == 'E') {
        at = skip_sign(at + 1);
        size_t exponent = digit_count(at);
        at += exponent;
        return exponent > 0 && *at == '\0';
    }
    return *at == '\0';
}

static bool read_special(const char *text, double *out)
{
    const char *name = skip_sign(text);
    if (is_one_of(name, ".inf", ".Inf", ".INF")) {
        *out = *text == '-' ? -INFINITY : INFINITY;
        return true;
    }
    if (is_one_of(text, ".nan", ".NaN", ".NAN")) {
        *out = NAN;
        return true;
    }
    return false;
}

static pbt__scalar read_plain(const char *text)
{
    if (*text == '\0' || strcmp(text, "~") == 0 || is_one_of(text, "null", "Null", "NULL")) {
        return (pbt__scalar){.type = PBT__SCALAR_NOTHING};
    }
    if (is_one_of(text, "true", "True", "TRUE") || is_one_of(text, "false", "False", "FALSE")) {
        return (pbt__scalar){.type = PBT__SCALAR_BOOL, .flag = *text == 't' || *text == 'T'};
    }
    int base = integer_base(text);
    if (base != 0) {
        return read_integer(text, base);
    }
    pbt__scalar scalar = {.type = PBT__SCALAR_FLOAT};
    if (read_special(text, &scalar.real)) {
        return scalar;
    }
    if (is_float(text)) {
        scalar.is_beyond = !pbt__number_read(text, &scalar.real) || !isfinite(scalar.real);
        return scalar;
    }
    return (pbt__scalar){.type = PBT__SCALAR_TEXT};
}

pbt__scalar pbt__scalar_read(const pbt__node *node)
{
    return node->is_quoted ? (pbt__scalar){.type = PBT__SCALAR_TEXT} : read_plain(node->text);
}

bool pbt__scalar_item(const pbt__node *node, pbt_item *out)
{
    if (node->kind != PBT__NODE_SCALAR) {
        return false;
    }
    const pbt__scalar scalar = pbt__scalar_read(node);
    switch (scalar.type) {
    case PBT__SCALAR_BOOL:
        *out = (pbt_item){.type = PBT_ITEM_BOOL, .integer = scalar.flag};
        return true;
    case PBT__SCALAR_INT:
        *out = (pbt_item){.type = PBT_ITEM_INT, .integer = scalar.integer};
        return !scalar.is_beyond;
    case PBT__SCALAR_FLOAT:
        *out = (pbt_item){.type = PBT_ITEM_FLOAT, .real = scalar.real};
        return !scalar.is_beyond && isfinite(scalar.real);
    case PBT__SCALAR_TEXT:
        *out = (pbt_item){.type = PBT_ITEM_TEXT, .text = node->text};
        return true;
    case PBT__SCALAR_NOTHING:
        break;
    }
    return false;
}

bool pbt__items_equal(const pbt_item *a, const pbt_item *b)
{
    bool a_is_number = a->type == PBT_ITEM_INT || a->type == PBT_ITEM_FLOAT;
    bool b_is_number = b->type == PBT_ITEM_INT || b->type == PBT_ITEM_FLOAT;
    if (a->type == PBT_ITEM_TEXT && b->type == PBT_ITEM_TEXT) {
        return strcmp(a->text, b->text) == 0;
    }
    if (a->type == b->type && a->type != PBT_ITEM_FLOAT) {
        return a->integer == b->integer;
    }
    double real_a = a->type == PBT_ITEM_INT ? (double)a->integer : a->real;
    double real_b = b->type == PBT_ITEM_INT ? (double)b->integer : b->real;
    return a_is_number && b_is_number && real_a == real_b;
}

/* ---- writing ---- */

/* Words and paths need no quotes; everything else gets them. */
static bool is_plain(const char *text)
{
    static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/.";
    static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_/."
                               "0123456789-+=";
    return *text != '\0' && strchr(first, *text) != NULL && text[strspn(text, rest)] == '\0' &&
           strncmp(text, "...", 3) != 0 && read_plain(text).type == PBT__SCALAR_TEXT;
}

static void write_escaped(pbt__text *out, unsigned char byte)
{
    switch (byte) {
    case '"':
    case '\\':
        pbt__text_format(out, "\\%c", byte);
        return;
    case '\n':
        pbt__text_add(out, "\\n");
        return;
    case '\t':
        pbt__text_add(out, "\\t");
        return;
    default:
        pbt__text_format(out, byte < 0x20 || byte == 0x7f ? "\\u%04x" : "%c", byte);
    }
}

void pbt__scalar_write_text(pbt__text *out, pbt__notation notation, const char *text)
{
    if (notation == PBT__YAML && is_plain(text)) {
        pbt__text_add(out, text);
        return;
    }
    pbt__text_add(out, "\"");
    for (const char *each = text; *each != '\0'; each++) {
        write_escaped(out, (unsigned char)*each);
    }
    pbt__text_add(out, "\"");
}

void pbt__scalar_write_real(pbt__text *out, double value)
{
    char number[PBT__NUMBER_SIZE];
    (void)pbt__number_write(value, number);
    pbt__text_add(out, number);
}

void pbt__scalar_write_item(pbt__text *out, pbt__notation notation, const pbt_item *item)
{
    switch (item->type) {
    case PBT_ITEM_INT:
        pbt__text_format(out, "%" PRId64, item->integer);
        return;
    case PBT_ITEM_FLOAT:
        pbt__scalar_write_real(out, item->real);
        return;
    case PBT_ITEM_BOOL:
        pbt__text_add(out, item->integer != 0 ? "true" : "false");
        return;
    case PBT_ITEM_TEXT:
        pbt__scalar_write_text(out, notation, item->text);
        return;
    }
}
