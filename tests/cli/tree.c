/* tree.c: lineage trees as text and for Graphviz, small ones to the letter, large ones bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/tree.h"

/* One segment in short: m1s2 from m0s1, from its age on, 10 steps. */
typedef struct row {
    pbt_segment_id id, parent;
    int age;
    double score;
    bool is_on_path;
    pbt_segment_state state;
    pbt_reason reason;
    int donor; /* and 1; 0: none */
    bool is_claimed;
} row;

#define NONE                                                                                       \
    {                                                                                              \
        -1, -1                                                                                     \
    }

static pbt__segment_row row_of(const row *r)
{
    return (pbt__segment_row){
        .segment = {.id = r->id,
                    .parent = r->parent,
                    .donor = r->donor - 1,
                    .reason = r->reason,
                    .state = r->state,
                    .start_age = r->age,
                    .end_age = r->age + 10,
                    .score = r->score},
        .is_claimed = r->is_claimed,
        .is_on_path = r->is_on_path,
    };
}

/* The caller frees its items. */
static pbt__row_list tree_of(const row *rows, size_t count, pbt_segment_id best)
{
    pbt__row_list list = {.items = calloc(count + 1, sizeof *list.items), .best = best};
    assert_non_null(list.items);
    for (; list.count < count; list.count++) {
        list.items[list.count] = row_of(&rows[list.count]);
    }
    return list;
}

