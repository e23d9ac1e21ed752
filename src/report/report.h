/*
 * report.h: a study on one page, fit for an appendix.
 *
 * The page is a file that needs nothing else: pictures are inside, there is no script, and it
 * prints well. What it says comes from the log and from the functions that the commands use.
 */
#ifndef PBT_REPORT_REPORT_H
#define PBT_REPORT_REPORT_H

#include "compare/groups.h"
#include "plot/trace.h"
#include "report/html.h"

enum {
    PBT__PAGE_MAXIMUM = 1 << 30,   /* Units: bytes */
    PBT__SCRIPT_MAXIMUM = 1 << 28, /* Units: bytes */
};

/* What a page is written from (told.h). */
#define PBT__REPORT_ASKS "show,members,schedule,account,segments"

/* What verifying found; everything is borrowed. */
typedef struct pbt__report_proof {
    pbt__verdict verdict;
    const char *problems; /* a line each */
    const char *why_not;  /* Nullable: it could not be verified, and why */
} pbt__report_proof;

/* What the page is made from. */
typedef struct pbt__report {
    const pbt__told *told;
    const pbt__report_proof *proof;
    const pbt__groups *others; /* Nullable: what it is held against */
    const pbt_spec *spec;
    const json_t *show, *members, *schedule; /* schedule: NULL if there is no best */
    const json_t *account;
    pbt__trace trace;
    pbt__text *page;
} pbt__report;

/* Write a study's page to `out`, which the caller has made and frees, with a comparison of
 * `others`. Nullable: others. Errors: PBT_ERR_CORRUPT, gnuplot's, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__report_write(const pbt__told *told, const pbt__report_proof *proof,
                                       const pbt__groups *others, pbt__text *out, pbt_error *error);

/* ---- page.c: what all parts use; each appends its sections ---- */

void pbt__report_section(pbt__report *this, const char *title);
/* Append a table, which is freed. */
void pbt__report_table(pbt__report *this, pbt__table *table, bool has_head);
/* Add a row of two to a table. Nullable: value. */
void pbt__report_pair(pbt__table *table, const char *name, const json_t *value);
/* Draw a script and append it. Errors: as pbt__gnuplot_render. */
PBT_MUST_USE pbt_err pbt__report_drawing(pbt__report *this, const pbt__text *script, int width,
                                         int height, const char *words, pbt_error *error);

/* ---- budget.c ---- */

/* What it took: steps, time, and what went wrong on the way. */
void pbt__report_budget(pbt__report *this);

/* ---- result.c ---- */

/* The winner, its schedule, and the population in pictures. */
PBT_MUST_USE pbt_err pbt__report_result(pbt__report *this, pbt_error *error);

/* ---- baseline.c ---- */

/* The fixed members, and the studies that it is held against. */
PBT_MUST_USE pbt_err pbt__report_baselines(pbt__report *this, pbt_error *error);

#endif
