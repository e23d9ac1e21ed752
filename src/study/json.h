/* json.h: hyperparameters, changes and ids as JSON and back. */
#ifndef PBT_STUDY_JSON_H
#define PBT_STUDY_JSON_H

#include <pbt/pbt.h>

#include "base/json.h"
#include "base/utf8.h"

/* Hyperparameters as an object by name. New reference; NULL if there is no memory.
 * Shape: values[space->count] */
json_t *pbt__values_json(const pbt_space *space, const pbt_value *values);
/* Append the same as text. */
void pbt__json_write_values(pbt__text *out, const pbt_space *space, const pbt_value *values);
/* Read them back. Errors: PBT_ERR_CORRUPT naming the one that is missing or does not fit. */
PBT_MUST_USE pbt_err pbt__values_read(const pbt_space *space, const json_t *json, pbt_value *values,
                                      pbt_error *error);

/* Changes as {name: {operation from to}}, those untouched left out. `after` are the values now. */
json_t *pbt__changes_json(const pbt_space *space, const pbt_change *changes,
                          const pbt_value *after);
/* Append the same as text. */
void pbt__json_write_changes(pbt__text *out, const pbt_space *space, const pbt_change *changes,
                             const pbt_value *after);
PBT_MUST_USE pbt_err pbt__changes_read(const pbt_space *space, const json_t *json,
                                       pbt_change *changes, pbt_error *error);

/* A time as text. New reference. */
json_t *pbt__study_time_json(int64_t time_us);

/* An id, or null for PBT_NO_SEGMENT. New reference. */
json_t *pbt__id_json(pbt_segment_id id);

#endif
