/*
 * study.h: a study over a store: claim, report, heartbeat, release, fail.
 *
 * A pbt__study is one process's handle: an in-memory view of the log, brought up to date under the
 * study's lock before anything is decided. Its calls may come from many threads at once; those that
 * arrive together share one durable transaction (group commit); one that fails takes back its own.
 */
#ifndef PBT_STUDY_STUDY_H
#define PBT_STUDY_STUDY_H

#include <jansson.h>

#include "base/id.h"
#include "base/stop.h"
#include "desk/desk.h"
#include "study/checkpoint.h"

typedef struct pbt__study pbt__study;

typedef enum pbt__study_state {
    PBT__RUNNING,
    PBT__STUDY_STOPPED, /* by a user; `resume` goes on */
    PBT__FINISHED,
    PBT__STUDY_FAILED,      /* without one usable member */
    PBT__STUDY_INTERRUPTED, /* it may go on, and nobody trains it now */
} pbt__study_state;

/* ---- opening ---- */

typedef struct pbt__study_options {
    const char *checkpoint_folder; /* absolute; where the spec names none: NAME.checkpoints there */
    bool is_observer;              /* a query: changes nothing, neither folder nor lease */
    bool is_patient;         /* a run: retries wait, and what is no member's fault counts against
                                      none (outage.h) */
    bool is_run;             /* of a process that trains: holds the folder, too */
    const char *relative_to; /* Nullable: paths in JSON below this folder are shown from there */
    const char *spec_folder; /* Nullable: where the spec lies now, if not where it was recorded */
    /* Nullable: told of every report that is refused, on the thread that made it. */
    void (*refused)(void *context, const pbt_error *error);
    void *refused_context;
    /* Nullable: whether a worker whose lease has not ended is still there, as the machine knows; of
     * the worker "" whether a run trains this study. NULL: a lease says enough. Asks no store. */
    bool (*lives)(void *context, const char *study, const char *worker);
    void *lives_context;
} pbt__study_options;

/* Create a study with its `created` event. `provenance` is recorded as it is; borrowed.
 * Owner: the study takes `spec` on success. The store is borrowed and must outlive the study. */
PBT_MUST_USE pbt_err pbt__study_create(pbt__store *store, pbt_spec *spec, json_t *provenance,
                                       const pbt__study_options *options, pbt__study **out,
                                       pbt_error *error);

/* Open a study that exists. Where this process owns the store (store.h), and is no observer, the
 * folder is swept and running leases are given their time again; a visitor writes events, and no
 * more. Errors: PBT_ERR_NOT_FOUND, PBT_ERR_CORRUPT (the chain breaks; the detail names the event),
 * PBT_ERR_STORE. */
PBT_MUST_USE pbt_err pbt__study_open(pbt__store *store, const char *name,
                                     const pbt__study_options *options, pbt__study **out,
                                     pbt_error *error);
void pbt__study_close(pbt__study *study);

/* ---- a worker's calls. Threads: any ---- */

/* Expire leases, then claim. A session that holds an open segment is given that one again. */
PBT_MUST_USE pbt_err pbt__study_claim(pbt__study *study, const pbt__claimant *who, pbt__action *out,
                                      pbt_error *error);

/*
 * Record a result, decide, and hand out what to train next.
 * Errors: PBT_ERR_LATE (a newer attempt has been claimed), PBT_ERR_REPORT (step, metric),
 * PBT_ERR_CHECKPOINT, PBT_ERR_NOT_FOUND; in each case nothing has changed.
 */
PBT_MUST_USE pbt_err pbt__study_report(pbt__study *study, const pbt__claimant *who,
                                       const pbt__result *result, pbt__reply *out,
                                       pbt_error *error);

/* Renew the lease and show progress. `*verb` says whether to go on, with PBT__STOP where the study
 * has stopped. Errors: PBT_ERR_LATE if the lease went to another. */
PBT_MUST_USE pbt_err pbt__study_heartbeat(pbt__study *study, const pbt__claimant *who,
                                          const pbt__pulse *pulse, pbt__verb *verb,
                                          pbt_error *error);

/* Give a segment back, with what was saved aside at `step` where `has_progress`. */
PBT_MUST_USE pbt_err pbt__study_release(pbt__study *study, const pbt__claimant *who,
                                        pbt_segment_id segment, int32_t attempt, int64_t step,
                                        bool has_progress, pbt_error *error);

/* Record an attempt's failure; `out` (nullable) is what to do next. */
PBT_MUST_USE pbt_err pbt__study_fail(pbt__study *study, const pbt__claimant *who,
                                     const pbt__failure *failure, pbt__action *out,
                                     pbt_error *error);

