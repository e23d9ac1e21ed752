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
    double score; /* higher is better; -inf where there is none */
    const json_t *member;
} standing;

static int compare_standings(const void *a, const void *b)
{
    double left = ((const standing *)a)->score, right = ((const standing *)b)->score;
    return (left < right) - (left > right);
}

/* List the members that are shown: all in order, or where they do not fit the best of them.
 * Shape: out[json_array_size(members)]; returns how many. */
static size_t choose_members(const pbt__live *live, const json_t *members, standing *out)
{
    const pbt_search *search = &pbt__study_spec(live->study)->search;
    size_t count = json_array_size(members);
    size_t rows = live->screen.rows, room = rows > FIXED_LINES + 1 ? rows - FIXED_LINES - 1 : 1;
    for (size_t i = 0; i < count; i++) {
        const json_t *member = json_array_get(members, i);
        const json_t *score = json_object_get(member, "score");
        double value = json_is_number(score) ? json_number_value(score) : -INFINITY;
        bool is_reversed = search->direction == PBT_MINIMIZE && isfinite(value);
        out[i] = (standing){is_reversed ? -value : value, member};
    }
    if (count <= room) {
        return count;
    }
    qsort(out, count, sizeof *out, compare_standings);
    return room;
}

static void add_cell(pbt__table *table, const json_t *value)
{
    char cell[PBT__CELL_SIZE];
    pbt__format_json(value, cell);
    pbt__table_add(table, cell);
}

/* A member's cell; the step of one that trains is the one inside its segment. */
static const json_t *cell_of(const json_t *member, const char *key)
{
    const json_t *now = strcmp(key, "step") == 0 ? json_object_get(member, "now") : NULL;
    return now != NULL ? now : json_object_get(member, key);
}

static void write_left_out(pbt__text *left_out, pbt__text *out)
{
    if (left_out->length > 0) {
        pbt__text_format(out, "not shown: %s; widen the terminal, or see 'pbt members'\n",
                         pbt__text_string(left_out));
    }
    pbt__text_fini(left_out);
}

static void write_members(const pbt__live *live, const standing *shown, size_t count,
                          const pbt__sight *sight, pbt__text *out)
{
    static const char *const HEADERS[] = {"member", "state", "step", "score", "seen", "logged"};
    const size_t header_count = 4 + (size_t)sight->is_training + (size_t)sight->has_logged;
    const pbt_space *space = &pbt__study_spec(live->study)->search.space;
    pbt__table table = pbt__table_init(header_count + 1 + space->count);
    for (size_t i = 0; i < header_count; i++) {
        pbt__table_add(&table, HEADERS[i]);
    }
    pbt__table_add(&table, "last decision");
    for (size_t i = 0; i < space->count; i++) {
        pbt__table_add(&table, space->parameters[i].name);
    }
    for (size_t row = 0; row < count; row++) {
        const json_t *member = shown[row].member;
        const json_t *values = json_object_get(member, "hyperparameters");
        int64_t number = json_integer_value(json_object_get(member, "member"));
        bool is_known = number >= 0 && number < live->member_count;
        for (size_t i = 0; i < header_count; i++) {
            add_cell(&table, cell_of(member, HEADERS[i]));
        }
        pbt__table_add(&table, is_known ? live->decisions[number] : "");
        for (size_t i = 0; i < space->count; i++) {
            add_cell(&table, json_object_get(values, space->parameters[i].name));
        }
    }
    pbt__text left_out = pbt__text_init(FRAME_MAXIMUM);
    pbt__table_write_within(&table, live->screen.columns, out, &left_out);
    pbt__table_fini(&table);
    write_left_out(&left_out, out);
}

static pbt_err write_table(const pbt__live *live, pbt__text *out, pbt_error *error)
{
    json_t *members = NULL;
    pbt_err err = pbt__study_members(live->study, &members, error);
    if (err != PBT_OK) {
        return err;
    }
    size_t all = json_array_size(members);
    standing *shown = pbt__calloc(all + 1, sizeof *shown);
    if (shown == NULL) {
        json_decref(members);
        return pbt__fail_memory(error);
    }
    pbt__sight sight;
    if (!pbt__sight_add(members, pbt__clock_now_us(), LOGGED_COLUMNS, &sight)) {
        out->failed = true;
    }
    size_t count = choose_members(live, members, shown);
    write_members(live, shown, count, &sight, out);
    if (count < all) {
        pbt__text_format(out, "the best %zu of %zu members\n", count, all);
    } else {
        pbt__text_add(out, "\n");
    }
    free(shown);
    json_decref(members);
    return PBT_OK;
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
