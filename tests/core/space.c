/* space.c: priors are uniform on their scale, both ends included; wrong parameters are named. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chi_square.h"
#include "core/space.h"

enum { DRAWS = 200000 };

static const pbt_item three[] = {
    {.type = PBT_ITEM_INT, .integer = 32},
    {.type = PBT_ITEM_FLOAT, .real = 32},
    {.type = PBT_ITEM_TEXT, .text = "32"},
};

static pbt_parameter of_items(pbt_type type, const pbt_item *items, int32_t count)
{
    return (pbt_parameter){.name = "x", .type = type, .items = items, .item_count = count};
}

static pbt__rng stream(int32_t number)
{
    return pbt__rng_stream(11, 0, number, PBT__PURPOSE_PRIOR, 0);
}

/* ---- priors ---------------------------------------------------------------------------------- */

/* Where a value lies on its scale, from 0 at min to 1 at max. */
static double place(const pbt_parameter *parameter, double x)
{
    const double min = parameter->min.real;
    const double max = parameter->max.real;
    switch (parameter->scale) {
    case PBT_LINEAR:
        break;
    case PBT_LOG:
        return log(x / min) / log(max / min);
    case PBT_REVERSE_LOG:
        return log((1 - x) / (1 - min)) / log((1 - max) / (1 - min));
    }
    return (x - min) / (max - min);
}

static void floats_are_uniform_on_their_scale(void **state)
{
    (void)state;
    const pbt_parameter parameters[] = {
        pbt_parameter_float("x", PBT_LINEAR, -3, 5),
        pbt_parameter_float("x", PBT_LOG, 1e-6, 10),
        pbt_parameter_float("x", PBT_REVERSE_LOG, 0.5, 0.9999),
        pbt_parameter_float("x", PBT_REVERSE_LOG, -100, 0.9),
    };
    for (size_t p = 0; p < sizeof parameters / sizeof *parameters; p++) {
        int64_t counts[100] = {0};
        pbt__rng rng = stream((int32_t)p);
        for (int i = 0; i < DRAWS; i++) {
            const pbt_value value = pbt__parameter_draw(&parameters[p], &rng);
            assert_true(pbt__parameter_holds(&parameters[p], value));
            const double at = place(&parameters[p], value.real) * 100;
            counts[at < 99 ? (size_t)at : 99]++;
        }
        assert_true(chi_square_even(counts, 100) > CHI_SQUARE_ERROR);
    }
}

static void count_ints(const pbt_parameter *parameter, int64_t *counts, size_t count)
{
    memset(counts, 0, count * sizeof *counts);
    pbt__rng rng = stream(20);
    for (int i = 0; i < DRAWS; i++) {
        const pbt_value value = pbt__parameter_draw(parameter, &rng);
        assert_true(pbt__parameter_holds(parameter, value));
        counts[value.integer - parameter->min.integer]++;
    }
}

static void linear_ints_include_both_ends(void **state)
{
    (void)state;
    int64_t counts[10];
    const pbt_parameter six = pbt_parameter_int("x", PBT_LINEAR, 1, 6);
    count_ints(&six, counts, 6);
    assert_true(chi_square_even(counts, 6) > CHI_SQUARE_ERROR);
    const pbt_parameter around = pbt_parameter_int("x", PBT_LINEAR, -4, 5);
    count_ints(&around, counts, 10);
    assert_true(chi_square_even(counts, 10) > CHI_SQUARE_ERROR);
}

/* Each int's share is the width of its cell on the scale, half a unit to either side. */
static void log_ints_give_both_ends_their_share(void **state)
{
    (void)state;
    enum { COUNT = 12 };
    int64_t counts[COUNT];
    double expected[COUNT];
    const pbt_parameter up = pbt_parameter_int("x", PBT_LOG, 1, COUNT);
    for (int i = 0; i < COUNT; i++) {
        expected[i] = DRAWS * log((i + 1.5) / (i + 0.5)) / log((COUNT + 0.5) / 0.5);
    }
    count_ints(&up, counts, COUNT);
    assert_true(chi_square_of(counts, expected, COUNT) > CHI_SQUARE_ERROR);

    /* The mirror image: 1 - x from 1 to COUNT. */
    const pbt_parameter down = pbt_parameter_int("x", PBT_REVERSE_LOG, 1 - COUNT, 0);
    double mirrored[COUNT];
    for (int i = 0; i < COUNT; i++) {
        mirrored[i] = expected[COUNT - 1 - i];
    }
    count_ints(&down, counts, COUNT);
    assert_true(chi_square_of(counts, mirrored, COUNT) > CHI_SQUARE_ERROR);
}

