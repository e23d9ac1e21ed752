/*
 * gnuplot.h: pictures, by gnuplot as a process.
 *
 * A script names neither terminal nor output: gnuplot writes the picture to standard output, and
 * the file is written when it is complete. Data are in blocks ($name << END). A user's text goes
 * only through pbt__gnuplot_quote: between single quotes gnuplot neither runs commands nor reads
 * escapes.
 */
#ifndef PBT_PLOT_GNUPLOT_H
#define PBT_PLOT_GNUPLOT_H

#include <pbt/pbt.h>

#include "base/text.h"

/* Colours that everyone can tell apart (Okabe and Ito 2008), as "#rrggbb"; they repeat after
 * PBT__GNUPLOT_COLOURS. */
enum { PBT__GNUPLOT_COLOURS = 7 };
const char *pbt__gnuplot_colour(size_t index);

/* Check that a picture's file ends in .svg, .png or .pdf, or in .gp, which is the script itself.
 * Errors: PBT_ERR_ARGUMENT. */
PBT_MUST_USE pbt_err pbt__gnuplot_check(const char *path, pbt_error *error);

/* Append a text between single quotes. Control characters become '?'. */
void pbt__gnuplot_quote(const char *text, pbt__text *script);

/*
 * Draw a script to a file, `width` by `height` pixels (in a PDF, hundredths of an inch). On failure
 * the file is as it was. Errors: PBT_ERR_ARGUMENT as check,
 * PBT_ERR_NOT_FOUND if there is no gnuplot, PBT_ERR_IO with gnuplot's own words,
 * PBT_ERR_MEMORY if the script failed.
 */
PBT_MUST_USE pbt_err pbt__gnuplot_draw(const pbt__text *script, int width, int height,
                                       const char *path, pbt_error *error);

/* The same into memory, as the kind of picture that `ending` names (".svg"). Owner: the caller
 * frees `*bytes`, which ends with a NUL that `*length` does not count. */
PBT_MUST_USE pbt_err pbt__gnuplot_render(const pbt__text *script, int width, int height,
                                         const char *ending, char **bytes, size_t *length,
                                         pbt_error *error);

#endif
