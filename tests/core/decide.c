/* decide.c: time: where segments end, when decisions fall, what a round decides from. */
#include "support.h"

/* ---- segments ---- */

typedef struct end_case {
    int64_t every, stop;
    int64_t steps[6]; /* where each segment stops; 0: no more */
    int64_t ends[6];  /* where it was to stop */
} end_case;

/* Behaviour 14 and the overshoot of behaviour 13: ends are multiples, whatever came before. */
static void behaviour_14_segments_end_at_multiples_and_the_stop(void **state)
{
    (void)state;
    const end_case cases[] = {
        {10, 35, {10, 20, 30, 35}, {10, 20, 30, 35}},
        {10, 30, {10, 20, 30}, {10, 20, 30}},
        {10, 7, {7}, {7}},
        {10, 35, {13, 20, 39}, {10, 20, 30}},
        {10, 35, {19, 29, 34, 35}, {10, 20, 30, 35}},
        {1, 3, {1, 2, 3}, {1, 2, 3}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pbt_search search = search_of(1, PBT_ASYNCHRONOUS);
        search.ready_every = cases[i].every;
        search.stop_steps = cases[i].stop;
        pbt_population *population = population_of(&search);
        int64_t start = 0;
        for (int32_t n = 0; n < 6 && cases[i].steps[n] > 0; n++) {
            pbt_segment s = newest_of(population, 0);
            assert_int_equal(s.start_step, start);
            assert_int_equal(s.end_step, cases[i].ends[n]);
            assert_int_equal(s.start_age, start);
            pbt_report report = report_of(population, 0, 1);
            start = report.step = cases[i].steps[n];
            tell(population, &report);
            assert_int_equal(pbt__population_step(population, 0), start);
        }
        assert_int_equal(pbt__population_state(population, 0), PBT_MEMBER_FINISHED);
        assert_int_equal(pbt__population_tally(population).steps_done, start);
        pbt_population_free(population);
    }
}

static void assert_refused(pbt_population *population, const pbt_report *report, pbt_err err,
                           const char *message)
{
    pbt_error error = {.message = ""};
    pbt__tally before = pbt__population_tally(population);
    assert_int_equal(pbt__population_check(population, report, &error), err);
    assert_int_equal(error.code, err);
    assert_string_equal(error.message, message);
    assert_int_equal(pbt__population_record(population, report), err);
    assert_int_equal(pbt_population_tell(population, report, NULL), err);
    assert_int_equal(pbt__population_tally(population).reports, before.reports);
    assert_int_equal(pbt__population_mark(population), 0);
}

static void behaviour_13_a_report_fits_its_segment(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    const char *const is_short = "the step is short of the segment's end";
    const char *const is_beyond =
        "the step is a whole ready.every or more beyond the segment's end";
    for (int32_t n = 0; n < 4; n++) {
        pbt_report report = report_of(population, 0, 1);
        int64_t end = report.step;
        report.step = end - 1;
        assert_refused(population, &report, PBT_ERR_REPORT, is_short);
        report.step = end + 10;
        assert_refused(population, &report, PBT_ERR_REPORT, is_beyond);
        report.step = INT64_MAX;
        assert_refused(population, &report, PBT_ERR_REPORT, is_beyond);
        report.step = INT64_MIN;
        assert_refused(population, &report, PBT_ERR_REPORT, is_short);
        report.score = (double)NAN;
        report.step = end - 11;
        assert_refused(population, &report, PBT_ERR_REPORT, is_short);
        report = report_of(population, 0, 1);
        report.step = end + 9 - 9 * (n % 2);
        tell(population, &report);
    }
    pbt_report diverged = report_of(population, 1, (double)INFINITY);
    diverged.step = 3;
    tell(population, &diverged);
    assert_int_equal(newest_of(population, 1).start_step, 3);
    assert_int_equal(newest_of(population, 1).end_step, 10);
    pbt_population_free(population);
}

/* What others trained is in the weights, not in the copier's own work. */
static void ages_come_with_weights(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    search.exploit.compare = PBT_COMPARE_LATEST;
    search.exploit.rule = PBT_EXPLOIT_BEST;
    pbt_population *population = population_of(&search);
    for (int32_t n = 0; n < 5; n++) {
        pbt_report report = report_of(population, 0, 9);
        report.step += n == 0 ? 3 : 0;
        tell(population, &report);
    }
    pbt_segment copy = tell_score(population, 1, 1).segment;
    assert_int_equal(copy.start_step, 10);
    assert_int_equal(copy.end_step, 20);
    assert_int_equal(copy.start_age, 50);
    assert_int_equal(copy.end_age, 60);
    pbt_report report = report_of(population, 1, 10);
    report.step = 24;
    pbt_segment next = tell(population, &report).segment;
    assert_int_equal(next.start_age, 64);
    assert_int_equal(next.end_age, 70);
    pbt_population_free(population);
}

/* ---- when decisions fall ---- */

static void nothing_is_decided_at_the_last_step(void **state)
{
    (void)state;
    for (int mode = PBT_ASYNCHRONOUS; mode <= PBT_GENERATIONAL; mode++) {
        pbt_search search = search_of(4, (pbt_mode)mode);
        search.explore.when = PBT_WHEN_ALWAYS;
        search.stop_steps = 45;
        pbt_population *population = population_of(&search);
        for (int32_t round = 0; round < 5; round++) {
            assert_false(pbt_population_is_over(population));
            tell_round(population, (double[]){4, 3, 2, 1});
        }
        assert_true(pbt_population_is_over(population));
        assert_int_equal(pbt__population_tally(population).segments, 4 * 5);
        assert_int_equal(pbt__population_tally(population).steps_done, 4 * 45);
        assert_int_equal(settle(population), 0);
        pbt_population_free(population);
    }
}

/* `always` explores at every ready point where something may be decided, and says so. */
static void always_explores_at_every_ready_point(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_GENERATIONAL);
    search.explore.when = PBT_WHEN_ALWAYS;
    search.ready_after = 20;
    pbt_population *population = population_of(&search);
    for (int32_t round = 0; round < 5; round++) {
        tell_round(population, (double[]){4, 3, 2, 1});
        for (int32_t m = 0; m < 4; m++) {
            pbt_segment s = newest_of(population, m);
            bool is_decided = round >= 1;
            pbt_reason reason = m == 3 ? PBT_EXPLOITED : PBT_EXPLORED;
            assert_int_equal(s.reason, is_decided ? reason : PBT_CONTINUE);
            assert_int_equal(s.changes[0].operation != PBT_UNTOUCHED, is_decided);
            assert_int_equal(s.donor, is_decided && m == 3 ? 0 : -1);
        }
    }
    pbt_population_free(population);
}

