/*
 * trace.h: a study's reported segments, as pictures need them.
 *
 * Of each segment numbers are kept, about 150 bytes. Segments that were never reported have nothing
 * to show and are left out.
 */
#ifndef PBT_PLOT_TRACE_H
#define PBT_PLOT_TRACE_H

#include "study/rows.h"

/* One reported segment. */
typedef struct pbt__track {
    pbt_segment_id id, parent_id; /* PBT_NO_SEGMENT: none */
    int32_t donor_member;         /* the member copied; -1: none */
    int32_t parent;               /* index of the segment whose weights it started from; -1: none */
    int32_t before;               /* index of its member's segment before it; -1: none */
    int32_t donor;                /* index of the segment copied; -1: nothing was */
    int32_t child_count;          /* segments that started from its weights */
    double start_step, end_step;  /* its member's clock */
    double start_age, end_age;    /* the weights' clock */
    double score;                 /* NaN if it is not finite */
    bool is_winning;
} pbt__track;

/* Owner: `tracks` and `values`; the space is borrowed. */
typedef struct pbt__trace {
    pbt__track *tracks; /* Shape: tracks[count], ordered by number, then member */
    double *values;     /* Shape: values[count][space->count] */
    int32_t count, capacity;
    int32_t member_count;
    int32_t winner; /* index of the best segment; -1: none */
    double last_step, last_age;
    const pbt_space *space;
} pbt__trace;

/* Begin with no tracks. Allocates nothing. */
pbt__trace pbt__trace_begin(const pbt_space *space);
void pbt__trace_fini(pbt__trace *trace);

/* Take a segment; they come by number, then member. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__trace_add(pbt__trace *trace, const pbt_segment *segment,
                                    pbt_error *error);

/* Connect what was added: who came from whom, and `best` with its ancestors. Errors:
 * PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__trace_link(pbt__trace *trace, pbt_segment_id best, pbt_error *error);

/* All of a study's rows, whose space is borrowed. On failure nothing is left to free. Errors: as
 * above. */
PBT_MUST_USE pbt_err pbt__trace_read(pbt__trace *out, const pbt__row_list *rows, pbt_error *error);

/*
 * A hyperparameter of a track as a number to draw: its value, 1 - value on a reverse_log scale, or
 * the place in the list of an ordinal or a choice. NaN if it has none. `parameter` is one of the
 * trace's space.
 */
double pbt__trace_value(const pbt__trace *trace, const pbt__track *track,
                        const pbt_parameter *parameter);

#endif
