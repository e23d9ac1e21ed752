/* population.c: asking and telling, the best, lineages, and decisions from elsewhere. */
#include "support.h"

/* ---- ask and tell ---- */

static void ask_gives_the_furthest_behind(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    pbt_segment s;
    for (int32_t m = 0; m < 3; m++) {
        assert_true(pbt_population_ask(population, &s));
        assert_int_equal(s.id.member, m);
    }
    assert_false(pbt_population_ask(population, &s));
    const int32_t order[] = {1, 1, 0};
    for (int32_t i = 0; i < 3; i++) {
        pbt_report report = report_of(population, order[i], i);
        assert_int_equal(pbt_population_tell(population, &report, NULL), PBT_OK);
    }
    const pbt_segment_id next[] = {{0, 1}, {1, 2}};
    for (int32_t i = 0; i < 2; i++) {
        assert_true(pbt_population_ask(population, &s));
        assert_true(is_same_id(s.id, next[i]));
        assert_int_equal(s.state, PBT_SEGMENT_OPEN);
        assert_true(isnan(s.score));
    }
    assert_false(pbt_population_ask(population, &s));
    pbt_population_free(population);
}

static void a_round_is_asked_again_when_it_is_over(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_GENERATIONAL);
    pbt_population *population = population_of(&search);
    pbt_segment s;
    for (int32_t round = 0; round < 10; round++) {
        for (int32_t m = 0; m < 3; m++) {
            assert_true(pbt_population_ask(population, &s));
            assert_true(is_same_id(s.id, (pbt_segment_id){m, round}));
        }
        assert_false(pbt_population_ask(population, &s));
        tell_round(population, (double[]){1, 2, 3});
    }
    assert_false(pbt_population_ask(population, &s));
    assert_true(pbt_population_is_over(population));
    pbt_population_free(population);
}

/* The member furthest behind whose open segment nobody was given, found by looking at all; -1.
 * Shape: asked[population]: the number that was given away last, of each. */
static int32_t furthest_behind(const pbt_population *population, const int32_t *asked)
{
    int32_t furthest = -1;
    int64_t step = INT64_MAX;
    for (int32_t m = 0; m < search_in_force(population)->population; m++) {
        pbt_segment s = newest_of(population, m);
        bool waits = pbt__population_state(population, m) == PBT_MEMBER_TRAINING;
        if (waits && asked[m] != s.id.number && s.start_step < step) {
            furthest = m;
            step = s.start_step;
        }
    }
    return furthest;
}

/* Tell how a member went, or that its attempt failed; once in so many times it is taken back. */
static void move_on(pbt_population *population, int32_t m, dice *d, int32_t undo_one_in)
{
    size_t mark = pbt__population_mark(population);
    if (dice_below(d, 20) == 0) {
        bool gave_up = false;
        pbt_segment_id id = newest_of(population, m).id;
        assert_int_equal(pbt__population_fault(population, id, PBT_CAUSE_LOST, &gave_up), PBT_OK);
    } else {
        pbt_report report = report_of(population, m, dice_below(d, 9));
        assert_int_equal(pbt__population_record(population, &report), PBT_OK);
    }
    settle(population);
    if (dice_below(d, undo_one_in) == 0) {
        pbt__population_undo(population, mark);
    }
    pbt__population_keep(population);
}

/* Also where members go on without being asked for, and where changes are taken back. */
static void what_is_asked_is_what_a_scan_finds(void **state)
{
    (void)state;
    enum { MEMBERS = 7 };
    pbt_search search = search_of(MEMBERS, PBT_ASYNCHRONOUS);
    search.stop_steps = 100000;
    search.lost = 0;
    pbt_population *population = population_of(&search);
    int32_t asked[MEMBERS] = {-1, -1, -1, -1, -1, -1, -1};
    dice d = {3};
    for (int32_t i = 0; i < 20000; i++) {
        pbt_segment s;
        int32_t m = dice_below(&d, MEMBERS);
        bool trains = pbt__population_state(population, m) == PBT_MEMBER_TRAINING;
        if (trains && dice_below(&d, 40) > 0) {
            move_on(population, m, &d, i < 10000 ? 3 : 50);
            continue;
        }
        int32_t expected = furthest_behind(population, asked);
        assert_int_equal(pbt_population_ask(population, &s), expected >= 0);
        if (expected >= 0) {
            assert_true(is_same_id(s.id, newest_of(population, expected).id));
            asked[expected] = s.id.number;
        }
    }
    assert_int_equal(pbt__population_tally(population).failed, 0);
    pbt_population_free(population);
}

