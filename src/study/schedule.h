/* schedule.h: a schedule (pbt__study_schedule) as the files people take away. */
#ifndef PBT_STUDY_SCHEDULE_H
#define PBT_STUDY_SCHEDULE_H

#include <jansson.h>

#include "base/text.h"

/* Append a schedule as CSV (RFC 4180): start_age, end_age, segment, a column per hyperparameter. */
void pbt__schedule_csv(const json_t *schedule, pbt__text *out);

/* Append it as YAML, one row per line, values in the types they have. */
void pbt__schedule_yaml(const json_t *schedule, pbt__text *out);

/* Append it as JSON on one line, with a newline. */
void pbt__schedule_json(const json_t *schedule, pbt__text *out);

#endif
