/*
 * tree.h: a lineage tree (pbt__study_tree) drawn in text, or written for Graphviz.
 *
 * Segments of one member without a branch are one line: m3s4..m3s9. A line goes straight down to
 * the child on the winner's path, else to the child with the largest subtree; other children are
 * beside it. So, except on the path, every step to the right at least halves the rest, and the
 * drawing stays narrow.
 */
#ifndef PBT_RENDER_TREE_H
#define PBT_RENDER_TREE_H

#include "study/rows.h"

enum { PBT__TREE_LINES_MAXIMUM = 200 };

/* Append the tree as text; rows are by number, then member. Where it has more than `line_maximum`
 * lines, what hangs beside the winner's path is summed up in a line each. */
void pbt__tree_text(const pbt__row_list *rows, pbt_direction direction, bool is_utf8,
                    size_t line_maximum, pbt__text *out);

/* Append the tree in Graphviz's language, the winner's path bold. */
void pbt__tree_dot(const pbt__row_list *rows, pbt_direction direction, const char *name,
                   pbt__text *out);

#endif
