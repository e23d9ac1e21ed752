/*
 * desk.h: the verbs by which anybody trains, as one table: claim, report, heartbeat, release, fail,
 * and checkpoints in and out.
 *
 * Whoever trains holds a pbt__desk and cannot tell what is behind it: a study in this process
 * (study/desk.h), or one that a server has (remote/desk.h). So what trains is written once.
 *
 * What an attempt says is about (segment, attempt), and may be said again: what was recorded gets
 * the same answer, and what came too late changes nothing. So a call whose answer was lost is made
 * again by the desk itself.
 */
#ifndef PBT_DESK_DESK_H
#define PBT_DESK_DESK_H

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "spec/spec.h"
#include "store/store.h"

/* ---- what is said ---- */

/* Who asks. `session` is random per process (or per slot of one): a new session of the same worker
 * ends the old one's leases. In what is said of an attempt both may be empty: then whoever holds it
 * asks. */
typedef struct pbt__claimant {
    const char *worker;
    const char *session;
} pbt__claimant;

typedef enum pbt__verb { PBT__TRAIN, PBT__WAIT, PBT__STOP } pbt__verb;

typedef enum pbt__checkpoint_kind {
    PBT__CHECKPOINT_NONE,
    PBT__CHECKPOINT_FILE,
    PBT__CHECKPOINT_FOLDER,
    PBT__CHECKPOINT_INLINE, /* in the store, beside its report */
} pbt__checkpoint_kind;

/* One segment as a worker is handed it. Owner: the caller's struct; `segment.values` belong to the
 * desk, and stay valid until the claimant is handed another one. */
typedef struct pbt__assignment {
    pbt_segment segment;
    int32_t attempt;
    int64_t resume_step; /* start_step, or where a released attempt left off */
    int64_t stop_step;   /* where its member's training ends by stop.steps in force; 0: nowhere */
    bool is_fresh;       /* nothing to load */
    bool reload_always;  /* load even what this session's memory holds */
    pbt__checkpoint_kind load_kind;
    pbt_segment_id load_from; /* whose checkpoint `load` is */
    int64_t load_bytes;       /* of all its files; -1: not known */
    int64_t
        load_modified_ns; /* a start checkpoint's, which no log records; -1: not known, or none */
    double lease_seconds; /* heartbeats come thrice in it: pbt__spec_silence_seconds */
    char load[PBT__PATH_SIZE]; /* "" where fresh; whether it can be opened here, `bring` says */
    char save_to[PBT__PATH_SIZE];
} pbt__assignment;

typedef struct pbt__action {
    pbt__verb verb;
    double wait_seconds;     /* PBT__WAIT: ask again then at the latest, */
    uint64_t seen;           /* or when something has changed since the desk was in this state */
    pbt__stop_reason reason; /* PBT__STOP */
    pbt__assignment train;   /* PBT__TRAIN; last */
} pbt__action;

/* Begin an answer that says nothing more yet. Its paths are "", and no more of them is written. */
static inline void pbt__action_init(pbt__action *action, pbt__verb verb)
{
    memset(action, 0, offsetof(pbt__action, train.load));
    action->verb = verb;
    action->train.load[0] = action->train.save_to[0] = '\0';
}

/* Copy an answer, but of its paths, which are most of it, no more than they hold. */
static inline void pbt__action_copy(pbt__action *to, const pbt__action *from)
{
    memcpy(to, from, offsetof(pbt__action, train.load));
    memcpy(to->train.load, from->train.load, strlen(from->train.load) + 1);
    memcpy(to->train.save_to, from->train.save_to, strlen(from->train.save_to) + 1);
}

/* How an attempt went. */
typedef struct pbt__result {
    pbt_segment_id segment;
    int32_t attempt;
    int64_t step;
    const pbt__metric *metrics; /* Shape: metrics[metric_count]; the objective's among them */
    size_t metric_count;
    enum { PBT__NO_CHECKPOINT, PBT__SAVED, PBT__IN_MEMORY } checkpoint;
    const void
        *bytes; /* PBT__IN_MEMORY: kept in the store up to PBT__BLOB_MAXIMUM, else in the vault */
    size_t byte_count;
} pbt__result;

typedef struct pbt__reply {
    bool is_repeat; /* it was recorded before; nothing changed */
    bool has_decision;
    pbt_segment decision; /* the member's next segment, where the report's transaction made it */
    pbt__action action;   /* last */
} pbt__reply;

static inline void pbt__reply_copy(pbt__reply *to, const pbt__reply *from)
{
    memcpy(to, from, offsetof(pbt__reply, action));
    pbt__action_copy(&to->action, &from->action);
}

