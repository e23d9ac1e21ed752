/* order.c: who comes before whom, where members are compared, and who may be copied. */
#include "chi_square.h"
#include "support.h"

/* ---- one comparison ---- */

static void assert_position(pbt_population *population, int32_t m, int32_t position)
{
    assert_int_equal(due_of(population, m).compared.position, position);
}

/* Whichever way a score is infinite, it is the worst and equal to every other such one. */
static void finite_scores_come_first(void **state)
{
    (void)state;
    for (int direction = PBT_MAXIMIZE; direction <= PBT_MINIMIZE; direction++) {
        pbt_search search = search_of(6, PBT_GENERATIONAL);
        search.direction = (pbt_direction)direction;
        pbt_population *population = population_of(&search);
        record_round(population, (double[]){NAN, -1e300, INFINITY, -INFINITY, -1e300, -NAN});
        assert_position(population, 1, 0);
        assert_position(population, 4, 1);
        assert_position(population, 0, 2);
        assert_position(population, 2, 3);
        assert_position(population, 3, 4);
        assert_position(population, 5, 5);
        pbt_population_free(population);
    }
}

static void ties_go_to_the_lower_number(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_GENERATIONAL);
    pbt_population *population = population_of(&search);
    record_round(population, (double[]){0.0, 1, -0.0, 1});
    assert_position(population, 1, 0);
    assert_position(population, 3, 1);
    assert_position(population, 0, 2);
    assert_position(population, 2, 3);
    pbt_population_free(population);
}

static void assert_same_segments(const pbt_population *a, const pbt_population *b, int32_t members)
{
    for (int32_t m = 0; m < members; m++) {
        int32_t newest = newest_of(a, m).id.number;
        assert_int_equal(newest_of(b, m).id.number, newest);
        for (int32_t n = 0; n <= newest; n++) {
            pbt_segment s = segment_of(a, m, n);
            pbt_segment t = segment_of(b, m, n);
            assert_true(is_same_id(s.parent, t.parent));
            assert_int_equal(s.donor, t.donor);
            assert_true(s.values[0].real == t.values[0].real);
        }
    }
}

/* Minimising the negated scores is the same study, rule by rule. */
static void direction_only_mirrors(void **state)
{
    (void)state;
    for (int rule = PBT_EXPLOIT_TRUNCATION; rule <= PBT_EXPLOIT_THRESHOLD; rule++) {
        pbt_search up = search_of(8, PBT_ASYNCHRONOUS);
        up.exploit.rule = (pbt_exploit_rule)rule;
        up.exploit.window = 4;
        up.exploit.alpha = 0.5;
        pbt_search down = up;
        down.direction = PBT_MINIMIZE;
        pbt_population *a = population_of(&up);
        pbt_population *b = population_of(&down);
        dice d = {.state = 3};
        for (int32_t i = 0; i < 8 * 9; i++) {
            double score = dice_below(&d, 20);
            tell_score(a, i % 8, score);
            tell_score(b, i % 8, -score);
        }
        assert_same_segments(a, b, 8);
        assert_true(pbt__population_tally(a).exploits > 0);
        pbt_population_free(a);
        pbt_population_free(b);
    }
}

/* A round's decisions do not depend on who reported it first. */
static void arrival_does_not_matter(void **state)
{
    (void)state;
    pbt_search search = search_of(8, PBT_GENERATIONAL);
    pbt_population *a = population_of(&search);
    pbt_population *b = population_of(&search);
    for (int32_t i = 0; i < 8 * 9; i++) {
        int32_t round = i / 8;
        int32_t m = i % 8;
        int32_t shuffled = (m * 3 + round) % 8;
        tell_score(a, m, (m * 5 + round * 3) % 8);
        tell_score(b, shuffled, (shuffled * 5 + round * 3) % 8);
    }
    assert_same_segments(a, b, 8);
    assert_true(pbt__population_tally(a).exploits > 0);
    pbt_population_free(a);
    pbt_population_free(b);
}

/* ---- windows ---- */

static double rank_score_of(const pbt_population *population, int32_t m, int32_t number)
{
    return rank_score_in(population, (pbt_segment_id){m, number});
}

static void a_window_is_a_mean_of_reports(void **state)
{
    (void)state;
    pbt_search search = search_of(1, PBT_ASYNCHRONOUS);
    search.window = 3;
    pbt_population *population = population_of(&search);
    const double scores[] = {1, 2, 6, 10};
    const double means[] = {1, 1.5, 3, 6};
    for (int32_t n = 0; n < 4; n++) {
        tell_score(population, 0, scores[n]);
        assert_true(rank_score_of(population, 0, n) == means[n]);
    }
    pbt_population_free(population);
}

