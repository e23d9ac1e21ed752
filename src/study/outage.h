/*
 * outage.h: failures that do not count against members.
 *
 * A trainer may fail because of its hyperparameters, or because something else is missing: the
 * script, the disk, a mount. Other members' failures, and time, tell which. A failure counts
 * against its member at once where another attempt, begun after an earlier failure of the same
 * segment, has succeeded since. It counts against nobody, and pauses the study,
 *   - where another member has failed alike (likeness.h) and nobody's later attempt has succeeded;
 *   - where three members, or all that were handed out, have failed in whatever words, and nobody
 *     at all has succeeded since the first of them;
 *   - where a trainer could not even be begun, or the checkpoints cannot be reached.
 * In a pause one segment at a time is handed out as a probe, after waits that double; the first
 * that works ends it. Retries of one segment wait in the same way, and so does a member alone whose
 * checkpoint cannot be read.
 *
 * All of it is the memory of one process and taken back by the population's journal. What the log
 * learns is `failed`, a verdict, or `released`, none; decisions know nothing of it.
 *
 *     m0 fails     counts (a retry is left); suspect
 *     m1 fails     alike, nothing has worked since: given back, PAUSE, wait 0.5 s
 *     m2 fails     the probe: given back, wait 1 s
 *     m3 reports   the probe, begun after all of them: nobody is suspect, all go on
 */
#ifndef PBT_STUDY_OUTAGE_H
#define PBT_STUDY_OUTAGE_H

#include <jansson.h>

#include "core/population.h"
#include "store/store.h"

/* What this process knows of a member's newest segment. Units: microseconds of the store's clock */
typedef struct pbt__case {
    int32_t number;    /* of the segment; -1: none was handed out here */
    int32_t failures;  /* of it, those included that did not count */
    int64_t begun_us;  /* the attempt that holds it, or held it last */
    int64_t first_us;  /* its first failure, */
    int64_t last_us;   /* and the member's latest */
    int64_t due_us;    /* not handed out before */
    int64_t reports;   /* pbt__outage.reports at its first failure */
    uint64_t likeness; /* of the latest failure's message (likeness.h) */
    bool is_suspect;   /* nobody's later attempt has succeeded */
    uint64_t refused;  /* likeness of why the attempt's report was refused; 0: it was not */
    int32_t told;      /* 1 + the segment that was said to stand still (still.h); 0: none */
    bool is_certain;   /* the latest failure is one that another attempt cannot change */
    int32_t withheld;  /* how often in a row what it starts from could not be read */
} pbt__case;

typedef struct pbt__outage {
    int64_t proven_us;    /* when the newest attempt that succeeded had begun; 0: none */
    int64_t longest_us;   /* how long an attempt that failed had lived */
    int64_t reports;      /* recorded here, */
    int64_t reported_us;  /* the newest of them; 0: none */
    int64_t since_us;     /* when it began; 0: there is none */
    int64_t next_us;      /* of the next probe */
    int64_t waited_us;    /* all waits, the next one included */
    int64_t reports_then; /* `reports` when it began */
    int64_t earliest_us;  /* no member's delay ends before */
    int32_t waits;
    int32_t probe;     /* the member that was handed out last in the pause; -1: none */
    int32_t withheld;  /* the member that was withheld last, and still is; -1: none */
    bool has_suspects; /* some member may be; false: none is */
    bool is_paused;
    bool is_own;    /* pbt itself lacks something */
    bool is_over;   /* patience is */
    bool is_lifted; /* failures count, until an attempt begun later succeeds */
} pbt__outage;

struct pbt__study;

/* All inside an operation. Errors: PBT_ERR_MEMORY, as of the journal. */

/* An attempt was handed out; */
PBT_MUST_USE pbt_err pbt__outage_begin(struct pbt__study *study, const pbt__claim *claim);
/* it was reported; */
PBT_MUST_USE pbt_err pbt__outage_report(struct pbt__study *study, pbt_segment_id id);
/* or it failed: `*counts` says whether that is a verdict. Else it is given back. */
PBT_MUST_USE pbt_err pbt__outage_judge(struct pbt__study *study, const pbt__claim *claim,
                                       pbt_cause cause, const char *message, bool is_certain,
                                       bool *counts);
/* Its report was refused, outside of any operation: should it fail now, it fails for that. */
void pbt__outage_refuse(struct pbt__study *study, pbt_segment_id id, const pbt_error *why);
/* Nothing can be begun: pause. Nullable: claim, of the attempt that could not be. */
PBT_MUST_USE pbt_err pbt__outage_hinder(struct pbt__study *study, const pbt__claim *claim,
                                        const pbt_error *why, bool is_own);

/* What one member starts from is there, but cannot be read: it waits, and the others go on. Where
 * nobody else can, pause. */
PBT_MUST_USE pbt_err pbt__outage_withhold(struct pbt__study *study, int32_t member,
                                          const pbt_error *why);

/* Say whether two members' first failures, the only ones of a study that never reported, are one
 * certain error. O(N) */
bool pbt__outage_is_certain(const struct pbt__study *study, int32_t member);
/* Put members back among those waiting whose delay is over. O(1) if none is. */
PBT_MUST_USE pbt_err pbt__outage_wake(struct pbt__study *study);
/* In a pause: the member to be handed out as a probe; -1: none now. O(N) */
PBT_MUST_USE pbt_err pbt__outage_probe(struct pbt__study *study, int32_t *out);
/* How long until anything may be handed out that is not now; `most` if nothing is waited for. */
double pbt__outage_seconds(const struct pbt__study *study, double most);
/* What this process waits for, as `pbt show` has it; JSON's null if it does not. NULL: no
 * memory. */
json_t *pbt__outage_json(const struct pbt__study *study);

#endif