/*
 * Give an attempt back that could not even be begun or recorded, and pause the study: nothing has
 * been said of its trainer. `why` says what is missing; where that is a program (PBT_ERR_TRAINER)
 * and nobody ever reported, or the study is not patient, the attempt has failed. Nullable: out; and
 * failure, where a worker's process cannot be started that holds nothing.
 */
PBT_MUST_USE pbt_err pbt__study_hinder(pbt__study *study, const pbt__claimant *who,
                                       const pbt__failure *failure, const pbt_error *why,
                                       pbt__action *out, pbt_error *error);

/* A study that waits for the end of an outage, as this process knows. */
typedef struct pbt__pause {
    bool is_paused;
    bool is_over;     /* patience is: the run ends */
    bool is_own;      /* pbt itself lacks something */
    int32_t withheld; /* a member that waits while others go on; -1: none */
    int64_t next_us;  /* of the next probe, on the store's clock */
    pbt_error why;    /* of the pause, or of that wait */
} pbt__pause;

void pbt__study_pause(pbt__study *study, pbt__pause *out);

/* End the leases of those workers of whom `is_dead` says so, as the next one does; no lock is held
 * while it is asked. */
PBT_MUST_USE pbt_err pbt__study_end_dead(pbt__study *study,
                                         bool (*is_dead)(void *context, const char *worker),
                                         void *context, bool is_lost, pbt_error *error);

typedef struct pbt__still {
    pbt_segment_id segment;
    double seconds; /* since its step moved, or since it was begun */
} pbt__still;

/* Find a segment in training that shows no sign of progress for so long that it is odd, each one
 * once; none where lease.stall_seconds ends such attempts. `now_us` is the wall's clock. */
bool pbt__study_find_still(pbt__study *study, int64_t now_us, pbt__still *out);

/* Record the loss of attempts whose step stands still for lease.stall_seconds. Workers' calls find
 * them too, but nobody calls where every trainer hangs. */
PBT_MUST_USE pbt_err pbt__study_end_stalled(pbt__study *study, pbt_error *error);

/* End the leases of every worker whose name begins with `prefix`: whoever calls knows that they are
 * dead. What a trainer may have died of counts as a lost lease; else the segment is given back, and
 * no attempt of it has failed. */
PBT_MUST_USE pbt_err pbt__study_end_leases(pbt__study *study, const char *prefix, bool is_lost,
                                           pbt_error *error);

/* Record that a worker's process has died: what it held has failed as its trainer's own failure.
 * `*held` is that segment, PBT_NO_SEGMENT where it held none. */
PBT_MUST_USE pbt_err pbt__study_worker_failed(pbt__study *study, const char *worker,
                                              const char *message, pbt_segment_id *held,
                                              pbt_error *error);

/* Expire leases, then renew those of a worker whose process is known to live, also if it cannot
 * say so itself. `*held` is what it holds, PBT_NO_SEGMENT where that is nothing. */
PBT_MUST_USE pbt_err pbt__study_worker_lives(pbt__study *study, const char *worker,
                                             pbt_segment_id *held, pbt_error *error);

/* Give back what a worker held whose process was ended on purpose: no attempt of it has failed. */
PBT_MUST_USE pbt_err pbt__study_worker_ended(pbt__study *study, const char *worker,
                                             pbt_error *error);

/* Say that this process trains the study from now on, or no longer. */
void pbt__study_attend(pbt__study *study, bool attends);

/* Training time that stop.seconds still allows, as far as this process knows; INFINITY: no limit.
 * Units: seconds. */
double pbt__study_seconds_left(pbt__study *study);

/* Stop the study where that time, or a score, says so. Idempotent. */
PBT_MUST_USE pbt_err pbt__study_stop_in_time(pbt__study *study, pbt_error *error);

/* Stop a study whose trainer does not even ask for a segment (PBT__STOP_BROKEN), if nobody ever
 * reported. A no-op otherwise, and where it is over. */
PBT_MUST_USE pbt_err pbt__study_break(pbt__study *study, pbt_error *error);

/* Find a member whose open segment starts from a checkpoint of another size than `size_bytes`, for
 * trainers whose checkpoints all have one. */
PBT_MUST_USE pbt_err pbt__study_other_size(pbt__study *study, int64_t size_bytes, pbt__start *out,
                                           pbt_error *error);

/* The same for a spec whose study there is not yet. Never fails. */
pbt_err pbt__spec_other_size(const pbt_spec *spec, int64_t size_bytes, pbt__start *out);

/* Read a checkpoint kept inside the store; the caller frees. */
/* Say whether what is reported from memory stays there, whatever its size: the store ends with this
 * process, and the spec names no folder to keep checkpoints in. */
