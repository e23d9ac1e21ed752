/* explore.c: what each rule does to each type, exactly and at random. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <gsl/gsl_cdf.h>

#include "chi_square.h"
#include "core/explore.h"
#include "core/rule.h"
#include "core/space.h"

static const pbt_item four[] = {
    {.type = PBT_ITEM_INT, .integer = 3},
    {.type = PBT_ITEM_INT, .integer = 4},
    {.type = PBT_ITEM_INT, .integer = 8},
    {.type = PBT_ITEM_INT, .integer = 10},
};

static pbt_parameter of_items(pbt_type type, int32_t count)
{
    return (pbt_parameter){.name = "x", .type = type, .items = four, .item_count = count};
}

/* A search over one hyperparameter, by one rule, without resampling. */
static pbt_search search_of(const pbt_parameter *parameter, pbt_explore_rule rule)
{
    pbt_search search = pbt_search_default();
    search.space = (pbt_space){.parameters = parameter, .count = 1};
    search.explore.rule = rule;
    search.explore.resample_probability = 0;
    return search;
}

/* Explore one value as the number-th segment of member 0. */
static pbt_value explore_once(const pbt_search *search, int32_t number, pbt_value from,
                              pbt_change *change)
{
    pbt_value value = from;
    pbt__explore(search, (pbt__history){NULL}, (pbt_segment_id){0, number}, &value, change);
    return value;
}

/* ---- perturb: numbers ------------------------------------------------------------------------ */

typedef struct float_case {
    pbt_scale scale;
    double min, max, from, factor, to;
    bool is_clamped;
} float_case;

