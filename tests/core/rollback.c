/*
 * rollback.c: random programs of reports, failures, decisions and amendments, with marks and undo.
 *
 * After every step the invariants hold. After every undo the population is compared with another
 * one, made from nothing by the steps that were kept.
 */
#include "core/rule.h"
#include "core/state.h"
#include "support.h"

enum { STEPS_MAXIMUM = 400, MARKS_MAXIMUM = 8, PROGRAMS = 150 };

typedef enum step_kind { STEP_REPORT, STEP_FAULT, STEP_SETTLE, STEP_AMEND } step_kind;

typedef struct step {
    step_kind kind;
    pbt_report report; /* its samples point into `samples` */
    pbt_segment_id id;
    pbt_cause cause;
    int32_t search;
} step;

enum { SEARCHES = 4 };

typedef struct program {
    dice d;
    pbt_search searches[SEARCHES];
    pbt_population *population;
    step steps[STEPS_MAXIMUM];
    int32_t count;
    size_t marks[MARKS_MAXIMUM];
    int32_t lengths[MARKS_MAXIMUM];
    int32_t depth;
    int32_t harshness; /* failures among 40 steps */
} program;

/* What the programs came by, all told: a test of nothing passes too. */
typedef struct seen {
    int64_t exploits, failed, finished;
    int64_t late_copies; /* after the third generation */
} seen;

static const double samples[] = {1, 2.5, 3, 2, 1.5, 4};

static const pbt_item widths[] = {
    {.type = PBT_ITEM_INT, .integer = 32},
    {.type = PBT_ITEM_INT, .integer = 64},
};

static const pbt_parameter parameters[] = {
    {.name = "rate",
     .type = PBT_FLOAT,
     .scale = PBT_LOG,
     .min = {.real = 1e-4},
     .max = {.real = 1}},
    {.name = "batch", .type = PBT_INT, .min = {.integer = 1}, .max = {.integer = 64}},
    {.name = "width", .type = PBT_ORDINAL, .items = widths, .item_count = 2, .inherit = true},
};

static const pbt_value fixed_values[3] = {{.real = 0.5}, {.integer = 8}, {.integer = 1}};
static const bool fixed_given[3] = {true, true, true};
static const pbt_start starts[] = {{.values = fixed_values, .given = fixed_given, .fixed = true}};

static void roll_rules(dice *d, pbt_search *search)
{
    search->window = 1 + dice_below(d, 3);
    search->ready_after = 10 * dice_below(d, 3);
    search->exploit.rule = (pbt_exploit_rule)dice_below(d, (int32_t)pbt__exploit_row_count);
    search->exploit.compare = (pbt_compare)dice_below(d, 2);
    search->exploit.quorum = dice_below(d, 5) / 4.0;
    search->exploit.copy = 1 + dice_below(d, 3);
    search->exploit.window = 2 + dice_below(d, 4);
    search->exploit.sigmas = dice_below(d, 3) / 2.0;
    search->explore.when = (pbt_when)dice_below(d, 2);
}

static void program_init(program *p, uint64_t seed)
{
    *p = (program){.d = {.state = seed}};
    p->harshness = 2 + 8 * dice_below(&p->d, 3);
    pbt_search search = search_of(2 + dice_below(&p->d, 9), (pbt_mode)dice_below(&p->d, 2));
    search.seed = seed;
    search.direction = (pbt_direction)dice_below(&p->d, 2);
    search.stop_steps = 55;
    search.space = (pbt_space){.parameters = parameters, .count = 3};
    search.starts = starts;
    search.start_count = dice_below(&p->d, 2);
    search.lost = 1;
    roll_rules(&p->d, &search);
    int copy = search.exploit.copy;
    for (int32_t i = 0; i < SEARCHES; i++) {
        p->searches[i] = search;
        roll_rules(&p->d, &search);
        search.exploit.copy = copy;
        search.stop_steps = 55 + 10 * i;
    }
    p->population = population_of(&p->searches[0]);
}

/* ---- steps ---- */

static bool roll_training(program *p, int32_t *m)
{
    int32_t members = p->searches[0].population;
    int32_t first = dice_below(&p->d, members);
    for (int32_t i = 0; i < members; i++) {
        *m = (first + i) % members;
        if (pbt__population_state(p->population, *m) == PBT_MEMBER_TRAINING) {
            return true;
        }
    }
    return false;
}

static step roll_report(program *p, int32_t m)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY};
    step s = {.kind = STEP_REPORT};
    s.report = report_of(p->population, m, dice_below(&p->d, 6));
    int32_t what = dice_below(&p->d, 10);
    if (what == 0) {
        pbt_segment segment = newest_of(p->population, m);
        s.report.score = odd[dice_below(&p->d, 3)];
        s.report.step = segment.start_step + dice_below(&p->d, 2) * dice_below(&p->d, 12);
        s.report.has_checkpoint = dice_below(&p->d, 2) == 0;
    } else if (what == 1) {
        s.report.step += dice_below(&p->d, 10);
    } else if (what == 2) {
        s.report.has_checkpoint = false;
    } else if (what < 6) {
        s.report.samples = samples + dice_below(&p->d, 3);
        s.report.sample_count = 1 + (size_t)dice_below(&p->d, 3);
    }
    return s;
}

