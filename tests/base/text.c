/* text.c: texts grow up to their maximum, and every number reads back exactly. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"

static void texts_grow(void **state)
{
    (void)state;
    pbt__text text = pbt__text_init(100000);
    assert_string_equal(pbt__text_string(&text), "");
    size_t length = 0;
    for (int i = 0; i < 5000; i++) {
        pbt__text_format(&text, "%d,", i % 10);
        length += 2;
        assert_int_equal(text.length, length);
    }
    pbt__text_add(&text, "end");
    assert_false(text.failed);
    assert_string_equal(text.bytes + length, "end");
    assert_memory_equal(text.bytes, "0,1,2,3,", 8);
    pbt__text_fini(&text);
    assert_int_equal(text.length, 0);
}

static void the_maximum_holds_and_is_remembered(void **state)
{
    (void)state;
    pbt__text text = pbt__text_init(5);
    pbt__text_add(&text, "12345");
    assert_false(text.failed);
    pbt__text_add(&text, "");
    assert_false(text.failed);
    pbt__text_add(&text, "6");
    assert_true(text.failed);
    pbt__text_fini(&text);

    pbt__text_format(&text, "%s", "123456");
    assert_true(text.failed);
    pbt__text_add(&text, "1");
    assert_string_equal(pbt__text_string(&text), "");
    assert_null(pbt__text_take(&text));
    assert_false(text.failed);
}

static void taking_gives_the_bytes_away(void **state)
{
    (void)state;
    pbt__text text = pbt__text_init(SIZE_MAX);
    char *nothing = pbt__text_take(&text);
    assert_string_equal(nothing, "");
    free(nothing);
    pbt__text_append(&text, "a\0b", 3);
    char *bytes = pbt__text_take(&text);
    assert_memory_equal(bytes, "a\0b", 4);
    free(bytes);
    assert_null(text.bytes);
    assert_int_equal(text.length, 0);
}

static void a_text_without_memory_fails_once_and_for_all(void **state)
{
    (void)state;
    pbt__text text = pbt__text_init(1000);
    pbt__text_add(&text, "before");
    char many[400];
    memset(many, 'x', sizeof many);
    pbt__fault_arm(1, PBT__FAULT_MEMORY);
    pbt__text_append(&text, many, sizeof many);
    assert_true(text.failed);
    pbt__text_add(&text, "after");
    assert_string_equal(pbt__text_string(&text), "before");
    assert_null(pbt__text_take(&text));
}

static void assert_written(double value, const char *expected)
{
    char text[PBT__NUMBER_SIZE];
    const size_t length = pbt__number_write(value, text);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void numbers_are_short(void **state)
{
    (void)state;
    assert_written(0, "0.0");
    assert_written(-0.0, "-0.0");
    assert_written(1, "1.0");
    assert_written(-120, "-120.0");
    assert_written(0.1, "0.1");
    assert_written(0.1 + 0.2, "0.30000000000000004");
    assert_written(0.0001, "0.0001");
    assert_written(0.00001, "1.0e-5");
    assert_written(1.25e-7, "1.25e-7");
    assert_written(123456.789, "123456.789");
    assert_written(9007199254740992, "9007199254740992.0");
    assert_written(1e16, "1.0e+16");
    assert_written(DBL_MAX, "1.7976931348623157e+308");
    assert_written(DBL_MIN, "2.2250738585072014e-308");
    assert_written(4.9406564584124654e-324, "5.0e-324");
}

static void numbers_that_are_none_have_names(void **state)
{
    (void)state;
    assert_written((double)NAN, "nan");
    assert_written(-(double)NAN, "nan");
    assert_written((double)INFINITY, "inf");
    assert_written(-(double)INFINITY, "-inf");
}

static void assert_reads_back(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) {
        return;
    }
    char text[PBT__NUMBER_SIZE];
    (void)pbt__number_write(value, text);
    double read = 0;
    assert_true(pbt__number_read(text, &read));
    assert_memory_equal(&read, &value, sizeof value);
    assert_non_null(strchr(text, '.'));
}

static void every_number_reads_back(void **state)
{
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 100000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        assert_reads_back(bits);
    }
    for (uint64_t exponent = 0; exponent < 2047; exponent++) {
        assert_reads_back(exponent << 52);
        assert_reads_back((exponent << 52) + 1);
        assert_reads_back((exponent << 52) - 1);
    }
}

/* The significant digits of a number's text. Shape: out[PBT__NUMBER_SIZE] */
static void take_digits(const char *text, char *out)
{
    size_t count = 0;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text >= '0' && *text <= '9' && (count > 0 || *text != '0')) {
            out[count++] = *text;
        }
    }
    while (count > 1 && out[count - 1] == '0') {
        count--;
    }
    out[count] = '\0';
}