static void assert_text(const row *rows, size_t count, bool is_utf8, size_t line_maximum,
                        const char *expected)
{
    pbt__row_list tree = tree_of(rows, count, (pbt_segment_id){1, 2});
    pbt__text text = pbt__text_init(1 << 20);
    pbt__tree_text(&tree, PBT_MAXIMIZE, is_utf8, line_maximum, &text);
    assert_false(text.failed);
    assert_string_equal(pbt__text_string(&text), expected);
    pbt__text_fini(&text);
    free(tree.items);
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Member 0 is copied by 1 at step 10, and by 2 and 3 at step 20; 3 begins with a run of its own. */
#define R PBT_SEGMENT_REPORTED

static const row SMALL[] = {
    {{0, 0}, NONE, 0, 1, true, R},        {{1, 0}, NONE, 0, 0.5, false, R},
    {{2, 0}, NONE, 0, 0.25, false, R},    {{0, 1}, {0, 0}, 10, 2, false, R},
    {{1, 1}, {0, 0}, 10, 2.5, true, R},   {{2, 1}, {2, 0}, 10, 0.5, false, R},
    {{0, 2}, {0, 1}, 20, 3, false, R},    {{1, 2}, {1, 1}, 20, 4, true, R},
    {{2, 2}, {0, 1}, 20, 2.75, false, R},
};

static void a_small_tree_is_drawn_whole(void **state)
{
    (void)state;
    assert_text(SMALL, COUNT(SMALL), false, 100,
                "segments        age     score\n"
                "|-o m1s0        0..10     0.5\n"
                "|-o m2s0..m2s1  0..20     0.5\n"
                "* m0s0          0..10       1\n"
                "|-o m0s1        10..20      2\n"
                "| |-o m2s2      20..30   2.75\n"
                "| o m0s2        20..30      3\n"
                "* m1s1..m1s2    10..30      4  the best\n");
}

static void lines_are_drawn_where_they_can_be(void **state)
{
    (void)state;
    assert_text(SMALL, COUNT(SMALL), true, 100,
                "segments        age     score\n"
                "├─o m1s0        0..10     0.5\n"
                "├─o m2s0..m2s1  0..20     0.5\n"
                "* m0s0          0..10       1\n"
                "├─o m0s1        10..20      2\n"
                "│ ├─o m2s2      20..30   2.75\n"
                "│ o m0s2        20..30      3\n"
                "* m1s1..m1s2    10..30      4  the best\n");
}

static void what_is_beside_the_path_is_summed_up(void **state)
{
    (void)state;
    assert_text(SMALL, COUNT(SMALL), false, 6,
                "segments          age     score\n"
                "|-o 2 beginnings            0.5  3 segments, the best m1s0\n"
                "* m0s0            0..10       1\n"
                "|-o 1 branch                  3  3 segments, the best m0s2\n"
                "* m1s1..m1s2      10..30      4  the best\n");
}

/* A run ends where something is to be said. */
static void states_and_reasons_are_said(void **state)
{
    (void)state;
    const row rows[] = {
        {{0, 0}, NONE, 0, 1, true, R},
        {{1, 0}, NONE, 0, NAN, false, PBT_SEGMENT_GIVEN_UP},
        {{0, 1}, {0, 0}, 10, 1, false, R, PBT_EXPLOITED, 2},
        {{1, 1}, NONE, 0, 1, false, R, PBT_RESCUE},
        {{0, 2}, {0, 1}, 20, NAN, false, PBT_SEGMENT_OPEN, .is_claimed = true},
        {{1, 2}, {0, 0}, 10, 3, true, R, PBT_RESCUE},
        {{1, 3}, {1, 2}, 20, NAN, true, PBT_SEGMENT_OPEN},
    };
    assert_text(rows, COUNT(rows), false, 100,
                "segments  age     score\n"
                "|-o m1s0  0..10       -  given up\n"
                "|-o m1s1  0..10       1  rescued, afresh\n"
                "* m0s0    0..10       1\n"
                "|-o m0s1  10..20      1  hyperparameters of m1\n"
                "| o m0s2  20..30      -  training\n"
                "* m1s2    10..20      3  the best, rescued\n"
                "* m1s3    20..30      -  waiting\n");
}

static void graphviz_gets_runs_and_the_path(void **state)
{
    (void)state;
    pbt__row_list tree = tree_of(SMALL, COUNT(SMALL), (pbt_segment_id){1, 2});
    pbt__text text = pbt__text_init(1 << 20);
    pbt__tree_dot(&tree, PBT_MAXIMIZE, "tiny", &text);
    assert_string_equal(pbt__text_string(&text),
                        "digraph \"tiny\" {\n"
                        "  node [shape=box];\n"
                        "  \"m0s0\" [label=\"m0s0\\n1\", penwidth=3];\n"
                        "  \"m0s0\" -> \"m0s1\";\n"
                        "  \"m0s0\" -> \"m1s1\" [penwidth=3];\n"
                        "  \"m1s0\" [label=\"m1s0\\n0.5\"];\n"
                        "  \"m2s0\" [label=\"m2s0..m2s1\\n0.5\"];\n"
                        "  \"m0s1\" [label=\"m0s1\\n2\"];\n"
                        "  \"m0s1\" -> \"m0s2\";\n"
                        "  \"m0s1\" -> \"m2s2\";\n"
                        "  \"m1s1\" [label=\"m1s1..m1s2\\n4\", penwidth=3];\n"
                        "  \"m0s2\" [label=\"m0s2\\n3\"];\n"
                        "  \"m2s2\" [label=\"m2s2\\n2.75\"];\n"
                        "}\n");
    pbt__text_fini(&text);
    free(tree.items);
}

/* ---- large ones ---- */

enum { MEMBERS = 500, ROUNDS = 40 };

/* After each round a quarter copies one of the first quarter; member 0 goes straight to the end. */
static pbt__row_list large_tree(void)
{
    uint32_t dice = 1;
    pbt__row_list tree = tree_of(NULL, 0, (pbt_segment_id){0, ROUNDS - 1});
    free(tree.items);
    tree.items = calloc((size_t)MEMBERS * ROUNDS, sizeof *tree.items);
    assert_non_null(tree.items);
    for (int number = 0; number < ROUNDS; number++) {
        for (int m = 0; m < MEMBERS; m++) {
            dice = dice * 1664525u + 1013904223u;
            const int source = m % 4 == 3 ? (int)(dice >> 16) % MEMBERS / 4 * 4 : m;
            const row one = {{m, number}, NONE, 10 * number, (double)number, m == 0, R};
            tree.items[tree.count] = row_of(&one);
            if (number > 0) {
                tree.items[tree.count].segment.parent = (pbt_segment_id){source, number - 1};
            }
            tree.count++;
        }
    }
    return tree;
}

static void count_lines(const char *text, size_t *lines, size_t *widest)
{
    *lines = *widest = 0;
    for (const char *at = text; *at != '\0';) {
        size_t width = strcspn(at, "\n");
        *widest = width > *widest ? width : *widest;
        *lines += 1;
        at += width + 1;
    }
}

static void a_large_tree_stays_readable(void **state)
{
    (void)state;
    size_t lines, widest;
    pbt__row_list tree = large_tree();
    pbt__text text = pbt__text_init(1 << 24);
    pbt__tree_text(&tree, PBT_MAXIMIZE, false, PBT__TREE_LINES_MAXIMUM, &text);
    assert_false(text.failed);
    count_lines(pbt__text_string(&text), &lines, &widest);
    assert_true(lines > 10 && lines < 2 * ROUNDS + 3);
    assert_true(widest < 80);
    assert_non_null(strstr(pbt__text_string(&text), "|-o 499 beginnings "));
    pbt__text_fini(&text);
    /* Drawn whole it has thousands of lines, and still no deep ones. */
    text = pbt__text_init(1 << 24);
    pbt__tree_text(&tree, PBT_MAXIMIZE, false, 1 << 20, &text);
    assert_false(text.failed);
    count_lines(pbt__text_string(&text), &lines, &widest);
    assert_true(lines > 5000);
    assert_true(widest < 80);
    pbt__text_fini(&text);
    free(tree.items);
}

static void an_empty_tree_is_a_header(void **state)
{
    (void)state;
    assert_text(NULL, 0, false, 10, "segments  age  score\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_tree_is_drawn_whole),
        cmocka_unit_test(lines_are_drawn_where_they_can_be),
        cmocka_unit_test(what_is_beside_the_path_is_summed_up),
        cmocka_unit_test(states_and_reasons_are_said),
        cmocka_unit_test(graphviz_gets_runs_and_the_path),
        cmocka_unit_test(a_large_tree_stays_readable),
        cmocka_unit_test(an_empty_tree_is_a_header),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
