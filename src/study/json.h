/*
 * json.h: JSON as pbt writes it: one line, reals in their shortest exact form (a whole one keeps
 * ".0", so that it stays a float), and numbers that are not finite as the strings "nan", "inf" and
 * "-inf".
 */
#ifndef PBT_STUDY_JSON_H
#define PBT_STUDY_JSON_H

#include <jansson.h>
#include <pbt/pbt.h>

/* A number, or its name where it is not finite. New reference; NULL where there is no memory. */
json_t *pbt__json_number(double value);
/* Read what pbt__json_number made, or an integer; false where it is anything else. */
bool pbt__json_number_read(const json_t *json, double *out);

/* Write a value on one line, keys in the order they were set. The caller frees; NULL where there is
 * no memory. */
char *pbt__json_write(const json_t *json);

/* Read a text of `length` bytes: one value, no name twice. New reference. Errors: PBT_ERR_CORRUPT
 * saying at which byte, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__json_read(const char *text, size_t length, json_t **out,
                                    pbt_error *error);

/* The length of the UTF-8 character that `text` begins with; 0 where it begins with none. */
size_t pbt__utf8_step(const char *text, size_t left);
/* Whether a text is UTF-8 to its end, as every text in JSON must be. */
bool pbt__utf8_is_valid(const char *text);

/* Hyperparameters as an object by name. New reference; NULL where there is no memory.
 * Shape: values[space->count] */
json_t *pbt__values_json(const pbt_space *space, const pbt_value *values);
/* Read them back. Errors: PBT_ERR_CORRUPT naming the one that is missing or does not fit. */
PBT_MUST_USE pbt_err pbt__values_read(const pbt_space *space, const json_t *json, pbt_value *values,
                                      pbt_error *error);

/* Changes as {name: {operation from to}}, those untouched left out. `after` are the values now. */
json_t *pbt__changes_json(const pbt_space *space, const pbt_change *changes,
                          const pbt_value *after);
PBT_MUST_USE pbt_err pbt__changes_read(const pbt_space *space, const json_t *json,
                                       pbt_change *changes, pbt_error *error);

/* An id, or null for PBT_NO_SEGMENT. New reference. */
json_t *pbt__id_json(pbt_segment_id id);

#endif
