/* table.c: aligned tables. */
#include "render/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/plain.h"
#include "render/format.h"

enum { TABLE_MAXIMUM = 1 << 30 }; /* Units: bytes of all cells */

typedef struct column {
    size_t width;
    bool is_number;
    bool is_left_out;
} column;

pbt__table pbt__table_init(size_t column_count)
{
    return (pbt__table){.column_count = column_count, .cells = pbt__text_init(TABLE_MAXIMUM)};
}

void pbt__table_fini(pbt__table *table)
{
    pbt__text_fini(&table->cells);
}

void pbt__table_add(pbt__table *table, const char *text)
{
    const size_t start = table->cells.length;
    pbt__text_add(&table->cells, text);
    pbt__plain_since(&table->cells, start, false);
    pbt__text_append(&table->cells, "", 1);
    table->cell_count++;
}

void pbt__table_add_names(pbt__table *table, const pbt_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        pbt__table_add(table, space->parameters[i].name);
    }
}

void pbt__table_add_values(pbt__table *table, const pbt_space *space, const pbt_value *values)
{
    char cell[PBT__CELL_SIZE] = "-";
    for (size_t i = 0; i < space->count; i++) {
        if (values != NULL) {
            pbt__format_value(&space->parameters[i], values[i], cell);
        }
        pbt__table_add(table, cell);
    }
}

/* Columns a UTF-8 text takes, one for each code point. */
static size_t columns_of(const char *text)
{
    size_t columns = 0;
    for (; *text != '\0'; text++) {
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return columns;
}

static void measure(const pbt__table *table, column *columns)
{
    const char *cell = pbt__text_string(&table->cells);
    for (size_t i = 0; i < table->column_count; i++) {
        columns[i] = (column){.is_number = true};
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        column *at = &columns[i % table->column_count];
        size_t width = columns_of(cell);
        double number;
        bool is_header = i < table->column_count;
        bool is_blank = cell[0] == '\0' || strcmp(cell, "-") == 0;
        at->width = width > at->width ? width : at->width;
        at->is_number = at->is_number && (is_header || is_blank || pbt__number_read(cell, &number));
        cell += strlen(cell) + 1;
    }
}

static void write_blanks(size_t count, pbt__text *out)
{
    for (size_t i = 0; i < count; i++) {
        pbt__text_append(out, " ", 1);
    }
}

/* Blanks before a cell are owed, and paid only where something follows them. */
static void write_cells(const pbt__table *table, const column *columns, pbt__text *out)
{
    const char *cell = pbt__text_string(&table->cells);
    size_t owed = 0;
    for (size_t i = 0; i < table->cell_count; i++) {
        const column *at = &columns[i % table->column_count];
        size_t blank = at->width - columns_of(cell);
        if (at->is_left_out) {
            /* its turn passes */
        } else if (cell[0] != '\0') {
            write_blanks(owed + (at->is_number ? blank : 0), out);
            pbt__text_add(out, cell);
            owed = at->is_number ? 2 : blank + 2;
        } else {
            owed += at->width + 2;
        }
        if ((i + 1) % table->column_count == 0) {
            pbt__text_add(out, "\n");
            owed = 0;
        }
        cell += strlen(cell) + 1;
    }
}

/* The first column stays, whatever it takes. */
static void leave_out(const pbt__table *table, size_t width, column *columns, pbt__text *left_out)
{
    const char *header = pbt__text_string(&table->cells);
    size_t used = 0;
    for (size_t i = 0; i < table->column_count && i < table->cell_count; i++) {
        const size_t more = columns[i].width + (i > 0 ? 2 : 0);
        columns[i].is_left_out = i > 0 && used + more > width;
        if (columns[i].is_left_out) {
            pbt__text_format(left_out, "%s%s", left_out->length > 0 ? ", " : "", header);
        } else {
            used += more;
        }
        header += strlen(header) + 1;
    }
}

void pbt__table_write(const pbt__table *table, pbt__text *out)
{
    pbt__table_write_within(table, SIZE_MAX, out, NULL);
}

void pbt__table_write_within(const pbt__table *table, size_t width, pbt__text *out,
                             pbt__text *left_out)
{
    bool is_broken = table->column_count == 0 || table->cells.failed;
    column *columns = is_broken ? NULL : pbt__calloc(table->column_count, sizeof *columns);
    if (columns == NULL) {
        out->failed = true;
        return;
    }
    measure(table, columns);
    if (left_out != NULL) {
        leave_out(table, width, columns, left_out);
    }
    write_cells(table, columns, out);
    free(columns);
}
