/*
 * slow.c: a plugin that takes its time, so that a kill lands inside a segment.
 *
 * Its state is STATE numbers, which decide where its checkpoints lie: in the store or in files.
 * Each step moves them all, so a checkpoint that is torn or of another segment shows in every score
 * after it.
 */
#include <pbt/trainer.h>

#include <time.h>

typedef struct state {
    double at[STATE];
} state;

static int slow_init(void *memory, const pbt_job *job)
{
    state *s = memory;
    for (int i = 0; i < STATE; i++) {
        s->at[i] = 1 + (double)((job->seed + (uint32_t)i * 2654435761u) >> 8) * 0x1p-24;
    }
    return 0;
}

static int slow_train(void *memory, const pbt_job *job, int64_t *step)
{
    state *s = memory;
    const double rate = pbt_job_real(job, "rate", 0.1);
    const struct timespec pause = {.tv_nsec = 1000000};
    for (int64_t t = job->start_step; t < job->end_step; t++) {
        for (int i = 0; i < STATE; i++) {
            s->at[i] -= rate * (s->at[i] - s->at[(i + 1) % STATE] * 0.5);
        }
        nanosleep(&pause, NULL);
    }
    *step = job->end_step;
    return 0;
}

static int slow_evaluate(void *memory, const pbt_job *job)
{
    const state *s = memory;
    double sum = 0;
    for (int i = 0; i < STATE; i++) {
        sum += s->at[i];
    }
    job->metric(job->host, "score", -sum);
    job->sample(job->host, "first", s->at[0]);
    return 0;
}

const pbt_trainer pbt_trainer_table = {
    .version = PBT_TRAINER_VERSION,
    .state_size = sizeof(state),
    .init = slow_init,
    .train = slow_train,
    .evaluate = slow_evaluate,
};
