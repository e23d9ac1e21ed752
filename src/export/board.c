/*
 * board.c: from events to runs.
 *
 * Records are written whenever some thousand have gathered, and of a segment that was reported its
 * point alone is kept, so that a study may be of any length.
 */
#include "export/board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "export/hparams.h"
#include "export/points.h"
#include "export/proto.h"
#include "export/records.h"
#include "study/json.h"

enum {
    PENDING_MAXIMUM = 1 << 30, /* Units: bytes */
    PENDING_POINTS = 4096,     /* of all runs; beyond, they are written */
    TAG_SIZE = 256,
    TIME_SIZE = 48,
};

/* Field numbers of tensorboard.Event and of what it holds. */
enum {
    EVENT_TIME = 1,
    EVENT_STEP = 2,
    EVENT_VERSION = 3,
    EVENT_SUMMARY = 5,
    EVENT_SESSION = 7,
    SESSION_STATUS = 1,
    SESSION_START = 1,
    SUMMARY_VALUE = 1,
    VALUE_TAG = 1,
    VALUE_SIMPLE = 2,
};

typedef struct board_run {
    int file;      /* the number of the file that is ours; 0: the folder is not yet looked at */
    bool is_begun; /* our file has its head */
    pbt_segment_id mark; /* of the newest point, on disk or pending */
    json_t *values;      /* of a member's run: the hyperparameters of its newest report */
    double seconds;      /* and when that was */
    pbt__text pending;
} board_run;

struct pbt__board {
    char folder[PBT__PATH_SIZE];
    char created[TIME_SIZE]; /* what tells this study from another of its name */
    bool is_live;
    bool is_described; /* `best` holds the experiment */
    int32_t member_count;
    pbt__text space;     /* what the HParams tab reads of it */
    json_t *open;        /* by id: the decisions that made the segments not reported yet */
    pbt__points *points; /* of all segments */
    json_t *metrics;     /* the names of all */
    double seconds;      /* of the newest event */
    int pending_count;   /* points in all runs' pending */
    board_run *runs;     /* Shape: runs[member_count + 1]; the last is `best` */
};

static board_run *best_run(const pbt__board *board)
{
    return &board->runs[board->member_count];
}

static board_run *runs_new(size_t count)
{
    board_run *runs = pbt__calloc(count, sizeof *runs);
    for (size_t i = 0; runs != NULL && i < count; i++) {
        runs[i].pending = pbt__text_init(PENDING_MAXIMUM);
        runs[i].mark = PBT_NO_SEGMENT;
    }
    return runs;
}

pbt_err pbt__board_new(const pbt_spec *spec, const char *folder, bool is_live, pbt__board **out,
                       pbt_error *error)
{
    pbt__board *board = pbt__calloc(1, sizeof *board);
    if (board == NULL) {
        return pbt__fail_memory(error);
    }
    board->is_live = is_live;
    board->member_count = spec->search.population;
    board->space = pbt__hparams_space(&spec->search.space);
    board->open = json_object();
    board->points = pbt__points_new(board->member_count);
    board->metrics = json_object();
    board->runs = runs_new((size_t)board->member_count + 1);
    pbt_err err = pbt__path_join("", folder, board->folder, error);
    if (board->open == NULL || board->points == NULL || board->metrics == NULL ||
        board->runs == NULL) {
        err = pbt__fail_memory(error);
    }
    if (err != PBT_OK) {
        pbt__board_free(board);
        return err;
    }
    *out = board;
    return PBT_OK;
}

void pbt__board_free(pbt__board *board)
{
    if (board == NULL) {
        return;
    }
    for (int32_t i = 0; board->runs != NULL && i <= board->member_count; i++) {
        pbt__text_fini(&board->runs[i].pending);
        json_decref(board->runs[i].values);
    }
    pbt__text_fini(&board->space);
    json_decref(board->open);
    pbt__points_free(board->points);
    json_decref(board->metrics);
    free(board->runs);
    free(board);
}

/* ---- records ---- */

/* Units: seconds since 1970; 0 where the text is no time. */
static double seconds_of(const char *text)
{
    int64_t time_us = 0;
    return text != NULL && pbt__clock_read(text, &time_us) ? (double)time_us / 1e6 : 0;
}

static pbt__text event_of(double seconds, int64_t step)
{
    pbt__text event = pbt__proto_new();
    pbt__proto_double(&event, EVENT_TIME, seconds);
    pbt__proto_integer(&event, EVENT_STEP, (uint64_t)step);
    return event;
}

/* The first record of a file says which version it has; version 2 has sessions' restarts. */
static void begin_file(board_run *to, double seconds)
{
    if (to->is_begun) {
        return;
    }
    pbt__text head = pbt__proto_new();
    pbt__proto_double(&head, EVENT_TIME, seconds);
    pbt__proto_string(&head, EVENT_VERSION, "brain.Event:2");
    pbt__records_frame(&to->pending, &head);
    to->is_begun = true;
}

