/* scalar.c: what scalars mean in YAML 1.2's core schema, and texts written so that they stay
 * texts. */
#include "support.h"

#include <math.h>

#include "spec/scalar.h"
#include "spec/yaml.h"

static pbt__scalar plain(const char *text)
{
    const pbt__node node = {.text = text};
    return pbt__scalar_read(&node);
}

static void types(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        pbt__scalar_type type;
        double value;
    } cases[] = {
        {"", PBT__SCALAR_NOTHING, 0},
        {"~", PBT__SCALAR_NOTHING, 0},
        {"null", PBT__SCALAR_NOTHING, 0},
        {"NULL", PBT__SCALAR_NOTHING, 0},
        {"nULL", PBT__SCALAR_TEXT, 0},
        {"true", PBT__SCALAR_BOOL, 1},
        {"False", PBT__SCALAR_BOOL, 0},
        {"yes", PBT__SCALAR_TEXT, 0},
        {"on", PBT__SCALAR_TEXT, 0},
        {"tRUE", PBT__SCALAR_TEXT, 0},
        {"0", PBT__SCALAR_INT, 0},
        {"-12", PBT__SCALAR_INT, -12},
        {"+7", PBT__SCALAR_INT, 7},
        {"010", PBT__SCALAR_INT, 10},
        {"0o17", PBT__SCALAR_INT, 15},
        {"0x1F", PBT__SCALAR_INT, 31},
        {"0o8", PBT__SCALAR_TEXT, 0},
        {"0x", PBT__SCALAR_TEXT, 0},
        {"-0x1", PBT__SCALAR_TEXT, 0},
        {"1_000", PBT__SCALAR_TEXT, 0},
        {"1:30", PBT__SCALAR_TEXT, 0},
        {"-", PBT__SCALAR_TEXT, 0},
        {"1.0", PBT__SCALAR_FLOAT, 1},
        {"1.", PBT__SCALAR_FLOAT, 1},
        {".5", PBT__SCALAR_FLOAT, 0.5},
        {"-.5e1", PBT__SCALAR_FLOAT, -5},
        {"1e-4", PBT__SCALAR_FLOAT, 1e-4},
        {"1E+2", PBT__SCALAR_FLOAT, 100},
        {".", PBT__SCALAR_TEXT, 0},
        {"1e", PBT__SCALAR_TEXT, 0},
        {"e5", PBT__SCALAR_TEXT, 0},
        {"1.2.3", PBT__SCALAR_TEXT, 0},
        {".inf", PBT__SCALAR_FLOAT, INFINITY},
        {"-.INF", PBT__SCALAR_FLOAT, -INFINITY},
        {"inf", PBT__SCALAR_TEXT, 0},
        {"nan", PBT__SCALAR_TEXT, 0},
        {"infinity", PBT__SCALAR_TEXT, 0},
        {"0x1p3", PBT__SCALAR_TEXT, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pbt__scalar scalar = plain(cases[i].text);
        double value = scalar.type == PBT__SCALAR_BOOL ? scalar.flag : scalar.real;
        if (scalar.type != cases[i].type || value != cases[i].value || scalar.is_beyond) {
            fail_msg("'%s' is of type %d, %g", cases[i].text, scalar.type, value);
        }
    }
    assert_true(isnan(plain(".nan").real));
}

static void integers_are_exact(void **state)
{
    (void)state;
    assert_true(plain("9223372036854775807").integer == INT64_MAX);
    assert_true(plain("-9223372036854775808").integer == INT64_MIN);
    assert_false(plain("-9223372036854775808").is_beyond);
    assert_true(plain("9223372036854775808").is_beyond);
    assert_true(plain("0x8000000000000000").is_beyond);
    assert_true(plain("1e400").is_beyond);
}

static void quotes_make_a_text(void **state)
{
    (void)state;
    const pbt__node node = {.text = "1", .is_quoted = true};
    assert_int_equal(pbt__scalar_read(&node).type, PBT__SCALAR_TEXT);
}

static void texts_read_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "plain",        "a b",  "",     "null", "true", "1",
        "1.0",          ".inf", "-",    "--lr", "{lr}", "a: b",
        "a #b",         "#",    "'",    "\"",   "\\",   "a\nb",
        "a\tb",         "\x01", "\x7f", "ü",    "~",    "*a",
        "&a",           "!a",   "%a",   "...",  "---",  "[",
        "a,b",          "./a",  "a=b",  "=",    "<<",   " a",
        "a ",           "?",    "0o17", "1:30", "\r",   "\xc2\x85",
        "\xe2\x80\xa8", "@a",   "`a",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (pbt__notation notation = PBT__YAML; notation <= PBT__JSON; notation++) {
            pbt__text out = pbt__text_init(100);
            pbt__arena *arena = pbt__arena_new();
            const pbt__node *node = NULL;
            pbt__yaml_fault fault = {{0, 0}, ""};
            pbt__scalar_write_text(&out, notation, texts[i]);
            pbt_err err = pbt__yaml_parse(pbt__text_string(&out), arena, &node, &fault);
            assert_int_equal(err, PBT_OK);
            assert_string_equal(node->text, texts[i]);
            assert_int_equal(pbt__scalar_read(node).type, PBT__SCALAR_TEXT);
            pbt__arena_free(arena);
            pbt__text_fini(&out);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(quotes_make_a_text),
        cmocka_unit_test(texts_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
