/*
 * table.h: aligned tables of texts.
 *
 * Cells are added row by row, the header first. A column whose cells are all numbers (or "-") is
 * aligned to the right. Control characters become '?', so that no text from a trainer or a spec
 * speaks to the terminal. Memory failures are remembered and told by the text it is written to.
 */
#ifndef PBT_RENDER_TABLE_H
#define PBT_RENDER_TABLE_H

#include <pbt/pbt.h>

#include "base/text.h"

typedef struct pbt__table {
    size_t column_count;
    size_t cell_count;
    pbt__text cells; /* NUL-terminated, one after another */
} pbt__table;

pbt__table pbt__table_init(size_t column_count);
void pbt__table_fini(pbt__table *table);

/* Add the next cell. */
void pbt__table_add(pbt__table *table, const char *text);

/* Add a cell for each hyperparameter: its name, or its value. Nullable: values, then "-". */
void pbt__table_add_names(pbt__table *table, const pbt_space *space);
void pbt__table_add_values(pbt__table *table, const pbt_space *space, const pbt_value *values);

/* Append the table's lines to `out`, each without trailing blanks. */
void pbt__table_write(const pbt__table *table, pbt__text *out);

/* As that, in lines of at most `width`: a column that does not fit beside those before it is left
 * out, and its header appended to `left_out`, after ", " if that is not empty. */
void pbt__table_write_within(const pbt__table *table, size_t width, pbt__text *out,
                             pbt__text *left_out);

#endif
