/*
 * json.h: JSON as pbt writes it: one line, reals in their shortest exact form (a whole one keeps
 * ".0", so that it stays a float), and numbers that are not finite as the strings "nan", "inf" and
 * "-inf". All JSON is read and written here; in memory it is Jansson's.
 */
#ifndef PBT_BASE_JSON_H
#define PBT_BASE_JSON_H

#include <jansson.h>
#include <pbt/pbt.h>

#include "base/text.h"

/* A number, or its name if it is not finite. New reference; NULL if there is no memory. */
json_t *pbt__json_number(double value);
/* Read what pbt__json_number made, or an integer; false if it is anything else. */
bool pbt__json_number_read(const json_t *json, double *out);

/* Write a value on one line, keys in the order they were set. The caller frees; NULL if there is
 * no memory. */
char *pbt__json_write(const json_t *json);

/* Append a value as pbt__json_write writes it. Nullable: json, then it is null. */
void pbt__json_append(pbt__text *out, const json_t *json);
/* Append a text in quotes, a number or its name, an integer, as pbt__json_write writes them. */
void pbt__json_write_text(pbt__text *out, const char *string);
void pbt__json_write_number(pbt__text *out, double value);
void pbt__json_write_integer(pbt__text *out, int64_t value);

/* Read a text of `length` bytes: one value, no name twice. New reference. Errors: PBT_ERR_CORRUPT
 * saying at which byte, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__json_read(const char *text, size_t length, json_t **out,
                                    pbt_error *error);

/* A text, and which extensions to accept. */
typedef struct pbt__json_source {
    const char *text;
    size_t length;
    size_t value_maximum; /* 0: any number of values */
    bool is_lenient; /* NaN, Infinity and -Infinity as the strings above; an integer beyond 64 bits
                        as a real */
} pbt__json_source;

/* As pbt__json_read. Errors: also PBT_ERR_LIMIT, of more values than that. */
PBT_MUST_USE pbt_err pbt__json_read_source(const pbt__json_source *source, json_t **out,
                                           pbt_error *error);

/* ---- fields ---- */

/* A text; bytes that are not UTF-8 become question marks. New reference; NULL: no memory. */
json_t *pbt__json_text(const char *text);

/* A field as a text, an integer or a number; `fallback` if it is absent or of another kind.
 * Nullable: json. */
const char *pbt__json_get_text(const json_t *json, const char *name, const char *fallback);
int64_t pbt__json_get_integer(const json_t *json, const char *name, int64_t fallback);
double pbt__json_get_real(const json_t *json, const char *name, double fallback);

/* An integer that an object must have, within its bounds, and where it goes. */
typedef struct pbt__json_integer {
    const char *name;
    int64_t *out, minimum, maximum;
} pbt__json_integer;

/* Read integers. Returns the first name whose value is missing or out of bounds; NULL: none.
 * Shape: fields[count] */
const char *pbt__json_get_integers(const json_t *json, const pbt__json_integer *fields,
                                   size_t count);

#endif