typedef struct pbt__failure {
    pbt_segment_id segment;
    int32_t attempt;
    const char *message; /* one line; its first 1,000 bytes are recorded */
    bool can_retry;
    bool is_certain; /* another attempt would fail in the same way: the script itself is wrong */
} pbt__failure;

/* What a heartbeat says. Shape: metrics[metric_count]; the last logged values, Nullable */
typedef struct pbt__pulse {
    pbt_segment_id segment;
    int32_t attempt;
    int64_t step;
    const pbt__metric *metrics;
    size_t metric_count;
} pbt__pulse;

/* Where a member goes on from. */
typedef struct pbt__start {
    int32_t member;      /* -1: nobody */
    pbt_segment_id from; /* PBT_NO_SEGMENT: the spec's start checkpoint */
    int64_t size_bytes;  /* of that checkpoint; a folder's files together */
} pbt__start;

/* ---- of whom keeps workers' processes ---- */

/* What has just become of a worker by a call of its own. */
typedef struct pbt__notice {
    const char *worker;
    const char *failure;          /* Nullable: why the attempt it held has failed */
    const pbt__assignment *train; /* NULL: it holds nothing now */
    bool has_reported;            /* what it held */
} pbt__notice;

typedef struct pbt__listener {
    void (*tell)(void *context, const pbt__notice *notice);
    void *context;
} pbt__listener;

/* Whoever listens at a desk, one at a time. Owner: the desk, which inits the lock. */
typedef struct pbt__audience {
    pthread_rwlock_t lock; /* held for reading while it is told */
    pbt__listener listener;
} pbt__audience;

/* Have a listener told from now on, in place of the one before. Returns when nobody is being told.
 * Nullable: listener: nobody. Threads: any */
void pbt__audience_set(pbt__audience *audience, const pbt__listener *listener);

/* Tell the listener, if there is one, what an answer holds for a worker; one without a name is
 * nobody. Nullable: failure, action. Threads: any */
void pbt__audience_tell(pbt__audience *audience, const char *worker, const char *failure,
                        const pbt__action *action, bool has_reported);

/* How things stand for a worker. */
typedef struct pbt__outlook {
    bool is_running;     /* the study is not over, nor stopped */
    bool is_untouched;   /* nobody has reported, and no member is at more than its first segment */
    int64_t sequence;    /* of the newest event */
    pbt_segment_id held; /* PBT_NO_SEGMENT: it holds nothing */
} pbt__outlook;

/* ---- the table ---- */

typedef struct pbt__desk pbt__desk;

/*
 * Threads: any, and many at once, where a slot says nothing else. No lock of the caller's is held.
 * Every slot that returns pbt_err may block: on the disk, on the network, or until a transaction is
 * durable; how long, is the implementation's. Where it fails, its outputs are untouched, and so is
 * the study, except where the answer alone was lost. Errors, in all: those of the study's own
 * functions; PBT_ERR_STORE or PBT_ERR_IO (what is behind cannot be reached: nothing can go on);
 * PBT_ERR_MEMORY.
 */
