/* failure.c: what is tried again, who rescues whom, and when a member or a study is given up. */
#include "chi_square.h"
#include "core/space.h"
#include "support.h"

static pbt_member_state state_of(const pbt_population *population, int32_t m)
{
    return pbt__population_state(population, m);
}

/* ---- attempts ---- */

static void causes_are_counted_apart(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    search.retries = 2;
    search.lost = 3;
    pbt_population *population = population_of(&search);
    const pbt_cause causes[] = {PBT_CAUSE_LOST, PBT_CAUSE_TRAINER, PBT_CAUSE_LOST,
                                PBT_CAUSE_TRAINER, PBT_CAUSE_LOST};
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++) {
        pbt_segment_id id = newest_of(population, 0).id;
        assert_false(pbt__population_gives_up(population, id, causes[i]));
        assert_false(tell_failure(population, 0, causes[i]));
        assert_int_equal(state_of(population, 0), PBT_MEMBER_TRAINING);
        assert_int_equal(newest_of(population, 0).id.number, 0);
    }
    pbt_segment_id id = newest_of(population, 0).id;
    assert_true(pbt__population_gives_up(population, id, PBT_CAUSE_LOST));
    assert_true(pbt__population_gives_up(population, id, PBT_CAUSE_FATAL));
    assert_true(tell_failure(population, 0, PBT_CAUSE_TRAINER));
    assert_int_equal(state_of(population, 0), PBT_MEMBER_LOST);
    assert_int_equal(pbt__population_failures(population, 0), 6);
    assert_true(tell_failure(population, 1, PBT_CAUSE_FATAL));
    pbt_population_free(population);
}

static void attempts_count_anew_in_each_segment(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    for (int32_t n = 0; n < 5; n++) {
        assert_false(tell_failure(population, 0, PBT_CAUSE_TRAINER));
        tell_score(population, 0, 1);
    }
    assert_int_equal(pbt__population_failures(population, 0), 5);
    pbt_population_free(population);
}

/* ---- rescue ---- */

/* Before any quorum and before ready.after: at once, the same steps, the next number. */
static void a_rescue_is_at_once_over_the_same_steps(void **state)
{
    (void)state;
    pbt_search search = search_of(8, PBT_ASYNCHRONOUS);
    search.ready_after = 90;
    search.explore.resample_probability = 0;
    pbt_population *population = population_of(&search);
    tell_score(population, 0, 5);
    tell_score(population, 0, 6);
    tell_score(population, 3, 1);
    give_up(population, 3);
    pbt_segment s = newest_of(population, 3);
    assert_int_equal(state_of(population, 3), PBT_MEMBER_TRAINING);
    assert_int_equal(s.reason, PBT_RESCUE);
    assert_int_equal(s.id.number, 2);
    assert_int_equal(s.donor, 0);
    assert_true(is_same_id(s.parent, (pbt_segment_id){0, 1}));
    assert_int_equal(s.start_step, 10);
    assert_int_equal(s.end_step, 20);
    assert_int_equal(s.start_age, 20);
    assert_int_equal(s.changes[0].operation, PBT_FACTOR);
    assert_true(s.changes[0].from.real == newest_of(population, 0).values[0].real);
    assert_int_equal(segment_of(population, 3, 1).state, PBT_SEGMENT_GIVEN_UP);
    assert_int_equal(tell_score(population, 0, 7).compared.point, -1);
    pbt_population_free(population);
}

/* As if it were the worst of the seven with a report: the two best of these, evenly. */
static void a_rescue_draws_as_the_worst(void **state)
{
    (void)state;
    int64_t counts[9] = {0};
    pbt_search search = search_of(9, PBT_ASYNCHRONOUS);
    search.exploit.quorum = 1;
    for (search.seed = 0; search.seed < SEED_COUNT; search.seed++) {
        pbt_population *population = population_of(&search);
        for (int32_t m = 1; m < 8; m++) {
            tell_score(population, m, (m * 3) % 8);
        }
        tell_score(population, 4, 9);
        give_up(population, 5);
        counts[newest_of(population, 5).donor]++;
        pbt_population_free(population);
    }
    assert_int_equal(counts[4] + counts[2], SEED_COUNT);
    const int64_t drawn[] = {counts[4], counts[2]};
    assert_true(chi_square_even(drawn, 2) > CHI_SQUARE_ERROR);
}

