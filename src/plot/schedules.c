/* schedules.c: how one hyperparameter went in every member, on its own scale. */
#include <math.h>
#include <stdlib.h>

#include "core/type.h"
#include "plot/gnuplot.h"
#include "plot/picture.h"
#include "study/json.h"
#include "study/study.h"

enum { REVERSE_MARKS = 9 }; /* 0.9, 0.99, ... */

static const double ROOM = 0.05; /* of an axis */
static const double FEW_DECADES = 100;

static bool is_listed(const pbt_parameter *parameter)
{
    return pbt__type_of(parameter)->shape == PBT__SHAPE_LIST;
}

/* Members with the same value of a list lie side by side. */
static double aside(const pbt__trace *trace, const pbt__track *track,
                    const pbt_parameter *parameter)
{
    const double share = (track->id.member + 0.5) / trace->member_count - 0.5;
    return is_listed(parameter) ? 0.5 * share : 0;
}

/* A segment as a stroke at its value, connected with the value before. */
static void write_stroke(const pbt__trace *trace, const pbt__track *track,
                         const pbt_parameter *parameter, pbt__text *script)
{
    const double off = aside(trace, track, parameter);
    const double value = pbt__trace_value(trace, track, parameter) + off;
    if (track->before >= 0) {
        const pbt__track *before = &trace->tracks[track->before];
        const double left_value = pbt__trace_value(trace, before, parameter) + off;
        const double from[] = {before->end_step, left_value};
        const double corner[] = {track->start_step, left_value};
        pbt__data_line(script, from, 2);
        pbt__data_line(script, corner, 2);
    }
    const double start[] = {track->start_step, value};
    const double end[] = {track->end_step, value};
    pbt__data_line(script, start, 2);
    pbt__data_line(script, end, 2);
    pbt__text_add(script, "\n");
}

/* The schedule of the best, by age. */
static void write_winner(const pbt__trace *trace, const pbt__track *track,
                         const pbt_parameter *parameter, pbt__text *script)
{
    const double value = pbt__trace_value(trace, track, parameter);
    if (track->parent >= 0) {
        const double before = pbt__trace_value(trace, &trace->tracks[track->parent], parameter);
        const double from[] = {track->start_age, before};
        pbt__data_line(script, from, 2);
    }
    const double start[] = {track->start_age, value};
    const double end[] = {track->end_age, value};
    pbt__data_line(script, start, 2);
    pbt__data_line(script, end, 2);
    pbt__text_add(script, "\n");
}

static void write_data(const pbt__trace *trace, const pbt_parameter *parameter, pbt__text *script)
{
    pbt__text_add(script, "$members << END\n");
    for (int32_t i = 0; i < trace->count; i++) {
        write_stroke(trace, &trace->tracks[i], parameter, script);
    }
    pbt__text_add(script, "END\n$winner << END\n");
    for (int32_t i = 0; i < trace->count; i++) {
        if (trace->tracks[i].is_winning) {
            write_winner(trace, &trace->tracks[i], parameter, script);
        }
    }
    pbt__text_add(script, "END\n");
}

void pbt__list_marks(const pbt_parameter *parameter, pbt__text *script)
{
    pbt__text_add(script, "(");
    for (int32_t i = 0; i < parameter->item_count; i++) {
        const pbt_value item = {.integer = i};
        json_t *json = pbt__value_json(parameter, item);
        char *text = json_is_string(json) ? NULL : pbt__json_write(json);
        pbt__text_add(script, i > 0 ? ", " : "");
        pbt__gnuplot_quote(text != NULL ? text : json_string_value(json), script);
        pbt__text_format(script, " %d", (int)i);
        free(text);
        json_decref(json);
    }
    pbt__text_add(script, ")");
}

/* The axis is of 1 - x, downwards; its marks say x. */
static void write_reverse_marks(pbt__text *script)
{
    pbt__text_add(script, "set ytics ('0' 1, '0.5' 0.5");
    for (int nines = 1; nines <= REVERSE_MARKS; nines++) {
        const double distance = pow(10, -nines);
        pbt__text_format(script, ", '%.*f' %.*f", nines, 1 - distance, nines, distance);
    }
    pbt__text_add(script, ")\n");
}

/* Marks at 1, 2 and 5 of every decade, where there are too few decades to mark those alone. */
static void write_decades(double low, double high, pbt__text *script)
{
    const char *comma = "";
    pbt__text_add(script, "set ytics (");
    const int last = (int)floor(log10(high));
    for (int power = (int)floor(log10(low)); power <= last; power++) {
        const double decade = pow(10, power);
        for (int mark = 1; mark <= 5; mark += mark == 1 ? 1 : 3) {
            if (decade * mark >= low && decade * mark <= high) {
                pbt__text_format(script, "%s%.9g", comma, decade * mark);
                comma = ", ";
            }
        }
    }
    pbt__text_add(script, ")\n");
}

/* The values drawn and a little room: a line at a bound is not hidden by an axis. */
static void write_range(const pbt__trace *trace, const pbt_parameter *parameter, pbt__text *script)
{
    const bool is_log = parameter->scale != PBT_LINEAR;
    double low = (double)INFINITY, high = -(double)INFINITY;
    for (int32_t i = 0; i < trace->count; i++) {
        const double value = pbt__trace_value(trace, &trace->tracks[i], parameter);
        low = fmin(low, value);
        high = fmax(high, value);
    }
    if (high > low) {
        const double room = is_log ? pow(high / low, ROOM) : ROOM * (high - low);
        low = is_log ? low / room : low - room;
        high = is_log ? high * room : high + room;
        const bool is_reversed = parameter->scale == PBT_REVERSE_LOG;
        pbt__text_format(script, "set yrange [%.9g:%.9g]\n", is_reversed ? high : low,
                         is_reversed ? low : high);
        if (parameter->scale == PBT_LOG && high / low < FEW_DECADES) {
            write_decades(low, high, script);
        }
    }
}

static void write_axes(const pbt__trace *trace, const pbt_parameter *parameter, pbt__text *script)
{
    pbt__text_format(script,
                     "unset key\nset xlabel 'step; of the best: age' offset 0,0.3\n"
                     "set xrange [0:%.9g]\nset title ",
                     fmax(trace->last_step, trace->last_age) * 1.01);
    pbt__gnuplot_quote(parameter->name, script);
    pbt__text_add(script, "\n");
    if (is_listed(parameter)) {
        pbt__text_add(script, "set ytics ");
        pbt__list_marks(parameter, script);
        pbt__text_format(script, "\nset yrange [-0.5:%g]\n", parameter->item_count - 0.5);
        return;
    }
    if (parameter->scale == PBT_REVERSE_LOG) {
        write_reverse_marks(script);
    }
    write_range(trace, parameter, script);
    pbt__text_add(script,
                  parameter->scale != PBT_LINEAR ? "set logscale y\nset format y '%g'\n" : "");
}

void pbt__panel_schedule(const pbt__picture *picture, const pbt_parameter *parameter,
                         pbt__text *script)
{
    write_data(picture->trace, parameter, script);
    write_axes(picture->trace, parameter, script);
    pbt__text_add(script, "plot $members using 1:2 with lines ");
    pbt__line_of_many(picture, script);
    if (picture->trace->winner >= 0) {
        pbt__text_add(script, ", $winner using 1:2 with lines lw 2.6 lc rgb '#0072b2'");
    }
    pbt__text_add(script, "\n");
}
