/* rows.h: arrays of JSON objects as tables, hyperparameters as columns. */
#ifndef PBT_RENDER_ROWS_H
#define PBT_RENDER_ROWS_H

#include <jansson.h>
#include <pbt/pbt.h>

#include "base/text.h"

typedef struct pbt__row_column {
    const char *header;
    const char *key; /* of the row's object */
} pbt__row_column;

/* Append a table with the given columns, then one for each hyperparameter of `space` (nullable).
 * Shape: columns[column_count] */
void pbt__rows_write(const json_t *rows, const pbt__row_column *columns, size_t column_count,
                     const pbt_space *space, pbt__text *out);

/* Print an array of objects: as JSON lines, or as a table. */
PBT_MUST_USE pbt_err pbt__rows_print(const json_t *rows, bool as_json,
                                     const pbt__row_column *columns, size_t column_count,
                                     const pbt_space *space, pbt_error *error);

#endif
