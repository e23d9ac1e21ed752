/*
 * groups.h: which studies `pbt compare` compares, and which belong together.
 *
 * A word names studies: by name, by the NAME that `run --seeds` gave them (NAME-SEED), or by a
 * pattern with *, ? and []. Those that differ in their seed alone, by name, are a group;
 * LABEL=WORD,WORD makes one of whatever it names.
 */
#ifndef PBT_COMPARE_GROUPS_H
#define PBT_COMPARE_GROUPS_H

#include "compare/course.h"

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

/* The studies that there are to choose from. Owner: the caller keeps all of it. */
typedef struct pbt__shelf {
    char (*names)[PBT__NAME_SIZE]; /* sorted. Shape: [count] */
    size_t count;
    /* Read one of them. */
    pbt_err (*read)(void *context, const char *name, pbt__course *out, pbt_error *error);
    void *context;
} pbt__shelf;

/* Read the studies that the words name; if there are none, all of the shelf but replays.
 * Errors: PBT_ERR_NOT_FOUND, PBT_ERR_ARGUMENT (a study in two groups, metrics that differ),
 * PBT_ERR_LIMIT, and what reading studies meets. On success the caller calls groups_fini. */
PBT_MUST_USE pbt_err pbt__groups_read(const pbt__shelf *shelf, const char *const *words,
                                      int word_count, pbt__groups *out, pbt_error *error);
void pbt__groups_fini(pbt__groups *groups);

/* Whether two groups have the same seeds, each once: then study i of one pairs with study i of the
 * other. */
bool pbt__groups_pair(const pbt__group *a, const pbt__group *b);

#endif
