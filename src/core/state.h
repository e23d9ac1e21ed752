/* state.h: how a population lies in memory; shared by core's population, ranks and decisions only.
 *
 * Segments are in chunks of CHUNK numbers for all members, so that a record never moves and is
 * found by (member, number) in O(1). Each ready point at which decisions may still be made has a
 * ranking (a tree of members) in its own block. Older points give their blocks back; a ranking can
 * be rebuilt from the records.
 *
 * I: a member is in the ranking of point r if and only if it is live, reported number r, and has
 * not
 *    taken other weights since (r >= weights_from). */
#ifndef PBT_CORE_STATE_H
#define PBT_CORE_STATE_H

#include <math.h>
#include <string.h>

#include "core/population.h"

#include "core/journal.h"
#include "core/ranking.h"

enum { PBT__CHUNK = 64 };

typedef struct pbt__segment_record {
    pbt_segment segment;
    double rank_score;
    int32_t failures, losses;
    int32_t holders;      /* members that may start from its checkpoint */
    bool is_unloadable;   /* it was given up because its start checkpoint cannot be read */
    bool is_gone;         /* its checkpoint could not be loaded: nothing starts from it again */
    int64_t sample_first; /* into the population's samples */
    int32_t sample_count;
} pbt__segment_record;

/* A ready point. */
typedef struct pbt__ready_point {
    int32_t reported; /* live members that reported it */
    int32_t block;    /* of its ranking, -1: none at present */
} pbt__ready_point;

typedef struct pbt__chunk {
    pbt__ready_point points[PBT__CHUNK];
    pbt__segment_record *records; /* Shape: [PBT__CHUNK][population] */
    pbt_value *values;            /* Shape: [PBT__CHUNK][population][space.count] */
    pbt_change *changes;          /* Shape: as values */
} pbt__chunk;

typedef struct pbt__rank_block {
    pbt__ranking ranking;
    int32_t point; /* whose it is, PBT__LATEST, or PBT__FREE */
} pbt__rank_block;

typedef struct pbt__member_record {
    pbt_member_state state;
    int32_t newest;        /* number of the newest segment, -1: none yet */
    int32_t reported;      /* number of the latest reported one, -1: none */
    int32_t weights_from;  /* first number trained on the present weights' lineage, see I */
    pbt_segment_id holds;  /* the checkpoint that its weights start from, or are */
    int64_t trained_steps; /* by the segments that it reported */
    int32_t rescues;       /* in a row, without a report */
    int32_t failures;
    bool is_candidate; /* its latest report is finite and holds a checkpoint that is not gone */
    bool is_revived;   /* and not decided since */
    bool is_asked;     /* pbt_population_ask gave its open segment away */
} pbt__member_record;

/* A segment that waits to be asked for, or did (queue.c). */
typedef struct pbt__queue_entry {
    int64_t start_step;
    int32_t member, number;
} pbt__queue_entry;

typedef struct pbt__queue {
    pbt__queue_entry *heap; /* Shape: [capacity]; NULL: nobody asks (a study hands out by itself) */
    size_t count, capacity;
    bool is_stale; /* changes were taken back: made anew before the next ask */
} pbt__queue;

enum {
    PBT__LATEST = -2, /* the "point" of compare: latest */
    PBT__FREE = -3,
};

struct pbt_population {
    const pbt_search *search;
    int32_t rules;         /* those in force, PBT__RULES_* */
    pbt_search own_search; /* what it was made with, by value */
    pbt_search *copy;      /* Nullable: the same with all it points to, where it owns that */
    pbt__journal journal;
    pbt__tally tally;

    pbt__chunk **chunks;
    int32_t chunk_count;
    pbt__member_record *members;
    pbt__queue queue;

    pbt__rank_block **blocks;
    int32_t block_count;
    int32_t latest_block;     /* -1: none */
    int32_t first_point;      /* no point before it has a ranking */
    int32_t last_point;       /* no point after it was reported */
    int32_t newest_quorum;    /* the newest point with a quorum, -1: none */
    int32_t reported_members; /* live ones with any report */

    double *samples;
    int64_t sample_count, sample_capacity;
    int32_t last_ready;     /* the member that reported last */
    int32_t broken_members; /* whose first segment's attempts have failed */

    pbt__decision *decisions; /* Shape: [population] */
    pbt_value *decision_values;
    pbt_change *decision_changes;
    int32_t *scratch; /* Shape: [population] */
    double windows[2][PBT__WINDOW_MAXIMUM];
};

#define PBT__TOUCH(population, place)                                                              \
    (pbt__journal_touch(&(population)->journal, (place), sizeof *(place)) != PBT_OK)

