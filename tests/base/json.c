/* json.c: values survive being written and read; what is no JSON is refused with its
 * place. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"

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
        {"truex", 4, "more after the end"},
        {"0x1", 1, "more after the end"},
        {"'a'", 0, "no value"},
        {"// 1", 0, "no value"},
        {"\xef\xbb\xbf[]", 0, "no value"},
        {"NaN", 0, "no value"},
        {"Infinity", 0, "no value"},
        {"-Infinity", 1, "no value"},
        {"9223372036854775808", 19, "an integer too large"},
        {"1e400", 5, "a number too large"},
        {"\"a", 2, "a string without an end"},
        {"\"a\n\"", 2, "a character that no string may hold"},
        {"\"\\x\"", 3, "a character that no string may hold"},
        {"\"\\u12\"", 5, "a character that no string may hold"},
        {"\"\\u\x10\x10\x14\x11\"", 3, "a character that no string may hold"},
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

static void values_have_a_bound_where_one_is_given(void **state)
{
    (void)state;
    static const char TEXT[] = "{\"a\":[1,2],\"b\":null}";
    for (size_t maximum = 0; maximum <= 6; maximum++) {
        pbt_error error = {0};
        json_t *json = NULL;
        const pbt__json_source source = {
            .text = TEXT, .length = sizeof TEXT - 1, .value_maximum = maximum};
        const bool fits = maximum == 0 || maximum >= 5;
        assert_int_equal(pbt__json_read_source(&source, &json, &error),
                         fits ? PBT_OK : PBT_ERR_LIMIT);
        assert_string_equal(error.detail, fits ? "" : "too many values");
        json_decref(json);
    }
}

static void what_python_writes_of_numbers_is_read_where_that_is_allowed(void **state)
{
    (void)state;
    static const char TEXT[] = "[NaN,Infinity,-Infinity,\"NaN\",9223372036854775808,-1]";
    const pbt__json_source source = {.text = TEXT, .length = sizeof TEXT - 1, .is_lenient = true};
    json_t *json = NULL;
    assert_int_equal(pbt__json_read_source(&source, &json, NULL), PBT_OK);
    char *text = pbt__json_write(json);
    assert_string_equal(text, "[\"nan\",\"inf\",\"-inf\",\"NaN\",9.223372036854776e+18,-1]");
    free(text);
    json_decref(json);
}

static void a_text_that_is_no_utf8_is_mended(void **state)
{
    (void)state;
    json_t *json = pbt__json_text("a\xff\xc3\xa4\xe2\x82");
    assert_string_equal(json_string_value(json), "a?\xc3\xa4??");
    json_decref(json);
}

static void a_field_of_another_kind_is_none(void **state)
{
    (void)state;
    json_t *json = must_read("{\"t\":\"x\",\"i\":-7,\"r\":15.5,\"n\":null}");
    assert_string_equal(pbt__json_get_text(json, "t", ""), "x");
    assert_string_equal(pbt__json_get_text(json, "n", "none"), "none");
    assert_int_equal(pbt__json_get_integer(json, "i", 0), -7);
    assert_int_equal(pbt__json_get_integer(json, "r", 3), 3);
    assert_true(pbt__json_get_real(json, "i", 0) == -7);
    assert_true(pbt__json_get_real(json, "r", 0) == 15.5);
    assert_true(pbt__json_get_real(json, "t", 2) == 2);
    assert_int_equal(pbt__json_get_integer(NULL, "i", 5), 5);
    json_decref(json);
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
        cmocka_unit_test(values_have_a_bound_where_one_is_given),
        cmocka_unit_test(what_python_writes_of_numbers_is_read_where_that_is_allowed),
        cmocka_unit_test(a_text_that_is_no_utf8_is_mended),
        cmocka_unit_test(a_field_of_another_kind_is_none),
    };
    return cmocka_run_group_tests_name("base-json", tests, NULL, NULL);
}