static void floats_are_multiplied(void **state)
{
    (void)state;
    const float_case cases[] = {
        {PBT_LINEAR, 0, 1, 0.5, 0.8, 0.4, false},
        {PBT_LINEAR, 0, 1, 0.5, 1.25, 0.625, false},
        {PBT_LINEAR, 0, 1, 0.9, 1.25, 1, true},
        {PBT_LINEAR, 0.45, 1, 0.5, 0.8, 0.45, true},
        {PBT_LINEAR, 0, 1, 0.8, 1.25, 1, false},
        {PBT_LINEAR, -10, 10, -4, 1.25, -5, false},
        {PBT_LINEAR, 0, 1, 0.5, 1, 0.5, false},
        {PBT_LOG, 1e-4, 0.1, 1e-4, 0.8, 1e-4, true},
        {PBT_LOG, 1e-4, 0.1, 1e-3, 0.8, 8e-4, false},
        {PBT_LOG, 1e-300, 1e300, 1e300, 1e300, 1e300, true},
        {PBT_REVERSE_LOG, 0.5, 0.999, 0.75, 0.8, 0.8, false},
        {PBT_REVERSE_LOG, 0.5, 0.999, 0.75, 1.25, 0.6875, false},
        {PBT_REVERSE_LOG, 0.5, 0.999, 0.5, 1.25, 0.5, true},
        {PBT_REVERSE_LOG, -1, 0.9, 0, 1.25, -0.25, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const float_case *c = &cases[i];
        const pbt_parameter parameter = pbt_parameter_float("x", c->scale, c->min, c->max);
        pbt_search search = search_of(&parameter, PBT_EXPLORE_PERTURB);
        search.explore.factors = &c->factor;
        search.explore.factor_count = 1;
        pbt_change change;
        const pbt_value to = explore_once(&search, 1, (pbt_value){.real = c->from}, &change);
        assert_true(fabs(to.real - c->to) <= 1e-16 + 4e-16 * fabs(c->to));
        assert_int_equal(change.operation, PBT_FACTOR);
        assert_true(change.argument == c->factor);
        assert_int_equal(change.is_clamped, c->is_clamped);
        assert_true(change.from.real == c->from);
    }
}

static void zero_is_no_trap(void **state)
{
    (void)state;
    const pbt_parameter parameter = pbt_parameter_float("x", PBT_LINEAR, 0, 0.5);
    const pbt_search search = search_of(&parameter, PBT_EXPLORE_PERTURB);
    double sum = 0;
    for (int32_t number = 0; number < 1000; number++) {
        pbt_change change;
        const pbt_value to = explore_once(&search, number, (pbt_value){.real = 0}, &change);
        assert_int_equal(change.operation, PBT_RESAMPLE);
        assert_true(change.argument == 0);
        assert_true(to.real > 0);
        sum += to.real;
    }
    assert_true(fabs(sum / 1000 - 0.25) < 4.9 * 0.5 / sqrt(12 * 1000.0));
    const pbt_parameter smallest = pbt_parameter_float("x", PBT_LOG, 5e-324, 1);
    const pbt_search stuck = search_of(&smallest, PBT_EXPLORE_PERTURB);
    pbt_change change;
    (void)explore_once(&stuck, 0, (pbt_value){.real = 5e-324}, &change);
    assert_int_equal(change.operation, PBT_RESAMPLE);
}

typedef struct int_case {
    pbt_scale scale;
    int64_t min, max, from;
    double factor;
    int64_t to;
    pbt_operation operation;
    double argument; /* 0: the factor */
    bool is_clamped;
} int_case;

static void ints_round_and_never_stick(void **state)
{
    (void)state;
    const int_case cases[] = {
        {PBT_LINEAR, 1, 1024, 32, 0.8, 26, PBT_FACTOR, 0, false},
        {PBT_LINEAR, 1, 1024, 32, 1.25, 40, PBT_FACTOR, 0, false},
        {PBT_LINEAR, 1, 1024, 2, 1.25, 3, PBT_FACTOR, 0, false},
        {PBT_LINEAR, 1, 1024, 1, 1.25, 2, PBT_NUDGE, 1, false},
        {PBT_LINEAR, 1, 1024, 2, 0.8, 1, PBT_NUDGE, -1, false},
        {PBT_LINEAR, 1, 1024, 1, 0.8, 1, PBT_NUDGE, -1, true},
        {PBT_LINEAR, 1, 1024, 1000, 1.25, 1024, PBT_FACTOR, 0, true},
        {PBT_LINEAR, 1, 1024, 1024, 1.25, 1024, PBT_FACTOR, 0, true},
        {PBT_LINEAR, 0, 10, 0, 1.25, 1, PBT_NUDGE, 1, false},
        {PBT_LINEAR, 0, 10, 0, 0.8, 0, PBT_NUDGE, -1, true},
        {PBT_LINEAR, -10, 10, -1, 1.25, -2, PBT_NUDGE, -1, false},
        {PBT_LINEAR, -10, 10, -1, 0.8, 0, PBT_NUDGE, 1, false},
        {PBT_LINEAR, -10, 10, -5, 1.25, -6, PBT_FACTOR, 0, false},
        {PBT_LINEAR, 1, 10, 5, 1, 5, PBT_FACTOR, 0, false},
        {PBT_LINEAR, 1, 10, 5, 1e300, 10, PBT_FACTOR, 0, true},
        {PBT_LOG, 16, 256, 20, 0.8, 16, PBT_FACTOR, 0, false},
        {PBT_LOG, 16, 256, 19, 0.8, 16, PBT_FACTOR, 0, true},
        {PBT_REVERSE_LOG, -100, 0, -9, 1.25, -12, PBT_FACTOR, 0, false},
        {PBT_REVERSE_LOG, -100, 0, -9, 0.8, -7, PBT_FACTOR, 0, false},
        {PBT_REVERSE_LOG, -100, 0, 0, 1.25, -1, PBT_NUDGE, -1, false},
        {PBT_REVERSE_LOG, -100, 0, -1, 0.8, 0, PBT_NUDGE, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int_case *c = &cases[i];
        const pbt_parameter parameter = pbt_parameter_int("x", c->scale, c->min, c->max);
        pbt_search search = search_of(&parameter, PBT_EXPLORE_PERTURB);
        search.explore.factors = &c->factor;
        search.explore.factor_count = 1;
        pbt_change change;
        const pbt_value to = explore_once(&search, 1, (pbt_value){.integer = c->from}, &change);
        assert_int_equal(to.integer, c->to);
        assert_int_equal(change.operation, c->operation);
        assert_true(change.argument == (c->argument != 0 ? c->argument : c->factor));
        assert_int_equal(change.is_clamped, c->is_clamped);
        assert_int_equal(change.from.integer, c->from);
    }
}

static void factors_are_drawn_evenly(void **state)
{
    (void)state;
    const double factors[] = {0.5, 0.8, 1.25, 2, 3};
    const pbt_parameter parameter = pbt_parameter_float("x", PBT_LINEAR, 0, 10);
    pbt_search search = search_of(&parameter, PBT_EXPLORE_PERTURB);
    search.explore.factors = factors;
    search.explore.factor_count = 5;
    int64_t counts[5] = {0};
    for (int32_t number = 0; number < 50000; number++) {
        pbt_change change;
        const pbt_value to = explore_once(&search, number, (pbt_value){.real = 1}, &change);
        assert_int_equal(change.operation, PBT_FACTOR);
        assert_true(to.real == change.argument);
        for (size_t i = 0; i < 5; i++) {
            counts[i] += to.real == factors[i];
        }
    }
    assert_true(chi_square_even(counts, 5) > CHI_SQUARE_ERROR);
}

static void resampling_comes_with_its_probability(void **state)
{
    (void)state;
    const pbt_parameter parameter = pbt_parameter_float("x", PBT_LINEAR, 0, 10);
    pbt_search search = search_of(&parameter, PBT_EXPLORE_PERTURB);
    search.explore.resample_probability = 0.05;
    int64_t counts[2] = {0};
    int64_t tenths[10] = {0};
    for (int32_t number = 0; number < 200000; number++) {
        pbt_change change;
        const pbt_value to = explore_once(&search, number, (pbt_value){.real = 1}, &change);
        const bool is_resampled = change.operation == PBT_RESAMPLE;
        counts[is_resampled]++;
        tenths[(size_t)to.real] += is_resampled;
    }
    const double expected[] = {190000, 10000};
    assert_true(chi_square_of(counts, expected, 2) > CHI_SQUARE_ERROR);
    assert_true(chi_square_even(tenths, 10) > CHI_SQUARE_ERROR);
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* How often each place of a list follows `from`; what was recorded must fit. */
static void count_places(const pbt_search *search, int64_t from, int64_t *counts)
{
    memset(counts, 0, 4 * sizeof *counts);
    for (int32_t number = 0; number < 40000; number++) {
        pbt_change change;
        const int64_t to =
            explore_once(search, number, (pbt_value){.integer = from}, &change).integer;
        counts[to]++;
        if (search->space.parameters->type == PBT_CHOICE) {
            assert_int_equal(change.operation, PBT_PICK);
            continue;
        }
        assert_int_equal(change.is_clamped, to == from);
        const bool is_up = to > from || (to == from && from > 0);
        assert_int_equal(change.operation, is_up ? PBT_UP : PBT_DOWN);
    }
}

/* [3, 4, 8, 10]: 4 goes to 3 or 8, 3 stays or goes to 4, under perturb and gaussian alike. */
static void ordinals_move_one_place(void **state)
{
    (void)state;
    const pbt_parameter parameter = of_items(PBT_ORDINAL, 4);
    const pbt_explore_rule rules[] = {PBT_EXPLORE_PERTURB, PBT_EXPLORE_GAUSSIAN};
    for (size_t r = 0; r < 2; r++) {
        const pbt_search search = search_of(&parameter, rules[r]);
        int64_t counts[4];
        count_places(&search, 1, counts);
        assert_int_equal(counts[1] + counts[3], 0);
        assert_true(chi_square_even((int64_t[]){counts[0], counts[2]}, 2) > CHI_SQUARE_ERROR);
        count_places(&search, 0, counts);
        assert_int_equal(counts[2] + counts[3], 0);
        assert_true(chi_square_even(counts, 2) > CHI_SQUARE_ERROR);
        count_places(&search, 3, counts);
        assert_int_equal(counts[0] + counts[1], 0);
        assert_true(chi_square_even(counts + 2, 2) > CHI_SQUARE_ERROR);
    }
}

static void choices_are_drawn_evenly(void **state)
{
    (void)state;
    const pbt_parameter parameter = of_items(PBT_CHOICE, 4);
    const pbt_explore_rule rules[] = {PBT_EXPLORE_PERTURB, PBT_EXPLORE_GAUSSIAN};
    for (size_t r = 0; r < 2; r++) {
        const pbt_search search = search_of(&parameter, rules[r]);
        int64_t counts[4];
        count_places(&search, 2, counts);
        assert_true(chi_square_even(counts, 4) > CHI_SQUARE_ERROR);
    }
}

/* ---- gaussian, resample, none ---------------------------------------------------------------- */

/* What was added, in the units noise has on this scale. */
static double noise_added(pbt_scale scale, double from, double to)
{
    switch (scale) {
    case PBT_LINEAR:
        break;
    case PBT_LOG:
        return log(to / from);
    case PBT_REVERSE_LOG:
        return log((1 - to) / (1 - from));
    }
    return to - from;
}

static void noise_is_normal_on_the_scale(void **state)
{
    (void)state;
    const struct {
        pbt_scale scale;
        double min, max, from;
    } cases[] = {
        {PBT_LINEAR, -100, 100, 0},
        {PBT_LOG, 1e-9, 1e9, 1e-3},
        {PBT_REVERSE_LOG, -1e9, 0.999999999, 0.9},
    };
    const double sigma = 0.3;
    for (size_t c = 0; c < 3; c++) {
        const pbt_parameter parameter =
            pbt_parameter_float("x", cases[c].scale, cases[c].min, cases[c].max);
        pbt_search search = search_of(&parameter, PBT_EXPLORE_GAUSSIAN);
        search.explore.sigma = sigma;
        int64_t counts[50] = {0};
        for (int32_t number = 0; number < 100000; number++) {
            pbt_change change;
            const pbt_value from = {.real = cases[c].from};
            const pbt_value to = explore_once(&search, number, from, &change);
            assert_int_equal(change.operation, PBT_NOISE);
            assert_false(change.is_clamped);
            const double z = noise_added(cases[c].scale, from.real, to.real) / sigma;
            counts[(size_t)(50 * gsl_cdf_ugaussian_P(z))]++;
        }
        assert_true(chi_square_even(counts, 50) > CHI_SQUARE_ERROR);
    }
}

static void noise_on_ints_is_rounded_to_nearest(void **state)
{
    (void)state;
    enum { CELLS = 9 };
    const pbt_parameter parameter = pbt_parameter_int("x", PBT_LINEAR, -4, 4);
    pbt_search search = search_of(&parameter, PBT_EXPLORE_GAUSSIAN);
    const double sigma = 1.3;
    search.explore.sigma = sigma;
    int64_t counts[CELLS] = {0};
    double expected[CELLS];
    const int draws = 100000;
    for (int32_t number = 0; number < draws; number++) {
        pbt_change change;
        const pbt_value to = explore_once(&search, number, (pbt_value){.integer = 0}, &change);
        assert_int_equal(change.operation, PBT_NOISE);
        counts[to.integer + 4]++;
    }
    for (int i = 0; i < CELLS; i++) {
        const double above = i == CELLS - 1 ? 1 : gsl_cdf_gaussian_P(i - 3.5, sigma);
        const double below = i == 0 ? 0 : gsl_cdf_gaussian_P(i - 4.5, sigma);
        expected[i] = draws * (above - below);
    }
    assert_true(chi_square_of(counts, expected, CELLS) > CHI_SQUARE_ERROR);
}

static void noise_is_clamped_and_says_so(void **state)
{
    (void)state;
    const pbt_parameter parameter = pbt_parameter_float("x", PBT_LINEAR, 0, 1);
    pbt_search search = search_of(&parameter, PBT_EXPLORE_GAUSSIAN);
    search.explore.sigma = 2;
    int clamped = 0;
    for (int32_t number = 0; number < 1000; number++) {
        pbt_change change;
        const pbt_value to = explore_once(&search, number, (pbt_value){.real = 0.5}, &change);
        assert_int_equal(change.is_clamped, to.real == 0 || to.real == 1);
        clamped += change.is_clamped;
    }
    /* 80 % lie outside; 4.9 standard errors of that are 6 %. */
    assert_in_range(clamped, 740, 870);
}

static void resample_draws_from_the_prior(void **state)
{
    (void)state;
    const pbt_parameter parameter = pbt_parameter_int("x", PBT_LINEAR, 1, 20);
    const pbt_search search = search_of(&parameter, PBT_EXPLORE_RESAMPLE);
    int64_t counts[20] = {0};
    for (int32_t number = 0; number < 50000; number++) {
        pbt_change change;
        const pbt_value to = explore_once(&search, number, (pbt_value){.integer = 3}, &change);
        assert_int_equal(change.operation, PBT_RESAMPLE);
        counts[to.integer - 1]++;
    }
    assert_true(chi_square_even(counts, 20) > CHI_SQUARE_ERROR);
}

/* ---- whole spaces ---------------------------------------------------------------------------- */

enum { WHOLE = 12 };

/* Every type and scale, an inherited one and a constant. */
static const pbt_parameter *whole_space(void)
{
    static pbt_parameter parameters[WHOLE];
    const pbt_parameter all[WHOLE] = {
        pbt_parameter_float("a", PBT_LINEAR, 0, 0.5),
        pbt_parameter_float("b", PBT_LINEAR, -2, 3),
        pbt_parameter_float("c", PBT_LOG, 1e-4, 0.1),
        pbt_parameter_float("d", PBT_REVERSE_LOG, 0.5, 0.999),
        pbt_parameter_int("e", PBT_LINEAR, 1, 1024),
        pbt_parameter_int("f", PBT_LINEAR, -5, 5),
        pbt_parameter_int("g", PBT_LOG, 16, 256),
        pbt_parameter_int("h", PBT_REVERSE_LOG, -50, 0),
        of_items(PBT_ORDINAL, 4),
        of_items(PBT_CHOICE, 3),
        of_items(PBT_CONSTANT, 1),
        pbt_parameter_float("l", PBT_LINEAR, 0, 1),
    };
    memcpy(parameters, all, sizeof all);
    parameters[WHOLE - 1].inherit = true;
    return parameters;
}

static void draw_start(const pbt_search *search, int32_t member, pbt_value *values)
{
    for (uint32_t i = 0; i < search->space.count; i++) {
        pbt__rng rng = pbt__rng_stream(search->seed, member, 0, PBT__PURPOSE_PRIOR, i);
        values[i] = pbt__parameter_draw(&search->space.parameters[i], &rng);
    }
}

static void constants_and_inherited_values_are_untouched(void **state)
{
    (void)state;
    pbt_search search = pbt_search_default();
    search.space = (pbt_space){.parameters = whole_space(), .count = WHOLE};
    pbt_value values[WHOLE];
    pbt_change changes[WHOLE];
    draw_start(&search, 0, values);
    const double inherited = values[WHOLE - 1].real;
    for (size_t rule = 0; rule < pbt__explore_row_count; rule++) {
        search.explore.rule = (pbt_explore_rule)rule;
        for (int32_t number = 1; number < 200; number++) {
            memset(changes, 0xFF, sizeof changes);
            pbt__explore(&search, (pbt__history){NULL}, (pbt_segment_id){0, number}, values,
                         changes);
            assert_int_equal(changes[WHOLE - 2].operation, PBT_UNTOUCHED);
            assert_int_equal(changes[WHOLE - 1].operation, PBT_UNTOUCHED);
            assert_int_equal(values[WHOLE - 2].integer, 0);
            assert_true(values[WHOLE - 1].real == inherited);
        }
    }
}

/* An operation is recorded wherever one was applied, also where the value stayed. A rule may leave
 * alone what it has no history for; those that need none leave nothing. */
static void every_operation_is_recorded(void **state)
{
    (void)state;
    pbt_search search = pbt_search_default();
    search.space = (pbt_space){.parameters = whole_space(), .count = WHOLE};
    pbt_value values[WHOLE];
    pbt_change changes[WHOLE];
    for (int32_t rule = 0; rule < (int32_t)pbt__explore_row_count; rule++) {
        search.explore.rule = (pbt_explore_rule)rule;
        draw_start(&search, rule, values);
        for (int32_t number = 1; number < 300; number++) {
            pbt_value before[WHOLE];
            memcpy(before, values, sizeof before);
            pbt__explore(&search, (pbt__history){NULL}, (pbt_segment_id){rule, number}, values,
                         changes);
            for (size_t i = 0; i < WHOLE; i++) {
                assert_memory_equal(&changes[i].from, &before[i], sizeof before[i]);
                const bool is_kept = memcmp(&values[i], &before[i], sizeof before[i]) == 0;
                const bool moves = i < WHOLE - 2 && rule < PBT_EXPLORE_NONE;
                const bool is_recorded = changes[i].operation != PBT_UNTOUCHED;
                assert_true(is_recorded || (is_kept && !moves));
                assert_false(is_recorded && rule == PBT_EXPLORE_NONE);
                assert_false(is_recorded && i >= WHOLE - 2);
            }
        }
    }
}

/* A hyperparameter added at the end shifts nobody else's draws. */
static void hyperparameters_have_streams_of_their_own(void **state)
{
    (void)state;
    pbt_search all = pbt_search_default();
    all.space = (pbt_space){.parameters = whole_space(), .count = WHOLE};
    pbt_search few = all;
    few.space.count = 5;
    for (int32_t number = 0; number < 500; number++) {
        pbt_value values[WHOLE];
        pbt_value fewer[WHOLE];
        pbt_change changes[WHOLE];
        draw_start(&all, number, values);
        memcpy(fewer, values, sizeof values);
        pbt__explore(&all, (pbt__history){NULL}, (pbt_segment_id){1, number}, values, changes);
        pbt__explore(&few, (pbt__history){NULL}, (pbt_segment_id){1, number}, fewer, changes);
        assert_memory_equal(values, fewer, 5 * sizeof *values);
    }
}

static int compare_ints(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a;
    const int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void behaviour_19_integers_do_not_ratchet(void **state)
{
    (void)state;
    enum { RUNS = 4000 };
    static int64_t ends[RUNS];
    const pbt_parameter parameter = pbt_parameter_int("x", PBT_LINEAR, 1, 1024);
    const pbt_search search = search_of(&parameter, PBT_EXPLORE_PERTURB);
    for (int32_t run = 0; run < RUNS; run++) {
        pbt_value value = {.integer = 32};
        for (int32_t number = 0; number < 50; number++) {
            const bool was_at_minimum = value.integer == 1;
            pbt_change change;
            pbt__explore(&search, (pbt__history){NULL}, (pbt_segment_id){run, number}, &value,
                         &change);
            const bool is_upward = change.argument > (change.operation == PBT_NUDGE ? 0 : 1);
            assert_true(!was_at_minimum || !is_upward || value.integer == 2);
        }
        ends[run] = value.integer;
    }
    qsort(ends, RUNS, sizeof *ends, compare_ints);
    assert_in_range(ends[RUNS / 2], 28, 42);
}

static void assert_all_hold(const pbt_space *space, const pbt_value *values, int32_t number)
{
    for (size_t i = 0; i < space->count; i++) {
        if (!pbt__parameter_holds(&space->parameters[i], values[i])) {
            fail_msg("hyperparameter %zu, number %d", i, (int)number);
        }
    }
}

static void explore_many(const pbt_search *search, int32_t member, int32_t count)
{
    pbt_value values[WHOLE];
    pbt_change changes[WHOLE];
    draw_start(search, member, values);
    for (int32_t number = 1; number <= count; number++) {
        pbt__explore(search, (pbt__history){NULL}, (pbt_segment_id){member, number}, values,
                     changes);
        assert_all_hold(&search->space, values, number);
    }
}

static void behaviour_20_values_stay_within_bounds(void **state)
{
    (void)state;
    const double wild[] = {1e-300, 0.8, 0.999999, 1, 1.25, 1e300};
    pbt_search search = pbt_search_default();
    search.space = (pbt_space){.parameters = whole_space(), .count = WHOLE};
    for (size_t rule = 0; rule < pbt__explore_row_count; rule++) {
        search.explore.rule = (pbt_explore_rule)rule;
        explore_many(&search, 0, 500000);
        pbt_search wilder = search;
        wilder.explore.factors = wild;
        wilder.explore.factor_count = 6;
        wilder.explore.sigma = 50;
        explore_many(&wilder, 1, 500000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_multiplied),
        cmocka_unit_test(zero_is_no_trap),
        cmocka_unit_test(ints_round_and_never_stick),
        cmocka_unit_test(factors_are_drawn_evenly),
        cmocka_unit_test(resampling_comes_with_its_probability),
        cmocka_unit_test(ordinals_move_one_place),
        cmocka_unit_test(choices_are_drawn_evenly),
        cmocka_unit_test(noise_is_normal_on_the_scale),
        cmocka_unit_test(noise_on_ints_is_rounded_to_nearest),
        cmocka_unit_test(noise_is_clamped_and_says_so),
        cmocka_unit_test(resample_draws_from_the_prior),
        cmocka_unit_test(constants_and_inherited_values_are_untouched),
        cmocka_unit_test(every_operation_is_recorded),
        cmocka_unit_test(hyperparameters_have_streams_of_their_own),
        cmocka_unit_test(behaviour_19_integers_do_not_ratchet),
        cmocka_unit_test(behaviour_20_values_stay_within_bounds),
    };
    return cmocka_run_group_tests_name("explore", tests, NULL, NULL);
}
