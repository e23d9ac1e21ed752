/* metrics.c: what a trainer says is understood exactly, or refused with the reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "executor/metrics.h"
#include "executor/output.h"

static pbt__metrics metrics;
static pbt_error error;

static int clear(void **state)
{
    (void)state;
    pbt__metrics_clear(&metrics);
    return 0;
}

static pbt_err take(const char *line)
{
    return pbt__metrics_read(&metrics, line, strlen(line), "accuracy", &error);
}

static double value_of(const char *name)
{
    double value = -12345;
    assert_true(pbt__metrics_value(&metrics, name, &value));
    return value;
}

/* ---- gathering ------------------------------------------------------------------------------- */

static void the_last_value_of_a_name_counts(void **state)
{
    (void)state;
    double value = 0;
    pbt__metrics_set(&metrics, "loss", 2);
    pbt__metrics_set(&metrics, "accuracy", 0.5);
    pbt__metrics_set(&metrics, "loss", 1);
    assert_int_equal(metrics.count, 2);
    assert_true(value_of("loss") == 1);
    assert_false(pbt__metrics_value(&metrics, "los", &value));
    assert_int_equal(metrics.failure, PBT_OK);
}

static void samples_have_their_mean_where_no_value_is_given(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        pbt__metrics_add(&metrics, "return", i);
    }
    assert_true(value_of("return") == 49.5);
    assert_int_equal(metrics.items[0].sample_count, 100);
    assert_true(metrics.items[0].samples[99] == 99);
    assert_false(metrics.items[0].has_value);
    pbt__metrics_set(&metrics, "return", 7);
    assert_true(value_of("return") == 7);
}

