/*
 * hparams.h: what TensorBoard's HParams tab reads: which hyperparameters and metrics an experiment
 * has, and each session's values. Here the study is the experiment and a member is a session.
 *
 * Each function returns a Summary message of one value, which the caller puts into an event.
 */
#ifndef PBT_EXPORT_HPARAMS_H
#define PBT_EXPORT_HPARAMS_H

#include <pbt/pbt.h>

#include "base/text.h"

/* The experiment. Shape: metrics[count], names. Units: created_seconds since 1970 */
pbt__text pbt__hparams_experiment(const pbt_space *space, const char *const *metrics, size_t count,
                                  double created_seconds);

/* A member's hyperparameters. Shape: values[space->count] */
pbt__text pbt__hparams_start(const pbt_space *space, const pbt_value *values, double seconds);

/* A member's end. */
pbt__text pbt__hparams_end(bool has_failed, double seconds);

#endif
