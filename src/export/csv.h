/* csv.h: JSON objects as CSV (RFC 4180). */
#ifndef PBT_EXPORT_CSV_H
#define PBT_EXPORT_CSV_H

#include <jansson.h>

#include "base/text.h"

/*
 * The columns of a table: one per name in the order in which names first appear. Those of
 * `hyperparameters` and `metrics` are columns of their own, "hyperparameters.rate"; any other
 * object or list is one cell of JSON. Owner: `columns`.
 */
typedef struct pbt__csv {
    json_t *columns; /* the value of one that is spread is an object of the same kind */
    bool failed;     /* out of memory */
} pbt__csv;

pbt__csv pbt__csv_init(void);
void pbt__csv_fini(pbt__csv *csv);

/* Learn the names of a row. All rows are shown before the first is written. */
void pbt__csv_see(pbt__csv *csv, const json_t *row);

/* Append the header, which is nothing if no row was seen; `out` fails where `csv` has. */
void pbt__csv_head(const pbt__csv *csv, pbt__text *out);

/* Append a row. null and absent are empty; numbers are in their shortest exact form. */
void pbt__csv_row(const pbt__csv *csv, const json_t *row, pbt__text *out);

#endif
