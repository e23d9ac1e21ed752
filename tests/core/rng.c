/* rng.c: the generator is Philox4x32-10, streams lie where logs say, and draws are fair. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>

#include "chi_square.h"
#include "core/rng.h"

/* The vectors that Random123 publishes for philox4x32 with 10 rounds. */
static void known_answers(void **state)
{
    (void)state;
    const struct {
        uint32_t counter[4], key[2], block[4];
    } vectors[] = {
        {
            {0, 0, 0, 0},
            {0, 0},
            {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
        },
        {
            {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
            {0xffffffff, 0xffffffff},
            {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
        },
        {
            {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
            {0xa4093822, 0x299f31d0},
            {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
        },
    };
    for (size_t v = 0; v < sizeof vectors / sizeof *vectors; v++) {
        pbt__rng rng = {.used = 4};
        for (size_t i = 0; i < 4; i++) {
            rng.counter[i] = vectors[v].counter[i];
        }
        rng.key[0] = vectors[v].key[0];
        rng.key[1] = vectors[v].key[1];
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(pbt__rng_word(&rng), vectors[v].block[i]);
        }
    }
}

/* Logs depend on it: where a stream lies, and how a draw is made of words. */
static void streams_lie_where_logs_say(void **state)
{
    (void)state;
    pbt__rng rng = pbt__rng_stream(0x0123456789abcdef, 7, 12, PBT__PURPOSE_EXPLORE, 5);
    assert_int_equal(rng.key[0], 0x89abcdef);
    assert_int_equal(rng.key[1], 0x01234567);
    assert_int_equal(rng.counter[0], 7);
    assert_int_equal(rng.counter[1], 12);
    assert_int_equal(rng.counter[2], 0x04000005);
    assert_int_equal(rng.counter[3], 0);
    for (int i = 0; i < 5; i++) {
        (void)pbt__rng_word(&rng);
    }
    assert_int_equal(rng.counter[3], 2);

    rng = pbt__rng_stream(0, 0, 0, PBT__PURPOSE_PRIOR, 0);
    pbt__rng words = rng;
    const uint64_t high = pbt__rng_word(&words);
    const uint64_t low = pbt__rng_word(&words);
    const double expected = ldexp((double)((high << 32 | low) >> 11), -53);
    assert_true(pbt__rng_uniform(&rng) == expected);
}

static void purposes_keep_their_numbers(void **state)
{
    (void)state;
    assert_int_equal(PBT__PURPOSE_PRIOR, 1);
    assert_int_equal(PBT__PURPOSE_SEED, 2);
    assert_int_equal(PBT__PURPOSE_EXPLOIT, 3);
    assert_int_equal(PBT__PURPOSE_EXPLORE, 4);
    assert_int_equal(PBT__PURPOSE_RESCUE, 5);
}

static void uniform_is_uniform(void **state)
{
    (void)state;
    int64_t high[256] = {0};
    int64_t low[256] = {0};
    pbt__rng rng = pbt__rng_stream(1, 2, 3, PBT__PURPOSE_PRIOR, 4);
    for (int i = 0; i < 1000000; i++) {
        const double u = pbt__rng_uniform(&rng);
        assert_true(u >= 0 && u < 1);
        high[(size_t)(u * 256)]++;
        low[(uint64_t)ldexp(u, 53) & 255]++;
    }
    assert_true(chi_square_even(high, 256) > CHI_SQUARE_ERROR);
    assert_true(chi_square_even(low, 256) > CHI_SQUARE_ERROR);
}

static void below_is_uniform(void **state)
{
    (void)state;
    const uint32_t bounds[] = {1, 2, 3, 5, 7, 16, 100};
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        int64_t counts[100] = {0};
        pbt__rng rng = pbt__rng_stream(2, 0, (int32_t)b, PBT__PURPOSE_EXPLOIT, 0);
        for (int i = 0; i < 100000; i++) {
            const uint32_t draw = pbt__rng_below(&rng, bounds[b]);
            assert_true(draw < bounds[b]);
            counts[draw]++;
        }
        if (bounds[b] > 1) {
            assert_true(chi_square_even(counts, bounds[b]) > CHI_SQUARE_ERROR);
        }
    }
}

/* At 3/4 of all words, a draw without rejection would give every third value twice. */
static void below_has_no_bias_at_large_bounds(void **state)
{
    (void)state;
    int64_t counts[3] = {0};
    pbt__rng rng = pbt__rng_stream(3, 0, 0, PBT__PURPOSE_EXPLOIT, 0);
    for (int i = 0; i < 300000; i++) {
        counts[pbt__rng_below(&rng, UINT32_C(3) << 30) % 3]++;
    }
    assert_true(chi_square_even(counts, 3) > CHI_SQUARE_ERROR);
}

static void normal_is_normal(void **state)
{
    (void)state;
    int64_t counts[100] = {0};
    double sum = 0;
    double squares = 0;
    pbt__rng rng = pbt__rng_stream(4, 0, 0, PBT__PURPOSE_EXPLORE, 0);
    const int draws = 1000000;
    for (int i = 0; i < draws; i++) {
        const double z = pbt__rng_normal(&rng);
        assert_true(isfinite(z));
        counts[(size_t)(gsl_cdf_ugaussian_P(z) * 100)]++;
        sum += z;
        squares += z * z;
    }
    assert_true(chi_square_even(counts, 100) > CHI_SQUARE_ERROR);
    /* 4.9 standard errors: exceeded by chance once in a million. */
    assert_true(fabs(sum / draws) < 4.9 / sqrt(draws));
    assert_true(fabs(squares / draws - 1) < 4.9 * sqrt(2.0 / draws));
}

/* A stream for each part of the key, `part` moved on by one. */
static pbt__rng neighbour(int part, int32_t i)
{
    return pbt__rng_stream(
        5 + (uint64_t)(part == 0), (i & 1023) + (part == 1), i / 1024 + (part == 2),
        part == 3 ? PBT__PURPOSE_SEED : PBT__PURPOSE_PRIOR, 10 + (uint32_t)(part == 4));
}

/* First draws of streams that differ by one in one part of their key: a 16 by 16 table of both. */
static void neighbouring_streams_are_independent(void **state)
{
    (void)state;
    for (int part = 0; part < 5; part++) {
        int64_t counts[256] = {0};
        for (int32_t i = 0; i < 256 * 1024; i++) {
            pbt__rng own = neighbour(-1, i);
            pbt__rng next = neighbour(part, i);
            counts[pbt__rng_below(&own, 16) * 16 + pbt__rng_below(&next, 16)]++;
        }
        assert_true(chi_square_even(counts, 256) > CHI_SQUARE_ERROR);
    }
}

static void a_stream_can_be_had_again(void **state)
{
    (void)state;
    for (int32_t member = -1; member < 3; member++) {
        pbt__rng once =
            pbt__rng_stream(UINT64_MAX, member, INT32_MAX, PBT__PURPOSE_RESCUE, 0xffffff);
        pbt__rng again =
            pbt__rng_stream(UINT64_MAX, member, INT32_MAX, PBT__PURPOSE_RESCUE, 0xffffff);
        for (int i = 0; i < 100; i++) {
            assert_int_equal(pbt__rng_word(&once), pbt__rng_word(&again));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(streams_lie_where_logs_say),
        cmocka_unit_test(purposes_keep_their_numbers),
        cmocka_unit_test(uniform_is_uniform),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(below_has_no_bias_at_large_bounds),
        cmocka_unit_test(normal_is_normal),
        cmocka_unit_test(neighbouring_streams_are_independent),
        cmocka_unit_test(a_stream_can_be_had_again),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
