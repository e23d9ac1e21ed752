/*
 * trainer.c: a training program in C that takes part in a study with <pbt/worker.h>.
 *
 * It fits a polynomial of degree 7 to a wave by stochastic gradient descent with momentum: a
 * problem so badly conditioned that the best rate and momentum change while it trains. Compiles as
 * C++ too.
 */
#include <math.h>
#include <pbt/worker.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { TERM_COUNT = 8, BATCH_SIZE = 16, TEST_COUNT = 256 };

/* All that the next step depends on, and so all that a checkpoint holds. */
typedef struct model {
    double weights[TERM_COUNT], velocity[TERM_COUNT];
    uint64_t random;
} model;

static pbt_worker *worker;

static void interrupt(int signal_number)
{
    (void)signal_number;
    pbt_worker_interrupt(worker); /* made for this: NOLINT(bugprone-signal-handler,cert-sig30-c) */
}

/* ---- the model ------------------------------------------------------------------------------- */

static void model_init(model *self, uint32_t seed)
{
    memset(self, 0, sizeof *self);
    self->random = 0x9E3779B97F4A7C15U * (seed + (uint64_t)1);
}

/* A number in [-1, 1). */
static double next_random(model *self)
{
    self->random = self->random * 6364136223846793005U + 1442695040888963407U;
    return (double)(self->random >> 11) / 4503599627370496.0 - 1;
}

/* The model's error at x; `terms` are the Chebyshev polynomials there. Shape: terms[TERM_COUNT] */
static double error_at(const model *self, double x, double *terms)
{
    double sum = -sin(4 * x);
    for (int i = 0; i < TERM_COUNT; i++) {
        terms[i] = i == 0 ? 1 : i == 1 ? x : 2 * x * terms[i - 1] - terms[i - 2];
        sum += self->weights[i] * terms[i];
    }
    return sum;
}

/* One step; the mean squared error of its batch. */
static double train_one(model *self, double rate, double momentum)
{
    double gradient[TERM_COUNT] = {0}, terms[TERM_COUNT], loss = 0;
    for (int n = 0; n < BATCH_SIZE; n++) {
        const double error = error_at(self, next_random(self), terms);
        loss += error * error / BATCH_SIZE;
        for (int i = 0; i < TERM_COUNT; i++) {
            gradient[i] += 2 * error * terms[i] / BATCH_SIZE;
        }
    }
    for (int i = 0; i < TERM_COUNT; i++) {
        self->velocity[i] = momentum * self->velocity[i] - rate * gradient[i];
        self->weights[i] += self->velocity[i];
    }
    return loss;
}

static double evaluate(const model *self)
{
    double terms[TERM_COUNT], loss = 0;
    for (int n = 0; n < TEST_COUNT; n++) {
        const double error = error_at(self, (2 * n + 1.0) / TEST_COUNT - 1, terms);
        loss += error * error / TEST_COUNT;
    }
    return loss;
}

/* Write or read a checkpoint; false where that fails. */
static bool transfer(model *self, const char *path, bool is_save)
{
    FILE *file = fopen(path, is_save ? "wb" : "rb");
    if (file == NULL) {
        return false;
    }
    const size_t count =
        is_save ? fwrite(self, sizeof *self, 1, file) : fread(self, sizeof *self, 1, file);
    return (fclose(file) == 0) & (count == 1);
}

/* ---- the study ------------------------------------------------------------------------------- */

static pbt_err fail(const char *what, pbt_error *error)
{
    return pbt_worker_fail(worker, what, true, error);
}

/* Train one segment and say how it went. */
static pbt_err train(model *self, const pbt_worker_segment *segment, pbt_error *error)
{
    if (segment->is_fresh) {
        model_init(self, segment->seed);
    } else if (segment->load != NULL && !transfer(self, segment->load, false)) {
        return fail("cannot load", error);
    }
    const double rate = pbt_worker_real(segment, "rate", 0.01);
    const double momentum = pbt_worker_real(segment, "momentum", 0);
    int64_t step = segment->resume_step;
    while (step < segment->end_step && !pbt_worker_is_stopping(worker)) {
        const double loss = train_one(self, rate, momentum);
        pbt_worker_log(worker, ++step, "batch_loss", loss);
    }
    const double loss = evaluate(self);
    if (!isfinite(loss)) {
        return pbt_worker_diverged(worker, step, error);
    }
    if (!transfer(self, segment->save_to, true)) {
        return fail("cannot save", error);
    }
    if (step < segment->end_step) {
        return pbt_worker_release(worker, step, error);
    }
    pbt_worker_metric(worker, "loss", loss);
    return pbt_worker_report(worker, step, error);
}

int main(void)
{
    model self;
    pbt_error error;
    const pbt_worker_segment *segment = NULL;
    memset(&self, 0, sizeof self);
    pbt_err err = pbt_worker_open(NULL, &worker, &error);
    if (err == PBT_OK) {
        (void)signal(SIGTERM, interrupt);
        err = pbt_worker_next(worker, &segment, &error);
    }
    while (err == PBT_OK && segment != NULL) {
        err = train(&self, segment, &error);
        if (err == PBT_OK) {
            err = pbt_worker_next(worker, &segment, &error);
        }
    }
    pbt_worker_close(worker);
    if (err != PBT_OK) {
        (void)fprintf(stderr, "trainer: %s\n%s\nhint: %s\n", error.message, error.detail,
                      error.hint);
    }
    return err == PBT_OK ? 0 : 1;
}
