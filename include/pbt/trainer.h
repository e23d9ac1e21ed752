/*
 * trainer.h: what a plugin exports, a trainer that `pbt run` loads (spec: `protocol: library`).
 *
 * A plugin is a shared library with one symbol, `pbt_trainer_table`. Each slot of a run loads it in
 * a process of its own, and its functions run there, one at a time, for one member after another;
 * `open` runs first. The process has the environment that the spec gives, and the working folder of
 * `pbt run`. What it prints goes to the member's log. If it ends, crashes or hangs
 * (`lease.stall_seconds`), that attempt has failed, and another process is started. With
 * `isolation: thread` the functions run on threads of `pbt run`, several members at a time; then
 * `open` runs once, and a crash ends the run.
 *
 * A state is `state_size` bytes. pbt allocates it (zeroed, 64-byte aligned), copies it with memcpy
 * and writes it to checkpoints, unless `save` and `load` are given. It must hold everything the
 * next step depends on: weights, optimizer moments, the position in the data, random state. Between
 * two segments pbt reads the state in place: a plugin's threads must not write to it then. A
 * process that the plugin forks shares the state.
 */
#ifndef PBT_TRAINER_H
#define PBT_TRAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PBT_TRAINER_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

/* A hyperparameter as a trainer sees it. */
typedef struct pbt_hyperparameter {
    const char *name;
    double real;      /* the value as a number; 0 for a text */
    int64_t integer;  /* the value as an integer, rounded to nearest; a bool as 0 or 1 */
    const char *text; /* Nullable: the value where it is a text */
} pbt_hyperparameter;

/* One segment to train. Owner: pbt; valid during the call. */
typedef struct pbt_job {
    uint32_t version; /* PBT_TRAINER_VERSION of the host */
    int32_t member, number;
    uint32_t seed; /* for `init`; the same in every attempt */
    int64_t start_step, end_step;
    int64_t start_age, end_age;
    const pbt_hyperparameter
        *hyperparameters; /* Shape: [hyperparameter_count], in the spec's order */
    size_t hyperparameter_count;
    void *host; /* passed to the functions below */
    /* Say whether to return early: `train` may then stop at any step and return it. Otherwise it is
     * ended after 30 seconds. */
    bool (*is_stopping)(void *host);
    /* Show progress at `step`. Cheap enough for every step. Without progress for
     * `lease.stall_seconds` (if given) the attempt is ended. */
    void (*progress)(void *host, int64_t step);
    /* Record a metric; the last value of a name counts. `evaluate` must record the objective's. */
    void (*metric)(void *host, const char *name, double value);
    /* Add one single evaluation to a metric's samples. */
    void (*sample)(void *host, const char *name, double value);
    /* Write one line to the member's log. */
    void (*message)(void *host, const char *text);
} pbt_job;

/* The table a plugin exports. A function returns 0, or not 0 if it failed (see job->message). */
typedef struct pbt_trainer {
    uint32_t version;  /* PBT_TRAINER_VERSION */
    size_t state_size; /* Units: bytes */
    /* Nullable: load the data, once per process, before its first segment. */
    int (*open)(const pbt_job *any_job);
    /* Nullable: undo `open`. Called only with `isolation: thread`; a process just ends. */
    void (*close)(void);
    /* Start from scratch from job->seed. */
    int (*init)(void *state, const pbt_job *job);
    /* Train from job->start_step to job->end_step; `*step` is where it stopped. */
    int (*train)(void *state, const pbt_job *job, int64_t *step);
    /* Score the state with job->metric; must not change what training does next. */
    int (*evaluate)(void *state, const pbt_job *job);
    /* Nullable, both or none: write and read a checkpoint file instead of the state's bytes. */
    int (*save)(const void *state, const char *path);
    int (*load)(void *state, const char *path);
} pbt_trainer;

#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
extern const pbt_trainer pbt_trainer_table;

/* Find a hyperparameter by name; NULL if the spec has none of that name. */
static inline const pbt_hyperparameter *pbt_job_find(const pbt_job *job, const char *name)
{
    for (size_t i = 0; i < job->hyperparameter_count; i++) {
        if (strcmp(job->hyperparameters[i].name, name) == 0) {
            return &job->hyperparameters[i];
        }
    }
    return NULL;
}

/* A hyperparameter as a number, or `fallback` where the spec has none of that name. */
static inline double pbt_job_real(const pbt_job *job, const char *name, double fallback)
{
    const pbt_hyperparameter *found = pbt_job_find(job, name);
    return found != NULL ? found->real : fallback;
}

/* A hyperparameter as an integer, or `fallback` where the spec has none of that name. */
static inline int64_t pbt_job_integer(const pbt_job *job, const char *name, int64_t fallback)
{
    const pbt_hyperparameter *found = pbt_job_find(job, name);
    return found != NULL ? found->integer : fallback;
}

#ifdef __cplusplus
}
#endif
#endif
