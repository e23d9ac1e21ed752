/*
 * inside.h: the inside of a pbt__study: the view, the claims, and one transaction at a time.
 *
 * Locks: `view_lock` guards everything but the queue of operations; whoever leads a group holds it
 * from `begin` to the end of `commit`. `queue_lock` guards the queue. Taken in that order, never
 * the other way.
 */
#ifndef PBT_STUDY_INSIDE_H
#define PBT_STUDY_INSIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/ranking.h"
#include "study/draft.h"
#include "study/outage.h"
#include "study/still.h"
#include "study/study.h"
#include "study/view.h"

/* Whose turn it is: a call waits, leads the next group, or has its answer. */
typedef enum pbt__turn { PBT__TURN_WAITS, PBT__TURN_LEADS, PBT__TURN_ENDED } pbt__turn;

enum { PBT__BELLS = 4 }; /* so many groups in a row have bells of their own */

/* One call that wants a transaction. `run` may append entries, write claims, fill its own
 * arguments; what it returns is the call's answer, and anything but PBT_OK takes back all it did.
 */
typedef struct pbt__operation {
    pbt_err (*run)(pbt__study *study, void *arguments, pbt_error *error);
    void *arguments;
    pbt_err err;
    pbt_error error;
    unsigned group; /* its number: its caller sleeps on that group's bell */
    _Atomic pbt__turn turn;
    struct pbt__operation *next;
} pbt__operation;

/* A checkpoint whose bytes may go once the log that says so is durable. */
typedef struct pbt__removal {
    pbt_segment_id id;
    int32_t attempt; /* 0: a published one */
    bool is_kept;    /* all but the checkpoint itself: what the trainer left beside it */
} pbt__removal;

struct pbt__study {
    pbt__store *store; /* borrowed */
    pbt__study_row row;
    const char *metric; /* the objective's; no amendment changes it */
    char *store_folder;
    char *spec_folder; /* Nullable: of the spec at hand */
    char *relative_to;
    bool holds_states; /* pbt__study_holds_states */
    bool is_observer;
    bool is_behind;        /* its folder belongs to a log that had come further */
    int folder_lock;       /* -1: not held */
    bool leads_folder;     /* writes how far the log has come */
    int64_t head_sequence; /* as its folder has it; 0: not written yet */
    void (*refused)(void *context, const pbt_error *error); /* nullable */
    void *refused_context;
    bool (*lives)(void *context, const char *study, const char *worker); /* nullable */
    void *lives_context;
    atomic_bool is_attended; /* this process trains it */
    pbt__view view;
    pbt__vault *vault; /* NULL for an observer */
    pthread_mutex_t view_lock;

    pbt__transaction transaction; /* what `begin` found */
    pbt__draft draft;             /* what it is to write */
    pbt__text body;               /* of the event that is written just now */
    bool has_published;
    bool is_alone; /* one operation makes it */
    bool is_torn;  /* an operation's own call of the store failed, which may have ended it */
    int64_t claims_revision;
    pbt__claim *claims;    /* Shape: [population]; member -1: never claimed */
    pbt__ranking waiting;  /* members whose open segment nobody trains, the furthest behind first */
    double *waiting_ranks; /* Shape: [population]; as they wait, NaN: they do not */
    int64_t earliest_expiry_us; /* no lease ends before */
    bool is_patient;            /* retries wait, and an outage pauses the study */
    pbt__case *trials;          /* Shape: [population] */
    pbt__outage outage;
    pbt__pace pace;         /* of the segments handed out and reported here; no journal keeps it */
    pbt_error outage_why;   /* of the newest pause */
    pbt__decision *decided; /* Shape: [population]: heads first, then rescues */
    pbt__removal *removals;
    size_t removal_count, removal_capacity;

    pthread_mutex_t queue_lock;
    pthread_cond_t has_changed; /* for pbt__study_wait */
    uint64_t change_count;
    bool has_lookout;          /* a thread waits at the store for what others do */
    _Atomic int64_t synced_us; /* monotonic: when the log was read last */
    pbt__operation *first, *last;
    size_t queue_length;
    unsigned group; /* that was taken last */
    bool has_leader;
    _Atomic uint32_t bells[PBT__BELLS]; /* futexes */

    pbt__audience audience;
};

/* ---- transaction.c ---- */

