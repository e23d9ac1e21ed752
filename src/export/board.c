/*
 * board.c: from rows to runs.
 *
 * Records are written whenever some thousand have gathered. Any segment may become part of the best
 * lineage later, so the rows of all are kept; what they point to is the study's.
 */
#include "export/board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "core/type.h"
#include "export/hparams.h"
#include "export/proto.h"
#include "export/records.h"
#include "study/grid.h"

enum {
    PENDING_MAXIMUM = 1 << 30, /* Units: bytes */
    PENDING_POINTS = 4096,     /* of all runs; beyond, they are written */
    TAG_SIZE = 256,
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
    pbt_segment_id mark;     /* of the newest point, on disk or pending */
    const pbt_value *values; /* of a member's run: those of its newest report; NULL: none */
    double seconds;          /* and when that was */
    pbt__text pending;
} board_run;

struct pbt__board {
    char folder[PBT__PATH_SIZE];
    char identity[PBT__TIME_SIZE]; /* when it was created tells it from another of its name */
    bool is_live;
    bool is_described; /* `best` holds the experiment */
    int32_t member_count;
    const pbt_space *space;
    pbt__grid rows;       /* of pbt__segment_row: those that were taken */
    const char **metrics; /* Shape: metrics[metric_count]: the names of all */
    size_t metric_count;
    pbt_segment_id best;
    double created, seconds; /* of the first and of the newest event */
    int pending_count;       /* points in all runs' pending */
    board_run *runs;         /* Shape: runs[member_count + 1]; the last is `best` */
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
    board->space = &spec->search.space;
    board->rows =
        (pbt__grid){.member_count = board->member_count, .item_size = sizeof(pbt__segment_row)};
    board->best = PBT_NO_SEGMENT;
    board->runs = runs_new((size_t)board->member_count + 1);
    pbt_err err = board->runs != NULL ? pbt__path_join("", folder, board->folder, error)
                                      : pbt__fail_memory(error);
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
    }
    pbt__grid_fini(&board->rows);
    free(board->metrics);
    free(board->runs);
    free(board);
}

static double seconds_of(int64_t time_us)
{
    return (double)time_us / 1e6;
}

/* A segment that was reported; NULL if it was not, or was not taken. */
static const pbt__segment_row *reported(const pbt__board *board, pbt_segment_id id)
{
    const pbt__segment_row *row = pbt__grid_at(&board->rows, id);
    return row != NULL && row->note.metric_names != NULL ? row : NULL;
}

/* ---- records ---- */

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

static void add_scalar(pbt__text *summary, const char *group, const char *name, double value)
{
    char tag[TAG_SIZE];
    pbt__text scalar = pbt__proto_new();
    snprintf(tag, sizeof tag, "%s%s", group, name);
    pbt__proto_string(&scalar, VALUE_TAG, tag);
    pbt__proto_float(&scalar, VALUE_SIMPLE, (float)value);
    pbt__proto_message(summary, SUMMARY_VALUE, &scalar);
}

static pbt__text scalars_of(const pbt__board *board, const pbt__segment_row *row)
{
    const pbt__metric_names *names = row->note.metric_names;
    pbt__text summary = pbt__proto_new();
    add_scalar(&summary, "", "score", row->segment.score);
    for (size_t i = 0; i < names->count; i++) {
        add_scalar(&summary, "metrics/", names->names[i], row->note.metrics[i]);
    }
    for (size_t i = 0; i < board->space->count; i++) {
        const pbt_parameter *parameter = &board->space->parameters[i];
        const pbt_item item = pbt__value_item(parameter, row->segment.values[i]);
        if (item.type == PBT_ITEM_INT || item.type == PBT_ITEM_FLOAT) {
            add_scalar(&summary, "hyperparameters/", parameter->name,
                       item.type == PBT_ITEM_INT ? (double)item.integer : item.real);
        }
    }
    return summary;
}

