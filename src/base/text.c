/*
 * text.c: growing texts, and numbers as texts.
 *
 * Numbers are laid out here digit by digit: printf and strtod follow the user's locale, and a log
 * written under one must read back under another. A whole number and a power of ten keep ".0", so
 * that every reader of JSON and YAML sees a float.
 */
#include "base/text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"

/* ---- growing texts --------------------------------------------------------------------------- */

enum { FIRST_CAPACITY = 256 };

pbt__text pbt__text_init(size_t maximum)
{
    return (pbt__text){.maximum = maximum < SIZE_MAX / 4 ? maximum : SIZE_MAX / 4};
}

void pbt__text_fini(pbt__text *text)
{
    free(text->bytes);
    *text = pbt__text_init(text->maximum);
}

/* Make room for `more` bytes and a NUL; false, and failed, where that cannot be. */
static bool reserve(pbt__text *text, size_t more)
{
    if (text->failed || more > text->maximum - text->length) {
        text->failed = true;
        return false;
    }
    const size_t needed = text->length + more + 1;
    if (needed <= text->capacity) {
        return true;
    }
    size_t capacity = text->capacity > 0 ? 2 * text->capacity : FIRST_CAPACITY;
    if (capacity > text->maximum + 1) {
        capacity = text->maximum + 1;
    }
    if (capacity < needed) {
        capacity = needed;
    }
    char *bytes = pbt__realloc(text->bytes, capacity, 1);
    if (bytes == NULL) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void pbt__text_append(pbt__text *text, const char *bytes, size_t length)
{
    if (!reserve(text, length)) {
        return;
    }
    if (length > 0) {
        memcpy(text->bytes + text->length, bytes, length);
    }
    text->length += length;
    text->bytes[text->length] = '\0';
}

void pbt__text_add(pbt__text *text, const char *string)
{
    pbt__text_append(text, string, strlen(string));
}

void pbt__text_format(pbt__text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const int length = vsnprintf(NULL, 0, format, arguments);
    if (length < 0) {
        text->failed = true;
    } else if (reserve(text, (size_t)length)) {
        (void)vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

const char *pbt__text_string(const pbt__text *text)
{
    return text->bytes != NULL ? text->bytes : "";
}

char *pbt__text_take(pbt__text *text)
{
    pbt__text_append(text, "", 0);
    char *taken = NULL;
    if (!text->failed) {
        taken = text->bytes;
        text->bytes = NULL;
    }
    pbt__text_fini(text);
    return taken;
}

/* ---- numbers --------------------------------------------------------------------------------- */

enum {
    SIGNIFICANT_MAX = 17,    /* digits that always tell two doubles apart */
    PLAIN_EXPONENT_MIN = -4, /* below, and from PLAIN_EXPONENT_END on, scientific notation */
    PLAIN_EXPONENT_END = 16,
};

/* A positive number d.ddd * 10^exponent without trailing zeros. */
typedef struct decimal {
    char digits[SIGNIFICANT_MAX + 1];
    int count;
    int exponent;
} decimal;

/* Read a number in C's own notation, whatever the locale. For glibc "C" is a constant. */
static double read_c(const char *text)
{
    const locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    const double value = strtod_l(text, NULL, c);
    freelocale(c);
    return value;
}

/* Round a positive finite number to `count` significant digits. */
static decimal decimal_of(double value, int count)
{
    char text[PBT__NUMBER_SIZE];
    (void)snprintf(text, sizeof text, "%.*e", count - 1, value);
    decimal result = {.count = 0};
    const char *c = text;
    for (; *c != 'e'; c++) {
        if (*c >= '0' && *c <= '9') { /* what else there is is the locale's decimal point */
            result.digits[result.count++] = *c;
        }
    }
    while (result.count > 1 && result.digits[result.count - 1] == '0') {
        result.count--;
    }
    result.exponent = (int)strtol(c + 1, NULL, 10);
    return result;
}

/* Lay out as d.ddde+xx. Returns the length. */
static size_t layout_scientific(const decimal *number, char *out)
{
    const char *fraction = number->count > 1 ? number->digits + 1 : "0";
    const int length = number->count > 1 ? number->count - 1 : 1;
    return (size_t)snprintf(out, PBT__NUMBER_SIZE, "%c.%.*se%+d", number->digits[0], length,
                            fraction, number->exponent);
}

/* Lay out as ddd.ddd. Returns the length. */
static size_t layout_plain(const decimal *number, char *out)
{
    char *end = out;
    const int first = number->exponent < 0 ? number->exponent : 0;
    const int last =
        number->count - 1 > number->exponent + 1 ? number->count - 1 : number->exponent + 1;
    for (int i = first; i <= last; i++) {
        *end++ = i >= 0 && i < number->count ? number->digits[i] : '0';
        if (i == number->exponent) {
            *end++ = '.';
        }
    }
    *end = '\0';
    return (size_t)(end - out);
}

static size_t layout(const decimal *number, char *out)
{
    const bool is_plain =
        number->exponent >= PLAIN_EXPONENT_MIN && number->exponent < PLAIN_EXPONENT_END;
    return is_plain ? layout_plain(number, out) : layout_scientific(number, out);
}

static size_t write_positive(double value, char *out)
{
    /* Fifteen digits find any shorter form by themselves; only subnormals have fewer to give. */
    int count = value < DBL_MIN ? 1 : DBL_DIG;
    for (;; count++) {
        const decimal number = decimal_of(value, count);
        const size_t length = layout(&number, out);
        if (count == SIGNIFICANT_MAX || read_c(out) == value) {
            return length;
        }
    }
}

size_t pbt__number_write(double value, char *out)
{
    size_t sign = 0;
    if (signbit(value) && !isnan(value)) {
        out[sign++] = '-';
    }
    if (isnan(value) || isinf(value)) {
        memcpy(out + sign, isnan(value) ? "nan" : "inf", 4);
        return sign + 3;
    }
    if (value == 0) {
        memcpy(out + sign, "0.0", 4);
        return sign + 3;
    }
    char digits[PBT__NUMBER_SIZE];
    const size_t length = write_positive(fabs(value), digits);
    memcpy(out + sign, digits, length + 1);
    return sign + length;
}

static size_t skip_digits(const char **c)
{
    const size_t length = strspn(*c, "0123456789");
    *c += length;
    return length;
}

/* Say whether the text is a decimal number with an optional fraction and exponent. */
static bool is_decimal(const char *c)
{
    c += *c == '+' || *c == '-';
    size_t digits = skip_digits(&c);
    if (*c == '.') {
        c++;
        digits += skip_digits(&c);
    }
    if (digits == 0) {
        return false;
    }
    if (*c == 'e' || *c == 'E') {
        c++;
        c += *c == '+' || *c == '-';
        if (skip_digits(&c) == 0) {
            return false;
        }
    }
    return *c == '\0';
}

bool pbt__number_read(const char *text, double *out)
{
    if (is_decimal(text)) {
        const double value = read_c(text);
        if (isinf(value)) {
            return false; /* beyond what a double holds */
        }
        *out = value;
        return true;
    }
    const char *word = text + (*text == '+' || *text == '-');
    if (strcasecmp(word, "nan") == 0) {
        *out = (double)NAN;
        return true;
    }
    if (strcasecmp(word, "inf") == 0 || strcasecmp(word, "infinity") == 0) {
        *out = *text == '-' ? -(double)INFINITY : (double)INFINITY;
        return true;
    }
    return false;
}