static void a_segment_that_is_not_open_is_refused(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    tell_score(population, 0, 1);
    const pbt_segment_id ids[] = {{0, 0}, {0, 2}, {2, 0}, {-1, 0}, {0, -1}, {1, 1}};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        bool gave_up = true;
        pbt_report report = {.segment = ids[i], .step = 10, .score = 1, .has_checkpoint = true};
        assert_int_equal(pbt_population_tell(population, &report, NULL), PBT_ERR_STATE);
        assert_int_equal(pbt__population_fault(population, ids[i], PBT_CAUSE_LOST, &gave_up),
                         PBT_ERR_STATE);
        assert_true(gave_up);
    }
    assert_int_equal(pbt__population_tally(population).reports, 1);
    assert_int_equal(pbt__population_failures(population, 0), 0);
    pbt_population_free(population);
}

static void too_many_samples_are_refused(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    double *samples = calloc(PBT__SAMPLES_MAXIMUM + 1, sizeof *samples);
    assert_non_null(samples);
    pbt_report report = report_of(population, 0, 1);
    report.samples = samples;
    report.sample_count = PBT__SAMPLES_MAXIMUM + 1;
    pbt_error error;
    assert_int_equal(pbt__population_check(population, &report, &error), PBT_ERR_REPORT);
    assert_string_equal(error.message, "there are more than 65536 samples");
    report.sample_count = PBT__SAMPLES_MAXIMUM;
    assert_int_equal(pbt_population_tell(population, &report, NULL), PBT_OK);
    free(samples);
    pbt_population_free(population);
}

static void a_search_that_is_wrong_makes_nothing(void **state)
{
    (void)state;
    pbt_search search = search_of(0, PBT_ASYNCHRONOUS);
    pbt_population *population = NULL;
    pbt_error error;
    assert_int_equal(pbt_population_new(&search, &population, &error), PBT_ERR_ARGUMENT);
    assert_null(population);
    assert_int_equal(error.code, PBT_ERR_ARGUMENT);
    pbt_population_free(NULL);
}

static void a_space_may_be_empty(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_GENERATIONAL);
    search.space = (pbt_space){.count = 0};
    pbt_population *population = population_of(&search);
    for (int32_t round = 0; round < 10; round++) {
        tell_round(population, (double[]){1, 2, 3, 4});
    }
    assert_true(pbt_population_is_over(population));
    assert_int_equal(pbt__population_tally(population).exploits, 9);
    pbt_population_free(population);
}

/* ---- the best ---- */

static void assert_best(const pbt_population *population, int32_t member, int32_t number)
{
    pbt_segment best;
    assert_true(pbt_population_best(population, &best));
    assert_true(is_same_id(best.id, (pbt_segment_id){member, number}));
    assert_true(pbt__population_tally(population).best_score == best.score);
}

/* As reported, with a checkpoint; ties go to the earlier number, then to the lower member. */
static void the_best_is_the_best_report(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    search.direction = PBT_MINIMIZE;
    search.window = 5;
    pbt_population *population = population_of(&search);
    pbt_segment best;
    assert_false(pbt_population_best(population, &best));
    tell_score(population, 0, (double)-INFINITY);
    pbt_report bare = report_of(population, 1, -9);
    bare.has_checkpoint = false;
    tell(population, &bare);
    assert_false(pbt_population_best(population, &best));
    tell_score(population, 2, 4);
    assert_best(population, 2, 0);
    tell_score(population, 2, 3);
    tell_score(population, 1, 3);
    assert_best(population, 1, 1);
    tell_score(population, 2, 3);
    tell_score(population, 1, 3.5);
    assert_best(population, 1, 1);
    pbt_population_free(population);
}

/* ---- lineages ---- */

static void a_lineage_goes_back_to_age_0(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_GENERATIONAL);
    pbt_population *population = population_of(&search);
    for (int32_t round = 0; round < 5; round++) {
        tell_round(population, (double[]){round % 2, 1 - round % 2});
    }
    const pbt_segment_id path[] = {{1, 0}, {0, 1}, {1, 2}, {0, 3}, {1, 4}};
    pbt_segment lineage[5];
    memset(lineage, 0, sizeof lineage);
    assert_int_equal(pbt_population_lineage(population, path[4], lineage, 5), 5);
    for (int32_t i = 0; i < 5; i++) {
        assert_true(is_same_id(lineage[i].id, path[i]));
        assert_int_equal(lineage[i].start_age, 10 * i);
        assert_int_equal(lineage[i].end_age, 10 * (i + 1));
    }
    memset(lineage, 0, sizeof lineage);
    assert_int_equal(pbt_population_lineage(population, path[4], lineage, 2), 5);
    assert_true(is_same_id(lineage[1].id, path[1]));
    assert_int_equal(lineage[2].end_age, 0);
    assert_int_equal(pbt_population_lineage(population, path[4], NULL, 0), 5);
    assert_int_equal(pbt_population_lineage(population, (pbt_segment_id){2, 0}, lineage, 5), 0);
    assert_int_equal(pbt_population_lineage(population, (pbt_segment_id){0, 9}, lineage, 5), 0);
    pbt_population_free(population);
}

