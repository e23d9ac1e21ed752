/* tables.c: each file is one text, written whole and synced. */
#include "export/tables.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "export/board.h"
#include "export/csv.h"
#include "study/json.h"

static const size_t FILE_MAXIMUM = (size_t)1 << 40; /* Units: bytes */

/* Write a text to a file of the folder and free it. */
static pbt_err put(const char *folder, const char *name, pbt__text *text, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err = text->failed ? pbt__fail_memory(error) : PBT_OK;
    if (err == PBT_OK) {
        err = pbt__path_join(folder, name, path, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_write(path, pbt__text_string(text), text->length, error);
    }
    pbt__text_fini(text);
    return err;
}

static void add_line(pbt__text *out, const json_t *value)
{
    char *line = pbt__json_write(value);
    if (line != NULL) {
        pbt__text_add(out, line);
        pbt__text_add(out, "\n");
    }
    out->failed = out->failed || line == NULL;
    free(line);
}

static void write_lines(const json_t *rows, pbt__text *out)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        add_line(out, json_array_get(rows, i));
    }
}

/* ---- rows ---- */

typedef struct table {
    const char *csv, *jsonl; /* the files' names */
    pbt_err (*rows)(pbt__study *study, json_t **out, pbt_error *error);
} table;

static const table TABLES[] = {
    {"segments.csv", "segments.jsonl", pbt__study_segments},
    {"members.csv", "members.jsonl", pbt__study_members},
};

static pbt_err put_table(pbt__study *study, const table *of, unsigned formats, const char *folder,
                         pbt_error *error)
{
    json_t *rows = NULL;
    pbt__text text = pbt__text_init(FILE_MAXIMUM);
    pbt_err err = of->rows(study, &rows, error);
    if (err == PBT_OK && (formats & PBT__FORMAT_CSV) != 0) {
        pbt__csv_write(rows, &text);
        err = put(folder, of->csv, &text, error);
    }
    if (err == PBT_OK && (formats & PBT__FORMAT_JSONL) != 0) {
        write_lines(rows, &text);
        err = put(folder, of->jsonl, &text, error);
    }
    json_decref(rows);
    return err;
}

/* ---- the log ---- */

typedef struct log_texts {
    pbt__text lines;
    pbt__text spec;
} log_texts;

static pbt_err take_event(void *context, const json_t *event)
{
    log_texts *texts = context;
    const char *spec = json_string_value(json_object_get(event, "spec"));
    add_line(&texts->lines, event);
    if (spec != NULL) {
        pbt__text_add(&texts->spec, spec);
    }
    return texts->lines.failed ? PBT_ERR_MEMORY : PBT_OK;
}

static pbt_err put_log(pbt__study *study, const char *folder, pbt_error *error)
{
    log_texts texts = {pbt__text_init(FILE_MAXIMUM), pbt__text_init(FILE_MAXIMUM)};
    pbt_err err = pbt__study_events(study, 0, take_event, &texts, error);
    if (err == PBT_ERR_MEMORY) {
        err = pbt__fail_memory(error);
    }
    if (err == PBT_OK) {
        err = put(folder, "events.jsonl", &texts.lines, error);
    }
    if (err == PBT_OK) {
        err = put(folder, "spec.yaml", &texts.spec, error);
    }
    pbt__text_fini(&texts.lines);
    pbt__text_fini(&texts.spec);
    return err;
}

static pbt_err put_study(pbt__study *study, const char *folder, pbt_error *error)
{
    json_t *show = NULL;
    pbt__text text = pbt__text_init(FILE_MAXIMUM);
    pbt_err err = pbt__study_show(study, &show, error);
    if (err == PBT_OK) {
        add_line(&text, show);
        err = put(folder, "study.json", &text, error);
    }
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
