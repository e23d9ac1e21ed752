/*
 * output.h: a trainer's standard output: all of it goes to the log, its last line is kept.
 *
 * Blank lines do not count. A last line beyond the maximum is an error, not cut.
 */
#ifndef PBT_EXECUTOR_OUTPUT_H
#define PBT_EXECUTOR_OUTPUT_H

#include "base/text.h"

enum { PBT__OUTPUT_LINE_MAXIMUM = 1024 * 1024 }; /* Units: bytes */

typedef struct pbt__output {
    pbt__text line; /* the one being printed; failed where it is too long */
    pbt__text last; /* the last whole line that is not blank */
} pbt__output;

pbt__output pbt__output_init(void);
void pbt__output_fini(pbt__output *output);

/* Take what was printed next. */
void pbt__output_take(pbt__output *output, const char *bytes, size_t length);

/* Say whether a line was begun and not ended. */
bool pbt__output_is_within_line(const pbt__output *output);

/* The last line once nothing follows, whether or not a line feed ends it; `failed` where it is too
 * long or there was no memory for it. Owner: the output. */
const pbt__text *pbt__output_last(pbt__output *output);

#endif
