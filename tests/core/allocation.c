/*
 * allocation.c: a report allocates nothing, and where memory is short nothing has happened.
 *
 * The linker sends core's calls of malloc, calloc and realloc here (--wrap). Armed, the N-th of
 * them fails, for N = 1, 2, ... until a program gets by without.
 */
#include "support.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);

static int64_t calls;
static int64_t countdown; /* 0: not armed; 1: the next call fails */

static bool is_to_fail(void)
{
    calls++;
    return countdown > 0 && --countdown == 0;
}

void *__wrap_malloc(size_t size)
{
    return is_to_fail() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return is_to_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return is_to_fail() ? NULL : __real_realloc(old, size);
}

/* ---- nothing is allocated ---- */

enum { MEMBERS = 1000, ROUNDS = 20, WARM_ROUNDS = 3 };

static void shuffle(dice *d, int32_t *order)
{
    for (int32_t i = MEMBERS - 1; i > 0; i--) {
        int32_t j = dice_below(d, i + 1);
        int32_t swapped = order[i];
        order[i] = order[j];
        order[j] = swapped;
    }
}

/* Members report in another order every round; returns how often memory was asked for, once
 * warm. */
static int64_t calls_of_a_study(const pbt_search *search)
{
    dice d = {.state = 1};
    int32_t order[MEMBERS];
    for (int32_t m = 0; m < MEMBERS; m++) {
        order[m] = m;
    }
    pbt_population *population = population_of(search);
    for (int32_t i = 0; i < MEMBERS * ROUNDS; i++) {
        if (i % MEMBERS == 0) {
            shuffle(&d, order);
        }
        if (i == MEMBERS * WARM_ROUNDS) {
            calls = 0;
        }
        pbt_report report = report_of(population, order[i % MEMBERS], dice_below(&d, 5000) + i);
        assert_int_equal(pbt_population_tell(population, &report, NULL), PBT_OK);
    }
    int64_t counted = calls;
    assert_true(pbt_population_is_over(population));
    assert_true(pbt__population_tally(population).exploits > MEMBERS);
    pbt_population_free(population);
    return counted;
}

static void a_report_allocates_nothing(void **state)
{
    (void)state;
    for (int compare = PBT_COMPARE_STEP; compare <= PBT_COMPARE_LATEST; compare++) {
        pbt_search search = search_of(MEMBERS, PBT_ASYNCHRONOUS);
        search.stop_steps = 10 * ROUNDS;
        search.exploit.compare = (pbt_compare)compare;
        assert_int_equal(calls_of_a_study(&search), 0);
    }
}

/* ---- where memory is short ---- */

enum { SMALL = 4, STRAGGLER_POINTS = 150 };

static const double samples[300] = {1, 2, 3};

/*
 * Everything that asks for memory: samples, new points while one member straggles, more segments
 * than were expected, rankings built again. Each tell is tried until it succeeds; `tells` counts
 * those that did not.
 */
static void tell_for_sure(pbt_population *population, const pbt_report *report, int32_t *tells)
{
    pbt__tally before = pbt__population_tally(population);
    pbt_err err = pbt_population_tell(population, report, NULL);
    if (err == PBT_OK) {
        return;
    }
    (*tells)++;
    assert_int_equal(err, PBT_ERR_MEMORY);
    assert_int_equal(pbt__population_tally(population).reports, before.reports);
    assert_int_equal(pbt__population_tally(population).segments, before.segments);
    assert_int_equal(pbt__population_mark(population), 0);
    int64_t rest = countdown;
    countdown = 0;
    assert_invariants(population);
    assert_int_equal(pbt_population_tell(population, report, NULL), PBT_OK);
    countdown = rest;
}

static pbt_search straggling(void)
{
    pbt_search search = search_of(SMALL, PBT_ASYNCHRONOUS);
    search.ready_every = 1;
    search.stop_steps = STRAGGLER_POINTS;
    search.exploit.quorum = 0.5;
    return search;
}

