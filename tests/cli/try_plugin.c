/* try_plugin.c: a plugin of one weight that does what the variable FAULT says wrong. */
#include <pbt/trainer.h>
#include <stdlib.h>

typedef struct state {
    double weight, speed;
} state;

static double left_over; /* of whatever was trained before */

static bool is_wrong(const char *how)
{
    const char *fault = getenv("FAULT");
    return fault != NULL && strcmp(fault, how) == 0;
}

static int start(void *memory, const pbt_job *job)
{
    *(state *)memory = (state){.weight = 5.0 + job->seed % 7};
    return 0;
}

static int train(void *memory, const pbt_job *job, int64_t *step)
{
    state *s = memory;
    const double rate = pbt_job_real(job, "rate", 0);
    for (int64_t t = job->start_step; t < job->end_step; t++) {
        s->speed = 0.9 * s->speed - 0.02 * rate * s->weight;
        s->weight += s->speed;
    }
    if (is_wrong("leak")) {
        s->weight += left_over;
        left_over += 0.125;
    }
    if (is_wrong("crash")) {
        abort();
    }
    if (is_wrong("exit")) {
        exit(0);
    }
    if (is_wrong("hang")) {
        for (;;) {
        }
    }
    *step = is_wrong("short") ? job->end_step - 1 : job->end_step;
    return 0;
}

static int evaluate(void *memory, const pbt_job *job)
{
    const state *s = memory;
    job->metric(job->host, "score", -s->weight * s->weight);
    return 0;
}

const pbt_trainer pbt_trainer_table = {
    .version = PBT_TRAINER_VERSION,
    .state_size = sizeof(state),
    .init = start,
    .train = train,
    .evaluate = evaluate,
};