typedef struct pbt__desk_ops {
    /* The spec in force; its `folder` is where paths begin here. Never blocks. Owner: the desk. */
    const pbt_spec *(*spec)(pbt__desk *desk);

    /* Nullable: not known before it is tried. Find a member whose open segment starts from a
     * checkpoint of another size than `size_bytes`. Idempotent. */
    pbt_err (*other_size)(pbt__desk *desk, int64_t size_bytes, pbt__start *out, pbt_error *error);

    /* Begin to train: whoever had a worker's name that begins with `prefix` before is dead, and
     * what it held can be claimed again; `is_lost` says that it may have died of what it held.
     * Called once, before the first claim. */
    pbt_err (*begin)(pbt__desk *desk, const char *prefix, bool is_lost, pbt_error *error);

    /* Train no more. Called once after `begin`, and when that failed. */
    void (*end)(pbt__desk *desk);

    /* End every wait in `claim`, now and from now on. Idempotent, never blocks. */
    void (*halt)(pbt__desk *desk);

    /* Nullable: somebody else looks after it. Stop the study where its time is over. `*seconds` is
     * what is left, INFINITY if nothing limits it. Called again and again, by one thread. */
    pbt_err (*watch_time)(pbt__desk *desk, double *seconds, pbt_error *error);

    /* ---- an attempt ---- */

    /* Claim a segment. `*action` is the answer before this one: where that is to wait, it is waited
     * first, until something changes, a bound of the implementation's passes, or `halt`. After
     * `halt` nothing is claimed, and the answer is to wait. A session that holds a segment is given
     * that one again. */
    pbt_err (*claim)(pbt__desk *desk, const pbt__claimant *who, pbt__action *action,
                     pbt_error *error);

    /* Record a result with its checkpoint, and hand out what comes next. The checkpoint is what
     * lies at `save_to` (PBT__SAVED), which is taken away, or the bytes given (PBT__IN_MEMORY),
     * which stay the caller's. Idempotent; what a repeat hands out may be nothing, and a claim then
     * gives what the session holds. Errors: PBT_ERR_LATE (the attempt is another's;
     * PBT_ERR_STATE and PBT_ERR_NOT_FOUND alike), PBT_ERR_REPORT (step, metric),
     * PBT_ERR_CHECKPOINT, PBT_ERR_LIMIT. */
    pbt_err (*report)(pbt__desk *desk, const pbt__claimant *who, const pbt__result *result,
                      pbt__reply *out, pbt_error *error);

    /* Renew a lease and show progress. `*verb`: PBT__TRAIN to go on, PBT__STOP where the study is
     * over, PBT__WAIT where the segment is wanted back. Called from a thread of its own while the
     * trainer trains. Idempotent. Errors: as `report`; PBT_ERR_BUSY is worth no more than the next
     * heartbeat. */
    pbt_err (*heartbeat)(pbt__desk *desk, const pbt__claimant *who, const pbt__pulse *pulse,
                         pbt__verb *verb, pbt_error *error);

    /* Give a segment back, with what was saved at `save_to` at `step` where `has_progress`.
     * Idempotent. Errors: as `report`. */
    pbt_err (*release)(pbt__desk *desk, const pbt__claimant *who, pbt_segment_id segment,
                       int32_t attempt, int64_t step, bool has_progress, pbt_error *error);

    /* Record an attempt's failure, and hand out what comes next. Idempotent. Errors: as `report`.
     */
    pbt_err (*fail)(pbt__desk *desk, const pbt__claimant *who, const pbt__failure *failure,
                    pbt__action *out, pbt_error *error);

    /* Give an attempt back that could not be begun or recorded here, and wait until it can; `why`
     * says what is missing. Nullable: out; failure, if nothing is held. Errors: as `report`. */
    pbt_err (*hinder)(pbt__desk *desk, const pbt__claimant *who, const pbt__failure *failure,
                      const pbt_error *why, pbt__action *out, pbt_error *error);

    /* ---- what a segment starts from; none of these where it is fresh ---- */

    /* Have it at a path that can be opened here, and make that path `load`. Idempotent. Errors:
     * PBT_ERR_CHECKPOINT (it is not as recorded), PBT_ERR_NOT_FOUND, PBT_ERR_LIMIT. */
    pbt_err (*bring)(pbt__desk *desk, pbt__assignment *assignment, pbt_error *error);

    /* Copy it to `out`, where it is one file of at most `size` bytes; `*length` is how many it
     * has, also where those in the store are more, and nothing is copied. Shape: out[size] Errors:
     * as `bring`. */
    pbt_err (*read)(pbt__desk *desk, const pbt__assignment *assignment, void *out, size_t size,
                    size_t *length, pbt_error *error);

    /* Remove what `bring` made, of the assignment that it changed. Idempotent; what cannot be
     * removed is left. Returns whether it is gone. */
    bool (*drop)(pbt__desk *desk, const pbt__assignment *assignment);

    /* ---- of whom keeps workers' processes, which claim and report by themselves ---- */

    /* Have a listener told of every worker that is handed a segment, ends one or gives one back:
     * after that is recorded, and before the worker learns of it, on the thread of the worker's
     * call and under no lock of the desk's. As pbt__audience_set. */
    void (*listen)(pbt__desk *desk, const pbt__listener *listener);

    /* Say how things stand. Of a worker, whose process is known to live, renew what it holds.
     * Nullable: worker. */
    pbt_err (*look)(pbt__desk *desk, const char *worker, pbt__outlook *out, pbt_error *error);

    /* A worker's process is dead: what it held has failed, as `message` says, or is given back
     * where that is NULL: it was ended on purpose. `*held` is that segment. Nullable: message. */
    pbt_err (*bury)(pbt__desk *desk, const char *worker, const char *message, pbt_segment_id *held,
                    pbt_error *error);

    /* Nullable: it is not for whoever is here to say. The trainer does not even ask for a segment:
     * stop the study, if nobody ever reported. Idempotent. */
    pbt_err (*break_off)(pbt__desk *desk, pbt_error *error);
} pbt__desk_ops;

/* The head of every implementation. */
struct pbt__desk {
    const pbt__desk_ops *ops;
    bool holds_states; /* what is reported from memory stays in this process's: `read` is a copy */
};

#endif
