/* csv.c: rows with different names, as one table. */
#include "export/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/json.h"

/* Objects whose names become columns. */
static const char *const SPREAD[] = {"hyperparameters", "metrics"};

static bool is_spread(const char *name)
{
    for (size_t i = 0; i < sizeof SPREAD / sizeof SPREAD[0]; i++) {
        if (strcmp(name, SPREAD[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- cells ---- */

static void add_text(const char *text, pbt__text *out)
{
    if (strpbrk(text, "\",\r\n") == NULL) {
        pbt__text_add(out, text);
        return;
    }
    pbt__text_add(out, "\"");
    for (const char *at = text; *at != '\0'; at++) {
        pbt__text_append(out, "\"\"", *at == '"' ? 2 : 0);
        pbt__text_append(out, at, *at == '"' ? 0 : 1);
    }
    pbt__text_add(out, "\"");
}

static void add_cell(const json_t *value, pbt__text *out)
{
    if (value == NULL || json_is_null(value)) {
        return;
    }
    if (json_is_string(value)) {
        add_text(json_string_value(value), out);
        return;
    }
    char *text = pbt__json_write(value);
    if (text != NULL) {
        add_text(text, out);
    }
    out->failed = out->failed || text == NULL;
    free(text);
}

/* ---- columns ---- */

pbt__csv pbt__csv_init(void)
{
    pbt__csv csv = {.columns = json_object()};
    csv.failed = csv.columns == NULL;
    return csv;
}

void pbt__csv_fini(pbt__csv *csv)
{
    json_decref(csv->columns);
    csv->columns = NULL;
}

void pbt__csv_see(pbt__csv *csv, const json_t *row)
{
    json_t *value = NULL;
    const char *name = NULL;
    json_object_foreach((json_t *)(uintptr_t)row, name, value)
    {
        json_t *column = json_object_get(csv->columns, name);
        if (column == NULL) {
            column = is_spread(name) ? json_object() : json_null();
            csv->failed |= json_object_set_new(csv->columns, name, column) != 0;
        }
        if (json_is_object(column) && json_is_object(value)) {
            csv->failed |= json_object_update_missing(column, value) != 0;
        }
    }
}

static void add_title(const char *name, const char *part, pbt__text *out)
{
    char title[PBT__NUMBER_SIZE + 256];
    snprintf(title, sizeof title, "%s.%s", name, part);
    add_text(title, out);
}

/* Append one row: its cells, or the header where `row` is NULL. */
static void add_row(json_t *columns, const json_t *row, pbt__text *out)
{
    const char *name = NULL, *part = NULL, *comma = "";
    json_t *column = NULL, *value = NULL;
    json_object_foreach(columns, name, column)
    {
        if (!json_is_object(column)) {
            pbt__text_add(out, comma);
            row == NULL ? add_text(name, out) : add_cell(json_object_get(row, name), out);
            comma = ",";
            continue;
        }
        const json_t *cells = json_object_get(row, name);
        json_object_foreach(column, part, value)
        {
            pbt__text_add(out, comma);
            row == NULL ? add_title(name, part, out) : add_cell(json_object_get(cells, part), out);
            comma = ",";
        }
    }
    pbt__text_add(out, "\r\n");
}

void pbt__csv_head(const pbt__csv *csv, pbt__text *out)
{
    out->failed = out->failed || csv->failed;
    if (json_object_size(csv->columns) > 0) {
        add_row(csv->columns, NULL, out);
    }
}

void pbt__csv_row(const pbt__csv *csv, const json_t *row, pbt__text *out)
{
    add_row(csv->columns, row, out);
}