static void bounds_are_remembered(void **state)
{
    (void)state;
    char name[PBT__METRIC_NAME_SIZE + 1] = "";
    memset(name, 'x', PBT__METRIC_NAME_SIZE - 1);
    pbt__metrics_set(&metrics, name, 1);
    assert_int_equal(metrics.failure, PBT_OK);
    memset(name, 'x', PBT__METRIC_NAME_SIZE);
    pbt__metrics_set(&metrics, name, 1);
    assert_int_equal(metrics.failure, PBT_ERR_LIMIT);
    (void)clear(state);
    pbt__metrics_set(&metrics, "", 1);
    assert_int_equal(metrics.failure, PBT_ERR_LIMIT);
    (void)clear(state);
    for (int i = 0; i <= PBT__METRICS_MAXIMUM; i++) {
        assert_int_equal(metrics.failure, PBT_OK);
        (void)snprintf(name, sizeof name, "n%d", i);
        pbt__metrics_set(&metrics, name, i);
    }
    assert_int_equal(metrics.failure, PBT_ERR_LIMIT);
    assert_int_equal(metrics.count, PBT__METRICS_MAXIMUM);
    (void)clear(state);
    for (int i = 0; i < PBT__METRIC_SAMPLES_MAXIMUM; i++) {
        pbt__metrics_add(&metrics, "s", i);
    }
    assert_int_equal(metrics.failure, PBT_OK);
    pbt__metrics_add(&metrics, "s", 0);
    assert_int_equal(metrics.failure, PBT_ERR_LIMIT);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void an_object_is_read(void **state)
{
    (void)state;
    assert_int_equal(
        take("{\"accuracy\": 0.91, \"loss\": 3, \"note\": \"ok\", \"deep\": {\"x\": 1},"
             " \"flag\": true, \"none\": null, \"words\": [\"a\"]}"),
        PBT_OK);
    assert_int_equal(metrics.count, 2);
    assert_true(value_of("accuracy") == 0.91);
    assert_true(value_of("loss") == 3);
    assert_int_equal(take(" {\"accuracy\":-1e-3}\r"), PBT_OK);
    assert_int_equal(metrics.count, 1);
    assert_true(value_of("accuracy") == -1e-3);
    assert_int_equal(take("{\"accuracy\": 12345678901234567890}"), PBT_OK);
    assert_true(value_of("accuracy") == 12345678901234567890.0);
}

static void numbers_that_are_not_finite_are_read_as_python_prints_them(void **state)
{
    (void)state;
    assert_int_equal(take("{\"accuracy\": NaN, \"up\": Infinity, \"down\":-Infinity}"), PBT_OK);
    assert_true(isnan(value_of("accuracy")));
    assert_true(value_of("up") == (double)INFINITY);
    assert_true(value_of("down") == -(double)INFINITY);
    assert_int_equal(take("{\"accuracy\": \"nan\"}"), PBT_OK);
    assert_true(isnan(value_of("accuracy")));
    assert_int_equal(take("{\"NaN \\\" Infinity\": 2, \"accuracy\": [NaN, 1]}"), PBT_OK);
    assert_true(value_of("NaN \" Infinity") == 2);
    assert_true(isnan(value_of("accuracy")));
}

static void lists_of_numbers_are_samples(void **state)
{
    (void)state;
    assert_int_equal(take("{\"accuracy\": [1, 2.5, 4], \"empty\": [], \"mixed\": [1, null]}"),
                     PBT_OK);
    assert_int_equal(metrics.count, 1);
    assert_int_equal(metrics.items[0].sample_count, 3);
    assert_true(metrics.items[0].samples[1] == 2.5);
    assert_true(value_of("accuracy") == 2.5);
}

static void assert_refused(const char *line, pbt_err err, const char *words)
{
    assert_int_equal(take(line), err);
    assert_int_equal(error.code, err);
    assert_non_null(strstr(error.message, words));
}

static void what_is_no_result_is_refused(void **state)
{
    (void)state;
    assert_refused("done", PBT_ERR_TRAINER, "not a JSON object");
    assert_non_null(strstr(error.detail, "'done'"));
    assert_string_not_equal(error.hint, "");
    assert_refused("", PBT_ERR_TRAINER, "not a JSON object");
    assert_refused("0.91", PBT_ERR_TRAINER, "not a JSON object");
    assert_refused("[0.91]", PBT_ERR_TRAINER, "not a JSON object");
    assert_refused("{\"accuracy\": 0.91", PBT_ERR_TRAINER, "not a JSON object");
    assert_refused("{\"accuracy\": 0.91} {}", PBT_ERR_TRAINER, "not a JSON object");
    assert_refused("{\"accuracy\": 1, \"accuracy\": 2}", PBT_ERR_TRAINER, "a name twice");
    assert_refused("{\"accuracy\": NaNs}", PBT_ERR_TRAINER, "not a JSON object");
    assert_refused("{\"accuracy\": +Infinity}", PBT_ERR_TRAINER, "not a JSON object");
    assert_refused("{\"loss\": 1}", PBT_ERR_TRAINER, "no number 'accuracy'");
    assert_refused("{\"accuracy\": \"0.91\"}", PBT_ERR_TRAINER, "no number 'accuracy'");
    assert_refused("{\"accuracy\": []}", PBT_ERR_TRAINER, "no number 'accuracy'");
    assert_refused("{\"accuracy\": null}", PBT_ERR_TRAINER, "no number 'accuracy'");
    assert_refused("{\"\": 1, \"accuracy\": 1}", PBT_ERR_LIMIT, "bound");
}

/* ---- the last line --------------------------------------------------------------------------- */

static void assert_last(const char *printed, const char *expected)
{
    for (size_t piece = 1; piece <= 7; piece++) {
        pbt__output output = pbt__output_init();
        for (size_t at = 0; at < strlen(printed); at += piece) {
            const size_t left = strlen(printed) - at;
            pbt__output_take(&output, printed + at, left < piece ? left : piece);
        }
        const pbt__text *last = pbt__output_last(&output);
        assert_false(last->failed);
        assert_int_equal(last->length, strlen(expected));
        assert_memory_equal(pbt__text_string(last), expected, strlen(expected));
        pbt__output_fini(&output);
    }
}

static void the_last_line_that_is_not_blank_is_kept(void **state)
{
    (void)state;
    assert_last("", "");
    assert_last("one", "one");
    assert_last("one\n", "one");
    assert_last("one\ntwo", "two");
    assert_last("a long first line\ntwo\n", "two");
    assert_last("one\ntwo\n\n  \t\r\n", "two");
    assert_last("\n\n", "");
}

static void a_line_that_is_too_long_is_known_as_such(void **state)
{
    (void)state;
    static char line[PBT__OUTPUT_LINE_MAXIMUM + 1];
    memset(line, 'x', sizeof line);
    pbt__output output = pbt__output_init();
    assert_false(pbt__output_is_within_line(&output));
    pbt__output_take(&output, line, sizeof line - 1);
    assert_true(pbt__output_is_within_line(&output));
    pbt__output_take(&output, "\n", 1);
    assert_false(pbt__output_is_within_line(&output));
    assert_int_equal(pbt__output_last(&output)->length, sizeof line - 1);
    pbt__output_take(&output, line, sizeof line);
    assert_true(pbt__output_is_within_line(&output));
    assert_true(pbt__output_last(&output)->failed);
    pbt__output_take(&output, "\n{}\n", 4);
    assert_false(pbt__output_last(&output)->failed);
    assert_string_equal(pbt__text_string(&output.last), "{}");
    pbt__output_fini(&output);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, clear, clear)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_last_value_of_a_name_counts),
        CASE(samples_have_their_mean_where_no_value_is_given),
        CASE(bounds_are_remembered),
        CASE(an_object_is_read),
        CASE(numbers_that_are_not_finite_are_read_as_python_prints_them),
        CASE(lists_of_numbers_are_samples),
        CASE(what_is_no_result_is_refused),
        CASE(the_last_line_that_is_not_blank_is_kept),
        CASE(a_line_that_is_too_long_is_known_as_such),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
