/* error.h: filling in a pbt_error. */
#ifndef PBT_BASE_ERROR_H
#define PBT_BASE_ERROR_H

#include <pbt/pbt.h>

/*
 * Fill `error` with `code` and a message, and return `code`, so that a failure is one line:
 * `return pbt__fail(error, PBT_ERR_IO, "cannot open '%s'", path);`
 * Clears detail and hint. Nullable: error.
 */
pbt_err pbt__fail(pbt_error *error, pbt_err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Add the facts. Nullable: error. */
void pbt__error_detail(pbt_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Add a hint. A command is written in backquotes, as in `amend NAME stop.steps=N`; the command line
 * shows it as what to type. Nullable: error. */
void pbt__error_hint(pbt_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As pbt__fail with PBT_ERR_MEMORY. Nullable: error. */
pbt_err pbt__fail_memory(pbt_error *error);

/* As pbt__fail with PBT_ERR_IO, or PBT_ERR_RESOURCE and a hint where the process lacks something,
 * and errno's own words as the detail. Nullable: error. */
pbt_err pbt__fail_errno(pbt_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What helps if errno says that descriptors, processes or memory are lacking; else NULL. */
const char *pbt__error_lack(int reason);

#endif