bool pbt__study_holds_states(const pbt__study *study);
/* As pbt__study_blob, to if there is room for it (pbt__store_blob_copy). Shape: out[size] */
PBT_MUST_USE pbt_err pbt__study_blob_copy(pbt__study *study, pbt_segment_id id, void *out,
                                          size_t size, size_t *length, pbt_error *error);
PBT_MUST_USE pbt_err pbt__study_blob(pbt__study *study, pbt_segment_id id, void **bytes,
                                     size_t *length, pbt_error *error);

/* How often something has changed, as this process knows: what another one does counts when a call
 * or a wait here first finds it. */
uint64_t pbt__study_changes(pbt__study *study);
/* Block until something has changed since `seen` (a decision, a stop, a wake), at most `seconds`.
 * What other processes do is found within a tenth of a second or two. Threads: any */
void pbt__study_wait(pbt__study *study, uint64_t seen, double seconds);
/* Wake every thread in pbt__study_wait. Threads: any. */
void pbt__study_wake(pbt__study *study);

/* ---- a user's calls ---- */

/* Stop: no segment is handed out until `resume`. Idempotent. Errors: PBT_ERR_STATE if it is
 * over. */
PBT_MUST_USE pbt_err pbt__study_stop(pbt__study *study, pbt_error *error);
PBT_MUST_USE pbt_err pbt__study_resume(pbt__study *study, pbt_error *error);

/* Bring back members that failed for good, as one event: each goes on from the weights it had, is
 * rescued where those are gone, and starts afresh if nobody can rescue it. Resumes a study that
 * was stopped. Shape: members[count]; 0: all that failed. Errors: PBT_ERR_STATE (one has not
 * failed, none has, a rule has stopped the study), PBT_ERR_NOT_FOUND, PBT_ERR_ARGUMENT (twice). */
PBT_MUST_USE pbt_err pbt__study_revive(pbt__study *study, const int32_t *members, size_t count,
                                       pbt_error *error);

/* Amend keys, all or none, as one event. Shape: keys, values [count] */
PBT_MUST_USE pbt_err pbt__study_amend(pbt__study *study, const char *const *keys,
                                      const char *const *values, size_t count, pbt_error *error);

/* What a deletion leaves, for another copy of the store has trained with the folder since. */
typedef struct pbt__remains {
    bool are_any;                /* checkpoints and logs */
    char keeper[PBT__PATH_SIZE]; /* that copy's file; "": not known */
} pbt__remains;

/* Remove the study's checkpoints, its logs and itself, in this order: where something cannot be
 * removed the study is left, no run trains it, and a repeat goes on. Nullable: logs, a folder.
 * Errors: PBT_ERR_BUSY while a lease is held and not `force`; PBT_ERR_IO naming what stays. */
PBT_MUST_USE pbt_err pbt__study_delete(pbt__study *study, bool force, const char *logs,
                                       pbt__remains *remains, pbt_error *error);

/*
 * Say whether what the study stands on is where it was: the store's file (pbt__store_check) and the
 * folder of checkpoints, which people remove, move and replace. Cheap: for every look.
 * Errors: PBT_ERR_STORE, PBT_ERR_IO, saying what became of it.
 */
PBT_MUST_USE pbt_err pbt__study_check_ground(pbt__study *study, pbt_error *error);
/* Say the same for the folder of checkpoints alone. */
bool pbt__study_has_folder(const pbt__study *study);

/* Leave in the folder of checkpoints how far the log has come; a no-op where the folder is not
 * held, or nothing is new. A small file is synced, with no lock held: for every second. Threads:
 * one at a time. */
void pbt__study_mark_head(pbt__study *study);

/* ---- looking. Each brings the view up to date first; returned JSON is the caller's ---- */

/* The spec in force. Owner: the study. */
const pbt_spec *pbt__study_spec(pbt__study *study);
const char *pbt__study_name(const pbt__study *study);
pbt__store *pbt__study_store(const pbt__study *study);

typedef struct pbt__summary {
    pbt__study_state state; /* as the log has it: never interrupted */
    pbt__study_state shown; /* as people are told: never running if nobody trains */
    pbt__stop_reason stop;  /* why it stopped; PBT__STOP_NONE also where every member has ended */
    int64_t steps_done, steps_total;    /* total 0: stop.seconds alone ends it */
    double seconds_done, seconds_total; /* of training, by stop.seconds; total 0: no limit */
    int64_t segment_count, report_count, exploit_count; /* segments made, segments reported */
    int64_t diverged_count;                             /* reports whose score is not finite */
    int32_t member_count, finished_count, failed_count, worker_count;
    bool has_best;
    pbt_segment best;
    int64_t created_us, now_us;
    int64_t last_sequence;
} pbt__summary;

PBT_MUST_USE pbt_err pbt__study_summary(pbt__study *study, pbt__summary *out, pbt_error *error);

