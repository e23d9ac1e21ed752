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

/* The rows of a table, one at a time: a study's as JSON would take ten times what they do. */

static json_t *segment_at(const pbt__told *of, size_t index, pbt_error *error)
{
    json_t *row = NULL;
    pbt__text line = pbt__text_init(PBT__ROW_MAXIMUM);
    pbt__row_write(&of->rows, &of->rows.items[index], &line);
    if (line.failed) {
        (void)pbt__fail_memory(error);
    } else {
        (void)!pbt__json_read(pbt__text_string(&line), line.length, &row, error);
    }
    pbt__text_fini(&line);
    return row;
}

static json_t *member_at(const pbt__told *of, size_t index, pbt_error *error)
{
    (void)error;
    return json_incref(json_array_get(json_object_get(of->answer, "members"), index));
}

static size_t count_segments(const pbt__told *of)
{
    return of->rows.count;
}

static size_t count_members(const pbt__told *of)
{
    return json_array_size(json_object_get(of->answer, "members"));
}

typedef struct table {
    const char *csv, *jsonl; /* the files' names */
    size_t (*count)(const pbt__told *of);
    json_t *(*at)(const pbt__told *of, size_t index, pbt_error *error); /* new reference */
} table;

static const table TABLES[] = {
    {"segments.csv", "segments.jsonl", count_segments, segment_at},
    {"members.csv", "members.jsonl", count_members, member_at},
};

/* A table while it is written. */
typedef struct sheet {
    const table *of;
    const pbt__told *source;
    pbt__csv columns;
    pbt__sink csv, jsonl; /* those of the formats that are wanted are open */
} sheet;

static pbt_err see_rows(sheet *this, pbt_error *error)
{
    for (size_t i = 0; i < this->of->count(this->source); i++) {
        json_t *row = this->of->at(this->source, i, error);
        if (row == NULL) {
            return error->code;
        }
        pbt__csv_see(&this->columns, row);
        json_decref(row);
    }
    pbt__csv_head(&this->columns, &this->csv.text);
    return PBT_OK;
}

static pbt_err put_row(sheet *this, const json_t *row, pbt_error *error)
{
    pbt_err err = PBT_OK;
    if (this->csv.file >= 0) {
        pbt__csv_row(&this->columns, row, &this->csv.text);
        err = pbt__sink_flow(&this->csv, error);
    }
    return err == PBT_OK && this->jsonl.file >= 0 ? put_line(&this->jsonl, row, error) : err;
}

static pbt_err put_rows(sheet *this, pbt_error *error)
{
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < this->of->count(this->source); i++) {
        json_t *row = this->of->at(this->source, i, error);
        err = row != NULL ? put_row(this, row, error) : error->code;
        json_decref(row);
    }
    return err;
}

static pbt_err put_table(const pbt__told *from, const table *of, unsigned formats,
                         const char *folder, pbt_error *error)
{
    const bool has_csv = (formats & PBT__FORMAT_CSV) != 0;
    const bool has_jsonl = (formats & PBT__FORMAT_JSONL) != 0;
    sheet made = {of, from, pbt__csv_init(), pbt__sink_init(), pbt__sink_init()};
    pbt_err err = has_csv ? pbt__sink_open(&made.csv, folder, of->csv, error) : PBT_OK;
    if (err == PBT_OK && has_jsonl) {
        err = pbt__sink_open(&made.jsonl, folder, of->jsonl, error);
    }
    if (err == PBT_OK && has_csv) {
        err = see_rows(&made, error);
    }
    if (err == PBT_OK) {
        err = put_rows(&made, error);
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

static pbt_err put_log(const pbt__tables_source *from, const char *folder, pbt_error *error)
{
    log_files files = {pbt__sink_init(), pbt__sink_init(), error};
    pbt_err err = pbt__sink_open(&files.lines, folder, "events.jsonl", error);
    if (err == PBT_OK) {
        err = pbt__sink_open(&files.spec, folder, "spec.yaml", error);
    }
    if (err == PBT_OK) {
        err = from->events(from->context, put_event, &files, error);
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

static pbt_err put_show(const json_t *show, const char *folder, pbt_error *error)
{
    pbt__sink sink = pbt__sink_init();
    pbt_err err = pbt__sink_open(&sink, folder, "study.json", error);
    if (err == PBT_OK) {
        err = put_line(&sink, show, error);
    }
    if (err == PBT_OK) {
        err = pbt__sink_end(&sink, error);
    }
    pbt__sink_fini(&sink);
    return err;
}

pbt_err pbt__tables_write(const pbt__tables_source *from, unsigned formats, const char *folder,
                          pbt_error *error)
{
    pbt_err err = put_log(from, folder, error);
    if (err == PBT_OK) {
        err = put_show(json_object_get(from->told->answer, "show"), folder, error);
    }
    for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0] && err == PBT_OK; i++) {
        err = put_table(from->told, &TABLES[i], formats, folder, error);
    }
    return err;
}

/* ---- TensorBoard ---- */

static pbt_err fill_board(const pbt__told *told, pbt__board *board, pbt_error *error)
{
    pbt__member_list members = {.items = NULL};
    pbt_err err = pbt__board_take(board, &told->rows, error);
    if (err == PBT_OK) {
        err = pbt__board_flush(board, true, error);
    }
    if (err == PBT_OK) {
        err = pbt__members_read(json_object_get(told->answer, "members"), &told->spec->search,
                                &members, error);
    }
    if (err == PBT_OK) {
        err = pbt__board_end(board, &members, error);
    }
    pbt__member_list_fini(&members);
    return err == PBT_OK ? pbt__board_sync(board, error) : err;
}

pbt_err pbt__tables_board(const pbt__told *told, const char *folder, pbt_error *error)
{
    pbt__board *board = NULL;
    pbt_err err = pbt__board_new(told->spec, folder, false, &board, error);
    if (err == PBT_OK) {
        err = fill_board(told, board, error);
    }
    pbt__board_free(board);
    return err;
}
