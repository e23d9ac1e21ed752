/* ranking.c: the tree behind ranks. It grows and shrinks on the way down, in one pass. */
#include "core/ranking.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

double pbt__score_inside(double score, pbt_direction direction)
{
    if (!isfinite(score)) {
        return -INFINITY;
    }
    return direction == PBT_MAXIMIZE ? score : -score;
}

double pbt__score_outside(double score, pbt_direction direction)
{
    if (!isfinite(score)) {
        return NAN;
    }
    return direction == PBT_MAXIMIZE ? score : -score;
}

bool pbt__score_before(double score_a, int32_t a, double score_b, int32_t b)
{
    return score_a > score_b || (score_a == score_b && a < b);
}

enum { HALF = PBT__RANK_WIDTH / 2 };

static pbt__rank_size sum(pbt__rank_size a, pbt__rank_size b)
{
    return (pbt__rank_size){a.members + b.members, a.candidates + b.candidates};
}

static pbt__rank_size difference(pbt__rank_size a, pbt__rank_size b)
{
    return (pbt__rank_size){a.members - b.members, a.candidates - b.candidates};
}

/* ---- nodes ---- */

/* The chunk of a node: the place of its number's highest bit. */
static int32_t chunk_of(int32_t number)
{
    return 31 - __builtin_clz((unsigned)number);
}

static pbt__rank_node *node_of(const pbt__ranking *ranking, int32_t number)
{
    const int32_t chunk = chunk_of(number);
    return &ranking->chunks[chunk][number - (1 << chunk)];
}

/* Entries from `from` to before `to` are about to change, and perhaps the count. */
static bool touch(pbt__journal *journal, pbt__rank_node *node, int32_t from, int32_t to)
{
    const size_t size = (size_t)(to - from) * sizeof *node->entries;
    return pbt__journal_touch(journal, &node->entries[from], size) == PBT_OK &&
           pbt__journal_touch(journal, &node->count, offsetof(pbt__rank_node, entries)) == PBT_OK;
}

static bool touch_tree(pbt__journal *journal, pbt__ranking *ranking)
{
    return pbt__journal_touch(journal, &ranking->tree, sizeof ranking->tree) == PBT_OK;
}

/* An empty node's number; 0 if there is no memory. The tree is touched. */
static int32_t node_new(pbt__ranking *ranking, pbt__journal *journal, bool is_lowest)
{
    struct pbt__rank_tree *tree = &ranking->tree;
    const int32_t number = tree->free > 0 ? tree->free : tree->used + 1;
    pbt__rank_node **chunk = &ranking->chunks[chunk_of(number)];
    if (*chunk == NULL) {
        *chunk = calloc((size_t)1 << chunk_of(number), sizeof **chunk);
    }
    if (*chunk == NULL || !touch(journal, node_of(ranking, number), 0, PBT__RANK_WIDTH)) {
        return 0;
    }
    pbt__rank_node *node = node_of(ranking, number);
    tree->used = number > tree->used ? number : tree->used;
    tree->free = number == tree->free ? node->entries[0].child : tree->free;
    node->count = 0;
    node->is_lowest = is_lowest;
    return number;
}

/* Its entries and the tree are touched. */
static void node_free(pbt__ranking *ranking, int32_t number)
{
    node_of(ranking, number)->entries[0].child = ranking->tree.free;
    ranking->tree.free = number;
}

static pbt_err insert(pbt__journal *journal, pbt__rank_node *node, int32_t at,
                      const pbt__rank_entry *entry)
{
    if (!touch(journal, node, at, node->count + 1)) {
        return PBT_ERR_MEMORY;
    }
    pbt__rank_entry *place = &node->entries[at];
    memmove(place + 1, place, (size_t)(node->count - at) * sizeof *place);
    *place = *entry;
    node->count++;
    return PBT_OK;
}

static pbt_err erase(pbt__journal *journal, pbt__rank_node *node, int32_t at)
{
    if (!touch(journal, node, at, node->count)) {
        return PBT_ERR_MEMORY;
    }
    node->count--;
    pbt__rank_entry *place = &node->entries[at];
    memmove(place, place + 1, (size_t)(node->count - at) * sizeof *place);
    return PBT_OK;
}

/* How many entries of a node do not come after a member; the last of them is what it is below. */
static int32_t place_of(const pbt__rank_node *node, double score, int32_t member)
{
    int32_t at = 0;
    while (at < node->count &&
           !pbt__score_before(score, member, node->entries[at].score, node->entries[at].member)) {
        at++;
    }
    return at;
}

