/* mdoc.h: manual pages in mdoc, the macro language of man, one block at a time. */
#ifndef PBT_CLI_MDOC_H
#define PBT_CLI_MDOC_H

#include "base/text.h"

/* Begin a page: its title, day and name. `section` is 1 or 5. */
void pbt__mdoc_head(pbt__text *page, const char *name, int section, const char *about);

/* Begin a section. */
void pbt__mdoc_section(pbt__text *page, const char *title);

/* Add paragraphs: filled, a line per sentence; `x` in bold; indented lines as they are. One whose
 * lines are terms and texts, two blanks or more between them, is a list. */
void pbt__mdoc_prose(pbt__text *page, const char *text);

/* Add prose, with `end` where nothing ends it. */
void pbt__mdoc_ended(pbt__text *page, const char *text, char end);

/* Add words of a list as a sentence: with a capital, and `end` where nothing ends it. */
void pbt__mdoc_sentence(pbt__text *page, const char *text, char end);

/* Add one line as it is, without an end of line, safe within a macro too. */
void pbt__mdoc_words(pbt__text *page, const char *text);

/* Begin and end a list of terms. A term is a macro's line, `macro` and words; its text a sentence.
 */
void pbt__mdoc_list(pbt__text *page);
void pbt__mdoc_item(pbt__text *page, const char *macro, const char *term, const char *text);
void pbt__mdoc_list_end(pbt__text *page);

/* Add a command line on a line of its own. */
void pbt__mdoc_command_line(pbt__text *page, const char *line);

#endif