/* A copier's earlier reports are its donor's, and its own are forgotten. */
static void a_window_follows_the_lineage(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_GENERATIONAL);
    search.window = 3;
    search.exploit.rule = PBT_EXPLOIT_BEST;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){8, 1});
    assert_true(is_same_id(newest_of(population, 1).parent, (pbt_segment_id){0, 0}));
    tell_round(population, (double[]){9, 100});
    assert_true(rank_score_of(population, 1, 1) == (100 + 8) / 2.0);
    assert_true(is_same_id(newest_of(population, 0).parent, (pbt_segment_id){1, 1}));
    tell_round(population, (double[]){6, 3});
    assert_true(rank_score_of(population, 0, 2) == (6 + 100 + 8) / 3.0);
    tell_round(population, (double[]){0, 0});
    assert_true(rank_score_of(population, 0, 3) == (0 + 6 + 100) / 3.0);
    pbt_population_free(population);
}

/* Ranks use the mean: a lucky latest report does not make a donor. */
static void ranks_use_the_window(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_GENERATIONAL);
    search.window = 2;
    search.ready_after = 20;
    search.exploit.rule = PBT_EXPLOIT_BEST;
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){10, 1});
    tell_round(population, (double[]){4, 9});
    assert_int_equal(newest_of(population, 0).donor, -1);
    assert_int_equal(newest_of(population, 1).donor, 0);
    pbt_population_free(population);
}

static void a_window_of_huge_scores_is_finite(void **state)
{
    (void)state;
    pbt_search search = search_of(1, PBT_ASYNCHRONOUS);
    search.window = 4;
    search.direction = PBT_MINIMIZE;
    pbt_population *population = population_of(&search);
    for (int32_t n = 0; n < 4; n++) {
        tell_score(population, 0, 0x1p1023);
        assert_true(rank_score_of(population, 0, n) == -0x1p1023);
    }
    pbt_population_free(population);
}

/* ---- where members are compared ---- */

/* Member 0 reports thrice before the others report once. */
static pbt_population *an_early_reporter(const pbt_search *search)
{
    pbt_population *population = population_of(search);
    for (int32_t n = 0; n < 3; n++) {
        assert_int_equal(tell_score(population, 0, 10 * (n + 1)).compared.point, -1);
    }
    assert_int_equal(tell_score(population, 1, 11).compared.point, -1);
    tell_score(population, 2, 12);
    return population;
}

static void an_early_reporter_is_judged_where_the_others_are(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    pbt_population *population = an_early_reporter(&search);
    pbt__decision early = tell_score(population, 0, 40);
    assert_int_equal(early.compared.point, 0);
    assert_int_equal(early.compared.ranked, 3);
    assert_true(early.compared.score == 10);
    assert_int_equal(early.compared.position, 2);
    assert_int_equal(early.segment.donor, 2);
    assert_true(is_same_id(early.segment.parent, (pbt_segment_id){2, 0}));
    pbt_population_free(population);
}

static void a_late_reporter_is_judged_where_it_is(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.fraction = 0.5;
    pbt_population *population = population_of(&search);
    for (int32_t i = 0; i < 9; i++) {
        int32_t round = i / 3;
        tell_score(population, i % 3, 10 * round + i % 3);
    }
    pbt__decision late = tell_score(population, 3, 5);
    assert_int_equal(late.compared.point, 0);
    assert_true(late.compared.score == 5);
    assert_int_equal(late.compared.position, 0);
    assert_int_equal(late.segment.donor, -1);
    late = tell_score(population, 3, 5);
    assert_int_equal(late.compared.point, 1);
    assert_int_equal(late.compared.position, late.compared.ranked - 1);
    pbt_population_free(population);
}

static void latest_compares_what_everyone_reported_last(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    search.exploit.compare = PBT_COMPARE_LATEST;
    search.exploit.fraction = 0.5;
    pbt_population *population = an_early_reporter(&search);
    pbt__decision early = tell_score(population, 0, 40);
    assert_true(early.compared.score == 40);
    assert_int_equal(early.compared.position, 0);
    pbt__decision late = tell_score(population, 3, 12.5);
    assert_true(late.compared.score == 12.5);
    assert_int_equal(late.compared.ranked, 4);
    assert_int_equal(late.compared.position, 1);
    late = tell_score(population, 3, 13);
    assert_true(late.compared.score == 13);
    pbt_population_free(population);
}

