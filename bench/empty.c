/* empty.c: a plugin that does nothing, with a state of STATE_BYTES: what is left is pbt's time. */
#include <pbt/trainer.h>

static int start(void *state, const pbt_job *job)
{
    (void)state;
    (void)job;
    return 0;
}

static int train(void *state, const pbt_job *job, int64_t *step)
{
    *(int64_t *)state += job->end_step - job->start_step;
    *step = job->end_step;
    return 0;
}

static int evaluate(void *state, const pbt_job *job)
{
    job->metric(job->host, "score", (double)*(const int64_t *)state);
    return 0;
}

const pbt_trainer pbt_trainer_table = {
    .version = PBT_TRAINER_VERSION,
    .state_size = STATE_BYTES,
    .init = start,
    .train = train,
    .evaluate = evaluate,
};
