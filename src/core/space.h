/* space.h: hyperparameters: their priors, their bounds, their equality. */
#ifndef PBT_CORE_SPACE_H
#define PBT_CORE_SPACE_H

#include <pbt/pbt.h>

#include "core/rng.h"

enum {
    PBT__PARAMETERS_MAXIMUM = 1024,
    PBT__ITEMS_MAXIMUM = 1024,
    PBT__NAME_MAXIMUM = 64, /* Units: bytes */
};

/*
 * Say what is wrong with a parameter, in words that follow its name ("needs min > 0 on a log
 * scale"); NULL if nothing is. The spec parser and pbt_search_check share it.
 */
const char *pbt__parameter_fault(const pbt_parameter *parameter);

/* Draw from the prior: uniform on the scale; an int's ends each have their fair share. */
pbt_value pbt__parameter_draw(const pbt_parameter *parameter, pbt__rng *rng);

/* Say whether a value lies within its bounds (or its list). */
bool pbt__parameter_holds(const pbt_parameter *parameter, pbt_value value);

/* Compare two values of a parameter, floats bit for bit. */
bool pbt__parameter_equal(const pbt_parameter *parameter, pbt_value a, pbt_value b);

/* Say whether two members' inherited hyperparameters are the same. Shape: a, b [space->count] */
bool pbt__space_inherits_equal(const pbt_space *space, const pbt_value *a, const pbt_value *b);

#endif