/* `best` takes the best; the rules without a number of donors take any candidate. */
static void a_rescue_follows_the_rule(void **state)
{
    (void)state;
    for (int rule = PBT_EXPLOIT_T_TEST; rule <= PBT_EXPLOIT_THRESHOLD; rule++) {
        int64_t counts[5] = {0};
        pbt_search search = search_of(5, PBT_ASYNCHRONOUS);
        search.exploit.rule = (pbt_exploit_rule)rule;
        search.exploit.quorum = 1;
        for (search.seed = 0; search.seed < SEED_COUNT; search.seed++) {
            pbt_population *population = population_of(&search);
            for (int32_t m = 1; m < 5; m++) {
                pbt_report report = report_of(population, m, m);
                report.has_checkpoint = m != 4;
                tell(population, &report);
            }
            give_up(population, 0);
            counts[newest_of(population, 0).donor]++;
            pbt_population_free(population);
        }
        if (rule == PBT_EXPLOIT_BEST) {
            assert_int_equal(counts[3], SEED_COUNT);
        } else {
            assert_int_equal(counts[1] + counts[2] + counts[3], SEED_COUNT);
            assert_true(chi_square_even(counts + 1, 3) > CHI_SQUARE_ERROR);
        }
    }
}

/* A copier that has not reported since is no rescuer; nor is one that diverged or left nothing. */
static void a_rescuers_report_stands(void **state)
{
    (void)state;
    pbt_search search = search_of(5, PBT_ASYNCHRONOUS);
    search.exploit.quorum = 0.5;
    search.exploit.rule = PBT_EXPLOIT_BEST;
    pbt_population *population = population_of(&search);
    pbt_report bare = report_of(population, 2, 9);
    bare.has_checkpoint = false;
    tell(population, &bare);
    tell_score(population, 0, 5);
    assert_int_equal(tell_score(population, 1, 1).segment.donor, 0);
    tell_diverged(population, 0, 20);
    give_up(population, 3);
    assert_int_equal(state_of(population, 3), PBT_MEMBER_LOST);
    assert_int_equal(tell_score(population, 1, 1).segment.id.number, 2);
    assert_int_equal(newest_of(population, 3).donor, 1);
    pbt_population_free(population);
}

/* With the round, from the next step on: what was lost is not made up. */
static void a_round_rescues_with_its_decisions(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_GENERATIONAL);
    pbt_population *population = population_of(&search);
    for (int32_t round = 0; round < 4; round++) {
        give_up(population, round);
        assert_int_equal(state_of(population, round), PBT_MEMBER_LOST);
        for (int32_t m = 0; m < 4; m++) {
            if (m != round) {
                assert_int_equal(state_of(population, m), PBT_MEMBER_TRAINING);
                tell_score(population, m, 5 + m);
            }
        }
        pbt_segment s = newest_of(population, round);
        assert_int_equal(s.id.number, 2 * round + 1);
        assert_int_equal(s.reason, PBT_RESCUE);
        assert_int_equal(s.donor, round == 3 ? 2 : 3);
        assert_int_equal(s.parent.number, 2 * round);
        assert_int_equal(s.start_step, 20 * round + 10);
        assert_int_equal(s.start_age, 20 * round + 10);
        tell_round(population, (double[]){5, 6, 7, 8});
    }
    pbt_population_free(population);
}

/* The last round's loss leaves nothing to train: the member ends where it would have. */
static void a_loss_in_the_last_round_ends_a_member(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_GENERATIONAL);
    search.stop_steps = 30;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){1, 2});
    tell_round(population, (double[]){1, 2});
    give_up(population, 0);
    assert_int_equal(state_of(population, 0), PBT_MEMBER_FINISHED);
    tell_score(population, 1, 2);
    assert_true(pbt_population_is_over(population));
    assert_int_equal(pbt__population_tally(population).steps_done, 50);
    assert_int_equal(pbt__population_missing(population, 0), 10);
    assert_int_equal(pbt__population_missing(population, 1), 0);
    pbt_population_free(population);
}

/* It may be brought back all the same, to train what it lost. */
static void what_the_last_round_lost_is_trained_after_all(void **state)
{
    (void)state;
    for (int32_t rules = PBT__RULES_BACK; rules <= PBT__RULES_GONE; rules++) {
        pbt_search search = search_of(2, PBT_GENERATIONAL);
        search.stop_steps = 30;
        pbt_population *population = population_of(&search);
        pbt__population_follow(population, rules);
        tell_round(population, (double[]){1, 2});
        tell_round(population, (double[]){1, 2});
        pbt_segment lost = newest_of(population, 0);
        give_up(population, 0);
        tell_score(population, 1, 2);
        assert_false(pbt__population_may_return(population, 1));
        pbt_err err = pbt__population_revive(population, 0);
        assert_int_equal(err, rules < PBT__RULES_GONE ? PBT_ERR_STATE : PBT_OK);
        if (err == PBT_OK) {
            assert_int_equal(settle(population), 1);
            pbt_segment again = newest_of(population, 0);
            assert_true(is_same_id(again.parent, lost.parent));
            assert_int_equal(again.start_step, 20);
            tell_score(population, 0, 1);
            assert_true(pbt_population_is_over(population));
            assert_int_equal(pbt__population_tally(population).finished, 2);
            assert_int_equal(pbt__population_missing(population, 0), 0);
            assert_invariants(population);
        }
        pbt_population_free(population);
    }
}

