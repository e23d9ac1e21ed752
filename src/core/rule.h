/*
 * rule.h: a rule as a row: name, options, function and words.
 *
 * A rule is one file in rules/ with one row, and one line in rules.c. The rows are read by
 * pbt_search_default() and pbt_search_check(), the keys of a spec, `pbt check`, `pbt why`,
 * docs/spec.md, the manual and shell completion. docs/extending.md tells how to add one.
 */
#ifndef PBT_CORE_RULE_H
#define PBT_CORE_RULE_H

#include <pbt/pbt.h>

#include "core/population.h"
#include "core/rng.h"

/* ---- options ---- */

typedef enum pbt__rule_option_type {
    PBT__RULE_REAL,  /* double */
    PBT__RULE_COUNT, /* int32_t */
    PBT__RULE_STEPS, /* int64_t, at most 2^53; of no rule */
    PBT__RULE_LIST,  /* const double *, and how many in an int32_t; each above `least` */
} pbt__rule_option_type;

/* The offset of an option that has no field of its own: it is kept in pbt_search.options, under its
 * name. Of the type PBT__RULE_REAL or PBT__RULE_COUNT. */
#define PBT__RULE_NAMED SIZE_MAX

/* One option: its field, bounds and default. */
typedef struct pbt__rule_option {
    const char *name; /* its key in a spec: "exploit.fraction"; of no rule: its field's */
    pbt__rule_option_type type;
    size_t offset;       /* of its field in a pbt_search, or PBT__RULE_NAMED */
    size_t count_offset; /* PBT__RULE_LIST: of how many there are */
    double least, most;  /* both included; `most` is INFINITY if there is no end, but the value
                            is finite. PBT__RULE_LIST: `most` is how many there may be */
    double fallback;
    const double *list; /* PBT__RULE_LIST: the default. Shape: list[list_count] */
    int32_t list_count;
    const char *meaning; /* a sentence; of a rule */
} pbt__rule_option;

/* An array in a row, with its length. */
#define PBT__RULE_OPTIONS(rows) .options = (rows), .option_count = sizeof(rows) / sizeof *(rows)
#define PBT__RULE_SENTENCES(rows)                                                                  \
    .sentences = (rows), .sentence_count = sizeof(rows) / sizeof *(rows)
#define PBT__RULE_FACTS(names) .facts = (names), .fact_count = sizeof(names) / sizeof *(names)

/* Numbers of a search that belong to no rule. */
typedef enum pbt__search_option {
    PBT__SEARCH_POPULATION,
    PBT__SEARCH_WINDOW,
    PBT__SEARCH_READY_EVERY,
    PBT__SEARCH_READY_AFTER,
    PBT__SEARCH_STOP_STEPS,
    PBT__SEARCH_QUORUM,
    PBT__SEARCH_RETRIES,
    PBT__SEARCH_LOST,
    PBT__SEARCH_OPTIONS, /* how many there are */
} pbt__search_option;

extern const pbt__rule_option pbt__search_options[PBT__SEARCH_OPTIONS];

/* The offset of an option whose rule is older than pbt_search.options. */
#define PBT__EXPLOIT_FIELD(field) (offsetof(pbt_search, exploit) + offsetof(pbt_exploit, field))
#define PBT__EXPLORE_FIELD(field) (offsetof(pbt_search, explore) + offsetof(pbt_explore, field))

/* An option's value, its default where a search does not name it. Not of a list. */
double pbt__rule_value(const pbt_search *search, const pbt__rule_option *option);
/* Set an option, whole for PBT__RULE_COUNT. Not of a list. Returns false if PBT_OPTIONS others
 * are named already. */
bool pbt__rule_set(pbt_search *search, const pbt__rule_option *option, double value);
/* The values of a list. Shape: [*count] */
const double *pbt__rule_list(const pbt_search *search, const pbt__rule_option *option,
                             int32_t *count);
/* Set a list, which the caller keeps alive. Shape: list[count] */
void pbt__rule_set_list(pbt_search *search, const pbt__rule_option *option, const double *list,
                        int32_t count);

/* ---- rows ---- */

