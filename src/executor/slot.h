/*
 * slot.h: what the parts of the local executor share.
 *
 * A slot's thread claims, trains, reports (loop.c). Training is the runner's: plugin.c, process.c,
 * worker.c. One more thread renews the leases of all slots (heartbeat.c), so that a trainer that
 * computes for an hour without a word keeps its segment.
 *
 * Who may touch what:
 *   - `mutex` guards the local's first failure and each slot's `beat`;
 *   - `order`, `step`, `stopping` and the counts are atomic: any thread, any time;
 *   - everything else in a slot belongs to its thread.
 *
 * Threads that do not return: a plugin in a thread cannot be killed, so after a stop with `now`, or
 * PBT__GRACE_US after any, its slot is abandoned. The thread may still be in the plugin when the
 * desk is gone and `finish` has returned; hence `gate`. A slot makes every call at the
 * desk between pbt__slot_enter and pbt__slot_leave, which hold the gate for reading;
 * abandoning takes it for writing, so it waits for the calls on their way and lets no other begin.
 * What an abandoned thread still touches is its own copy, and is freed by the last of those who
 * hold it (`holder_count`).
 */
#ifndef PBT_EXECUTOR_SLOT_H
#define PBT_EXECUTOR_SLOT_H

#include <pthread.h>
#include <stdatomic.h>

#include "executor/executor.h"
#include "executor/metrics.h"

typedef struct pbt__slot pbt__slot;
typedef struct pbt__local pbt__local;

/* How an attempt ended. */
typedef enum pbt__ending {
    PBT__ENDING_REPORT,   /* trained: metrics, step and checkpoint are filled in */
    PBT__ENDING_FAIL,     /* the trainer failed: message */
    PBT__ENDING_RELEASE,  /* told to stop; with has_progress, `step` was reached and saved */
    PBT__ENDING_HINDERED, /* no trainer could be begun: the slot's error says what is missing */
    PBT__ENDING_FATAL,    /* no segment can be trained here: the slot's error says why */
} pbt__ending;

typedef struct pbt__outcome {
    pbt__ending ending;
    int64_t step;
    bool is_saved;     /* the checkpoint is at save_to */
    const void *bytes; /* the checkpoint in memory; valid until the runner's next call. Nullable */
    size_t byte_count;
    bool has_progress;
    bool is_certain;    /* FAIL: another attempt would fail in the same way */
    char message[1024]; /* one line */
} pbt__outcome;

/* What trains. `open` and `close` run before and after all slots; the rest on the slot's own
 * thread. */
typedef struct pbt__runner {
    /* Check and load what every segment needs, into local->runner_data. */
    pbt_err (*open)(pbt__local *local, pbt_error *error);
    void (*close)(pbt__local *local);
    /* Make what a slot needs, into slot->runner_data. */
    pbt_err (*slot_open)(pbt__slot *slot, pbt_error *error);
    void (*slot_close)(pbt__slot *slot);
    /* Nullable: the whole life of a slot, in place of claiming and `train`. Returns what ends the
     * run. */
    pbt_err (*run)(pbt__slot *slot);
    /* Train one segment. Ends soon after the slot is told to stop, with PBT__ENDING_RELEASE. */
    void (*train)(pbt__slot *slot, const pbt__assignment *assignment, pbt__outcome *out);
    /* Nullable: what was trained last has been recorded, with its checkpoint. */
    void (*recorded)(pbt__slot *slot, pbt_segment_id id);
    /* Nullable: a worker was handed a segment, or gave it back. Threads: any. */
    void (*told)(void *local, const pbt__notice *notice);
    bool can_be_killed; /* `now` ends a segment at once; else the slot is abandoned */
} pbt__runner;

extern const pbt__runner pbt__runner_plugin;
extern const pbt__runner pbt__runner_plugin_thread;
extern const pbt__runner pbt__runner_process;
extern const pbt__runner pbt__runner_worker;

/* What a heartbeat found. */
typedef enum pbt__order {
    PBT__ORDER_NONE,
    PBT__ORDER_RELEASE, /* the study has stopped: give the segment back */
    PBT__ORDER_LOST,    /* the lease went to another: nothing to give back */
} pbt__order;

/* The lease that the heartbeat thread renews; guarded by local->mutex. */
typedef struct pbt__beat {
    bool is_training;
    pbt_segment_id segment;
    int32_t attempt;
    int64_t interval_us;
    int64_t next_us; /* monotonic */
} pbt__beat;

struct pbt__slot {
    pbt__local *local;
    pthread_t thread;
    char worker[PBT__NAME_SIZE];
    char session[PBT__SESSION_SIZE];
    pbt__claimant who; /* points at the two above */
    pbt__beat beat;
    atomic_int order;
    _Atomic int64_t step;
    int wake;                 /* eventfd: readable when order or stopping changed. -1: none */
    int log;                  /* of the segment being trained; -1: none */
    struct pbt__relay *relay; /* a worker's output; NULL: it has none (relay.h) */
    atomic_bool has_reported; /* a worker has, since its process was started */
    pbt__action action;
    pbt__metrics metrics;
    pbt_error error;
    void *program; /* program.c: its environment */
    void *runner_data;
};