/* Run an operation in a transaction of its group; returns its answer once that is durable. */
PBT_MUST_USE pbt_err pbt__study_submit(pbt__study *study,
                                       pbt_err (*run)(pbt__study *study, void *arguments,
                                                      pbt_error *error),
                                       void *arguments, pbt_error *error);
/* Write what the transaction's operations have drafted, and commit it. Where that fails, roll
 * back. */
PBT_MUST_USE pbt_err pbt__study_commit(pbt__study *study, pbt_error *error);

/* ---- sync.c ---- */

/* Bring the view up to date, holding view_lock; inside a transaction or outside. */
PBT_MUST_USE pbt_err pbt__study_sync(pbt__study *study, pbt_error *error);
/* Make what a study keeps per member, once the view has a population. */
PBT_MUST_USE pbt_err pbt__study_equip(pbt__study *study, pbt_error *error);
/* Free that again. */
void pbt__study_strip(pbt__study *study);
/* Lock the view and bring it up to date; the caller unlocks on PBT_OK. */
PBT_MUST_USE pbt_err pbt__study_look(pbt__study *study, pbt_error *error);

/* ---- changes.c ---- */

/* Tell all who wait that something has changed. Holding the queue's lock. */
void pbt__study_tell_waiting(pbt__study *study);

/* ---- open.c ---- */

/* Open the folder of checkpoints for somebody who makes none; it is not made where it is absent. */
PBT_MUST_USE pbt_err pbt__study_find_vault(pbt__study *study, pbt_error *error);

/* ---- weights.c: where a study's checkpoints are, and whether they are there ---- */

/* The folder: as the spec says, or NAME.checkpoints beside the store. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__study_vault_folder(const pbt__study *study, const pbt_spec *spec,
                                             char *out, pbt_error *error);
/* Say whether the log names checkpoints, and not one of them is in the folder. */
bool pbt__study_has_lost_all(const pbt__study *study, const char *folder);
/* Complain of such a folder: whose it is now, or where they are to be looked for. Returns
 * PBT_ERR_EXISTS or PBT_ERR_CHECKPOINT, or why the log cannot be read. */
pbt_err pbt__study_fail_lost(pbt__study *study, const char *folder, pbt_error *error);
/* Check that nobody trains the study, who would save to where it was. Asks other processes: not
 * inside an operation. Errors: PBT_ERR_BUSY. */
PBT_MUST_USE pbt_err pbt__study_check_rest(pbt__study *study, pbt_error *error);
/* Check that a study can go on in the folder `to` instead of `from`. Errors: PBT_ERR_CHECKPOINT
 * (what the log names is not there), PBT_ERR_EXISTS (the folder is another's). */
PBT_MUST_USE pbt_err pbt__study_check_move(pbt__study *study, const char *from, const char *to,
                                           pbt_error *error);

/* ---- owner.c: whose the vault's folder is ---- */

/* Refuse a folder that another study owns, or that holds checkpoints nobody owns. Errors:
 * PBT_ERR_EXISTS. */
PBT_MUST_USE pbt_err pbt__study_may_own(pbt__study *study, pbt_error *error);
/* Own it, where nobody else does. Errors: as above. */
PBT_MUST_USE pbt_err pbt__study_own(pbt__study *study, pbt_error *error);
/* Refuse a folder that another study owns. Errors: as above. */
PBT_MUST_USE pbt_err pbt__study_check_owner(const pbt__study *study, const char *folder,
                                            pbt_error *error);

/* ---- sizes.c ---- */

/* Refuse what a full disk leaves of a checkpoint. A trainer need not save any bytes, but one that
 * did goes on doing so. Errors: PBT_ERR_CHECKPOINT (it is empty, and others were not), PBT_ERR_IO
 * (the disk is full, and nothing shows that it is whole). */
PBT_MUST_USE pbt_err pbt__study_check_bytes(const pbt__study *study,
                                            const pbt__checkpoint *checkpoint, pbt_error *error);

/* ---- logs.c ---- */

/* Remove a study's logs, and their folder where nothing else is in it. Errors: PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__study_remove_logs(const char *path, pbt_error *error);

/* ---- head.c: how far the folder's own log had come ---- */

/* Hold the study's folder against runs with other stores, until the study is closed. Errors:
 * PBT_ERR_EXISTS. */