static void add_record(board_run *to, double seconds, pbt__text *event)
{
    begin_file(to, seconds);
    pbt__records_frame(&to->pending, event);
}

static void add_summary(board_run *to, double seconds, int64_t step, pbt__text *summary)
{
    pbt__text event = event_of(seconds, step);
    pbt__proto_message(&event, EVENT_SUMMARY, summary);
    add_record(to, seconds, &event);
}

/* A session's start. At each but the first TensorBoard forgets what it has from this step on. */
static void add_session(board_run *to, double seconds, int64_t step)
{
    pbt__text event = event_of(seconds, step), session = pbt__proto_new();
    pbt__proto_integer(&session, SESSION_STATUS, SESSION_START);
    pbt__proto_message(&event, EVENT_SESSION, &session);
    add_record(to, seconds, &event);
}

static int64_t integer_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static pbt__text scalars_of(const pbt__board *board, const pbt__point *point)
{
    pbt__text summary = pbt__proto_new();
    for (int32_t i = 0; i < point->scalar_count; i++) {
        const char *tag = NULL;
        const float value = pbt__points_scalar(board->points, point, i, &tag);
        pbt__text scalar = pbt__proto_new();
        pbt__proto_string(&scalar, VALUE_TAG, tag);
        pbt__proto_float(&scalar, VALUE_SIMPLE, value);
        pbt__proto_message(&summary, SUMMARY_VALUE, &scalar);
    }
    return summary;
}

/* One point: all scalars of a reported segment and its mark, in one record. */
static void add_point(pbt__board *board, board_run *to, pbt_segment_id id, const pbt__point *point,
                      int64_t step)
{
    char mark[PBT__MARK_SIZE], name[PBT__ID_SIZE];
    pbt__text event = event_of(point->seconds, step), summary = scalars_of(board, point);
    pbt__id_write(id, name);
    snprintf(mark, sizeof mark, "%s %s", board->created, name);
    pbt__proto_message(&event, EVENT_SUMMARY, &summary);
    pbt__proto_string(&event, PBT__MARK_FIELD, mark);
    add_record(to, point->seconds, &event);
    to->mark = id;
    board->pending_count++;
}

/* ---- what the folder holds already ---- */

static pbt_err run_folder(const pbt__board *board, const board_run *of, char *out, pbt_error *error)
{
    char name[32];
    const int32_t index = (int32_t)(of - board->runs);
    snprintf(name, sizeof name, "m%" PRId32, index);
    return pbt__path_join(board->folder, index == board->member_count ? "best" : name, out, error);
}

static pbt_err fail_other(const char *folder, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_STATE, "'%s' holds the records of another study", folder);
    pbt__error_hint(error, "remove it, or name another folder");
    return PBT_ERR_STATE;
}

