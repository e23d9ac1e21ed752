/* csv.h: JSON objects as CSV (RFC 4180). */
#ifndef PBT_EXPORT_CSV_H
#define PBT_EXPORT_CSV_H

#include <jansson.h>

#include "base/text.h"

/*
 * Append an array of objects, with a header: a column per name in the order in which names first
 * appear. Those of `hyperparameters` and `metrics` are columns of their own,
 * "hyperparameters.rate"; any other object or list is one cell of JSON. null and absent are empty;
 * numbers are in their shortest exact form.
 */
void pbt__csv_write(const json_t *rows, pbt__text *out);

#endif
