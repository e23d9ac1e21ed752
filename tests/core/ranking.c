/* ranking.c: the tree against a sorted array under random programs, and its shape. */
#include "core/ranking.h"

#include "support.h"

enum { MEMBERS = 900, MARKS_MAXIMUM = 8, STEPS = 24000, PHASE = 3000, LOOK = 97 };

/* ---- the order ---- */

static void scores_are_brought_inside(void **state)
{
    (void)state;
    assert_true(pbt__score_inside(2, PBT_MAXIMIZE) == 2);
    assert_true(pbt__score_inside(2, PBT_MINIMIZE) == -2);
    const double odd[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        assert_true(pbt__score_inside(odd[i], PBT_MAXIMIZE) == -INFINITY);
        assert_true(pbt__score_inside(odd[i], PBT_MINIMIZE) == -INFINITY);
    }
}

static void scores_are_brought_outside_again(void **state)
{
    (void)state;
    for (int direction = PBT_MAXIMIZE; direction <= PBT_MINIMIZE; direction++) {
        double inside = pbt__score_inside(2, (pbt_direction)direction);
        assert_true(pbt__score_outside(inside, (pbt_direction)direction) == 2);
        assert_true(isnan(pbt__score_outside(-INFINITY, (pbt_direction)direction)));
    }
}

static void the_order_is_total(void **state)
{
    (void)state;
    const double scores[] = {-INFINITY, -1e308, -1, -0.0, 0, 5e-324, 1, 1e308};
    const int32_t count = sizeof scores / sizeof *scores;
    for (int32_t i = 0; i < count * count; i++) {
        int32_t a = i / count;
        int32_t b = i % count;
        bool ties = scores[a] == scores[b];
        bool expected = ties ? a < b : scores[a] > scores[b];
        assert_int_equal(pbt__score_before(scores[a], a, scores[b], b), expected);
        assert_false(pbt__score_before(scores[a], 3, scores[a], 3));
    }
}

/* ---- a sorted array ---- */

typedef struct naive {
    double score[MEMBERS];
    bool is_in[MEMBERS], is_candidate[MEMBERS];
    int32_t sorted[MEMBERS];
    int32_t count;
} naive;

static void naive_sort(naive *n)
{
    n->count = 0;
    for (int32_t m = 0; m < MEMBERS; m++) {
        if (!n->is_in[m]) {
            continue;
        }
        int32_t at = n->count++;
        for (; at > 0 && n->score[n->sorted[at - 1]] < n->score[m]; at--) {
            n->sorted[at] = n->sorted[at - 1];
        }
        n->sorted[at] = m;
    }
}

static int32_t naive_above(const naive *n, double score)
{
    int32_t above = 0;
    for (int32_t m = 0; m < MEMBERS; m++) {
        above += n->is_in[m] && n->is_candidate[m] && n->score[m] > score ? 1 : 0;
    }
    return above;
}

static void assert_agrees(const pbt__ranking *ranking, naive *n)
{
    naive_sort(n);
    assert_int_equal(pbt__ranking_count(ranking), n->count);
    int32_t candidates = 0;
    for (int32_t i = 0; i < n->count; i++) {
        int32_t m = n->sorted[i];
        assert_int_equal(pbt__ranking_at(ranking, i), m);
        assert_int_equal(pbt__ranking_position(ranking, m, n->score[m]), i);
        assert_int_equal(pbt__ranking_candidates_above(ranking, n->score[m]),
                         naive_above(n, n->score[m]));
        if (n->is_candidate[m]) {
            assert_int_equal(pbt__ranking_candidate_at(ranking, candidates), m);
            candidates++;
        }
    }
    assert_int_equal(pbt__ranking_candidates(ranking), candidates);
    assert_int_equal(pbt__ranking_candidates_above(ranking, INFINITY), 0);
}

/* ---- the shape of a tree ---- */

static const pbt__rank_node *node_at(const pbt__ranking *ranking, int32_t number)
{
    int32_t chunk = 0;
    while (number >= 2 << chunk) {
        chunk++;
    }
    return &ranking->chunks[chunk][number - (1 << chunk)];
}

/* Entries are in order and within bounds, and say what is below them; neighbours are half a node
 * together. Returns the depth. */
static int32_t assert_shape(const pbt__ranking *ranking, const pbt__rank_entry *entry)
{
    const pbt__rank_node *node = node_at(ranking, entry->child);
    const pbt__rank_entry *e = node->entries;
    pbt__rank_size size = {0};
    int32_t depth = 0;
    assert_in_range(node->count, node->is_lowest ? 0 : 1, PBT__RANK_WIDTH);
    for (int32_t i = 0; i < node->count; i++) {
        assert_true(!pbt__score_before(e[i].score, e[i].member, entry->score, entry->member));
        assert_true(i == 0 ||
                    pbt__score_before(e[i - 1].score, e[i - 1].member, e[i].score, e[i].member));
        size.members += e[i].size.members;
        size.candidates += e[i].size.candidates;
        if (!node->is_lowest) {
            depth = assert_shape(ranking, &e[i]);
            assert_true(i == 0 || node_at(ranking, e[i - 1].child)->count +
                                          node_at(ranking, e[i].child)->count >=
                                      PBT__RANK_WIDTH / 2);
        }
    }
    assert_memory_equal(&size, &entry->size, sizeof size);
    return depth + 1;
}

static int32_t depth_of(const pbt__ranking *ranking)
{
    const pbt__rank_entry *root = &ranking->tree.root;
    return root->child > 0 ? assert_shape(ranking, root) : 0;
}

/* ---- random programs ---- */