/* A round's loss is missing at the end, and nobody can train it any more; one that failed for good
 * leaves all that it did not train. */
static void steps_that_are_missing_are_counted(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_GENERATIONAL);
    search.stop_steps = 60;
    pbt_population *population = population_of(&search);
    give_up(population, 1);
    tell_round(population, (double[]){1, 2, 3});
    while (!pbt_population_is_over(population)) {
        if (state_of(population, 0) == PBT_MEMBER_TRAINING) {
            give_up(population, 0);
        }
        tell_round(population, (double[]){1, 2, 3});
    }
    assert_int_equal(state_of(population, 0), PBT_MEMBER_FAILED);
    assert_int_equal(pbt__population_missing(population, 0), 50);
    assert_int_equal(pbt__population_missing(population, 1), 10);
    assert_false(pbt__population_may_return(population, 1));
    assert_int_equal(pbt__population_missing(population, 2), 0);
    pbt_population_free(population);
}

/* ---- waiting, and starting afresh ---- */

static void a_lost_member_waits_for_a_candidate(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    give_up(population, 0);
    give_up(population, 1);
    tell_diverged(population, 2, 4);
    assert_int_equal(state_of(population, 0), PBT_MEMBER_LOST);
    assert_int_equal(pbt__population_step(population, 0), 0);
    pbt__decision decision = tell_score(population, 3, 1);
    assert_int_equal(decision.segment.id.number, 1);
    for (int32_t m = 0; m < 2; m++) {
        assert_int_equal(newest_of(population, m).donor, 3);
        assert_int_equal(newest_of(population, m).start_step, 0);
        assert_int_equal(newest_of(population, m).start_age, 10);
    }
    pbt_population_free(population);
}

static void assert_afresh(const pbt_population *population, int32_t m, int64_t start_step)
{
    pbt_segment s = newest_of(population, m);
    pbt_segment lost = segment_of(population, m, s.id.number - 1);
    assert_int_equal(state_of(population, m), PBT_MEMBER_TRAINING);
    assert_int_equal(s.reason, PBT_RESCUE);
    assert_int_equal(s.donor, -1);
    assert_int_equal(s.parent.member, -1);
    assert_int_equal(s.start_step, start_step);
    assert_int_equal(s.start_age, 0);
    assert_int_equal(s.changes[0].operation, PBT_RESAMPLE);
    assert_true(s.changes[0].from.real == lost.values[0].real);
    assert_true(s.values[0].real != lost.values[0].real);
    assert_int_not_equal(s.seed, lost.seed);
}

/* The last that might have reported is given up too, or finishes without a candidate. */
static void nobody_left_to_wait_for(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    search.stop_steps = 10;
    pbt_population *population = population_of(&search);
    give_up(population, 0);
    give_up(population, 1);
    assert_int_equal(state_of(population, 0), PBT_MEMBER_LOST);
    tell_diverged(population, 2, 10);
    assert_int_equal(state_of(population, 2), PBT_MEMBER_FINISHED);
    assert_afresh(population, 0, 0);
    assert_afresh(population, 1, 0);
    pbt_population_free(population);

    population = population_of(&search);
    give_up(population, 0);
    give_up(population, 1);
    give_up(population, 2);
    for (int32_t m = 0; m < 3; m++) {
        assert_afresh(population, m, 0);
    }
    pbt_population_free(population);
}

/* By the rules that logs were first written by a rescue without a donor forgets its weights; by
 * those since it goes back to them. */
static void without_copies_a_lost_member_goes_back(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_NONE;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){1, 2, 3});
    give_up(population, 0);
    pbt_segment s = newest_of(population, 0);
    pbt_segment lost = segment_of(population, 0, s.id.number - 1);
    assert_int_equal(s.reason, PBT_RESCUE);
    assert_int_equal(s.parent.member, 0);
    assert_int_equal(s.parent.number, 0);
    assert_int_equal(s.start_step, 10);
    assert_int_equal(s.start_age, 10);
    assert_int_equal(s.changes[0].operation, PBT_RESAMPLE);
    assert_true(s.values[0].real != lost.values[0].real);
    pbt_population_free(population);
}