static void seeds_differ_and_can_be_had_again(void **state)
{
    (void)state;
    pbt_search search = search_of(8, PBT_ASYNCHRONOUS);
    pbt_population *a = population_of(&search);
    pbt_population *b = population_of(&search);
    for (int32_t i = 0; i < 8 * 5; i++) {
        tell_score(a, i % 8, i % 7);
        tell_score(b, 7 - i % 8, i % 5);
    }
    for (int32_t i = 0; i < 8 * 5; i++) {
        uint32_t seed = segment_of(a, i % 8, i / 8).seed;
        assert_int_equal(segment_of(b, i % 8, i / 8).seed, seed);
        for (int32_t j = 0; j < i; j++) {
            assert_int_not_equal(segment_of(a, j % 8, j / 8).seed, seed);
        }
    }
    pbt_population_free(a);
    pbt_population_free(b);
}

/* ---- decisions from elsewhere ---- */

static void a_decision_follows_its_member(void **state)
{
    (void)state;
    pbt_search search = search_of(3, PBT_GENERATIONAL);
    pbt_population *population = population_of(&search);
    tell_score(population, 0, 1);
    tell_score(population, 1, 2);
    pbt_report report = report_of(population, 2, 3);
    assert_int_equal(pbt__population_record(population, &report), PBT_OK);
    const pbt__decision due = due_of(population, 0);
    pbt__decision wrong[6];
    for (int32_t i = 0; i < 6; i++) {
        wrong[i] = due;
    }
    wrong[0].segment.id.member = 3;
    wrong[1].segment.id.member = -1;
    wrong[2].segment.id.number = 0;
    wrong[3].segment.id.number = 2;
    wrong[4].segment.parent = (pbt_segment_id){3, 0};
    wrong[5].segment.parent = (pbt_segment_id){0, 1};
    for (int32_t i = 0; i < 6; i++) {
        assert_int_equal(pbt__population_apply(population, &wrong[i]), PBT_ERR_STATE);
        assert_int_equal(pbt__population_state(population, 0), PBT_MEMBER_READY);
    }
    assert_int_equal(pbt__population_apply(population, &due), PBT_OK);
    assert_int_equal(pbt__population_apply(population, &due), PBT_ERR_STATE);
    pbt__decision early = due;
    early.segment.id.number = 2; /* follows, but number 1 is open */
    assert_int_equal(pbt__population_apply(population, &early), PBT_ERR_STATE);
    pbt_population_free(population);
}

/* What a log says is made, whatever the rules would have said. */
static void what_is_applied_need_not_be_what_was_decided(void **state)
{
    (void)state;
    pbt_search search = search_of(4, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    tell_round(population, (double[]){4, 3, 2, 1});
    pbt_report report = report_of(population, 0, 9);
    assert_int_equal(pbt__population_record(population, &report), PBT_OK);
    pbt__decision decision = due_of(population, 0);
    const pbt_value value = {.real = 0.25};
    decision.segment.donor = 1;
    decision.segment.parent = (pbt_segment_id){1, 0};
    decision.segment.reason = PBT_EXPLOITED;
    decision.segment.start_age = 10;
    decision.segment.end_age = 20;
    decision.segment.values = &value;
    assert_int_equal(pbt__population_apply(population, &decision), PBT_OK);
    pbt_segment s = newest_of(population, 0);
    assert_true(s.values != &value && s.values[0].real == 0.25);
    assert_int_equal(s.parent.member, 1);
    assert_invariants(population);
    for (int32_t round = 0; round < 4; round++) {
        tell_round(population, (double[]){4, 3, 2, 1});
        assert_invariants(population);
    }
    pbt_population_free(population);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ask_gives_the_furthest_behind),
        cmocka_unit_test(a_round_is_asked_again_when_it_is_over),
        cmocka_unit_test(what_is_asked_is_what_a_scan_finds),
        cmocka_unit_test(a_segment_that_is_not_open_is_refused),
        cmocka_unit_test(too_many_samples_are_refused),
        cmocka_unit_test(a_search_that_is_wrong_makes_nothing),
        cmocka_unit_test(a_space_may_be_empty),
        cmocka_unit_test(the_best_is_the_best_report),
        cmocka_unit_test(a_lineage_goes_back_to_age_0),
        cmocka_unit_test(seeds_differ_and_can_be_had_again),
        cmocka_unit_test(a_decision_follows_its_member),
        cmocka_unit_test(what_is_applied_need_not_be_what_was_decided),
    };
    return cmocka_run_group_tests_name("population", tests, NULL, NULL);
}
