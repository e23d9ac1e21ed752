/* schedule.c: a member that follows a given schedule: the values of every age. */
#include "support.h"

enum { STAGE_COUNT = 3 };

static const int64_t ENDS[STAGE_COUNT] = {20, 30, 70};
static const pbt_value VALUES[STAGE_COUNT] = {{.real = 0.5}, {.real = 0.25}, {.real = 0.125}};
static const bool GIVEN[] = {true};
static pbt_stage stages[STAGE_COUNT];
static pbt_start start;

static pbt_search scheduled(int32_t population, pbt_mode mode)
{
    pbt_search search = search_of(population, mode);
    for (int i = 0; i < STAGE_COUNT; i++) {
        stages[i] = (pbt_stage){.end_age = ENDS[i], .values = &VALUES[i], .given = GIVEN};
    }
    start = (pbt_start){.values = &VALUES[0], .given = GIVEN, .stages = stages, .stage_count = 3};
    search.starts = &start;
    search.start_count = 1;
    return search;
}

static double rate_at(int64_t age)
{
    return age < 20 ? 0.5 : age < 30 ? 0.25 : 0.125;
}

static void assert_follows(const pbt_segment *s)
{
    assert_true(s->values[0].real == rate_at(s->start_age));
    assert_true(rate_at(s->end_age - 1) == s->values[0].real);
}