/* Look at a run's folder: how far it is, and which file is ours. */
static pbt_err look_at(const pbt__board *board, board_run *of, pbt_error *error)
{
    char folder[PBT__PATH_SIZE], mark[PBT__MARK_SIZE];
    const size_t length = strlen(board->created);
    int file_count = 0;
    pbt_err err = run_folder(board, of, folder, error);
    if (err == PBT_OK) {
        err = pbt__records_scan(folder, &file_count, mark, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    bool is_ours = strncmp(mark, board->created, length) == 0 && mark[length] == ' ' &&
                   pbt__id_read(mark + length + 1, &of->mark);
    of->file = file_count + 1;
    return is_ours || mark[0] == '\0' ? PBT_OK : fail_other(folder, error);
}

static pbt_err begin(pbt__board *board, const json_t *event, pbt_error *error)
{
    pbt_err err = PBT_OK;
    const char *created = json_string_value(json_object_get(event, "time"));
    snprintf(board->created, sizeof board->created, "%s", created != NULL ? created : "");
    for (int32_t i = 0; i <= board->member_count && err == PBT_OK; i++) {
        err = look_at(board, &board->runs[i], error);
    }
    board->is_described = best_run(board)->mark.member >= 0;
    if (err == PBT_OK && best_run(board)->file == 1) {
        add_session(best_run(board), board->seconds, 0);
    }
    return err;
}

/* ---- writing ---- */

static pbt_err flush_run(const pbt__board *board, board_run *of, pbt_error *error)
{
    char folder[PBT__PATH_SIZE];
    if (of->pending.failed) {
        return pbt__fail_memory(error);
    }
    if (of->pending.length == 0) {
        return PBT_OK;
    }
    pbt_err err = run_folder(board, of, folder, error);
    if (err == PBT_OK) {
        err = pbt__records_append(folder, of->file, &of->pending, error);
    }
    if (err == PBT_OK) {
        pbt__text_fini(&of->pending);
    }
    return err;
}

static pbt_err flush_runs(pbt__board *board, pbt_error *error)
{
    pbt_err err = PBT_OK;
    for (int32_t i = 0; i <= board->member_count && err == PBT_OK; i++) {
        err = flush_run(board, &board->runs[i], error);
    }
    board->pending_count = err == PBT_OK ? 0 : board->pending_count;
    return err;
}

static pbt_err flush_many(pbt__board *board, pbt_error *error)
{
    return board->pending_count >= PENDING_POINTS ? flush_runs(board, error) : PBT_OK;
}

/* ---- events ---- */

static pbt_segment_id id_of(const json_t *object, const char *key)
{
    pbt_segment_id id;
    const char *name = json_string_value(json_object_get(object, key));
    return name != NULL && pbt__id_read(name, &id) ? id : PBT_NO_SEGMENT;
}

static bool add_segments(pbt__board *board, const json_t *event)
{
    size_t i = 0;
    json_t *decision = NULL;
    bool is_whole = true;
    json_array_foreach(json_object_get(event, "decisions"), i, decision)
    {
        const char *name = json_string_value(json_object_get(decision, "segment"));
        pbt__point *point = pbt__points_make(board->points, id_of(decision, "segment"));
        is_whole = is_whole && point != NULL && json_object_set(board->open, name, decision) == 0;
        if (is_whole) {
            point->parent = id_of(decision, "parent");
        }
    }
    return is_whole;
}

static bool add_scalar(const pbt__board *board, pbt__point *to, const char *group, const char *name,
                       const json_t *json)
{
    double value = 0;
    char tag[TAG_SIZE];
    snprintf(tag, sizeof tag, "%s%s", group, name);
    return !pbt__json_number_read(json, &value) || pbt__points_add(board->points, to, tag, value);
}

static bool fill_point(const pbt__board *board, pbt__point *point, const json_t *decision,
                       const json_t *event)
{
    const char *name = NULL;
    json_t *value = NULL;
    bool is_whole = add_scalar(board, point, "", "score", json_object_get(event, "score"));
    json_object_foreach(json_object_get(event, "metrics"), name, value)
    {
        is_whole = is_whole && add_scalar(board, point, "metrics/", name, value);
    }
    json_object_foreach(json_object_get(decision, "hyperparameters"), name, value)
    {
        if (json_is_number(value)) {
            is_whole = is_whole && add_scalar(board, point, "hyperparameters/", name, value);
        }
    }
    point->age = integer_of(decision, "start_age") + integer_of(event, "step") -
                 integer_of(decision, "start_step");
    point->seconds = board->seconds;
    point->is_reported = true;
    return is_whole;
}

static void describe(pbt__board *board)
{
    pbt__text experiment =
        pbt__hparams_experiment(&board->space, board->metrics, seconds_of(board->created));
    add_summary(best_run(board), board->seconds, 0, &experiment);
    board->is_described = true;
}

static void start_session(board_run *to)
{
    pbt__text start = pbt__hparams_start(to->values, to->seconds);
    add_summary(to, to->seconds, 0, &start);
}

static void note_newest(board_run *of, const json_t *decision, double seconds)
{
    json_decref(of->values);
    of->values = json_incref(json_object_get(decision, "hyperparameters"));
    of->seconds = seconds;
}

static bool add_report(pbt__board *board, const json_t *event)
{
    const pbt_segment_id id = id_of(event, "segment");
    const char *name = json_string_value(json_object_get(event, "segment"));
    const json_t *decision = json_object_get(board->open, name);
    pbt__point *point = pbt__points_find(board->points, id);
    if (decision == NULL || point == NULL || !fill_point(board, point, decision, event) ||
        json_object_update(board->metrics, json_object_get(event, "metrics")) != 0) {
        return false;
    }
    board_run *to = &board->runs[id.member];
    note_newest(to, decision, board->seconds);
    (void)json_object_del(board->open, name);
    if (board->is_live && !board->is_described) {
        describe(board);
    }
    if (id.number <= to->mark.number) {
        return true;
    }
    if (board->is_live && to->mark.member < 0) {
        start_session(to);
    }
    add_point(board, to, id, point, integer_of(event, "step"));
    return true;
}

pbt_err pbt__board_take(pbt__board *board, const json_t *event, pbt_error *error)
{
    const char *kind = json_string_value(json_object_get(event, "kind"));
    board->seconds = seconds_of(json_string_value(json_object_get(event, "time")));
    pbt_err err =
        kind != NULL && strcmp(kind, "created") == 0 ? begin(board, event, error) : PBT_OK;
    if (err != PBT_OK) {
        return err;
    }
    bool is_report = kind != NULL && strcmp(kind, "reported") == 0;
    bool is_taken = (!is_report || add_report(board, event)) && add_segments(board, event);
    return is_taken ? flush_many(board, error) : pbt__fail_memory(error);
}

/* ---- the best lineage ---- */

/* The lineage that ends in `leaf`, the oldest first. The caller frees; NULL: no memory.
 * Shape: lineage[*count] */
static pbt_segment_id *lineage_of(const pbt__board *board, pbt_segment_id leaf, size_t *count)
{
    size_t length = 0;
    const pbt__point *point = NULL;
    for (pbt_segment_id id = leaf; (point = pbt__points_find(board->points, id)) != NULL;
         id = point->parent) {
        length++;
    }
    pbt_segment_id *lineage = pbt__calloc(length + 1, sizeof *lineage);
    if (lineage != NULL) {
        pbt_segment_id id = leaf;
        for (size_t i = length; i > 0; i--) {
            lineage[i - 1] = id;
            id = pbt__points_find(board->points, id)->parent;
        }
        *count = length;
    }
    return lineage;
}

static size_t count_common(const pbt_segment_id *a, size_t a_count, const pbt_segment_id *b,
                           size_t b_count)
{
    size_t i = 0;
    while (i < a_count && i < b_count && a[i].member == b[i].member && a[i].number == b[i].number) {
        i++;
    }
    return i;
}

/* Go on from where the two lineages part. */
static pbt_err fork_lineage(pbt__board *board, const pbt_segment_id *lineage, size_t count,
                            size_t common, size_t old_count, pbt_error *error)
{
    board_run *to = best_run(board);
    pbt_err err = PBT_OK;
    if (common < old_count) {
        const pbt__point *last =
            common > 0 ? pbt__points_find(board->points, lineage[common - 1]) : NULL;
        add_session(to, board->seconds, (last != NULL ? last->age : 0) + 1);
    }
    for (size_t i = common; i < count && err == PBT_OK; i++) {
        const pbt__point *point = pbt__points_find(board->points, lineage[i]);
        add_point(board, to, lineage[i], point, point->age);
        err = flush_many(board, error);
    }
    return err;
}

static pbt_err follow_best(pbt__board *board, pbt_segment_id best, pbt_error *error)
{
    const pbt_segment_id old = best_run(board)->mark;
    const pbt__point *point = pbt__points_find(board->points, best);
    bool is_known = point != NULL && point->is_reported;
    if (!is_known || (old.member == best.member && old.number == best.number)) {
        return PBT_OK;
    }
    size_t old_count = 0, new_count = 0;
    pbt_segment_id *before = lineage_of(board, old, &old_count);
    pbt_segment_id *after = lineage_of(board, best, &new_count);
    pbt_err err = PBT_ERR_MEMORY;
    if (before != NULL && after != NULL) {
        size_t common = count_common(before, old_count, after, new_count);
        err = fork_lineage(board, after, new_count, common, old_count, error);
    } else {
        (void)pbt__fail_memory(error);
    }
    free(before);
    free(after);
    return err;
}

/* ---- the board ---- */

pbt_err pbt__board_flush(pbt__board *board, pbt_segment_id best, pbt_error *error)
{
    pbt_err err = follow_best(board, best, error);
    return err == PBT_OK ? flush_runs(board, error) : err;
}

pbt_err pbt__board_end(pbt__board *board, const json_t *members, pbt_error *error)
{
    if (!board->is_live) {
        describe(board);
    }
    for (int32_t m = 0; m < board->member_count; m++) {
        board_run *to = &board->runs[m];
        const char *state =
            json_string_value(json_object_get(json_array_get(members, (size_t)m), "state"));
        bool has_failed = state != NULL && strcmp(state, "failed") == 0;
        bool has_finished = state != NULL && strcmp(state, "finished") == 0;
        if (!board->is_live && to->values != NULL) {
            start_session(to);
        }
        if (to->values != NULL && (has_failed || has_finished)) {
            pbt__text end = pbt__hparams_end(has_failed, to->seconds);
            add_summary(to, to->seconds, 0, &end);
        }
    }
    return flush_runs(board, error);
}

pbt_err pbt__board_sync(const pbt__board *board, pbt_error *error)
{
    pbt_err err = PBT_OK;
    for (int32_t i = 0; i <= board->member_count && err == PBT_OK; i++) {
        char folder[PBT__PATH_SIZE];
        const board_run *of = &board->runs[i];
        err = of->is_begun ? run_folder(board, of, folder, error) : PBT_OK;
        if (err == PBT_OK && of->is_begun) {
            err = pbt__records_sync(folder, of->file, error);
        }
    }
    return err;
}
