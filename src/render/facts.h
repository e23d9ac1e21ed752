/* facts.h: what people read of a study and of its best segment: names on the left, values
 * beside. */
#ifndef PBT_RENDER_FACTS_H
#define PBT_RENDER_FACTS_H

#include <jansson.h>

#include "base/text.h"
#include "study/study.h"

/* Append the facts of a `show` object, its best among them. */
void pbt__facts_show(const json_t *show, const pbt_spec *spec, pbt__text *out);

/* Append the facts of a `best` object: score, where it is, checkpoint, hyperparameters. */
void pbt__facts_best(const json_t *best, const pbt_spec *spec, pbt__text *out);

/* "2 of 4 members failed (m1, m3): 380 of 8000 steps were not trained"; false if nobody has
 * failed or lost steps. `out` is empty before. */
bool pbt__facts_missing(const json_t *show, pbt__text *out);

/* "m0s1 at step 8 of 10, m3s2 at step 24 of 30": progress that the next run goes on from. */
void pbt__facts_kept(const json_t *show, pbt__text *out);

#endif
