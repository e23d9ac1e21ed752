/*
 * live.c: what the live table shows.
 *
 * Each frame is made from the members as they are now. What was decided last for each comes from
 * the events since the frame before, so that a frame costs the population, not the history.
 */
#include "render/live.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "render/format.h"
#include "render/screen.h"
#include "render/sight.h"
#include "render/table.h"
#include "render/words.h"

enum {
    FRAME_MAXIMUM = 1 << 20, /* Units: bytes */
    DECISION_SIZE = 64,
    FIXED_LINES = 10, /* all but the members */
    LOGGED_COLUMNS = 24,
    BAR_COLUMNS = 24,
};

struct pbt__live {
    pbt__study *study;
    const char *title;
    int32_t member_count;
    pbt__screen screen;
    int64_t began_us;
    int64_t began_steps, began_segments; /* done before this run */
    int64_t sequence;                    /* the newest event seen */
    char (*decisions)[DECISION_SIZE];    /* Shape: decisions[member_count] */
};

pbt_err pbt__live_new(pbt__study *study, const char *title, int descriptor, pbt__live **out,
                      pbt_error *error)
{
    pbt__summary summary;
    pbt_err err = pbt__study_summary(study, &summary, error);
    if (err != PBT_OK) {
        return err;
    }
    pbt__live *live = pbt__calloc(1, sizeof *live);
    if (live == NULL) {
        return pbt__fail_memory(error);
    }
    live->study = study;
    live->title = title;
    live->member_count = summary.member_count;
    live->screen = pbt__screen_init(descriptor);
    live->began_us = pbt__clock_monotonic_us();
    live->began_steps = summary.steps_done;
    live->began_segments = summary.report_count;
    live->decisions = pbt__calloc((size_t)summary.member_count + 1, sizeof *live->decisions);
    if (live->decisions == NULL) {
        pbt__live_free(live);
        return pbt__fail_memory(error);
    }
    *out = live;
    return PBT_OK;
}

void pbt__live_free(pbt__live *live)
{
    if (live != NULL) {
        free(live->decisions);
        free(live);
    }
}

/* ---- members ---- */

typedef struct standing {
    double score; /* higher is better; -inf if there is none */
    const pbt__member_row *member;
} standing;

static int compare_standings(const void *a, const void *b)
{
    double left = ((const standing *)a)->score, right = ((const standing *)b)->score;
    return (left < right) - (left > right);
}

/* List the members that are shown: all in order, or if they do not fit the best of them.
 * Shape: out[members->count]; returns how many. */
static size_t choose_members(const pbt__live *live, const pbt__member_list *members, standing *out)
{
    const pbt_search *search = &pbt__study_spec(live->study)->search;
    size_t rows = live->screen.rows, room = rows > FIXED_LINES + 1 ? rows - FIXED_LINES - 1 : 1;
    for (size_t i = 0; i < members->count; i++) {
        const pbt__member_row *member = &members->items[i];
        const bool is_finite = member->has_score && isfinite(member->score);
        const double score = search->direction == PBT_MINIMIZE ? -member->score : member->score;
        out[i] = (standing){is_finite ? score : -INFINITY, member};
    }
    if (members->count <= room) {
        return members->count;
    }
    qsort(out, members->count, sizeof *out, compare_standings);
    return room;
}

static void write_left_out(pbt__text *left_out, pbt__text *out)
{
    if (left_out->length > 0) {
        pbt__text_format(out, "not shown: %s; widen the terminal, or see 'pbt members'\n",
                         pbt__text_string(left_out));
    }
    pbt__text_fini(left_out);
}

/* The step of one that trains is the one inside its segment. */
static void add_member(const pbt__live *live, const pbt__member_row *member,
                       const pbt__member_column *columns, size_t count, pbt__table *table)
{
    char cell[PBT__CELL_SIZE];
    const int64_t now_us = pbt__clock_now_us();
    const bool is_training = member->training.claim.attempt > 0;
    for (size_t i = 0; i < count; i++) {
        const bool is_inside = is_training && columns[i] == PBT__MEMBER_STEP;
        pbt__member_cell(member, is_inside ? PBT__MEMBER_NOW : columns[i], now_us, LOGGED_COLUMNS,
                         cell);
        pbt__table_add(table, cell);
    }
    pbt__table_add(table,
                   member->member < live->member_count ? live->decisions[member->member] : "");
}

static void write_members(const pbt__live *live, const standing *shown, size_t count,
                          const pbt__member_list *members, pbt__text *out)
{
    static const pbt__member_column COLUMNS[] = {PBT__MEMBER,      PBT__MEMBER_STATE,
                                                 PBT__MEMBER_STEP, PBT__MEMBER_SCORE,
                                                 PBT__MEMBER_SEEN, PBT__MEMBER_LOGGED};
    const pbt__sight sight = pbt__sight_of(members);
    const size_t column_count = 4 + (size_t)sight.is_training + (size_t)sight.has_logged;
    pbt__table table = pbt__table_init(column_count + 1 + members->space->count);
    for (size_t i = 0; i < column_count; i++) {
        pbt__table_add(&table, pbt__member_header(COLUMNS[i]));
    }
    pbt__table_add(&table, "last decision");
    pbt__table_add_names(&table, members->space);
    for (size_t row = 0; row < count; row++) {
        add_member(live, shown[row].member, COLUMNS, column_count, &table);
        pbt__table_add_values(&table, members->space, shown[row].member->values);
    }
    pbt__text left_out = pbt__text_init(FRAME_MAXIMUM);
    pbt__table_write_within(&table, live->screen.columns, out, &left_out);
    pbt__table_fini(&table);
    write_left_out(&left_out, out);
}