/* The shortest form by the C library: the fewest digits from 15 on that read back. */
static void assert_as_printf(double value)
{
    char text[PBT__NUMBER_SIZE], digits[PBT__NUMBER_SIZE], expected[PBT__NUMBER_SIZE];
    int count = DBL_DIG;
    do {
        (void)snprintf(text, sizeof text, "%.*e", count - 1, value);
    } while (strtod(text, NULL) != value && ++count <= 17);
    take_digits(text, expected);
    (void)pbt__number_write(value, text);
    take_digits(text, digits);
    assert_string_equal(digits, expected);
}

static void the_digits_are_those_of_the_c_library(void **state)
{
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 100000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        const double part = (double)(bits >> 11) * 0x1p-53;
        const double scale = pow(10, (double)(bits % 27) - 11);
        assert_as_printf(part * scale);
        assert_as_printf(scale);
        assert_as_printf(nextafter(scale, 0));
        assert_as_printf(nextafter(ldexp(1, (int)(bits % 120) - 60), i % 2));
        assert_as_printf((double)(bits >> 40) / 1000);
    }
}

static void assert_read(const char *text, double expected)
{
    double value = -7;
    assert_true(pbt__number_read(text, &value));
    assert_true(value == expected && !signbit(value) == !signbit(expected));
}

static void numbers_are_read(void **state)
{
    (void)state;
    assert_read("1", 1);
    assert_read("-1.5e3", -1500);
    assert_read("+.5", 0.5);
    assert_read("5.", 5);
    assert_read("1E-2", 0.01);
    assert_read("-0", -0.0);
    assert_read("1e-999", 0);
    assert_read("Infinity", (double)INFINITY);
    assert_read("-INF", -(double)INFINITY);
    double value = 0;
    assert_true(pbt__number_read("NaN", &value));
    assert_true(isnan(value));
    assert_true(pbt__number_read("-nan", &value));
}

static void other_texts_are_refused(void **state)
{
    (void)state;
    const char *const texts[] = {"",      " 1",   "1 ",     "1e",    "1e+",   ".",
                                 "-",     "0x10", "1,5",    "1_000", "1.2.3", "--1",
                                 "1e999", "one",  "nan(1)", "infin", "+",     "e5"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        double value = 7;
        assert_false(pbt__number_read(texts[i], &value));
        assert_true(value == 7);
    }
}

/*
 * A locale with a decimal comma, made from the C library's own C.utf8: few machines have one. In a
 * compiled locale the decimal point is a byte, and a wide character, among offsets.
 */
static void set_comma_locale(void)
{
    char *bytes = NULL;
    size_t length = 0;
    assert_int_equal(
        pbt__file_read("/usr/lib/locale/C.utf8/LC_NUMERIC", 4096, &bytes, &length, NULL), PBT_OK);
    for (size_t i = 0; i < length; i++) {
        bytes[i] = bytes[i] == '.' ? ',' : bytes[i];
    }
    char folder[] = "/tmp/pbt-locale-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char path[PBT__PATH_SIZE];
    assert_int_equal(pbt__path_join(folder, "comma", path, NULL), PBT_OK);
    assert_int_equal(pbt__file_make_folder(path, NULL), PBT_OK);
    assert_int_equal(pbt__path_join(folder, "comma/LC_NUMERIC", path, NULL), PBT_OK);
    assert_int_equal(pbt__file_write(path, bytes, length, NULL), PBT_OK);
    free(bytes);
    assert_int_equal(setenv("LOCPATH", folder, 1), 0);
    assert_non_null(setlocale(LC_NUMERIC, "comma"));
    assert_int_equal(pbt__file_remove(folder, NULL), PBT_OK);
}

static void the_locale_does_not_matter(void **state)
{
    (void)state;
    set_comma_locale();
    assert_string_equal(localeconv()->decimal_point, ",");
    assert_written(0.1, "0.1");
    assert_written(1.25e-7, "1.25e-7");
    assert_read("2.5", 2.5);
    double value = 0;
    assert_false(pbt__number_read("2,5", &value));
    assert_non_null(setlocale(LC_NUMERIC, "C"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_grow),
        cmocka_unit_test(the_maximum_holds_and_is_remembered),
        cmocka_unit_test(taking_gives_the_bytes_away),
        cmocka_unit_test(a_text_without_memory_fails_once_and_for_all),
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(numbers_that_are_none_have_names),
        cmocka_unit_test(every_number_reads_back),
        cmocka_unit_test(the_digits_are_those_of_the_c_library),
        cmocka_unit_test(numbers_are_read),
        cmocka_unit_test(other_texts_are_refused),
        cmocka_unit_test(the_locale_does_not_matter),
    };
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
