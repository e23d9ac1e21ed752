/*
 * population.h: a study's members and segments, changed only by events.
 *
 * Life of a report: `record` adds it; `decide` computes every decision that is due, without
 * changing anything; `apply` makes a decided segment. Reading a log applies the log's decisions
 * instead of those of `decide`; verifying compares the two. Everything is journaled: `mark` and
 * `undo` take back any number of steps, `keep` makes them final.
 *
 * Due are: in asynchronous mode the member that reported, and lost members that can now be rescued;
 * in generational mode all members when none trains any more, from one snapshot.
 */
#ifndef PBT_CORE_POPULATION_H
#define PBT_CORE_POPULATION_H

#include <pbt/pbt.h>

#include "core/journal.h"

enum {
    PBT__POPULATION_MAXIMUM = 1 << 20,
    PBT__WINDOW_MAXIMUM = 1024,   /* t_test: evaluations on a side; objective.window: reports */
    PBT__SAMPLES_MAXIMUM = 65536, /* samples in one report */
    PBT__RESCUES_MAXIMUM = 3,     /* in a row, without a report */
};

/* Versions of the rules. A study keeps the version it was created with. */
enum {
    PBT__RULES_FIRST = 0,
    PBT__RULES_BACK = 1, /* a rescue without a donor goes back to the weights the member had */
    PBT__RULES_GONE = 2, /* no segment starts from a checkpoint that could not be loaded; segments
                            lost in the last round may be trained later */
    PBT__RULES_NEWEST = PBT__RULES_GONE,
};

/* What a decision compared, for `pbt why`. */
typedef struct pbt__comparison {
    int32_t point;      /* ready point judged at, by segment number; -1: no decision was due */
    int32_t ranked;     /* members ranked there */
    int32_t position;   /* the member's own, from 0, the best; -1: not ranked there */
    int32_t eligible;   /* donors drawn from; 0: none */
    double score;       /* the member's there, as reported; NaN: not finite */
    double donor_score; /* the donor's there */
} pbt__comparison;

/* Why a member was due. */
#define PBT__OCCASIONS(X)                                                                          \
    X(INITIAL, "initial")   /* nothing yet */                                                      \
    X(READY, "ready")       /* a finite report */                                                  \
    X(DIVERGED, "diverged") /* a report that is not finite */                                      \
    X(LOST, "lost")         /* its segment was given up */

/* What settled a decision. */
#define PBT__VERDICTS(X)                                                                           \
    X(FIRST, "first")                           /* nobody is compared before the first segment */  \
    X(BEFORE_AFTER, "before_after")             /* before step ready.after */                      \
    X(NO_QUORUM, "no_quorum")                   /* too few have reported a common ready point */   \
    X(FIXED, "fixed")                           /* a baseline: never copies, never changes */      \
    X(SCHEDULED, "scheduled")                   /* it follows a schedule that it was given */      \
    X(NOT_RANKED, "not_ranked")                 /* it has other weights since the point */         \
    X(NO_RULE, "no_rule")                       /* the rule lets nobody copy */                    \
    X(NOT_AMONG_WORST, "not_among_worst")       /* truncation */                                   \
    X(NO_CANDIDATE, "no_candidate")             /* nobody to copy: better, with a checkpoint */    \
    X(NOBODY_ELSE, "nobody_else")               /* nobody to draw */                               \
    X(DRAWN_NO_CANDIDATE, "drawn_no_candidate") /* the one drawn cannot give a checkpoint */       \
    X(DRAWN_UNFIT, "drawn_unfit")               /* the one drawn inherits other values */          \
    X(TOO_FEW, "too_few")                       /* t_test: fewer than 2 evaluations on a side */   \
    X(NOT_FINITE, "not_finite")           /* t_test: an evaluation of the one drawn is not */      \
    X(NOT_BETTER, "not_better")           /* the one drawn is no better */                         \
    X(NOT_SIGNIFICANT, "not_significant") /* t_test: p is alpha or more */                         \
    X(IS_BEST, "is_best")                 /* best: nobody it could copy is before it */            \
    X(IN_BAND, "in_band")                 /* threshold: not below the line */                      \
    X(REVIVED, "revived")                 /* brought back by a user: it goes on as it was */       \
    X(COPIES, "copies")

typedef enum pbt__occasion {
#define PBT__OCCASION_ENUM(name, text) PBT__OCCASION_##name,
    PBT__OCCASIONS(PBT__OCCASION_ENUM)
#undef PBT__OCCASION_ENUM
} pbt__occasion;

typedef enum pbt__verdict_code {
#define PBT__VERDICT_ENUM(name, text) PBT__VERDICT_##name,
    PBT__VERDICTS(PBT__VERDICT_ENUM)
#undef PBT__VERDICT_ENUM
        PBT__VERDICT_OWN, /* one of the rule's own, named by pbt__why.own */
} pbt__verdict_code;

enum { PBT__FACTS_MAXIMUM = 4 }; /* of a rule's own, in one decision */

/* The reasons of a decision, filled in by the code that decides; not in the log. Scores are as
 * reported. Fields that a rule does not use are -1, 0 or NaN. */
typedef struct pbt__why {
    pbt__occasion occasion;
    pbt__verdict_code verdict;
    int32_t quorum;   /* NO_QUORUM: members needed */
    int32_t reported; /* NO_QUORUM: live members that had reported the point most of them had */
    int32_t k;        /* the number of worst members that copy, and of best that are copied */
    int32_t drawn;    /* the member that was drawn, -1: none */
    int32_t draw;     /* the number that was drawn, below ... */
    int32_t draw_count;
    int32_t counts[2]; /* t_test: evaluations, the member's own first */
    double means[2];   /* of them */
    double p;          /* t_test */
    double low, high;  /* threshold: below `low` copies those above `high`, once higher is better */
    const char *own;   /* OWN: the verdict's name in the rule's sentences */
    double facts[PBT__FACTS_MAXIMUM]; /* what the rule's row names */
} pbt__why;

