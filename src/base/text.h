/*
 * text.h: growing texts with a stated maximum, and numbers as texts.
 *
 * A pbt__text remembers its first failure: append freely, then look at `failed` once. Numbers
 * are written in their shortest form that reads back exactly.
 */
#ifndef PBT_BASE_TEXT_H
#define PBT_BASE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct pbt__text {
    char *bytes; /* NUL-terminated once anything was appended; NULL before */
    size_t length;
    size_t capacity;
    size_t maximum; /* Units: bytes, the final NUL aside */
    bool failed;    /* out of memory, or beyond the maximum */
    bool is_full;   /* it was the maximum */
} pbt__text;

/* Begin an empty text that holds at most `maximum` bytes. Allocates nothing. */
pbt__text pbt__text_init(size_t maximum);
void pbt__text_fini(pbt__text *text);

/* Append where there is no room yet. */
void pbt__text_extend(pbt__text *text, const char *bytes, size_t length);

/* Here, so that a literal costs a few stores: rows are some fifty pieces each. */
static inline void pbt__text_append(pbt__text *text, const char *bytes, size_t length)
{
    if (text->failed || length >= text->capacity - text->length) {
        pbt__text_extend(text, bytes, length);
        return;
    }
    if (length > 0) { /* else `bytes` may be NULL */
        memcpy(text->bytes + text->length, bytes, length);
    }
    text->length += length;
    text->bytes[text->length] = '\0';
}

/* Append a string; a literal's length is known when this is compiled. */
static inline void pbt__text_add(pbt__text *text, const char *string)
{
    pbt__text_append(text, string, strlen(string));
}

void pbt__text_format(pbt__text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The text so far, "" if it is empty. Never NULL. */
const char *pbt__text_string(const pbt__text *text);

/* Give the bytes to the caller, who frees them; NULL if the text failed. The text is empty
 * then. */
char *pbt__text_take(pbt__text *text);

/* Copy a string, as far as it fits. Shape: out[size] */
static inline void pbt__copy(const char *string, char *out, size_t size)
{
    const size_t length = strnlen(string, size - 1);
    memcpy(out, string, length);
    out[length] = '\0';
}

enum { PBT__NUMBER_SIZE = 32, PBT__DIGITS_SIZE = 20 };

/* Write a whole number's digits, without a NUL; returns how many. Shape: out[PBT__DIGITS_SIZE] */
size_t pbt__digits_write(int64_t value, char *out);

/*
 * Write a double in the shortest form that reads back exactly; a whole number keeps ".0", so that
 * it stays a float; "nan", "inf", "-inf" otherwise. Locale-independent.
 * Shape: out[PBT__NUMBER_SIZE]; returns the length.
 */
size_t pbt__number_write(double value, char *out);

/*
 * Read a whole text as a double: decimal, or in any case nan, inf, infinity with a sign.
 * Returns false if it is anything else. Locale-independent.
 */
bool pbt__number_read(const char *text, double *out);

#endif