/* Half of all failures befall one member, which so fails for good now and then. */
static step roll_fault(program *p, int32_t m)
{
    int32_t unlucky = p->searches[0].population - 1;
    bool is_training = pbt__population_state(p->population, unlucky) == PBT_MEMBER_TRAINING;
    m = is_training && dice_below(&p->d, 2) == 0 ? unlucky : m;
    return (step){.kind = STEP_FAULT,
                  .id = newest_of(p->population, m).id,
                  .cause = (pbt_cause)dice_below(&p->d, PBT_CAUSE_UNLOADABLE + 1)};
}

static bool roll_step(program *p, step *out)
{
    int32_t m = 0;
    int32_t what = dice_below(&p->d, 40);
    if (what == 0) {
        *out = (step){.kind = STEP_AMEND, .search = dice_below(&p->d, SEARCHES)};
    } else if (what < 12 || !roll_training(p, &m)) {
        *out = (step){.kind = STEP_SETTLE};
    } else if (what < 12 + p->harshness) {
        *out = roll_fault(p, m);
    } else {
        *out = roll_report(p, m);
        pbt_err err = pbt__population_check(p->population, &out->report, NULL);
        return err == PBT_OK;
    }
    return true;
}

/* Rules come from the search that is amended to; one that would cut an open segment is refused, and
 * refused again when the program is repeated. */
static void take_step(pbt_population *population, const pbt_search *searches, const step *s)
{
    bool gave_up = false;
    switch (s->kind) {
    case STEP_REPORT:
        assert_int_equal(pbt__population_record(population, &s->report), PBT_OK);
        break;
    case STEP_FAULT:
        assert_int_equal(pbt__population_fault(population, s->id, s->cause, &gave_up), PBT_OK);
        break;
    case STEP_SETTLE:
        settle(population);
        break;
    case STEP_AMEND:
        (void)!pbt__population_amend(population, &searches[s->search], NULL);
        break;
    }
}

/* ---- programs ---- */

static void assert_rebuilt(program *p)
{
    pbt_population *rebuilt = population_of(&p->searches[0]);
    for (int32_t i = 0; i < p->count; i++) {
        take_step(rebuilt, p->searches, &p->steps[i]);
    }
    assert_same(p->population, rebuilt);
    pbt_population_free(rebuilt);
}

static void push_mark(program *p)
{
    p->marks[p->depth] = pbt__population_mark(p->population);
    p->lengths[p->depth++] = p->count;
}

static void undo_some(program *p)
{
    p->depth = dice_below(&p->d, p->depth);
    pbt__population_undo(p->population, p->marks[p->depth]);
    p->count = p->lengths[p->depth];
    assert_rebuilt(p);
}

static void keep_all(program *p)
{
    pbt__population_keep(p->population);
    p->depth = 0;
}

static void step_once(program *p)
{
    int32_t what = dice_below(&p->d, 25);
    step s;
    if (what == 0 && p->depth < MARKS_MAXIMUM) {
        push_mark(p);
    } else if (what == 1 && p->depth > 0) {
        undo_some(p);
    } else if (what == 2) {
        keep_all(p);
    } else if (roll_step(p, &s)) {
        p->steps[p->count++] = s;
        take_step(p->population, p->searches, &s);
    }
}

static void look(const program *p, seen *all)
{
    pbt__tally tally = pbt__population_tally(p->population);
    all->exploits += tally.exploits;
    all->failed += tally.failed;
    all->finished += tally.finished;
    for (int32_t m = 0; m < p->searches[0].population; m++) {
        for (int32_t n = 3; n <= newest_of(p->population, m).id.number; n++) {
            all->late_copies += segment_of(p->population, m, n).donor >= 0 ? 1 : 0;
        }
    }
}

static void run_program(uint64_t seed, seen *all)
{
    program *p = calloc(1, sizeof *p);
    assert_non_null(p);
    program_init(p, seed);
    for (int32_t i = 0; i < STEPS_MAXIMUM; i++) {
        step_once(p);
        assert_invariants(p->population);
    }
    assert_rebuilt(p);
    look(p, all);
    pbt_population_free(p->population);
    free(p);
}

static void what_is_undone_never_was(void **state)
{
    (void)state;
    seen all = {0};
    for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
        run_program(seed, &all);
    }
    assert_true(all.exploits > PROGRAMS);
    assert_true(all.failed > PROGRAMS / 4);
    assert_true(all.finished > PROGRAMS);
    assert_true(all.late_copies > PROGRAMS / 4);
}

/* A decision that was taken back is made again exactly, and deciding changes nothing. */
static void decisions_are_pure(void **state)
{
    (void)state;
    pbt_search search = search_of(8, PBT_ASYNCHRONOUS);
    pbt_population *a = population_of(&search);
    pbt_population *b = population_of(&search);
    for (int32_t i = 0; i < 64; i++) {
        int32_t m = i % 8;
        pbt_report report = report_of(a, m, (i * 37) % 11);
        size_t mark = pbt__population_mark(a);
        assert_int_equal(pbt__population_record(a, &report), PBT_OK);
        settle(a);
        pbt__population_undo(a, mark);
        assert_int_equal(pbt__population_record(a, &report), PBT_OK);
        assert_int_equal(pbt__population_record(b, &report), PBT_OK);
        assert_same(a, b);
        assert_same(a, b);
        settle(a);
        settle(b);
    }
    assert_true(pbt__population_tally(a).exploits > 0);
    pbt_population_free(a);
    pbt_population_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_undone_never_was),
        cmocka_unit_test(decisions_are_pure),
    };
    return cmocka_run_group_tests_name("rollback", tests, NULL, NULL);
}