static void every_age_has_its_values(void **state)
{
    (void)state;
    const int64_t expected[] = {10, 20, 30, 40, 50, 60, 70, 80, 90, 100};
    pbt_search search = scheduled(1, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    for (int32_t n = 0; n < 10; n++) {
        const pbt_segment s = newest_of(population, 0);
        assert_int_equal(s.end_step, expected[n]);
        assert_int_equal(s.reason, n == 0 ? PBT_INITIAL : PBT_REPLAY);
        assert_follows(&s);
        const bool is_changed = s.start_age == 20 || s.start_age == 30;
        assert_int_equal(s.changes[0].operation, is_changed ? PBT_STAGE : PBT_UNTOUCHED);
        if (is_changed) {
            assert_true(s.changes[0].from.real == rate_at(s.start_age - 1));
        }
        (void)tell_score(population, 0, 1);
    }
    assert_true(pbt_population_is_over(population));
    pbt_population_free(population);
}

/* Alone, a member's stages may end anywhere: its segments end with them. */
static void segments_end_with_their_stages(void **state)
{
    (void)state;
    const int64_t expected[] = {7, 10, 20, 23, 30, 40};
    pbt_search search = scheduled(1, PBT_ASYNCHRONOUS);
    stages[0].end_age = 7;
    stages[1].end_age = 23;
    search.stop_steps = 40;
    pbt_population *population = population_of(&search);
    for (int32_t n = 0; n < 6; n++) {
        const pbt_segment s = newest_of(population, 0);
        assert_int_equal(s.end_step, expected[n]);
        assert_true(s.values[0].real == (s.start_age < 7 ? 0.5 : s.start_age < 23 ? 0.25 : 0.125));
        (void)tell_score(population, 0, 1);
    }
    assert_true(pbt_population_is_over(population));
    pbt_population_free(population);
}

static void a_stage_that_was_overshot_is_left_behind(void **state)
{
    (void)state;
    pbt_search search = scheduled(1, PBT_ASYNCHRONOUS);
    stages[1].end_age = 22;
    pbt_population *population = population_of(&search);
    (void)tell_score(population, 0, 1);
    pbt_report report = report_of(population, 0, 1);
    report.step = 25;
    const pbt__decision next = tell(population, &report);
    assert_int_equal(next.segment.start_age, 25);
    assert_true(next.segment.values[0].real == 0.125);
    assert_true(next.segment.changes[0].from.real == 0.5);
    pbt_population_free(population);
}

/* Whatever the scores, in both modes: it copies nobody, and others may copy it. */
static void it_copies_nobody(void **state)
{
    (void)state;
    for (pbt_mode mode = PBT_ASYNCHRONOUS; mode <= PBT_GENERATIONAL; mode++) {
        pbt_search search = scheduled(4, mode);
        search.explore.when = PBT_WHEN_ALWAYS;
        pbt_population *population = population_of(&search);
        const double worst[] = {-1, 1, 2, 3};
        for (int32_t n = 0; n < 10; n++) {
            const pbt_segment s = newest_of(population, 0);
            assert_int_equal(s.id.number, n);
            assert_int_equal(s.donor, -1);
            assert_follows(&s);
            tell_round(population, worst);
        }
        pbt_population_free(population);
    }
}

static void a_copier_of_it_takes_no_schedule_along(void **state)
{
    (void)state;
    pbt_search search = scheduled(4, PBT_GENERATIONAL);
    search.explore.rule = PBT_EXPLORE_NONE;
    pbt_population *population = population_of(&search);
    const double best[] = {9, 1, 2, 3};
    tell_round(population, best);
    const pbt_segment copier = newest_of(population, 1);
    assert_int_equal(copier.donor, 0);
    assert_true(copier.values[0].real == 0.5);
    const double others_best[] = {9, 9, 2, 3};
    tell_round(population, others_best);
    assert_true(newest_of(population, 0).values[0].real == 0.25);
    assert_true(newest_of(population, 1).values[0].real == 0.5);
    pbt_population_free(population);
}

/* Lost and diverged segments are trained again by the schedule: what counts is the weights' age. */
static void it_goes_on_by_age_after_a_loss(void **state)
{
    (void)state;
    for (pbt_mode mode = PBT_ASYNCHRONOUS; mode <= PBT_GENERATIONAL; mode++) {
        pbt_search search = scheduled(2, mode);
        pbt_population *population = population_of(&search);
        const double scores[] = {1, 2};
        tell_round(population, scores);
        tell_round(population, scores);
        (void)tell_score(population, 1, 2);
        give_up(population, 0);
        (void)settle(population);
        pbt_segment s = newest_of(population, 0);
        assert_int_equal(s.reason, PBT_RESCUE);
        assert_int_equal(s.start_age, 20);
        assert_follows(&s);
        (void)tell_score(population, 0, 1);
        (void)tell_score(population, 1, 1);
        (void)tell_diverged(population, 0, newest_of(population, 0).end_step);
        (void)tell_score(population, 1, 1);
        s = newest_of(population, 0);
        assert_int_equal(s.start_age, 30);
        assert_follows(&s);
        pbt_population_free(population);
    }
}

static void assert_refused(const pbt_search *search, const char *words)
{
    pbt_error error = {0};
    assert_int_equal(pbt_search_check(search, &error), PBT_ERR_ARGUMENT);
    assert_non_null(strstr(error.message, words));
}

static void schedules_that_cannot_be_followed_are_refused(void **state)
{
    (void)state;
    const pbt_value beyond = {.real = 2};
    pbt_search search = scheduled(2, PBT_ASYNCHRONOUS);
    assert_int_equal(pbt_search_check(&search, NULL), PBT_OK);
    stages[1].end_age = 20;
    assert_refused(&search, "starts[0].stages[1] needs an end_age above 20");
    stages[1].end_age = 25;
    assert_refused(&search,
                   "starts[0].stages[1].end_age needs to be a multiple of ready_every, for");
    search.population = 1;
    assert_int_equal(pbt_search_check(&search, NULL), PBT_OK);
    stages[1].values = &beyond;
    assert_refused(&search, "starts[0].stages.rate needs a value within its bounds");
    stages[1].given = NULL;
    assert_refused(&search, "starts[0].stages needs values and given");
    start.stages = NULL;
    assert_refused(&search, "starts[0] needs stages");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_age_has_its_values),
        cmocka_unit_test(segments_end_with_their_stages),
        cmocka_unit_test(a_stage_that_was_overshot_is_left_behind),
        cmocka_unit_test(it_copies_nobody),
        cmocka_unit_test(a_copier_of_it_takes_no_schedule_along),
        cmocka_unit_test(it_goes_on_by_age_after_a_loss),
        cmocka_unit_test(schedules_that_cannot_be_followed_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
