/* copy.c: what a copier gets, what it keeps, and who never copies. */
#include "core/rule.h"
#include "core/space.h"
#include "support.h"

static const pbt_item widths[] = {
    {.type = PBT_ITEM_INT, .integer = 32},
    {.type = PBT_ITEM_INT, .integer = 64},
};

enum { RATE, WIDTH, COUNT };

static const pbt_parameter parameters[COUNT] = {
    {.name = "rate", .type = PBT_FLOAT, .min = {.real = 0}, .max = {.real = 1}},
    {.name = "width", .type = PBT_ORDINAL, .items = widths, .item_count = 2, .inherit = true},
};

enum { MEMBERS = 8 };

/* Member m has the rate m / 8, and its width by turns. */
typedef struct given {
    pbt_value values[MEMBERS][COUNT];
    bool is_given[COUNT];
    pbt_start starts[MEMBERS];
    pbt_search search;
} given;

static void given_init(given *g, pbt_mode mode)
{
    *g = (given){.is_given = {true, true}, .search = search_of(MEMBERS, mode)};
    for (int32_t m = 0; m < MEMBERS; m++) {
        g->values[m][RATE].real = m / 8.0;
        g->values[m][WIDTH].integer = m % 2;
        g->starts[m] = (pbt_start){.values = g->values[m], .given = g->is_given};
    }
    g->search.space = (pbt_space){.parameters = parameters, .count = COUNT};
    g->search.starts = g->starts;
    g->search.start_count = MEMBERS;
    g->search.explore.rule = PBT_EXPLORE_NONE;
    g->search.exploit.quorum = 1;
}

static const double falling[MEMBERS] = {8, 7, 6, 5, 4, 3, 2, 1};

static pbt_segment copier_after_a_round(pbt_population *population, int32_t m)
{
    tell_round(population, falling);
    pbt_segment s = newest_of(population, m);
    assert_true(s.donor >= 0);
    assert_int_equal(s.reason, PBT_EXPLOITED);
    return s;
}

static void start_is_as_given(void **state)
{
    (void)state;
    given g;
    given_init(&g, PBT_ASYNCHRONOUS);
    const bool only_rate[COUNT] = {true, false};
    g.starts[3].given = only_rate;
    g.values[3][WIDTH].integer = -1; /* not read */
    g.search.start_count = 6;
    pbt_population *population = population_of(&g.search);
    for (int32_t m = 0; m < MEMBERS; m++) {
        pbt_segment s = newest_of(population, m);
        assert_int_equal(s.reason, PBT_INITIAL);
        assert_int_equal(s.parent.member, -1);
        assert_int_equal(s.start_age, 0);
        bool is_given = m < 6;
        assert_int_equal(s.values[RATE].real == m / 8.0, is_given);
        assert_in_range(s.values[WIDTH].integer, 0, 1);
        assert_int_equal(s.changes[RATE].operation, PBT_UNTOUCHED);
    }
    pbt_population_free(population);
}

static void a_copier_gets_weights_and_hyperparameters(void **state)
{
    (void)state;
    given g;
    given_init(&g, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&g.search);
    pbt_segment s = copier_after_a_round(population, 7);
    assert_true(is_same_id(s.parent, (pbt_segment_id){s.donor, 0}));
    assert_true(s.values[RATE].real == s.donor / 8.0);
    assert_int_equal(s.values[WIDTH].integer, s.donor % 2);
    assert_int_equal(s.start_step, 10);
    assert_int_equal(s.start_age, 10);
    pbt_population_free(population);
}

/* Its own hyperparameters, but for those that belong to the weights. */
static void weights_alone_leave_hyperparameters(void **state)
{
    (void)state;
    given g;
    given_init(&g, PBT_ASYNCHRONOUS);
    g.search.exploit.copy = PBT_COPY_WEIGHTS;
    int32_t other_widths = 0;
    for (g.search.seed = 0; g.search.seed < 20; g.search.seed++) {
        pbt_population *population = population_of(&g.search);
        pbt_segment s = copier_after_a_round(population, 7);
        assert_true(is_same_id(s.parent, (pbt_segment_id){s.donor, 0}));
        assert_true(s.values[RATE].real == 7 / 8.0);
        assert_int_equal(s.values[WIDTH].integer, s.donor % 2);
        other_widths += s.donor % 2 == 0 ? 1 : 0;
        pbt_population_free(population);
    }
    assert_true(other_widths > 0);
}

