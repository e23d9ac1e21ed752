/* picture.c: sheets: which panels a picture has, and where. */
#include "plot/picture.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "core/type.h"
#include "plot/gnuplot.h"

enum {
    WIDTH = 1200,
    HEAD_HEIGHT = 96,
    SCORES_HEIGHT = 440,
    SCHEDULE_HEIGHT = 250,
    SCHEDULE_COLUMNS = 3,
    LINEAGE_HEIGHT = 480,
    LINEAGE_ROW_HEIGHT = 16, /* of a picture of the lineage alone, if there is room */
    LINEAGE_MAXIMUM = 3000,
    MARGIN = 16,
};

static const char *const NAMES[PBT__PICTURE_COUNT] = {
    [PBT__PICTURE_SUMMARY] = "summary",
    [PBT__PICTURE_SCORES] = "scores",
    [PBT__PICTURE_SCHEDULES] = "schedules",
    [PBT__PICTURE_LINEAGE] = "lineage",
};

const char *pbt__picture_name(pbt__picture_kind kind)
{
    return NAMES[kind];
}

static int compare_numbers(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

pbt_err pbt__picture_range(const pbt__picture *picture, pbt__range *out, pbt_error *error)
{
    const pbt__trace *trace = picture->trace;
    const double sign = picture->direction == PBT_MAXIMIZE ? 1 : -1;
    double *scores = pbt__calloc((size_t)trace->count, sizeof *scores);
    size_t count = 0;
    if (scores == NULL) {
        return pbt__fail_memory(error);
    }
    for (int32_t i = 0; i < trace->count; i++) {
        if (isfinite(trace->tracks[i].score)) {
            scores[count++] = sign * trace->tracks[i].score;
        }
    }
    qsort(scores, count, sizeof *scores, compare_numbers);
    double best = count > 0 ? scores[count - 1] : 1;
    double worst = count > 0 ? scores[0] : 0;
    const double most = count > 0 ? scores[count / 10] : 0;
    worst = fmax(worst, most - 0.6 * (best - most));
    const double room = best > worst ? 0.04 * (best - worst) : fmax(fabs(best), 1) * 0.05;
    int32_t hidden = 0;
    while ((size_t)hidden < count && scores[hidden] < worst - room) {
        hidden++;
    }
    free(scores);
    best = sign * (best + room);
    worst = sign * (worst - room);
    *out =
        (pbt__range){.low = fmin(best, worst), .high = fmax(best, worst), .hidden_count = hidden};
    return PBT_OK;
}

/* ---- sheets ---- */

/* A sheet while it is laid out from the top down. Units: pixels. */
struct sheet {
    pbt__text *script;
    int width, height;
};

static void place(const struct sheet *sheet, int x, int y, int width, int height)
{
    pbt__text_format(sheet->script,
                     "reset\nset size %.5f,%.5f\nset origin %.5f,%.5f\n"
                     "set border 3 lc rgb '#606060' lw 0.8\n"
                     "set tics nomirror scale 0.5 textcolor rgb '#404040'\n"
                     "set title offset 0,-0.4\nset datafile missing 'NaN'\n",
                     (double)width / sheet->width, (double)height / sheet->height,
                     (double)x / sheet->width, 1 - (double)(y + height) / sheet->height);
}

static void write_label(const struct sheet *sheet, const char *text, int y, int size,
                        const char *color)
{
    pbt__text_add(sheet->script, "set label ");
    pbt__gnuplot_quote(text, sheet->script);
    pbt__text_format(sheet->script, " at screen %.5f,%.5f left font 'sans,%d' tc rgb '%s'\n",
                     (double)MARGIN / sheet->width, 1 - (double)y / sheet->height, size, color);
}

static int head_height(const pbt__picture *picture)
{
    return picture->title != NULL ? HEAD_HEIGHT : 0;
}

/* The title and the facts, as labels of a plot that shows nothing else. */
static void write_head(const struct sheet *sheet, const pbt__picture *picture)
{
    place(sheet, 0, 0, sheet->width, HEAD_HEIGHT);
    write_label(sheet, picture->title, 28, 18, "#000000");
    write_label(sheet, picture->facts[0], 56, 11, "#404040");
    write_label(sheet, picture->facts[1], 78, 11, "#404040");
    pbt__text_add(sheet->script, "unset border\nunset tics\nunset key\n"
                                 "plot [0:1] [0:1] NaN notitle\n");
}

static bool is_drawn(const pbt_parameter *parameter)
{
    return pbt__is_varied(parameter);
}

static int count_drawn(const pbt_space *space)
{
    int count = 0;
    for (size_t i = 0; i < space->count; i++) {
        count += is_drawn(&space->parameters[i]) ? 1 : 0;
    }
    return count;
}

static int schedule_rows(const pbt__picture *picture)
{
    return (count_drawn(picture->trace->space) + SCHEDULE_COLUMNS - 1) / SCHEDULE_COLUMNS;
}

static void write_schedules(const struct sheet *sheet, const pbt__picture *picture, int y)
{
    const pbt_space *space = picture->trace->space;
    const int count = count_drawn(space);
    const int columns = count < SCHEDULE_COLUMNS ? count : SCHEDULE_COLUMNS;
    int at = 0;
    for (size_t i = 0; i < space->count; i++) {
        if (is_drawn(&space->parameters[i])) {
            const int width = sheet->width / columns;
            place(sheet, at % columns * width, y + at / columns * SCHEDULE_HEIGHT, width,
                  SCHEDULE_HEIGHT);
            pbt__panel_schedule(picture, &space->parameters[i], sheet->script);
            at++;
        }
    }
}

/* Which panels a kind of picture has, and how high they are. */
struct plan {
    int scores, schedules, lineage; /* heights; 0: none */
};

static int32_t count_chains(const pbt__trace *trace)
{
    int32_t chains = 0;
    for (int32_t i = 0; i < trace->count; i++) {
        chains += trace->tracks[i].child_count == 0 ? 1 : 0;
    }
    return chains;
}

static struct plan make_plan(const pbt__picture *picture, pbt__picture_kind kind)
{
    const int schedules = schedule_rows(picture) * SCHEDULE_HEIGHT;
    const int rows = (int)fmin(count_chains(picture->trace), LINEAGE_MAXIMUM);
    const int tall = (int)fmin(LINEAGE_MAXIMUM, fmax(LINEAGE_HEIGHT, rows * LINEAGE_ROW_HEIGHT));
    switch (kind) {
    case PBT__PICTURE_SCORES:
        return (struct plan){.scores = SCORES_HEIGHT + 120};
    case PBT__PICTURE_SCHEDULES:
        return (struct plan){.schedules = schedules};
    case PBT__PICTURE_LINEAGE:
        return (struct plan){.lineage = tall};
    default:
        return (struct plan){SCORES_HEIGHT, schedules, LINEAGE_HEIGHT};
    }
}

static pbt_err write_panels(const struct sheet *sheet, const pbt__picture *picture,
                            struct plan plan, pbt_error *error)
{
    pbt__range range = {0};
    int y = head_height(picture);
    pbt_err err = pbt__picture_range(picture, &range, error);
    if (err != PBT_OK) {
        return err;
    }
    if (y > 0) {
        write_head(sheet, picture);
    }
    if (plan.scores > 0) {
        place(sheet, 0, y, sheet->width, plan.scores);
        pbt__panel_scores(picture, range, sheet->script);
        y += plan.scores;
    }
    if (plan.schedules > 0) {
        write_schedules(sheet, picture, y);
        y += plan.schedules;
    }
    if (plan.lineage > 0) {
        place(sheet, 0, y, sheet->width, plan.lineage);
        err = pbt__panel_lineage(picture, range, plan.lineage, sheet->script, error);
    }
    return err;
}

pbt_err pbt__picture_write(const pbt__picture *picture, pbt__picture_kind kind, pbt__text *script,
                           int *width, int *height, pbt_error *error)
{
    const struct plan plan = make_plan(picture, kind);
    const struct sheet sheet = {
        .script = script,
        .width = WIDTH,
        .height = head_height(picture) + plan.scores + plan.schedules + plan.lineage + MARGIN,
    };
    if (kind == PBT__PICTURE_SCHEDULES && plan.schedules == 0) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "no hyperparameter ever changes");
    }
    pbt__text_add(script, "set encoding utf8\nset termoption noenhanced\nset multiplot\n");
    pbt_err err = write_panels(&sheet, picture, plan, error);
    pbt__text_add(script, "unset multiplot\n");
    if (err == PBT_OK && script->failed) {
        err = pbt__fail_memory(error);
    }
    *width = sheet.width;
    *height = sheet.height;
    return err;
}
