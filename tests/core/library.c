/* library.c: what pbt.h promises a program: copies, sizes, texts, failures, checkpoints, bounds. */
#include "core/rule.h"
#include "core/type.h"
#include "support.h"

/* ---- copies ---- */

enum { MEMBERS = 6 };

/* A search with all that one can point to. */
typedef struct pointed {
    char name[8], kind[8], small[8], large[8], checkpoint[8];
    pbt_item items[2];
    pbt_parameter parameters[2];
    double factors[3];
    pbt_value values[2], stage_values[2];
    bool given[2], stage_given[2];
    pbt_stage stages[1];
    pbt_start starts[2];
    pbt_search search;
} pointed;

static void point(pointed *p)
{
    memset(p, 0, sizeof *p);
    strcpy(p->name, "rate");
    strcpy(p->kind, "kind");
    strcpy(p->small, "small");
    strcpy(p->large, "large");
    strcpy(p->checkpoint, "start");
    p->items[0] = (pbt_item){.type = PBT_ITEM_TEXT, .text = p->small};
    p->items[1] = (pbt_item){.type = PBT_ITEM_TEXT, .text = p->large};
    p->parameters[0] = pbt_parameter_float(p->name, PBT_LOG, 1e-4, 1);
    p->parameters[1] =
        (pbt_parameter){.name = p->kind, .type = PBT_ORDINAL, .items = p->items, .item_count = 2};
    memcpy(p->factors, (double[]){0.5, 2, 4}, sizeof p->factors);
    p->values[0].real = p->stage_values[0].real = 0.125;
    p->given[0] = p->stage_given[0] = true;
    p->stages[0] = (pbt_stage){.end_age = 50, .values = p->stage_values, .given = p->stage_given};
    p->starts[0] = (pbt_start){
        .values = p->values, .given = p->given, .checkpoint = p->checkpoint, .fixed = true};
    p->starts[1] =
        (pbt_start){.values = p->values, .given = p->given, .stages = p->stages, .stage_count = 1};
    p->search = search_of(MEMBERS, PBT_ASYNCHRONOUS);
    p->search.explore.factors = p->factors;
    p->search.explore.factor_count = 3;
    p->search.space = (pbt_space){.parameters = p->parameters, .count = 2};
    p->search.starts = p->starts;
    p->search.start_count = 2;
}

static void nothing_of_the_search_is_needed_any_more(void **state)
{
    (void)state;
    pointed kept;
    pointed gone;
    point(&kept);
    point(&gone);
    pbt_population *a = population_of(&kept.search);
    pbt_population *b = population_of(&gone.search);
    memset(&gone, 0xA5, sizeof gone);
    for (int32_t i = 0; i < MEMBERS * 10; i++) {
        tell_score(a, i % MEMBERS, i % 7);
        tell_score(b, i % MEMBERS, i % 7);
        assert_same(a, b);
    }
    assert_true(pbt_population_is_over(b));
    assert_true(pbt__population_tally(b).exploits > 0);
    const pbt_search *own = search_in_force(b);
    assert_string_equal(own->space.parameters[1].items[1].text, "large");
    assert_string_equal(own->starts[0].checkpoint, "start");
    pbt_population_free(a);
    pbt_population_free(b);
}

/* ---- sizes ---- */

/* A struct as a program has it that was compiled with a header of another version. */
typedef struct newer {
    union {
        pbt_search search;
        pbt_segment segment;
        pbt_report report;
        pbt_member member;
    } known;
    unsigned char unknown[16];
} newer;

static void a_newer_search_is_taken_while_it_says_nothing_new(void **state)
{
    (void)state;
    const pbt_search plain = search_of(3, PBT_ASYNCHRONOUS);
    pbt_population *population = NULL;
    pbt_error error;
    newer this;
    memset(&this, 0xA5, sizeof this);
    const size_t size = sizeof this.known.search + 8;
    pbt_search_init(&this.known.search, size);
    assert_int_equal(this.known.search.size, size);
    this.known.search = plain;
    this.known.search.size = size;
    assert_int_equal(pbt_population_new(&this.known.search, &population, &error), PBT_OK);
    pbt_population_free(population);
    ((unsigned char *)&this)[size - 1] = 1;
    population = NULL;
    assert_int_equal(pbt_population_new(&this.known.search, &population, &error), PBT_ERR_VERSION);
    assert_int_equal(pbt_search_check(&this.known.search, &error), PBT_ERR_VERSION);
    assert_int_equal(error.code, PBT_ERR_VERSION);
    assert_non_null(strstr(error.message, "does not know"));
    assert_null(population);
}

