/*
 * tree.h: where the segments of a lineage tree lie, so that no two lines cross.
 *
 * A chain is a segment with those that carry it on; it takes a row of its own. What branches off
 * lies below, later branches nearer, so that a branch's connector passes over nothing that began
 * before it.
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
