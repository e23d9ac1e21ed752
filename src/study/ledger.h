/*
 * ledger.h: which checkpoints are needed.
 *
 * A checkpoint is held by each member whose present weights start from it (its own latest, or a
 * donor's: that is the pin, from the decision until the copier's next report), and by its place
 * among the best. A checkpoint without holders is collected. So at most members + keep_best are
 * kept; `max_bytes` shortens the list of the best, never below one.
 *
 * It moves with the population and is taken back with it (the same journal).
 */
#ifndef PBT_STUDY_LEDGER_H
#define PBT_STUDY_LEDGER_H

#include "core/population.h"
#include "study/checkpoint.h"

enum { PBT__KEEP_BEST_MAXIMUM = 10000 };

typedef struct pbt__ledger_entry {
    pbt__checkpoint checkpoint; /* kind NONE: none was reported */
    int32_t attempt;            /* the attempt that was accepted, 0: not reported yet */
    int32_t holders;
    bool is_gone;             /* collected */
    bool is_decided;          /* its report's transaction made the member's next segment */
    int32_t progress_attempt; /* the released attempt whose progress is kept aside, 0: none */
    int64_t progress_step;
    pbt__checkpoint progress;
} pbt__ledger_entry;

typedef struct pbt__ledger pbt__ledger;

/* Make a ledger for a population of `count`, keeping `keep_best` (at least 1). NULL: no memory. The
 * journal is borrowed. */
pbt__ledger *pbt__ledger_new(pbt__journal *journal, int32_t count, int32_t keep_best,
                             int64_t max_bytes);
void pbt__ledger_free(pbt__ledger *ledger);

/* The entry of an existing segment, made if it is new. NULL: no memory. Touch before changing. */
pbt__ledger_entry *pbt__ledger_entry_of(pbt__ledger *ledger, pbt_segment_id id);

/* Keep in step with the population: a report with its accepted attempt (checkpoint NULL: none);
 * `rank` is the score, higher is better; */
PBT_MUST_USE pbt_err pbt__ledger_report(pbt__ledger *ledger, pbt_segment_id id, int32_t attempt,
                                        double rank, const pbt__checkpoint *checkpoint);
/* progress of a released attempt; */
PBT_MUST_USE pbt_err pbt__ledger_progress(pbt__ledger *ledger, pbt_segment_id id, int32_t attempt,
                                          int64_t step, const pbt__checkpoint *checkpoint);
/* a member's new segment starts from `parent` (or from scratch); */
PBT_MUST_USE pbt_err pbt__ledger_start(pbt__ledger *ledger, int32_t member, pbt_segment_id parent);
/* a member failed and needs nothing; */
PBT_MUST_USE pbt_err pbt__ledger_leave(pbt__ledger *ledger, int32_t member);
/* the spec's bounds changed; */
PBT_MUST_USE pbt_err pbt__ledger_bound(pbt__ledger *ledger, int32_t keep_best, int64_t max_bytes);
/* the log says it is gone. Errors: PBT_ERR_CORRUPT if somebody holds it. */
PBT_MUST_USE pbt_err pbt__ledger_collect(pbt__ledger *ledger, pbt_segment_id id);

/* The checkpoints nobody holds, in the order in which they were let go. Shape: *out [returned
 * count]; valid until the ledger changes. */
size_t pbt__ledger_due(pbt__ledger *ledger, const pbt_segment_id **out);

/* Bytes of all checkpoints that are not gone. */
int64_t pbt__ledger_bytes(const pbt__ledger *ledger);

#endif