static void what_is_filled_is_what_the_caller_knows(void **state)
{
    (void)state;
    const pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    tell_score(population, 0, 1);
    const size_t whole = sizeof(pbt_segment);
    const pbt_segment_id leaf = {0, 0};
    newer this;
    memset(&this, 0xA5, sizeof this);
    assert_true(pbt_population_segment_sized(population, leaf, &this.known.segment, whole + 8));
    assert_true(is_same_id(this.known.segment.id, leaf));
    assert_int_equal(((unsigned char *)&this)[whole + 7], 0);
    memset(&this, 0xA5, sizeof this);
    assert_true(pbt_population_ask_sized(population, &this.known.segment, 8));
    assert_true(is_same_id(this.known.segment.id, (pbt_segment_id){1, 0}));
    assert_int_equal(((unsigned char *)&this)[8], 0xA5);
    assert_true(pbt_population_best_sized(population, &this.known.segment, 8));
    assert_int_equal(((unsigned char *)&this)[8], 0xA5);
    assert_true(pbt_population_member_sized(population, 0, &this.known.member, 4));
    assert_int_equal(((unsigned char *)&this)[4], 0);
    unsigned char two[2][8];
    memset(two, 0xA5, sizeof two);
    tell_score(population, 0, 2);
    assert_int_equal(pbt_population_lineage_sized(population, (pbt_segment_id){0, 1},
                                                  (pbt_segment *)(void *)two, 2, 8),
                     2);
    pbt_segment_id ids[2];
    memcpy(ids, two, sizeof ids);
    assert_true(is_same_id(ids[0], leaf) && is_same_id(ids[1], (pbt_segment_id){0, 1}));
    pbt_population_free(population);
}

