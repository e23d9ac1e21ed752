/* why.c: every verdict of every rule, said by the decision it settled. */
#include "core/exploit.h"

#include "support.h"

static pbt_search search_by(pbt_exploit_rule rule, int32_t population)
{
    pbt_search search = search_of(population, PBT_GENERATIONAL);
    search.exploit.rule = rule;
    return search;
}

/* Why member m's second segment is what it is, after one round of scores. Shape:
 * scores[population] */
static pbt__why why_of(const pbt_search *search, const double *scores, int32_t m)
{
    pbt_population *population = population_of(search);
    record_round(population, scores);
    pbt__decision due = due_of(population, m);
    assert_int_equal(due.segment.id.member, m);
    assert_int_equal(due.why.verdict == PBT__VERDICT_COPIES, due.segment.donor >= 0);
    pbt_population_free(population);
    return due.why;
}

static void assert_why(const pbt_search *search, const double *scores, int32_t m,
                       pbt__occasion occasion, pbt__verdict_code verdict)
{
    pbt__why why = why_of(search, scores, m);
    assert_int_equal(why.occasion, occasion);
    assert_int_equal(why.verdict, verdict);
}

static void assert_ready(const pbt_search *search, const double *scores, int32_t m,
                         pbt__verdict_code verdict)
{
    assert_why(search, scores, m, PBT__OCCASION_READY, verdict);
}

/* ---- before anybody is compared ---- */

static void the_first_segment_compares_nobody(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    pbt_population *population = NULL;
    assert_int_equal(pbt__population_new(&search, &population, NULL), PBT_OK);
    pbt__why why = due_of(population, 1).why;
    assert_int_equal(why.occasion, PBT__OCCASION_INITIAL);
    assert_int_equal(why.verdict, PBT__VERDICT_FIRST);
    assert_int_equal(why.drawn, -1);
    pbt_population_free(population);
}

static void nothing_is_decided_before_ready_after(void **state)
{
    (void)state;
    pbt_search search = search_by(PBT_EXPLOIT_TRUNCATION, 4);
    search.ready_after = 11;
    assert_ready(&search, (double[]){4, 1, 3, 2}, 1, PBT__VERDICT_BEFORE_AFTER);
    search.ready_after = 10;
    assert_ready(&search, (double[]){4, 1, 3, 2}, 1, PBT__VERDICT_COPIES);
}

static void a_quorum_that_is_missing_is_counted(void **state)
{
    (void)state;
    const pbt_compare compares[] = {PBT_COMPARE_STEP, PBT_COMPARE_LATEST};
    for (size_t i = 0; i < 2; i++) {
        pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
        search.exploit.compare = compares[i];
        pbt_population *population = population_of(&search);
        tell_score(population, 0, 1);
        pbt_report report = report_of(population, 1, 2);
        assert_int_equal(pbt__population_record(population, &report), PBT_OK);
        pbt__why why = due_of(population, 1).why;
        assert_int_equal(why.verdict, PBT__VERDICT_NO_QUORUM);
        assert_int_equal(why.quorum, 3);
        assert_int_equal(why.reported, 2);
        pbt_population_free(population);
    }
}

static void a_fixed_member_is_not_judged(void **state)
{
    (void)state;
    const pbt_value value = {.real = 0.5};
    const bool given = true;
    const pbt_start start = {.values = &value, .given = &given, .fixed = true};
    pbt_search search = search_by(PBT_EXPLOIT_BEST, 2);
    search.starts = &start;
    search.start_count = 1;
    assert_ready(&search, (double[]){1, 2}, 0, PBT__VERDICT_FIXED);
    assert_why(&search, (double[]){(double)NAN, 2}, 0, PBT__OCCASION_DIVERGED, PBT__VERDICT_FIXED);
}

static void a_given_schedule_is_followed(void **state)
{
    (void)state;
    const pbt_value value = {.real = 0.5};
    const bool given = true;
    const pbt_stage stage = {.end_age = 100, .values = &value, .given = &given};
    const bool none = false;
    const pbt_start start = {.values = &value, .given = &none, .stages = &stage, .stage_count = 1};
    pbt_search search = search_by(PBT_EXPLOIT_BEST, 2);
    search.starts = &start;
    search.start_count = 1;
    assert_ready(&search, (double[]){1, 2}, 0, PBT__VERDICT_SCHEDULED);
}

/* Member 0 copies at point 0; member 1's next report is still judged there, where member 0 no
 * longer is; then member 0 reports before anybody else has come to point 1. */
