/*
 * tree.h: the rows of a lineage tree's segments, so that no two lines cross.
 *
 * A chain is a segment with its continuations, in one row. Branches are below it, later ones
 * nearer, so that connectors cross no earlier branch.
 */
#ifndef PBT_PLOT_TREE_H
#define PBT_PLOT_TREE_H

#include "plot/trace.h"

/*
 * Give each track its row, from 0 at the top. Returns how many rows there are in `*row_count`.
 * Shape: rows[trace->count]. Errors: PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__tree_rows(const pbt__trace *trace, int32_t *rows, int32_t *row_count,
                                    pbt_error *error);

#endif
