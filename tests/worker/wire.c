/* wire.c: JSON is read strictly and within its bounds, and written so that it can be read. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "worker/wire.h"

static pbt_err read_text(const char *text, pbt__wire *wire)
{
    pbt_error error;
    return pbt__wire_read(text, strlen(text), wire, &error);
}

/* Read a document that must be right; the caller frees. */
static pbt__wire read_right(const char *text)
{
    pbt__wire wire = {.count = 0};
    assert_int_equal(read_text(text, &wire), PBT_OK);
    return wire;
}

static void reads_every_kind(void **state)
{
    (void)state;
    pbt__wire wire = read_right(" {\"t\":\"x\",\"i\":-7,\"r\":1.5e1,\"b\":true,\"n\":null,"
                                "\"a\":[1,[],{}],\"z\":{\"i\":1}}\r\n\t ");
    const pbt__wire_value *root = pbt__wire_root(&wire);
    assert_string_equal(pbt__wire_text(&wire, root, "t", ""), "x");
    assert_int_equal(pbt__wire_integer(&wire, root, "i", 0), -7);
    assert_true(pbt__wire_real(&wire, root, "i", 0) == -7);
    assert_true(pbt__wire_real(&wire, root, "r", 0) == 15);
    assert_int_equal(pbt__wire_integer(&wire, root, "r", 3), 3);
    assert_true(pbt__wire_boolean(&wire, root, "b", false));
    assert_string_equal(pbt__wire_text(&wire, root, "n", "none"), "none");
    const pbt__wire_value *array = pbt__wire_get(&wire, root, "a");
    int count = 0;
    const pbt__wire_value *item = NULL;
    while ((item = pbt__wire_after(&wire, array, item)) != NULL) {
        count++;
    }
    assert_int_equal(count, 3);
    assert_int_equal(pbt__wire_integer(&wire, pbt__wire_get(&wire, root, "z"), "i", 0), 1);
    assert_null(pbt__wire_get(&wire, root, "absent"));
    assert_null(pbt__wire_get(&wire, array, "t"));
    pbt__wire_fini(&wire);
}

static void reads_whole_numbers_exactly(void **state)
{
    (void)state;
    pbt__wire wire = read_right("[9223372036854775807,-9223372036854775808,9223372036854775808]");
    assert_true(wire.values[1].integer == INT64_MAX && wire.values[1].kind == PBT__WIRE_INTEGER);
    assert_true(wire.values[2].integer == INT64_MIN && wire.values[2].kind == PBT__WIRE_INTEGER);
    assert_true(wire.values[3].kind == PBT__WIRE_REAL);
    assert_true(wire.values[3].real == 9223372036854775808.0);
    pbt__wire_fini(&wire);
}

