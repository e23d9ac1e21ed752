/*
 * worker.h: all that a trainer in C needs to take part in a study (link pbt-worker).
 *
 *     pbt_worker *worker = NULL;
 *     const pbt_worker_segment *segment = NULL;
 *     pbt_err err = pbt_worker_open(NULL, &worker, &error);
 *     if (err == PBT_OK) {
 *         err = pbt_worker_next(worker, &segment, &error);
 *     }
 *     while (err == PBT_OK && segment != NULL) {
 *         if (segment->load != NULL) {
 *             load_weights(segment->load);
 *         } else if (segment->is_fresh) {
 *             initialise(segment->seed);
 *         }
 *         double rate = pbt_worker_real(segment, "learning_rate", 0.1);
 *         for (int64_t step = segment->resume_step; step < segment->end_step; step++) {
 *             pbt_worker_log(worker, step, "loss", train_one(rate));
 *         }
 *         save_weights(segment->save_to);
 *         pbt_worker_metric(worker, "accuracy", evaluate());
 *         err = pbt_worker_report(worker, segment->end_step, &error);
 *         if (err == PBT_OK) {
 *             err = pbt_worker_next(worker, &segment, &error);
 *         }
 *     }
 *     pbt_worker_close(worker);
 *
 * A worker is one session: it holds at most one segment, and its thread renews the segment's lease
 * while the trainer trains. Every call to the server is repeated until it is answered or the
 * patience ends; a call that arrives twice counts once. A worker may die at any instant: the server
 * then gives its segment to another.
 *
 * Apply hyperparameters after loading: a checkpoint may bring the donor's.
 * Threads: one at a time, except where a function says so.
 */
#ifndef PBT_WORKER_H
#define PBT_WORKER_H

#include <pbt/pbt.h>
#include <pbt/trainer.h>

#define PBT_WORKER_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pbt_worker pbt_worker;

/* How to reach a study. Start from pbt_worker_options_default(). */
typedef struct pbt_worker_options {
    size_t size;        /* which fields the caller knows; pbt_worker_options_init() sets it */
    const char *server; /* such as "http://127.0.0.1:8000" */
    const char *study;  /* its name */
    const char *token;  /* Nullable: none is shown */
    const char *name;   /* the worker's; a new session with the same name ends the lease of the old
                           one */
    const char *folder; /* Nullable: for checkpoints sent over HTTP; NULL: a temporary one */
    double patience_seconds; /* how long to ask a server that does not answer */
} pbt_worker_options;

/* One segment to train. Fields may be added at its end. Owner: the worker; valid until the next
 * call of pbt_worker_next. */
typedef struct pbt_worker_segment {
    uint32_t version; /* PBT_WORKER_VERSION of the library */
    int32_t attempt;  /* from 1 */
    const char *id;   /* such as "m3s12" */
    int32_t member, number;
    int32_t donor;      /* the member copied, or -1 */
    uint32_t seed;      /* for starting from scratch; the same in every attempt */
    const char *parent; /* Nullable: the segment whose weights these are */
    int64_t start_step, end_step;
    int64_t start_age, end_age;
    int64_t resume_step; /* train from here: start_step, or where a released attempt left off */
    bool is_fresh;       /* start from scratch */
    const char *load;    /* Nullable: load this first; if NULL and not fresh, go on from memory */
    const char *save_to; /* where to write the checkpoint, a file or a folder */
    const pbt_hyperparameter *hyperparameters; /* Shape: [hyperparameter_count] */
    size_t hyperparameter_count;
    int64_t stop_step; /* where the member's training ends (stop.steps); 0: not known */
} pbt_worker_segment;

/* ---- a session ------------------------------------------------------------------------------- */

/*
 * Read the options from PBT_SERVER, PBT_STUDY, PBT_TOKEN and PBT_WORKER, which a trainer finds in
 * its environment; five minutes of patience. Fields whose variable is not set are NULL. `size` is
 * sizeof(pbt_worker_options).
 * Owner: the environment.
 */
PBT_API void pbt_worker_options_init(pbt_worker_options *options, size_t size) PBT_NONNULL(1);

/* Return the options as pbt_worker_options_init() reads them. */
static inline pbt_worker_options pbt_worker_options_default(void)
{
    pbt_worker_options options;
    pbt_worker_options_init(&options, sizeof options);
    return options;
}