static pbt_err write_table(const pbt__live *live, pbt__text *out, pbt_error *error)
{
    pbt__member_list members;
    pbt_err err = pbt__study_member_rows(live->study, PBT__ROWS_ALL, &members, error);
    standing *shown = err == PBT_OK ? pbt__calloc(members.count + 1, sizeof *shown) : NULL;
    if (shown != NULL) {
        const size_t count = choose_members(live, &members, shown);
        write_members(live, shown, count, &members, out);
        if (count < members.count) {
            pbt__text_format(out, "the best %zu of %zu members", count, members.count);
        }
        pbt__text_add(out, "\n");
    } else if (err == PBT_OK) {
        err = pbt__fail_memory(error);
    }
    free(shown);
    pbt__member_list_fini(&members);
    return err;
}

/* ---- the lines around them ---- */

/* How far it is: in steps, or by the time that ends it. */
static double share_of(const pbt__summary *summary)
{
    if (summary->steps_total > 0) {
        return (double)summary->steps_done / (double)summary->steps_total;
    }
    return summary->seconds_total > 0 ? summary->seconds_done / summary->seconds_total : 0;
}

static void write_progress(const pbt__live *live, const pbt__summary *summary, double elapsed,
                           pbt__text *out)
{
    char bar[BAR_COLUMNS + 1] = "";
    const double share = share_of(summary);
    size_t full = (size_t)(fmin(share, 1) * BAR_COLUMNS);
    memset(bar, '#', full);
    memset(bar + full, '-', BAR_COLUMNS - full);
    char copies[PBT__CELL_SIZE], progress[PBT__CELL_SIZE];
    pbt__format_count(summary->exploit_count, "copy", copies);
    pbt__format_progress(summary, progress);
    double segments = (double)(summary->report_count - live->began_segments);
    pbt__text_format(out, "[%s] %3.0f %%  %s  %.3g segments/s  %s\n", bar, 100 * share, progress,
                     elapsed > 0 ? segments / elapsed : 0, copies);
}

static void write_best(const pbt__live *live, const pbt__summary *summary, double elapsed,
                       pbt__text *out)
{
    char score[PBT__CELL_SIZE], spent[PBT__CELL_SIZE], left[PBT__CELL_SIZE], id[PBT__ID_SIZE];
    double done = (double)(summary->steps_done - live->began_steps);
    double todo = (double)(summary->steps_total - summary->steps_done);
    double by_steps = summary->steps_total > 0 && done > 0 ? elapsed * todo / done : -1;
    double by_time = summary->seconds_total - summary->seconds_done;
    bool is_sooner = summary->seconds_total > 0 && (by_steps < 0 || by_time < by_steps);
    pbt__format_seconds(elapsed, spent);
    pbt__format_seconds(is_sooner ? by_time : by_steps, left);
    if (summary->has_best) {
        pbt__format_real(summary->best.score, score);
        pbt__id_write(summary->best.id, id);
        pbt__text_format(out, "best %s (%s)  ", score, id);
    }
    pbt__text_format(out, "elapsed %s  left %s\n", spent, left);
}

/* ---- frames ---- */

static void see_decision(pbt__live *live, const json_t *decision)
{
    pbt_segment_id id;
    const char *segment = json_string_value(json_object_get(decision, "segment"));
    if (segment == NULL || !pbt__id_read(segment, &id) || id.member >= live->member_count) {
        return;
    }
    pbt__text words = pbt__text_init(DECISION_SIZE);
    pbt__words_decision(decision, &words);
    snprintf(live->decisions[id.member], DECISION_SIZE, "%s", pbt__text_string(&words));
    pbt__text_fini(&words);
}

static pbt_err see_event(void *context, const json_t *event)
{
    pbt__live *live = context;
    const json_t *decisions = json_object_get(event, "decisions");
    for (size_t i = 0; i < json_array_size(decisions); i++) {
        see_decision(live, json_array_get(decisions, i));
    }
    live->sequence = json_integer_value(json_object_get(event, "sequence"));
    return PBT_OK;
}

void pbt__live_clear(pbt__live *live)
{
    pbt__screen_draw(&live->screen, "");
}

pbt_err pbt__live_draw(pbt__live *live, const char *notice, pbt_error *error)
{
    pbt__summary summary;
    pbt__text frame = pbt__text_init(FRAME_MAXIMUM);
    double elapsed = (double)(pbt__clock_monotonic_us() - live->began_us) / 1e6;
    pbt_err err = pbt__study_summary(live->study, &summary, error);
    if (err == PBT_OK) {
        err = pbt__study_events(live->study, live->sequence, see_event, live, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    pbt__screen_measure(&live->screen);
    pbt__text_format(&frame, "%s\n\n", live->title);
    err = write_table(live, &frame, error);
    write_progress(live, &summary, elapsed, &frame);
    write_best(live, &summary, elapsed, &frame);
    pbt__text_format(&frame, "%s\n", notice);
    if (err == PBT_OK && !frame.failed) {
        pbt__screen_draw(&live->screen, pbt__text_string(&frame));
    }
    pbt__text_fini(&frame);
    return err;
}