static void reads_texts(void **state)
{
    (void)state;
    pbt__wire wire = read_right("[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u00e4\\u20AC\\ud83d\\ude00\","
                                "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\",\"\"]");
    assert_string_equal(wire.values[1].text, "\"\\/\b\f\n\r\t");
    assert_string_equal(wire.values[2].text, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
    assert_string_equal(wire.values[3].text, wire.values[2].text);
    assert_string_equal(wire.values[4].text, "");
    pbt__wire_fini(&wire);
}

static void refuses_what_is_not_json(void **state)
{
    (void)state;
    static const char *const WRONG[] = {"",
                                        " ",
                                        "nul",
                                        "truex",
                                        "1 2",
                                        "[1,]",
                                        "[,1]",
                                        "[1",
                                        "]",
                                        "{",
                                        "{\"a\"}",
                                        "{\"a\":}",
                                        "{a:1}",
                                        "{\"a\":1,}",
                                        "{\"a\":1 \"b\":2}",
                                        "{\"a\":1,\"a\":2}",
                                        "01",
                                        "-",
                                        "+1",
                                        ".5",
                                        "1.",
                                        "1e",
                                        "1e+",
                                        "0x1",
                                        "1e999",
                                        "NaN",
                                        "Infinity",
                                        "'a'",
                                        "\"",
                                        "\"\\",
                                        "\"\\u12\"",
                                        "\"\\x\"",
                                        "\"\\u0000\"",
                                        "\"\\ud800\"",
                                        "\"\\ud800\\u0041\"",
                                        "\"\\udc00\"",
                                        "\"\n\"",
                                        "\"\t\"",
                                        "\"\xff\"",
                                        "\"\xc0\x80\"",
                                        "\"\xed\xa0\x80\"",
                                        "\"\xf4\x90\x80\x80\"",
                                        "\"\xe2\x82\"",
                                        "// 1",
                                        "\xef\xbb\xbf[]"};
    for (size_t i = 0; i < sizeof WRONG / sizeof WRONG[0]; i++) {
        pbt__wire wire = {.count = 77};
        if (read_text(WRONG[i], &wire) != PBT_ERR_CORRUPT) {
            fail_msg("'%s' is not refused", WRONG[i]);
        }
        assert_int_equal(wire.count, 77);
    }
}

static void refuses_a_nul(void **state)
{
    (void)state;
    pbt__wire wire = {.count = 0};
    pbt_error error;
    assert_int_equal(pbt__wire_read("1\0", 2, &wire, &error), PBT_ERR_CORRUPT);
    assert_int_equal(pbt__wire_read("\"a\0b\"", 5, &wire, &error), PBT_ERR_CORRUPT);
    assert_string_equal(error.message, "not JSON at byte 2: a byte that a text may not hold");
}

/* `count` times a text, then another. The caller frees. */
static char *repeat(const char *text, size_t count, const char *end)
{
    const size_t length = strlen(text);
    char *out = malloc(count * length + strlen(end) + 1);
    assert_non_null(out);
    for (size_t i = 0; i < count; i++) {
        memcpy(out + i * length, text, length);
    }
    memcpy(out + count * length, end, strlen(end) + 1);
    return out;
}

static void keeps_its_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t count;
        const char *end;
        pbt_err err;
    } CASES[] = {
        {"[", PBT__WIRE_DEPTH_MAXIMUM, "", PBT_ERR_CORRUPT},
        {"[", PBT__WIRE_DEPTH_MAXIMUM + 1, "1", PBT_ERR_CORRUPT},
        {"[", 1000000, "", PBT_ERR_CORRUPT},
        {" ", PBT__WIRE_BYTES_MAXIMUM, "1", PBT_ERR_LIMIT},
        {" ", PBT__WIRE_BYTES_MAXIMUM - 1, "1", PBT_OK},
    };
    pbt__wire wire = {.count = 0};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char *text = repeat(CASES[i].text, CASES[i].count, CASES[i].end);
        assert_int_equal(read_text(text, &wire), CASES[i].err);
        pbt__wire_fini(&wire);
        free(text);
    }
    char *many = repeat("1,", PBT__WIRE_COUNT_MAXIMUM, "1]");
    many[0] = '[';
    many[1] = ' ';
    assert_int_equal(read_text(many, &wire), PBT_ERR_LIMIT);
    free(many);
}

static void writes_what_can_be_read(void **state)
{
    (void)state;
    pbt__text out = pbt__text_init(1000);
    pbt__text_add(&out, "[");
    pbt__wire_write_text(&out, "a\"\\\n\x01\x7f\xc3\xa4");
    pbt__text_add(&out, ",");
    pbt__wire_write_text(&out, "\xff\xc3");
    const double numbers[] = {0.1, -0.0, 1e300, NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 6; i++) {
        pbt__text_add(&out, ",");
        pbt__wire_write_real(&out, numbers[i]);
    }
    pbt__text_add(&out, "]");
    pbt__wire wire = read_right(pbt__text_string(&out));
    assert_string_equal(wire.values[1].text, "a\"\\\n\x01\x7f\xc3\xa4");
    assert_string_equal(wire.values[2].text, "??");
    for (size_t i = 0; i < 3; i++) {
        assert_true(wire.values[3 + i].real == numbers[i]);
    }
    assert_string_equal(wire.values[6].text, "nan");
    assert_string_equal(wire.values[7].text, "inf");
    assert_string_equal(wire.values[8].text, "-inf");
    pbt__wire_fini(&wire);
    pbt__text_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_kind),
        cmocka_unit_test(reads_whole_numbers_exactly),
        cmocka_unit_test(reads_texts),
        cmocka_unit_test(refuses_what_is_not_json),
        cmocka_unit_test(refuses_a_nul),
        cmocka_unit_test(keeps_its_bounds),
        cmocka_unit_test(writes_what_can_be_read),
    };
    return cmocka_run_group_tests_name("worker-wire", tests, NULL, NULL);
}
