/* support.h: made-up studies. */
#ifndef PBT_TESTS_PLOT_SUPPORT_H
#define PBT_TESTS_PLOT_SUPPORT_H

#include "plot/trace.h"

/* One hyperparameter of a kind: rate (log), momentum (reverse_log), width (ordinal: 32, 64). */
extern const pbt_space fake_space;

typedef struct fake_row {
    pbt_segment segment;
    pbt_value values[3];
} fake_row;

typedef struct fake_rows {
    fake_row *items; /* Shape: items[count], by number, then member */
    size_t count;
} fake_rows;

fake_rows *fake_rows_new(void);

/* Append a reported segment; `parent` is such as "m0s1", or NULL; `donor` -1: none. */
void fake_segment(fake_rows *rows, int member, int number, const char *parent, int donor,
                  double score);

/* A random study: `members` x `numbers` segments of 10 steps each, many of them copies. */
fake_rows *fake_study(unsigned seed, int members, int numbers);

/* The rows as a trace; they are freed. `best` such as "m0s1", or NULL. */
pbt__trace fake_trace(fake_rows *rows, const char *best);

#endif