/* One point: all scalars of a reported segment and its mark, in one record. */
static void add_point(pbt__board *board, board_run *to, const pbt__segment_row *row, int64_t step)
{
    char mark[PBT__MARK_SIZE], name[PBT__ID_SIZE];
    const double seconds = seconds_of(row->note.reported_us);
    pbt__text event = event_of(seconds, step), summary = scalars_of(board, row);
    pbt__id_write(row->segment.id, name);
    snprintf(mark, sizeof mark, "%s %s", board->identity, name);
    pbt__proto_message(&event, EVENT_SUMMARY, &summary);
    pbt__proto_string(&event, PBT__MARK_FIELD, mark);
    add_record(to, seconds, &event);
    to->mark = row->segment.id;
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
    const size_t length = strlen(board->identity);
    int file_count = 0;
    pbt_err err = run_folder(board, of, folder, error);
    if (err == PBT_OK) {
        err = pbt__records_scan(folder, &file_count, mark, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    bool is_ours = strncmp(mark, board->identity, length) == 0 && mark[length] == ' ' &&
                   pbt__id_read(mark + length + 1, &of->mark);
    of->file = file_count + 1;
    return is_ours || mark[0] == '\0' ? PBT_OK : fail_other(folder, error);
}

static pbt_err begin(pbt__board *board, int64_t created_us, pbt_error *error)
{
    pbt_err err = PBT_OK;
    pbt__clock_format(created_us, board->identity);
    board->created = seconds_of(created_us);
    for (int32_t i = 0; i <= board->member_count && err == PBT_OK; i++) {
        err = look_at(board, &board->runs[i], error);
    }
    board->is_described = best_run(board)->mark.member >= 0;
    if (err == PBT_OK && best_run(board)->file == 1) {
        add_session(best_run(board), board->created, 0);
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

/* ---- rows ---- */

static void describe(pbt__board *board, double seconds)
{
    pbt__text experiment =
        pbt__hparams_experiment(board->space, board->metrics, board->metric_count, board->created);
    add_summary(best_run(board), seconds, 0, &experiment);
    board->is_described = true;
}

static void start_session(const pbt__board *board, board_run *to)
{
    pbt__text start = pbt__hparams_start(board->space, to->values, to->seconds);
    add_summary(to, to->seconds, 0, &start);
}

static bool has_metric(const pbt__board *board, const char *name)
{
    bool is_known = false;
    for (size_t i = 0; !is_known && i < board->metric_count; i++) {
        is_known = strcmp(board->metrics[i], name) == 0;
    }
    return is_known;
}

/* Most reports have the names of the one before. */
static bool note_metrics(pbt__board *board, const pbt__metric_names *names)
{
    const char **grown =
        pbt__realloc(board->metrics, board->metric_count + names->count + 1, sizeof *grown);
    board->metrics = grown != NULL ? grown : board->metrics;
    for (size_t i = 0; grown != NULL && i < names->count; i++) {
        if (!has_metric(board, names->names[i])) {
            board->metrics[board->metric_count++] = names->names[i];
        }
    }
    return grown != NULL;
}

static bool add_report(pbt__board *board, const pbt__segment_row *row)
{
    const pbt_segment_id id = row->segment.id;
    board_run *to = &board->runs[id.member];
    if (!note_metrics(board, row->note.metric_names)) {
        return false;
    }
    to->values = row->segment.values;
    to->seconds = seconds_of(row->note.reported_us);
    if (board->is_live && !board->is_described) {
        describe(board, to->seconds);
    }
    if (id.number <= to->mark.number) {
        return true;
    }
    if (board->is_live && to->mark.member < 0) {
        start_session(board, to);
    }
    add_point(board, to, row, row->segment.end_step);
    return true;
}

static int compare_sequences(const void *left, const void *right)
{
    const int64_t a = (*(const pbt__segment_row *const *)left)->note.sequence;
    const int64_t b = (*(const pbt__segment_row *const *)right)->note.sequence;
    return (a > b) - (a < b);
}

/* Keep the rows, and list those that were reported since, in the order of their reports.
 * Shape: fresh[list->count] */
static pbt_err keep_rows(pbt__board *board, const pbt__row_list *list,
                         const pbt__segment_row **fresh, size_t *count, pbt_error *error)
{
    for (size_t i = 0; i < list->count; i++) {
        const pbt__segment_row *row = &list->items[i];
        const bool is_known = reported(board, row->segment.id) != NULL;
        pbt__segment_row *kept = pbt__grid_reach(&board->rows, row->segment.id);
        if (kept == NULL) {
            return pbt__fail_memory(error);
        }
        *kept = *row;
        if (!is_known && row->note.metric_names != NULL) {
            fresh[(*count)++] = kept;
        }
    }
    if (*count > 0) {
        qsort(fresh, *count, sizeof(void *), compare_sequences);
    }
    return PBT_OK;
}

pbt_err pbt__board_take(pbt__board *board, const pbt__row_list *list, pbt_error *error)
{
    size_t count = 0;
    const pbt__segment_row **fresh = pbt__calloc(list->count + 1, sizeof(void *));
    pbt_err err =
        fresh != NULL ? keep_rows(board, list, fresh, &count, error) : pbt__fail_memory(error);
    if (err == PBT_OK && board->identity[0] == '\0') {
        err = begin(board, list->created_us, error);
    }
    board->best = list->best;
    board->seconds = seconds_of(list->newest_us);
    for (size_t i = 0; i < count && err == PBT_OK; i++) {
        err = add_report(board, fresh[i]) ? flush_many(board, error) : pbt__fail_memory(error);
    }
    free(fresh);
    return err;
}

/* ---- the best lineage ---- */

/* The lineage that ends in `leaf`, the oldest first. The caller frees; NULL: no memory.
 * Shape: lineage[*count] */
static const pbt__segment_row **lineage_of(const pbt__board *board, pbt_segment_id leaf,
                                           size_t *count)
{
    size_t length = 0;
    const pbt__segment_row *row = NULL;
    for (row = reported(board, leaf); row != NULL; row = reported(board, row->segment.parent)) {
        length++;
    }
    const pbt__segment_row **lineage = pbt__calloc(length + 1, sizeof(void *));
    *count = length;
    for (row = reported(board, leaf); lineage != NULL && row != NULL;
         row = reported(board, row->segment.parent)) {
        lineage[--length] = row;
    }
    return lineage;
}

/* Go on from where the two lineages part. Shape: before[old_count], after[count] */
static pbt_err fork_lineage(pbt__board *board, const pbt__segment_row *const *before,
                            size_t old_count, const pbt__segment_row *const *after, size_t count,
                            pbt_error *error)
{
    board_run *to = best_run(board);
    size_t common = 0;
    pbt_err err = PBT_OK;
    while (common < count && common < old_count && before[common] == after[common]) {
        common++;
    }
    if (common < old_count) {
        add_session(to, board->seconds, (common > 0 ? after[common - 1]->segment.end_age : 0) + 1);
    }
    for (size_t i = common; i < count && err == PBT_OK; i++) {
        add_point(board, to, after[i], after[i]->segment.end_age);
        err = flush_many(board, error);
    }
    return err;
}

static pbt_err follow_best(pbt__board *board, pbt_error *error)
{
    const pbt_segment_id old = best_run(board)->mark;
    if (reported(board, board->best) == NULL ||
        (old.member == board->best.member && old.number == board->best.number)) {
        return PBT_OK;
    }
    size_t old_count = 0, count = 0;
    const pbt__segment_row **before = lineage_of(board, old, &old_count);
    const pbt__segment_row **after = lineage_of(board, board->best, &count);
    const pbt_err err = before != NULL && after != NULL
                            ? fork_lineage(board, before, old_count, after, count, error)
                            : pbt__fail_memory(error);
    free(before);
    free(after);
    return err;
}

/* ---- the board ---- */

pbt_err pbt__board_flush(pbt__board *board, bool follows_best, pbt_error *error)
{
    pbt_err err = follows_best ? follow_best(board, error) : PBT_OK;
    return err == PBT_OK ? flush_runs(board, error) : err;
}

pbt_err pbt__board_end(pbt__board *board, const pbt__member_list *members, pbt_error *error)
{
    if (!board->is_live) {
        describe(board, board->seconds);
    }
    for (size_t i = 0; i < members->count; i++) {
        board_run *to = &board->runs[members->items[i].member];
        const char *state = members->items[i].state;
        const bool has_failed = strcmp(state, "failed") == 0;
        if (!board->is_live && to->values != NULL) {
            start_session(board, to);
        }
        if (to->values != NULL && (has_failed || strcmp(state, "finished") == 0)) {
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
