/*
 * ranking.h: members in the one total order, with ranks and draws in O(log N).
 *
 * A treap over members (Seidel and Aragon 1996) whose nodes are indexed by member number and
 * whose priorities are a hash of it: no allocation, and the same shape for the same content,
 * whatever the order of arrival. Each node counts the members and candidates before it. Every
 * change is journaled.
 *
 * The order: higher score first, then the lower member number. A score that is not finite is
 * -INFINITY here (pbt__score_inside), so all such scores are equal and worse than every other.
 */
#ifndef PBT_CORE_RANKING_H
#define PBT_CORE_RANKING_H

#include <pbt/pbt.h>

#include "core/journal.h"

typedef struct pbt__rank_size {
    int32_t members;
    int32_t candidates; /* of them */
} pbt__rank_size;

/* A node counts what is left of it alone: a walk down reads no node beside its path, and beyond
 * some 10,000 members each costs a cache line. */
typedef struct pbt__rank_node {
    double score;
    int32_t left, right;   /* members, -1: none */
    pbt__rank_size before; /* the left subtree's */
    bool is_candidate;
} pbt__rank_node;

/* Owner: `nodes` and `journal` are borrowed. Shape: nodes[population]; those not in the tree hold
 * anything. */
typedef struct pbt__ranking {
    pbt__rank_node *nodes;
    int32_t root; /* -1: empty, and so is `size` */
    pbt__rank_size size;
} pbt__ranking;

/* Apply direction and finiteness: inside, higher is better and -INFINITY means "not finite". */
double pbt__score_inside(double score, pbt_direction direction);

/* Undo pbt__score_inside for people to read; NaN for what was not finite. */
double pbt__score_outside(double score, pbt_direction direction);

/* The one comparison: does member a with its score come before member b with its own? */
bool pbt__score_before(double score_a, int32_t a, double score_b, int32_t b);

/* Add a member that is not in the ranking. Errors: PBT_ERR_MEMORY (undo the journal). */
PBT_MUST_USE pbt_err pbt__ranking_add(pbt__ranking *ranking, pbt__journal *journal, int32_t member,
                                      double score, bool is_candidate);
/* Remove a member that is in the ranking. Errors: as above. */
PBT_MUST_USE pbt_err pbt__ranking_remove(pbt__ranking *ranking, pbt__journal *journal,
                                         int32_t member);

int32_t pbt__ranking_count(const pbt__ranking *ranking);
int32_t pbt__ranking_candidates(const pbt__ranking *ranking);
/* How many members come before this one, which must be in the ranking. */
int32_t pbt__ranking_position(const pbt__ranking *ranking, int32_t member);
/* The member at a position, 0 <= position < count. */
int32_t pbt__ranking_at(const pbt__ranking *ranking, int32_t position);
/* The candidate before whom `position` candidates come, 0 <= position < candidates. */
int32_t pbt__ranking_candidate_at(const pbt__ranking *ranking, int32_t position);
/* How many candidates have a score above this one. */
int32_t pbt__ranking_candidates_above(const pbt__ranking *ranking, double score);

#endif
