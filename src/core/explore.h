/* explore.h: how hyperparameters change, and helpers for explore rules. */
#ifndef PBT_CORE_EXPLORE_H
#define PBT_CORE_EXPLORE_H

#include "core/rule.h"

/*
 * Explore: change `values` in place by search->explore, and say what was done.
 *
 * A constant or inherited one is never touched. Every value stays within its bounds. Every applied
 * operation is recorded, even if the value did not move.
 * Shape: values, changes [search->space.count]; `changes` is written whole.
 */
void pbt__explore(const pbt_search *search, pbt__history history, pbt_segment_id id,
                  pbt_value *values, pbt_change *changes);

/* ---- for rules ---- */

/* One hyperparameter on its way. */
typedef struct pbt__move {
    const pbt_explore *rule;
    const pbt_search *search;
    const pbt_parameter *parameter;
    const struct pbt__type *type; /* the parameter's */
    pbt_value *value;
    pbt_change *change;
    pbt__rng *rng; /* its own stream, keyed by (seed, member, number) */
} pbt__move;

/* Say whether a hyperparameter is never explored: it is a constant, or inherited. */
bool pbt__explore_is_still(const pbt_parameter *parameter);

/* Move each hyperparameter that is explored by itself, in the space's order. */
void pbt__explore_each(const pbt__exploration *at, void (*one)(const pbt__move *move));

/* A float or an int as a number. */
double pbt__move_get(const pbt__move *move);
/* Set it within its bounds, an int rounded; record whether it was clamped. */
void pbt__move_set(const pbt__move *move, double wanted);
/* Multiply x, or 1 - x on a reverse_log scale. */
double pbt__move_multiply(const pbt__move *move, double x, double factor);

/* Draw it anew from its prior. */
void pbt__move_resample(const pbt__move *move);

#endif
