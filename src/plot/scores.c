/* scores.c: the scores of all members over steps, and who copied whom. */
#include <math.h>

#include "plot/gnuplot.h"
#include "plot/picture.h"

enum { ARROWS_MAXIMUM = 200 }; /* beyond, copies are lines without heads */

/* A segment as a stroke from its parent's score to its own. */
static void write_strokes(const pbt__trace *trace, const char *name, bool winning,
                          pbt__text *script)
{
    pbt__text_format(script, "$%s << END\n", name);
    for (int32_t i = 0; i < trace->count; i++) {
        const pbt__track *track = &trace->tracks[i];
        if (winning && !track->is_winning) {
            continue;
        }
        if (track->parent >= 0) {
            const double start[] = {track->start_step, trace->tracks[track->parent].score};
            pbt__data_line(script, start, 2);
        }
        const double end[] = {track->end_step, track->score};
        pbt__data_line(script, end, 2);
        pbt__text_add(script, "\n");
    }
    pbt__text_add(script, "END\n");
}

/* Where the best lineage went on in a member at another step. */
static void write_jumps(const pbt__trace *trace, pbt__text *script)
{
    pbt__text_add(script, "$jumps << END\n");
    for (int32_t i = 0; i < trace->count; i++) {
        const pbt__track *track = &trace->tracks[i];
        const pbt__track *parent = track->parent >= 0 ? &trace->tracks[track->parent] : NULL;
        if (track->is_winning && parent != NULL && parent->end_step != track->start_step) {
            const double from[] = {parent->end_step, parent->score};
            const double to[] = {track->start_step, parent->score};
            pbt__data_line(script, from, 2);
            pbt__data_line(script, to, 2);
            pbt__text_add(script, "\n");
        }
    }
    pbt__text_add(script, "END\n");
}

/* First reports, which no stroke leads to. */
static void write_firsts(const pbt__trace *trace, pbt__text *script)
{
    pbt__text_add(script, "$firsts << END\n");
    for (int32_t i = 0; i < trace->count; i++) {
        if (trace->tracks[i].parent < 0) {
            const double at[] = {trace->tracks[i].end_step, trace->tracks[i].score};
            pbt__data_line(script, at, 2);
        }
    }
    pbt__text_add(script, "END\n");
}

/* A copy as an arrow from the donor's score to what the copier gave up: its last score, or, where
 * it diverged or never reported, `nothing`. Returns how many. */
static int32_t write_copies(const pbt__trace *trace, double nothing, pbt__text *script)
{
    int32_t count = 0;
    pbt__text_add(script, "$copies << END\n");
    for (int32_t i = 0; i < trace->count; i++) {
        const pbt__track *track = &trace->tracks[i];
        const pbt__track *left = track->before >= 0 ? &trace->tracks[track->before] : NULL;
        if (track->donor < 0) {
            continue;
        }
        const pbt__track *donor = &trace->tracks[track->donor];
        const double step = left != NULL ? left->end_step : track->start_step;
        const double score = left != NULL && isfinite(left->score) ? left->score : nothing;
        const double arrow[] = {donor->end_step, donor->score, step - donor->end_step,
                                score - donor->score};
        pbt__data_line(script, arrow, 4);
        count++;
    }
    pbt__text_add(script, "END\n");
    return count;
}

/* Many copies are lines without heads, the fainter the more there are. */
static void plot_copies(int32_t count, pbt__text *script)
{
    if (count == 0) {
        return;
    }
    if (count <= ARROWS_MAXIMUM) {
        pbt__text_add(script, ", $copies using 1:2:3:4 with vectors head filled size "
                              "screen 0.006,18 lw 0.7 lc rgb '#40d55e00' "
                              "title 'copies, from donor to copier'");
        return;
    }
    pbt__text_format(script,
                     ", $copies using 1:2:3:4 with vectors nohead lw 0.5 lc rgb '#%sd55e00' "
                     "notitle, NaN with lines lw 1.2 lc rgb '#d55e00' title 'copies'",
                     count <= 1000   ? "90"
                     : count <= 3000 ? "d0"
                                     : "e8");
}

static int32_t write_diverged(const pbt__trace *trace, pbt__text *script)
{
    int32_t count = 0;
    pbt__text_add(script, "$diverged << END\n");
    for (int32_t i = 0; i < trace->count; i++) {
        if (!isfinite(trace->tracks[i].score)) {
            const double at[] = {trace->tracks[i].end_step};
            pbt__data_line(script, at, 1);
            count++;
        }
    }
    pbt__text_add(script, "END\n");
    return count;
}

static void write_axes(const pbt__picture *picture, pbt__range range, pbt__text *script)
{
    pbt__text_format(script,
                     "set key above left horizontal samplen 2 textcolor rgb '#404040'\n"
                     "set xlabel 'step'\nset xrange [0:%.9g]\nset yrange [%.9g:%.9g]\n"
                     "set ylabel ",
                     picture->trace->last_step * 1.01, range.low, range.high);
    pbt__gnuplot_quote(picture->metric, script);
    pbt__text_add(script, "\n");
    if (range.hidden_count > 0) {
        pbt__text_format(script,
                         "set label 'not shown: %d worse score%s' at graph 0.995,%s right "
                         "textcolor rgb '#606060'\n",
                         (int)range.hidden_count, range.hidden_count == 1 ? "" : "s",
                         picture->direction == PBT_MAXIMIZE ? "0.04" : "0.96");
    }
}

static void write_best(const pbt__trace *trace, pbt__text *script)
{
    if (trace->winner >= 0) {
        const pbt__track *best = &trace->tracks[trace->winner];
        pbt__text_format(script, "$best << END\n%.9g %.9g\nEND\n", best->end_step, best->score);
    }
}

static void plot_best(const pbt__trace *trace, pbt__text *script)
{
    if (trace->winner >= 0) {
        pbt__text_add(script, ", $jumps using 1:2 with lines lw 1.6 dt 3 lc rgb '#0072b2' notitle, "
                              "$winner using 1:2 with lines lw 2.6 lc rgb '#0072b2' "
                              "title 'the best and its ancestors', "
                              "$best using 1:2 with points pt 7 ps 1.1 lc rgb '#000000' notitle");
    }
}

void pbt__panel_scores(const pbt__picture *picture, pbt__range range, pbt__text *script)
{
    const pbt__trace *trace = picture->trace;
    const double mark = range.low + 0.02 * (range.high - range.low);
    write_strokes(trace, "members", false, script);
    write_strokes(trace, "winner", true, script);
    write_jumps(trace, script);
    write_firsts(trace, script);
    const int32_t copies = write_copies(trace, mark, script);
    const int32_t diverged = write_diverged(trace, script);
    write_best(trace, script);
    write_axes(picture, range, script);
    pbt__text_add(script, "plot $members using 1:2 with lines ");
    pbt__line_of_many(picture, script);
    pbt__text_add(script, " notitle, $firsts using 1:2 with points pt 7 ps 0.4 lc rgb '#6b8ba4' "
                          "notitle, NaN with lines lw 1.2 lc rgb '#6b8ba4' title 'members'");
    plot_copies(copies, script);
    if (diverged > 0) {
        pbt__text_format(script,
                         ", $diverged using 1:(%.9g) with points pt 2 ps 0.7 lc rgb '#d55e00' "
                         "title 'diverged'",
                         mark);
    }
    plot_best(trace, script);
    pbt__text_add(script, "\n");
}
