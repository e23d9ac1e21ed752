/* ranking.c: the treap against a sorted array under random programs, and its shape. */
#include "core/ranking.h"

#include "support.h"

enum { MEMBERS = 48, MARKS_MAXIMUM = 8, STEPS = 20000 };

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
        assert_int_equal(pbt__ranking_position(ranking, m), i);
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

/* ---- random programs ---- */

typedef struct program {
    dice d;
    pbt__journal journal;
    pbt__rank_node nodes[MEMBERS];
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

static void toggle(program *p)
{
    int32_t m = dice_below(&p->d, MEMBERS);
    if (p->now.is_in[m]) {
        assert_int_equal(pbt__ranking_remove(&p->ranking, &p->journal, m), PBT_OK);
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
    p->ranking = (pbt__ranking){.nodes = p->nodes, .root = -1};
    pbt__journal_init(&p->journal);
    for (int32_t i = 0; i < STEPS; i++) {
        int32_t what = dice_below(&p->d, 20);
        if (what == 0 && p->depth < MARKS_MAXIMUM) {
            push_mark(p);
        } else if (what == 1 && p->depth > 0) {
            undo_some(p);
        } else {
            toggle(p);
        }
        assert_agrees(&p->ranking, &p->now);
    }
    pbt__journal_fini(&p->journal);
    free(p);
}

/* ---- its shape ---- */

static void add_in_order(pbt__ranking *ranking, pbt__journal *journal, int32_t count,
                         int32_t stride)
{
    for (int32_t i = 0; i < count; i++) {
        int32_t m = (int32_t)((int64_t)i * stride % count);
        int32_t score = m / 3;
        assert_int_equal(pbt__ranking_add(ranking, journal, m, score, m % 2 == 0), PBT_OK);
    }
}

static void the_shape_is_that_of_the_content(void **state)
{
    (void)state;
    pbt__rank_node nodes[2][MEMBERS];
    pbt__journal journal;
    pbt__journal_init(&journal);
    memset(nodes, 0, sizeof nodes);
    pbt__ranking a = {.nodes = nodes[0], .root = -1};
    pbt__ranking b = {.nodes = nodes[1], .root = -1};
    add_in_order(&a, &journal, MEMBERS, 1);
    add_in_order(&b, &journal, MEMBERS, 19);
    for (int32_t m = 0; m < MEMBERS; m += 4) {
        assert_int_equal(pbt__ranking_remove(&a, &journal, m), PBT_OK);
        assert_int_equal(pbt__ranking_remove(&b, &journal, MEMBERS - 4 - m), PBT_OK);
    }
    assert_int_equal(a.root, b.root);
    for (int32_t m = 0; m < MEMBERS; m++) {
        if (m % 4 == 0) {
            continue;
        }
        assert_int_equal(nodes[0][m].left, nodes[1][m].left);
        assert_int_equal(nodes[0][m].right, nodes[1][m].right);
    }
    pbt__journal_fini(&journal);
}

static int32_t depth_of(const pbt__rank_node *nodes, int32_t node)
{
    if (node < 0) {
        return 0;
    }
    int32_t left = depth_of(nodes, nodes[node].left);
    int32_t right = depth_of(nodes, nodes[node].right);
    return 1 + (left > right ? left : right);
}

/* Sorted input is the worst case of a tree that does not balance. A random tree of this size is
 * some 40 deep. */
static void the_tree_stays_shallow(void **state)
{
    (void)state;
    const int32_t count = 100000;
    pbt__rank_node *nodes = calloc((size_t)count, sizeof *nodes);
    assert_non_null(nodes);
    pbt__journal journal;
    pbt__journal_init(&journal);
    pbt__ranking ranking = {.nodes = nodes, .root = -1};
    for (int32_t m = 0; m < count; m++) {
        assert_int_equal(pbt__ranking_add(&ranking, &journal, m, m, true), PBT_OK);
        pbt__journal_clear(&journal);
    }
    assert_int_equal(pbt__ranking_count(&ranking), count);
    assert_int_equal(pbt__ranking_at(&ranking, 0), count - 1);
    assert_in_range(depth_of(nodes, ranking.root), 17, 60);
    pbt__journal_fini(&journal);
    free(nodes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scores_are_brought_inside),
        cmocka_unit_test(scores_are_brought_outside_again),
        cmocka_unit_test(the_order_is_total),
        cmocka_unit_test(random_programs_agree_with_a_sorted_array),
        cmocka_unit_test(the_shape_is_that_of_the_content),
        cmocka_unit_test(the_tree_stays_shallow),
    };
    return cmocka_run_group_tests_name("ranking", tests, NULL, NULL);
}
