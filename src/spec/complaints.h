/*
 * complaints.h: a spec's errors and warnings, in the order of its text.
 *
 * A spec with errors is refused; a warning is a probable mistake. The list is bounded, the counts
 * are not: errors are kept before warnings, and earlier places before later ones.
 */
#ifndef PBT_SPEC_COMPLAINTS_H
#define PBT_SPEC_COMPLAINTS_H

#include <pbt/pbt.h>

enum { PBT__COMPLAINTS_MAXIMUM = 20 };

typedef struct pbt__complaint {
    int32_t line, column; /* from 1 */
    bool is_warning;
    pbt_error error; /* its message begins with "FILE:LINE:COLUMN: " */
} pbt__complaint;

/* Empty where all is 0. */
typedef struct pbt__complaints {
    pbt__complaint items[PBT__COMPLAINTS_MAXIMUM + 1]; /* the last is room for a new one */
    int32_t count;                                     /* of items */
    int32_t error_count, warning_count;                /* of all that was found */
} pbt__complaints;

/* Add one, sorted by its place in the text; equal places stay in the order of adding. */
void pbt__complaints_add(pbt__complaints *complaints, const pbt__complaint *complaint);

/* The first error in the text's order, or NULL. */
const pbt_error *pbt__complaints_first(const pbt__complaints *complaints);

#endif
