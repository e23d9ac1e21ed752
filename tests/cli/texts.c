/* texts.c: what people read: short numbers, times, aligned tables, sentences about events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "plot/gnuplot.h"
#include "render/format.h"
#include "render/print.h"
#include "render/sight.h"
#include "render/table.h"
#include "render/words.h"

static void numbers_have_four_digits(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } CASES[] = {
        {0.1, "0.1"},        {1.0 / 3, "0.3333"}, {-0.00012345678, "-0.0001235"},
        {51200, "51200"},    {-0.0, "0"},         {123456.7, "1.235e+05"},
        {NAN, "nan"},        {-NAN, "nan"},       {INFINITY, "inf"},
        {-INFINITY, "-inf"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[PBT__CELL_SIZE];
        pbt__format_real(CASES[i].value, text);
        assert_string_equal(text, CASES[i].text);
    }
}

static void times_are_short(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } CASES[] = {
        {0, "0:00"},
        {7.4, "0:07"},
        {59.6, "1:00"},
        {3599, "59:59"},
        {3723, "1:02:03"},
        {90000, "1 day 1:00:00"},
        {262923, "3 days 1:02:03"},
        {-1, "-"},
        {INFINITY, "-"},
        {NAN, "-"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[PBT__CELL_SIZE];
        pbt__format_seconds(CASES[i].seconds, text);
        assert_string_equal(text, CASES[i].text);
    }
}

static void one_is_singular(void **state)
{
    (void)state;
    static const struct {
        int64_t count;
        const char *noun, *text;
    } CASES[] = {
        {0, "copy", "0 copies"},     {1, "copy", "1 copy"},          {2, "copy", "2 copies"},
        {1, "segment", "1 segment"}, {21, "segment", "21 segments"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char text[PBT__CELL_SIZE];
        pbt__format_count(CASES[i].count, CASES[i].noun, text);
        assert_string_equal(text, CASES[i].text);
    }
}

static void texts_for_gnuplot_stay_between_quotes(void **state)
{
    (void)state;
    pbt__text script = pbt__text_init(100);
    pbt__gnuplot_quote("it's `a`\n\"b\"\\ θ", &script);
    assert_string_equal(pbt__text_string(&script), "'it''s `a`?\"b\"\\ θ'");
    pbt__text_fini(&script);
}

static void columns_of_numbers_are_aligned_right(void **state)
{
    (void)state;
    static const char *const CELLS[] = {"name", "score", "note",      "a",
                                        "0.5",  "",      "\xce\xb8x", "-10",
                                        "x",    "ccc",   "-",         "\033[2J\xc2\x9bm"};
    pbt__table table = pbt__table_init(3);
    for (size_t i = 0; i < sizeof CELLS / sizeof CELLS[0]; i++) {
        pbt__table_add(&table, CELLS[i]);
    }
    pbt__text text = pbt__text_init(1000);
    pbt__table_write(&table, &text);
    assert_string_equal(pbt__text_string(&text), "name  score  note\n"
                                                 "a       0.5\n"
                                                 "\xce\xb8x      -10  x\n"
                                                 "ccc       -  ?[2J??m\n");
    pbt__text_fini(&text);
    pbt__table_fini(&table);
}

static void what_does_not_fit_is_left_out_and_named(void **state)
{
    (void)state;
    static const char *const CELLS[] = {"member", "logged",    "rate", "width",
                                        "0",      "loss 0.25", "0.1",  "64"};
    static const struct {
        size_t width;
        const char *table, *left_out;
    } CASES[] = {
        {30, "member  logged     rate  width\n     0  loss 0.25   0.1     64\n", ""},
        {29, "member  logged     rate\n     0  loss 0.25   0.1\n", "width"},
        {20, "member  logged\n     0  loss 0.25\n", "rate, width"},
        {12, "member  rate\n     0   0.1\n", "logged, width"},
        {1, "member\n     0\n", "logged, rate, width"},
    };
    for (size_t c = 0; c < sizeof CASES / sizeof *CASES; c++) {
        pbt__table table = pbt__table_init(4);
        for (size_t i = 0; i < sizeof CELLS / sizeof CELLS[0]; i++) {
            pbt__table_add(&table, CELLS[i]);
        }
        pbt__text text = pbt__text_init(1000), left_out = pbt__text_init(1000);
        pbt__table_write_within(&table, CASES[c].width, &text, &left_out);
        assert_string_equal(pbt__text_string(&text), CASES[c].table);
        assert_string_equal(pbt__text_string(&left_out), CASES[c].left_out);
        pbt__text_fini(&text);
        pbt__text_fini(&left_out);
        pbt__table_fini(&table);
    }
}

static void logged_values_are_cut_where_they_are_many(void **state)
{
    (void)state;
    static const struct {
        const char *metrics, *words;
    } CASES[] = {
        {"{}", "-"},
        {"{\"loss\": 0.25}", "loss 0.25"},
        {"{\"loss\": 0.25, \"acc\": \"nan\"}", "loss 0.25, acc nan"},
        {"{\"loss\": 0.25, \"accuracy\": 0.512345}", "loss 0.25, ..."},
        {"{\"a_name_that_is_longer_than_all\": 1}", "..."},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char words[PBT__SIGHT_SIZE];
        json_t *metrics = json_loads(CASES[i].metrics, 0, NULL);
        pbt__sight_logged(metrics, 20, words);
        assert_string_equal(words, CASES[i].words);
        json_decref(metrics);
    }
}

/* Shape: expected without the time. */
static void assert_words(const char *json, const char *expected)
{
    json_t *event = json_loads(json, 0, NULL);
    pbt__text text = pbt__text_init(1000);
    assert_non_null(event);
    assert_int_equal(json_object_set_new(event, "time", json_string("2026-01-02T03:04:05.678901Z")),
                     0);
    pbt__words_event(event, &text);
    static const char TIME[] = "2026-01-02T03:04:05Z  ";
    assert_memory_equal(pbt__text_string(&text), TIME, sizeof TIME - 1);
    assert_string_equal(pbt__text_string(&text) + sizeof TIME - 1, expected);
    pbt__text_fini(&text);
    json_decref(event);
}