static void run_straggling(pbt_population *population, int32_t *tells)
{
    for (int32_t n = 0; n < STRAGGLER_POINTS; n++) {
        for (int32_t m = 1; m < SMALL; m++) {
            pbt_report report = report_of(population, m, (m * 5 + n) % 7);
            report.samples = samples;
            report.sample_count = n % 20 == 0 ? 100 : 0;
            tell_for_sure(population, &report, tells);
        }
    }
    for (int32_t n = 0; n < STRAGGLER_POINTS; n++) {
        pbt_report report = report_of(population, 0, n % 5);
        tell_for_sure(population, &report, tells);
    }
}

static void a_report_without_memory_never_was(void **state)
{
    (void)state;
    pbt_search search = straggling();
    pbt_population *expected = population_of(&search);
    int32_t failed = 0;
    run_straggling(expected, &failed);
    assert_int_equal(failed, 0);
    int32_t runs = 0;
    do {
        pbt_population *population = population_of(&search);
        failed = 0;
        countdown = 1 + runs++;
        run_straggling(population, &failed);
        countdown = 0;
        assert_in_range(failed, 0, 1);
        assert_same(population, expected);
        pbt_population_free(population);
    } while (failed > 0);
    assert_in_range(runs, 20, 2000);
    pbt_population_free(expected);
}

/* No memory, no population; what was had is given back, as the sanitizer sees. */
static void a_population_is_made_whole_or_not_at_all(void **state)
{
    (void)state;
    pbt_search search = straggling();
    pbt_err err = PBT_ERR_MEMORY;
    int32_t runs = 0;
    while (err != PBT_OK) {
        pbt_population *population = NULL;
        pbt_error error = {.message = ""};
        countdown = ++runs;
        err = pbt_population_new(&search, &population, &error);
        countdown = 0;
        if (err != PBT_OK) {
            assert_int_equal(err, PBT_ERR_MEMORY);
            assert_string_equal(error.message, "out of memory");
            assert_null(population);
        }
        pbt_population_free(population);
    }
    assert_in_range(runs, 15, 100);
}

/* As for reports: failures with rescues, and other rules. */
static pbt_err one_of_each(pbt_population *population, const pbt_search *other)
{
    bool gave_up = false;
    pbt_segment_id id = newest_of(population, 1).id;
    pbt_err err = pbt__population_amend(population, other, NULL);
    if (err == PBT_OK) {
        err = pbt__population_fault(population, id, PBT_CAUSE_FATAL, &gave_up);
    }
    const pbt__decision *due = NULL;
    size_t count = 0;
    if (err == PBT_OK) {
        err = pbt__population_decide(population, &due, &count);
    }
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = pbt__population_apply(population, &due[i]);
    }
    return err;
}

static void what_failed_without_memory_is_undone(void **state)
{
    (void)state;
    pbt_search search = straggling();
    pbt_search other = search;
    other.window = 2;
    pbt_population *population = population_of(&search);
    pbt_population *expected = population_of(&search);
    int32_t failed = 0;
    for (int32_t round = 0; round < STRAGGLER_POINTS - 1; round++) {
        tell_round(population, samples);
        tell_round(expected, samples);
    }
    pbt_err err = PBT_ERR_MEMORY;
    while (err != PBT_OK) {
        size_t mark = pbt__population_mark(population);
        countdown = 1 + failed;
        err = one_of_each(population, &other);
        countdown = 0;
        if (err != PBT_OK) {
            failed++;
            assert_int_equal(err, PBT_ERR_MEMORY);
            pbt__population_undo(population, mark);
            assert_same(population, expected);
        }
    }
    assert_true(failed > 0);
    assert_int_equal(one_of_each(expected, &other), PBT_OK);
    assert_same(population, expected);
    pbt_population_free(population);
    pbt_population_free(expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_allocates_nothing),
        cmocka_unit_test(a_report_without_memory_never_was),
        cmocka_unit_test(a_population_is_made_whole_or_not_at_all),
        cmocka_unit_test(what_failed_without_memory_is_undone),
    };
    return cmocka_run_group_tests_name("allocation", tests, NULL, NULL);
}
