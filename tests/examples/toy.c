/*
 * toy.c: the paper's figure 2 through the library: ask, train with the plugin,
 * tell. tests/examples/toy.py does the same through the program.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pbt/pbt.h>
#include <pbt/trainer.h>

enum { MEMBERS = 2, STEPS = 200, NUMBER_MAXIMUM = 50, SEEDS = 200 };

typedef struct theta {
    double at[2];
} theta;

/* One run: every segment's checkpoint, and what the members ended with. */
typedef struct run {
    theta checkpoints[MEMBERS][NUMBER_MAXIMUM];
    theta last[MEMBERS];
    double q[MEMBERS];
    int64_t copies;
} run;

static void set_metric(void *host, const char *name, double value)
{
    if (strcmp(name, "q") == 0) {
        *(double *)host = value;
    }
}

/* Train one segment with the plugin; returns its score. */
static double train(const pbt_segment *segment, theta *state)
{
    double q = NAN;
    int64_t step = 0;
    const pbt_hyperparameter h[2] = {
        {.name = "h0", .real = segment->values[0].real},
        {.name = "h1", .real = segment->values[1].real},
    };
    const pbt_job job = {
        .version = PBT_TRAINER_VERSION,
        .start_step = segment->start_step,
        .end_step = segment->end_step,
        .hyperparameters = h,
        .hyperparameter_count = 2,
        .host = &q,
        .metric = set_metric,
    };
    if (segment->parent.member < 0) {
        assert_int_equal(pbt_trainer_table.init(state, &job), 0);
    }
    assert_int_equal(pbt_trainer_table.train(state, &job, &step), 0);
    assert_int_equal(step, segment->end_step);
    assert_int_equal(pbt_trainer_table.evaluate(state, &job), 0);
    return q;
}

static void run_segment(pbt_population *population, const pbt_segment *segment, run *r)
{
    const pbt_segment_id id = segment->id, parent = segment->parent;
    theta state = {{NAN, NAN}};
    if (parent.member >= 0) {
        state = r->checkpoints[parent.member][parent.number];
    }
    const double q = train(segment, &state);
    r->checkpoints[id.member][id.number] = r->last[id.member] = state;
    r->q[id.member] = q;
    r->copies += segment->reason == PBT_EXPLOITED;
    const pbt_report report = {
        .segment = id, .step = segment->end_step, .score = q, .has_checkpoint = true};
    assert_int_equal(pbt_population_tell(population, &report, NULL), PBT_OK);
}

static pbt_search toy_search(const pbt_parameter *parameters, const pbt_start *starts)
{
    pbt_search search = pbt_search_default();
    search.population = MEMBERS;
    search.mode = PBT_GENERATIONAL;
    search.ready_every = 4;
    search.stop_steps = STEPS;
    search.space = (pbt_space){.parameters = parameters, .count = 2};
    search.starts = starts;
    search.start_count = MEMBERS;
    search.exploit.rule = PBT_EXPLOIT_NONE;
    search.exploit.copy = PBT_COPY_WEIGHTS;
    search.explore.rule = PBT_EXPLORE_NONE;
    search.explore.sigma = 0.1;
    return search;
}

/* A panel of the figure: how it differs from grid search. */
typedef struct panel {
    bool exploits, explores;
    int copy; /* 0: weights alone */
    int64_t every;
    uint64_t seed;
    double h[MEMBERS][2];
} panel;

static const panel grid = {.every = 4, .h = {{1, 0}, {0, 1}}};

static run run_panel(const panel *p)
{
    const pbt_parameter parameters[2] = {pbt_parameter_float("h0", PBT_LINEAR, 0, 10),
                                         pbt_parameter_float("h1", PBT_LINEAR, 0, 10)};
    const bool given[2] = {true, true};
    const pbt_value values[MEMBERS][2] = {{{.real = p->h[0][0]}, {.real = p->h[0][1]}},
                                          {{.real = p->h[1][0]}, {.real = p->h[1][1]}}};
    const pbt_start starts[MEMBERS] = {{.values = values[0], .given = given},
                                       {.values = values[1], .given = given}};
    pbt_search search = toy_search(parameters, starts);
    search.seed = p->seed;
    search.ready_every = p->every;
    search.exploit.rule = p->exploits ? PBT_EXPLOIT_BEST : PBT_EXPLOIT_NONE;
    search.exploit.copy = p->copy != 0 ? p->copy : PBT_COPY_WEIGHTS;
    search.explore.rule = p->explores ? PBT_EXPLORE_GAUSSIAN : PBT_EXPLORE_NONE;
    search.explore.when = p->exploits ? PBT_WHEN_COPY : PBT_WHEN_ALWAYS;
    pbt_population *population = NULL;
    assert_int_equal(pbt_population_new(&search, &population, NULL), PBT_OK);
    run r = {0};
    pbt_segment segment;
    while (pbt_population_ask(population, &segment)) {
        run_segment(population, &segment, &r);
    }
    assert_true(pbt_population_is_over(population));
    pbt_population_free(population);
    return r;
}

static void assert_near(double value, double expected, double tolerance)
{
    assert_true(fabs(value - expected) <= tolerance);
}