/* It keeps its weights, score and place; donors are the best of its own width. */
static void hyperparameters_alone_leave_weights(void **state)
{
    (void)state;
    given g;
    given_init(&g, PBT_ASYNCHRONOUS);
    g.search.exploit.copy = PBT_COPY_HYPERPARAMETERS;
    int64_t counts[MEMBERS] = {0};
    for (g.search.seed = 0; g.search.seed < 200; g.search.seed++) {
        pbt_population *population = population_of(&g.search);
        pbt_segment s = copier_after_a_round(population, 7);
        counts[s.donor]++;
        assert_true(is_same_id(s.parent, (pbt_segment_id){7, 0}));
        assert_true(s.values[RATE].real == s.donor / 8.0);
        assert_int_equal(s.values[WIDTH].integer, 1);
        pbt__decision next = tell_score(population, 0, 9);
        assert_int_equal(next.compared.ranked, MEMBERS);
        pbt_population_free(population);
    }
    assert_int_equal(counts[1] + counts[3], 200);
    assert_true(counts[1] > 60 && counts[3] > 60);
}

static void hyperparameters_alone_need_an_equal_width(void **state)
{
    (void)state;
    for (int rule = PBT_EXPLOIT_TRUNCATION; rule <= PBT_EXPLOIT_THRESHOLD; rule++) {
        given g;
        given_init(&g, PBT_GENERATIONAL);
        g.search.exploit.rule = (pbt_exploit_rule)rule;
        g.search.exploit.copy = PBT_COPY_HYPERPARAMETERS;
        g.search.exploit.window = 2;
        for (int32_t m = 0; m < MEMBERS; m++) {
            g.values[m][WIDTH].integer = m == 7 ? 1 : 0;
        }
        for (g.search.seed = 0; g.search.seed < 20; g.search.seed++) {
            pbt_population *population = population_of(&g.search);
            tell_round(population, falling);
            tell_round(population, falling);
            assert_int_equal(segment_of(population, 7, 1).donor, -1);
            assert_int_equal(segment_of(population, 7, 2).donor, -1);
            pbt_population_free(population);
        }
    }
}

/* Where no donor fits a member that comes first among its own width, `best` leaves it alone. */
static void best_is_best_of_its_width(void **state)
{
    (void)state;
    given g;
    given_init(&g, PBT_GENERATIONAL);
    g.search.exploit.rule = PBT_EXPLOIT_BEST;
    g.search.exploit.copy = PBT_COPY_HYPERPARAMETERS;
    pbt_population *population = population_of(&g.search);
    tell_round(population, falling);
    for (int32_t m = 0; m < MEMBERS; m++) {
        assert_int_equal(newest_of(population, m).donor, m < 2 ? -1 : m % 2);
    }
    pbt_population_free(population);
}

/* Exploring follows the copy, and starts from what was copied. */
static void a_copier_explores_what_it_took(void **state)
{
    (void)state;
    const double factor = 0.5;
    given g;
    given_init(&g, PBT_ASYNCHRONOUS);
    g.search.explore.rule = PBT_EXPLORE_PERTURB;
    g.search.explore.factors = &factor;
    g.search.explore.factor_count = 1;
    g.search.explore.resample_probability = 0;
    g.values[0][RATE].real = 0.75;
    g.values[1][RATE].real = 0.75;
    pbt_population *population = population_of(&g.search);
    pbt_segment s = copier_after_a_round(population, 7);
    assert_true(s.changes[RATE].from.real == 0.75);
    assert_true(s.values[RATE].real == 0.375);
    assert_int_equal(s.changes[WIDTH].operation, PBT_UNTOUCHED);
    pbt_population_free(population);
}

/* ---- fixed members ---- */

static const double rising[MEMBERS] = {1, 2, 3, 4, 5, 6, 7, 8};

