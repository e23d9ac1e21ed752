/*
 * trainer.c: Fashion-MNIST as a plugin: minibatch SGD with momentum, weight decay and dropout.
 *
 * A step is an example, so that tuning the batch size does not buy data. The data are read once and
 * shared by all members; what a member needs to go on is in its model. Where a segment's
 * length is no multiple of the batch size its last batch is smaller and moves the weights by less.
 */
#include <math.h>
#include <stdlib.h>

#include <pbt/trainer.h>

#include "data.h"
#include "model.h"
#include "random.h"

/* Read by `open`; only read afterwards, by every thread. */
static data training;
static float *validation_inputs; /* Shape: [VALIDATION_COUNT][IMAGE_PIXELS] */
static int32_t train_count;      /* images trained on: those before the validation images */

static int fail(const pbt_job *job, const char *message)
{
    job->message(job->host, message);
    return -1;
}

static void trainer_close(void)
{
    data_free(&training);
    free(validation_inputs);
    validation_inputs = NULL;
}

static int trainer_open(const pbt_job *job)
{
    const size_t validation_pixels = (size_t)VALIDATION_COUNT * IMAGE_PIXELS;
    char message[4096 + 128];
    if (data_read(data_folder(), "train", &training, message, sizeof message) != 0) {
        return fail(job, message);
    }
    train_count = training.count - VALIDATION_COUNT;
    validation_inputs = malloc(validation_pixels * sizeof(float));
    if (train_count <= 0 || validation_inputs == NULL) {
        trainer_close();
        return fail(job, "too few images, or too little memory");
    }
    const uint8_t *pixels = training.pixels + (size_t)train_count * IMAGE_PIXELS;
    data_scale(pixels, validation_pixels, validation_inputs);
    return 0;
}

static int trainer_init(void *state, const pbt_job *job)
{
    model *m = state;
    const int64_t width = pbt_job_integer(job, "width", WIDTH_MAXIMUM);
    const int64_t second_width = pbt_job_integer(job, "second_width", 0);
    if (!shape_is_possible(width, second_width)) {
        return fail(job,
                    "width must be in [1, 128], second_width in [0, 128] (0: one hidden layer)");
    }
    m->seed = job->seed;
    m->shape = shape_make((int32_t)width, (int32_t)second_width);
    network_init(&m->shape, random_stream(m->seed, STREAM_WEIGHTS), m->parameters);
    return 0;
}

/* A minibatch's own memory. */
typedef struct minibatch {
    float *inputs;   /* Shape: [capacity][IMAGE_PIXELS] */
    uint8_t *labels; /* Shape: [capacity] */
    batch *b;
} minibatch;

static void minibatch_fini(minibatch *mini)
{
    free(mini->inputs);
    free(mini->labels);
    batch_free(mini->b);
}

static int minibatch_init(const shape *s, int32_t capacity, minibatch *mini)
{
    mini->inputs = malloc((size_t)capacity * IMAGE_PIXELS * sizeof(float));
    mini->labels = malloc((size_t)capacity);
    mini->b = batch_new(s, capacity);
    if (mini->inputs == NULL || mini->labels == NULL || mini->b == NULL) {
        minibatch_fini(mini);
        return -1;
    }
    mini->b->inputs = mini->inputs;
    mini->b->labels = mini->labels;
    return 0;
}

/* Gather the `count` examples that follow the model's position. */
static void minibatch_fill(const model *m, int32_t count, minibatch *mini)
{
    const uint64_t order = random_stream(m->seed, STREAM_ORDER);
    for (int32_t i = 0; i < count; i++) {
        const int32_t example = data_example(order, m->position + i, train_count);
        const uint8_t *pixels = training.pixels + (size_t)example * IMAGE_PIXELS;
        data_scale(pixels, IMAGE_PIXELS, mini->inputs + (size_t)i * IMAGE_PIXELS);
        mini->labels[i] = training.labels[example];
    }
    mini->b->count = count;
}