static void wide_ints_reach_their_whole_range(void **state)
{
    (void)state;
    const int64_t limit = INT64_C(1) << 53;
    const pbt_parameter wide = pbt_parameter_int("x", PBT_LINEAR, -limit, limit);
    const pbt_parameter words = pbt_parameter_int("x", PBT_LINEAR, 0, UINT32_MAX);
    int64_t eighths[8] = {0};
    int64_t parities[2] = {0};
    int64_t halves[2] = {0};
    pbt__rng rng = stream(30);
    for (int i = 0; i < DRAWS; i++) {
        const int64_t draw = pbt__parameter_draw(&wide, &rng).integer;
        assert_in_range((uint64_t)(draw + limit), 0, (uint64_t)limit * 2);
        eighths[(draw + limit) / (limit / 4) % 8]++;
        parities[draw & 1]++;
        halves[pbt__parameter_draw(&words, &rng).integer >> 31]++;
    }
    assert_true(chi_square_even(eighths, 8) > CHI_SQUARE_ERROR);
    assert_true(chi_square_even(parities, 2) > CHI_SQUARE_ERROR);
    assert_true(chi_square_even(halves, 2) > CHI_SQUARE_ERROR);
}

static void lists_are_drawn_evenly(void **state)
{
    (void)state;
    const pbt_type types[] = {PBT_ORDINAL, PBT_CHOICE};
    for (size_t t = 0; t < 2; t++) {
        const pbt_parameter parameter = of_items(types[t], three, 3);
        int64_t counts[3];
        count_ints(&parameter, counts, 3);
        assert_true(chi_square_even(counts, 3) > CHI_SQUARE_ERROR);
    }
    const pbt_parameter constant = of_items(PBT_CONSTANT, three, 1);
    pbt__rng rng = stream(0);
    assert_int_equal(pbt__parameter_draw(&constant, &rng).integer, 0);
}

static void extreme_bounds_hold(void **state)
{
    (void)state;
    const pbt_parameter parameters[] = {
        pbt_parameter_float("x", PBT_LINEAR, 0.1, 0.1 + 1e-16),
        pbt_parameter_float("x", PBT_LINEAR, -8e307, 8e307),
        pbt_parameter_float("x", PBT_LOG, 5e-324, 1e308),
        pbt_parameter_float("x", PBT_LOG, 5, 5.000000000000001),
        pbt_parameter_float("x", PBT_REVERSE_LOG, 0.9999999999999998, 0.9999999999999999),
        pbt_parameter_float("x", PBT_REVERSE_LOG, -1e300, 0),
        pbt_parameter_int("x", PBT_LOG, 1, INT64_C(1) << 53),
        pbt_parameter_int("x", PBT_REVERSE_LOG, -(INT64_C(1) << 53), 0),
    };
    for (size_t p = 0; p < sizeof parameters / sizeof *parameters; p++) {
        assert_null(pbt__parameter_fault(&parameters[p]));
        pbt__rng rng = stream((int32_t)p);
        for (int i = 0; i < 2000; i++) {
            assert_true(
                pbt__parameter_holds(&parameters[p], pbt__parameter_draw(&parameters[p], &rng)));
        }
    }
}

/* ---- bounds, equality, faults ---------------------------------------------------------------- */

static void both_bounds_belong(void **state)
{
    (void)state;
    const pbt_parameter real = pbt_parameter_float("x", PBT_LINEAR, 0, 1);
    assert_true(pbt__parameter_holds(&real, (pbt_value){.real = 0}));
    assert_true(pbt__parameter_holds(&real, (pbt_value){.real = 1}));
    assert_false(pbt__parameter_holds(&real, (pbt_value){.real = nextafter(1, 2)}));
    assert_false(pbt__parameter_holds(&real, (pbt_value){.real = (double)NAN}));
    const pbt_parameter whole = pbt_parameter_int("x", PBT_LINEAR, -2, 2);
    assert_true(pbt__parameter_holds(&whole, (pbt_value){.integer = -2}));
    assert_true(pbt__parameter_holds(&whole, (pbt_value){.integer = 2}));
    assert_false(pbt__parameter_holds(&whole, (pbt_value){.integer = 3}));
    const pbt_parameter list = of_items(PBT_CHOICE, three, 3);
    assert_true(pbt__parameter_holds(&list, (pbt_value){.integer = 2}));
    assert_false(pbt__parameter_holds(&list, (pbt_value){.integer = 3}));
    assert_false(pbt__parameter_holds(&list, (pbt_value){.integer = -1}));
}

static void only_inherited_values_are_compared(void **state)
{
    (void)state;
    pbt_parameter parameters[] = {
        of_items(PBT_ORDINAL, three, 3),
        pbt_parameter_float("y", PBT_LINEAR, -1, 1),
        pbt_parameter_float("z", PBT_LINEAR, -1, 1),
    };
    parameters[0].inherit = true;
    parameters[1].inherit = true;
    const pbt_space space = {.parameters = parameters, .count = 3};
    const pbt_value a[] = {{.integer = 1}, {.real = 0.5}, {.real = 0.1}};
    pbt_value b[] = {{.integer = 1}, {.real = 0.5}, {.real = 0.9}};
    assert_true(pbt__space_inherits_equal(&space, a, b));
    b[1].real = nextafter(0.5, 1);
    assert_false(pbt__space_inherits_equal(&space, a, b));
    b[1].real = 0.5;
    b[0].integer = 2;
    assert_false(pbt__space_inherits_equal(&space, a, b));
    assert_false(
        pbt__parameter_equal(&parameters[1], (pbt_value){.real = 0}, (pbt_value){.real = -0.0}));
}

