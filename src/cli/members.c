/* members.c: `pbt members`. */
#include "base/clock.h"
#include "base/error.h"
#include "cli/asked.h"
#include "render/print.h"
#include "render/rows.h"
#include "render/sight.h"
#include "render/table.h"

enum { TABLE_MAXIMUM = 1 << 30 }; /* Units: bytes */

/* Those of training are shown where some are trained now. */
static bool is_shown(pbt__member_column column, bool is_training)
{
    return is_training || column < PBT__MEMBER_NOW || column > PBT__MEMBER_LOGGED;
}

static void add_row(pbt__table *table, const pbt__member_row *row, bool is_training,
                    const pbt_space *space)
{
    char cell[PBT__CELL_SIZE];
    const int64_t now_us = pbt__clock_now_us();
    for (pbt__member_column column = 0; column <= PBT__MEMBER_FAILURES; column++) {
        if (is_shown(column, is_training)) {
            pbt__member_cell(row, column, now_us, PBT__SIGHT_COLUMNS, cell);
            pbt__table_add(table, cell);
        }
    }
    pbt__table_add_values(table, space, row->values);
}

static pbt_err print_table(const pbt__member_list *list, pbt_error *error)
{
    const bool is_training = pbt__sight_of(list).is_training;
    const size_t count = is_training ? 11 : 7;
    pbt__text text = pbt__text_init(TABLE_MAXIMUM);
    pbt__table table = pbt__table_init(count + list->space->count);
    for (pbt__member_column column = 0; column <= PBT__MEMBER_FAILURES; column++) {
        if (is_shown(column, is_training)) {
            pbt__table_add(&table, pbt__member_header(column));
        }
    }
    pbt__table_add_names(&table, list->space);
    for (size_t i = 0; i < list->count; i++) {
        add_row(&table, &list->items[i], is_training, list->space);
    }
    pbt__table_write(&table, &text);
    pbt__table_fini(&table);
    return pbt__print_text(&text, error);
}

static pbt_err print_members(const pbt__arguments *arguments, pbt__asked *asked, pbt_error *error)
{
    pbt__member_list list;
    if (arguments->has[PBT__OPTION_JSON]) {
        return pbt__rows_print(asked->told.answer, true, NULL, 0, NULL, error);
    }
    pbt_err err = pbt__members_read(asked->told.answer, &asked->told.spec->search, &list, error);
    if (err == PBT_OK) {
        err = print_table(&list, error);
    }
    pbt__member_list_fini(&list);
    return err;
}

int pbt__command_members(const pbt__arguments *arguments)
{
    return pbt__ask_to_show(arguments, "members", PBT_NO_SEGMENT, print_members);
}
