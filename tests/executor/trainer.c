/*
 * trainer.c: a plugin for tests, whose weights know where they come from.
 *
 * A state holds the steps trained in it and the segment that trained it last. It fails wherever it
 * is given weights that do not belong to the segment, so a study that ends without failures has
 * loaded and copied right everywhere. What it does besides is the hyperparameter `act`, or the file
 * of that name in the folder PBT_TEST_FOLDER.
 *
 * Compiled with FILES it saves and loads by itself, with LARGE its state is too large for the
 * store, with WRONG_VERSION or INCOMPLETE it cannot be used. With HOSTILE it does harm (hostile.h).
 */
#include <pbt/trainer.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HOSTILE
#include "hostile.h"
#endif

#ifndef INCOMPLETE
#define INCOMPLETE 0
#endif

typedef struct weights {
    int64_t age;
    int64_t member, number; /* of the segment that trained last; -1: none */
    uint32_t seed;
#ifdef LARGE
    char ballast[300000];
#endif
} weights;

static bool does(const pbt_job *job, const char *act)
{
    const char *folder = getenv("PBT_TEST_FOLDER");
    const pbt_hyperparameter *told = pbt_job_find(job, "act");
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/act-%s", folder != NULL ? folder : "/nowhere", act);
    return (told != NULL && told->text != NULL && strcmp(told->text, act) == 0) ||
           access(path, F_OK) == 0;
}

#ifdef LEAVES
__attribute__((constructor)) static void leave(void)
{
    exit(0);
}
#endif

static int opened;

static int open_data(const pbt_job *job)
{
    opened++;
#ifdef HOSTILE
    harm(job, "open");
#endif
    job->message(job->host, opened == 1 ? "opened" : "opened again");
    return does(job, "fail-open") ? 1 : 0;
}

static void close_data(void)
{
    opened = 0;
}

static int init(void *state, const pbt_job *job)
{
    weights *own = state;
    if (own->age != 0 || job->start_age != 0 || does(job, "fail-init")) {
        return 5;
    }
    own->member = own->number = -1;
    own->seed = job->seed;
    return 0;
}

/* Turn until told to stop; a deaf trainer never is. */
static void turn(const pbt_job *job, int64_t *step)
{
    while (does(job, "deaf") || !job->is_stopping(job->host)) {
        (void)usleep(1000);
        if (*step < job->end_step - 1) {
            *step += 1;
        }
        job->progress(job->host, *step);
    }
}

static int train(void *state, const pbt_job *job, int64_t *step)
{
    weights *own = state;
#ifdef HOSTILE
    harm(job, "train");
#endif
    if (own->age != job->start_age || opened != 1) {
        job->message(job->host, "these are not my weights");
        return 7;
    }
    job->metric(job->host, "from_member", (double)own->member);
    job->metric(job->host, "from_number", (double)own->number);
    *step = job->end_step;
    if (does(job, "turn") || does(job, "deaf")) {
        *step = job->start_step;
        turn(job, step);
    }
    if (does(job, "short")) {
        *step -= 1;
    }
    own->age += *step - job->start_step;
    own->member = job->member;
    own->number = job->number;
    return does(job, "fail-train") ? 3 : 0;
}

static int evaluate(void *state, const pbt_job *job)
{
    const weights *own = state;
#ifdef HOSTILE
    harm(job, "evaluate");
#endif
    job->metric(job->host, "age", (double)own->age);
    if (does(job, "mute")) {
        return 0;
    }
    for (int i = 0; does(job, "garrulous") && i < 200; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "n%d", i);
        job->metric(job->host, name, i);
    }
    if (does(job, "diverge") && job->number == 1) {
        job->metric(job->host, "score", (double)NAN);
        return 0;
    }
    job->sample(job->host, "score", pbt_job_real(job, "rate", -1));
    job->sample(job->host, "score", pbt_job_real(job, "rate", -1) + 2);
    return does(job, "fail-evaluate") ? 4 : 0;
}

#ifdef FILES
static int save(const void *state, const char *path)
{
    FILE *file = fopen(path, "wb");
    const bool ok = file != NULL && fwrite(state, sizeof(weights), 1, file) == 1;
    return file == NULL || fclose(file) != 0 || !ok;
}

/* Leave a mark for each load. */
static void count_load(void)
{
    char path[4096];
    const char *folder = getenv("PBT_TEST_FOLDER");
    (void)snprintf(path, sizeof path, "%s/loads", folder != NULL ? folder : "/nowhere");
    FILE *file = fopen(path, "ab");
    if (file != NULL) {
        (void)fputc('x', file);
        (void)fclose(file);
    }
}

static int load(void *state, const char *path)
{
    count_load();
    FILE *file = fopen(path, "rb");
    const bool ok = file != NULL && fread(state, sizeof(weights), 1, file) == 1;
    return file == NULL || fclose(file) != 0 || !ok;
}
#endif

const pbt_trainer pbt_trainer_table = {
#ifdef WRONG_VERSION
    .version = PBT_TRAINER_VERSION + 1,
#else
    .version = PBT_TRAINER_VERSION,
#endif
    .state_size = sizeof(weights),
    .open = open_data,
    .close = close_data,
    .init = init,
    .train = train,
    .evaluate = INCOMPLETE ? NULL : evaluate,
#ifdef FILES
    .save = save,
    .load = load,
#endif
};
