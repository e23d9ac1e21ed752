/* amend.c: other rules in the middle of a study hold from the next decision on. */
#include "support.h"

static void amend(pbt_population *population, const pbt_search *search)
{
    pbt_error error = {.message = ""};
    if (pbt__population_amend(population, search, &error) != PBT_OK) {
        fail_msg("%s", error.message);
    }
    settle(population);
    pbt__population_keep(population);
    assert_invariants(population);
}

static void other_rules_decide_the_next_report(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_NONE;
    pbt_population *population = population_of(&search);
    for (int32_t round = 0; round < 3; round++) {
        tell_round(population, (double[]){1, 4, 3, 2});
    }
    pbt_search best = search;
    best.exploit.rule = PBT_EXPLOIT_BEST;
    best.explore.rule = PBT_EXPLORE_NONE;
    amend(population, &best);
    pbt__decision decision = tell_score(population, 0, 1);
    assert_int_equal(decision.segment.donor, 1);
    assert_true(decision.segment.values[0].real == newest_of(population, 1).values[0].real);
    amend(population, &search);
    assert_int_equal(tell_score(population, 0, 1).segment.donor, -1);
    pbt_population_free(population);
}

static void another_comparison_ranks_anew(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_NONE;
    pbt_search latest = search;
    latest.exploit.compare = PBT_COMPARE_LATEST;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){1, 2, 3, 4});
    tell_score(population, 0, 9);
    amend(population, &latest);
    assert_int_equal(tell_score(population, 1, 5).compared.position, 1);
    assert_int_equal(tell_score(population, 2, 5).compared.ranked, 4);
    amend(population, &search);
    pbt__decision decision = tell_score(population, 0, 3);
    assert_int_equal(decision.compared.point, 1);
    assert_int_equal(decision.compared.ranked, 3);
    assert_int_equal(decision.compared.position, 0);
    pbt_population_free(population);
}

/* A member's earlier reports, at the point compared, are scored by the new window as well. */
static void another_window_scores_anew(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_NONE;
    pbt_search wide = search;
    wide.window = 3;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){9, 1});
    tell_round(population, (double[]){3, 1});
    tell_score(population, 0, 0);
    size_t mark = pbt__population_mark(population);
    assert_int_equal(pbt__population_amend(population, &wide, NULL), PBT_OK);
    assert_true(rank_score_in(population, (pbt_segment_id){0, 2}) == 4);
    pbt__decision decision = tell_score(population, 1, 2);
    assert_int_equal(decision.compared.point, 2);
    assert_int_equal(decision.compared.position, 1);
    assert_true(decision.compared.score == 4 / 3.0);
    pbt_population_free(population);

    population = population_of(&search);
    tell_round(population, (double[]){9, 1});
    tell_round(population, (double[]){3, 1});
    mark = pbt__population_mark(population);
    assert_int_equal(pbt__population_amend(population, &wide, NULL), PBT_OK);
    pbt__population_undo(population, mark);
    assert_true(rank_score_in(population, (pbt_segment_id){0, 1}) == 3);
    assert_int_equal(search_in_force(population)->window, 1);
    pbt_population_free(population);
}

/* ---- the stop ---- */

static void a_later_stop_wakes_the_finished(void **state)
{
    (void)state;
    for (int mode = PBT_ASYNCHRONOUS; mode <= PBT_GENERATIONAL; mode++) {
        pbt_search search = search_of(4, (pbt_mode)mode);
        search.stop_steps = 25;
        pbt_population *population = population_of(&search);
        for (int32_t round = 0; round < 3; round++) {
            tell_round(population, (double[]){4, 3, 2, 1});
        }
        assert_true(pbt_population_is_over(population));
        pbt_search later = search;
        later.stop_steps = 60;
        amend(population, &later);
        for (int32_t m = 0; m < 4; m++) {
            pbt_segment s = newest_of(population, m);
            assert_int_equal(s.id.number, 3);
            assert_int_equal(s.start_step, 25);
            assert_int_equal(s.end_step, 30);
        }
        assert_true(newest_of(population, 3).donor >= 0);
        for (int32_t round = 3; round < 7; round++) {
            tell_round(population, (double[]){4, 3, 2, 1});
        }
        assert_true(pbt_population_is_over(population));
        assert_int_equal(pbt__population_tally(population).steps_done, 4 * 60);
        pbt_population_free(population);
    }
}

