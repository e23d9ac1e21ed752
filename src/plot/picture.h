/*
 * picture.h: pictures of a study as gnuplot scripts.
 *
 * Colours are Okabe and Ito's and viridis, which people with any colour vision tell apart; nothing
 * is shown by colour alone. Lines grow thin and transparent with the population, so that the winner
 * is visible among 500 members.
 */
#ifndef PBT_PLOT_PICTURE_H
#define PBT_PLOT_PICTURE_H

#include "base/text.h"
#include "plot/trace.h"

typedef enum pbt__picture_kind {
    PBT__PICTURE_SUMMARY, /* one page of all that follows */
    PBT__PICTURE_SCORES,
    PBT__PICTURE_SCHEDULES,
    PBT__PICTURE_LINEAGE,
    PBT__PICTURE_COUNT,
} pbt__picture_kind;

/* What a picture is of. Everything is borrowed. */
typedef struct pbt__picture {
    const pbt__trace *trace;
    const char *title;    /* Nullable: neither it nor the facts are drawn */
    const char *facts[2]; /* lines below the title; "" for none */
    const char *metric;
    pbt_direction direction;
    const pbt_parameter *color; /* of the lineage; Nullable: the score */
} pbt__picture;

/* A picture's name on the command line, such as "scores". Never NULL. */
const char *pbt__picture_name(pbt__picture_kind kind);

/*
 * Append the script, and say how large its sheet is. Units: as pbt__gnuplot_draw's.
 * Errors: PBT_ERR_MEMORY, PBT_ERR_NOT_FOUND (schedules: no hyperparameter ever changes).
 */
PBT_MUST_USE pbt_err pbt__picture_write(const pbt__picture *picture, pbt__picture_kind kind,
                                        pbt__text *script, int *width, int *height,
                                        pbt_error *error);

/* ---- panels, for picture.c: each appends one plot into the place that is set ---- */

/* The scores worth a place on an axis: from the best to a little below most. */
typedef struct pbt__range {
    double low, high;
    int32_t hidden_count; /* worse scores, which lie outside */
} pbt__range;

/* Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__picture_range(const pbt__picture *picture, pbt__range *out,
                                        pbt_error *error);

void pbt__panel_scores(const pbt__picture *picture, pbt__range range, pbt__text *script);
void pbt__panel_schedule(const pbt__picture *picture, const pbt_parameter *parameter,
                         pbt__text *script);
/* `height` is the place's, in pixels. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__panel_lineage(const pbt__picture *picture, pbt__range range, int height,
                                        pbt__text *script, pbt_error *error);

/* Append the values of a list as marks: "('sgd' 0, 'adam' 1)". */
void pbt__list_marks(const pbt_parameter *parameter, pbt__text *script);
/* How lines of a whole population are drawn, such as "lw 0.8 lc rgb '#907f9fbf'". */
void pbt__line_of_many(const pbt__picture *picture, pbt__text *script);
/* Append numbers as a line of a data block; NaN if one is not finite. */
void pbt__data_line(pbt__text *script, const double *numbers, int count);

#endif
