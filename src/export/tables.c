/* tables.c: each file is written line by line and synced, so no more than a line is in memory. */
#include "export/tables.h"

#include <stdlib.h>

#include "base/error.h"
#include "export/board.h"
#include "export/csv.h"
#include "export/sink.h"
#include "study/json.h"

/* Append a line of JSON. */
static pbt_err put_line(pbt__sink *to, const json_t *value, pbt_error *error)
{
    char *line = pbt__json_write(value);
    if (line == NULL) {
        return pbt__fail_memory(error);
    }
    pbt__text_add(&to->text, line);
    pbt__text_add(&to->text, "\n");
    free(line);
    return pbt__sink_flow(to, error);
}

/* ---- rows ---- */

/* Show all rows to `first` (nullable), then all to `second`, as pbt__study_segments_twice does. */
typedef pbt_err rows_twice(pbt__study *study, pbt__segment_callback first,
                           pbt__segment_callback second, void *context, pbt_error *error);

static rows_twice members_twice;

typedef struct table {
    const char *csv, *jsonl; /* the files' names */
    rows_twice *rows;
} table;

static const table TABLES[] = {
    {"segments.csv", "segments.jsonl", pbt__study_segments_twice},
    {"members.csv", "members.jsonl", members_twice},
};

/* A table while it is written. */
typedef struct sheet {
    pbt__csv columns;
    bool has_head;
    pbt__sink csv, jsonl; /* those of the formats that are wanted are open */
    pbt_error *error;
} sheet;

static pbt_err see_row(void *context, const json_t *row)
{
    sheet *this = context;
    pbt__csv_see(&this->columns, row);
    return PBT_OK;
}

static pbt_err put_row(void *context, const json_t *row)
{
    sheet *this = context;
    pbt_err err = PBT_OK;
    if (this->csv.file >= 0) {
        if (!this->has_head) {
            pbt__csv_head(&this->columns, &this->csv.text);
        }
        this->has_head = true;
        pbt__csv_row(&this->columns, row, &this->csv.text);
        err = pbt__sink_flow(&this->csv, this->error);
    }
    return err == PBT_OK && this->jsonl.file >= 0 ? put_line(&this->jsonl, row, this->error) : err;
}

static pbt_err members_twice(pbt__study *study, pbt__segment_callback first,
                             pbt__segment_callback second, void *context, pbt_error *error)
{
    size_t i;
    json_t *row, *rows = NULL;
    pbt_err err = pbt__study_members(study, &rows, error);
    json_array_foreach(rows, i, row)
    {
        err = err == PBT_OK && first != NULL ? first(context, row) : err;
    }
    json_array_foreach(rows, i, row)
    {
        err = err == PBT_OK ? second(context, row) : err;
    }
    json_decref(rows);
    return err;
}

static pbt_err put_table(pbt__study *study, const table *of, unsigned formats, const char *folder,
                         pbt_error *error)
{
    const bool has_csv = (formats & PBT__FORMAT_CSV) != 0;
    const bool has_jsonl = (formats & PBT__FORMAT_JSONL) != 0;
    sheet made = {pbt__csv_init(), false, pbt__sink_init(), pbt__sink_init(), error};
    pbt_err err = has_csv ? pbt__sink_open(&made.csv, folder, of->csv, error) : PBT_OK;
    if (err == PBT_OK && has_jsonl) {
        err = pbt__sink_open(&made.jsonl, folder, of->jsonl, error);
    }
    if (err == PBT_OK) {
        err = of->rows(study, has_csv ? see_row : NULL, put_row, &made, error);
    }
    if (err == PBT_OK && has_csv) {
        err = pbt__sink_end(&made.csv, error);
    }
    if (err == PBT_OK && has_jsonl) {
        err = pbt__sink_end(&made.jsonl, error);
    }
    pbt__csv_fini(&made.columns);
    pbt__sink_fini(&made.csv);
    pbt__sink_fini(&made.jsonl);
    return err;
}

/* ---- the log ---- */

typedef struct log_files {
    pbt__sink lines, spec;
    pbt_error *error;
} log_files;

static pbt_err put_event(void *context, const json_t *event)
{
    log_files *files = context;
    const char *spec = json_string_value(json_object_get(event, "spec"));
    if (spec != NULL) {
        pbt__text_add(&files->spec.text, spec);
    }
    return put_line(&files->lines, event, files->error);
}

static pbt_err put_log(pbt__study *study, const char *folder, pbt_error *error)
{
    log_files files = {pbt__sink_init(), pbt__sink_init(), error};
    pbt_err err = pbt__sink_open(&files.lines, folder, "events.jsonl", error);
    if (err == PBT_OK) {
        err = pbt__sink_open(&files.spec, folder, "spec.yaml", error);
    }
    if (err == PBT_OK) {
        err = pbt__study_events(study, 0, put_event, &files, error);
    }
    if (err == PBT_OK) {
        err = pbt__sink_end(&files.lines, error);
    }
    if (err == PBT_OK) {
        err = pbt__sink_end(&files.spec, error);
    }
    pbt__sink_fini(&files.lines);
    pbt__sink_fini(&files.spec);
    return err;
}

static pbt_err put_study(pbt__study *study, const char *folder, pbt_error *error)
{
    json_t *show = NULL;
    pbt__sink sink = pbt__sink_init();
    pbt_err err = pbt__study_show(study, &show, error);
    if (err == PBT_OK) {
        err = pbt__sink_open(&sink, folder, "study.json", error);
    }
    if (err == PBT_OK) {
        err = put_line(&sink, show, error);
    }
    if (err == PBT_OK) {
        err = pbt__sink_end(&sink, error);
    }
    pbt__sink_fini(&sink);
    json_decref(show);
    return err;
}

pbt_err pbt__tables_write(pbt__study *study, unsigned formats, const char *folder, pbt_error *error)
{
    pbt_err err = put_log(study, folder, error);
    if (err == PBT_OK) {
        err = put_study(study, folder, error);
    }
    for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0] && err == PBT_OK; i++) {
        err = put_table(study, &TABLES[i], formats, folder, error);
    }
    return err;
}

/* ---- TensorBoard ---- */

typedef struct board_walk {
    pbt__board *board;
    pbt_error *error;
} board_walk;

static pbt_err give_event(void *context, const json_t *event)
{
    const board_walk *walk = context;
    return pbt__board_take(walk->board, event, walk->error);
}

static pbt_err fill_board(pbt__study *study, pbt__board *board, pbt_error *error)
{
    board_walk walk = {board, error};
    pbt__summary summary = {0};
    json_t *members = NULL;
    pbt_err err = pbt__study_events(study, 0, give_event, &walk, error);
    if (err == PBT_OK) {
        err = pbt__study_summary(study, &summary, error);
    }
    if (err == PBT_OK) {
        const pbt_segment_id best = summary.has_best ? summary.best.id : PBT_NO_SEGMENT;
        err = pbt__board_flush(board, best, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_members(study, &members, error);
    }
    if (err == PBT_OK) {
        err = pbt__board_end(board, members, error);
    }
    json_decref(members);
    return err == PBT_OK ? pbt__board_sync(board, error) : err;
}

pbt_err pbt__tables_board(pbt__study *study, const char *folder, pbt_error *error)
{
    pbt__board *board = NULL;
    pbt_err err = pbt__board_new(pbt__study_spec(study), folder, false, &board, error);
    if (err == PBT_OK) {
        err = fill_board(study, board, error);
    }
    pbt__board_free(board);
    return err;
}