/* One overshot the old stop, and the new one with it: only the other wakes. */
static void a_later_stop_wakes_one(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    search.stop_steps = 10;
    pbt_population *population = population_of(&search);
    tell_score(population, 0, 1);
    pbt_report over = report_of(population, 1, 2);
    over.step += 5;
    tell(population, &over);
    pbt_search later = search;
    later.stop_steps = 15;
    amend(population, &later);
    assert_int_equal(newest_of(population, 0).start_step, 10);
    assert_int_equal(newest_of(population, 0).end_step, 15);
    assert_int_equal(pbt__population_state(population, 1), PBT_MEMBER_FINISHED);
    pbt_population_free(population);
}

/* A member whose last segment was lost with its round has something to train again. */
static void a_later_stop_rescues_the_lost(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_GENERATIONAL);
    search.stop_steps = 20;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){1, 2, 3});
    assert_true(tell_failure(population, 0, PBT_CAUSE_FATAL));
    tell_round(population, (double[]){1, 2, 3});
    assert_true(pbt_population_is_over(population));
    pbt_search later = search;
    later.stop_steps = 40;
    amend(population, &later);
    assert_int_equal(newest_of(population, 0).reason, PBT_RESCUE);
    assert_int_equal(newest_of(population, 0).start_step, 20);
    pbt_population_free(population);
}

static void an_open_segment_is_not_cut(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    tell_score(population, 0, 1);
    pbt_search early = search;
    early.stop_steps = 19;
    pbt_error error;
    assert_int_equal(pbt__population_amend(population, &early, &error), PBT_ERR_STATE);
    assert_string_equal(error.message, "stop.steps lies before the end of a segment that is open");
    assert_ptr_not_equal(search_in_force(population), &early);
    early.stop_steps = 20;
    amend(population, &early);
    tell_score(population, 0, 1);
    assert_int_equal(pbt__population_state(population, 0), PBT_MEMBER_FINISHED);
    pbt_population_free(population);
}

/* Members that wait at the new stop have nothing left to train; none may have gone beyond it. */
static void an_earlier_stop_ends_those_who_wait(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_GENERATIONAL);
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){1, 2, 3, 4});
    tell_score(population, 0, 1);
    pbt_report over = report_of(population, 1, 2);
    over.step += 5;
    tell(population, &over);
    give_up(population, 2);
    pbt_search early = search;
    early.stop_steps = 24;
    assert_int_equal(pbt__population_amend(population, &early, NULL), PBT_ERR_STATE);
    pbt_population_free(population);

    population = population_of(&search);
    tell_round(population, (double[]){1, 2, 3, 4});
    tell_score(population, 0, 1);
    tell_score(population, 1, 2);
    give_up(population, 2);
    early.stop_steps = 20;
    amend(population, &early);
    assert_int_equal(pbt__population_tally(population).finished, 3);
    tell_score(population, 3, 4);
    assert_true(pbt_population_is_over(population));
    assert_int_equal(pbt__population_tally(population).segments, 8);
    pbt_population_free(population);
}

static void another_length_holds_from_the_next_segment(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    pbt_search longer = search;
    longer.ready_every = 40;
    amend(population, &longer);
    assert_int_equal(tell_score(population, 0, 1).segment.start_step, 10);
    assert_int_equal(newest_of(population, 0).end_step, 40);
    assert_int_equal(newest_of(population, 1).end_step, 10);
    pbt_population_free(population);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_rules_decide_the_next_report),
        cmocka_unit_test(another_comparison_ranks_anew),
        cmocka_unit_test(another_window_scores_anew),
        cmocka_unit_test(a_later_stop_wakes_the_finished),
        cmocka_unit_test(a_later_stop_wakes_one),
        cmocka_unit_test(a_later_stop_rescues_the_lost),
        cmocka_unit_test(an_open_segment_is_not_cut),
        cmocka_unit_test(an_earlier_stop_ends_those_who_wait),
        cmocka_unit_test(another_length_holds_from_the_next_segment),
    };
    return cmocka_run_group_tests_name("amend", tests, NULL, NULL);
}
