/* print.h: output of the program: errors on standard error, JSON and texts on standard output. */
#ifndef PBT_RENDER_PRINT_H
#define PBT_RENDER_PRINT_H

#include <jansson.h>
#include <pbt/pbt.h>

#include "base/text.h"

/* Print "pbt: message" with its detail and hint lines; returns the exit status that goes with
 * it. */
int pbt__print_error(const pbt_error *error);

enum { PBT__HINT_SIZE = sizeof((pbt_error *)NULL)->hint + 8 };

/* Write a hint for the command line: text in backquotes (base/error.h) becomes 'pbt amend NAME',
 * without quotes after "or: ". Shape: out[PBT__HINT_SIZE] */
void pbt__hint_words(const char *hint, char *out);

/* Print "hint: ...", if there is one. */
void pbt__print_hint(const pbt_error *error);

/* Print "pbt: warning: WHAT: message". */
void pbt__print_warning(const char *what, const pbt_error *error);

/* The exit status of an error's code, from the table of pbt.h. */
int pbt__exit_status(pbt_err err);

/* Print a text of JSON as one line, and free it; what is not to be shown as it is is written by its
 * number. Errors: PBT_ERR_MEMORY where the text failed. */
PBT_MUST_USE pbt_err pbt__print_json_text(pbt__text *text, pbt_error *error);

/* Print one JSON value as one line, reals in their shortest exact form. */
PBT_MUST_USE pbt_err pbt__print_json(const json_t *value, pbt_error *error);

/* Print a text, and free it. Errors: PBT_ERR_MEMORY if the text failed. */
PBT_MUST_USE pbt_err pbt__print_text(pbt__text *text, pbt_error *error);

/* Flush standard output. Returns `status`, or 1 with a message where something could not be
 * written. */
int pbt__print_end(int status);

#endif