static void a_fixed_member_never_changes(void **state)
{
    (void)state;
    for (int mode = PBT_ASYNCHRONOUS; mode <= PBT_GENERATIONAL; mode++) {
        given g;
        given_init(&g, (pbt_mode)mode);
        g.starts[0].fixed = true;
        g.search.explore.rule = PBT_EXPLORE_RESAMPLE;
        g.search.explore.when = PBT_WHEN_ALWAYS;
        pbt_population *population = population_of(&g.search);
        tell_round(population, rising);
        tell_diverged(population, 0, 12);
        tell_round(population, rising);
        give_up(population, 0);
        tell_round(population, rising);
        tell_round(population, rising);
        for (int32_t n = 0; n <= newest_of(population, 0).id.number; n++) {
            pbt_segment s = segment_of(population, 0, n);
            assert_int_equal(s.donor, -1);
            assert_true(s.values[RATE].real == 0);
            assert_int_equal(s.values[WIDTH].integer, 0);
        }
        assert_in_range(newest_of(population, 0).id.number, 4, 6);
        pbt_population_free(population);
    }
}

/* It takes nobody's weights: it starts where the lost segment did. */
static void a_fixed_member_that_is_lost_trains_again(void **state)
{
    (void)state;
    for (int mode = PBT_ASYNCHRONOUS; mode <= PBT_GENERATIONAL; mode++) {
        given g;
        given_init(&g, (pbt_mode)mode);
        g.starts[0].fixed = true;
        pbt_population *population = population_of(&g.search);
        tell_round(population, rising);
        tell_round(population, rising);
        give_up(population, 0);
        tell_round(population, rising);
        pbt_segment s = segment_of(population, 0, 3);
        assert_int_equal(s.reason, PBT_RESCUE);
        assert_int_equal(s.donor, -1);
        assert_true(is_same_id(s.parent, (pbt_segment_id){0, 1}));
        assert_int_equal(s.start_step, mode == PBT_ASYNCHRONOUS ? 20 : 30);
        assert_int_equal(s.start_age, 20);
        pbt_population_free(population);
    }
}

static void a_fixed_member_may_be_copied(void **state)
{
    (void)state;
    given g;
    given_init(&g, PBT_GENERATIONAL);
    g.search.exploit.rule = PBT_EXPLOIT_BEST;
    g.starts[0].fixed = true;
    pbt_population *population = population_of(&g.search);
    tell_round(population, falling);
    assert_int_equal(newest_of(population, 0).donor, -1);
    for (int32_t m = 1; m < MEMBERS; m++) {
        assert_int_equal(newest_of(population, m).donor, 0);
    }
    pbt_population_free(population);
}

/* ---- the decision holds ---- */

/* The donor trains on for two segments and falls behind: the copier's start is what was decided. */
static void behaviour_06_a_donor_trains_on(void **state)
{
    (void)state;
    given g;
    given_init(&g, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&g.search);
    pbt_segment s = copier_after_a_round(population, 7);
    tell_score(population, s.donor, 0.5);
    tell_diverged(population, s.donor, 25);
    pbt_segment later = newest_of(population, 7);
    assert_same_segment(&g.search.space, &s, &later);
    pbt_segment parent = segment_of(population, s.parent.member, s.parent.number);
    assert_true(parent.has_checkpoint);
    assert_true(parent.score == falling[s.donor]);
    pbt_population_free(population);
}

/* A member far ahead, judged by an old score: it takes the donor's younger weights, hyperparameters
 * and scores together, and its own later checkpoints are no part of its lineage. */
static void behaviour_07_a_copy_is_one_step(void **state)
{
    (void)state;
    given g;
    given_init(&g, PBT_ASYNCHRONOUS);
    g.search.window = 2;
    pbt_population *population = population_of(&g.search);
    for (int32_t n = 0; n < 3; n++) {
        tell_score(population, 7, n);
    }
    for (int32_t m = 0; m < 7; m++) {
        tell_score(population, m, falling[m] + 10);
    }
    pbt__decision copy = tell_score(population, 7, 99);
    assert_int_equal(copy.compared.point, 0);
    pbt_segment s = copy.segment;
    assert_true(is_same_id(s.parent, (pbt_segment_id){s.donor, 0}));
    assert_int_equal(s.start_step, 40);
    assert_int_equal(s.start_age, 10);
    assert_true(s.values[RATE].real == s.donor / 8.0);
    tell_score(population, 7, 20);
    assert_true(rank_score_in(population, s.id) == (20 + falling[s.donor] + 10) / 2);
    pbt_segment lineage[8];
    assert_int_equal(pbt_population_lineage(population, s.id, lineage, 8), 2);
    assert_true(is_same_id(lineage[0].id, s.parent));
    pbt_population_free(population);
}

