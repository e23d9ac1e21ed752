/* gone.c: checkpoints that could not be loaded are nobody's start again. */
#include "support.h"

/* Member 3 is the best. One that is rescued with its checkpoint finds that gone. */
static pbt_population *population_without_the_best(const pbt_search *search, int32_t rules)
{
    pbt_population *population = population_of(search);
    pbt__population_follow(population, rules);
    tell_round(population, (double[]){1, 2, 3, 9});
    give_up(population, 0);
    assert_true(is_same_id(newest_of(population, 0).parent, (pbt_segment_id){3, 0}));
    assert_true(tell_failure(population, 0, PBT_CAUSE_UNLOADABLE));
    return population;
}

static void what_is_gone_is_nobodys_start_again(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_BEST;
    pbt_population *population = population_without_the_best(&search, PBT__RULES_GONE);
    assert_int_equal(newest_of(population, 0).donor, 2);
    give_up(population, 1);
    assert_int_equal(newest_of(population, 1).donor, 2);
    assert_int_equal(tell_score(population, 2, 3).segment.donor, -1);
    assert_invariants(population);
    /* The owner fails as well: it does not go back to what is gone. */
    give_up(population, 3);
    assert_true(is_same_id(newest_of(population, 3).parent, (pbt_segment_id){2, 1}));
    /* Its next report brings another checkpoint. */
    tell_score(population, 3, 9);
    give_up(population, 1);
    assert_true(is_same_id(newest_of(population, 1).parent, (pbt_segment_id){3, 2}));
    assert_invariants(population);
    pbt_population_free(population);
}

static void by_the_older_rules_what_is_gone_is_drawn_again(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_BEST;
    pbt_population *population = population_without_the_best(&search, PBT__RULES_BACK);
    assert_int_equal(newest_of(population, 0).donor, 3);
    assert_int_equal(tell_score(population, 2, 3).segment.donor, 3);
    pbt_population_free(population);
}

/* A failure that is taken back has shown nothing. */
static void what_is_gone_is_taken_back(void **state)
{
    (void)state;
    bool gave_up = false;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_BEST;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){1, 2, 3, 9});
    size_t mark = pbt__population_mark(population);
    pbt_segment_id id = newest_of(population, 3).id;
    assert_int_equal(pbt__population_fault(population, id, PBT_CAUSE_UNLOADABLE, &gave_up), PBT_OK);
    pbt__population_undo(population, mark);
    give_up(population, 0);
    assert_int_equal(newest_of(population, 0).donor, 3);
    pbt_population_free(population);
}

/* With hyperparameters alone, and for a baseline, there is scratch. */
static void whose_own_is_gone_begins_anew(void **state)
{
    (void)state;
    const pbt_value rate = {.real = 0.5};
    const bool given = true;
    const pbt_start fixed = {.values = &rate, .given = &given, .fixed = true};
    for (int32_t i = 0; i < 2; i++) {
        pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
        search.exploit.copy = i == 0 ? PBT_COPY_HYPERPARAMETERS : search.exploit.copy;
        search.starts = &fixed;
        search.start_count = i;
        pbt_population *population = population_of(&search);
        tell_round(population, (double[]){1, 2, 3});
        assert_true(tell_failure(population, 0, PBT_CAUSE_UNLOADABLE));
        pbt_segment s = newest_of(population, 0);
        assert_int_equal(s.reason, PBT_RESCUE);
        assert_int_equal(s.parent.member, -1);
        assert_int_equal(s.start_step, 10);
        assert_int_equal(s.start_age, 0);
        assert_true(i == 0 || s.values[0].real == 0.5);
        pbt_population_free(population);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_gone_is_nobodys_start_again),
        cmocka_unit_test(by_the_older_rules_what_is_gone_is_drawn_again),
        cmocka_unit_test(what_is_gone_is_taken_back),
        cmocka_unit_test(whose_own_is_gone_begins_anew),
    };
    return cmocka_run_group_tests_name("gone", tests, NULL, NULL);
}