static void other_weights_since_the_point_are_not_ranked(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    search.exploit.rule = PBT_EXPLOIT_BEST;
    pbt_population *population = population_of(&search);
    tell_score(population, 1, 2);
    assert_int_equal(tell_score(population, 0, 1).segment.donor, 1);
    pbt_report report = report_of(population, 0, 5);
    assert_int_equal(pbt__population_record(population, &report), PBT_OK);
    pbt__decision due = due_of(population, 0);
    assert_int_equal(due.why.verdict, PBT__VERDICT_NOT_RANKED);
    assert_int_equal(due.compared.position, -1);
    pbt_population_free(population);
}

/* ---- the rules ---- */

static void truncation_says_who_is_among_the_worst(void **state)
{
    (void)state;
    pbt_search search = search_by(PBT_EXPLOIT_TRUNCATION, 4);
    const double scores[] = {4, 1, 3, 2};
    assert_ready(&search, scores, 3, PBT__VERDICT_NOT_AMONG_WORST);
    pbt__why why = why_of(&search, scores, 1);
    assert_int_equal(why.verdict, PBT__VERDICT_COPIES);
    assert_int_equal(why.k, 1);
    assert_int_equal(why.drawn, 0);
    assert_int_equal(why.draw, 0);
    assert_int_equal(why.draw_count, 1);
    assert_ready(&search, (double[]){1, 1, 1, 1}, 3, PBT__VERDICT_NO_CANDIDATE);
    search.exploit.fraction = 0;
    assert_ready(&search, scores, 1, PBT__VERDICT_NO_RULE);
    assert_why(&search, (double[]){4, (double)NAN, 3, 2}, 1, PBT__OCCASION_DIVERGED,
               PBT__VERDICT_NO_RULE);
}

/* The number drawn is the place of the one drawn among those that could be. */
static void the_draw_is_the_place_of_the_drawn(void **state)
{
    (void)state;
    pbt_search search = search_by(PBT_EXPLOIT_TRUNCATION, 8);
    const double scores[] = {8, 7, 6, 5, 4, 3, 2, 1};
    bool seen[2] = {false, false};
    search.exploit.fraction = 0.25;
    for (search.seed = 0; search.seed < 50; search.seed++) {
        pbt__why why = why_of(&search, scores, 7);
        assert_int_equal(why.draw_count, 2);
        assert_int_equal(why.drawn, why.draw);
        seen[why.draw] = true;
    }
    assert_true(seen[0] && seen[1]);
}

static void a_tournament_says_whom_it_drew(void **state)
{
    (void)state;
    pbt_search search = search_by(PBT_EXPLOIT_BINARY_TOURNAMENT, 2);
    assert_ready(&search, (double[]){2, 1}, 0, PBT__VERDICT_NOT_BETTER);
    assert_ready(&search, (double[]){1, 1}, 0, PBT__VERDICT_NOT_BETTER);
    pbt__why why = why_of(&search, (double[]){2, 1}, 1);
    assert_int_equal(why.verdict, PBT__VERDICT_COPIES);
    assert_int_equal(why.drawn, 0);
    assert_ready(&search, (double[]){1, (double)NAN}, 0, PBT__VERDICT_DRAWN_NO_CANDIDATE);
    search.population = 1;
    search.exploit.quorum = 0;
    search.exploit.compare = PBT_COMPARE_LATEST;
    assert_ready(&search, (double[]){1}, 0, PBT__VERDICT_NO_QUORUM); /* never fewer than 2 */
}

static void one_that_inherits_otherwise_does_not_fit(void **state)
{
    (void)state;
    pbt_parameter width = pbt_parameter_float("width", PBT_LINEAR, 0, 1);
    width.inherit = true;
    pbt_search search = search_by(PBT_EXPLOIT_BINARY_TOURNAMENT, 2);
    search.exploit.copy = PBT_COPY_HYPERPARAMETERS;
    search.space = (pbt_space){&width, 1};
    assert_ready(&search, (double[]){2, 1}, 1, PBT__VERDICT_DRAWN_UNFIT);
    search.exploit.rule = PBT_EXPLOIT_BEST;
    assert_ready(&search, (double[]){2, 1}, 1, PBT__VERDICT_IS_BEST); /* of its own kind */
}

static void best_names_the_best(void **state)
{
    (void)state;
    pbt_search search = search_by(PBT_EXPLOIT_BEST, 3);
    const double scores[] = {1, 3, 3};
    assert_ready(&search, scores, 1, PBT__VERDICT_IS_BEST);
    assert_ready(&search, scores, 0, PBT__VERDICT_COPIES);
    assert_ready(&search, scores, 2, PBT__VERDICT_COPIES);
}

