/*
 * text.c: growing texts, and numbers as texts.
 *
 * Numbers are laid out here digit by digit: printf and strtod follow the user's locale, but a log
 * must read back under any locale. A whole number and a power of ten keep ".0", so that readers of
 * JSON and YAML see a float.
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

/* Make room for `more` bytes and a NUL. On failure returns false and sets `failed`. */
static bool reserve(pbt__text *text, size_t more)
{
    if (text->failed) {
        return false;
    }
    if (more > text->maximum - text->length) {
        text->failed = text->is_full = true;
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

void pbt__text_extend(pbt__text *text, const char *bytes, size_t length)
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

void pbt__text_format(pbt__text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    const size_t room = text->failed ? 0 : text->capacity - text->length;
    char *end = room > 0 ? text->bytes + text->length : NULL;
    const int length = vsnprintf(end, room, format, arguments);
    if (length < 0) {
        text->failed = true;
    } else if ((size_t)length < room && (size_t)length <= text->maximum - text->length) {
        text->length += (size_t)length;
    } else if (reserve(text, (size_t)length)) {
        (void)vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    if (text->failed && end != NULL) {
        *end = '\0';
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

size_t pbt__digits_write(int64_t value, char *out)
{
    char digits[PBT__DIGITS_SIZE];
    char *at = digits + sizeof digits;
    uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + left % 10);
        left /= 10;
    } while (left > 0);
    if (value < 0) {
        *--at = '-';
    }
    const size_t length = (size_t)(digits + sizeof digits - at);
    memcpy(out, at, length);
    return length;
}

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

static void strip_zeros(decimal *number)
{
    while (number->count > 1 && number->digits[number->count - 1] == '0') {
        number->count--;
    }
}

/* ---- most numbers, in whole arithmetic ---- */

/*
 * value = mantissa * 2^binary. Its first digits are the whole number nearest to value * 10^q, which
 * is mantissa * 5^q * 2^(binary + q), and for q from 0 to 27 the product of the first two is exact
 * in 128 bits. The digits read back where they are off by less than half of the gap to the next
 * double, which is 5^q / 2 in units of 2^(binary + q); below a power of two the gap is half as
 * wide. For numbers from 1.0e-10 to 1.0e15 this finds what printf and strtod do.
 */
typedef struct scaled {
    uint64_t mantissa;
    int binary;
} scaled;

typedef struct rounded {
    uint64_t whole;      /* rounded down */
    bool is_up;          /* the nearest is one more */
    bool does_read_back; /* the nearest does */
} rounded;

enum { MANTISSA_BITS = 53, EXPONENT_BIAS = 1075, FIVES_MAX = 27, SHIFT_MAX = 96 };

__extension__ typedef unsigned __int128 wide;

/* Powers of a base from x on. */
#define FOUR(base, x) (x), (x) * (base), (x) * (base) * (base), (x) * (base) * (base) * (base)

static const uint64_t FIVES[FIVES_MAX + 1] = {
    FOUR(5, UINT64_C(1)),
    FOUR(5, UINT64_C(625)),
    FOUR(5, UINT64_C(390625)),
    FOUR(5, UINT64_C(244140625)),
    FOUR(5, UINT64_C(152587890625)),
    FOUR(5, UINT64_C(95367431640625)),
    FOUR(5, UINT64_C(59604644775390625)),
};
static const uint64_t TENS[] = {
    FOUR(10, UINT64_C(1)),
    FOUR(10, UINT64_C(10000)),
    FOUR(10, UINT64_C(100000000)),
    FOUR(10, UINT64_C(1000000000000)),
    FOUR(10, UINT64_C(10000000000000000)),
};

/* Returns false if the number cannot be found in this way. */
static bool round_scaled(scaled number, int q, rounded *out)
{
    const int shift = -(number.binary + q);
    if (q < 0 || q > FIVES_MAX || shift < 0 || shift > SHIFT_MAX) {
        return false;
    }
    const wide product = (wide)number.mantissa * FIVES[q];
    const wide unit = (wide)1 << shift;
    const wide rest = product & (unit - 1);
    out->whole = (uint64_t)(product >> shift);
    out->is_up = 2 * rest > unit || (2 * rest == unit && out->whole % 2 == 1);
    const wide error = out->is_up ? unit - rest : rest;
    const bool is_narrow = !out->is_up && number.mantissa == (uint64_t)1 << (MANTISSA_BITS - 1);
    out->does_read_back = error * (is_narrow ? 4 : 2) < FIVES[q];
    return true;
}

/* Find the exponent of the first digit. Returns false as above. */
static bool find_exponent(scaled number, int *out)
{
    enum { LOG_2 = 78913, LOG_BITS = 18 }; /* log10(2) as LOG_2 / 2^LOG_BITS */
    rounded first;
    const int guess = ((number.binary + MANTISSA_BITS - 1) * LOG_2) >> LOG_BITS;
    if (!round_scaled(number, DBL_DIG - 1 - guess, &first)) {
        return false;
    }
    *out = guess + (first.whole >= TENS[DBL_DIG] ? 1 : 0);
    return first.whole >= TENS[DBL_DIG - 1];
}

static decimal decimal_of_whole(uint64_t whole, int count, int exponent)
{
    decimal result = {.count = count, .exponent = exponent};
    if (whole == TENS[count]) {
        whole /= 10;
        result.exponent++;
    }
    for (int i = count - 1; i >= 0; i--) {
        result.digits[i] = (char)('0' + whole % 10);
        whole /= 10;
    }
    strip_zeros(&result);
    return result;
}

/* Find the digits of a positive normal number. Returns false as above. */
static bool find_digits(double value, decimal *out)
{
    int exponent = 0;
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint64_t hidden = (uint64_t)1 << (MANTISSA_BITS - 1);
    const scaled number = {
        .mantissa = (bits & (hidden - 1)) | hidden,
        .binary = (int)(bits >> (MANTISSA_BITS - 1)) - EXPONENT_BIAS,
    };
    if (!find_exponent(number, &exponent)) {
        return false;
    }
    for (int count = DBL_DIG; count <= SIGNIFICANT_MAX; count++) {
        rounded nearest;
        if (!round_scaled(number, count - 1 - exponent, &nearest)) {
            return false;
        }
        if (nearest.does_read_back || count == SIGNIFICANT_MAX) {
            *out = decimal_of_whole(nearest.whole + (nearest.is_up ? 1 : 0), count, exponent);
            return true;
        }
    }
    return false;
}

/* ---- all others, by the C library ---- */

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
        if (*c >= '0' && *c <= '9') { /* the rest is the locale's decimal point */
            result.digits[result.count++] = *c;
        }
    }
    strip_zeros(&result);
    result.exponent = (int)strtol(c + 1, NULL, 10);
    return result;
}

/* ---- as text ---- */

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
    decimal found;
    if (value >= DBL_MIN && find_digits(value, &found)) {
        return layout(&found, out);
    }
    /* Fifteen digits include every shorter form, except for subnormals. */
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
