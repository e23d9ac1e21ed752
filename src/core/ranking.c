/* ranking.c: the treap behind ranks. It is some 2 log2 N deep. */
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

/* A subtree with its size, which its parent's says. */
typedef struct subtree {
    int32_t root; /* -1: none */
    pbt__rank_size size;
} subtree;

static pbt__rank_size sum(pbt__rank_size a, pbt__rank_size b)
{
    return (pbt__rank_size){a.members + b.members, a.candidates + b.candidates};
}

static pbt__rank_size difference(pbt__rank_size a, pbt__rank_size b)
{
    return (pbt__rank_size){a.members - b.members, a.candidates - b.candidates};
}

static pbt__rank_size size_of(const pbt__rank_node *n)
{
    return (pbt__rank_size){1, n->is_candidate ? 1 : 0};
}

static subtree left_of(const pbt__ranking *ranking, subtree t)
{
    const pbt__rank_node *n = &ranking->nodes[t.root];
    return (subtree){n->left, n->before};
}

static subtree right_of(const pbt__ranking *ranking, subtree t)
{
    const pbt__rank_node *n = &ranking->nodes[t.root];
    return (subtree){n->right, difference(t.size, sum(n->before, size_of(n)))};
}

static pbt_err touch(pbt__ranking *ranking, pbt__journal *journal, int32_t node)
{
    return pbt__journal_touch(journal, &ranking->nodes[node], sizeof ranking->nodes[node]);
}