/* A segment to be made.
 * Owner: values and changes lie in the population's buffer until the next decide. */
typedef struct pbt__decision {
    pbt_segment segment;
    pbt__comparison compared;
    pbt__why why; /* set by decide alone */
} pbt__decision;

/* A member's place at a ready point. */
typedef struct pbt__standing {
    pbt_segment_id segment; /* whose report counts there */
    double score;           /* what is compared: the window's mean, as reported; NaN: not finite */
    bool is_candidate;
} pbt__standing;

/* As pbt_population_new, without any segment: the initial ones are due (`decide`). */
PBT_MUST_USE pbt_err pbt__population_new(const pbt_search *search, pbt_population **out,
                                         pbt_error *error);

/* Set the version of the rules that a log was written with. Before anything is applied. */
void pbt__population_follow(pbt_population *population, int32_t rules);

/* Say whether a member may be brought back: it failed for good, or the last round lost it, and
 * something is left to train. */
bool pbt__population_may_return(const pbt_population *population, int32_t member);

/* Bring such a member back: it goes on from the weights it had, or is rescued. Errors:
 * PBT_ERR_STATE if it may not be; PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__population_revive(pbt_population *population, int32_t member);

/* Say whether a report fits its open segment, changing nothing. Errors: PBT_ERR_STATE (not open),
 * PBT_ERR_REPORT. Nullable: error. */
PBT_MUST_USE pbt_err pbt__population_check(const pbt_population *population,
                                           const pbt_report *report, pbt_error *error);

/* Take a report into the view. O(log N). Errors: as check; PBT_ERR_MEMORY (then undo). */
PBT_MUST_USE pbt_err pbt__population_record(pbt_population *population, const pbt_report *report);

/* Take an attempt's failure into the view. `gave_up` says whether it was the last attempt
 * allowed; the segment is given up then, and its member is lost (or failed, after too many
 * rescues in a row). */
PBT_MUST_USE pbt_err pbt__population_fault(pbt_population *population, pbt_segment_id id,
                                           pbt_cause cause, bool *gave_up);

/* Say whether one more failure of this cause gives an open segment up. */
bool pbt__population_gives_up(const pbt_population *population, pbt_segment_id id, pbt_cause cause);

/* Decide all that is due. Returns PBT_ERR_MEMORY or PBT_OK with `*out` (Shape: [*count]). */
PBT_MUST_USE pbt_err pbt__population_decide(pbt_population *population, const pbt__decision **out,
                                            size_t *count);

/* Make a decided segment, open. Copies values and changes. Errors: PBT_ERR_STATE if it does not
 * follow its member's newest, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__population_apply(pbt_population *population,
                                           const pbt__decision *decision);

/* Use another search from now on. It differs only in ready, stop, exploit, explore, window, retries
 * and lost, and must outlive the population. Finished members that now have steps left wait again,
 * as ready or lost; waiting members with nothing left finish. If the window has changed, reports
 * are scored again. Errors: PBT_ERR_STATE if stop_steps lies before the end of an open segment;
 * PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__population_amend(pbt_population *population, const pbt_search *search,
                                           pbt_error *error);

size_t pbt__population_mark(const pbt_population *population);
void pbt__population_undo(pbt_population *population, size_t mark);
void pbt__population_keep(pbt_population *population);

/* The journal, for structures that move with the population (study/ledger.h). */
pbt__journal *pbt__population_journal(pbt_population *population);

/* ---- looking. O(1) unless said ---- */

pbt_member_state pbt__population_state(const pbt_population *population, int32_t member);
/* The member's newest segment and its latest reported one; false if there is none. */
bool pbt__population_newest(const pbt_population *population, int32_t member, pbt_segment *out);
bool pbt__population_reported(const pbt_population *population, int32_t member, pbt_segment *out);
/* Failures of a member's attempts, all told. */
int32_t pbt__population_failures(const pbt_population *population, int32_t member);
/* Failures of the trainer's own at a member's newest segment. */
int32_t pbt__population_broken_attempts(const pbt_population *population, int32_t member);
/* The member's own work so far. Units: steps */
int64_t pbt__population_step(const pbt_population *population, int32_t member);
/* Steps up to there that were not trained, which a round does not make up; of one that failed for
 * good, all that are left up to the stop. */
int64_t pbt__population_missing(const pbt_population *population, int32_t member);

typedef struct pbt__tally {
    int64_t segments, reports, exploits;
    int64_t diverged;   /* reports whose score is not finite */
    int64_t steps_done; /* of all members */
    int32_t training, ready, lost, finished, failed;
    bool is_broken;      /* every member's first attempt failed and nobody ever reported */
    pbt_segment_id best; /* of all reports with a checkpoint; PBT_NO_SEGMENT: none */
    double best_score;   /* its score, as reported; NaN: none */
} pbt__tally;

pbt__tally pbt__population_tally(const pbt_population *population);

/* List the members ranked at a decision's `compared.point`, as of now, the best first. O(N log N).
 * Shape: out[population]; returns how many there are, 0 for the point -1. */
size_t pbt__population_standings(const pbt_population *population, int32_t point,
                                 pbt__standing *out);

#endif
