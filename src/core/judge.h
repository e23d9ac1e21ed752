/* judge.h: helpers for exploit rules. Only src/core includes it. */
#ifndef PBT_CORE_JUDGE_H
#define PBT_CORE_JUDGE_H

#include "core/rule.h"
#include "core/state.h"

/* One judgement: who is judged, where, with which draws. Scores are the ranking's: higher is
 * better. */
typedef struct pbt__judgement {
    pbt_population *population; /* its scratch and windows may be written, nothing else */
    const pbt_exploit *rule;
    pbt__history history;
    int32_t member;
    int32_t point;
    const pbt__ranking *ranking;
    int32_t position; /* the member's there, from 0, -1: it is not ranked */
    double score;
    pbt__rng rng; /* keyed by the segment that the decision makes */
} pbt__judgement;

/* 1 where higher is better, as it is inside; -1 where scores as reported have the other sign. */
double pbt__judge_sign(const pbt__judgement *at);

/* A member's score at the point; -INFINITY if it is not ranked there. */
double pbt__judge_score(const pbt__judgement *at, int32_t member);

/* Say whether the judged member may copy another one's hyperparameters: if weights are not copied,
 * inherited values must agree. */
bool pbt__judge_fits(const pbt__judgement *at, int32_t donor);

/* Copy `donor`, out of so many that it was drawn from; -1: nobody. */
void pbt__judge_copy(const pbt__judgement *at, pbt__choice *out, int32_t donor, int32_t eligible);

/* Draw uniformly from the first `limit` candidates whose score is above `floor` and who fit, and
 * copy it. */
void pbt__judge_draw_candidate(pbt__judgement *at, pbt__choice *out, int32_t limit, double floor);

/* Draw another ranked member uniformly into `why->drawn`. Returns whether it may be copied. */
bool pbt__judge_draw_other(pbt__judgement *at, pbt__why *why);

/* Draw a number below `count`, which `why` remembers. */
int32_t pbt__draw_below(pbt__rng *rng, int32_t count, pbt__why *why);

/* As pbt__judge_fits, for the segment that would be copied by the member `m`. */
bool pbt__donor_fits(const pbt_population *population, const pbt__segment_record *theirs,
                     int32_t m);

#endif
