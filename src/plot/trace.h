/*
 * trace.h: a study's reported segments, as pictures need them.
 *
 * Read from the rows of `pbt segments --json`, so a picture of a study on a server is the picture
 * of the same study here. Segments that were never reported have nothing to show and are left out.
 */
#ifndef PBT_PLOT_TRACE_H
#define PBT_PLOT_TRACE_H

#include <jansson.h>
#include <pbt/pbt.h>

/* One reported segment. */
typedef struct pbt__track {
    pbt_segment_id id;
    int32_t parent;              /* index of the segment whose weights it started from; -1: none */
    int32_t before;              /* index of its member's segment before it; -1: none */
    int32_t donor;               /* index of the segment copied; -1: nothing was */
    int32_t child_count;         /* segments that started from its weights */
    double start_step, end_step; /* its member's clock */
    double start_age, end_age;   /* the weights' clock */
    double score;                /* NaN where it is not finite */
    bool is_winning;
    const json_t *row; /* the trace's */
} pbt__track;

/* Owner: `tracks` and a reference to the rows; the space is borrowed. */
typedef struct pbt__trace {
    pbt__track *tracks; /* Shape: tracks[count], ordered by number, then member */
    int32_t count;
    int32_t member_count;
    int32_t winner; /* index of the best segment; -1: none */
    double last_step, last_age;
    const pbt_space *space;
    json_t *rows;
} pbt__trace;

/*
 * Read rows as pbt__study_segments gives them; `best` (nullable) names the best segment.
 * Errors: PBT_ERR_NOT_FOUND (nothing was reported yet), PBT_ERR_CORRUPT, PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__trace_init(pbt__trace *trace, json_t *rows, const pbt_space *space,
                                     const char *best, pbt_error *error);
void pbt__trace_fini(pbt__trace *trace);

/*
 * A hyperparameter of a track as a number to draw: its value, 1 - value on a reverse_log scale, or
 * the place in the list of an ordinal or a choice. NaN where it has none.
 */
double pbt__trace_value(const pbt__track *track, const pbt_parameter *parameter);

#endif
