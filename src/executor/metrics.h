/* metrics.h: what a command's last line of output says. */
#ifndef PBT_EXECUTOR_METRICS_H
#define PBT_EXECUTOR_METRICS_H

#include "base/metrics.h"

/*
 * Read a command's last line of output: a JSON object with the objective, in which NaN, Infinity
 * and -Infinity stand as Python prints them. Numbers are values, lists of numbers are samples,
 * everything else is left out. `metrics` is cleared first. Errors: PBT_ERR_TRAINER with what was
 * found, PBT_ERR_LIMIT, PBT_ERR_MEMORY. Nullable: error.
 */
PBT_MUST_USE pbt_err pbt__metrics_read(pbt__metrics *metrics, const char *line, size_t length,
                                       const char *objective, pbt_error *error);

#endif