static void by_the_first_rules_a_lost_member_without_copies_starts_afresh(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 2; i++) {
        pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
        search.exploit.rule = i == 0 ? PBT_EXPLOIT_NONE : PBT_EXPLOIT_TRUNCATION;
        search.exploit.fraction = 0;
        pbt_population *population = population_of(&search);
        pbt__population_follow(population, PBT__RULES_FIRST);
        tell_round(population, (double[]){1, 2, 3});
        give_up(population, 0);
        assert_afresh(population, 0, 10);
        pbt_population_free(population);
    }
}

static void a_round_without_a_candidate_starts_afresh(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_GENERATIONAL);
    pbt_population *population = population_of(&search);
    give_up(population, 0);
    tell_diverged(population, 1, 10);
    tell_diverged(population, 2, 10);
    assert_afresh(population, 0, 10);
    pbt_population_free(population);
}

/* Hyperparameters alone are copied, and nobody has the lost member's width: none will ever come. */
static void nobody_of_its_width_to_wait_for(void **state)
{
    (void)state;
    const pbt_parameter width = {.name = "width",
                                 .type = PBT_INT,
                                 .min = {.integer = 1},
                                 .max = {.integer = 1000000},
                                 .inherit = true};
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    search.exploit.copy = PBT_COPY_HYPERPARAMETERS;
    search.space = (pbt_space){.parameters = &width, .count = 1};
    pbt_population *population = population_of(&search);
    give_up(population, 0);
    assert_int_equal(newest_of(population, 0).reason, PBT_RESCUE);
    assert_int_equal(newest_of(population, 0).parent.member, -1);
    pbt_population_free(population);
}

/* ---- three rescues in a row ---- */

static void three_rescues_in_a_row(void **state)
{
    (void)state;
    for (int mode = PBT_ASYNCHRONOUS; mode <= PBT_GENERATIONAL; mode++) {
        pbt_search search = search_of(3, (pbt_mode)mode);
        pbt_population *population = population_of(&search);
        tell_round(population, (double[]){1, 3, 3});
        for (int32_t i = 0; i < 3; i++) {
            give_up(population, 0);
            tell_score(population, 1, 3);
            tell_score(population, 2, 3);
            assert_int_equal(state_of(population, 0), PBT_MEMBER_TRAINING);
            assert_int_equal(newest_of(population, 0).reason, PBT_RESCUE);
        }
        give_up(population, 0);
        assert_int_equal(state_of(population, 0), PBT_MEMBER_FAILED);
        assert_int_equal(pbt__population_tally(population).failed, 1);
        tell_score(population, 1, 3);
        assert_int_equal(tell_score(population, 2, 3).compared.ranked, 2);
        while (!pbt_population_is_over(population)) {
            tell_round(population, (double[]){1, 3, 3});
        }
        assert_int_equal(pbt__population_tally(population).finished, 2);
        pbt_population_free(population);
    }
}

static void one_that_failed_is_brought_back_and_ranked(void **state)
{
    (void)state;
    for (int mode = PBT_ASYNCHRONOUS; mode <= PBT_GENERATIONAL; mode++) {
        pbt_search search = search_of(3, (pbt_mode)mode);
        pbt_population *population = population_of(&search);
        tell_round(population, (double[]){1, 3, 3});
        assert_int_equal(pbt__population_revive(population, 0), PBT_ERR_STATE);
        for (int32_t i = 0; i < 4; i++) {
            give_up(population, 0);
            tell_score(population, 1, 3);
            tell_score(population, 2, 3);
        }
        assert_int_equal(state_of(population, 0), PBT_MEMBER_FAILED);
        pbt_segment lost = newest_of(population, 0);
        size_t mark = pbt__population_mark(population);
        assert_int_equal(pbt__population_revive(population, 0), PBT_OK);
        assert_invariants(population);
        assert_int_equal(pbt__population_tally(population).failed, 0);
        pbt__population_undo(population, mark);
        assert_int_equal(state_of(population, 0), PBT_MEMBER_FAILED);
        assert_invariants(population);
        assert_int_equal(pbt__population_revive(population, 0), PBT_OK);
        while (!pbt_population_is_over(population)) {
            tell_round(population, (double[]){1, 3, 3});
            assert_invariants(population);
        }
        pbt_segment back = segment_of(population, 0, lost.id.number + 1);
        assert_int_equal(back.reason, PBT_RESCUE);
        assert_int_equal(back.donor, -1);
        assert_true(is_same_id(back.parent, lost.parent));
        assert_true(back.values[0].real == lost.values[0].real);
        assert_int_equal(pbt__population_tally(population).finished, 3);
        pbt_population_free(population);
    }
}