/* Mean 2.5, deviation 0.5 sqrt(5) of 1..4; half of it around the mean. */
static void threshold_says_its_lines(void **state)
{
    (void)state;
    pbt_search search = search_by(PBT_EXPLOIT_THRESHOLD, 4);
    const double scores[] = {1, 2, 3, 4};
    assert_ready(&search, scores, 1, PBT__VERDICT_IN_BAND);
    pbt__why why = why_of(&search, scores, 0);
    assert_int_equal(why.verdict, PBT__VERDICT_COPIES);
    assert_true(fabs(why.low - (2.5 - 0.25 * sqrt(5))) < 1e-12);
    assert_true(fabs(why.high - (2.5 + 0.25 * sqrt(5))) < 1e-12);
    search.direction = PBT_MINIMIZE;
    why = why_of(&search, scores, 3);
    assert_int_equal(why.verdict, PBT__VERDICT_COPIES);
    assert_true(fabs(why.low - (2.5 + 0.25 * sqrt(5))) < 1e-12);
    search.direction = PBT_MAXIMIZE;
    search.exploit.sigmas = 1.5; /* only the worst is beyond it, and nobody is above */
    const double skewed[] = {-10, 2, 2, 2};
    assert_ready(&search, skewed, 0, PBT__VERDICT_NO_CANDIDATE);
}

static void none_lets_nobody_copy(void **state)
{
    (void)state;
    pbt_search search = search_by(PBT_EXPLOIT_NONE, 2);
    assert_ready(&search, (double[]){1, 2}, 0, PBT__VERDICT_NO_RULE);
}

/* ---- t_test ---- */

static pbt__why t_test(pbt_search search, const double (*samples)[3], const size_t *counts)
{
    pbt_population *population = population_of(&search);
    for (int32_t m = 0; m < 2; m++) {
        pbt_report report = report_of(population, m, 1);
        report.samples = samples[m];
        report.sample_count = counts[m];
        assert_int_equal(pbt__population_record(population, &report), PBT_OK);
    }
    pbt__why why = due_of(population, 1).why;
    pbt_population_free(population);
    assert_int_equal(why.drawn, 0);
    return why;
}

/* The other's evaluations first. */
static void a_t_test_says_what_it_computed(void **state)
{
    (void)state;
    static const struct {
        double samples[2][3];
        size_t counts[2];
        pbt__verdict_code verdict;
        bool has_p;
    } CASES[] = {
        {{{4, 5, 6.5}, {1, 2, 3}}, {3, 3}, PBT__VERDICT_COPIES, true},
        {{{2, 3, 4}, {1, 2, 3}}, {3, 3}, PBT__VERDICT_NOT_SIGNIFICANT, true},
        {{{1, 2, 3}, {2, 3, 4}}, {3, 3}, PBT__VERDICT_NOT_BETTER, false},
        {{{2, 2, 2}, {1, 1, 1}}, {3, 3}, PBT__VERDICT_COPIES, false},
        {{{9}, {1, 2}}, {1, 2}, PBT__VERDICT_TOO_FEW, false},
        {{{1, (double)NAN}, {1, 2}}, {2, 2}, PBT__VERDICT_NOT_FINITE, false},
        {{{1, 2}, {1, (double)NAN}}, {2, 2}, PBT__VERDICT_COPIES, false},
    };
    pbt_search search = search_by(PBT_EXPLOIT_T_TEST, 2);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        pbt__why why = t_test(search, CASES[i].samples, CASES[i].counts);
        assert_int_equal(why.verdict, CASES[i].verdict);
        assert_int_equal(!isnan(why.p), CASES[i].has_p);
        assert_int_equal(why.counts[0], CASES[i].counts[1]);
        assert_int_equal(why.counts[1], CASES[i].counts[0]);
    }
    search.direction = PBT_MINIMIZE; /* means are told as they were reported */
    pbt__why why = t_test(search, CASES[2].samples, CASES[2].counts);
    assert_int_equal(why.verdict, PBT__VERDICT_NOT_SIGNIFICANT);
    assert_true(why.means[0] == 3 && why.means[1] == 2);
}

/* ---- diverged and lost ---- */

