/* csv.c: rows of JSON as RFC 4180 has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "export/csv.h"

static void expect(const char *rows, const char *csv)
{
    size_t i;
    const json_t *row;
    json_t *json = json_loads(rows, 0, NULL);
    assert_non_null(json);
    pbt__text out = pbt__text_init(10000);
    pbt__csv table = pbt__csv_init();
    json_array_foreach(json, i, row)
    {
        pbt__csv_see(&table, row);
    }
    pbt__csv_head(&table, &out);
    json_array_foreach(json, i, row)
    {
        pbt__csv_row(&table, row, &out);
    }
    assert_false(out.failed);
    assert_string_equal(pbt__text_string(&out), csv);
    pbt__csv_fini(&table);
    pbt__text_fini(&out);
    json_decref(json);
}

static void no_rows_are_an_empty_file(void **state)
{
    (void)state;
    expect("[]", "");
}

static void values_are_exact(void **state)
{
    (void)state;
    expect("[{\"a\":1,\"b\":0.1,\"c\":2.0,\"d\":\"nan\",\"e\":null,\"f\":true}]",
           "a,b,c,d,e,f\r\n1,0.1,2.0,nan,,true\r\n");
}

static void what_would_break_a_line_is_quoted(void **state)
{
    (void)state;
    expect("[{\"a,b\":\"x,y\",\"c\":\"say \\\"no\\\"\",\"d\":\"two\\nlines\",\"e\":\"plain\"}]",
           "\"a,b\",c,d,e\r\n\"x,y\",\"say \"\"no\"\"\",\"two\nlines\",plain\r\n");
}

static void hyperparameters_and_metrics_are_columns(void **state)
{
    (void)state;
    expect(
        "[{\"s\":1,\"metrics\":null,\"hyperparameters\":{\"rate\":0.5}},"
        " {\"s\":2,\"metrics\":{\"loss\":3.5},\"hyperparameters\":{\"rate\":0.25,\"kind\":\"a\"}}]",
        "s,metrics.loss,hyperparameters.rate,hyperparameters.kind\r\n"
        "1,,0.5,\r\n2,3.5,0.25,a\r\n");
    expect("[{\"metrics\":{\"loss\":3.5}}, {\"metrics\":null}, {\"metrics\":{\"other\":\"-inf\"}}]",
           "metrics.loss,metrics.other\r\n3.5,\r\n,\r\n,-inf\r\n");
}

static void other_objects_are_one_cell_of_json(void **state)
{
    (void)state;
    expect("[{\"changes\":{\"rate\":{\"from\":1,\"to\":2}},\"list\":[1,2.5]}]",
           "changes,list\r\n\"{\"\"rate\"\":{\"\"from\"\":1,\"\"to\"\":2}}\",\"[1,2.5]\"\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_rows_are_an_empty_file),
        cmocka_unit_test(values_are_exact),
        cmocka_unit_test(what_would_break_a_line_is_quoted),
        cmocka_unit_test(hyperparameters_and_metrics_are_columns),
        cmocka_unit_test(other_objects_are_one_cell_of_json),
    };
    return cmocka_run_group_tests_name("csv", tests, NULL, NULL);
}
