/*
 * groups.h: which studies `pbt compare` compares, and which belong together.
 *
 * A word names studies: by name, by the NAME that `run --seeds` gave them (NAME-SEED), or by a
 * pattern with *, ? and []. Those that differ in their seed alone, by name, are a group;
 * LABEL=WORD,WORD makes one of whatever it names.
 */
#ifndef PBT_CLI_GROUPS_H
#define PBT_CLI_GROUPS_H

#include "cli/course.h"
#include "cli/query.h"

enum { PBT__GROUPS_MAXIMUM = 64 };

typedef struct pbt__group {
    char label[PBT__NAME_SIZE];
    pbt__course *courses; /* by seed, then name. Shape: [count] */
    size_t count;
} pbt__group;

/* Invariant: all courses have one metric and one direction; no study is in two groups.
 * Owner: everything is its own. */
typedef struct pbt__groups {
    pbt__group *groups; /* in the order of the words. Shape: [count] */
    size_t count;
    const char *metric;
    pbt_direction direction;
    size_t replay_count; /* left out, since nobody named them */
} pbt__groups;

/* Read the studies that the operands name; where there are none, all of the store but replays.
 * Errors: PBT_ERR_NOT_FOUND, PBT_ERR_ARGUMENT (a study in two groups, metrics that differ),
 * PBT_ERR_LIMIT, and what reading studies meets. On success the caller calls groups_fini. */
PBT_MUST_USE pbt_err pbt__groups_read(const pbt__arguments *arguments, const pbt__place *place,
                                      pbt__store *store, pbt__groups *out, pbt_error *error);
void pbt__groups_fini(pbt__groups *groups);

/* Whether two groups have the same seeds, each once: then study i of one pairs with study i of the
 * other. */
bool pbt__groups_pair(const pbt__group *a, const pbt__group *b);

#endif
