/*
 * support.h: a population driven step by step, and what must always hold of one.
 *
 * A helper that cannot do what it is asked to fails the test.
 */
#ifndef PBT_TESTS_CORE_SUPPORT_H
#define PBT_TESTS_CORE_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/population.h"

enum { SEED_COUNT = 4000 }; /* for draws that are counted: one per seed */

/* Members ready every 10 steps, 100 in all, with one float `rate` in [1e-4, 1] on a log scale and
 * the documented defaults. */
pbt_search search_of(int32_t population, pbt_mode mode);
/* A population with its first segments. Owner: the caller, who frees it. */
pbt_population *population_of(const pbt_search *search);

pbt_segment newest_of(const pbt_population *population, int32_t m);
pbt_segment segment_of(const pbt_population *population, int32_t m, int32_t number);
/* What a member's newest segment would report at its end, with a checkpoint. */
pbt_report report_of(const pbt_population *population, int32_t m, double score);

/* Record scores[m] for every member that has an open segment, deciding nothing yet. */
void record_round(pbt_population *population, const double *scores);
/* What is due for a member, changing nothing; of member -1 where nothing is. Its values and changes
 * live until the next decision. */
pbt__decision due_of(pbt_population *population, int32_t m);

/* Record a report and apply all that is due. Returns the decision made for the reporting member; of
 * member -1 where none was. Its values and changes are those of the segment made. */
pbt__decision tell(pbt_population *population, const pbt_report *report);
pbt__decision tell_score(pbt_population *population, int32_t m, double score);
/* Tell scores[m] for every member that has an open segment, in member order. */
void tell_round(pbt_population *population, const double *scores);
/* Tell that a segment diverged at `step`, without a checkpoint. */
pbt__decision tell_diverged(pbt_population *population, int32_t m, int64_t step);
/* Take a failure in and apply all that is due. Returns whether the segment was given up. */
bool tell_failure(pbt_population *population, int32_t m, pbt_cause cause);
/* Fail a member's newest segment for good. */
void give_up(pbt_population *population, int32_t m);
/* Apply all that is due. Returns how many segments were made. */
size_t settle(pbt_population *population);

/* A reproducible sequence for programs of calls: 64 bits, and one in [0, bound). */
typedef struct dice {
    uint64_t state;
} dice;

uint64_t dice_roll(dice *d);
int32_t dice_below(dice *d, int32_t bound);

/* Check everything that rules and state.h say of any population, rankings rebuilt from records. */
void assert_invariants(const pbt_population *population);
/* Check that two populations cannot be told apart, decisions due included. */
void assert_same(pbt_population *a, pbt_population *b);
void assert_same_segment(const pbt_space *space, const pbt_segment *a, const pbt_segment *b);

static inline bool is_same_id(pbt_segment_id a, pbt_segment_id b)
{
    return a.member == b.member && a.number == b.number;
}

/* The search in force. */
const pbt_search *search_in_force(const pbt_population *population);

/* The score a reported segment is ranked with (the window's mean), higher is better; -INFINITY. */
double rank_score_in(const pbt_population *population, pbt_segment_id id);

#endif
