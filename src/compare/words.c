/* words.c: a contest for people: a table, and what it shows in words. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "compare/compare.h"
#include "render/format.h"
#include "render/table.h"

static const char *label_of(const pbt__contest *contest, size_t group)
{
    return contest->groups->groups[group].label;
}

/* ---- numbers ---- */

/* A score as it was reported; "-" if there is none. Shape: out[PBT__CELL_SIZE] */
static void write_score(pbt_direction direction, double score, char *out)
{
    if (isfinite(score)) {
        pbt__format_real(pbt__course_score(direction, score), out);
    } else {
        snprintf(out, PBT__CELL_SIZE, "-");
    }
}

/* "[low, high]", turned round where lower is better; "" if there is none. Shape: out[size] */
static void write_interval(pbt_direction direction, pbt__interval interval, char *out, size_t size)
{
    char low[PBT__CELL_SIZE], high[PBT__CELL_SIZE];
    bool is_turned = direction == PBT_MINIMIZE;
    if (isnan(interval.low)) {
        out[0] = '\0';
        return;
    }
    write_score(direction, is_turned ? interval.high : interval.low, low);
    write_score(direction, is_turned ? interval.low : interval.high, high);
    snprintf(out, size, "[%s, %s]", low, high);
}

/* Two digits of a p, whole where it is 1. Shape: out[PBT__CELL_SIZE] */
static void write_p(double p, char *out)
{
    if (p < 1e-4) {
        snprintf(out, PBT__CELL_SIZE, "p < 0.0001");
    } else {
        snprintf(out, PBT__CELL_SIZE, "p = %.2g", p);
    }
}

/* ---- the table ---- */

static void add_steps(pbt__table *table, const pbt__contestant *standing)
{
    char cell[PBT__CELL_SIZE];
    if (standing->least_steps == standing->most_steps) {
        snprintf(cell, sizeof cell, "%" PRId64, standing->most_steps);
    } else {
        snprintf(cell, sizeof cell, "%" PRId64 "..%" PRId64, standing->least_steps,
                 standing->most_steps);
    }
    pbt__table_add(table, cell);
}

static void add_group(pbt__table *table, const pbt__contest *contest, size_t index)
{
    char cell[PBT__CELL_SIZE], interval[2 * PBT__CELL_SIZE + 8];
    const pbt__contestant *standing = &contest->standings[index];
    const pbt_direction direction = contest->groups->direction;
    pbt__table_add(table, label_of(contest, index));
    snprintf(cell, sizeof cell, "%zu", contest->groups->groups[index].count);
    pbt__table_add(table, cell);
    write_score(direction, standing->iqm, cell);
    pbt__table_add(table, cell);
    write_interval(direction, standing->interval, interval, sizeof interval);
    pbt__table_add(table, interval[0] != '\0' ? interval : "-");
    write_score(direction, standing->median, cell);
    pbt__table_add(table, cell);
    write_score(direction, standing->best != NULL ? standing->best_point->score : (double)NAN,
                cell);
    pbt__table_add(table, cell);
    snprintf(cell, sizeof cell, "-");
    if (standing->best != NULL) {
        snprintf(cell, sizeof cell, "%" PRId64, standing->best_point->age);
    }
    pbt__table_add(table, cell);
    add_steps(table, standing);
}

static void write_table(const pbt__contest *contest, pbt__text *out)
{
    static const char *const headers[] = {"group",  "seeds", "IQM", "95 % interval",
                                          "median", "best",  "age", "steps"};
    enum { COLUMN_COUNT = sizeof headers / sizeof headers[0] };
    pbt__table table = pbt__table_init(COLUMN_COUNT);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        pbt__table_add(&table, headers[i]);
    }
    for (size_t i = 0; i < contest->groups->count; i++) {
        add_group(&table, contest, i);
    }
    pbt__table_write(&table, out);
    pbt__table_fini(&table);
}

/* ---- pairs of groups ---- */