static void behaviour_08_a_donor_dies_after_the_decision(void **state)
{
    (void)state;
    given g;
    given_init(&g, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&g.search);
    pbt_segment s = copier_after_a_round(population, 7);
    while (pbt__population_state(population, s.donor) == PBT_MEMBER_TRAINING) {
        give_up(population, s.donor);
    }
    assert_int_equal(pbt__population_state(population, s.donor), PBT_MEMBER_FAILED);
    pbt_segment later = newest_of(population, 7);
    assert_same_segment(&g.search.space, &s, &later);
    for (int32_t n = 1; n < 4; n++) {
        tell_score(population, 7, 5);
    }
    assert_int_equal(newest_of(population, 7).id.number, 4);
    assert_int_equal(newest_of(population, 7).start_age, 40);
    pbt_population_free(population);
}

/* Behaviour 23: every segment has the width of the weights it starts from, whoever's they are. */
static void assert_widths(const pbt_population *population, int64_t *crossings)
{
    for (int32_t m = 0; m < MEMBERS; m++) {
        for (int32_t n = 1; n <= newest_of(population, m).id.number; n++) {
            pbt_segment s = segment_of(population, m, n);
            if (s.parent.member < 0) {
                continue;
            }
            pbt_segment parent = segment_of(population, s.parent.member, s.parent.number);
            assert_int_equal(s.values[WIDTH].integer, parent.values[WIDTH].integer);
            *crossings +=
                s.values[WIDTH].integer != segment_of(population, m, n - 1).values[WIDTH].integer
                    ? 1
                    : 0;
        }
    }
}

static void behaviour_23_weights_fit_their_width(void **state)
{
    (void)state;
    for (int32_t i = 0; i < 6 * (int32_t)pbt__exploit_row_count; i++) {
        given g;
        given_init(&g, (pbt_mode)(i % 2));
        g.search.exploit.copy = 1 + i / 2 % 3;
        g.search.exploit.rule = (pbt_exploit_rule)(i / 6);
        g.search.exploit.window = 2;
        g.search.explore.rule = PBT_EXPLORE_RESAMPLE;
        g.search.explore.when = PBT_WHEN_ALWAYS;
        pbt_population *population = population_of(&g.search);
        dice d = {.state = (uint64_t)i};
        pbt_segment s;
        while (pbt_population_ask(population, &s)) {
            int32_t what = dice_below(&d, 12);
            if (what == 0) {
                tell_diverged(population, s.id.member, s.end_step);
            } else if (what == 1) {
                give_up(population, s.id.member);
            } else {
                tell_score(population, s.id.member, dice_below(&d, 50));
            }
        }
        int64_t crossings = 0;
        assert_widths(population, &crossings);
        bool may_cross = g.search.exploit.rule != PBT_EXPLOIT_NONE &&
                         g.search.exploit.copy != PBT_COPY_HYPERPARAMETERS;
        assert_int_equal(crossings > 0, may_cross);
        pbt_population_free(population);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start_is_as_given),
        cmocka_unit_test(a_copier_gets_weights_and_hyperparameters),
        cmocka_unit_test(weights_alone_leave_hyperparameters),
        cmocka_unit_test(hyperparameters_alone_leave_weights),
        cmocka_unit_test(hyperparameters_alone_need_an_equal_width),
        cmocka_unit_test(best_is_best_of_its_width),
        cmocka_unit_test(a_copier_explores_what_it_took),
        cmocka_unit_test(a_fixed_member_never_changes),
        cmocka_unit_test(a_fixed_member_that_is_lost_trains_again),
        cmocka_unit_test(a_fixed_member_may_be_copied),
        cmocka_unit_test(behaviour_06_a_donor_trains_on),
        cmocka_unit_test(behaviour_07_a_copy_is_one_step),
        cmocka_unit_test(behaviour_08_a_donor_dies_after_the_decision),
        cmocka_unit_test(behaviour_23_weights_fit_their_width),
    };
    return cmocka_run_group_tests_name("copy", tests, NULL, NULL);
}
