/*
 * view.h: a study as read from its log.
 *
 * The view is the population, the ledger, the rows and a few facts, changed only by entries: those
 * this process makes in its transaction, and those it reads. Both use the same functions, so a
 * process's view equals what it would read back. One journal undoes all of it.
 */
#ifndef PBT_STUDY_VIEW_H
#define PBT_STUDY_VIEW_H

#include "core/population.h"
#include "spec/spec.h"
#include "study/event.h"
#include "study/ledger.h"
#include "study/rows.h"

typedef struct pbt__amendment {
    char *key, *value;
} pbt__amendment;

/* Facts that events set; taken back as one. */
typedef struct pbt__facts {
    pbt_spec *spec; /* in force; one of `specs` */
    int32_t rules;  /* PBT__RULES_*, those it was created with */
    int64_t sequence;
    pbt__digest digest; /* of event `sequence` */
    int64_t created_us;
    pbt__digest identity;  /* the digest of the first event: no other study has it */
    int64_t time_us;       /* of the newest event */
    pbt__stop_reason stop; /* by a rule or a user */
    size_t amendment_count;
    bool is_timed; /* `timed` events say when it trains; else all time counts (older logs) */
    bool is_training;
    int64_t trained_us; /* up to the newest event, where stop.seconds limits it */
} pbt__facts;

typedef struct pbt__view {
    pbt_population *population; /* NULL before `created` */
    pbt__ledger *ledger;
    pbt__rows *rows; /* of segments: what the two above do not know */
    pbt__facts facts;
    pbt_spec **specs; /* every spec that was in force; freed at the end */
    size_t spec_count;
    pbt__amendment *amendments;
    size_t amendment_capacity;
    json_t *provenance; /* of `created`; nobody changes it */
    /* Nullable, borrowed: where a relative folder of the spec starts, and the folder instead of the
     * one that is recorded. */
    const char *store_folder, *spec_folder;
} pbt__view;

/* Called for each event read, after what happened was taken in and before what was decided is
 * applied. Nullable everywhere. */
typedef pbt_err (*pbt__view_hook)(void *context, pbt__view *view, const pbt__entry *entry,
                                  pbt_error *error);

void pbt__view_init(pbt__view *view);
void pbt__view_fini(pbt__view *view);

/* Take in one event of the log: check its sequence and digest, read its body, apply it.
 * Errors: PBT_ERR_CORRUPT naming the event; PBT_ERR_MEMORY. On failure the caller undoes. */
PBT_MUST_USE pbt_err pbt__view_read(pbt__view *view, const pbt__event *event, pbt__view_hook hook,
                                    void *context, pbt_error *error);

/* Take in the part of an entry that happened: a report, a failure, progress, a stop, an amendment.
 * The reading's samples are used. `created` makes the population, from its spec. */
PBT_MUST_USE pbt_err pbt__view_happen(pbt__view *view, const pbt__reading *reading,
                                      pbt_error *error);

/* Apply an entry's decisions. */
PBT_MUST_USE pbt_err pbt__view_decide(pbt__view *view, const pbt__entry *entry, pbt_error *error);

/* Note that an entry became an event of the log, after what it says was taken in and applied. */
PBT_MUST_USE pbt_err pbt__view_log(pbt__view *view, const pbt__entry *entry,
                                   const pbt__event *event);

size_t pbt__view_mark(const pbt__view *view);
void pbt__view_undo(pbt__view *view, size_t mark);
void pbt__view_keep(pbt__view *view);

/* Whether every member has ended, or a rule or a user stopped it. */
bool pbt__view_is_over(const pbt__view *view);

#endif
