/* tree.c: rows of a lineage tree: no two segments on one place, no connector through another. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "plot/tree.h"
#include "support.h"

static int32_t lay(pbt__trace *trace, fake_rows *rows, const char *best, int32_t **out)
{
    int32_t count = 0;
    *trace = fake_trace(rows, best);
    *out = calloc((size_t)trace->count, sizeof **out);
    assert_non_null(*out);
    assert_int_equal(pbt__tree_rows(trace, *out, &count, NULL), PBT_OK);
    return count;
}

static void the_winner_goes_straight(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    fake_segment(rows, 0, 0, NULL, -1, 0.5);
    fake_segment(rows, 1, 0, NULL, -1, 0.1);
    fake_segment(rows, 0, 1, "m0s0", -1, 0.6);
    fake_segment(rows, 1, 1, "m0s0", 0, 0.7);
    pbt__trace trace;
    int32_t *at = NULL;
    assert_int_equal(lay(&trace, rows, "m1s1", &at), 3);
    assert_int_equal(at[0], at[3]); /* m1s1 carries m0s0 on, m0's own branches off */
    assert_int_equal(at[2], at[0] + 1);
    assert_int_not_equal(at[1], at[0]);
    assert_true(trace.tracks[0].is_winning && trace.tracks[3].is_winning);
    assert_false(trace.tracks[1].is_winning || trace.tracks[2].is_winning);
    assert_int_equal(trace.tracks[3].donor, 0);
    free(at);
    pbt__trace_fini(&trace);
}

/* Whether a's connector, upright at its start, goes through a row that is drawn on both sides. */
static bool crosses(const pbt__trace *trace, const int32_t *at, int32_t a)
{
    const pbt__track *branch = &trace->tracks[a];
    if (branch->parent < 0) {
        return false;
    }
    const double x = branch->start_age;
    const int32_t from = at[branch->parent], to = at[a];
    for (int32_t row = (from < to ? from : to) + 1; row < (from < to ? to : from); row++) {
        bool is_left = false, is_right = false;
        for (int32_t i = 0; i < trace->count; i++) {
            is_left |= at[i] == row && trace->tracks[i].start_age < x;
            is_right |= at[i] == row && trace->tracks[i].end_age > x;
        }
        if (is_left && is_right) {
            return true;
        }
    }
    return false;
}

static void nothing_overlaps_and_nothing_crosses(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 20; seed++) {
        pbt__trace trace;
        int32_t *at = NULL;
        const int32_t count = lay(&trace, fake_study(seed, 8, 12), "m3s11", &at);
        for (int32_t a = 0; a < trace.count; a++) {
            assert_in_range(at[a], 0, count - 1);
            assert_false(crosses(&trace, at, a));
            for (int32_t b = 0; b < a; b++) {
                const bool is_same_time = trace.tracks[a].start_age == trace.tracks[b].start_age;
                assert_false(is_same_time && at[a] == at[b]);
            }
        }
        free(at);
        pbt__trace_fini(&trace);
    }
}

/* A connector that leads down past what began before it would run through a longer branch. */
static void later_branches_lie_nearer(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    fake_segment(rows, 0, 0, NULL, -1, 0);
    fake_segment(rows, 0, 1, "m0s0", -1, 0);
    fake_segment(rows, 1, 1, "m0s0", 0, 0);
    fake_segment(rows, 0, 2, "m0s1", -1, 0);
    fake_segment(rows, 1, 2, "m1s1", -1, 0);
    fake_segment(rows, 2, 2, "m0s1", 0, 0);
    pbt__trace trace;
    int32_t *at = NULL;
    assert_int_equal(lay(&trace, rows, NULL, &at), 3);
    assert_int_equal(at[0], 0);
    assert_int_equal(at[5], 1);
    assert_int_equal(at[2], 2);
    free(at);
    pbt__trace_fini(&trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_winner_goes_straight),
        cmocka_unit_test(nothing_overlaps_and_nothing_crosses),
        cmocka_unit_test(later_branches_lie_nearer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