static void every_kind_of_event_has_words(void **state)
{
    (void)state;
    assert_words("{\"kind\": \"created\", \"seed\": 7, \"decisions\": [{}, {}]}",
                 "created with 2 members, seed 7\n");
    assert_words("{\"kind\": \"reported\", \"segment\": \"m1s0\", \"score\": 0.51234, \"step\": 10,"
                 " \"decisions\": [{\"segment\": \"m1s1\", \"reason\": \"continue\"}]}",
                 "m1s0 reported 0.5123 at step 10; m1 continues\n");
    assert_words(
        "{\"kind\": \"reported\", \"segment\": \"m1s0\", \"score\": \"nan\", \"step\": 10,"
        " \"decisions\": [{\"segment\": \"m0s1\", \"reason\": \"continue\"},"
        " {\"segment\": \"m1s1\", \"reason\": \"exploit\", \"donor\": 0, \"parent\": \"m0s0\","
        " \"changes\": {\"rate\": {\"operation\": \"x0.8\", \"from\": 0.1, \"to\": 0.08}}}]}",
        "m1s0 reported nan at step 10; m1 copies m0s0: rate 0.08 (x0.8)\n");
    assert_words("{\"kind\": \"reported\", \"segment\": \"m1s0\", \"score\": 1, \"step\": 10,"
                 " \"decisions\": [{\"segment\": \"m1s1\", \"reason\": \"exploit\", \"donor\": 0,"
                 " \"parent\": \"m1s0\"}]}",
                 "m1s0 reported 1 at step 10; m1 copies hyperparameters of m0\n");
    assert_words("{\"kind\": \"failed\", \"segment\": \"m1s0\", \"attempt\": 2, \"gave_up\": true,"
                 " \"message\": \"exit status 1\\u001b[2J\"}",
                 "m1s0 attempt 2 failed: exit status 1?[2J; given up\n");
    assert_words("{\"kind\": \"released\", \"segment\": \"m1s0\", \"step\": 4}",
                 "m1s0 given back at step 4\n");
    assert_words(
        "{\"kind\": \"rescued\", \"decisions\": [{\"segment\": \"m2s1\", \"reason\": \"rescue\","
        " \"parent\": \"m0s3\"}]}",
        "rescue; m2 is rescued with m0s3\n");
    assert_words("{\"kind\": \"rescued\", \"decisions\": [{\"segment\": \"m2s1\", \"reason\":"
                 " \"rescue\", \"parent\": null}]}",
                 "rescue; m2 starts afresh\n");
    assert_words(
        "{\"kind\": \"amended\", \"amendments\": [{\"key\": \"stop.steps\", \"from\": \"40\","
        " \"to\": \"60\"}]}",
        "amended stop.steps 40 -> 60\n");
    assert_words("{\"kind\": \"stopped\", \"reason\": \"score\"}", "stopped: score\n");
    assert_words("{\"kind\": \"resumed\"}", "resumed\n");
    assert_words("{\"kind\": \"collected\", \"checkpoints\": [\"m0s0\", \"m1s0\"]}",
                 "removed the checkpoints of m0s0 m1s0\n");
    assert_words("{\"kind\": \"scaled\"}", "scaled\n");
}

static void hints_say_what_to_type(void **state)
{
    (void)state;
    static const char *const CASES[][2] = {
        {"free memory", "free memory"},
        {"`delete x` removes the rest", "'pbt delete x' removes the rest"},
        {"then: `delete x` once more", "then: 'pbt delete x' once more"},
        {"lower it with `amend`", "lower it with 'pbt amend'"},
        {"write 1, or: `amend x n=1 'notes=a`b'`", "write 1, or: pbt amend x n=1 'notes=a`b'"},
        {"one ` alone", "one ` alone"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        char words[PBT__HINT_SIZE];
        pbt__hint_words(CASES[i][0], words);
        assert_string_equal(words, CASES[i][1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_four_digits),
        cmocka_unit_test(times_are_short),
        cmocka_unit_test(one_is_singular),
        cmocka_unit_test(texts_for_gnuplot_stay_between_quotes),
        cmocka_unit_test(columns_of_numbers_are_aligned_right),
        cmocka_unit_test(what_does_not_fit_is_left_out_and_named),
        cmocka_unit_test(logged_values_are_cut_where_they_are_many),
        cmocka_unit_test(every_kind_of_event_has_words),
        cmocka_unit_test(hints_say_what_to_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