/* The sentence of `pbt why` for a verdict. reasons.c lists the placeholders: "%m drew %d". */
typedef struct pbt__rule_sentence {
    const char *verdict; /* one of PBT__VERDICTS, or one of the rule's own */
    const char *words;
} pbt__rule_sentence;

/* What all rules have. */
typedef struct pbt__rule {
    const char *name;
    const char *meaning;             /* follows the name in the reference */
    const pbt__rule_option *options; /* Nullable. Shape: options[option_count] */
    size_t option_count;
    /* What it does, for `pbt check`: "{fraction}" stands for an option, "{copied}" for what is
     * copied, "{k}" for how many copy, "{population}" for the members; a new line is one. If the
     * text depends on the search, `summarize` writes it and `summary` is NULL. */
    const char *summary;
    const char *(*summarize)(const pbt_search *search);
    const pbt__rule_sentence *sentences; /* Nullable. Shape: sentences[sentence_count] */
    size_t sentence_count;
    /* Nullable: names of what it puts into pbt__why.facts, for its sentences' %1 to %4.
     * Shape: facts[fact_count] */
    const char *const *facts;
    size_t fact_count;
} pbt__rule;

/* What exploit said for one member. */
typedef struct pbt__choice {
    int32_t donor; /* -1: copy nobody */
    bool explores; /* explore its own hyperparameters, though it copies nobody */
    pbt__comparison compared;
    pbt__why why;
} pbt__choice;

struct pbt__judgement; /* judge.h */

typedef struct pbt__exploit_row {
    pbt__rule rule;
    /* Judge a ranked member: choose its donor, and say why. Pure. NULL: nobody ever copies. */
    void (*judge)(struct pbt__judgement *at, pbt__choice *out);
    /* Nullable: how many of the ranked copy, and how many are copied: `k`. 0: nobody copies. */
    int32_t (*share)(const pbt_search *search, int32_t ranked);
    int32_t donor_limit; /* without a share: donors of a member that counts as the worst, 0: all */
    bool judges_worst;   /* a diverged member is judged like the others, with a score below all */
} pbt__exploit_row;

/* All members' segments up to now. They follow from the log, so a decision that uses them can be
 * made again. Owner: the population; valid for one call of a rule. */
typedef struct pbt__history {
    const pbt_population *population; /* Nullable: then there is nothing to see */
} pbt__history;

/* How many members there are. O(1) */
int32_t pbt__history_members(pbt__history history);
/* How many segments a member has, the open one included; they are numbered from 0. O(1) */
int32_t pbt__history_count(pbt__history history, int32_t member);
/* A segment that exists: its hyperparameters, score, steps, parent. Copies nothing. O(1) */
const pbt_segment *pbt__history_segment(pbt__history history, pbt_segment_id id);

/* Hyperparameters on their way, for one segment. */
typedef struct pbt__exploration {
    const pbt_search *search;
    pbt__history history;
    pbt_segment_id id;   /* the segment that they are for */
    pbt_value *values;   /* Shape: [space.count]; in: before, with what was copied; out: explored */
    pbt_change *changes; /* Shape: [space.count]; each begins as PBT_UNTOUCHED, with `from` set */
} pbt__exploration;

typedef struct pbt__explore_row {
    pbt__rule rule;
    /* Explore: change values and record the operations. Pure. Values stay within their bounds;
     * constant and inherited ones stay unchanged (explore.h). NULL: nothing ever changes. */
    void (*explore)(const pbt__exploration *at);
} pbt__explore_row;

/* ---- the rules there are ---- */

/* In the order of pbt_exploit_rule and pbt_explore_rule. Shape: [pbt__exploit_row_count] ... */
extern const pbt__exploit_row *const pbt__exploit_rows[];
extern const size_t pbt__exploit_row_count;
extern const pbt__explore_row *const pbt__explore_rows[];
extern const size_t pbt__explore_row_count;

/* The rows in force. */
const pbt__exploit_row *pbt__exploit_row_of(const pbt_search *search);
const pbt__explore_row *pbt__explore_row_of(const pbt_search *search);

/* All rules, exploit's first, to look at what they have in common; NULL behind the last. */
const pbt__rule *pbt__rule_at(size_t index);

#endif