PBT_MUST_USE pbt_err pbt__study_hold(pbt__study *study, const char *folder, pbt_error *error);
/* Note whether a folder belongs to a log that goes on from this one's end (`is_behind`). Errors:
 * PBT_ERR_EXISTS, it belongs to one that went another way. */
PBT_MUST_USE pbt_err pbt__study_compare_head(pbt__study *study, const char *folder,
                                             pbt_error *error);
/* Complain of a folder that is newer than the log. Returns PBT_ERR_EXISTS. */
pbt_err pbt__study_fail_behind(const pbt__study *study, const char *folder, pbt_error *error);
/* Say whether the vault is another copy's of this store. Errors: as reading the log. */
PBT_MUST_USE pbt_err pbt__study_find_remains(pbt__study *study, pbt__remains *out,
                                             pbt_error *error);

/* Mark it as that of a study which is being deleted; `*is_own` says whether it is this study's, or
 * nobody's: else it is not marked. */
PBT_MUST_USE pbt_err pbt__study_condemn(pbt__study *study, bool *is_own, pbt_error *error);
bool pbt__study_is_condemned(const pbt__study *study);
/* Take both marks away, and the folder where nothing is left in it. */
PBT_MUST_USE pbt_err pbt__study_disown(pbt__study *study, pbt_error *error);

/* ---- holders.c ---- */

bool pbt__claim_is_active(const pbt__claim *claim);
/* Active, and for its member's open segment. */
bool pbt__claim_is_current(const pbt__study *study, const pbt__claim *claim);
/* Begin a list with room for `capacity` rows; false: no memory. Holding view_lock. */
bool pbt__snapshot_begin(const pbt__study *study, size_t capacity, pbt__row_list *out);
/* Copy one segment's row; false where there is no such segment. Holding view_lock. */
bool pbt__snapshot_row(const pbt__study *study, pbt_segment_id id, pbt__segment_row *out);
/* Say whether somebody trains by this claim. */
bool pbt__study_is_at_work(const pbt__study *study, const pbt__claim *claim);
int32_t pbt__study_count_workers(const pbt__study *study);
/* Say whether somebody trains the study, in this process or in another, where so many work. */
bool pbt__study_is_trained(const pbt__study *study, int32_t worker_count);
/* Write a member's claim, to the store and here. */
PBT_MUST_USE pbt_err pbt__study_put_claim(pbt__study *study, const pbt__claim *claim,
                                          pbt_error *error);
/* Put a member among those waiting, or take it out, as its segment and claim say. */
PBT_MUST_USE pbt_err pbt__study_requeue(pbt__study *study, int32_t member);

/* ---- append.c: inside an operation ---- */

/* Append an entry that the view has taken in. */
PBT_MUST_USE pbt_err pbt__study_append(pbt__study *study, const pbt__entry *entry,
                                       pbt_error *error);
/* Append how long it has been trained. */
PBT_MUST_USE pbt_err pbt__study_log_time(pbt__study *study, int64_t trained_us, bool is_training,
                                         pbt_error *error);
/* Append a stop for its reason. */
PBT_MUST_USE pbt_err pbt__study_log_stop(pbt__study *study, pbt__stop_reason reason,
                                         pbt_error *error);
/* Record what nobody holds any more as collected, and have it removed. */
PBT_MUST_USE pbt_err pbt__study_collect(pbt__study *study, pbt_error *error);
/* Have bytes removed after the commit; of an attempt also what its trainer left beside them. */
PBT_MUST_USE pbt_err pbt__study_remove_later(pbt__study *study, pbt_segment_id id, int32_t attempt);
/* As that, of an attempt whose checkpoint stays. */
PBT_MUST_USE pbt_err pbt__study_tidy_later(pbt__study *study, pbt_segment_id id, int32_t attempt);

/* ---- record.c: inside an operation ---- */

/* Take in what happened, decide what is due, apply it, and append all events that follow from it.
 */
PBT_MUST_USE pbt_err pbt__study_log(pbt__study *study, pbt__reading *reading, pbt_error *error);
/* Append a stop where a rule says so; `has_decided`: a round may just have ended. */
PBT_MUST_USE pbt_err pbt__study_stop_if_due(pbt__study *study, bool has_decided, pbt_error *error);
/* ---- clock.c: how long it has been trained, where stop.seconds limits that ---- */

