/* html.h: parts of a self-contained page: no script, no other file, no network. */
#ifndef PBT_REPORT_HTML_H
#define PBT_REPORT_HTML_H

#include "render/table.h"

/* Append a text with what means something in HTML escaped. Control characters become '?'. */
void pbt__html_text(const char *text, pbt__text *out);

/* Append a table; with `has_head` its first row is one, else its first column names the rows. */
void pbt__html_table(const pbt__table *table, bool has_head, pbt__text *out);

/* Append a text whose lines and blanks count. */
void pbt__html_lines(const char *text, pbt__text *out);

/* Append an SVG as an image of its own, so that names inside it meet no others. */
void pbt__html_picture(const char *svg, const char *words, pbt__text *out);

#endif