/* ---- changes ---- */

/* Move the upper half of a full node below `node` into one behind it. */
static pbt_err split(pbt__ranking *ranking, pbt__journal *journal, pbt__rank_node *node, int32_t at)
{
    pbt__rank_entry *low = &node->entries[at];
    pbt__rank_node *from = node_of(ranking, low->child);
    if (!touch_tree(journal, ranking) || !touch(journal, from, 0, 0)) {
        return PBT_ERR_MEMORY;
    }
    pbt__rank_entry high = from->entries[HALF];
    high.child = node_new(ranking, journal, from->is_lowest);
    if (high.child == 0) {
        return PBT_ERR_MEMORY;
    }
    pbt__rank_node *to = node_of(ranking, high.child);
    to->count = from->count - HALF;
    from->count = HALF;
    memcpy(to->entries, from->entries + HALF, (size_t)to->count * sizeof *to->entries);
    for (int32_t i = 1; i < to->count; i++) {
        high.size = sum(high.size, to->entries[i].size);
    }
    low->size = difference(low->size, high.size);
    return insert(journal, node, at + 1, &high);
}

/* Move all of the node behind the one at `at` into that one. */
static pbt_err merge(pbt__ranking *ranking, pbt__journal *journal, pbt__rank_node *node, int32_t at)
{
    pbt__rank_entry *low = &node->entries[at];
    pbt__rank_node *to = node_of(ranking, low[0].child);
    pbt__rank_node *from = node_of(ranking, low[1].child);
    if (!touch_tree(journal, ranking) || !touch(journal, from, 0, 1) ||
        !touch(journal, to, to->count, to->count + from->count) ||
        !touch(journal, node, at, at + 1)) {
        return PBT_ERR_MEMORY;
    }
    memcpy(to->entries + to->count, from->entries, (size_t)from->count * sizeof *to->entries);
    to->count += from->count;
    low->size = sum(low[0].size, low[1].size);
    node_free(ranking, low[1].child);
    return erase(journal, node, at + 1);
}

/* Make one of the node below `*at` and a neighbour, where both together are small. */
static pbt_err shrink(pbt__ranking *ranking, pbt__journal *journal, pbt__rank_node *node,
                      int32_t *at)
{
    const int32_t own = node_of(ranking, node->entries[*at].child)->count;
    for (int32_t other = *at - 1; own < HALF && other <= *at + 1; other += 2) {
        if (other >= 0 && other < node->count &&
            own + node_of(ranking, node->entries[other].child)->count <= HALF) {
            *at = other < *at ? other : *at;
            return merge(ranking, journal, node, *at);
        }
    }
    return PBT_OK;
}

/* Make a root above what is full, or the first of all. */
static pbt_err root_add(pbt__ranking *ranking, pbt__journal *journal)
{
    pbt__rank_entry *root = &ranking->tree.root;
    const pbt__rank_entry old = *root;
    root->child = node_new(ranking, journal, old.child == 0);
    if (root->child == 0) {
        return PBT_ERR_MEMORY;
    }
    return old.child == 0 ? PBT_OK : insert(journal, node_of(ranking, root->child), 0, &old);
}

/* Take a root away that stands above one node alone. */
static pbt_err root_remove(pbt__ranking *ranking, pbt__journal *journal)
{
    pbt__rank_entry *root = &ranking->tree.root;
    pbt__rank_node *node = node_of(ranking, root->child);
    const int32_t only = node->entries[0].child;
    if (!touch(journal, node, 0, 1)) {
        return PBT_ERR_MEMORY;
    }
    node_free(ranking, root->child);
    root->child = only;
    return PBT_OK;
}

/* The entry of a node that a new member belongs below, with room there. NULL: no memory. */
static pbt__rank_entry *room_for(pbt__ranking *ranking, pbt__journal *journal, pbt__rank_node *node,
                                 double score, int32_t member)
{
    int32_t at = place_of(node, score, member);
    at -= at > 0 ? 1 : 0;
    if (pbt__journal_touch(journal, &node->entries[at], sizeof *node->entries) != PBT_OK) {
        return NULL;
    }
    if (node_of(ranking, node->entries[at].child)->count == PBT__RANK_WIDTH) {
        if (split(ranking, journal, node, at) != PBT_OK) {
            return NULL;
        }
        const pbt__rank_entry *high = &node->entries[at + 1];
        at += pbt__score_before(score, member, high->score, high->member) ? 0 : 1;
    }
    return &node->entries[at];
}

