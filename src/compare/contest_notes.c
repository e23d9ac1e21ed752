/* contest_notes.c: notes on the numbers of a contest. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "compare/contest.h"
#include "render/format.h"

static void add_note(json_t *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add_note(json_t *notes, const char *format, ...)
{
    char line[512];
    va_list list;
    va_start(list, format);
    vsnprintf(line, sizeof line, format, list);
    va_end(list);
    (void)json_array_append_new(notes, json_string(line));
}

static void note_progress(const pbt__course *course, int64_t budget, json_t *notes)
{
    bool is_over = course->state == PBT__FINISHED || course->state == PBT__STUDY_FAILED;
    if (budget >= 0 && course->curve.steps < budget) {
        add_note(notes, "%s has done %" PRId64 " of the %" PRId64 " steps; its best so far counts",
                 course->name, course->curve.steps, budget);
    } else if (budget < 0 && !is_over) {
        char total[PBT__CELL_SIZE] = "";
        if (course->steps_total > 0) {
            snprintf(total, sizeof total, " of %" PRId64, course->steps_total);
        }
        add_note(notes, "%s is %s, after %" PRId64 "%s steps", course->name,
                 pbt__study_state_name(course->state), course->curve.steps, total);
    }
}

static void note_pauses(const pbt__course *course, json_t *notes)
{
    char cell[PBT__CELL_SIZE];
    if (course->pauses.count == 0) {
        return;
    }
    pbt__format_seconds(course->pauses.seconds, cell);
    add_note(notes, "nothing was reported in %s for %s (%zu pause%s); its times include that",
             course->name, cell, course->pauses.count, course->pauses.count == 1 ? "" : "s");
}

static void note_budgets(const pbt__contest *contest, json_t *notes)
{
    int64_t least = contest->standings[0].least_steps, most = contest->standings[0].most_steps;
    for (size_t i = 1; i < contest->groups->count; i++) {
        const pbt__contestant *at = &contest->standings[i];
        least = at->least_steps < least ? at->least_steps : least;
        most = at->most_steps > most ? at->most_steps : most;
    }
    if (least != most && contest->budget < 0) {
        add_note(notes,
                 "the studies did between %" PRId64 " and %" PRId64
                 " steps; --at STEPS compares them at the same work",
                 least, most);
    }
}

json_t *pbt__contest_notes(const pbt__contest *contest)
{
    json_t *notes = json_array();
    note_budgets(contest, notes);
    if (contest->groups->replay_count > 0) {
        add_note(notes, "replays are left out: %zu; they are compared where they are named",
                 contest->groups->replay_count);
    }
    for (size_t i = 0; i < contest->groups->count; i++) {
        const pbt__group *group = &contest->groups->groups[i];
        for (size_t j = 0; j < group->count; j++) {
            note_progress(&group->courses[j], contest->budget, notes);
            if (contest->standings[i].points[j] == NULL) {
                add_note(notes, "%s has no usable score and counts as the worst",
                         group->courses[j].name);
            }
            note_pauses(&group->courses[j], notes);
        }
    }
    return notes;
}
