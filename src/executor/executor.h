/*
 * executor.h: what trains the segments of a desk: one table, one row for each way.
 *
 * A row says by whom, and is how they are started, watched and ended. `local` has slots on this
 * machine, each a thread that claims, trains and reports (loop.c). A new row is a file that defines
 * a pbt__executor_ops, and a row of PBT__EXECUTORS.
 */
#ifndef PBT_EXECUTOR_EXECUTOR_H
#define PBT_EXECUTOR_EXECUTOR_H

#include "desk/desk.h"

typedef struct pbt__executor pbt__executor;

/* How this machine is shared out among slots: for `local` alone. */
typedef struct pbt__slot_options {
    int32_t count;           /* at least 1; pbt__gpus_slots() is a good one */
    int32_t thread_count;    /* OMP_NUM_THREADS per slot, where the spec's environment sets none */
    const char *const *gpus; /* Nullable. Shape: gpus[gpu_count]; one named twice is shared */
    int32_t gpu_count;
    const char *gpu_variable; /* Nullable: CUDA_VISIBLE_DEVICES; how a worker is told of its GPUs */
} pbt__slot_options;

typedef struct pbt__executor_options {
    const char *log_folder;  /* made if it is absent; a log per member: m3.log */
    const char *worker_name; /* who train are NAME-0, NAME-1, ... */
    const char *server_url;  /* Nullable: where the desk is served, for protocol `worker` */
    const char *token;       /* Nullable: for that server; a worker's */
    /* Nullable: whether this process has been asked to stop. An end of a trainer that looks like a
     * failure waits for `stop` then. Threads: any. */
    bool (*is_interrupted)(void);
    pbt__slot_options slots;
} pbt__executor_options;

/* Threads: one at a time, the one that started it; `stop` any. */
typedef struct pbt__executor_ops {
    const char *name;

    /*
     * Find what would keep `start` from starting, also before there is a study: of the desk only
     * `spec` and `other_size` are asked. Nothing is made, nothing is left running. May load what
     * trains, to look at it. Errors: as `start`.
     */
    pbt_err (*check)(pbt__desk *desk, const pbt__executor_options *options, pbt_error *error);

    /*
     * Start to train at a desk, after ending the leases of whoever had their names. The desk is
     * borrowed, must outlive the result, and serves no other one after it. The options are copied.
     * May block as the desk's `begin` does. Errors: PBT_ERR_TRAINER (the plugin cannot be loaded:
     * the detail says why; the program is not found), PBT_ERR_ARGUMENT (protocol `worker` needs a
     * server; the slots need more GPUs than there are), PBT_ERR_IO, PBT_ERR_STORE, PBT_ERR_MEMORY;
     * then nothing was started.
     */
    pbt_err (*start)(pbt__desk *desk, const pbt__executor_options *options, pbt__executor **out,
                     pbt_error *error);

    /* Ask all to end. Of slots: plugins return early, processes get SIGTERM; open segments are
     * released. 30 seconds later, with `now` at once, processes get SIGKILL and threads are left
     * behind. Never blocks; idempotent, and `now` may follow. */
    void (*stop)(pbt__executor *executor, bool now);

    /* Say whether every slot has ended: the study stopped, `stop` was called, or a slot met an
     * error it cannot go on from. Never blocks; once true, always true. */
    bool (*is_done)(const pbt__executor *executor);

    /* Wait for the slots, free, and return the first error that ended one; PBT_OK if none did. A
     * plugin's thread that ends neither by a stop, as said there, nor with the study is left
     * behind: it touches the desk no more, which may be closed, and its slot is freed when it
     * returns. Called once, after `start`; nothing is called afterwards. */
    pbt_err (*finish)(pbt__executor *executor, pbt_error *error);
} pbt__executor_ops;

/* The head of every row's handle. */
struct pbt__executor {
    const pbt__executor_ops *ops;
};

/* The executors there are, a row each: its name, and who trains. */
#define PBT__EXECUTORS(X) X(local, "slots on this machine")

/* As people read them. */
#define PBT__EXECUTOR_FORM(name, words) "; " #name ": " words

/* Their tables, up to NULL; the first trains if none is named. */
extern const pbt__executor_ops *const pbt__executors[];

/* Find a row by its name; NULL is the first. Errors: PBT_ERR_ARGUMENT, with the names there are. */
PBT_MUST_USE pbt_err pbt__executor_find(const char *name, const pbt__executor_ops **out,
                                        pbt_error *error);

#endif