typedef struct quorum_case {
    int32_t members;
    double quorum;
    int32_t needed;
} quorum_case;

static void a_quorum_is_a_share_and_at_least_two(void **state)
{
    (void)state;
    const quorum_case cases[] = {
        {16, 0.75, 12}, {3, 0, 2},      {2, 1, 2},       {5, 0.5, 3},   {5, 1, 5},
        {20, 0.1, 2},   {100, 0.07, 7}, {100, 0.29, 29}, {10, 0.75, 8}, {1, 1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int compare = PBT_COMPARE_STEP; compare <= PBT_COMPARE_LATEST; compare++) {
            pbt_search search = search_of(cases[i].members, PBT_ASYNCHRONOUS);
            search.exploit.quorum = cases[i].quorum;
            search.exploit.compare = (pbt_compare)compare;
            pbt_population *population = population_of(&search);
            for (int32_t m = 0; m < cases[i].members; m++) {
                bool is_due = tell_score(population, m, m).compared.point != -1;
                assert_int_equal(is_due, m + 1 >= cases[i].needed);
            }
            pbt_population_free(population);
        }
    }
}

static void fail_for_good(pbt_population *population, int32_t m)
{
    while (pbt__population_state(population, m) == PBT_MEMBER_TRAINING) {
        give_up(population, m);
    }
    assert_int_equal(pbt__population_state(population, m), PBT_MEMBER_FAILED);
}