/* ---- rounds ---- */

/* Nobody goes on before the last; then all do, in member order, and each was compared with all. */
static void a_round_is_decided_from_one_snapshot(void **state)
{
    (void)state;
    pbt_search search = search_of(6, PBT_GENERATIONAL);
    search.exploit.fraction = 0.5;
    pbt_population *population = population_of(&search);
    for (int32_t round = 0; round < 4; round++) {
        for (int32_t i = 5; i > 0; i--) {
            assert_int_equal(tell_score(population, i, (i * 5) % 7).segment.id.member, -1);
            assert_int_equal(pbt__population_state(population, i), PBT_MEMBER_READY);
        }
        pbt_report last = report_of(population, 0, 3);
        assert_int_equal(pbt__population_record(population, &last), PBT_OK);
        assert_false(pbt_population_is_over(population));
        const pbt__decision *due = NULL;
        size_t count = 0;
        assert_int_equal(pbt__population_decide(population, &due, &count), PBT_OK);
        assert_int_equal(count, 6);
        for (int32_t m = 0; m < 6; m++) {
            assert_int_equal(due[m].segment.id.member, m);
            assert_int_equal(due[m].compared.ranked, 6);
            assert_int_equal(due[m].compared.point, round);
            bool copies = due[m].segment.donor >= 0;
            assert_int_equal(copies, due[m].compared.position >= 3);
            int32_t parent = copies ? due[m].segment.donor : m;
            assert_int_equal(due[m].segment.parent.member, parent);
            assert_int_equal(due[m].segment.parent.number, round);
        }
        settle(population);
        pbt__population_keep(population);
    }
    pbt_population_free(population);
}

/* ---- rounds whose last member does not report as the others do (behaviour 12) ---- */