/* Fill a struct of the caller's, who knows `size` bytes of it. */
static inline void pbt__copy_sized(void *out, size_t size, const void *own, size_t own_size)
{
    const size_t known = size < own_size ? size : own_size;
    memcpy(out, own, known);
    memset((char *)out + known, 0, size - known);
}

static inline pbt__segment_record *pbt__record(const pbt_population *population, int32_t member,
                                               int32_t number)
{
    size_t at = (size_t)(number % PBT__CHUNK) * (size_t)population->search->population;
    return &population->chunks[number / PBT__CHUNK]->records[at + (size_t)member];
}

static inline pbt__ready_point *pbt__point(const pbt_population *population, int32_t number)
{
    return &population->chunks[number / PBT__CHUNK]->points[number % PBT__CHUNK];
}

static inline bool pbt__is_live(const pbt_population *population, int32_t m)
{
    return population->members[m].state != PBT_MEMBER_FAILED;
}

static inline bool pbt__is_fixed(const pbt_population *population, int32_t m)
{
    return m < population->search->start_count &&
           (population->search->starts[m].fixed || population->search->starts[m].stage_count > 0);
}

/* Whether a member with this score at a point may be copied there. */
static inline bool pbt__is_candidate(const pbt_population *population, int32_t m, double score)
{
    return population->members[m].is_candidate && score > -INFINITY;
}

/* Fill a nullable error; returns its code. */
pbt_err pbt__population_refuse(pbt_error *error, pbt_err code, const char *message);

/* ---- queue.c ---- */

/* Make the queue of what can be asked for. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__queue_open(pbt_population *population);
/* A member's newest segment can be asked for now. O(log N), amortised. */
void pbt__queue_add(pbt_population *population, int32_t member);
/* Take the member furthest behind, ties the lower one; -1 if nobody waits. O(log N), amortised.
 */
int32_t pbt__queue_take(pbt_population *population);

/* ---- needs.c ---- */

/* A member's weights are, or start from, those of a segment: it holds the newest checkpoint from
 * there back. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__needs_move(pbt_population *population, int32_t member,
                                     pbt_segment_id segment);

/* ---- report.c ---- */

/* The mean of the last `window` reports along the lineage, inside; -INFINITY where the newest is
 * not finite. O(window). */
double pbt__windowed_score(const pbt_population *population, const pbt__segment_record *newest);

/* ---- points.c ---- */

/* Members that make a quorum of the live ones. */
int32_t pbt__quorum(const pbt_population *population);
/* How many live members have reported the point up to `number` that most have; with compare: latest
 * any. */
int32_t pbt__point_most_reported(const pbt_population *population, int32_t number);
/* The newest ready point, not after `number`, that a quorum has reported; PBT__LATEST with compare:
 * latest; -1 if there is none. */
int32_t pbt__point_compared(const pbt_population *population, int32_t number);
/* The ranking of a point, built if it is not at hand. NULL if there is no memory. */
pbt__ranking *pbt__point_ranking(pbt_population *population, int32_t point);
/* Say whether a member is ranked at a point (I). */
bool pbt__point_holds(const pbt_population *population, int32_t point, int32_t member);
/* Which of a member's numbers counts at a point. */
int32_t pbt__point_number(const pbt_population *population, int32_t point, int32_t member);
/* A ranked member's score at a point. */
double pbt__point_score(const pbt_population *population, int32_t point, int32_t member);
/* Keep I when a member has reported its newest number, after `previous` (-1: its first), */
PBT_MUST_USE pbt_err pbt__points_report(pbt_population *population, int32_t member,
                                        int32_t previous);
/* when it takes other weights for the segment `number`, */
PBT_MUST_USE pbt_err pbt__points_leave(pbt_population *population, int32_t member, int32_t number);
/* when it fails for good (its state becomes PBT_MEMBER_FAILED, and the tally says so), */
PBT_MUST_USE pbt_err pbt__points_fail(pbt_population *population, int32_t member);
/* when it is brought back into another state, which the tally does not count yet, */
PBT_MUST_USE pbt_err pbt__points_revive(pbt_population *population, int32_t member,
                                        pbt_member_state state);
/* and when it becomes, or ceases to be, a candidate. */
PBT_MUST_USE pbt_err pbt__points_candidate(pbt_population *population, int32_t member,
                                           bool is_candidate);
/* Forget all rankings and the quorum, after the rules have changed: they are rebuilt on demand. */
PBT_MUST_USE pbt_err pbt__points_reset(pbt_population *population);

#endif
