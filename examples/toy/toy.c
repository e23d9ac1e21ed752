/*
 * toy.c: the toy problem of the PBT paper (Jaderberg et al. 2017, figure 2) as a plugin.
 *
 * Maximise Q(θ) = 1.2 - (θ0² + θ1²), knowing only its surrogate Q̂(θ|h) = 1.2 - (h0·θ0² + h1·θ1²).
 * With h = [1, 0] gradient ascent on Q̂ never moves θ1, with h = [0, 1] never θ0: no fixed h of the
 * two gets anywhere, but a population that copies the better θ and goes on with another h does.
 */
#include <pbt/trainer.h>

static const double rate = 0.01;

typedef struct state {
    double theta[2];
} state;

static int toy_init(void *memory, const pbt_job *job)
{
    (void)job;
    *(state *)memory = (state){.theta = {0.9, 0.9}};
    return 0;
}

/* Climb Q̂ along its gradient, -2·h_i·θ_i. */
static int toy_train(void *memory, const pbt_job *job, int64_t *step)
{
    state *s = memory;
    const double h[2] = {pbt_job_real(job, "h0", 1), pbt_job_real(job, "h1", 1)};
    for (int64_t t = job->start_step; t < job->end_step; t++) {
        for (int i = 0; i < 2; i++) {
            s->theta[i] += rate * (-2 * h[i] * s->theta[i]);
        }
    }
    *step = job->end_step;
    return 0;
}

static int toy_evaluate(void *memory, const pbt_job *job)
{
    const double *theta = ((const state *)memory)->theta;
    job->metric(job->host, "q", 1.2 - (theta[0] * theta[0] + theta[1] * theta[1]));
    job->metric(job->host, "theta0", theta[0]);
    job->metric(job->host, "theta1", theta[1]);
    return 0;
}

const pbt_trainer pbt_trainer_table = {
    .version = PBT_TRAINER_VERSION,
    .state_size = sizeof(state),
    .init = toy_init,
    .train = toy_train,
    .evaluate = toy_evaluate,
};