static void a_report_ends_the_row(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){1, 2, 3});
    for (int32_t i = 0; i < 3; i++) {
        for (int32_t rescue = 0; rescue < 3; rescue++) {
            give_up(population, 0);
        }
        tell_score(population, 0, 1);
        assert_int_equal(state_of(population, 0), PBT_MEMBER_TRAINING);
    }
    pbt_population_free(population);
}

/* A failed member is nobody's donor, and its rank is another's. */
static void a_failed_member_counts_nowhere(void **state)
{
    (void)state;
    pbt_search search = search_of(5, PBT_GENERATIONAL);
    search.exploit.rule = PBT_EXPLOIT_BEST;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){9, 1, 2, 3, 4});
    for (int32_t i = 0; i < 4; i++) {
        give_up(population, 0);
        for (int32_t m = 1; m < 5; m++) {
            tell_score(population, m, m);
        }
    }
    assert_int_equal(state_of(population, 0), PBT_MEMBER_FAILED);
    for (int32_t m = 1; m < 4; m++) {
        assert_int_equal(newest_of(population, m).donor, 4);
    }
    pbt_segment best;
    assert_true(pbt_population_best(population, &best));
    assert_true(is_same_id(best.id, (pbt_segment_id){0, 0}));
    pbt_population_free(population);
}

/* ---- a broken script ---- */

static void a_broken_script_costs_one_attempt_each(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    tell_failure(population, 0, PBT_CAUSE_TRAINER);
    tell_failure(population, 0, PBT_CAUSE_TRAINER);
    tell_failure(population, 1, PBT_CAUSE_LOST);
    tell_failure(population, 2, PBT_CAUSE_TRAINER);
    tell_failure(population, 2, PBT_CAUSE_LOST);
    tell_failure(population, 2, PBT_CAUSE_FATAL);
    assert_false(pbt__population_tally(population).is_broken);
    tell_failure(population, 1, PBT_CAUSE_TRAINER);
    assert_true(pbt__population_tally(population).is_broken);
    tell_score(population, 1, 1);
    assert_false(pbt__population_tally(population).is_broken);
    pbt_population_free(population);
}

static void a_report_shows_that_a_script_works(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    tell_failure(population, 0, PBT_CAUSE_TRAINER);
    tell_failure(population, 1, PBT_CAUSE_TRAINER);
    tell_score(population, 0, 1);
    tell_failure(population, 2, PBT_CAUSE_TRAINER);
    assert_false(pbt__population_tally(population).is_broken);
    pbt_population_free(population);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(causes_are_counted_apart),
        cmocka_unit_test(attempts_count_anew_in_each_segment),
        cmocka_unit_test(a_rescue_is_at_once_over_the_same_steps),
        cmocka_unit_test(a_rescue_draws_as_the_worst),
        cmocka_unit_test(a_rescue_follows_the_rule),
        cmocka_unit_test(a_rescuers_report_stands),
        cmocka_unit_test(a_round_rescues_with_its_decisions),
        cmocka_unit_test(a_loss_in_the_last_round_ends_a_member),
        cmocka_unit_test(what_the_last_round_lost_is_trained_after_all),
        cmocka_unit_test(steps_that_are_missing_are_counted),
        cmocka_unit_test(a_lost_member_waits_for_a_candidate),
        cmocka_unit_test(nobody_left_to_wait_for),
        cmocka_unit_test(without_copies_a_lost_member_goes_back),
        cmocka_unit_test(by_the_first_rules_a_lost_member_without_copies_starts_afresh),
        cmocka_unit_test(a_round_without_a_candidate_starts_afresh),
        cmocka_unit_test(nobody_of_its_width_to_wait_for),
        cmocka_unit_test(three_rescues_in_a_row),
        cmocka_unit_test(one_that_failed_is_brought_back_and_ranked),
        cmocka_unit_test(a_report_ends_the_row),
        cmocka_unit_test(a_failed_member_counts_nowhere),
        cmocka_unit_test(a_broken_script_costs_one_attempt_each),
        cmocka_unit_test(a_report_shows_that_a_script_works),
    };
    return cmocka_run_group_tests_name("failure", tests, NULL, NULL);
}