static void write_verdict(const pbt__contest *contest, const pbt__contrast *contrast,
                          pbt__text *out)
{
    const char *a = label_of(contest, contrast->a), *b = label_of(contest, contrast->b);
    switch (pbt__contrast_finding(contrast)) {
    case PBT__FINDING_DIFFERENCE:
        pbt__text_format(out, "%s beats %s: ", a, b);
        break;
    case PBT__FINDING_NOTHING:
        pbt__text_format(out, "%s and %s: no difference shown: ", a, b);
        break;
    case PBT__FINDING_TOO_FEW:
        pbt__text_format(out, "%s and %s: too few seeds to tell: ", a, b);
        break;
    }
}

static void write_numbers(const pbt__contest *contest, const pbt__contrast *contrast,
                          pbt__text *out)
{
    char interval[2 * PBT__CELL_SIZE + 8], number[PBT__CELL_SIZE];
    const pbt__advantage *advantage = &contrast->advantage;
    const pbt_direction direction = contest->groups->direction;
    write_score(direction, advantage->difference, number);
    write_interval(direction, advantage->difference_interval, interval, sizeof interval);
    bool is_positive =
        isfinite(advantage->difference) && pbt__course_score(direction, advantage->difference) > 0;
    pbt__text_format(out, "difference %s%s%s%s, ", is_positive ? "+" : "", number,
                     interval[0] != '\0' ? " " : "", interval);
    write_score(PBT_MAXIMIZE, advantage->probability, number);
    write_interval(PBT_MAXIMIZE, advantage->probability_interval, interval, sizeof interval);
    pbt__text_format(out, "probability of improvement %s%s%s, ", number,
                     interval[0] != '\0' ? " " : "", interval);
    write_p(contrast->p, number);
    pbt__text_format(out, "%s (%s%s)\n", number,
                     contrast->is_wilcoxon ? "Wilcoxon" : "Mann-Whitney",
                     contest->contrast_count > 1 ? ", Holm" : "");
}

/* What so many seeds can show, where they have shown nothing. */
static void write_reach(const pbt__contrast *contrast, pbt__text *out)
{
    char p[PBT__CELL_SIZE];
    const pbt__detectable *found = &contrast->detectable;
    if (pbt__contrast_finding(contrast) == PBT__FINDING_TOO_FEW) {
        write_p(contrast->least_p, p);
        pbt__text_format(out, "    so few seeds give %s at the least; %zu each could give 0.05\n",
                         p, contrast->least_seeds);
    } else if (isfinite(found->deviations)) {
        pbt__text_format(out,
                         "    so many seeds find %.2g standard deviations (probability of "
                         "improvement %.2g) four times in five\n",
                         found->deviations, found->probability);
    }
}

static void write_contrast(const pbt__contest *contest, const pbt__contrast *contrast,
                           pbt__text *out)
{
    const bool is_turned =
        contrast->test.direction < 0 && pbt__contrast_finding(contrast) == PBT__FINDING_DIFFERENCE;
    const pbt__contrast turned = pbt__contrast_turned(contrast);
    const pbt__contrast *shown = is_turned ? &turned : contrast;
    write_verdict(contest, shown, out);
    write_numbers(contest, shown, out);
    if (pbt__contrast_finding(shown) != PBT__FINDING_DIFFERENCE) {
        write_reach(shown, out);
    }
}

/* ---- all of it ---- */

void pbt__compare_words(const pbt__contest *contest, pbt__text *out)
{
    const pbt__groups *groups = contest->groups;
    pbt__text_format(out, "%s, %s", groups->metric,
                     groups->direction == PBT_MINIMIZE ? "lower is better" : "higher is better");
    if (contest->budget >= 0) {
        pbt__text_format(out, ", at %" PRId64 " steps", contest->budget);
    }
    pbt__text_add(out, "\n\n");
    write_table(contest, out);
    pbt__text_add(out, contest->contrast_count > 0 ? "\n" : "");
    for (size_t i = 0; i < contest->contrast_count; i++) {
        write_contrast(contest, &contest->contrasts[i], out);
    }
    json_t *notes = pbt__contest_notes(contest);
    out->failed = out->failed || notes == NULL;
    pbt__text_add(out, json_array_size(notes) > 0 ? "\n" : "");
    for (size_t i = 0; i < json_array_size(notes); i++) {
        pbt__text_format(out, "note: %s\n", json_string_value(json_array_get(notes, i)));
    }
    json_decref(notes);
}
