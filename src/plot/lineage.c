/* lineage.c: who came from whom, coloured by score or by a hyperparameter. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "plot/gnuplot.h"
#include "plot/picture.h"
#include "plot/tree.h"

enum {
    NAME_HEIGHT = 10, /* Units: pixels; where rows are closer, their ends have no names */
    MANY = 150,       /* rows, beyond which lines are thin */
    TITLE_MAXIMUM = 4096,
};

struct drawing {
    const pbt__picture *picture;
    const int32_t *rows; /* Shape: rows[trace->count] */
    int32_t row_count;
    bool is_named;
    pbt__text *script;
};

static double color_of(const pbt__picture *picture, const pbt__track *track)
{
    return picture->color != NULL ? pbt__trace_value(picture->trace, track, picture->color)
                                  : track->score;
}

/* A segment, with the line that leads to it from its parent's row. */
static void write_branch(const struct drawing *drawing, int32_t index)
{
    const pbt__track *track = &drawing->picture->trace->tracks[index];
    const double color = color_of(drawing->picture, track);
    const double row = drawing->rows[index];
    if (track->parent >= 0) {
        const double from[] = {track->start_age, drawing->rows[track->parent], color};
        pbt__data_line(drawing->script, from, 3);
    }
    const double start[] = {track->start_age, row, color};
    const double end[] = {track->end_age, row, color};
    pbt__data_line(drawing->script, start, 3);
    pbt__data_line(drawing->script, end, 3);
    pbt__text_add(drawing->script, "\n");
}

static void write_block(const struct drawing *drawing, const char *name,
                        bool (*is_wanted)(const pbt__picture *picture, const pbt__track *track))
{
    const pbt__trace *trace = drawing->picture->trace;
    pbt__text_format(drawing->script, "$%s << END\n", name);
    for (int32_t i = 0; i < trace->count; i++) {
        if (is_wanted(drawing->picture, &trace->tracks[i])) {
            write_branch(drawing, i);
        }
    }
    pbt__text_add(drawing->script, "END\n");
}

static bool has_color(const pbt__picture *picture, const pbt__track *track)
{
    return isfinite(color_of(picture, track));
}

static bool has_no_color(const pbt__picture *picture, const pbt__track *track)
{
    return !has_color(picture, track);
}

static bool is_winning(const pbt__picture *picture, const pbt__track *track)
{
    (void)picture;
    return track->is_winning;
}

/* The members' names where their chains end. */
static void write_names(const struct drawing *drawing)
{
    const pbt__trace *trace = drawing->picture->trace;
    pbt__text_add(drawing->script, "$names << END\n");
    for (int32_t i = 0; i < trace->count && drawing->is_named; i++) {
        const pbt__track *track = &trace->tracks[i];
        if (track->child_count == 0) {
            pbt__text_format(drawing->script, "%.9g %d m%d\n", track->end_age,
                             (int)drawing->rows[i], (int)track->id.member);
        }
    }
    pbt__text_add(drawing->script, "END\n");
}

/* What the colours mean: a value's name for each colour of a list, else a scale. */
static void write_colors(const struct drawing *drawing, pbt__range range)
{
    const pbt__picture *picture = drawing->picture;
    const pbt_parameter *color = picture->color;
    pbt__text title = pbt__text_init(TITLE_MAXIMUM);
    const bool is_reversed = color != NULL && color->scale == PBT_REVERSE_LOG;
    pbt__text_format(&title, "lineage, coloured by %s%s", is_reversed ? "1 - " : "",
                     color != NULL ? color->name : picture->metric);
    pbt__text_add(drawing->script, "set title ");
    pbt__gnuplot_quote(pbt__text_string(&title), drawing->script);
    pbt__text_add(drawing->script, "\n");
    pbt__text_fini(&title);
    if (color == NULL) {
        pbt__text_format(drawing->script, "set cbrange [%.9g:%.9g]\n", range.low, range.high);
    } else if (color->item_count > 0) {
        pbt__text_add(drawing->script, "set cbtics ");
        pbt__list_marks(color, drawing->script);
        pbt__text_format(drawing->script, "\nset cbrange [-0.5:%g]\n", color->item_count - 0.5);
    } else {
        pbt__text_add(drawing->script, color->scale != PBT_LINEAR ? "set logscale cb\n" : "");
    }
}

static void write_axes(const struct drawing *drawing)
{
    pbt__text_format(drawing->script,
                     "unset key\nset border 1\nunset ytics\n"
                     "set xlabel 'age: training steps in the weights'\n"
                     "set xrange [0:%.9g]\nset yrange [%g:-1]\n"
                     "set palette defined (0 '#440154', 1 '#3b528b', 2 '#21908d', 3 '#5dc963', "
                     "4 '#d8d62a')\n"
                     "set colorbox user origin graph 1.03, graph 0.05 size graph 0.012, graph 0.9\n"
                     "set cbtics font 'sans,9'\nset rmargin 16\n",
                     drawing->picture->trace->last_age * 1.01, (double)drawing->row_count);
}

static void write_plot(const struct drawing *drawing)
{
    const char *width = drawing->is_named ? "2" : drawing->row_count <= MANY ? "1.4" : "0.8";
    pbt__text_format(drawing->script,
                     "plot $winner using 1:2 with lines lw 8 lc rgb '#000000', "
                     "$plain using 1:2 with lines lw %s dt 3 lc rgb '#808080', "
                     "$tree using 1:2:3 with lines lw %s lc palette, "
                     "$winner using 1:2:3 with lines lw 4 lc palette, "
                     "$names using 1:2:3 with labels left offset 0.6,0 font 'sans,8' "
                     "tc rgb '#404040'\n",
                     width, width);
}

pbt_err pbt__panel_lineage(const pbt__picture *picture, pbt__range range, int height,
                           pbt__text *script, pbt_error *error)
{
    int32_t *rows = pbt__calloc((size_t)picture->trace->count, sizeof *rows);
    struct drawing drawing = {.picture = picture, .rows = rows, .script = script};
    if (rows == NULL) {
        return pbt__fail_memory(error);
    }
    pbt_err err = pbt__tree_rows(picture->trace, rows, &drawing.row_count, error);
    if (err == PBT_OK) {
        drawing.is_named = drawing.row_count * NAME_HEIGHT <= height;
        write_block(&drawing, "winner", is_winning);
        write_block(&drawing, "plain", has_no_color);
        write_block(&drawing, "tree", has_color);
        write_names(&drawing);
        write_axes(&drawing);
        write_colors(&drawing, range);
        write_plot(&drawing);
    }
    free(rows);
    return err;
}
