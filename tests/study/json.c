/* json.c: types, values and changes survive being written and read. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "study/json.h"

static pbt_err read_text(const char *text, json_t **out, pbt_error *error)
{
    return pbt__json_read(text, strlen(text), out, error);
}

static json_t *must_read(const char *text)
{
    pbt_error error;
    json_t *json = NULL;
    if (read_text(text, &json, &error) != PBT_OK) {
        fail_msg("%s: %s: %s", text, error.message, error.detail);
    }
    return json;
}

/* ---- hyperparameters ---- */

static const pbt_item ITEMS[] = {
    {.type = PBT_ITEM_INT, .integer = 1},
    {.type = PBT_ITEM_FLOAT, .real = 1.0},
    {.type = PBT_ITEM_BOOL, .integer = 1},
    {.type = PBT_ITEM_TEXT, .text = "1"},
};

static const pbt_parameter PARAMETERS[] = {
    {.name = "rate", .type = PBT_FLOAT},
    {.name = "size", .type = PBT_INT},
    {.name = "kind", .type = PBT_CHOICE, .items = ITEMS, .item_count = 4},
};

static const pbt_space SPACE = {.parameters = PARAMETERS, .count = 3};

static void every_type_of_value_survives(void **state)
{
    (void)state;
    static const char *const WRITTEN[] = {"1", "1.0", "true", "\"1\""};
    for (int64_t i = 0; i < 4; i++) {
        char expected[128];
        pbt_value values[3] = {{.real = 1.0}, {.integer = (INT64_C(1) << 53) + 1}, {.integer = i}};
        pbt_value again[3] = {{0}};
        json_t *json = pbt__values_json(&SPACE, values);
        char *text = pbt__json_write(json);
        snprintf(expected, sizeof expected, "{\"rate\":1.0,\"size\":9007199254740993,\"kind\":%s}",
                 WRITTEN[i]);
        assert_string_equal(text, expected);
        json_t *read = must_read(text);
        assert_int_equal(pbt__values_read(&SPACE, read, again, NULL), PBT_OK);
        assert_memory_equal(values, again, sizeof values);
        json_decref(read);
        json_decref(json);
        free(text);
    }
}

static void a_value_of_another_type_is_refused(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "{\"rate\":1,\"size\":1,\"kind\":1}",       "{\"rate\":1.0,\"size\":1.0,\"kind\":1}",
        "{\"rate\":1.0,\"size\":1,\"kind\":2}",     "{\"rate\":1.0,\"size\":1}",
        "{\"rate\":1.0,\"size\":\"1\",\"kind\":1}", "[]",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        pbt_value values[3];
        json_t *json = must_read(TEXTS[i]);
        assert_int_equal(pbt__values_read(&SPACE, json, values, NULL), PBT_ERR_CORRUPT);
        json_decref(json);
    }
}

static void every_change_survives(void **state)
{
    (void)state;
    static const struct {
        pbt_change change;
        const char *text;
    } CASES[] = {
        {{.operation = PBT_RESAMPLE}, "resample"},
        {{.operation = PBT_FACTOR, .argument = 0.8}, "x0.8"},
        {{.operation = PBT_FACTOR, .argument = 1.25, .is_clamped = true}, "x1.25 clamped"},
        {{.operation = PBT_NUDGE, .argument = 1}, "+1"},
        {{.operation = PBT_NUDGE, .argument = -1}, "-1"},
        {{.operation = PBT_UP}, "up"},
        {{.operation = PBT_DOWN, .is_clamped = true}, "down clamped"},
        {{.operation = PBT_NOISE}, "noise"},
        {{.operation = PBT_PICK}, "pick"},
    };
    const pbt_value after[3] = {{.real = 0.5}, {.integer = 3}, {.integer = 2}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        pbt_change changes[3] = {{.operation = PBT_UNTOUCHED}, CASES[i].change, {0}};
        pbt_change again[3];
        changes[1].from.integer = 4;
        json_t *json = pbt__changes_json(&SPACE, changes, after);
        assert_int_equal(json_object_size(json), 1);
        json_t *change = json_object_get(json, "size");
        assert_string_equal(json_string_value(json_object_get(change, "operation")), CASES[i].text);
        assert_int_equal(json_integer_value(json_object_get(change, "to")), 3);
        assert_int_equal(pbt__changes_read(&SPACE, json, again, NULL), PBT_OK);
        assert_int_equal(again[0].operation, PBT_UNTOUCHED);
        assert_int_equal(again[1].operation, changes[1].operation);
        assert_true(again[1].argument == changes[1].argument);
        assert_int_equal(again[1].is_clamped, changes[1].is_clamped);
        assert_int_equal(again[1].from.integer, 4);
        json_decref(json);
    }
}

static void a_broken_change_is_refused(void **state)
{
    (void)state;
    static const char *const OPERATIONS[] = {"", " clamped", "x", "xy", "sideways", "+", "upp"};
    for (size_t i = 0; i < sizeof OPERATIONS / sizeof *OPERATIONS; i++) {
        pbt_change changes[3];
        json_t *json = json_pack("{s:{s:s, s:i, s:i}}", "size", "operation", OPERATIONS[i], "from",
                                 1, "to", 2);
        assert_int_equal(pbt__changes_read(&SPACE, json, changes, NULL), PBT_ERR_CORRUPT);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_of_value_survives),
        cmocka_unit_test(a_value_of_another_type_is_refused),
        cmocka_unit_test(every_change_survives),
        cmocka_unit_test(a_broken_change_is_refused),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