static void a_newer_report_is_taken_while_it_says_nothing_new(void **state)
{
    (void)state;
    const pbt_search search = search_of(3, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    pbt_error error;
    newer this;
    memset(&this, 0, sizeof this);
    const size_t size = sizeof this.known.report + 8;
    this.known.report = report_of(population, 0, 1);
    ((unsigned char *)&this)[size - 1] = 1;
    assert_int_equal(pbt_population_tell_sized(population, &this.known.report, size, &error),
                     PBT_ERR_VERSION);
    ((unsigned char *)&this)[size - 1] = 0;
    assert_int_equal(pbt_population_tell_sized(population, &this.known.report, size, &error),
                     PBT_OK);
    pbt_population_free(population);
}

/* ---- texts ---- */

static void a_refusal_says_why(void **state)
{
    (void)state;
    const pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    pbt_error error;
    pbt_report report = report_of(population, 0, 1);
    report.step = 9;
    assert_int_equal(pbt_population_tell(population, &report, &error), PBT_ERR_REPORT);
    assert_string_equal(error.message, "the step is short of the segment's end");
    report.segment.number = 1;
    assert_int_equal(pbt_population_tell(population, &report, &error), PBT_ERR_STATE);
    assert_string_equal(error.message, "the segment is not open");
    assert_int_equal(pbt_population_fail(population, report.segment, PBT_CAUSE_LOST, &error),
                     PBT_ERR_STATE);
    assert_string_equal(error.message, "the segment is not open");
    assert_int_equal(pbt_population_fail(population, (pbt_segment_id){0, 0}, (pbt_cause)9, &error),
                     PBT_ERR_ARGUMENT);
    assert_int_equal(pbt_population_release(population, report.segment, &error), PBT_ERR_STATE);
    assert_int_equal(pbt_population_release(population, (pbt_segment_id){0, 0}, &error),
                     PBT_ERR_STATE);
    assert_string_equal(error.message, "the segment was not asked for");
    pbt_population_free(population);
}

/* ---- failures ---- */

static pbt_member member_of(const pbt_population *population, int32_t m)
{
    pbt_member member;
    assert_true(pbt_population_member(population, m, &member));
    return member;
}

static void a_segment_comes_again_until_it_is_given_up(void **state)
{
    (void)state;
    pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    search.retries = 1;
    pbt_population *population = population_of(&search);
    const pbt_segment_id first = {0, 0};
    pbt_segment s;
    for (int32_t attempt = 0; attempt < 2; attempt++) {
        assert_true(pbt_population_ask(population, &s));
        assert_true(is_same_id(s.id, first));
        assert_true(member_of(population, 0).is_asked);
        assert_int_equal(pbt_population_fail(population, first, PBT_CAUSE_TRAINER, NULL), PBT_OK);
        assert_int_equal(member_of(population, 0).failures, attempt + 1);
    }
    assert_true(pbt_population_segment(population, first, &s));
    assert_int_equal(s.state, PBT_SEGMENT_GIVEN_UP);
    assert_int_equal(member_of(population, 0).state, PBT_MEMBER_LOST);
    assert_true(is_same_id(member_of(population, 0).reported, PBT_NO_SEGMENT));
    tell_score(population, 1, 1);
    assert_true(pbt_population_ask(population, &s));
    assert_true(is_same_id(s.id, (pbt_segment_id){0, 1}));
    assert_int_equal(s.reason, PBT_RESCUE);
    assert_true(pbt_population_segment(population, s.parent, &s));
    assert_int_equal(s.id.member, 1);
    for (int32_t i = 0; i < 3; i++) {
        s = newest_of(population, 0);
        tell_score(population, 1, i + 2);
        assert_true(pbt_population_needs(population, s.parent));
        assert_int_equal(pbt_population_fail(population, s.id, PBT_CAUSE_FATAL, NULL), PBT_OK);
        assert_false(pbt_population_needs(population, s.parent));
    }
    assert_int_equal(member_of(population, 0).state, PBT_MEMBER_FAILED);
    assert_false(pbt_population_member(population, 2, &(pbt_member){.step = 0}));
    assert_false(pbt_population_member(population, -1, &(pbt_member){.step = 0}));
    pbt_population_free(population);
}

static void what_is_released_comes_again(void **state)
{
    (void)state;
    const pbt_search search = search_of(2, PBT_ASYNCHRONOUS);
    pbt_population *population = population_of(&search);
    pbt_segment s;
    assert_true(pbt_population_ask(population, &s));
    assert_true(pbt_population_ask(population, &s));
    assert_false(pbt_population_ask(population, &s));
    assert_int_equal(pbt_population_release(population, (pbt_segment_id){0, 0}, NULL), PBT_OK);
    assert_true(pbt_population_ask(population, &s));
    assert_true(is_same_id(s.id, (pbt_segment_id){0, 0}));
    assert_int_equal(member_of(population, 0).failures, 0);
    pbt_population_free(population);
}

/* ---- checkpoints ---- */

enum { NUMBERS = 256 };

/* Delete all checkpoints that are not needed. Shape: is_deleted[MEMBERS][NUMBERS]. Returns how many
 * are left. */
static int32_t delete_others(const pbt_population *population, bool is_deleted[][NUMBERS])
{
    int32_t left = 0;
    for (int32_t m = 0; m < MEMBERS; m++) {
        for (int32_t number = 0; number <= member_of(population, m).newest.number; number++) {
            const bool is_needed = pbt_population_needs(population, (pbt_segment_id){m, number});
            const bool is_reported =
                segment_of(population, m, number).state == PBT_SEGMENT_REPORTED;
            assert_false(is_needed && is_deleted[m][number]);
            is_deleted[m][number] = is_reported && !is_needed;
            left += is_needed ? 1 : 0;
        }
    }
    return left;
}

static void go_on(pbt_population *population, dice *d)
{
    const int32_t m = dice_below(d, MEMBERS);
    if (member_of(population, m).state != PBT_MEMBER_TRAINING) {
        return;
    }
    pbt_report report = report_of(population, m, dice_below(d, 9));
    const int32_t what = dice_below(d, 10);
    if (what == 0) {
        assert_int_equal(pbt_population_fail(population, report.segment, PBT_CAUSE_FATAL, NULL),
                         PBT_OK);
        return;
    }
    report.score = what == 1 ? (double)NAN : report.score;
    report.has_checkpoint = what > 2;
    assert_int_equal(pbt_population_tell(population, &report, NULL), PBT_OK);
}

/* Nobody ever starts from a checkpoint that was deleted, and there are few at any time. */
static void what_is_not_needed_is_never_asked_for(void **state)
{
    (void)state;
    for (int32_t seed = 0; seed < 40; seed++) {
        pbt_search search = search_of(MEMBERS, seed % 2 ? PBT_GENERATIONAL : PBT_ASYNCHRONOUS);
        search.seed = (uint64_t)seed;
        search.exploit.copy = seed % 3 == 0 ? PBT_COPY_HYPERPARAMETERS : search.exploit.copy;
        search.exploit.compare = seed % 5 == 0 ? PBT_COMPARE_LATEST : PBT_COMPARE_STEP;
        pbt_population *population = population_of(&search);
        bool is_deleted[MEMBERS][NUMBERS] = {{false}};
        dice d = {(uint64_t)seed};
        pbt_segment best;
        for (int32_t i = 0; i < 400 && !pbt_population_is_over(population); i++) {
            go_on(population, &d);
            for (int32_t m = 0; m < MEMBERS; m++) {
                const pbt_segment_id parent = newest_of(population, m).parent;
                assert_false(parent.member >= 0 && is_deleted[parent.member][parent.number] &&
                             segment_of(population, parent.member, parent.number).has_checkpoint &&
                             member_of(population, m).state == PBT_MEMBER_TRAINING);
            }
            assert_true(delete_others(population, is_deleted) <= MEMBERS + 1);
            assert_true(!pbt_population_best(population, &best) ||
                        !is_deleted[best.id.member][best.id.number]);
        }
        assert_true(pbt_population_is_over(population));
        pbt_population_free(population);
    }
}

/* ---- bounds ---- */

/* A member that makes a step only where it would fail for good otherwise has the most segments. */
static void the_bound_of_numbers_is_reached(void **state)
{
    (void)state;
    pbt_search search = search_of(1, PBT_ASYNCHRONOUS);
    search.stop_steps = 7;
    search.ready_every = 3;
    pbt_population *population = population_of(&search);
    int32_t standing = 0;
    while (member_of(population, 0).state == PBT_MEMBER_TRAINING) {
        const pbt_segment s = newest_of(population, 0);
        const bool moves = standing == 3;
        const pbt_report report = {
            .segment = s.id, .step = s.start_step + (moves ? 1 : 0), .score = NAN};
        assert_int_equal(pbt_population_tell(population, &report, NULL), PBT_OK);
        standing = moves ? 0 : standing + 1;
    }
    assert_int_equal(member_of(population, 0).state, PBT_MEMBER_FINISHED);
    assert_int_equal(member_of(population, 0).newest.number + 1, pbt_search_segments(&search));
    search.stop_steps = INT64_C(1) << 40;
    assert_int_equal(pbt_search_segments(&search), INT32_MAX);
    pbt_population_free(population);
}

/* ---- names ---- */

static void every_value_has_a_name_of_its_own(void **state)
{
    (void)state;
    int type_count = 0;
    while (pbt__type_row((pbt_type)type_count) != NULL) {
        type_count++;
    }
#define NAMED(noun, last)                                                                          \
    do {                                                                                           \
        for (int a = 0; a <= (int)(last); a++) {                                                   \
            assert_string_not_equal(pbt_##noun##_name((pbt_##noun)a), "unknown");                  \
            for (int b = 0; b < a; b++) {                                                          \
                assert_string_not_equal(pbt_##noun##_name((pbt_##noun)a),                          \
                                        pbt_##noun##_name((pbt_##noun)b));                         \
            }                                                                                      \
        }                                                                                          \
        assert_string_equal(pbt_##noun##_name((pbt_##noun)((last) + 1)), "unknown");               \
        assert_string_equal(pbt_##noun##_name((pbt_##noun) - 1), "unknown");                       \
    } while (0)
    NAMED(type, type_count - 1);
    NAMED(scale, PBT_REVERSE_LOG);
    NAMED(item_type, PBT_ITEM_TEXT);
    NAMED(operation, PBT_STAGE);
    NAMED(direction, PBT_MINIMIZE);
    NAMED(mode, PBT_GENERATIONAL);
    NAMED(compare, PBT_COMPARE_LATEST);
    NAMED(when, PBT_WHEN_ALWAYS);
    NAMED(exploit_rule, pbt__exploit_row_count - 1);
    NAMED(explore_rule, pbt__explore_row_count - 1);
    NAMED(reason, PBT_REPLAY);
    NAMED(segment_state, PBT_SEGMENT_GIVEN_UP);
    NAMED(member_state, PBT_MEMBER_FAILED);
    NAMED(cause, PBT_CAUSE_UNLOADABLE);
    assert_string_equal(pbt_explore_rule_name(PBT_EXPLORE_GAUSSIAN), "gaussian");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_of_the_search_is_needed_any_more),
        cmocka_unit_test(a_newer_search_is_taken_while_it_says_nothing_new),
        cmocka_unit_test(what_is_filled_is_what_the_caller_knows),
        cmocka_unit_test(a_newer_report_is_taken_while_it_says_nothing_new),
        cmocka_unit_test(a_refusal_says_why),
        cmocka_unit_test(a_segment_comes_again_until_it_is_given_up),
        cmocka_unit_test(what_is_released_comes_again),
        cmocka_unit_test(what_is_not_needed_is_never_asked_for),
        cmocka_unit_test(the_bound_of_numbers_is_reached),
        cmocka_unit_test(every_value_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests_name("library", tests, NULL, NULL);
}