/* Inside an operation. */
bool pbt__study_is_out_of_time(const pbt__study *study);
/* At the end of a transaction: start or stop the clock, as somebody trains or nobody does. */
PBT_MUST_USE pbt_err pbt__study_turn_clock(pbt__study *study, pbt_error *error);
/* Take back what has passed since the last sign of life: where all leases have ended, or, when the
 * study is opened, in any case. Inside an operation. */
PBT_MUST_USE pbt_err pbt__study_cut_clock(pbt__study *study, bool is_opening, pbt_error *error);
/* Under the view's lock. */
double pbt__study_seconds_trained(const pbt__study *study, int64_t now_us);

/* ---- claim.c and lease.c: inside an operation ---- */

/* Record that a current claim's attempt has failed: it ends the claim, and may give the segment up.
 */
PBT_MUST_USE pbt_err pbt__study_log_failure(pbt__study *study, const pbt__claim *claim,
                                            pbt_cause cause, const char *message, pbt_error *error);
/* Record the loss of every lease that has ended. O(1) where none can have. */
PBT_MUST_USE pbt_err pbt__study_expire(pbt__study *study, pbt_error *error);
/* Say whether what a member's open segment starts from can be read. Errors: PBT_ERR_IO where it
 * cannot, PBT_ERR_CHECKPOINT where it is gone or other than recorded. */
PBT_MUST_USE pbt_err pbt__study_read_start(pbt__study *study, int32_t member, pbt_error *error);
/* Find what an assignment's segment starts from, and fill in `resume_step` and `load`. */
PBT_MUST_USE pbt_err pbt__study_fill_load(pbt__study *study, pbt__assignment *out,
                                          pbt_error *error);
/* `who`, or whoever holds the attempt where `who` has no name; `memory` is what the answer points
 * into. Where nobody holds it any more, an asker without a name is handed nothing. */
pbt__claimant pbt__study_asker(const pbt__study *study, const pbt__claimant *who, pbt_segment_id id,
                               int32_t attempt, pbt__claim *memory);
/* Hand out what `who` trains next; `kept` is the member it has just trained, or -1. Where this or
 * the next one fails, `*out` says nothing. */
PBT_MUST_USE pbt_err pbt__study_assign(pbt__study *study, const pbt__claimant *who, int32_t kept,
                                       pbt__action *out, pbt_error *error);
/* Hand out what `who` holds already, or else what it trains next; whatever another session of its
 * name held is lost. O(N). */
PBT_MUST_USE pbt_err pbt__study_assign_held(pbt__study *study, const pbt__claimant *who,
                                            pbt__action *out, pbt_error *error);
/* Check that an attempt may still speak for its segment. Errors: PBT_ERR_NOT_FOUND, PBT_ERR_LATE,
 * PBT_ERR_STATE (nobody has claimed it). `*is_over` says that the segment is closed already, by
 * this attempt. */
PBT_MUST_USE pbt_err pbt__study_admit(pbt__study *study, pbt_segment_id id, int32_t attempt,
                                      bool *is_over, pbt_error *error);

/* ---- query.c, snapshot.c, lineage.c, verify.c: looking ---- */

/* Where a segment's checkpoint is: a path, "store:m3s12" for one inside the store, null where there
 * is none any more. */
json_t *pbt__study_checkpoint_json(const pbt__study *study, pbt_segment_id id);
/* Hand out JSON that was made, NULL: there was no memory for it. */
PBT_MUST_USE pbt_err pbt__study_give(json_t *json, json_t **out, pbt_error *error);
/* Find a segment. Errors: PBT_ERR_NOT_FOUND with the newest there is as the hint. */
PBT_MUST_USE pbt_err pbt__study_segment(const pbt__study *study, pbt_segment_id id,
                                        pbt_segment *out, pbt_error *error);
/* Whether two decisions are one: choices exactly, computed values to a few units in the last
 * place. */
bool pbt__decision_same(const pbt_space *space, const pbt__decision *a, const pbt__decision *b);

#define PBT__STUDY_TOUCH(study, place)                                                             \
    (pbt__journal_touch(pbt__population_journal((study)->view.population), (place),                \
                        sizeof *(place)) != PBT_OK)

#endif
