/* baseline.c: comparisons of the result: fixed members, other studies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "compare/compare.h"
#include "render/format.h"
#include "report/report.h"
#include "study/json.h"

/* The best score of one member's own reports; NaN if none is finite. */
static double best_of_member(const pbt__report *this, int32_t member)
{
    const double sign = this->spec->search.direction == PBT_MAXIMIZE ? 1 : -1;
    double best = -(double)INFINITY;
    for (int32_t i = 0; i < this->trace.count; i++) {
        const pbt__track *track = &this->trace.tracks[i];
        if (track->id.member == member) {
            best = fmax(best, sign * track->score); /* NaN changes nothing */
        }
    }
    return isfinite(best) ? sign * best : (double)NAN;
}

static void add_fixed(pbt__report *this, pbt__table *table, int32_t member)
{
    char cell[PBT__CELL_SIZE];
    double winner = (double)NAN;
    const json_t *best = json_object_get(this->show, "best");
    const double score = best_of_member(this, member);
    (void)pbt__json_number_read(json_object_get(best, "score"), &winner);
    (void)snprintf(cell, sizeof cell, "m%d", (int)member);
    pbt__table_add(table, cell);
    pbt__format_real(score, cell);
    pbt__table_add(table, cell);
    pbt__format_real(winner - score, cell);
    pbt__table_add(table, cell);
    char *values = pbt__json_write(
        json_object_get(json_array_get(this->members, (size_t)member), "hyperparameters"));
    pbt__table_add(table, values != NULL ? values : "");
    free(values);
}

/* Members of the population that never copy and never change. */
static void write_fixed(pbt__report *this)
{
    const pbt_search *search = &this->spec->search;
    pbt__table table = pbt__table_init(4);
    pbt__table_add(&table, "fixed member");
    pbt__table_add(&table, "its best");
    pbt__table_add(&table, "winner minus it");
    pbt__table_add(&table, "hyperparameters");
    for (int32_t m = 0; m < search->start_count; m++) {
        if (search->starts[m].fixed) {
            add_fixed(this, &table, m);
        }
    }
    if (table.cell_count > 4) {
        pbt__report_section(this, "The baseline inside");
        pbt__report_table(this, &table, true);
    } else {
        pbt__table_fini(&table);
    }
}

static pbt_err write_contest(pbt__report *this, const pbt__contest *contest, pbt_error *error)
{
    int width = 0, height = 0;
    pbt__text words = pbt__text_init(PBT__PAGE_MAXIMUM);
    pbt__text script = pbt__text_init(PBT__SCRIPT_MAXIMUM);
    pbt__report_section(this, "Beside other studies");
    pbt__compare_words(contest, &words);
    pbt__html_lines(pbt__text_string(&words), this->page);
    this->page->failed = this->page->failed || words.failed;
    pbt_err err = pbt__compare_script(contest, &script, &width, &height, error);
    if (err == PBT_OK) {
        err = pbt__report_drawing(this, &script, width, height, "best so far of each group", error);
    } else if (err == PBT_ERR_NOT_FOUND) {
        err = PBT_OK; /* the words have said that there is no score */
    }
    pbt__text_fini(&script);
    pbt__text_fini(&words);
    return err;
}

static pbt_err write_others(pbt__report *this, pbt_error *error)
{
    pbt__contest contest;
    if (this->others == NULL) {
        return PBT_OK;
    }
    pbt_err err = pbt__contest_judge(this->others, -1, &contest, error);
    if (err == PBT_OK) {
        err = write_contest(this, &contest, error);
        pbt__contest_fini(&contest);
    }
    return err;
}

pbt_err pbt__report_baselines(pbt__report *this, pbt_error *error)
{
    write_fixed(this);
    return write_others(this, error);
}