/* Split a subtree into those before `member` and the others. Shape: out[2] */
static pbt_err split(pbt__ranking *ranking, pbt__journal *journal, subtree t, int32_t member,
                     subtree *out)
{
    if (t.root < 0) {
        out[0] = out[1] = (subtree){.root = -1};
        return PBT_OK;
    }
    const bool is_low = before(ranking->nodes, t.root, member);
    subtree parts[2];
    if (touch(ranking, journal, t.root) != PBT_OK ||
        split(ranking, journal, is_low ? right_of(ranking, t) : left_of(ranking, t), member,
              parts) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    pbt__rank_node *n = &ranking->nodes[t.root];
    if (is_low) {
        n->right = parts[0].root;
        out[0] = (subtree){t.root, difference(t.size, parts[1].size)};
        out[1] = parts[1];
    } else {
        n->left = parts[1].root;
        n->before = parts[1].size;
        out[0] = parts[0];
        out[1] = (subtree){t.root, difference(t.size, parts[0].size)};
    }
    return PBT_OK;
}

/* Join two subtrees, all of `low` before all of `high`. */
static pbt_err join(pbt__ranking *ranking, pbt__journal *journal, subtree low, subtree high,
                    int32_t *out)
{
    if (low.root < 0 || high.root < 0) {
        *out = low.root < 0 ? high.root : low.root;
        return PBT_OK;
    }
    const bool low_is_root = priority(low.root) > priority(high.root);
    const int32_t root = low_is_root ? low.root : high.root;
    if (touch(ranking, journal, root) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    pbt__rank_node *n = &ranking->nodes[root];
    int32_t inner = -1;
    pbt_err err = low_is_root ? join(ranking, journal, right_of(ranking, low), high, &inner)
                              : join(ranking, journal, low, left_of(ranking, high), &inner);
    if (err != PBT_OK) {
        return err;
    }
    *(low_is_root ? &n->right : &n->left) = inner;
    n->before = low_is_root ? n->before : sum(n->before, low.size);
    *out = root;
    return PBT_OK;
}

/* Where the subtree below is linked that holds `member`, or is to hold it. */
static int32_t *link_of(pbt__ranking *ranking, subtree t, int32_t member, subtree *below)
{
    pbt__rank_node *n = &ranking->nodes[t.root];
    const bool is_left = before(ranking->nodes, member, t.root);
    *below = is_left ? left_of(ranking, t) : right_of(ranking, t);
    return is_left ? &n->left : &n->right;
}

static pbt_err add_below(pbt__ranking *ranking, pbt__journal *journal, subtree t, int32_t member,
                         int32_t *out)
{
    pbt__rank_node *own = &ranking->nodes[member];
    while (t.root >= 0 && priority(member) < priority(t.root)) {
        if (touch(ranking, journal, t.root) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        pbt__rank_node *n = &ranking->nodes[t.root];
        out = link_of(ranking, t, member, &t);
        n->before = out == &n->left ? sum(n->before, size_of(own)) : n->before;
    }
    subtree parts[2];
    if (split(ranking, journal, t, member, parts) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    own->left = parts[0].root;
    own->before = parts[0].size;
    own->right = parts[1].root;
    *out = member;
    return PBT_OK;
}

static pbt_err remove_below(pbt__ranking *ranking, pbt__journal *journal, subtree t, int32_t member,
                            int32_t *out)
{
    const pbt__rank_size own = size_of(&ranking->nodes[member]);
    while (t.root != member) {
        if (touch(ranking, journal, t.root) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
        pbt__rank_node *n = &ranking->nodes[t.root];
        out = link_of(ranking, t, member, &t);
        n->before = out == &n->left ? difference(n->before, own) : n->before;
    }
    return join(ranking, journal, left_of(ranking, t), right_of(ranking, t), out);
}

pbt_err pbt__ranking_add(pbt__ranking *ranking, pbt__journal *journal, int32_t member, double score,
                         bool is_candidate)
{
    if (touch(ranking, journal, member) != PBT_OK ||
        pbt__journal_touch(journal, ranking, sizeof *ranking) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    ranking->nodes[member] =
        (pbt__rank_node){.score = score, .left = -1, .right = -1, .is_candidate = is_candidate};
    const subtree whole = {ranking->root, ranking->size};
    ranking->size = sum(ranking->size, size_of(&ranking->nodes[member]));
    return add_below(ranking, journal, whole, member, &ranking->root);
}

pbt_err pbt__ranking_remove(pbt__ranking *ranking, pbt__journal *journal, int32_t member)
{
    if (pbt__journal_touch(journal, ranking, sizeof *ranking) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    const subtree whole = {ranking->root, ranking->size};
    ranking->size = difference(ranking->size, size_of(&ranking->nodes[member]));
    return remove_below(ranking, journal, whole, member, &ranking->root);
}

int32_t pbt__ranking_count(const pbt__ranking *ranking)
{
    return ranking->size.members;
}

int32_t pbt__ranking_candidates(const pbt__ranking *ranking)
{
    return ranking->size.candidates;
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
            position += 1 + nodes[node].before.members;
            node = nodes[node].right;
        }
    }
    return position + nodes[node].before.members;
}

int32_t pbt__ranking_at(const pbt__ranking *ranking, int32_t position)
{
    const pbt__rank_node *nodes = ranking->nodes;
    int32_t node = ranking->root;
    while (position != nodes[node].before.members) {
        if (position < nodes[node].before.members) {
            node = nodes[node].left;
        } else {
            position -= nodes[node].before.members + 1;
            node = nodes[node].right;
        }
    }
    return node;
}

int32_t pbt__ranking_candidate_at(const pbt__ranking *ranking, int32_t position)
{
    const pbt__rank_node *nodes = ranking->nodes;
    int32_t node = ranking->root;
    while (position != nodes[node].before.candidates || !nodes[node].is_candidate) {
        if (position < nodes[node].before.candidates) {
            node = nodes[node].left;
        } else {
            position -= nodes[node].before.candidates + (nodes[node].is_candidate ? 1 : 0);
            node = nodes[node].right;
        }
    }
    return node;
}

int32_t pbt__ranking_candidates_above(const pbt__ranking *ranking, double score)
{
    const pbt__rank_node *nodes = ranking->nodes;
    int32_t above = 0;
    int32_t node = ranking->root;
    while (node >= 0) {
        if (nodes[node].score > score) {
            above += nodes[node].before.candidates + (nodes[node].is_candidate ? 1 : 0);
            node = nodes[node].right;
        } else {
            node = nodes[node].left;
        }
    }
    return above;
}