/*
 * Open a session. Does not call the server yet.
 * Nullable: options (as pbt_worker_options_default), error. Owner: the options are copied.
 * Errors: PBT_ERR_ARGUMENT (no server, study or worker is named: the hint says how to start one),
 * PBT_ERR_IO, PBT_ERR_MEMORY.
 */
PBT_API PBT_MUST_USE pbt_err pbt_worker_open(const pbt_worker_options *options, pbt_worker **out,
                                             pbt_error *error) PBT_NONNULL(2);

/* Give back a segment that is held, without progress, and free. Nullable: worker. */
PBT_API void pbt_worker_close(pbt_worker *worker);

/*
 * Wait for the next segment. `*out` is NULL if there is none: the study is over or stopped, or the
 * worker was interrupted (pbt_worker_reason). It is an error to still hold a segment that may train
 * on; a segment that should be given back is given back.
 * Nullable: error. Errors: PBT_ERR_STATE, PBT_ERR_IO (the patience has ended), PBT_ERR_NOT_FOUND
 * (no such study), PBT_ERR_ARGUMENT (the token is refused), PBT_ERR_MEMORY.
 */
PBT_API PBT_MUST_USE pbt_err pbt_worker_next(pbt_worker *worker, const pbt_worker_segment **out,
                                             pbt_error *error) PBT_NONNULL(1, 2);

/* Say why there is no next segment: "finished" (every member has ended), "user" (pbt stop),
 * "score", "seconds" (the spec's `stop`), "broken" (no trainer works), "interrupted" (this worker
 * was told to end); "" before. Never NULL. */
PBT_API const char *pbt_worker_reason(const pbt_worker *worker) PBT_NONNULL(1);

/* Ask to end soon: pbt_worker_is_stopping becomes true, and pbt_worker_next hands out nothing. Safe
 * in a signal handler. `pbt run` sends SIGTERM to stop a trainer; a trainer that then calls this
 * and releases its segment with its state loses no work. Threads: any. */
PBT_API void pbt_worker_interrupt(pbt_worker *worker) PBT_NONNULL(1);

/* ---- hyperparameters ------------------------------------------------------------------------- */

/* Find a hyperparameter by name; NULL if the spec has none of that name.
 * Nullable: segment, here and below: it has none. */
PBT_API const pbt_hyperparameter *pbt_worker_find(const pbt_worker_segment *segment,
                                                  const char *name) PBT_NONNULL(2);
/* A hyperparameter as a number, or `fallback` where the spec has none of that name. */
PBT_API double pbt_worker_real(const pbt_worker_segment *segment, const char *name, double fallback)
    PBT_NONNULL(2);
/* A hyperparameter as an integer, or `fallback` where the spec has none of that name. */
PBT_API int64_t pbt_worker_integer(const pbt_worker_segment *segment, const char *name,
                                   int64_t fallback) PBT_NONNULL(2);
/* A hyperparameter as a text, or `fallback` where the spec has none of that name, or it is a
 * number. */
PBT_API const char *pbt_worker_text(const pbt_worker_segment *segment, const char *name,
                                    const char *fallback) PBT_NONNULL(2);

/* ---- while training -------------------------------------------------------------------------- */

/* Show progress at `step`. Cheap enough for every step. Threads: any. */
PBT_API void pbt_worker_progress(pbt_worker *worker, int64_t step) PBT_NONNULL(1);

/* Show progress, and draw a curve: the last value of a name is sent with the next heartbeat. Names
 * beyond 128, or of more than 64 bytes, are left out. Threads: any. */
PBT_API void pbt_worker_log(pbt_worker *worker, int64_t step, const char *name, double value)
    PBT_NONNULL(1, 3);

/*
 * Say whether to stop training before the end: the study has stopped, wants the segment back, or
 * has given it to another, or the worker was interrupted. Then save to `save_to` and call
 * pbt_worker_release, or just pbt_worker_next. Threads: any.
 */
PBT_API bool pbt_worker_is_stopping(const pbt_worker *worker) PBT_NONNULL(1);

/* ---- ending a segment ------------------------------------------------------------------------ */

/* Record a metric for the report; the last value of a name counts. The objective's is required. The
 * report fails with more than 128 names or a name of more than 64 bytes. */
