/* support.h: made-up studies, as the rows that `pbt segments --json` prints. */
#ifndef PBT_TESTS_PLOT_SUPPORT_H
#define PBT_TESTS_PLOT_SUPPORT_H

#include "plot/trace.h"

/* One hyperparameter of a kind: rate (log), momentum (reverse_log), width (ordinal: 32, 64). */
extern const pbt_space fake_space;

/* Append a reported segment; `parent` and `donor` as in the rows: "m0s1" or NULL, -1 for none. */
void fake_segment(json_t *rows, int member, int number, const char *parent, int donor,
                  double score);

/* A random study: `members` x `numbers` segments of 10 steps each, many of them copies. */
json_t *fake_study(unsigned seed, int members, int numbers);

/* The rows as a trace. `best` as in the rows, or NULL; the caller frees the trace alone. */
pbt__trace fake_trace(json_t *rows, const char *best);

#endif
