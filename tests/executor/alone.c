/*
 * alone.c: an executor without slots: one thread, in which every segment trains by its score being
 * the step it ends at.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "executor/executor.h"

extern const pbt__executor_ops pbt__executor_alone;

typedef struct alone {
    pbt__executor executor; /* first: a pbt__executor is what others hold */
    pbt__desk *desk;
    char worker[PBT__NAME_SIZE];
    pthread_t thread;
    atomic_bool is_stopping, is_done;
    pbt_err err;
    pbt_error error;
} alone;

static pbt_err check(pbt__desk *desk, const pbt__executor_options *options, pbt_error *error)
{
    const pbt_spec *spec = desk->ops->spec(desk);
    (void)options;
    return spec->trainer.protocol == PBT__PROTOCOL_COMMAND
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_ARGUMENT, "only commands are trained alone");
}

static pbt_err report(alone *this, const pbt__claimant *who, pbt__action *action)
{
    const pbt__assignment *train = &action->train;
    const pbt__metric score = {.name = this->desk->ops->spec(this->desk)->metric,
                               .value = (double)train->segment.end_step,
                               .has_value = true};
    const pbt__result result = {
        .segment = train->segment.id,
        .attempt = train->attempt,
        .step = train->segment.end_step,
        .metrics = &score,
        .metric_count = 1,
        .checkpoint = PBT__IN_MEMORY,
        .bytes = &train->segment.end_age,
        .byte_count = sizeof train->segment.end_age,
    };
    pbt__reply reply;
    const pbt_err err = this->desk->ops->report(this->desk, who, &result, &reply, &this->error);
    *action = err == PBT_OK ? reply.action : *action;
    return err;
}

static void *train(void *argument)
{
    alone *this = argument;
    const pbt__claimant who = {this->worker, "alone"};
    pbt__action action = {.verb = PBT__WAIT};
    while (this->err == PBT_OK && action.verb != PBT__STOP && !atomic_load(&this->is_stopping)) {
        this->err = action.verb == PBT__TRAIN
                        ? report(this, &who, &action)
                        : this->desk->ops->claim(this->desk, &who, &action, &this->error);
    }
    if (this->err == PBT_OK && action.verb == PBT__TRAIN) {
        const pbt__assignment *held = &action.train;
        this->err = this->desk->ops->release(this->desk, &who, held->segment.id, held->attempt,
                                             held->resume_step, false, &this->error);
    }
    atomic_store(&this->is_done, true);
    return NULL;
}

static pbt_err start(pbt__desk *desk, const pbt__executor_options *options, pbt__executor **out,
                     pbt_error *error)
{
    alone *this = pbt__calloc(1, sizeof *this);
    if (this == NULL) {
        return pbt__fail_memory(error);
    }
    this->executor.ops = &pbt__executor_alone;
    this->desk = desk;
    (void)snprintf(this->worker, sizeof this->worker, "%s-0", options->worker_name);
    pbt_err err = desk->ops->begin(desk, this->worker, false, error);
    if (err == PBT_OK && pthread_create(&this->thread, NULL, train, this) != 0) {
        err = pbt__fail(error, PBT_ERR_IO, "cannot start a thread");
    }
    if (err != PBT_OK) {
        desk->ops->end(desk);
        free(this);
        return err;
    }
    *out = &this->executor;
    return PBT_OK;
}

static void stop(pbt__executor *executor, bool now)
{
    alone *this = (alone *)executor;
    (void)now;
    atomic_store(&this->is_stopping, true);
    this->desk->ops->halt(this->desk);
}

static bool is_done(const pbt__executor *executor)
{
    return atomic_load(&((const alone *)executor)->is_done);
}

static pbt_err finish(pbt__executor *executor, pbt_error *error)
{
    alone *this = (alone *)executor;
    (void)pthread_join(this->thread, NULL);
    this->desk->ops->end(this->desk);
    const pbt_err err = this->err;
    *error = this->error;
    free(this);
    return err;
}

const pbt__executor_ops pbt__executor_alone = {
    .name = "alone",
    .check = check,
    .start = start,
    .stop = stop,
    .is_done = is_done,
    .finish = finish,
};
