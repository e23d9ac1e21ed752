/*
 * contest.h: groups of studies compared with each other, at the same work if asked.
 *
 * Higher is better everywhere here (pbt__course_score converts back).
 */
#ifndef PBT_COMPARE_CONTEST_H
#define PBT_COMPARE_CONTEST_H

#include "analysis/power.h"
#include "analysis/rank_test.h"
#include "compare/groups.h"

/* A group at the budget. Owner: `points` is its own; what it points to is the groups'. */
typedef struct pbt__contestant {
    const pbt__curve_point **points; /* each study's best; NULL: none usable. Shape: [count] */
    const pbt__course *best;         /* the study that has the best; NULL: none */
    const pbt__curve_point *best_point;
    double iqm, median; /* -INFINITY where too many have none */
    pbt__interval interval;
    int64_t least_steps, most_steps; /* work that was compared */
} pbt__contestant;

/* Two groups, a before b. */
typedef struct pbt__contrast {
    size_t a, b;
    bool is_paired;   /* the same seeds: advantage's intervals draw pairs */
    bool is_wilcoxon; /* paired, and with seeds enough for that test; else Mann and Whitney's */
    pbt__rank_test test;
    pbt__advantage advantage;
    double p;       /* after Holm's correction over all contrasts */
    double least_p; /* what p could be at the least, with so many seeds everywhere */
    pbt__detectable detectable;
    size_t least_seeds; /* of each group, for p <= alpha to be possible, whatever the scores */
} pbt__contrast;

/* Owner: standings and contrasts are its own; groups are borrowed and must outlive it. */
typedef struct pbt__contest {
    const pbt__groups *groups;
    int64_t budget;             /* Units: steps of all members; negative: all there are */
    pbt__contestant *standings; /* Shape: [groups->count] */
    pbt__contrast *contrasts;   /* every pair of groups. Shape: [contrast_count] */
    size_t contrast_count;
} pbt__contest;

#define PBT__ALPHA 0.05

/* Judge. On success the caller calls contest_fini. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__contest_judge(const pbt__groups *groups, int64_t budget,
                                        pbt__contest *out, pbt_error *error);
void pbt__contest_fini(pbt__contest *contest);

/* What a contrast says. */
typedef enum pbt__finding {
    PBT__FINDING_DIFFERENCE, /* p <= alpha */
    PBT__FINDING_NOTHING,
    PBT__FINDING_TOO_FEW, /* no scores of so many seeds could give p <= alpha */
} pbt__finding;

pbt__finding pbt__contrast_finding(const pbt__contrast *contrast);

/* The same contrast with its groups swapped. */
pbt__contrast pbt__contrast_turned(const pbt__contrast *contrast);

/* Notes on the numbers: studies that still run, have no score, differ in work, or had pauses. New
 * reference to an array of strings; NULL if there is no memory. */
json_t *pbt__contest_notes(const pbt__contest *contest);

#endif
