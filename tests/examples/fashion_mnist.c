/* fashion_mnist.c: the example plugin, called as pbt calls it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <pbt/trainer.h>

#include "model.h"

/* What the plugin said last. */
typedef struct host {
    double accuracy, loss;
    int64_t step;
    int64_t stop_at; /* is_stopping from this step on; 0: never */
    char message[256];
} host;

static bool host_is_stopping(void *context)
{
    const host *h = context;
    return h->stop_at > 0 && h->step >= h->stop_at;
}

static void host_progress(void *context, int64_t step)
{
    ((host *)context)->step = step;
}

static void host_metric(void *context, const char *name, double value)
{
    host *h = context;
    if (strcmp(name, "accuracy") == 0) {
        h->accuracy = value;
    } else if (strcmp(name, "loss") == 0) {
        h->loss = value;
    }
}

static void host_message(void *context, const char *text)
{
    snprintf(((host *)context)->message, sizeof((host *)context)->message, "%s", text);
}

enum { LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, DROPOUT, BATCH_SIZE, WIDTH, SECOND_WIDTH, COUNT };

typedef struct fixture {
    host host;
    pbt_hyperparameter hyperparameters[COUNT];
    pbt_job job;
    model *state;
} fixture;

static void set(fixture *f, int index, const char *name, double value)
{
    f->hyperparameters[index] =
        (pbt_hyperparameter){.name = name, .real = value, .integer = llround(value)};
}

static const char *const names[COUNT] = {"learning_rate", "momentum", "weight_decay", "dropout",
                                         "batch_size",    "width",    "second_width"};
static const double defaults[COUNT] = {0.02, 0.9, 1e-4, 0.1, 50, 32, 16};

static int fixture_init(void **out)
{
    if (access("/usr/share/datasets/fashion-mnist", R_OK) != 0 && getenv("FASHION_MNIST") == NULL) {
        return 0;
    }
    fixture *f = calloc(1, sizeof *f);
    f->state = calloc(1, sizeof *f->state);
    for (int i = 0; i < COUNT; i++) {
        set(f, i, names[i], defaults[i]);
    }
    f->job = (pbt_job){
        .version = PBT_TRAINER_VERSION,
        .seed = 1,
        .hyperparameters = f->hyperparameters,
        .hyperparameter_count = COUNT,
        .host = &f->host,
        .is_stopping = host_is_stopping,
        .progress = host_progress,
        .metric = host_metric,
        .message = host_message,
    };
    *out = f;
    return pbt_trainer_table.open(&f->job);
}

static int fixture_fini(void **in)
{
    fixture *f = *in;
    if (f != NULL) {
        pbt_trainer_table.close();
        free(f->state);
        free(f);
    }
    return 0;
}

static fixture *require_fixture(void **in)
{
    if (*in == NULL) {
        print_message("skipped: install dataset-fashion-mnist\n");
        skip();
    }
    return *in;
}

static void start(fixture *f, model *m)
{
    memset(m, 0, sizeof *m);
    assert_int_equal(pbt_trainer_table.init(m, &f->job), 0);
}

static void train(fixture *f, model *m, int64_t from, int64_t to)
{
    int64_t step = -1;
    f->job.start_step = from;
    f->job.end_step = to;
    assert_int_equal(pbt_trainer_table.train(m, &f->job, &step), 0);
    assert_int_equal(step, to);
}

static void test_it_learns(void **in)
{
    fixture *f = require_fixture(in);
    start(f, f->state);
    assert_int_equal(pbt_trainer_table.evaluate(f->state, &f->job), 0);
    assert_true(f->host.accuracy < 0.3);
    train(f, f->state, 0, 25600);
    assert_int_equal(pbt_trainer_table.evaluate(f->state, &f->job), 0);
    assert_true(f->host.accuracy > 0.78);
    assert_true(f->host.loss < 0.65);
}

/* The state is all there is: half the way, a copy, a look at the score, the other half. */
static void test_training_goes_on_from_the_bytes(void **in)
{
    fixture *f = require_fixture(in);
    model *copy = calloc(1, sizeof *copy);
    assert_non_null(copy);
    start(f, f->state);
    train(f, f->state, 0, 1000);
    train(f, f->state, 1000, 2000);
    start(f, copy);
    train(f, copy, 0, 1000);
    memcpy(f->state, copy, sizeof *copy);
    assert_int_equal(pbt_trainer_table.evaluate(copy, &f->job), 0);
    train(f, copy, 1000, 2000);
    train(f, f->state, 1000, 2000);
    assert_memory_equal(f->state, copy, sizeof *copy);
    free(copy);
}

/* A batch size that does not divide the segment: no example too many. */
static void test_step_counts_examples(void **in)
{
    fixture *f = require_fixture(in);
    set(f, BATCH_SIZE, "batch_size", 37);
    start(f, f->state);
    train(f, f->state, 0, 100);
    assert_int_equal(f->state->position, 100);
    set(f, BATCH_SIZE, "batch_size", 50);
}

static void test_it_stops_early(void **in)
{
    fixture *f = require_fixture(in);
    int64_t step = -1;
    start(f, f->state);
    f->host.stop_at = 500;
    f->job.start_step = 0;
    f->job.end_step = 2000;
    assert_int_equal(pbt_trainer_table.train(f->state, &f->job, &step), 0);
    f->host.stop_at = 0;
    assert_int_equal(step, 500);
    assert_int_equal(f->state->position, 500);
}

static void test_divergence_is_not_a_score(void **in)
{
    fixture *f = require_fixture(in);
    start(f, f->state);
    set(f, LEARNING_RATE, "learning_rate", 1e6);
    train(f, f->state, 0, 5000);
    set(f, LEARNING_RATE, "learning_rate", 0.02);
    assert_int_equal(pbt_trainer_table.evaluate(f->state, &f->job), 0);
    assert_true(isnan(f->host.accuracy));
}

static void test_impossible_hyperparameters_are_refused(void **in)
{
    fixture *f = require_fixture(in);
    int64_t step = -1;
    set(f, WIDTH, "width", 129);
    assert_int_not_equal(pbt_trainer_table.init(f->state, &f->job), 0);
    assert_non_null(strstr(f->host.message, "width"));
    set(f, WIDTH, "width", 32);
    start(f, f->state);
    set(f, DROPOUT, "dropout", 1);
    assert_int_not_equal(pbt_trainer_table.train(f->state, &f->job, &step), 0);
    assert_non_null(strstr(f->host.message, "dropout"));
    set(f, DROPOUT, "dropout", 0.1);
    set(f, BATCH_SIZE, "batch_size", 0);
    assert_int_not_equal(pbt_trainer_table.train(f->state, &f->job, &step), 0);
    assert_non_null(strstr(f->host.message, "batch_size"));
    set(f, BATCH_SIZE, "batch_size", 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_learns),
        cmocka_unit_test(test_training_goes_on_from_the_bytes),
        cmocka_unit_test(test_step_counts_examples),
        cmocka_unit_test(test_it_stops_early),
        cmocka_unit_test(test_divergence_is_not_a_score),
        cmocka_unit_test(test_impossible_hyperparameters_are_refused),
    };
    return cmocka_run_group_tests_name("fashion_mnist", tests, fixture_init, fixture_fini);
}