/* Read what a `show` object says of it; what that does not have is 0. */
PBT_MUST_USE pbt_err pbt__summary_read(const json_t *show, pbt__summary *out, pbt_error *error);

/* The same as it is known here, without reading the store: whoever waits brings that up to date. */
void pbt__study_glance(pbt__study *study, pbt__summary *out);

/* The objects of docs/json.md: `show` one object; `members` an array of them. */
PBT_MUST_USE pbt_err pbt__study_show(pbt__study *study, json_t **out, pbt_error *error);
PBT_MUST_USE pbt_err pbt__study_members(pbt__study *study, json_t **out, pbt_error *error);

/*
 * The hyperparameters along one lineage from age 0: {member segment score start rows: [{start_age
 * end_age hyperparameters segment}]}, rows without gap or overlap. `id` names the segment it ends
 * in; {N, -1} is member N's latest report, PBT_NO_SEGMENT the best. `start` is the start checkpoint
 * that age 0 loaded, or null. Errors: PBT_ERR_NOT_FOUND, PBT_ERR_STATE (it was not reported).
 */
PBT_MUST_USE pbt_err pbt__study_schedule(pbt__study *study, pbt_segment_id id, json_t **out,
                                         pbt_error *error);

/* Why a segment is as it is: its decision made again from the log, with all reasons (docs/json.md).
 * Reads the log up to it. Errors: PBT_ERR_NOT_FOUND, PBT_ERR_CORRUPT. */
PBT_MUST_USE pbt_err pbt__study_why(pbt__study *study, pbt_segment_id id, json_t **out,
                                    pbt_error *error);

/*
 * Make a folder with the best segment: `checkpoint`, schedule.json, schedule.csv, spec.yaml,
 * provenance.json, README.txt; whole or not at all, also while the study goes on. `*origin` is what
 * provenance.json says, the caller's. Nullable: origin. Errors: PBT_ERR_EXISTS (the folder does),
 * PBT_ERR_NOT_FOUND (no best yet), PBT_ERR_CHECKPOINT (it is not as the log says), PBT_ERR_IO.
 */
PBT_MUST_USE pbt_err pbt__study_export(pbt__study *study, const char *folder, json_t **origin,
                                       pbt_error *error);

/* What that folder is made from, but the checkpoint's bytes: {origin checkpoint schedule spec}.
 * Errors: PBT_ERR_NOT_FOUND (no best yet). */
PBT_MUST_USE pbt_err pbt__study_parts(pbt__study *study, json_t **out, pbt_error *error);

/* Where a folder's parts are had. */
typedef struct pbt__packer {
    pbt_err (*pack)(void *context, json_t **out, pbt_error *error); /* as pbt__study_parts */
    /* Copy a checkpoint to `path`, as it was recorded. Errors: PBT_ERR_NOT_FOUND: it is gone. */
    pbt_err (*bring)(void *context, pbt_segment_id id, const pbt__checkpoint *record,
                     const char *path, pbt_error *error);
    void *context;
} pbt__packer;

/* As pbt__study_export, of a study that is anywhere. */
PBT_MUST_USE pbt_err pbt__parcel_make(const pbt__packer *from, const char *folder, json_t **origin,
                                      pbt_error *error);

/* What the log holds beside results: {seconds failed lost given_up rescues diverged amendments}:
 * from first to last event; attempts that failed, and those of them that were lost; segments given
 * up; rescues; reports that diverged; every change of the spec, in order, as {sequence time key
 * from to}, where `from` is null if the key had no value. */
PBT_MUST_USE pbt_err pbt__study_account(pbt__study *study, json_t **out, pbt_error *error);

/* Takes an event without owning it; what it returns other than PBT_OK ends the listing. */
typedef pbt_err (*pbt__taker)(void *context, const json_t *event);

/* Events with sequence > after, as {sequence time kind ...the body's fields}. */
PBT_MUST_USE pbt_err pbt__study_events(pbt__study *study, int64_t after, pbt__taker take,
                                       void *context, pbt_error *error);

/* What verifying found. */
typedef struct pbt__verdict {
    int64_t event_count, decision_count, checkpoint_count;
    int64_t problem_count;
} pbt__verdict;

/*
 * Read the whole log again: digests, decisions made again, checkpoints' bytes. Each problem goes to
 * `problem` as one line. Returns PBT_OK also where there are problems; counts are in `out`.
 */
PBT_MUST_USE pbt_err pbt__study_verify(pbt__study *study,
                                       void (*problem)(void *context, const char *line),
                                       void *context, pbt__verdict *out, pbt_error *error);

/* A value in the type it was written in. New reference; NULL if there is no memory. */
json_t *pbt__value_json(const pbt_parameter *parameter, pbt_value value);
const char *pbt__study_state_name(pbt__study_state state);

#endif
