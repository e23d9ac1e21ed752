/*
 * ranking.h: members in the one total order, with ranks and draws in O(log N).
 *
 * A tree of wide nodes (a B+ tree, Bayer and McCreight 1972). Members lie in the lowest nodes; each
 * entry above says how many members and candidates are below it. At a million members a step down
 * costs more than a look around, for memory is far, and here it takes five steps. Two neighbours
 * below one node together hold half a node at least. Every change is journaled.
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

typedef struct pbt__rank_entry {
    double score; /* above the lowest nodes: with `member`, nobody below comes before it */
    int32_t member;
    int32_t child; /* the node below, 0: the member itself */
    pbt__rank_size size;
} pbt__rank_entry;

enum { PBT__RANK_WIDTH = 29, PBT__RANK_CHUNKS = 26 };

typedef struct pbt__rank_node {
    int32_t count;
    bool is_lowest;
    pbt__rank_entry entries[PBT__RANK_WIDTH];
} pbt__rank_node;

/* All zero is an empty one. Nodes are numbered from 1, and chunk i holds 2^i of them, so that none
 * ever moves. Owner: `chunks`, until pbt__ranking_fini; they stay when the journal is undone. */
typedef struct pbt__ranking {
    pbt__rank_node *chunks[PBT__RANK_CHUNKS];
    struct pbt__rank_tree {
        pbt__rank_entry root; /* all of it; its child is 0 if there was never anybody */
        int32_t used, free;   /* nodes ever used; the first free one of them, 0: none */
    } tree;
} pbt__ranking;

/* Free its memory. The journal must be clear. */
void pbt__ranking_fini(pbt__ranking *ranking);
/* Take all members out. Errors: PBT_ERR_MEMORY (undo the journal). */
PBT_MUST_USE pbt_err pbt__ranking_clear(pbt__ranking *ranking, pbt__journal *journal);

/* Apply direction and finiteness: inside, higher is better and -INFINITY means "not finite". */
double pbt__score_inside(double score, pbt_direction direction);

/* Undo pbt__score_inside for people to read; NaN for what was not finite. */
double pbt__score_outside(double score, pbt_direction direction);

/* The one comparison: does member a with its score come before member b with its own? */
bool pbt__score_before(double score_a, int32_t a, double score_b, int32_t b);

/* Add a member that is not in the ranking. Errors: PBT_ERR_MEMORY (undo the journal). */
PBT_MUST_USE pbt_err pbt__ranking_add(pbt__ranking *ranking, pbt__journal *journal, int32_t member,
                                      double score, bool is_candidate);
/* Remove a member as it was added. Errors: as above. */
PBT_MUST_USE pbt_err pbt__ranking_remove(pbt__ranking *ranking, pbt__journal *journal,
                                         int32_t member, double score, bool is_candidate);

int32_t pbt__ranking_count(const pbt__ranking *ranking);
int32_t pbt__ranking_candidates(const pbt__ranking *ranking);
/* How many members come before this one, which must be in the ranking with this score. */
int32_t pbt__ranking_position(const pbt__ranking *ranking, int32_t member, double score);
/* The member at a position, 0 <= position < count. */
int32_t pbt__ranking_at(const pbt__ranking *ranking, int32_t position);
/* The candidate before whom `position` candidates come, 0 <= position < candidates. */
int32_t pbt__ranking_candidate_at(const pbt__ranking *ranking, int32_t position);
/* How many candidates have a score above this one. */
int32_t pbt__ranking_candidates_above(const pbt__ranking *ranking, double score);

#endif
