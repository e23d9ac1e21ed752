/*
 * local.h: training a study's segments on this machine.
 *
 * A slot is a thread that claims, trains and reports until the study stops. What training means is
 * the spec's protocol: a plugin's functions in a process of the slot's own or on its thread
 * (plugin.c), or one process per segment (process.c). Slots hold no state that matters: kill the
 * process at any instant, start it again, and the study goes on. Children die with their parent.
 */
#ifndef PBT_EXECUTOR_LOCAL_H
#define PBT_EXECUTOR_LOCAL_H

#include "desk/desk.h"

typedef struct pbt__local pbt__local;

typedef struct pbt__local_options {
    int32_t slot_count;      /* at least 1; pbt__slots_processors() is a good one */
    int32_t thread_count;    /* OMP_NUM_THREADS per slot, where the spec's environment sets none */
    const char *log_folder;  /* made where it is absent; a log per member: m3.log */
    const char *worker_name; /* slots are NAME-0, NAME-1, ... */
    const char *const *gpus; /* Nullable. Shape: gpus[gpu_count]; one named twice is shared */
    int32_t gpu_count;
    const char *gpu_variable; /* Nullable: CUDA_VISIBLE_DEVICES; how a worker is told of its GPUs */
    const char *server_url;   /* Nullable: where the study is served, for protocol `worker` */
    const char *token;        /* Nullable: for that server; a worker's */
    /* Nullable: whether this process has been asked to stop. An end of a trainer that looks like a
     * failure waits for pbt__local_stop then. Threads: any. */
    bool (*is_interrupted)(void);
} pbt__local_options;

/*
 * Find what would keep pbt__local_start from starting, also before there is a study: of the desk
 * only `spec` and `other_size` are asked. Nothing is made, nothing is left running. Errors: as
 * pbt__local_start.
 */
PBT_MUST_USE pbt_err pbt__local_check(pbt__desk *desk, const pbt__local_options *options,
                                      pbt_error *error);

/*
 * Start slots at a desk, after ending the leases of whoever had their names before. The desk is
 * borrowed, must outlive the result, and starts nothing after it. Errors: PBT_ERR_TRAINER (the
 * plugin cannot be loaded: the detail says why; the program is not found), PBT_ERR_ARGUMENT
 * (protocol `worker` needs a server; the slots need more GPUs than there are), PBT_ERR_IO,
 * PBT_ERR_STORE, PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__local_start(pbt__desk *desk, const pbt__local_options *options,
                                      pbt__local **out, pbt_error *error);

/* Say whether what a spec trains may kill the process whose slots train it: a plugin in a thread. A
 * lease that ends so counts as lost; trainers in processes of their own are not to blame. */
bool pbt__local_may_be_killed(const pbt_spec *spec);

/* Ask the slots to end: plugins return early, processes get SIGTERM; open segments are released. 30
 * seconds later, with `now` at once, processes get SIGKILL and threads are left behind. Returns at
 * once; idempotent. */
void pbt__local_stop(pbt__local *local, bool now);

/* Say whether every slot has ended: the study stopped, pbt__local_stop was called, or a slot met an
 * error it cannot go on from. */
bool pbt__local_is_done(const pbt__local *local);

/* Wait for the slots, free, and return the first error that ended one; PBT_OK where none did. A
 * plugin's thread that ends neither by a stop, as said there, nor with the study is left behind: it
 * touches the desk no more, which may be closed, and its slot is freed when it returns. */
PBT_MUST_USE pbt_err pbt__local_finish(pbt__local *local, pbt_error *error);

/* The log of a member, whether or not it exists yet. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__local_log_path(const char *log_folder, int32_t member, char *out,
                                         pbt_error *error);

/* The last lines of a member's log, at most `maximum` bytes; "" where there is none. The caller
 * frees. */
PBT_MUST_USE pbt_err pbt__local_log_end(const char *log_folder, int32_t member, size_t maximum,
                                        char **out, pbt_error *error);

/* Processors this process may use: its affinity, and its cgroup's cpu.max (v2) or cfs quota (v1),
 * whichever is less; at least 1. (slots.c) */
int32_t pbt__slots_processors(void);

#endif
