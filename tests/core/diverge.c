/* diverge.c: members whose score is not finite: replaced first, or back to an ancestor. */
#include "chi_square.h"
#include "support.h"

static const double odd[] = {NAN, INFINITY, -INFINITY};

static pbt_report diverged_of(const pbt_population *population, int32_t m)
{
    pbt_report report = report_of(population, m, odd[m % 3]);
    report.step = newest_of(population, m).start_step + 4;
    report.has_checkpoint = false;
    return report;
}

/* Behaviour 3, at every place: 15 members that differ, one that diverged. */
static void one_among_sixteen(pbt_mode mode, int32_t odd_one)
{
    pbt_search search = search_of(16, mode);
    search.exploit.quorum = 1;
    search.exploit.fraction = 0.05; /* k = 1 */
    for (int32_t round = 0; round < 4; round++) {
        search.seed = (uint64_t)round;
        pbt_population *population = population_of(&search);
        for (int32_t m = 15; m >= 0; m--) {
            if (m != odd_one) {
                tell_score(population, m, (m * 7 + round) % 16);
            }
        }
        pbt_report report = diverged_of(population, odd_one);
        tell(population, &report);
        pbt_segment s = newest_of(population, odd_one);
        assert_int_equal(s.reason, PBT_EXPLOITED);
        assert_true(s.donor >= 0 && s.donor != odd_one);
        assert_true(segment_of(population, s.donor, 0).score >= 14);
        assert_int_equal(s.start_step, 4);
        assert_int_equal(s.end_step, 10);
        assert_int_equal(s.start_age, 10);
        assert_int_equal(pbt__population_tally(population).exploits, 1);
        pbt_population_free(population);
    }
}

static void behaviour_03_one_nan_among_sixteen(void **state)
{
    (void)state;
    for (int32_t odd_one = 0; odd_one < 16; odd_one++) {
        one_among_sixteen(PBT_ASYNCHRONOUS, odd_one);
        one_among_sixteen(PBT_GENERATIONAL, odd_one);
    }
}

/* By every rule and through whole studies, a segment that diverged is nobody's parent. */
static void behaviour_03_nan_is_never_a_donor(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 2 * 5; i++) {
        pbt_search search = search_of(16, (pbt_mode)(i % 2));
        search.exploit.rule = (pbt_exploit_rule)(i / 2);
        search.exploit.window = 2;
        pbt_population *population = population_of(&search);
        dice d = {.state = (uint64_t)i};
        pbt_segment s;
        while (pbt_population_ask(population, &s)) {
            bool diverges = dice_below(&d, 16) == 0;
            pbt_report report = report_of(population, s.id.member, dice_below(&d, 100));
            report.score = diverges ? odd[dice_below(&d, 3)] : report.score;
            report.has_checkpoint = !diverges || dice_below(&d, 2) == 0;
            tell(population, &report);
            pbt_segment next = newest_of(population, s.id.member);
            if (next.parent.member >= 0) {
                pbt_segment parent = segment_of(population, next.parent.member, next.parent.number);
                assert_true(isfinite(parent.score));
            }
        }
        assert_true(pbt__population_tally(population).exploits > 0);
        pbt_population_free(population);
    }
}

/* A rule draws for it as for the worst: the k best, the best, or any candidate. */
static void it_draws_as_the_worst(void **state)
{
    (void)state;
    const double scores[] = {0, 6, 5, 4, 3, 2, 1};
    const int32_t eligible[] = {2, 6, 6, 1};
    for (int rule = PBT_EXPLOIT_TRUNCATION; rule <= PBT_EXPLOIT_BEST; rule++) {
        int64_t counts[7] = {0};
        pbt_search search = search_of(7, PBT_GENERATIONAL);
        search.exploit.rule = (pbt_exploit_rule)rule;
        for (search.seed = 0; search.seed < SEED_COUNT; search.seed++) {
            pbt_population *population = population_of(&search);
            pbt_report report = diverged_of(population, 0);
            tell(population, &report);
            tell_round(population, scores);
            counts[newest_of(population, 0).donor]++;
            pbt_population_free(population);
        }
        int64_t sum = 0;
        for (int32_t m = 1; m <= eligible[rule]; m++) {
            sum += counts[m];
        }
        assert_int_equal(sum, SEED_COUNT);
        assert_true(eligible[rule] == 1 ||
                    chi_square_even(counts + 1, (size_t)eligible[rule]) > CHI_SQUARE_ERROR);
    }
}