typedef enum pbt__stopping {
    PBT__STOPPING_NOT,
    PBT__STOPPING_SOON,
    PBT__STOPPING_NOW,
} pbt__stopping;

/* Owner: copies what it needs of the options; `metric` too, for abandoned slots outlive the study.
 */
struct pbt__local {
    pbt__executor executor; /* first: a pbt__executor is what others hold */
    pbt__desk *desk;
    const pbt_spec *spec; /* the desk's */
    bool is_check;        /* nothing will be trained */
    const pbt__runner *runner;
    struct pbt__program *program; /* NULL: trainers run in this process (program.h) */
    void *runner_data;
    char *metric;
    char *log_folder; /* absolute */
    int32_t thread_count;
    char **gpus;         /* Shape: gpus[gpu_count] */
    int32_t *gpu_owners; /* the index of the slot that has it; -1: none. Shape: [gpu_count] */
    int32_t gpu_count;
    char *gpu_variable;
    char *server_url, *token;     /* nullable */
    bool (*is_interrupted)(void); /* nullable */
    atomic_int *stop_counts; /* each member's, in a row (pbt__slot_forgives). Shape: [population] */
    atomic_int stopping;
    _Atomic int64_t stop_us; /* monotonic: when that was first asked; 0: never */
    atomic_bool has_quoted;  /* member 0's log says why the study is broken */
    atomic_int running_count;
    atomic_int holder_count; /* slots that have not ended, and whoever has yet to call finish */
    pthread_rwlock_t gate;
    bool is_abandoned; /* guarded by gate */
    pthread_mutex_t mutex;
    pthread_cond_t beat_changed; /* on the monotonic clock */
    int64_t beat_until_us;       /* how long the heartbeat thread sleeps; guarded by mutex */
    pthread_t heartbeat;
    bool is_ending;  /* of the heartbeat thread; guarded by mutex */
    pbt_err failure; /* the first that ended a slot; guarded by mutex */
    pbt_error error;
    int warden;                  /* our end of its socket; -1: none (warden.h) */
    struct pbt__keeper *keepers; /* that stay until the end; guarded by mutex (keeper.h) */
    size_t keeper_count;
    int32_t slot_count;
    pbt__slot *slots; /* Shape: slots[slot_count] */
};

/* ---- slot.c ---- */

/* Join a path of the spec to its folder. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__local_path(const pbt__local *local, const char *name, char *out,
                                     pbt_error *error);

/* As `stop` of the table. Threads: any. */
void pbt__local_stop(pbt__local *local, bool now);

/* End the run with an error; the first one counts. Threads: any. */
void pbt__local_fail(pbt__local *local, pbt_err err, const pbt_error *error);

/* Begin and end a call at the desk. Returns false if the slot was abandoned: return at once. */
bool pbt__slot_enter(pbt__slot *slot);
void pbt__slot_leave(pbt__slot *slot);

/* Say whether the trainer is to return early. */
bool pbt__slot_is_stopping(pbt__slot *slot);

/* Count an end that looks like a stop which nobody here asked for. Returns false if a member had
 * too many in a row, without a report or progress: then it is a failure after all. */
bool pbt__slot_forgives(const pbt__slot *slot, int32_t member);
void pbt__slot_forget_stops(const pbt__slot *slot, int32_t member);

/* Fill in a failure; the log's path is added to the message. */
void pbt__outcome_fail(pbt__outcome *outcome, const pbt__slot *slot, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Fill in a failure, as the slot's error says. */
void pbt__outcome_fail_as(pbt__outcome *outcome, const pbt__slot *slot);

/* Fill in that nothing could be begun, as the slot's error says. */
void pbt__outcome_hinder(pbt__outcome *outcome, const pbt__slot *slot);

/* Fill in a report of `step`, or the failure that the metrics are. Returns whether the score is
 * finite. */
bool pbt__outcome_report(pbt__outcome *outcome, const pbt__slot *slot, int64_t step);

/* ---- local.c ---- */

extern const pbt__executor_ops pbt__executor_local;

/* ---- loop.c ---- */

/* Live: the runner's `run`, or claim, train and report until the study stops. On the slot's thread.
 */
void pbt__slot_live(pbt__slot *slot);

/* ---- heartbeat.c ---- */

/* The thread that renews leases until local->is_ending; the pbt__local is its argument. */
void *pbt__heartbeat_main(void *argument);

/* Begin and end renewing a slot's lease. */
void pbt__heartbeat_begin(pbt__slot *slot, const pbt__assignment *assignment);
void pbt__heartbeat_end(pbt__slot *slot);

#endif
