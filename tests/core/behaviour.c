/*
 * behaviour.c: whole studies, by the numbers of the behaviours they show.
 *
 * Behaviours 2, 3, 6, 7, 8, 12, 13, 14 and 23 are with the part they are about.
 */
#include "chi_square.h"
#include "support.h"

/* ---- 1: before ready.after, or before the quorum ---- */

typedef struct begin_case {
    int64_t after;
    double quorum;
    int32_t first_round; /* in which the worst may copy, from 0 */
    int32_t needed;      /* members that report before it */
} begin_case;

static void behaviour_01_no_decision_before_its_time(void **state)
{
    (void)state;
    const begin_case cases[] = {
        {0, 0.75, 0, 6}, {10, 0.75, 0, 6}, {11, 0.75, 1, 6},
        {35, 0.5, 3, 4}, {40, 1, 3, 8},    {0, 0, 0, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pbt_search search = search_of(8, PBT_ASYNCHRONOUS);
        search.ready_after = cases[i].after;
        search.exploit.quorum = cases[i].quorum;
        pbt_population *population = population_of(&search);
        for (int32_t n = 0; n < 6 * 8; n++) {
            int32_t round = n / 8;
            int32_t m = n % 8;
            pbt__decision decision = tell_score(population, m, 8 - m);
            bool is_begun = round > cases[i].first_round ||
                            (round == cases[i].first_round && m + 1 >= cases[i].needed);
            assert_int_equal(decision.compared.point != -1, is_begun);
            assert_true(is_begun || decision.segment.donor == -1);
            bool is_first = round == cases[i].first_round && m + 1 == cases[i].needed;
            assert_true(!is_first || decision.segment.donor >= 0);
        }
        pbt_population_free(population);
    }
}

/* ---- 4: all equal ---- */

static void all_equal(pbt_mode mode, pbt_exploit_rule rule, pbt_compare compare, double score)
{
    pbt_search search = search_of(10, mode);
    search.exploit.rule = rule;
    search.exploit.compare = compare;
    search.exploit.fraction = 0.5;
    search.exploit.window = 3;
    pbt_population *population = population_of(&search);
    pbt_segment s;
    while (pbt_population_ask(population, &s)) {
        tell_score(population, s.id.member, score);
    }
    assert_true(pbt_population_is_over(population));
    assert_int_equal(pbt__population_tally(population).exploits, 0);
    for (int32_t m = 0; m < 10; m++) {
        for (int32_t n = 1; n < 10; n++) {
            assert_int_equal(segment_of(population, m, n).reason, PBT_CONTINUE);
        }
    }
    pbt_population_free(population);
}

static void behaviour_04_equal_scores_copy_nobody(void **state)
{
    (void)state;
    const double scores[] = {0, 0.1, -1.0 / 3, 1e300};
    for (int rule = PBT_EXPLOIT_TRUNCATION; rule <= PBT_EXPLOIT_NONE; rule++) {
        for (int32_t i = 0; i < 4 * 4 && rule != PBT_EXPLOIT_BEST; i++) {
            all_equal((pbt_mode)(i % 2), (pbt_exploit_rule)rule, (pbt_compare)(i / 2 % 2),
                      scores[i / 4]);
        }
    }
}

/* ---- 5: as many slots as members ---- */

/* Whoever copies, everyone has an open segment at every moment. */
static void behaviour_05_no_copy_pauses_another(void **state)
{
    (void)state;
    pbt_search search = search_of(8, PBT_ASYNCHRONOUS);
    search.exploit.fraction = 0.5;
    pbt_population *population = population_of(&search);
    dice d = {.state = 5};
    for (int32_t i = 0; i < 60; i++) {
        int32_t m = dice_below(&d, 8);
        if (pbt__population_state(population, m) == PBT_MEMBER_TRAINING) {
            tell_score(population, m, dice_below(&d, 1000));
        }
        pbt__tally tally = pbt__population_tally(population);
        assert_int_equal(tally.training + tally.finished, 8);
    }
    assert_true(pbt__population_tally(population).exploits > 5);
    pbt_population_free(population);
}

/* ---- 10: a report is sent twice ---- */

static void behaviour_10_a_report_counts_once(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    pbt_population *a = population_of(&search);
    pbt_population *b = population_of(&search);
    for (int32_t i = 0; i < 4 * 10; i++) {
        pbt_report report = report_of(a, i % 4, (i * 7) % 5);
        assert_int_equal(pbt_population_tell(a, &report), PBT_OK);
        assert_int_equal(pbt_population_tell(b, &report), PBT_OK);
        assert_int_equal(pbt_population_tell(a, &report), PBT_ERR_STATE);
        report.score = 100;
        assert_int_equal(pbt_population_tell(a, &report), PBT_ERR_STATE);
        assert_same(a, b);
    }
    assert_true(pbt_population_is_over(a));
    assert_int_equal(pbt__population_tally(a).reports, 40);
    pbt_population_free(a);
    pbt_population_free(b);
}

/* ---- 15: a population of 100 on 2 slots ---- */

/* Nobody is ever more than one segment behind another, and each is asked exactly its share. */
static void behaviour_15_every_member_gets_its_turns(void **state)
{
    (void)state;
    pbt_search search = search_of(100, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    pbt_segment slots[2];
    int32_t turns[100] = {0};
    assert_true(pbt_population_ask(population, &slots[0]));
    assert_true(pbt_population_ask(population, &slots[1]));
    for (int32_t i = 0; i < 100 * 10; i++) {
        pbt_segment *slot = &slots[i % 2];
        int32_t m = slot->id.member;
        assert_int_equal(m, i % 100);
        assert_int_equal(slot->start_step, i / 100 * 10);
        turns[m]++;
        pbt_report report = report_of(population, m, (m * 37) % 100 + i / 100);
        assert_int_equal(pbt_population_tell(population, &report), PBT_OK);
        bool is_last = i >= 998;
        assert_int_equal(pbt_population_ask(population, slot), !is_last);
    }
    assert_true(pbt_population_is_over(population));
    for (int32_t m = 0; m < 100; m++) {
        assert_int_equal(turns[m], 10);
    }
    assert_true(pbt__population_tally(population).exploits > 100);
    pbt_population_free(population);
}

/* ---- 22: equal members that report in a fixed order ---- */

enum { MEMBERS = 8, ROUNDS = 10, WORST_NOISE = 1000 };

/*
 * Curves rise by 1 a ready point; a member's own level, drawn by chance, is within 0.2 of them. So the
 * order of levels is the order of merit, and whoever is compared with another ready point's scores
 * looks far better or worse than it is.
 *
 * Counts, for one study, how often the member with the lowest level copied at round `at` or before:
 * 0 or 1.
 */
static bool worst_copies(uint64_t seed, pbt_compare compare, int32_t worst)
{
    pbt_search search = search_of(MEMBERS, PBT_ASYNCHRONOUS);
    search.seed = seed;
    search.exploit.compare = compare;
    pbt_population *population = population_of(&search);
    dice d = {.state = seed};
    bool has_copied = false;
    for (int32_t i = 0; i < 3 * MEMBERS; i++) {
        int32_t m = i % MEMBERS;
        double level = dice_below(&d, WORST_NOISE) / (5.0 * WORST_NOISE);
        double score = i / MEMBERS + (m == worst ? -0.2 : level);
        pbt__decision decision = tell_score(population, m, score);
        has_copied = has_copied || (m == worst && decision.segment.donor >= 0);
    }
    pbt_population_free(population);
    return has_copied;
}

static void behaviour_22_place_in_turn_is_no_fate(void **state)
{
    (void)state;
    int64_t counts[MEMBERS] = {0};
    int64_t latest[MEMBERS] = {0};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        for (int32_t worst = 0; worst < MEMBERS; worst++) {
            counts[worst] += worst_copies(seed, PBT_COMPARE_STEP, worst) ? 1 : 0;
            latest[worst] += worst_copies(seed, PBT_COMPARE_LATEST, worst) ? 1 : 0;
        }
    }
    for (int32_t worst = 0; worst < MEMBERS; worst++) {
        print_message("# %d: step %lld latest %lld\n", worst, (long long)counts[worst],
                      (long long)latest[worst]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaviour_01_no_decision_before_its_time),
        cmocka_unit_test(behaviour_04_equal_scores_copy_nobody),
        cmocka_unit_test(behaviour_05_no_copy_pauses_another),
        cmocka_unit_test(behaviour_10_a_report_counts_once),
        cmocka_unit_test(behaviour_15_every_member_gets_its_turns),
        cmocka_unit_test(behaviour_22_place_in_turn_is_no_fate),
    };
    return cmocka_run_group_tests_name("behaviour", tests, NULL, NULL);
}
