/* json.c: types and values survive being written and read; what is no JSON is refused with its
 * place. */
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

static void what_is_written_is_read_and_written_alike(void **state)
{
    (void)state;
    static const char *const TEXTS[] = {
        "null",
        "[true,false,null,[],{}]",
        "[0,-1,9223372036854775807,-9223372036854775808]",
        "[1.0,-0.0,0.1,1.0e-300,1.7976931348623157e+308,5.0e-324,123456789.125]",
        "{\"b\":1,\"a\":{\"c\":[{\"d\":2.0}]}}",
        "\"\\\" \\\\ \\b\\f\\n\\r\\t \\u0001 / \xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82\"",
    };
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        json_t *json = must_read(TEXTS[i]);
        char *text = pbt__json_write(json);
        assert_string_equal(text, TEXTS[i]);
        free(text);
        json_decref(json);
    }
}

static void integers_and_reals_keep_apart(void **state)
{
    (void)state;
    json_t *list = must_read(" [ 1 , 1.0 , 1e0 , -7 , 9007199254740993 ] ");
    assert_true(json_is_integer(json_array_get(list, 0)));
    assert_true(json_is_real(json_array_get(list, 1)));
    assert_true(json_is_real(json_array_get(list, 2)));
    assert_int_equal(json_integer_value(json_array_get(list, 3)), -7);
    assert_true(json_integer_value(json_array_get(list, 4)) == 9007199254740993LL);
    char *text = pbt__json_write(list);
    assert_string_equal(text, "[1,1.0,1.0,-7,9007199254740993]");
    free(text);
    json_decref(list);
}

static void numbers_that_are_not_finite_travel_as_names(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } CASES[] = {{NAN, "\"nan\""}, {INFINITY, "\"inf\""}, {-INFINITY, "\"-inf\""}, {2.0, "2.0"}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        double value = 0;
        json_t *json = pbt__json_number(CASES[i].value);
        char *text = pbt__json_write(json);
        assert_string_equal(text, CASES[i].text);
        json_t *again = must_read(text);
        assert_true(pbt__json_number_read(again, &value));
        assert_true(value == CASES[i].value || (isnan(value) && isnan(CASES[i].value)));
        json_decref(again);
        json_decref(json);
        free(text);
    }
    double untouched = 7;
    json_t *word = must_read("\"1.5\"");
    assert_false(pbt__json_number_read(word, &untouched));
    json_decref(word);
    assert_true(untouched == 7);
}

static void escapes_are_read(void **state)
{
    (void)state;
    json_t *json = must_read("\"\\u00e9\\u20AC\\ud83d\\ude42\\/\\n\"");
    assert_string_equal(json_string_value(json), "\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82/\n");
    json_decref(json);
}

static void what_is_no_json_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int byte;
        const char *detail;
    } CASES[] = {
        {"", 0, "no value"},
        {"  ", 2, "no value"},
        {"nul", 0, "no value"},
        {"[1,]", 3, "no value"},
        {"[1 2]", 3, "neither a comma nor an end"},
        {"{\"a\":1", 6, "neither a comma nor an end"},
        {"{1:2}", 1, "no name"},
        {"{\"a\" 1}", 5, "a name twice, or no colon after it"},
        {"{\"a\":1,\"a\":1}", 10, "a name twice, or no colon after it"},
        {"1 2", 2, "more after the end"},
        {"01", 2, "no value"},
        {"1.", 2, "no value"},
        {"+1", 0, "no value"},
        {"1e", 2, "no value"},
        {".5", 1, "no value"},
        {"-", 1, "no value"},
        {"NaN", 0, "no value"},
        {"9223372036854775808", 19, "an integer too large"},
        {"1e400", 5, "a number too large"},
        {"\"a", 2, "a string without an end"},
        {"\"a\n\"", 2, "a character that no string may hold"},
        {"\"\\x\"", 3, "a character that no string may hold"},
        {"\"\\u12\"", 5, "a character that no string may hold"},
        {"\"\\u0000\"", 7, "a character that no string may hold"},
        {"\"\\ud800\"", 7, "a character that no string may hold"},
        {"\"\\udc00\"", 7, "a character that no string may hold"},
        {"\"\\ud800\\u0041\"", 13, "a character that no string may hold"},
        {"\"\xff\"", 1, "a character that no string may hold"},
        {"\"\xc0\xaf\"", 1, "a character that no string may hold"},
        {"\"\xed\xa0\x80\"", 1, "a character that no string may hold"},
        {"\"\xf4\x90\x80\x80\"", 1, "a character that no string may hold"},
        {"\"\xe2\x82\"", 1, "a character that no string may hold"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char place[64];
        pbt_error error = {0};
        json_t *json = NULL;
        assert_int_equal(read_text(CASES[i].text, &json, &error), PBT_ERR_CORRUPT);
        assert_null(json);
        snprintf(place, sizeof place, "broken JSON at byte %d", CASES[i].byte);
        if (strcmp(error.message, place) != 0 || strcmp(error.detail, CASES[i].detail) != 0) {
            fail_msg("'%s': %s: %s", CASES[i].text, error.message, error.detail);
        }
    }
}

/* The text need not end where its memory does, and a NUL within is no end. */
static void only_the_given_bytes_are_read(void **state)
{
    (void)state;
    json_t *json = NULL;
    char *exact = malloc(3);
    assert_non_null(exact);
    memcpy(exact, "123", 3);
    for (size_t length = 1; length <= 3; length++) {
        assert_int_equal(pbt__json_read(exact, length, &json, NULL), PBT_OK);
        assert_int_equal(json_integer_value(json), length == 1 ? 1 : length == 2 ? 12 : 123);
        json_decref(json);
    }
    free(exact);
    assert_int_equal(pbt__json_read("1\0", 2, &json, NULL), PBT_ERR_CORRUPT);
    assert_int_equal(pbt__json_read("\"a\0b\"", 5, &json, NULL), PBT_ERR_CORRUPT);
}

static void depth_has_a_bound(void **state)
{
    (void)state;
    char text[301];
    json_t *json = NULL;
    for (int depth = 1; depth <= 150; depth++) {
        memset(text, '[', (size_t)depth);
        memset(text + depth, ']', (size_t)depth);
        pbt_err err = pbt__json_read(text, 2 * (size_t)depth, &json, NULL);
        assert_int_equal(err, depth <= 64 ? PBT_OK : PBT_ERR_CORRUPT);
        if (err == PBT_OK) {
            json_decref(json);
        }
    }
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
        cmocka_unit_test(what_is_written_is_read_and_written_alike),
        cmocka_unit_test(integers_and_reals_keep_apart),
        cmocka_unit_test(numbers_that_are_not_finite_travel_as_names),
        cmocka_unit_test(escapes_are_read),
        cmocka_unit_test(what_is_no_json_is_refused_with_its_place),
        cmocka_unit_test(only_the_given_bytes_are_read),
        cmocka_unit_test(depth_has_a_bound),
        cmocka_unit_test(every_type_of_value_survives),
        cmocka_unit_test(a_value_of_another_type_is_refused),
        cmocka_unit_test(every_change_survives),
        cmocka_unit_test(a_broken_change_is_refused),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