/* `threshold` says for itself whom one that is not finite may copy; without any it goes back. */
static void threshold_keeps_its_band(void **state)
{
    (void)state;
    pbt_search search = search_of(5, PBT_GENERATIONAL);
    search.exploit.rule = PBT_EXPLOIT_THRESHOLD;
    search.exploit.sigmas = 1;
    for (search.seed = 0; search.seed < 50; search.seed++) {
        pbt_population *population = population_of(&search);
        tell_round(population, (double[]){1, 1, 1, 1, 1});
        tell_diverged(population, 2, 14);
        tell_round(population, (double[]){1, 2, 0, 3, 4});
        assert_int_equal(newest_of(population, 2).donor, 4);
        tell_diverged(population, 2, 24);
        tell_round(population, (double[]){1, 1, 0, 1, 1});
        assert_int_equal(newest_of(population, 2).donor, -1);
        assert_int_equal(newest_of(population, 2).reason, PBT_EXPLORED);
        assert_true(is_same_id(newest_of(population, 2).parent, (pbt_segment_id){4, 1}));
        pbt_population_free(population);
    }
}

/* Its old score at the point compared may be the best: it is the worst all the same. */
static void it_is_the_worst_wherever_it_is_compared(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.quorum = 1;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){9, 3, 3, 3});
    pbt__decision decision = tell_diverged(population, 0, 12);
    assert_int_equal(decision.compared.point, 0);
    assert_int_equal(decision.segment.donor, 1);
    assert_int_equal(decision.segment.start_step, 12);
    pbt_population_free(population);
}

/* ---- back to an ancestor ---- */

/* Before decisions begin: the newest ancestor with a checkpoint, past one without. */
static void it_goes_back_to_its_newest_sound_ancestor(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.explore.resample_probability = 0;
    pbt_population *population = population_of(&search);
    tell_score(population, 0, 1);
    tell_score(population, 0, 2);
    pbt_report bare = report_of(population, 0, 3);
    bare.has_checkpoint = false;
    tell(population, &bare);
    pbt_segment s = tell_diverged(population, 0, 33).segment;
    assert_true(is_same_id(s.parent, (pbt_segment_id){0, 1}));
    assert_int_equal(s.reason, PBT_EXPLORED);
    assert_int_equal(s.donor, -1);
    assert_int_equal(s.changes[0].operation, PBT_FACTOR);
    assert_int_equal(s.start_step, 33);
    assert_int_equal(s.end_step, 40);
    assert_int_equal(s.start_age, 20);
    assert_int_equal(s.end_age, 27);
    pbt_population_free(population);
}

/* What it left itself is what diverged. */
static void its_own_checkpoint_is_of_no_use(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    tell_score(population, 0, 1);
    tell_score(population, 0, (double)NAN);
    assert_true(segment_of(population, 0, 1).has_checkpoint);
    assert_true(is_same_id(newest_of(population, 0).parent, (pbt_segment_id){0, 0}));
    tell_score(population, 0, (double)INFINITY);
    assert_true(is_same_id(newest_of(population, 0).parent, (pbt_segment_id){0, 0}));
    tell_score(population, 1, (double)NAN);
    assert_int_equal(newest_of(population, 1).parent.member, -1);
    assert_int_equal(newest_of(population, 1).start_age, 0);
    assert_int_equal(newest_of(population, 1).reason, PBT_EXPLORED);
    pbt_population_free(population);
}

/* Ancestors are those of the weights: after a copy, the donor's. */
static void ancestors_may_be_anothers(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_BEST;
    search.exploit.quorum = 0.5;
    search.ready_after = 10;
    pbt_population *population = population_of(&search);
    tell_score(population, 0, 5);
    assert_int_equal(tell_score(population, 1, 1).segment.donor, 0);
    tell_diverged(population, 0, 15);
    tell_diverged(population, 2, 5); /* before ready.after: nobody to copy */
    assert_int_equal(newest_of(population, 2).parent.member, -1);
    pbt_segment s = tell_diverged(population, 1, 15).segment;
    assert_int_equal(s.donor, -1);
    assert_true(is_same_id(s.parent, (pbt_segment_id){0, 0}));
    assert_int_equal(s.start_age, 10);
    pbt_population_free(population);
}

