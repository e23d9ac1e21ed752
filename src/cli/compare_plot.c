/*
 * compare_plot.c: best so far, over steps on the left, over time on the right.
 *
 * A group's line is the interquartile mean of its studies at each place, its band the bootstrap
 * interval. It begins where that mean is a number. A study that is over keeps its best; one that
 * goes on ends the line where it is.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "cli/compare.h"
#include "plot/gnuplot.h"

enum { WIDTH = 1200, HEIGHT = 480, PLACES = 100, SCRIPT_MAXIMUM = 1 << 24 };

static const char STYLE[] = "set multiplot layout 1,2\n"
                            "set border 3\n"
                            "set tics nomirror scale 0.5\n"
                            "set format y '%g'\n";

/* An axis, and the unit it is shown in. */
typedef struct ruler {
    pbt__axis axis;
    const char *label;
    const char *format;
    double unit;
} ruler;

/* Where a group's line ends: with its last study, but with none that goes on. */
static double group_end(const pbt__group *group, pbt__axis axis)
{
    double last = 0, bound = (double)INFINITY;
    for (size_t i = 0; i < group->count; i++) {
        const pbt__course *course = &group->courses[i];
        const double end = pbt__curve_end(&course->curve, axis);
        bool is_over = course->state == PBT__FINISHED || course->state == PBT__STUDY_FAILED;
        last = fmax(last, end);
        bound = is_over ? bound : fmin(bound, end);
    }
    return fmin(last, bound);
}

static ruler time_ruler(const pbt__groups *groups)
{
    static const ruler rulers[] = {
        {PBT__AXIS_SECONDS, "seconds", "%g", 1},
        {PBT__AXIS_SECONDS, "minutes", "%g", 60},
        {PBT__AXIS_SECONDS, "hours", "%g", 3600},
    };
    double longest = 0;
    for (size_t i = 0; i < groups->count; i++) {
        longest = fmax(longest, group_end(&groups->groups[i], PBT__AXIS_SECONDS));
    }
    return rulers[longest > 2 * 3600 ? 2 : longest > 2 * 60 ? 1 : 0];
}

/* Read a group's scores at a place; returns whether one has changed. Shape: scores[count] */
static bool read_scores(const pbt__group *group, pbt__axis axis, double place, double *scores)
{
    bool has_changed = false;
    for (size_t i = 0; i < group->count; i++) {
        const pbt__curve_point *point = pbt__curve_at(&group->courses[i].curve, axis, place);
        const double score = point != NULL ? point->score : -(double)INFINITY;
        has_changed = has_changed || score != scores[i];
        scores[i] = score;
    }
    return has_changed;
}

/* Append one row of a block: place, mean, and the band, which needs two ends to be drawn. */
static void add_row(const pbt__contest *contest, double place, double iqm, pbt__interval band,
                    pbt__text *script)
{
    const pbt_direction direction = contest->groups->direction;
    const double low = isfinite(band.low) ? band.low : iqm;
    const double high = isfinite(band.high) ? band.high : iqm;
    pbt__text_format(script, "%.9g %.9g %.9g %.9g\n", place, pbt__course_score(direction, iqm),
                     pbt__course_score(direction, low), pbt__course_score(direction, high));
}

/* Append a group's block, "$groupN". Shape: scores[count] */
static pbt_err add_block(const pbt__contest *contest, size_t index, const ruler *along,
                         double *scores, pbt__text *script)
{
    const pbt__group *group = &contest->groups->groups[index];
    const double end = group_end(group, along->axis);
    double iqm = -(double)INFINITY;
    pbt__interval band = {0};
    pbt__text_format(script, "$group%zu << END\n", index);
    for (int i = 0; i <= PLACES; i++) {
        const double place = i == PLACES ? end : end * i / PLACES;
        const bool has_changed = read_scores(group, along->axis, place, scores);
        if (has_changed || i == 0) {
            pbt_err err = pbt__bootstrap_iqm(scores, group->count, &iqm, &band);
            if (err != PBT_OK) {
                return err;
            }
        }
        if (isfinite(iqm)) {
            add_row(contest, place / along->unit, iqm, band, script);
        }
    }
    pbt__text_add(script, "END\n");
    return PBT_OK;
}

static pbt_err add_blocks(const pbt__contest *contest, const ruler *along, pbt__text *script)
{
    pbt_err err = PBT_OK;
    for (size_t i = 0; i < contest->groups->count && err == PBT_OK; i++) {
        double *scores = pbt__calloc(contest->groups->groups[i].count + 1, sizeof *scores);
        err = scores == NULL ? PBT_ERR_MEMORY : add_block(contest, i, along, scores, script);
        free(scores);
    }
    return err;
}

/* Bands first, so that no line lies under one. A group without a point is left out. */
static void add_plots(const pbt__contest *contest, pbt__text *script)
{
    const char *separator = "plot ";
    for (size_t i = 0; i < contest->groups->count; i++) {
        pbt__text_format(script,
                         "%s$group%zu using 1:3:4 with filledcurves lc rgb '%s' "
                         "fillstyle transparent solid 0.18 noborder notitle",
                         separator, i, pbt__gnuplot_colour(i));
        separator = ", ";
    }
    for (size_t i = 0; i < contest->groups->count; i++) {
        char title[PBT__NAME_SIZE + 32];
        const pbt__group *group = &contest->groups->groups[i];
        snprintf(title, sizeof title, "%s (%zu)", group->label, group->count);
        pbt__text_format(script, ", $group%zu using 1:2 with lines lc rgb '%s' lw 2 dt %zu title ",
                         i, pbt__gnuplot_colour(i), 1 + i / PBT__GNUPLOT_COLOURS);
        pbt__gnuplot_quote(title, script);
        pbt__text_add(script, " noenhanced");
    }
    pbt__text_add(script, "\n");
}

static pbt_err add_panel(const pbt__contest *contest, const ruler *along, pbt__text *script)
{
    pbt_err err = add_blocks(contest, along, script);
    pbt__text_format(script, "set xlabel '%s'\nset format x '%s'\nset ylabel ", along->label,
                     along->format);
    pbt__gnuplot_quote(contest->groups->metric, script);
    pbt__text_add(script, " noenhanced\n");
    add_plots(contest, script);
    return err;
}

pbt_err pbt__compare_script(const pbt__contest *contest, pbt__text *script, int *width, int *height,
                            pbt_error *error)
{
    const ruler steps = {PBT__AXIS_STEPS, "steps of all members", "%.0s%c", 1};
    const ruler time = time_ruler(contest->groups);
    pbt__text_add(script, STYLE);
    pbt__text_format(script, "set key %s right reverse Left samplen 2\n",
                     contest->groups->direction == PBT_MINIMIZE ? "top" : "bottom");
    pbt_err err = add_panel(contest, &steps, script);
    if (err == PBT_OK) {
        pbt__text_add(script, "unset key\n");
        err = add_panel(contest, &time, script);
    }
    pbt__text_add(script, "unset multiplot\n");
    *width = WIDTH;
    *height = HEIGHT;
    return err == PBT_OK && !script->failed ? PBT_OK : pbt__fail_memory(error);
}

pbt_err pbt__compare_plot(const pbt__contest *contest, const char *path, pbt_error *error)
{
    int width = 0, height = 0;
    pbt__text script = pbt__text_init(SCRIPT_MAXIMUM);
    pbt_err err = pbt__compare_script(contest, &script, &width, &height, error);
    if (err == PBT_OK) {
        err = pbt__gnuplot_draw(&script, width, height, path, error);
    }
    pbt__text_fini(&script);
    return err;
}
