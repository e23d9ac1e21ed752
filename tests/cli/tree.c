/* tree.c: lineage trees as text and for Graphviz, small ones to the letter, large ones bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "render/tree.h"

/* One segment in short: "m1s2" from "m0s1", from its age on, 10 steps; `more` is further JSON. */
typedef struct row {
    const char *segment, *parent;
    int age;
    double score;
    bool is_on_path;
    const char *more;
} row;

static void add_row(json_t *segments, const row *r)
{
    json_t *parent = r->parent != NULL ? json_string(r->parent) : json_null();
    json_t *more = json_loads(r->more != NULL ? r->more : "{}", 0, NULL);
    json_t *one =
        json_pack("{s:s, s:o, s:n, s:s, s:s, s:i, s:i, s:f, s:b}", "segment", r->segment, "parent",
                  parent, "donor", "reason", "continue", "state", "reported", "start_age", r->age,
                  "end_age", r->age + 10, "score", r->score, "on_path", (int)r->is_on_path);
    assert_non_null(one);
    assert_int_equal(json_object_update(one, more), 0);
    assert_int_equal(json_array_append_new(segments, one), 0);
    json_decref(more);
}

static json_t *lineage_of(const row *rows, size_t count, const char *best)
{
    json_t *segments = json_array();
    for (size_t i = 0; i < count; i++) {
        add_row(segments, &rows[i]);
    }
    json_t *lineage =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "name", "tiny", "metric", "score", "direction",
                  "maximize", "best", best, "leaf", best, "segments", segments);
    assert_non_null(lineage);
    return lineage;
}

static void assert_text(const row *rows, size_t count, bool is_utf8, size_t line_maximum,
                        const char *expected)
{
    json_t *lineage = lineage_of(rows, count, "m1s2");
    pbt__text text = pbt__text_init(1 << 20);
    pbt__tree_text(lineage, is_utf8, line_maximum, &text);
    assert_false(text.failed);
    assert_string_equal(pbt__text_string(&text), expected);
    pbt__text_fini(&text);
    json_decref(lineage);
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Member 0 is copied by 1 at step 10, and by 2 and 3 at step 20; 3 begins with a run of its own. */
static const row SMALL[] = {
    {"m0s0", NULL, 0, 1, true, NULL},        {"m1s0", NULL, 0, 0.5, false, NULL},
    {"m2s0", NULL, 0, 0.25, false, NULL},    {"m0s1", "m0s0", 10, 2, false, NULL},
    {"m1s1", "m0s0", 10, 2.5, true, NULL},   {"m2s1", "m2s0", 10, 0.5, false, NULL},
    {"m0s2", "m0s1", 20, 3, false, NULL},    {"m1s2", "m1s1", 20, 4, true, NULL},
    {"m2s2", "m0s1", 20, 2.75, false, NULL},
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
        {"m0s0", NULL, 0, 1, true, NULL},
        {"m1s0", NULL, 0, 2, false, "{\"state\": \"given_up\", \"score\": null}"},
        {"m0s1", "m0s0", 10, 1, false, "{\"donor\": 1, \"reason\": \"exploit\"}"},
        {"m1s1", NULL, 0, 1, false, "{\"reason\": \"rescue\"}"},
        {"m0s2", "m0s1", 20, 0, false, "{\"state\": \"claimed\", \"score\": null}"},
        {"m1s2", "m0s0", 10, 3, true, "{\"reason\": \"rescue\"}"},
        {"m1s3", "m1s2", 20, 3, true, "{\"state\": \"open\", \"score\": null}"},
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
    json_t *lineage = lineage_of(SMALL, COUNT(SMALL), "m1s2");
    pbt__text text = pbt__text_init(1 << 20);
    pbt__tree_dot(lineage, &text);
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
    json_decref(lineage);
}

/* ---- large ones ---- */

enum { MEMBERS = 500, ROUNDS = 40 };

/* After each round a quarter copies one of the first quarter; member 0 goes straight to the end. */
static json_t *large_lineage(void)
{
    uint32_t dice = 1;
    json_t *segments = json_array();
    for (int number = 0; number < ROUNDS; number++) {
        for (int m = 0; m < MEMBERS; m++) {
            char segment[32], parent[32];
            dice = dice * 1664525u + 1013904223u;
            int source = m % 4 == 3 ? (int)(dice >> 16) % MEMBERS / 4 * 4 : m;
            snprintf(segment, sizeof segment, "m%ds%d", m, number);
            snprintf(parent, sizeof parent, "m%ds%d", source, number - 1);
            add_row(segments, &(row){segment, number > 0 ? parent : NULL, 10 * number,
                                     (double)number, m == 0, NULL});
        }
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", "large", "metric", "score", "direction",
                     "maximize", "best", "m0s39", "segments", segments);
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
    json_t *lineage = large_lineage();
    pbt__text text = pbt__text_init(1 << 24);
    pbt__tree_text(lineage, false, PBT__TREE_LINES_MAXIMUM, &text);
    assert_false(text.failed);
    count_lines(pbt__text_string(&text), &lines, &widest);
    assert_true(lines > 10 && lines < 2 * ROUNDS + 3);
    assert_true(widest < 80);
    assert_non_null(strstr(pbt__text_string(&text), "|-o 499 beginnings "));
    pbt__text_fini(&text);
    /* Drawn whole it has thousands of lines, and still no deep ones. */
    text = pbt__text_init(1 << 24);
    pbt__tree_text(lineage, false, 1 << 20, &text);
    assert_false(text.failed);
    count_lines(pbt__text_string(&text), &lines, &widest);
    assert_true(lines > 5000);
    assert_true(widest < 80);
    pbt__text_fini(&text);
    json_decref(lineage);
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