/* Other weights than it reported: it has no place at older points until it reports again. */
static void going_back_takes_other_weights(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.compare = PBT_COMPARE_LATEST;
    search.exploit.rule = PBT_EXPLOIT_NONE;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){1, 2, 3, 4});
    assert_int_equal(tell_score(population, 1, 2).compared.ranked, 4);
    tell_diverged(population, 0, 20);
    assert_int_equal(tell_score(population, 1, 2).compared.ranked, 3);
    assert_int_equal(tell_score(population, 0, 2).compared.ranked, 4);
    pbt_population_free(population);
}

/* Hyperparameters alone are copied: the donor's, on the sound ancestor's weights. */
static void hyperparameters_alone_go_back_too(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.copy = PBT_COPY_HYPERPARAMETERS;
    search.explore.rule = PBT_EXPLORE_NONE;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){4, 3, 2, 1});
    pbt_segment s = tell_diverged(population, 3, 12).segment;
    assert_int_equal(s.reason, PBT_EXPLOITED);
    assert_int_equal(s.donor, 0);
    assert_true(is_same_id(s.parent, (pbt_segment_id){3, 0}));
    assert_true(s.values[0].real == newest_of(population, 0).values[0].real);
    assert_int_equal(s.start_age, 10);
    pbt_population_free(population);
}

static void a_fixed_member_goes_back_unchanged(void **state)
{
    (void)state;
    const pbt_value value = {.real = 0.5};
    const bool given = true;
    const pbt_start start = {.values = &value, .given = &given, .fixed = true};
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.starts = &start;
    search.start_count = 1;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){4, 3, 2, 1});
    pbt_segment s = tell_diverged(population, 0, 12).segment;
    assert_int_equal(s.donor, -1);
    assert_true(is_same_id(s.parent, (pbt_segment_id){0, 0}));
    assert_true(s.values[0].real == 0.5);
    assert_int_equal(s.changes[0].operation, PBT_UNTOUCHED);
    pbt_population_free(population);
}

/* Diverged at its first step again and again: as a failure without a report, the fourth is one too
 * many. A step forward starts the row anew. */
static void standing_still_is_no_way_to_go_on(void **state)
{
    (void)state;
    for (int mode = PBT_ASYNCHRONOUS; mode <= PBT_GENERATIONAL; mode++) {
        pbt_search search = search_of(1, (pbt_mode)mode);
        pbt_population *population = population_of(&search);
        for (int32_t i = 0; i < 3; i++) {
            tell_diverged(population, 0, 0);
        }
        tell_diverged(population, 0, 1);
        for (int32_t i = 0; i < 4; i++) {
            assert_int_equal(pbt__population_state(population, 0), PBT_MEMBER_TRAINING);
            tell_diverged(population, 0, 1);
        }
        assert_int_equal(pbt__population_state(population, 0), PBT_MEMBER_FAILED);
        assert_true(pbt_population_is_over(population));
        pbt_population_free(population);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaviour_03_one_nan_among_sixteen),
        cmocka_unit_test(behaviour_03_nan_is_never_a_donor),
        cmocka_unit_test(it_draws_as_the_worst),
        cmocka_unit_test(threshold_keeps_its_band),
        cmocka_unit_test(it_is_the_worst_wherever_it_is_compared),
        cmocka_unit_test(it_goes_back_to_its_newest_sound_ancestor),
        cmocka_unit_test(its_own_checkpoint_is_of_no_use),
        cmocka_unit_test(ancestors_may_be_anothers),
        cmocka_unit_test(going_back_takes_other_weights),
        cmocka_unit_test(hyperparameters_alone_go_back_too),
        cmocka_unit_test(a_fixed_member_goes_back_unchanged),
        cmocka_unit_test(standing_still_is_no_way_to_go_on),
    };
    return cmocka_run_group_tests_name("diverge", tests, NULL, NULL);
}
