/* ranking.c: the treap behind ranks. Recursion is as deep as the tree: some 2 log2 N. */
#include "core/ranking.h"

#include <math.h>

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

/* An integer hash (splitmix64's finalizer, Steele et al. 2014): a fixed, well-spread priority. */
static uint64_t priority(int32_t member)
{
    uint64_t z = (uint64_t)(uint32_t)member + 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool before(const pbt__rank_node *nodes, int32_t a, int32_t b)
{
    return pbt__score_before(nodes[a].score, a, nodes[b].score, b);
}

static int32_t count_of(const pbt__rank_node *nodes, int32_t node)
{
    return node < 0 ? 0 : nodes[node].count;
}

static int32_t candidates_of(const pbt__rank_node *nodes, int32_t node)
{
    return node < 0 ? 0 : nodes[node].candidates;
}

static pbt_err touch(pbt__ranking *ranking, pbt__journal *journal, int32_t node)
{
    return pbt__journal_touch(journal, &ranking->nodes[node], sizeof ranking->nodes[node]);
}

static void recount(pbt__rank_node *nodes, int32_t node)
{
    pbt__rank_node *n = &nodes[node];
    n->count = 1 + count_of(nodes, n->left) + count_of(nodes, n->right);
    n->candidates =
        (n->is_candidate ? 1 : 0) + candidates_of(nodes, n->left) + candidates_of(nodes, n->right);
}

/* Split a subtree into those before `member` and the others. */
static pbt_err split(pbt__ranking *ranking, pbt__journal *journal, int32_t node, int32_t member,
                     int32_t *low, int32_t *high)
{
    if (node < 0) {
        *low = *high = -1;
        return PBT_OK;
    }
    if (touch(ranking, journal, node) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    pbt__rank_node *n = &ranking->nodes[node];
    bool is_low = before(ranking->nodes, node, member);
    int32_t inner = is_low ? n->right : n->left;
    int32_t inner_low = -1;
    int32_t inner_high = -1;
    if (split(ranking, journal, inner, member, &inner_low, &inner_high) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    *(is_low ? &n->right : &n->left) = is_low ? inner_low : inner_high;
    recount(ranking->nodes, node);
    *low = is_low ? node : inner_low;
    *high = is_low ? inner_high : node;
    return PBT_OK;
}

/* Join two subtrees, all of `low` before all of `high`. */
static pbt_err join(pbt__ranking *ranking, pbt__journal *journal, int32_t low, int32_t high,
                    int32_t *out)
{
    if (low < 0 || high < 0) {
        *out = low < 0 ? high : low;
        return PBT_OK;
    }
    bool low_is_root = priority(low) > priority(high);
    int32_t root = low_is_root ? low : high;
    if (touch(ranking, journal, root) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    pbt__rank_node *n = &ranking->nodes[root];
    int32_t inner = -1;
    pbt_err err = low_is_root ? join(ranking, journal, n->right, high, &inner)
                              : join(ranking, journal, low, n->left, &inner);
    if (err != PBT_OK) {
        return err;
    }
    *(low_is_root ? &n->right : &n->left) = inner;
    recount(ranking->nodes, root);
    *out = root;
    return PBT_OK;
}

static pbt_err add_below(pbt__ranking *ranking, pbt__journal *journal, int32_t node, int32_t member,
                         int32_t *out)
{
    pbt__rank_node *nodes = ranking->nodes;
    if (node < 0 || priority(member) > priority(node)) {
        int32_t low = -1;
        int32_t high = -1;
        if (split(ranking, journal, node, member, &low, &high) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        nodes[member].left = low;
        nodes[member].right = high;
        recount(nodes, member);
        *out = member;
        return PBT_OK;
    }
    if (touch(ranking, journal, node) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    int32_t *link = before(nodes, member, node) ? &nodes[node].left : &nodes[node].right;
    if (add_below(ranking, journal, *link, member, link) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    recount(nodes, node);
    *out = node;
    return PBT_OK;
}

static pbt_err remove_below(pbt__ranking *ranking, pbt__journal *journal, int32_t node,
                            int32_t member, int32_t *out)
{
    pbt__rank_node *nodes = ranking->nodes;
    if (node == member) {
        return join(ranking, journal, nodes[node].left, nodes[node].right, out);
    }
    if (touch(ranking, journal, node) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    int32_t *link = before(nodes, member, node) ? &nodes[node].left : &nodes[node].right;
    if (remove_below(ranking, journal, *link, member, link) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    recount(nodes, node);
    *out = node;
    return PBT_OK;
}

pbt_err pbt__ranking_add(pbt__ranking *ranking, pbt__journal *journal, int32_t member, double score,
                         bool is_candidate)
{
    if (touch(ranking, journal, member) != PBT_OK ||
        pbt__journal_touch(journal, &ranking->root, sizeof ranking->root) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    ranking->nodes[member] =
        (pbt__rank_node){.score = score, .left = -1, .right = -1, .is_candidate = is_candidate};
    return add_below(ranking, journal, ranking->root, member, &ranking->root);
}

pbt_err pbt__ranking_remove(pbt__ranking *ranking, pbt__journal *journal, int32_t member)
{
    if (pbt__journal_touch(journal, &ranking->root, sizeof ranking->root) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    return remove_below(ranking, journal, ranking->root, member, &ranking->root);
}

int32_t pbt__ranking_count(const pbt__ranking *ranking)
{
    return count_of(ranking->nodes, ranking->root);
}

int32_t pbt__ranking_candidates(const pbt__ranking *ranking)
{
    return candidates_of(ranking->nodes, ranking->root);
}

int32_t pbt__ranking_position(const pbt__ranking *ranking, int32_t member)
{
    const pbt__rank_node *nodes = ranking->nodes;
    int32_t position = 0;
    int32_t node = ranking->root;
    while (node != member) {
        if (before(nodes, member, node)) {
            node = nodes[node].left;
        } else {
            position += 1 + count_of(nodes, nodes[node].left);
            node = nodes[node].right;
        }
    }
    return position + count_of(nodes, nodes[node].left);
}

int32_t pbt__ranking_at(const pbt__ranking *ranking, int32_t position)
{
    const pbt__rank_node *nodes = ranking->nodes;
    int32_t node = ranking->root;
    for (;;) {
        int32_t left = count_of(nodes, nodes[node].left);
        if (position == left) {
            return node;
        }
        if (position < left) {
            node = nodes[node].left;
        } else {
            position -= left + 1;
            node = nodes[node].right;
        }
    }
}

int32_t pbt__ranking_candidate_at(const pbt__ranking *ranking, int32_t position)
{
    const pbt__rank_node *nodes = ranking->nodes;
    int32_t node = ranking->root;
    for (;;) {
        int32_t left = candidates_of(nodes, nodes[node].left);
        if (position == left && nodes[node].is_candidate) {
            return node;
        }
        if (position < left) {
            node = nodes[node].left;
        } else {
            position -= left + (nodes[node].is_candidate ? 1 : 0);
            node = nodes[node].right;
        }
    }
}

int32_t pbt__ranking_candidates_above(const pbt__ranking *ranking, double score)
{
    const pbt__rank_node *nodes = ranking->nodes;
    int32_t above = 0;
    int32_t node = ranking->root;
    while (node >= 0) {
        if (nodes[node].score > score) {
            above += candidates_of(nodes, nodes[node].left) + (nodes[node].is_candidate ? 1 : 0);
            node = nodes[node].right;
        } else {
            node = nodes[node].left;
        }
    }
    return above;
}