/* Stated to ten places: half a unit of the last is within 1e-9. */
static void assert_golden(double value, double expected)
{
    assert_near(value, expected, 1e-9);
}

static void test_grid_search(void **unused)
{
    (void)unused;
    const run r = run_panel(&grid);
    for (int m = 0; m < MEMBERS; m++) {
        assert_golden(r.q[m], 0.3897494379);
        assert_near(r.last[m].at[m], 0.015829, 5e-7);
        assert_true(r.last[m].at[1 - m] == 0.9);
    }
    assert_int_equal(r.copies, 0);
}

static void test_reference(void **unused)
{
    (void)unused;
    panel p = grid;
    p.h[0][1] = p.h[1][0] = 1;
    const run r = run_panel(&p);
    assert_golden(r.q[0], 1.1994988759);
    assert_golden(r.q[1], 1.1994988759);
}

static void test_exploit_only(void **unused)
{
    (void)unused;
    panel p = grid;
    p.exploits = true;
    const run r = run_panel(&p);
    assert_golden(r.q[0], 1.1711345818);
    assert_golden(r.q[1], 1.1715075265);
    assert_near(r.last[0].at[0], 0.110092, 5e-7);
    assert_near(r.last[0].at[1], 0.129403, 5e-7);
    assert_near(r.last[1].at[0], 0.119358, 5e-7);
    assert_near(r.last[1].at[1], 0.119358, 5e-7);
    assert_int_equal(r.copies, STEPS / 4 - 1);
}

static void test_exploit_only_less_often(void **unused)
{
    (void)unused;
    static const struct {
        int64_t every;
        double q0;
    } cases[] = {{5, 1.1709240868}, {10, 1.1691498737}, {20, 1.1616867404}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        panel p = grid;
        p.exploits = true;
        p.every = cases[i].every;
        const run r = run_panel(&p);
        assert_golden(r.q[0], cases[i].q0);
        assert_golden(r.q[1], 1.1715075265);
    }
}

static void test_exploit_only_with_hyperparameters(void **unused)
{
    (void)unused;
    panel p = grid;
    p.exploits = true;
    p.copy = PBT_COPY_WEIGHTS | PBT_COPY_HYPERPARAMETERS;
    const run r = run_panel(&p);
    assert_golden(fmax(r.q[0], r.q[1]), 0.3897494379);
}

/* ---- distributions ---- */

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The better member's score of SEEDS runs, in order. */
static void run_seeds(panel p, double *sorted)
{
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        p.seed = seed;
        const run r = run_panel(&p);
        sorted[seed] = fmax(r.q[0], r.q[1]);
    }
    qsort(sorted, SEEDS, sizeof *sorted, by_value);
}

/*
 * A stated quantile, to within half a unit of its last place, lies between two order statistics. Of
 * 200 draws Binomial(200, probability) lie below it; less than 1e-4 is left out on a side.
 */
typedef struct quantile {
    int lowest, highest; /* ranks, from 0 */
    double value, rounding;
} quantile;

enum { LOW_5 = 0, HIGH_5 = 23, LOW_50 = 73, HIGH_50 = 126, LOW_95 = 176, HIGH_95 = 199 };

static void assert_quantile(const double *sorted, quantile q)
{
    assert_true(sorted[q.lowest] <= q.value + q.rounding);
    assert_true(sorted[q.highest] >= q.value - q.rounding);
}

static void test_explore_only(void **unused)
{
    (void)unused;
    panel p = grid;
    double sorted[SEEDS];
    p.explores = true;
    run_seeds(p, sorted);
    assert_quantile(sorted, (quantile){LOW_5, HIGH_5, 0.953, 5e-4});
    assert_quantile(sorted, (quantile){LOW_50, HIGH_50, 1.159, 5e-4});
    assert_quantile(sorted, (quantile){LOW_95, HIGH_95, 1.199, 5e-4});
}

static void test_pbt(void **unused)
{
    (void)unused;
    panel p = grid;
    double sorted[SEEDS];
    p.exploits = p.explores = true;
    run_seeds(p, sorted);
    assert_quantile(sorted, (quantile){LOW_5, HIGH_5, 1.146, 5e-4});
    assert_quantile(sorted, (quantile){LOW_50, HIGH_50, 1.1887, 5e-5});
    assert_quantile(sorted, (quantile){LOW_95, HIGH_95, 1.198, 5e-4});
}

static void test_pbt_with_hyperparameters(void **unused)
{
    (void)unused;
    panel p = grid;
    double sorted[SEEDS];
    p.exploits = p.explores = true;
    p.copy = PBT_COPY_WEIGHTS | PBT_COPY_HYPERPARAMETERS;
    run_seeds(p, sorted);
    assert_quantile(sorted, (quantile){LOW_50, HIGH_50, 1.1994, 5e-5});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grid_search),
        cmocka_unit_test(test_reference),
        cmocka_unit_test(test_exploit_only),
        cmocka_unit_test(test_exploit_only_less_often),
        cmocka_unit_test(test_exploit_only_with_hyperparameters),
        cmocka_unit_test(test_explore_only),
        cmocka_unit_test(test_pbt),
        cmocka_unit_test(test_pbt_with_hyperparameters),
    };
    return cmocka_run_group_tests_name("toy", tests, NULL, NULL);
}
