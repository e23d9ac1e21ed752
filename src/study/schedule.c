/* schedule.c: writing a schedule. Numbers are in their shortest exact form everywhere. */
#include "study/schedule.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "spec/scalar.h"
#include "study/json.h"

static int64_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* ---- CSV ---- */

static void csv_text(pbt__text *out, const char *text)
{
    bool is_plain = strpbrk(text, ",\"\r\n") == NULL;
    pbt__text_add(out, is_plain ? "" : "\"");
    for (const char *at = text; *at != '\0'; at++) {
        pbt__text_add(out, *at == '"' ? "\"" : "");
        pbt__text_append(out, at, 1);
    }
    pbt__text_add(out, is_plain ? "" : "\"");
}

static void csv_value(pbt__text *out, const json_t *value)
{
    char number[PBT__NUMBER_SIZE];
    if (json_is_string(value)) {
        csv_text(out, json_string_value(value));
    } else if (json_is_real(value)) {
        (void)pbt__number_write(json_real_value(value), number);
        pbt__text_add(out, number);
    } else if (json_is_boolean(value)) {
        pbt__text_add(out, json_is_true(value) ? "true" : "false");
    } else {
        pbt__text_format(out, "%" PRId64, (int64_t)json_integer_value(value));
    }
}

void pbt__schedule_csv(const json_t *schedule, pbt__text *out)
{
    json_t *rows = json_object_get(schedule, "rows");
    json_t *first = json_object_get(json_array_get(rows, 0), "hyperparameters");
    json_t *row = NULL;
    json_t *value = NULL;
    const char *name = NULL;
    size_t i = 0;
    pbt__text_add(out, "start_age,end_age,segment");
    json_object_foreach(first, name, value)
    {
        pbt__text_format(out, ",%s", name);
    }
    json_array_foreach(rows, i, row)
    {
        pbt__text_format(out, "\n%" PRId64 ",%" PRId64 ",%s", integer_of(row, "start_age"),
                         integer_of(row, "end_age"),
                         json_string_value(json_object_get(row, "segment")));
        json_object_foreach(json_object_get(row, "hyperparameters"), name, value)
        {
            pbt__text_add(out, ",");
            csv_value(out, value);
        }
    }
    pbt__text_add(out, "\n");
}

/* ---- YAML ---- */

static void yaml_value(pbt__text *out, const json_t *value)
{
    if (json_is_string(value)) {
        pbt__scalar_write_text(out, PBT__YAML, json_string_value(value));
    } else if (json_is_real(value)) {
        pbt__scalar_write_real(out, json_real_value(value));
    } else if (json_is_null(value)) {
        pbt__text_add(out, "null");
    } else {
        csv_value(out, value); /* integers and truth values are written alike */
    }
}

static void yaml_row(pbt__text *out, const json_t *row)
{
    json_t *value = NULL;
    const char *name = NULL;
    const char *gap = "";
    pbt__text_format(out, "  - {start_age: %" PRId64 ", end_age: %" PRId64 ", segment: %s",
                     integer_of(row, "start_age"), integer_of(row, "end_age"),
                     json_string_value(json_object_get(row, "segment")));
    pbt__text_add(out, ", hyperparameters: {");
    json_object_foreach(json_object_get(row, "hyperparameters"), name, value)
    {
        pbt__text_format(out, "%s%s: ", gap, name);
        yaml_value(out, value);
        gap = ", ";
    }
    pbt__text_add(out, "}}\n");
}

void pbt__schedule_yaml(const json_t *schedule, pbt__text *out)
{
    static const char *const HEADS[] = {"member", "segment", "score", "start"};
    json_t *row = NULL;
    size_t i = 0;
    for (size_t at = 0; at < sizeof HEADS / sizeof *HEADS; at++) {
        pbt__text_format(out, "%s: ", HEADS[at]);
        yaml_value(out, json_object_get(schedule, HEADS[at]));
        pbt__text_add(out, "\n");
    }
    bool has_rows = json_array_size(json_object_get(schedule, "rows")) > 0;
    pbt__text_add(out, has_rows ? "rows:\n" : "rows: []\n");
    json_array_foreach(json_object_get(schedule, "rows"), i, row)
    {
        yaml_row(out, row);
    }
}

void pbt__schedule_json(const json_t *schedule, pbt__text *out)
{
    char *line = pbt__json_write(schedule);
    out->failed = out->failed || line == NULL;
    pbt__text_add(out, line != NULL ? line : "");
    pbt__text_add(out, "\n");
    free(line);
}
