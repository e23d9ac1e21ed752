/* format.h: numbers and times for people: 4 significant digits; JSON is where exact ones are. */
#ifndef PBT_RENDER_FORMAT_H
#define PBT_RENDER_FORMAT_H

#include <jansson.h>
#include <stdint.h>

#include "study/study.h"

enum { PBT__CELL_SIZE = 128 };

/* Write a JSON scalar: a real with 4 significant digits, an integer whole, a text as it is, null as
 * "-". Nullable: value. Shape: out[PBT__CELL_SIZE]; cut where too long. */
void pbt__format_json(const json_t *value, char *out);

/* Write a number with 4 significant digits, a whole one below 1e7 with all of them; "nan", "inf" or
 * "-inf" if it is not finite. Shape: out[PBT__CELL_SIZE] */
void pbt__format_real(double value, char *out);

/* Write a hyperparameter's value, as pbt__format_json writes it. Shape: out[PBT__CELL_SIZE] */
void pbt__format_value(const pbt_parameter *parameter, pbt_value value, char *out);

/* Write seconds as "0:07", "1:02:03" or "3 days 1:02:03". Shape: out[PBT__CELL_SIZE] */
void pbt__format_seconds(double seconds, char *out);

/* Write how far a study is: "120 of 800 steps", or "120 steps, 0:08 of 0:30" where its time alone
 * is limited. Shape: out[PBT__CELL_SIZE] */
void pbt__format_progress(const pbt__summary *summary, char *out);

/* Write a size: "512 bytes", "1.5 MiB". Shape: out[PBT__CELL_SIZE] */
void pbt__format_bytes(int64_t bytes, char *out);

/* Write a count and its noun: "1 copy", "2 copies". Shape: out[PBT__CELL_SIZE] */
void pbt__format_count(int64_t count, const char *noun, char *out);

#endif
