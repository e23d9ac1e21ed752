/* names.c: ids, random texts, and how far words are apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/distance.h"
#include "base/id.h"
#include "base/random.h"

static void ids_are_read_as_they_are_written(void **state)
{
    (void)state;
    static const pbt_segment_id IDS[] = {{0, 0}, {3, 12}, {INT32_MAX, INT32_MAX}};
    for (size_t i = 0; i < sizeof IDS / sizeof *IDS; i++) {
        char text[PBT__ID_SIZE];
        pbt_segment_id id = {-1, -1};
        pbt__id_write(IDS[i], text);
        assert_true(pbt__id_read(text, &id));
        assert_int_equal(id.member, IDS[i].member);
        assert_int_equal(id.number, IDS[i].number);
    }
}

static void what_is_no_id_is_refused(void **state)
{
    (void)state;
    static const char *const WRONG[] = {"",      "m",     "m1",     "m1s",   "s1m1",
                                        "m01s1", "m1s01", "m1s1.1", "m-1s1", "m2147483648s1",
                                        " m1s1", "m1s1 ", "M1S1",   "m1s1/"};
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        pbt_segment_id id = {7, 7};
        if (pbt__id_read(WRONG[i], &id) || id.member != 7 || id.number != 7) {
            fail_msg("'%s' is taken for an id", WRONG[i]);
        }
    }
    pbt_segment_id id;
    assert_string_equal(pbt__id_step("m1s2.3", &id), ".3");
}

/* Sixteen of 64 letters are alike by chance once in 2^96 times. */
static void random_texts_are_of_their_letters_and_differ(void **state)
{
    (void)state;
    static const char *const LETTERS[] = {
        [4] = "0123456789abcdef",
        [6] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_",
    };
    for (unsigned bits = 4; bits <= 6; bits += 2) {
        char one[44], other[44];
        assert_int_equal(pbt__random_text(one, sizeof one, bits, NULL), PBT_OK);
        assert_int_equal(pbt__random_text(other, sizeof other, bits, NULL), PBT_OK);
        assert_int_equal(strspn(one, LETTERS[bits]), sizeof one - 1);
        assert_int_equal(strlen(one), sizeof one - 1);
        assert_string_not_equal(one, other);
    }
}

static void edits_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int edits;
    } CASES[] = {{"", "", 0},        {"run", "run", 0},       {"run", "", 3},
                 {"run", "rnu", 1},  {"RUN", "run", 0},       {"stop", "step", 1},
                 {"lst", "list", 1}, {"kitten", "sitting", 3}};
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        assert_int_equal(pbt__word_distance(CASES[i].a, CASES[i].b), CASES[i].edits);
        assert_int_equal(pbt__word_distance(CASES[i].b, CASES[i].a), CASES[i].edits);
    }
    char long_word[200];
    memset(long_word, 'a', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    assert_int_equal(pbt__word_distance(long_word, ""), 64);
    assert_int_equal(pbt__word_distance("", long_word), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_read_as_they_are_written),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(random_texts_are_of_their_letters_and_differ),
        cmocka_unit_test(edits_are_counted),
    };
    return cmocka_run_group_tests_name("base-names", tests, NULL, NULL);
}