/* The share is of those who live, and a failed member's reports no longer count for it. */
static void a_quorum_is_of_the_living(void **state)
{
    (void)state;
    pbt_search search = search_of(5, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_NONE;
    search.exploit.quorum = 1;
    pbt_population *population = population_of(&search);
    for (int32_t m = 0; m < 4; m++) {
        assert_int_equal(tell_score(population, m, m).compared.point, -1);
    }
    fail_for_good(population, 4);
    assert_int_equal(tell_score(population, 0, 9).compared.point, 0);
    fail_for_good(population, 3);
    pbt__decision decision = tell_score(population, 1, 9);
    assert_int_equal(decision.compared.point, 0);
    assert_int_equal(decision.compared.ranked, 3);
    pbt_population_free(population);
}

/* ---- who has copied ---- */

/* A quorum of two: member 1 copies member 0 as soon as it reports, whichever of them it draws. */
static pbt_population *one_has_copied(const pbt_search *search)
{
    pbt_population *population = population_of(search);
    tell_score(population, 0, 3);
    assert_int_equal(tell_score(population, 1, 2).segment.donor, 0);
    return population;
}

static pbt_search tournament_of_three(pbt_compare compare)
{
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_BINARY_TOURNAMENT;
    search.exploit.compare = compare;
    search.exploit.quorum = 0;
    return search;
}

static void a_copier_is_nobodys_donor_until_it_reports(void **state)
{
    (void)state;
    for (int compare = PBT_COMPARE_STEP; compare <= PBT_COMPARE_LATEST; compare++) {
        pbt_search search = tournament_of_three((pbt_compare)compare);
        int32_t copies_of_1 = 0;
        for (search.seed = 0; search.seed < 200; search.seed++) {
            pbt_population *population = one_has_copied(&search);
            pbt__decision before = tell_score(population, 2, 1);
            assert_int_equal(before.compared.ranked, 2);
            assert_int_equal(before.segment.donor, 0);
            tell_score(population, 0, 3);
            tell_score(population, 1, 4);
            pbt__decision after = tell_score(population, 2, 1);
            copies_of_1 += after.segment.donor == 1 ? 1 : 0;
            pbt_population_free(population);
        }
        assert_true(copies_of_1 > 0);
    }
}

/* It has no place at points before its copy; with `latest`, none at all, until it reports. */
static void a_copier_is_not_ranked(void **state)
{
    (void)state;
    for (int compare = PBT_COMPARE_STEP; compare <= PBT_COMPARE_LATEST; compare++) {
        pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
        search.exploit.compare = (pbt_compare)compare;
        search.exploit.quorum = 1;
        pbt_population *population = population_of(&search);
        tell_round(population, (double[]){4, 3, 2, 1});
        assert_int_equal(newest_of(population, 3).donor, 0);
        assert_int_equal(tell_score(population, 0, 4).compared.ranked, 3);
        pbt__decision again = tell_score(population, 3, 0.5);
        bool is_ranked = compare == PBT_COMPARE_LATEST;
        assert_int_equal(again.compared.position, is_ranked ? 3 : -1);
        assert_int_equal(again.segment.donor, is_ranked ? 0 : -1);
        pbt_population_free(population);
    }
}

/* ---- who may be copied ---- */

/* Count member m's donors over seeds, in the round where `scores` were reported and `bare` says who
 * left no checkpoint. Shape: counts[population], scores[population] */
static void count_donors(pbt_search search, const double *scores, const bool *bare, int32_t m,
                         int64_t *counts)
{
    for (search.seed = 0; search.seed < SEED_COUNT; search.seed++) {
        pbt_population *population = population_of(&search);
        for (int32_t other = 0; other < search.population; other++) {
            pbt_report report = report_of(population, other, scores[other]);
            report.has_checkpoint = !bare[other];
            assert_int_equal(pbt__population_record(population, &report), PBT_OK);
        }
        int32_t donor = due_of(population, m).segment.donor;
        if (donor >= 0) {
            counts[donor]++;
        }
        pbt_population_free(population);
    }
}

/* Two best without a checkpoint: the two best of the others are the donors, evenly. */
static void candidates_first_then_the_best_of_them(void **state)
{
    (void)state;
    const double scores[] = {9, 8, 7, 6, 5, 4, 3, 2};
    const bool bare[] = {true, true, false, false, false, false, false, false};
    int64_t counts[8] = {0};
    count_donors(search_of(8, PBT_GENERATIONAL), scores, bare, 7, counts);
    assert_int_equal(counts[2] + counts[3], SEED_COUNT);
    assert_true(chi_square_even(counts + 2, 2) > CHI_SQUARE_ERROR);
}

/* Good at the point compared, but its latest report left no checkpoint. */
static void the_latest_checkpoint_is_needed(void **state)
{
    (void)state;
    pbt_search search = search_of(8, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    for (int32_t m = 0; m < 7; m++) {
        tell_score(population, m, 7 - m);
    }
    for (int32_t m = 0; m < 2; m++) {
        pbt_report report = report_of(population, m, 9);
        report.has_checkpoint = m == 1;
        tell(population, &report);
    }
    pbt__decision decision = tell_score(population, 7, 0);
    assert_int_equal(decision.compared.point, 0);
    assert_int_equal(decision.compared.eligible, 2);
    assert_in_range(decision.segment.donor, 1, 2);
    pbt_population_free(population);
}

/* The donor has trained on since the point compared: its newest report is what it gives. */
static void a_donor_gives_its_latest_segment(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    for (int32_t i = 0; i < 30; i++) {
        int32_t round = i / 3;
        tell_score(population, i % 3, 5 - i % 3 + round);
    }
    assert_int_equal(pbt__population_state(population, 0), PBT_MEMBER_FINISHED);
    pbt__decision decision = tell_score(population, 3, 0);
    assert_int_equal(decision.compared.point, 0);
    assert_int_equal(decision.segment.donor, 0);
    assert_true(is_same_id(decision.segment.parent, (pbt_segment_id){0, 9}));
    assert_int_equal(decision.segment.start_age, 100);
    assert_int_equal(decision.segment.start_step, 10);
    pbt_population_free(population);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finite_scores_come_first),
        cmocka_unit_test(ties_go_to_the_lower_number),
        cmocka_unit_test(direction_only_mirrors),
        cmocka_unit_test(arrival_does_not_matter),
        cmocka_unit_test(a_window_is_a_mean_of_reports),
        cmocka_unit_test(a_window_follows_the_lineage),
        cmocka_unit_test(ranks_use_the_window),
        cmocka_unit_test(a_window_of_huge_scores_is_finite),
        cmocka_unit_test(an_early_reporter_is_judged_where_the_others_are),
        cmocka_unit_test(a_late_reporter_is_judged_where_it_is),
        cmocka_unit_test(latest_compares_what_everyone_reported_last),
        cmocka_unit_test(a_quorum_is_a_share_and_at_least_two),
        cmocka_unit_test(a_quorum_is_of_the_living),
        cmocka_unit_test(a_copier_is_nobodys_donor_until_it_reports),
        cmocka_unit_test(a_copier_is_not_ranked),
        cmocka_unit_test(candidates_first_then_the_best_of_them),
        cmocka_unit_test(the_latest_checkpoint_is_needed),
        cmocka_unit_test(a_donor_gives_its_latest_segment),
    };
    return cmocka_run_group_tests_name("order", tests, NULL, NULL);
}