PBT_API void pbt_worker_metric(pbt_worker *worker, const char *name, double value)
    PBT_NONNULL(1, 2);
/* Add one single evaluation to a metric's samples, at most 65,536. A metric with samples and no
 * value has their mean. */
PBT_API void pbt_worker_sample(pbt_worker *worker, const char *name, double value)
    PBT_NONNULL(1, 2);

/*
 * Report that training stopped at `step`, with the recorded metrics and the checkpoint at
 * `save_to`, which must be written and closed. It is sent if its folder is not the server's. A
 * score that is not finite needs no checkpoint. If the segment has gone to another worker, the
 * report is dropped without an error (pbt_worker_is_recorded). On failure the segment and its
 * metrics are still held: report again, or fail.
 * Nullable: error. Errors: PBT_ERR_STATE (no segment is held), PBT_ERR_REPORT (the step or the
 * metrics do not fit), PBT_ERR_CHECKPOINT, PBT_ERR_LIMIT, PBT_ERR_IO, PBT_ERR_MEMORY.
 */
PBT_API PBT_MUST_USE pbt_err pbt_worker_report(pbt_worker *worker, int64_t step, pbt_error *error)
    PBT_NONNULL(1);

/* Report that the segment diverged: as pbt_worker_report, at any step, with an objective of NaN and
 * no checkpoint. */
PBT_API PBT_MUST_USE pbt_err pbt_worker_diverged(pbt_worker *worker, int64_t step, pbt_error *error)
    PBT_NONNULL(1);

/*
 * Report that training failed, with one line of text, and whether another attempt may help.
 * Nullable: error. Errors: PBT_ERR_STATE (no segment is held), PBT_ERR_IO, PBT_ERR_MEMORY.
 */
PBT_API PBT_MUST_USE pbt_err pbt_worker_fail(pbt_worker *worker, const char *message,
                                             bool can_retry, pbt_error *error) PBT_NONNULL(1, 2);

/* Give the segment back. A checkpoint at `save_to` is kept as its progress at `step`, if that lies
 * between `resume_step` and `end_step`. Nullable: error. Errors: as pbt_worker_report. */
PBT_API PBT_MUST_USE pbt_err pbt_worker_release(pbt_worker *worker, int64_t step, pbt_error *error)
    PBT_NONNULL(1);

/* Say whether the last report, failure or release counted: false if the segment had gone to another
 * worker. */
PBT_API bool pbt_worker_is_recorded(const pbt_worker *worker) PBT_NONNULL(1);

/* ---- the four calls -----------------------------------------------------------------------------
 * For a loop that trains one member from end to end and asks at every ready point:
 * save_weights(pbt_worker_segment_now(worker)->save_to); pbt_worker_metric(worker, "accuracy",
 * evaluate()); err = pbt_worker_save(worker, step, &error); if (pbt_worker_should_exploit(worker))
 * { load_weights(pbt_worker_exploit(worker)); } rate = pbt_worker_real(pbt_worker_explore(worker),
 * "learning_rate", rate);  The loop begins with pbt_worker_next and ends where
 * pbt_worker_segment_now is NULL. Where there are more members than workers, a session may be
 * handed another member: that is one more checkpoint to load. */

/* The segment being trained; NULL before the first and after the last. */
PBT_API const pbt_worker_segment *pbt_worker_segment_now(const pbt_worker *worker) PBT_NONNULL(1);
/* Report as pbt_worker_report, then wait for the next segment as pbt_worker_next. */
PBT_API PBT_MUST_USE pbt_err pbt_worker_save(pbt_worker *worker, int64_t step, pbt_error *error)
    PBT_NONNULL(1);
/* Say whether there is a checkpoint to load before training on. */
PBT_API bool pbt_worker_should_exploit(const pbt_worker *worker) PBT_NONNULL(1);
/* The checkpoint to load; NULL: keep the weights in memory. */
PBT_API const char *pbt_worker_exploit(const pbt_worker *worker) PBT_NONNULL(1);
/* The segment whose hyperparameters are to be applied now; NULL after the last. */
PBT_API const pbt_worker_segment *pbt_worker_explore(const pbt_worker *worker) PBT_NONNULL(1);

#ifdef __cplusplus
}
#endif
#endif