typedef struct program {
    dice d;
    pbt__journal journal;
    pbt__ranking ranking;
    naive now;
    naive then[MARKS_MAXIMUM];
    size_t marks[MARKS_MAXIMUM];
    int32_t depth;
} program;

/* Scores with many ties, some of members that diverged. */
static double roll_score(dice *d)
{
    int32_t rolled = dice_below(d, 7);
    return rolled == 0 ? (double)-INFINITY : rolled;
}

/* Put a member in or take it out; in every other phase a wish to put one in counts for little. */
static void toggle(program *p, bool shrinks)
{
    int32_t m = dice_below(&p->d, MEMBERS);
    if (!p->now.is_in[m] && shrinks && dice_below(&p->d, 8) > 0) {
        return;
    }
    if (p->now.is_in[m]) {
        if (!shrinks && dice_below(&p->d, 8) > 0) {
            return;
        }
        assert_int_equal(pbt__ranking_remove(&p->ranking, &p->journal, m, p->now.score[m],
                                             p->now.is_candidate[m]),
                         PBT_OK);
    } else {
        p->now.score[m] = roll_score(&p->d);
        p->now.is_candidate[m] = dice_below(&p->d, 3) > 0;
        assert_int_equal(
            pbt__ranking_add(&p->ranking, &p->journal, m, p->now.score[m], p->now.is_candidate[m]),
            PBT_OK);
    }
    p->now.is_in[m] = !p->now.is_in[m];
}

static void push_mark(program *p)
{
    p->marks[p->depth] = pbt__journal_mark(&p->journal);
    p->then[p->depth++] = p->now;
}

static void undo_some(program *p)
{
    p->depth = dice_below(&p->d, p->depth);
    pbt__journal_undo(&p->journal, p->marks[p->depth]);
    p->now = p->then[p->depth];
}

static void random_programs_agree_with_a_sorted_array(void **state)
{
    (void)state;
    program *p = calloc(1, sizeof *p);
    assert_non_null(p);
    int32_t deepest = 0;
    pbt__journal_init(&p->journal);
    for (int32_t i = 0; i < STEPS; i++) {
        int32_t what = dice_below(&p->d, 60);
        if (what == 0 && p->depth < MARKS_MAXIMUM) {
            push_mark(p);
        } else if (what == 1 && p->depth > 0) {
            undo_some(p);
        } else {
            toggle(p, i / PHASE % 2 == 1);
        }
        if (what < 2 || i % LOOK == 0) {
            assert_agrees(&p->ranking, &p->now);
            const int32_t depth = depth_of(&p->ranking);
            deepest = depth > deepest ? depth : deepest;
        }
    }
    assert_int_equal(deepest, 3);
    pbt__journal_fini(&p->journal);
    pbt__ranking_fini(&p->ranking);
    free(p);
}

/* ---- its size ---- */

/* Members that leave at one end and come at the other: nodes are used again. */
static void nodes_are_used_again(void **state)
{
    (void)state;
    enum { ALIVE = 200, TURNS = 20000 };
    pbt__ranking ranking = {0};
    pbt__journal journal;
    pbt__journal_init(&journal);
    for (int32_t i = 0; i < TURNS; i++) {
        if (i >= ALIVE) {
            assert_int_equal(
                pbt__ranking_remove(&ranking, &journal, i % ALIVE, i - ALIVE, i % 2 == 0), PBT_OK);
        }
        assert_int_equal(pbt__ranking_add(&ranking, &journal, i % ALIVE, i, i % 2 == 0), PBT_OK);
        pbt__journal_clear(&journal);
    }
    assert_int_equal(pbt__ranking_at(&ranking, 0), (TURNS - 1) % ALIVE);
    assert_in_range(ranking.tree.used, ALIVE / PBT__RANK_WIDTH, 2 * ALIVE / (PBT__RANK_WIDTH / 2));
    assert_int_equal(depth_of(&ranking), 2);
    pbt__journal_fini(&journal);
    pbt__ranking_fini(&ranking);
}

/* Sorted input is the worst case of a tree that does not balance. What grew is flat again, and
 * grows again from the same nodes. */
static void the_tree_stays_shallow(void **state)
{
    (void)state;
    const int32_t count = 50000;
    int32_t used = 0;
    pbt__ranking ranking = {0};
    pbt__journal journal;
    pbt__journal_init(&journal);
    for (int32_t round = 0; round < 2; round++) {
        for (int32_t m = 0; m < count; m++) {
            assert_int_equal(pbt__ranking_add(&ranking, &journal, m, m, true), PBT_OK);
            pbt__journal_clear(&journal);
        }
        assert_int_equal(pbt__ranking_count(&ranking), count);
        assert_int_equal(pbt__ranking_at(&ranking, 0), count - 1);
        assert_int_equal(depth_of(&ranking), 4);
        assert_in_range(ranking.tree.used, 1, round == 0 ? count : used);
        used = ranking.tree.used;
        for (int32_t m = 0; m < count; m++) {
            assert_int_equal(pbt__ranking_remove(&ranking, &journal, m, m, true), PBT_OK);
            pbt__journal_clear(&journal);
        }
        assert_int_equal(pbt__ranking_count(&ranking), 0);
        assert_int_equal(depth_of(&ranking), 1);
    }
    pbt__journal_fini(&journal);
    pbt__ranking_fini(&ranking);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_brought_inside),
        cmocka_unit_test(scores_are_brought_outside_again),
        cmocka_unit_test(the_order_is_total),
        cmocka_unit_test(random_programs_agree_with_a_sorted_array),
        cmocka_unit_test(nodes_are_used_again),
        cmocka_unit_test(the_tree_stays_shallow),
    };
    return cmocka_run_group_tests_name("ranking", tests, NULL, NULL);
}