pbt_err pbt__ranking_add(pbt__ranking *ranking, pbt__journal *journal, int32_t member, double score,
                         bool is_candidate)
{
    const pbt__rank_entry own = {score, member, 0, {1, is_candidate ? 1 : 0}};
    pbt__rank_entry *entry = &ranking->tree.root;
    if (!touch_tree(journal, ranking)) {
        return PBT_ERR_MEMORY;
    }
    bool has_room = entry->child > 0 && node_of(ranking, entry->child)->count < PBT__RANK_WIDTH;
    if (!has_room && root_add(ranking, journal) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    while (entry != NULL) {
        pbt__rank_node *node = node_of(ranking, entry->child);
        entry->size = sum(entry->size, own.size);
        if (pbt__score_before(score, member, entry->score, entry->member)) {
            entry->score = score;
            entry->member = member;
        }
        if (node->is_lowest) {
            return insert(journal, node, place_of(node, score, member), &own);
        }
        entry = room_for(ranking, journal, node, score, member);
    }
    return PBT_ERR_MEMORY;
}

pbt_err pbt__ranking_remove(pbt__ranking *ranking, pbt__journal *journal, int32_t member,
                            double score, bool is_candidate)
{
    pbt__rank_entry *entry = &ranking->tree.root;
    if (!touch_tree(journal, ranking)) {
        return PBT_ERR_MEMORY;
    }
    const pbt__rank_node *top = node_of(ranking, entry->child);
    if (!top->is_lowest && top->count == 1 && root_remove(ranking, journal) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    for (;;) {
        pbt__rank_node *node = node_of(ranking, entry->child);
        entry->size = difference(entry->size, (pbt__rank_size){1, is_candidate ? 1 : 0});
        int32_t at = place_of(node, score, member) - 1;
        assert(at >= 0);
        if (node->is_lowest) {
            assert(node->entries[at].member == member);
            return erase(journal, node, at);
        }
        if (shrink(ranking, journal, node, &at) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        entry = &node->entries[at];
        if (pbt__journal_touch(journal, entry, sizeof *entry) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
    }
}

void pbt__ranking_fini(pbt__ranking *ranking)
{
    for (int32_t i = 0; i < PBT__RANK_CHUNKS; i++) {
        free(ranking->chunks[i]);
    }
    *ranking = (pbt__ranking){0};
}

pbt_err pbt__ranking_clear(pbt__ranking *ranking, pbt__journal *journal)
{
    if (!touch_tree(journal, ranking)) {
        return PBT_ERR_MEMORY;
    }
    ranking->tree = (struct pbt__rank_tree){0};
    return PBT_OK;
}

/* ---- questions ---- */

/* All that do not come after a member. */
static pbt__rank_size up_to(const pbt__ranking *ranking, double score, int32_t member)
{
    pbt__rank_size size = {0};
    int32_t number = ranking->tree.root.child;
    while (number > 0) {
        const pbt__rank_node *node = node_of(ranking, number);
        const int32_t at = place_of(node, score, member);
        const int32_t whole = node->is_lowest || at == 0 ? at : at - 1;
        for (int32_t i = 0; i < whole; i++) {
            size = sum(size, node->entries[i].size);
        }
        number = whole < at ? node->entries[whole].child : 0;
    }
    return size;
}

int32_t pbt__ranking_count(const pbt__ranking *ranking)
{
    return ranking->tree.root.size.members;
}

int32_t pbt__ranking_candidates(const pbt__ranking *ranking)
{
    return ranking->tree.root.size.candidates;
}

int32_t pbt__ranking_position(const pbt__ranking *ranking, int32_t member, double score)
{
    return up_to(ranking, score, member).members - 1;
}

int32_t pbt__ranking_candidates_above(const pbt__ranking *ranking, double score)
{
    return up_to(ranking, score, -1).candidates;
}

/* The first member up to whom there are more than `position`, of all or of the candidates. */
static int32_t member_at(const pbt__ranking *ranking, int32_t position, bool is_candidate)
{
    const pbt__rank_entry *entry = &ranking->tree.root;
    while (entry->child > 0) {
        entry = node_of(ranking, entry->child)->entries;
        for (;; entry++) {
            const int32_t count = is_candidate ? entry->size.candidates : entry->size.members;
            if (position < count) {
                break;
            }
            position -= count;
        }
    }
    return entry->member;
}

int32_t pbt__ranking_at(const pbt__ranking *ranking, int32_t position)
{
    return member_at(ranking, position, false);
}

int32_t pbt__ranking_candidate_at(const pbt__ranking *ranking, int32_t position)
{
    return member_at(ranking, position, true);
}