static void assert_fault(pbt_parameter parameter, const char *words)
{
    const char *fault = pbt__parameter_fault(&parameter);
    assert_non_null(fault);
    assert_non_null(strstr(fault, words));
}

static void good_parameters_have_no_fault(void **state)
{
    (void)state;
    const pbt_parameter parameters[] = {
        pbt_parameter_float("_a9", PBT_LINEAR, -1, 1),
        pbt_parameter_int("batch_size", PBT_LOG, 1, 2),
        pbt_parameter_int("x", PBT_REVERSE_LOG, -5, 0),
        of_items(PBT_ORDINAL, three, 2),
        of_items(PBT_CHOICE, three, 3),
        of_items(PBT_CONSTANT, three, 1),
    };
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        assert_null(pbt__parameter_fault(&parameters[i]));
    }
}

static void wrong_names_are_named(void **state)
{
    (void)state;
    const char *const names[] = {NULL,  "",   "9a",   "Rate", "a-b",
                                 "a b", "aB", "seed", "load", "member"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        pbt_parameter parameter = pbt_parameter_float("x", PBT_LINEAR, 0, 1);
        parameter.name = names[i];
        assert_fault(parameter, "name");
    }
    char longest[66];
    memset(longest, 'a', sizeof longest);
    longest[65] = '\0';
    assert_fault(pbt_parameter_float(longest, PBT_LINEAR, 0, 1), "64 characters");
    longest[64] = '\0';
    const pbt_parameter fits = pbt_parameter_float(longest, PBT_LINEAR, 0, 1);
    assert_null(pbt__parameter_fault(&fits));
}

static void wrong_bounds_are_named(void **state)
{
    (void)state;
    assert_fault(pbt_parameter_float("x", PBT_LINEAR, 1, 0), "min < max");
    assert_fault(pbt_parameter_float("x", PBT_LINEAR, 1, 1), "constant");
    assert_fault(pbt_parameter_float("x", PBT_LINEAR, 0, (double)NAN), "finite");
    assert_fault(pbt_parameter_float("x", PBT_LINEAR, -1e308, 1e308), "finite");
    assert_fault(pbt_parameter_float("x", PBT_LOG, 0, 1), "min > 0 on a log scale");
    assert_fault(pbt_parameter_float("x", PBT_REVERSE_LOG, 0, 1), "max < 1 on a reverse_log scale");
    assert_fault(pbt_parameter_float("x", (pbt_scale)9, 0, 1), "scale");
    assert_fault(pbt_parameter_int("x", PBT_LOG, 0, 5), "min > 0");
    assert_fault(pbt_parameter_int("x", PBT_REVERSE_LOG, 0, 1), "max < 1");
    assert_fault(pbt_parameter_int("x", PBT_LINEAR, 0, INT64_MAX), "2^53");
    assert_fault(pbt_parameter_int("x", PBT_LINEAR, INT64_MIN, 0), "2^53");
}

static void wrong_lists_are_named(void **state)
{
    (void)state;
    assert_fault(of_items(PBT_CONSTANT, three, 2), "one value");
    assert_fault(of_items(PBT_CHOICE, three, 1), "2 or more");
    assert_fault(of_items(PBT_ORDINAL, NULL, 2), "2 or more");
    assert_fault(of_items(PBT_ORDINAL, three, 1025), "1024");
    const pbt_item twice[] = {{.type = PBT_ITEM_TEXT, .text = "a"},
                              {.type = PBT_ITEM_TEXT, .text = "a"}};
    assert_fault(of_items(PBT_CHOICE, twice, 2), "differ");
    const pbt_item odd[] = {{.type = PBT_ITEM_FLOAT, .real = (double)INFINITY}};
    assert_fault(of_items(PBT_CONSTANT, odd, 1), "finite");
    const pbt_item none[] = {{.type = PBT_ITEM_TEXT}};
    assert_fault(of_items(PBT_CONSTANT, none, 1), "empty");
    assert_fault(of_items((pbt_type)9, three, 3), "type");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_uniform_on_their_scale),
        cmocka_unit_test(linear_ints_include_both_ends),
        cmocka_unit_test(log_ints_give_both_ends_their_share),
        cmocka_unit_test(wide_ints_reach_their_whole_range),
        cmocka_unit_test(lists_are_drawn_evenly),
        cmocka_unit_test(extreme_bounds_hold),
        cmocka_unit_test(both_bounds_belong),
        cmocka_unit_test(only_inherited_values_are_compared),
        cmocka_unit_test(good_parameters_have_no_fault),
        cmocka_unit_test(wrong_names_are_named),
        cmocka_unit_test(wrong_bounds_are_named),
        cmocka_unit_test(wrong_lists_are_named),
    };
    return cmocka_run_group_tests_name("space", tests, NULL, NULL);
}