static pbt_population *all_but_the_last(const pbt_search *search)
{
    pbt_population *population = population_of(search);
    tell_round(population, (double[]){1, 2, 3, 4});
    for (int32_t m = 0; m < 3; m++) {
        tell_score(population, m, m);
        assert_int_equal(pbt__population_state(population, m), PBT_MEMBER_READY);
    }
    return population;
}

static void assert_others_train(pbt_population *population)
{
    for (int32_t m = 0; m < 3; m++) {
        pbt_segment s = newest_of(population, m);
        assert_int_equal(pbt__population_state(population, m), PBT_MEMBER_TRAINING);
        assert_int_equal(s.id.number, 2);
        assert_int_equal(s.start_step, 20);
    }
    for (int32_t round = 2; round < 5; round++) {
        tell_round(population, (double[]){1, 2, 3, 4});
        assert_int_equal(newest_of(population, 0).id.number, round + 1);
    }
    pbt_population_free(population);
}

static void behaviour_12_the_last_of_a_round_fails(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_GENERATIONAL);
    pbt_population *population = all_but_the_last(&search);
    assert_false(tell_failure(population, 3, PBT_CAUSE_TRAINER));
    assert_int_equal(pbt__population_state(population, 0), PBT_MEMBER_READY);
    assert_true(tell_failure(population, 3, PBT_CAUSE_TRAINER));
    pbt_segment s = newest_of(population, 3);
    assert_int_equal(s.reason, PBT_RESCUE);
    assert_int_equal(s.id.number, 2);
    assert_int_equal(s.start_step, 20);
    assert_others_train(population);
}

static void behaviour_12_the_last_of_a_round_fails_for_good(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_GENERATIONAL);
    pbt_population *population = population_of(&search);
    for (int32_t round = 0; round < 3; round++) {
        tell_round(population, (double[]){1, 2, 3, 4});
    }
    for (int32_t round = 3; round < 7; round++) {
        for (int32_t m = 0; m < 3; m++) {
            tell_score(population, m, m);
        }
        give_up(population, 3);
        assert_int_equal(newest_of(population, 0).id.number, round + 1);
    }
    assert_int_equal(pbt__population_state(population, 3), PBT_MEMBER_FAILED);
    tell_score(population, 0, 0);
    tell_score(population, 1, 1);
    tell_score(population, 2, 2);
    assert_int_equal(newest_of(population, 0).id.number, 8);
    pbt_population_free(population);
}

/* It diverged half-way: a report like any other, and behind the others in steps from then on. */
static void behaviour_12_the_last_of_a_round_stops_early(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_GENERATIONAL);
    pbt_population *population = all_but_the_last(&search);
    tell_diverged(population, 3, 15);
    assert_int_equal(newest_of(population, 3).start_step, 15);
    assert_int_equal(newest_of(population, 3).end_step, 20);
    assert_others_train(population);
}

/* The one behind in steps ends alone, long after the others have finished. */
static void behaviour_12_the_others_finish_first(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_GENERATIONAL);
    search.stop_steps = 40;
    pbt_population *population = all_but_the_last(&search);
    tell_diverged(population, 3, 15);
    for (int32_t round = 2; round < 4; round++) {
        tell_round(population, (double[]){1, 2, 3, 4});
    }
    for (int32_t m = 0; m < 3; m++) {
        assert_int_equal(pbt__population_state(population, m), PBT_MEMBER_FINISHED);
    }
    assert_int_equal(newest_of(population, 3).id.number, 4);
    assert_int_equal(newest_of(population, 3).end_step, 40);
    tell_score(population, 3, 1);
    assert_true(pbt_population_is_over(population));
    pbt_population_free(population);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaviour_14_segments_end_at_multiples_and_the_stop),
        cmocka_unit_test(behaviour_13_a_report_fits_its_segment),
        cmocka_unit_test(ages_come_with_weights),
        cmocka_unit_test(nothing_is_decided_at_the_last_step),
        cmocka_unit_test(always_explores_at_every_ready_point),
        cmocka_unit_test(a_round_is_decided_from_one_snapshot),
        cmocka_unit_test(behaviour_12_the_last_of_a_round_fails),
        cmocka_unit_test(behaviour_12_the_last_of_a_round_fails_for_good),
        cmocka_unit_test(behaviour_12_the_last_of_a_round_stops_early),
        cmocka_unit_test(behaviour_12_the_others_finish_first),
    };
    return cmocka_run_group_tests_name("decide", tests, NULL, NULL);
}
