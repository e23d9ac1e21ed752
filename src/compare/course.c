/*
 * course.c: reports in the order of the log.
 *
 * `segments` lists them by number and member; the log's sequence is the order in which they came.
 * The work done by then is the steps of all reports so far, whichever member trained them.
 */
#include "compare/course.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

typedef struct report {
    int64_t sequence;
    int64_t steps;       /* of this segment */
    int64_t reported_us; /* since 1970 */
    double span_seconds; /* from being made to being reported */
    double score;        /* as reported */
    int64_t age;
    pbt_segment_id segment;
} report;

typedef struct reports {
    report *items; /* Shape: [count] */
    size_t count;
} reports;

double pbt__course_score(pbt_direction direction, double score)
{
    return direction == PBT_MINIMIZE ? -score : score;
}

static report report_of(const pbt__segment_row *row)
{
    const pbt_segment *s = &row->segment;
    return (report){
        .sequence = row->note.sequence,
        .steps = s->end_step - s->start_step,
        .reported_us = row->note.reported_us,
        .span_seconds = (double)(row->note.reported_us - row->note.created_us) / 1e6,
        .score = s->score,
        .age = s->end_age,
        .segment = s->id,
    };
}

static int compare_reports(const void *left, const void *right)
{
    const report *a = left;
    const report *b = right;
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

/* Of each report as much as a course needs, in the order in which they came. The caller frees
 * `list->items`. False: no memory. */
static bool collect_reports(const pbt__row_list *rows, reports *list)
{
    list->items = pbt__calloc(rows->count + 1, sizeof *list->items);
    for (size_t i = 0; list->items != NULL && i < rows->count; i++) {
        if (rows->items[i].segment.state == PBT_SEGMENT_REPORTED) {
            list->items[list->count++] = report_of(&rows->items[i]);
        }
    }
    if (list->items != NULL) {
        qsort(list->items, list->count, sizeof *list->items, compare_reports);
    }
    return list->items != NULL;
}

/* Follow the reports. Time never goes back, even where the machine's clock did.
 * Shape: times, spans [list->count] */
static pbt_err follow(pbt__course *course, const reports *list, int64_t created_us, double *times,
                      double *spans)
{
    int64_t steps = 0;
    double seconds = 0;
    for (size_t i = 0; i < list->count; i++) {
        const report *at = &list->items[i];
        steps += at->steps;
        seconds = fmax(seconds, (double)(at->reported_us - created_us) / 1e6);
        times[i] = seconds;
        spans[i] = at->span_seconds;
        pbt__curve_point point = {
            .steps = steps,
            .seconds = seconds,
            .score = pbt__course_score(course->direction, at->score),
            .age = at->age,
            .segment = at->segment,
        };
        pbt_err err = pbt__curve_add(&course->curve, &point);
        if (err != PBT_OK) {
            return err;
        }
    }
    course->pauses = pbt__pauses_find(times, spans, list->count);
    return PBT_OK;
}

static pbt_err read_curve(const pbt__row_list *rows, pbt__course *course, pbt_error *error)
{
    reports list = {0};
    pbt_err err = PBT_ERR_MEMORY;
    const bool is_whole = collect_reports(rows, &list);
    double *times = is_whole ? pbt__calloc(2 * list.count + 1, sizeof *times) : NULL;
    if (times != NULL) {
        err = follow(course, &list, rows->created_us, times, times + list.count);
    }
    free(times);
    free(list.items);
    return err == PBT_OK ? PBT_OK : pbt__fail_memory(error);
}

static bool is_replay(const char *name, const pbt_search *search)
{
    return strstr(name, "-replay") != NULL && search->population == 1 && search->start_count == 1 &&
           search->starts[0].stage_count > 0;
}

static pbt_err read_course(const pbt__told *told, pbt__course *course, pbt_error *error)
{
    pbt__summary summary;
    const pbt_spec *spec = told->spec;
    pbt_err err = pbt__summary_read(json_object_get(told->answer, "show"), &summary, error);
    if (err != PBT_OK) {
        return err;
    }
    snprintf(course->name, sizeof course->name, "%s", told->name);
    course->seed = spec->search.seed;
    course->direction = spec->search.direction;
    course->steps_total = summary.steps_total;
    course->state = summary.shown;
    course->is_replay = is_replay(course->name, &spec->search);
    course->metric = pbt__strdup(spec->metric);
    if (course->metric == NULL) {
        return pbt__fail_memory(error);
    }
    return read_curve(&told->rows, course, error);
}

pbt_err pbt__course_read(const pbt__told *told, pbt__course *out, pbt_error *error)
{
    pbt__course course = {0};
    pbt_err err = read_course(told, &course, error);
    if (err != PBT_OK) {
        pbt__course_fini(&course);
        return err;
    }
    *out = course;
    return PBT_OK;
}

void pbt__course_fini(pbt__course *course)
{
    free(course->metric);
    pbt__curve_fini(&course->curve);
    course->metric = NULL;
}
