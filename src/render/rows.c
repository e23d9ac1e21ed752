/* rows.c: JSON objects as a table. */
#include "render/rows.h"

#include "render/format.h"
#include "render/print.h"
#include "render/table.h"

enum { OUTPUT_MAXIMUM = 1 << 30 }; /* Units: bytes */

static void add_json(pbt__table *table, const json_t *value)
{
    char cell[PBT__CELL_SIZE];
    pbt__format_json(value, cell);
    pbt__table_add(table, cell);
}

static void add_head(pbt__table *table, const pbt__row_column *columns, size_t column_count,
                     const pbt_space *space)
{
    for (size_t i = 0; i < column_count; i++) {
        pbt__table_add(table, columns[i].header);
    }
    for (size_t i = 0; space != NULL && i < space->count; i++) {
        pbt__table_add(table, space->parameters[i].name);
    }
}

static void add_row(pbt__table *table, const json_t *object, const pbt__row_column *columns,
                    size_t column_count, const pbt_space *space)
{
    const json_t *values = json_object_get(object, "hyperparameters");
    for (size_t i = 0; i < column_count; i++) {
        add_json(table, json_object_get(object, columns[i].key));
    }
    for (size_t i = 0; space != NULL && i < space->count; i++) {
        add_json(table, json_object_get(values, space->parameters[i].name));
    }
}

void pbt__rows_write(const json_t *rows, const pbt__row_column *columns, size_t column_count,
                     const pbt_space *space, pbt__text *out)
{
    pbt__table table = pbt__table_init(column_count + (space != NULL ? space->count : 0));
    add_head(&table, columns, column_count, space);
    for (size_t row = 0; row < json_array_size(rows); row++) {
        add_row(&table, json_array_get(rows, row), columns, column_count, space);
    }
    pbt__table_write(&table, out);
    pbt__table_fini(&table);
}

static pbt_err print_lines(const json_t *rows, pbt_error *error)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        pbt_err err = pbt__print_json(json_array_get(rows, i), error);
        if (err != PBT_OK) {
            return err;
        }
    }
    return PBT_OK;
}

pbt_err pbt__rows_print(const json_t *rows, bool as_json, const pbt__row_column *columns,
                        size_t column_count, const pbt_space *space, pbt_error *error)
{
    if (as_json) {
        return print_lines(rows, error);
    }
    pbt__text text = pbt__text_init(OUTPUT_MAXIMUM);
    pbt__rows_write(rows, columns, column_count, space, &text);
    return pbt__print_text(&text, error);
}