static void one_that_diverged_counts_as_the_worst(void **state)
{
    (void)state;
    const pbt_exploit_rule rules[] = {PBT_EXPLOIT_TRUNCATION, PBT_EXPLOIT_T_TEST, PBT_EXPLOIT_BEST,
                                      PBT_EXPLOIT_BINARY_TOURNAMENT, PBT_EXPLOIT_THRESHOLD};
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        pbt_search search = search_by(rules[i], 4);
        const double scores[] = {4, (double)NAN, 1, 2};
        pbt__why why = why_of(&search, scores, 1);
        assert_int_equal(why.occasion, PBT__OCCASION_DIVERGED);
        assert_int_equal(why.verdict, PBT__VERDICT_COPIES);
        assert_true(why.drawn >= 0 && why.draw_count > 0);
    }
    pbt_search search = search_by(PBT_EXPLOIT_TRUNCATION, 2);
    assert_why(&search, (double[]){(double)NAN, (double)NAN}, 1, PBT__OCCASION_DIVERGED,
               PBT__VERDICT_NO_CANDIDATE);
}

static pbt__decision rescue_of(const pbt_search *search, double score, bool has_checkpoint)
{
    bool gave_up = false;
    pbt_population *population = population_of(search);
    for (int32_t m = 1; m < search->population; m++) {
        pbt_report report = report_of(population, m, score);
        report.has_checkpoint = has_checkpoint;
        assert_int_equal(pbt__population_record(population, &report), PBT_OK);
    }
    assert_int_equal(
        pbt__population_fault(population, (pbt_segment_id){0, 0}, PBT_CAUSE_FATAL, &gave_up),
        PBT_OK);
    pbt__decision due = due_of(population, 0);
    assert_int_equal(due.why.occasion, PBT__OCCASION_LOST);
    assert_int_equal(due.segment.reason, PBT_RESCUE);
    pbt_population_free(population);
    return due;
}

static void a_rescue_says_whom_it_drew(void **state)
{
    (void)state;
    pbt_search search = search_by(PBT_EXPLOIT_TRUNCATION, 4);
    pbt__decision due = rescue_of(&search, 1, true);
    assert_int_equal(due.why.verdict, PBT__VERDICT_COPIES);
    assert_int_equal(due.why.drawn, due.segment.donor);
    assert_int_equal(due.why.draw_count, 1);
    assert_int_equal(rescue_of(&search, (double)NAN, false).why.verdict, PBT__VERDICT_NO_CANDIDATE);
    search.exploit.rule = PBT_EXPLOIT_NONE;
    assert_int_equal(rescue_of(&search, 1, true).why.verdict, PBT__VERDICT_NO_RULE);
}

/* ---- who was compared ---- */

static void standings_are_the_rankings(void **state)
{
    (void)state;
    pbt__standing list[5];
    pbt_search search = search_by(PBT_EXPLOIT_TRUNCATION, 5);
    search.direction = PBT_MINIMIZE;
    pbt_population *population = population_of(&search);
    assert_int_equal(pbt__population_standings(population, -1, list), 0);
    record_round(population, (double[]){3, 1, (double)INFINITY, 1, 2});
    const int32_t order[] = {1, 3, 4, 0, 2};
    assert_int_equal(pbt__population_standings(population, 0, list), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(list[i].segment.member, order[i]);
        assert_int_equal(list[i].segment.number, 0);
        assert_int_equal(list[i].is_candidate, order[i] != 2);
    }
    assert_true(list[0].score == 1 && isnan(list[4].score));
    pbt__decision due = due_of(population, 0);
    assert_int_equal(list[due.compared.position].segment.member, 0);
    assert_int_equal(pbt__population_standings(population, -2, list), 5);
    pbt_population_free(population);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_segment_compares_nobody),
        cmocka_unit_test(nothing_is_decided_before_ready_after),
        cmocka_unit_test(a_quorum_that_is_missing_is_counted),
        cmocka_unit_test(a_fixed_member_is_not_judged),
        cmocka_unit_test(a_given_schedule_is_followed),
        cmocka_unit_test(other_weights_since_the_point_are_not_ranked),
        cmocka_unit_test(truncation_says_who_is_among_the_worst),
        cmocka_unit_test(the_draw_is_the_place_of_the_drawn),
        cmocka_unit_test(a_tournament_says_whom_it_drew),
        cmocka_unit_test(one_that_inherits_otherwise_does_not_fit),
        cmocka_unit_test(best_names_the_best),
        cmocka_unit_test(threshold_says_its_lines),
        cmocka_unit_test(none_lets_nobody_copy),
        cmocka_unit_test(a_t_test_says_what_it_computed),
        cmocka_unit_test(one_that_diverged_counts_as_the_worst),
        cmocka_unit_test(a_rescue_says_whom_it_drew),
        cmocka_unit_test(standings_are_the_rankings),
    };
    return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
