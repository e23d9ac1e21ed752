/* report.h: the parts of a report's page; each appends its sections. */
#ifndef PBT_CLI_REPORT_H
#define PBT_CLI_REPORT_H

#include "cli/html.h"
#include "cli/query.h"
#include "plot/trace.h"

enum {
    PBT__PAGE_MAXIMUM = 1 << 30,   /* Units: bytes */
    PBT__SCRIPT_MAXIMUM = 1 << 28, /* Units: bytes */
};

/* What the page is made from. */
typedef struct pbt__report {
    const pbt__arguments *arguments;
    const pbt__place *place;
    pbt__store *store;
    pbt__study *study;
    const pbt_spec *spec;
    json_t *show, *members, *schedule; /* schedule: NULL where there is no best */
    json_t *amendments;
    pbt__trace trace;
    pbt__text page;
} pbt__report;

/* ---- report.c ---- */

void pbt__report_section(pbt__report *this, const char *title);
/* Append a table, which is freed. */
void pbt__report_table(pbt__report *this, pbt__table *table, bool has_head);
/* Add a row of two to a table. Nullable: value. */
void pbt__report_pair(pbt__table *table, const char *name, const json_t *value);
/* Draw a script and append it. Errors: as pbt__gnuplot_render. */
PBT_MUST_USE pbt_err pbt__report_drawing(pbt__report *this, const pbt__text *script, int width,
                                         int height, const char *words, pbt_error *error);

/* ---- report_budget.c ---- */

/* What it took: steps, time, and what went wrong on the way. */
PBT_MUST_USE pbt_err pbt__report_budget(pbt__report *this, pbt_error *error);

/* ---- report_result.c ---- */

/* The winner, its schedule, and the population in pictures. */
PBT_MUST_USE pbt_err pbt__report_result(pbt__report *this, pbt_error *error);

/* ---- report_baseline.c ---- */

/* The fixed members, and the studies that it is held against. */
PBT_MUST_USE pbt_err pbt__report_baselines(pbt__report *this, pbt_error *error);

#endif
