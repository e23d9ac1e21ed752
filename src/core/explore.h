/* explore.h: how hyperparameters change (rules.md section 4). */
#ifndef PBT_CORE_EXPLORE_H
#define PBT_CORE_EXPLORE_H

#include <pbt/pbt.h>

/*
 * Explore: change `values` in place by search->explore, and say what was done.
 *
 * Each hyperparameter has its own random stream, keyed by (search->seed, id.member, id.number). A
 * constant or inherited one is never touched. Every value stays within its bounds.
 * An operation is recorded wherever one was applied, also where the value did not move.
 * Shape: values, changes [search->space.count]; `changes` is written whole.
 */
void pbt__explore(const pbt_search *search, pbt_segment_id id, pbt_value *values,
                  pbt_change *changes);

/* As pbt__explore with the rule `resample`, whatever the search says (a fresh start after
 * failures). */
void pbt__explore_resample(const pbt_search *search, pbt_segment_id id, pbt_value *values,
                           pbt_change *changes);

#endif
