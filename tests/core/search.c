/* search.c: the defaults are the documented ones, and every contradiction is found and named. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pbt/pbt.h>

#include "core/population.h"
#include "core/rule.h"

static pbt_parameter parameters[2];

/* The smallest complete search. */
static pbt_search good(void)
{
    parameters[0] = pbt_parameter_float("rate", PBT_LOG, 1e-4, 0.1);
    parameters[1] = pbt_parameter_int("width", PBT_LINEAR, 1, 9);
    pbt_search search = pbt_search_default();
    search.population = 8;
    search.ready_every = 200;
    search.stop_steps = 4000;
    search.space = (pbt_space){.parameters = parameters, .count = 2};
    return search;
}

static void assert_refused(const pbt_search *search, const char *words)
{
    pbt_error error;
    memset(&error, 'x', sizeof error);
    assert_int_equal(pbt_search_check(search, &error), PBT_ERR_ARGUMENT);
    assert_int_equal(error.code, PBT_ERR_ARGUMENT);
    assert_non_null(strstr(error.message, words));
    assert_string_equal(error.detail, "");
    assert_string_equal(error.hint, "");
    assert_int_equal(pbt_search_check(search, NULL), PBT_ERR_ARGUMENT);
}

static void assert_accepted(const pbt_search *search)
{
    pbt_error error = {.message = ""};
    const pbt_err err = pbt_search_check(search, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(err, PBT_OK);
}

static void defaults_are_the_documented_ones(void **state)
{
    (void)state;
    const pbt_search s = pbt_search_default();
    assert_int_equal(s.size, sizeof s);
    assert_int_equal(s.seed, 0);
    assert_int_equal(s.mode, PBT_ASYNCHRONOUS);
    assert_int_equal(s.direction, PBT_MAXIMIZE);
    assert_int_equal(s.window, 1);
    assert_int_equal(s.ready_after, 0);
    assert_true(isnan(s.stop_score));
    assert_int_equal(s.exploit.rule, PBT_EXPLOIT_TRUNCATION);
    assert_int_equal(s.exploit.compare, PBT_COMPARE_STEP);
    assert_true(s.exploit.quorum == 0.75);
    assert_int_equal(s.exploit.copy, PBT_COPY_WEIGHTS | PBT_COPY_HYPERPARAMETERS);
    assert_true(s.exploit.fraction == 0.25);
    assert_true(s.exploit.alpha == 0.05);
    assert_int_equal(s.exploit.window, 10);
    assert_true(s.exploit.sigmas == 0.5);
    assert_true(s.exploit.absolute == 0);
    assert_int_equal(s.explore.rule, PBT_EXPLORE_PERTURB);
    assert_int_equal(s.explore.when, PBT_WHEN_COPY);
    assert_int_equal(s.explore.factor_count, 2);
    assert_true(s.explore.factors[0] == 0.8 && s.explore.factors[1] == 1.25);
    assert_true(s.explore.resample_probability == 0.05);
    assert_true(s.explore.sigma == 0.1);
    assert_int_equal(s.retries, 1);
    assert_int_equal(s.lost, 3);
}

static void a_complete_search_is_accepted(void **state)
{
    (void)state;
    pbt_search search = good();
    assert_accepted(&search);
    search.space = (pbt_space){.count = 0};
    assert_accepted(&search);
    search.stop_score = 0.9;
    assert_accepted(&search);
    search.explore = (pbt_explore){.rule = PBT_EXPLORE_NONE};
    assert_accepted(&search);
}

static void defaults_alone_are_incomplete(void **state)
{
    (void)state;
    const pbt_search search = pbt_search_default();
    assert_refused(&search, "population is 0");
}

static void another_size_is_refused(void **state)
{
    (void)state;
    pbt_search search = good();
    search.size = offsetof(pbt_search, space);
    assert_refused(&search, "size");
    search.size = 0;
    assert_refused(&search, "pbt_search_default()");
}

/* One row per number: a value beyond each end is refused, and the ends themselves are not. */
#define ENDS(field, type, below, least, most, above)                                               \
    do {                                                                                           \
        pbt_search s = good();                                                                     \
        s.field = (type)(below);                                                                   \
        assert_refused(&s, #field " is ");                                                         \
        s.field = (type)(above);                                                                   \
        assert_refused(&s, #field " is ");                                                         \
        s.field = (type)(least);                                                                   \
        assert_accepted(&s);                                                                       \
        s.field = (type)(most);                                                                    \
        assert_accepted(&s);                                                                       \
    } while (0)

static void counts_and_enumerators_have_ends(void **state)
{
    (void)state;
    ENDS(population, int32_t, 0, 1, PBT__POPULATION_MAXIMUM, PBT__POPULATION_MAXIMUM + 1);
    ENDS(mode, pbt_mode, -1, 0, PBT_GENERATIONAL, PBT_GENERATIONAL + 1);
    ENDS(direction, pbt_direction, -1, 0, PBT_MINIMIZE, PBT_MINIMIZE + 1);
    ENDS(window, int32_t, 0, 1, PBT__WINDOW_MAXIMUM, PBT__WINDOW_MAXIMUM + 1);
    ENDS(ready_every, int64_t, 0, 1, 4001, INT64_MAX);
    ENDS(ready_after, int64_t, -1, 0, 5000, INT64_MAX);
    ENDS(stop_steps, int64_t, 0, 1, 1000000, INT64_MAX);
    ENDS(exploit.rule, pbt_exploit_rule, -1, 0, pbt__exploit_row_count - 1, pbt__exploit_row_count);
    ENDS(exploit.compare, pbt_compare, -1, 0, PBT_COMPARE_LATEST, PBT_COMPARE_LATEST + 1);
    ENDS(exploit.copy, int, 0, PBT_COPY_WEIGHTS, 3, 4);
    ENDS(exploit.window, int32_t, 1, 2, PBT__WINDOW_MAXIMUM, PBT__WINDOW_MAXIMUM + 1);
    ENDS(explore.rule, pbt_explore_rule, -1, 0, pbt__explore_row_count - 1, pbt__explore_row_count);
    ENDS(explore.when, pbt_when, -1, 0, PBT_WHEN_ALWAYS, PBT_WHEN_ALWAYS + 1);
    ENDS(retries, int32_t, -1, 0, INT32_MAX, INT32_MIN);
    ENDS(lost, int32_t, -1, 0, INT32_MAX, INT32_MIN);
}

static void real_numbers_have_ends(void **state)
{
    (void)state;
    ENDS(exploit.quorum, double, -0.1, 0, 1, 1.1);
    ENDS(exploit.fraction, double, -0.1, 0, 0.5, 0.6);
    ENDS(exploit.alpha, double, -0.1, 0, 1, 1.1);
    ENDS(exploit.sigmas, double, -0.1, 0, DBL_MAX, (double)INFINITY);
    ENDS(exploit.absolute, double, -0.1, 0, DBL_MAX, (double)NAN);
    ENDS(explore.resample_probability, double, -0.1, 0, 1, (double)NAN);
    ENDS(explore.sigma, double, -0.1, 0, DBL_MAX, (double)INFINITY);
}

static void totals_do_not_overflow(void **state)
{
    (void)state;
    pbt_search search = good();
    search.stop_steps = INT64_C(1) << 51;
    search.ready_every = INT64_C(1) << 40;
    assert_refused(&search, "population times stop_steps");
    search.stop_steps = INT64_C(1) << 50;
    assert_accepted(&search);
    search.stop_steps = 1 << 24;
    search.ready_every = 1;
    assert_refused(&search, "stop_steps over ready_every");
    search.stop_steps = (1 << 24) - 1;
    assert_accepted(&search);
    search.stop_score = (double)INFINITY;
    assert_refused(&search, "stop_score");
}

static void factors_are_checked(void **state)
{
    (void)state;
    pbt_search search = good();
    search.explore.factor_count = 0;
    assert_refused(&search, "explore.factors");
    search.explore.factor_count = 65;
    assert_refused(&search, "explore.factors");
    search.explore.factor_count = 2;
    search.explore.factors = NULL;
    assert_refused(&search, "explore.factors");
    const double bad[] = {0, -0.8, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < 4; i++) {
        const double factors[] = {1.25, bad[i]};
        search.explore.factors = factors;
        assert_refused(&search, "explore.factors[1]");
    }
}

static void spaces_are_checked(void **state)
{
    (void)state;
    pbt_search search = good();
    parameters[1].min.integer = 9;
    assert_refused(&search, "hyperparameter 1 'width' needs min < max");
    search = good();
    parameters[1].name = "rate";
    assert_refused(&search, "hyperparameter 1 'rate' needs a name of its own");
    search = good();
    parameters[0].name = NULL;
    assert_refused(&search, "hyperparameter 0 '' needs a name");
    search = good();
    search.space.parameters = NULL;
    assert_refused(&search, "space.parameters");
    search.space.count = 1025;
    assert_refused(&search, "1025 hyperparameters");
}

static void starts_are_checked(void **state)
{
    (void)state;
    pbt_search search = good();
    const pbt_value values[] = {{.real = 0.01}, {.integer = 10}};
    const bool first[] = {true, false};
    const bool both[] = {true, true};
    pbt_start starts[] = {{.values = values, .given = first}, {.values = values, .given = both}};
    search.starts = starts;
    search.start_count = 1;
    assert_accepted(&search);
    search.start_count = 2;
    assert_refused(&search, "starts[1].width");
    starts[1].given = NULL;
    assert_refused(&search, "starts[1] needs");
    search.start_count = 9;
    assert_refused(&search, "start_count is 9");
    search.start_count = -1;
    assert_refused(&search, "start_count is -1");
    search.start_count = 1;
    search.starts = NULL;
    assert_refused(&search, "starts is NULL");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(a_complete_search_is_accepted),
        cmocka_unit_test(defaults_alone_are_incomplete),
        cmocka_unit_test(another_size_is_refused),
        cmocka_unit_test(counts_and_enumerators_have_ends),
        cmocka_unit_test(real_numbers_have_ends),
        cmocka_unit_test(totals_do_not_overflow),
        cmocka_unit_test(factors_are_checked),
        cmocka_unit_test(spaces_are_checked),
        cmocka_unit_test(starts_are_checked),
    };
    return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
