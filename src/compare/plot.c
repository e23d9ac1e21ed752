/*
 * plot.c: best so far, over steps on the left, over time on the right.
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
#include "compare/compare.h"
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

/* A picture in the making. */
typedef struct score_sheet {
    const pbt__contest *contest;
    pbt__text script;
    size_t row_count; /* of all blocks */
} score_sheet;

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
static void add_row(score_sheet *this, double place, double iqm, pbt__interval band)
{
    const pbt_direction direction = this->contest->groups->direction;
    const double low = isfinite(band.low) ? band.low : iqm;
    const double high = isfinite(band.high) ? band.high : iqm;
    pbt__text_format(&this->script, "%.9g %.9g %.9g %.9g\n", place,
                     pbt__course_score(direction, iqm), pbt__course_score(direction, low),
                     pbt__course_score(direction, high));
    this->row_count++;
}

/* Append a group's block, "$groupN". Shape: scores[count] */
static pbt_err add_block(score_sheet *this, size_t index, const ruler *along, double *scores)
{
    const pbt__group *group = &this->contest->groups->groups[index];
    const double end = group_end(group, along->axis);
    double iqm = -(double)INFINITY;
    pbt__interval band = {0};
    pbt__text_format(&this->script, "$group%zu << END\n", index);
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
            add_row(this, place / along->unit, iqm, band);
        }
    }
    pbt__text_add(&this->script, "END\n");
    return PBT_OK;
}

static pbt_err add_blocks(score_sheet *this, const ruler *along)
{
    pbt_err err = PBT_OK;
    for (size_t i = 0; i < this->contest->groups->count && err == PBT_OK; i++) {
        const pbt__group *group = &this->contest->groups->groups[i];
        double *scores = pbt__calloc(group->count + 1, sizeof *scores);
        err = scores == NULL ? PBT_ERR_MEMORY : add_block(this, i, along, scores);
        free(scores);
    }
    return err;
}

/* Bands first, so that no line lies under one. */
static void add_plots(score_sheet *this)
{
    const pbt__groups *groups = this->contest->groups;
    for (size_t i = 0; i < groups->count; i++) {
        pbt__text_format(&this->script,
                         "%s$group%zu using 1:3:4 with filledcurves lc rgb '%s' "
                         "fillstyle transparent solid 0.18 noborder notitle",
                         i == 0 ? "plot " : ", ", i, pbt__gnuplot_colour(i));
    }
    for (size_t i = 0; i < groups->count; i++) {
        char title[PBT__NAME_SIZE + 32];
        snprintf(title, sizeof title, "%s (%zu)", groups->groups[i].label, groups->groups[i].count);
        pbt__text_format(&this->script,
                         ", $group%zu using 1:2 with lines lc rgb '%s' lw 2 dt %zu title ", i,
                         pbt__gnuplot_colour(i), 1 + i / PBT__GNUPLOT_COLOURS);
        pbt__gnuplot_quote(title, &this->script);
        pbt__text_add(&this->script, " noenhanced");
    }
    pbt__text_add(&this->script, "\n");
}

/* A panel without a row is left empty: gnuplot finds no range in nothing. */
static pbt_err add_panel(score_sheet *this, const ruler *along)
{
    const size_t before = this->row_count;
    pbt_err err = add_blocks(this, along);
    pbt__text_add(&this->script, this->row_count > before ? "set autoscale\n"
                                                          : "set xrange [0:1]\nset yrange [0:1]\n");
    pbt__text_format(&this->script, "set xlabel '%s'\nset format x '%s'\nset ylabel ", along->label,
                     along->format);
    pbt__gnuplot_quote(this->contest->groups->metric, &this->script);
    pbt__text_add(&this->script, " noenhanced\n");
    add_plots(this);
    return err;
}

static pbt_err write_script(score_sheet *this)
{
    const ruler steps = {PBT__AXIS_STEPS, "steps of all members", "%g", 1};
    const ruler time = time_ruler(this->contest->groups);
    bool is_falling = this->contest->groups->direction == PBT_MINIMIZE;
    pbt__text_add(&this->script, STYLE);
    pbt__text_format(&this->script, "set key %s right reverse Left samplen 2\n",
                     is_falling ? "top" : "bottom");
    pbt_err err = add_panel(this, &steps);
    if (err == PBT_OK) {
        pbt__text_add(&this->script, "unset key\n");
        err = add_panel(this, &time);
    }
    pbt__text_add(&this->script, "unset multiplot\n");
    return err;
}

pbt_err pbt__compare_script(const pbt__contest *contest, pbt__text *script, int *width, int *height,
                            pbt_error *error)
{
    score_sheet this = {.contest = contest, .script = pbt__text_init(SCRIPT_MAXIMUM)};
    pbt_err err = write_script(&this);
    if (err != PBT_OK || this.script.failed) {
        err = pbt__fail_memory(error);
    } else if (this.row_count == 0) {
        err = pbt__fail(error, PBT_ERR_NOT_FOUND, "there is no usable score to draw");
    } else {
        pbt__text_append(script, this.script.bytes, this.script.length);
        *width = WIDTH;
        *height = HEIGHT;
    }
    pbt__text_fini(&this.script);
    return err;
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
