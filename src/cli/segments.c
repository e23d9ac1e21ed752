/* segments.c: `pbt segments`. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "cli/asked.h"
#include "render/format.h"
#include "render/print.h"
#include "render/table.h"

static const char *const HEADERS[] = {"segment", "state", "reason", "parent", "donor",
                                      "from",    "to",    "age",    "score",  "attempts"};

enum { COLUMN_COUNT = sizeof HEADERS / sizeof HEADERS[0], OUTPUT_MAXIMUM = 1 << 30 };

static void add_integer(pbt__table *table, int64_t value)
{
    char cell[PBT__CELL_SIZE];
    (void)snprintf(cell, sizeof cell, "%" PRId64, value);
    pbt__table_add(table, cell);
}

static void add_id(pbt__table *table, pbt_segment_id id)
{
    char name[PBT__ID_SIZE] = "-";
    if (id.member >= 0) {
        pbt__id_write(id, name);
    }
    pbt__table_add(table, name);
}

static void add_row(pbt__table *table, const pbt__segment_row *row, const pbt_space *space)
{
    char cell[PBT__CELL_SIZE] = "-";
    const pbt_segment *s = &row->segment;
    add_id(table, s->id);
    pbt__table_add(table, pbt__row_state(row));
    pbt__table_add(table, pbt_reason_name(s->reason));
    add_id(table, s->parent);
    if (s->donor < 0) {
        pbt__table_add(table, "-");
    } else {
        add_integer(table, s->donor);
    }
    add_integer(table, s->start_step);
    add_integer(table, s->end_step);
    add_integer(table, s->end_age);
    if (s->state == PBT_SEGMENT_REPORTED) {
        pbt__format_real(s->score, cell);
    }
    pbt__table_add(table, cell);
    add_integer(table, row->note.attempts);
    pbt__table_add_values(table, space, s->values);
}

static pbt_err print_table(const pbt__row_list *list, pbt_error *error)
{
    pbt__text text = pbt__text_init(OUTPUT_MAXIMUM);
    pbt__table table = pbt__table_init(COLUMN_COUNT + list->space->count);
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        pbt__table_add(&table, HEADERS[i]);
    }
    pbt__table_add_names(&table, list->space);
    for (size_t i = 0; i < list->count; i++) {
        add_row(&table, &list->items[i], list->space);
    }
    pbt__table_write(&table, &text);
    pbt__table_fini(&table);
    return pbt__print_text(&text, error);
}

static pbt_err print_lines(const pbt__row_list *list, pbt_error *error)
{
    pbt_err err = PBT_OK;
    for (size_t i = 0; i < list->count && err == PBT_OK; i++) {
        pbt__text line = pbt__text_init(PBT__ROW_MAXIMUM);
        pbt__row_write(list, &list->items[i], &line);
        err = pbt__print_json_text(&line, error);
    }
    return err;
}

static pbt_err print_segments(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    return arguments->has[PBT__OPTION_JSON] ? print_lines(&asked->told.rows, error)
                                            : print_table(&asked->told.rows, error);
}

int pbt__command_segments(const pbt__arguments *arguments)
{
    return pbt__ask_to_show(arguments, "segments", PBT_NO_SEGMENT, print_segments);
}
