/* replay.h: a recorded schedule as a study of its own. */
#ifndef PBT_STUDY_REPLAY_H
#define PBT_STUDY_REPLAY_H

#include <jansson.h>

#include "spec/spec.h"

typedef struct pbt__replay_options {
    const char *name; /* the new study's */
    double scale;     /* of all ages: 2.0 trains twice as long by the same schedule */
} pbt__replay_options;

/*
 * Make the spec of a study that trains one model by a schedule (pbt__study_schedule): population 1,
 * no exploit, no explore, the same trainer, space, metric and start. It ends with the schedule.
 * Owner: the caller frees `*out`. Errors: PBT_ERR_ARGUMENT (the scale leaves a stage no step),
 * PBT_ERR_CORRUPT, PBT_ERR_SPEC, PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__replay_spec(const pbt_spec *spec, const json_t *schedule,
                                      const pbt__replay_options *options, pbt_spec **out,
                                      pbt_error *error);

#endif
