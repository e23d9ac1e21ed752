/*
 * hparams.h: what TensorBoard's HParams tab reads: which hyperparameters and metrics an experiment
 * has, and each session's values. Here the study is the experiment and a member is a session.
 *
 * Each function returns a Summary message of one value, which the caller puts into an event.
 */
#ifndef PBT_EXPORT_HPARAMS_H
#define PBT_EXPORT_HPARAMS_H

#include <jansson.h>
#include <pbt/pbt.h>

#include "base/text.h"

/* Describe the space, to be handed to pbt__hparams_experiment. */
pbt__text pbt__hparams_space(const pbt_space *space);

/* The experiment. `metrics` is an object whose names are the metrics'. Units: created_seconds since
 * 1970 */
pbt__text pbt__hparams_experiment(const pbt__text *space, const json_t *metrics,
                                  double created_seconds);

/* A member's hyperparameters, an object by name. */
pbt__text pbt__hparams_start(const json_t *values, double seconds);

/* A member's end. */
pbt__text pbt__hparams_end(bool has_failed, double seconds);

#endif
