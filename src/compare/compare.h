/* compare.h: the three ways in which a contest is shown. */
#ifndef PBT_COMPARE_COMPARE_H
#define PBT_COMPARE_COMPARE_H

#include "base/text.h"
#include "compare/contest.h"

/* Append a table of the groups, a line or two for each pair of them, and the notes. */
void pbt__compare_words(const pbt__contest *contest, pbt__text *out);

/* The whole contest as one object, curves included. New reference; NULL: no memory. */
json_t *pbt__compare_json(const pbt__contest *contest);

/* Append the script that draws the best so far of every group, over steps and over time, and say
 * how large its sheet is. Errors: PBT_ERR_NOT_FOUND (no usable score), PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__compare_script(const pbt__contest *contest, pbt__text *script, int *width,
                                         int *height, pbt_error *error);

/* Draw it. Errors: as pbt__gnuplot_draw. */
PBT_MUST_USE pbt_err pbt__compare_plot(const pbt__contest *contest, const char *path,
                                       pbt_error *error);

#endif