/* The hyperparameters, read once per segment. */
typedef struct settings {
    float learning_rate, momentum, weight_decay;
    double dropout;
    int32_t batch_size;
} settings;

static int settings_read(const pbt_job *job, settings *out)
{
    *out = (settings){
        .learning_rate = (float)pbt_job_real(job, "learning_rate", 0.01),
        .momentum = (float)pbt_job_real(job, "momentum", 0.9),
        .weight_decay = (float)pbt_job_real(job, "weight_decay", 0),
        .dropout = pbt_job_real(job, "dropout", 0),
        .batch_size = (int32_t)pbt_job_integer(job, "batch_size", 64),
    };
    if (out->batch_size < 1 || out->batch_size > 65536) {
        return fail(job, "batch_size must be in [1, 65536]");
    }
    if (!(out->dropout >= 0 && out->dropout < 1)) {
        return fail(job, "dropout must be in [0, 1)");
    }
    return 0;
}

/* Take one step of SGD over `count` examples; returns their loss. */
static double train_minibatch(const settings *set, int32_t count, minibatch *mini, model *m)
{
    const dropout drop = {
        .probability = set->dropout,
        .stream = random_stream(m->seed, STREAM_DROPOUT),
        .position = m->position,
    };
    minibatch_fill(m, count, mini);
    network_forward(&m->shape, m->parameters, &drop, mini->b);
    const verdict v = network_judge(&m->shape, mini->b);
    network_backward(&m->shape, m->parameters, &drop, set->momentum, 1 / (float)set->batch_size,
                     mini->b, m->velocities);
    network_update(shape_size(&m->shape), set->learning_rate, set->weight_decay, m->velocities,
                   m->parameters);
    m->position += count;
    return v.loss;
}

static int trainer_train(void *state, const pbt_job *job, int64_t *step)
{
    model *m = state;
    settings set;
    minibatch mini;
    if (settings_read(job, &set) != 0) {
        return -1;
    }
    if (minibatch_init(&m->shape, set.batch_size, &mini) != 0) {
        return fail(job, "out of memory");
    }
    network_use_one_thread();
    double loss = 0;
    int64_t now = job->start_step;
    while (now < job->end_step && !job->is_stopping(job->host)) {
        const int64_t left = job->end_step - now;
        const int32_t count = left < set.batch_size ? (int32_t)left : set.batch_size;
        loss += train_minibatch(&set, count, &mini, m);
        now += count;
        job->progress(job->host, now);
    }
    if (now > job->start_step) {
        job->metric(job->host, "train_loss", loss / (double)(now - job->start_step));
    }
    minibatch_fini(&mini);
    *step = now;
    return 0;
}

/* Accuracy and loss on the validation images; an accuracy of NaN where training diverged. */
static int trainer_evaluate(void *state, const pbt_job *job)
{
    const model *m = state;
    const dropout none = {0};
    batch *b = batch_new(&m->shape, VALIDATION_COUNT);
    if (b == NULL) {
        return fail(job, "out of memory");
    }
    network_use_one_thread();
    b->count = VALIDATION_COUNT;
    b->inputs = validation_inputs;
    b->labels = training.labels + train_count;
    network_forward(&m->shape, m->parameters, &none, b);
    const verdict v = network_judge(&m->shape, b);
    const double accuracy = (double)v.correct_count / VALIDATION_COUNT;
    job->metric(job->host, "accuracy", isfinite(v.loss) ? accuracy : NAN);
    job->metric(job->host, "loss", v.loss / VALIDATION_COUNT);
    batch_free(b);
    return 0;
}

const pbt_trainer pbt_trainer_table = {
    .version = PBT_TRAINER_VERSION,
    .state_size = sizeof(model),
    .open = trainer_open,
    .close = trainer_close,
    .init = trainer_init,
    .train = trainer_train,
    .evaluate = trainer_evaluate,
};
