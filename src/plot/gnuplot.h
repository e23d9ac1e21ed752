/*
 * gnuplot.h: gnuplot as a process.
 *
 * What a script says of a user is in single quotes or data blocks: in double quotes gnuplot would
 * run commands. A picture appears whole or not at all.
 */
#ifndef PBT_PLOT_GNUPLOT_H
#define PBT_PLOT_GNUPLOT_H

#include "base/text.h"

#include <pbt/pbt.h>

/* Append a text in single quotes, its line ends as spaces. */
void pbt__gnuplot_quote(pbt__text *script, const char *text);

/* Check that a picture can be written under this name: .svg, .png, .pdf, or .gp for the script
 * itself. Errors: PBT_ERR_ARGUMENT. */
PBT_MUST_USE pbt_err pbt__gnuplot_check(const char *path, pbt_error *error);

/*
 * Draw what a script says into a file of the kind its ending names. Units: pixels of 1/100 inch.
 * Errors: PBT_ERR_ARGUMENT (the ending), PBT_ERR_IO (the file; no gnuplot, with a hint; gnuplot's
 * own complaint as the detail), PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__gnuplot_draw(const char *script, const char *path, int width, int height,
                                       pbt_error *error);

#endif
