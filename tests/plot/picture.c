/* picture.c: what a script draws: strokes, places, colours; golden structure, no pixels. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "plot/gnuplot.h"
#include "plot/picture.h"
#include "support.h"

enum { SCRIPT_MAXIMUM = 1 << 26 };

static pbt__text write_picture(fake_rows *rows, const char *best, pbt__picture_kind kind,
                               const pbt_parameter *color)
{
    pbt__trace trace = fake_trace(rows, best);
    int width = 0, height = 0;
    pbt__text script = pbt__text_init(SCRIPT_MAXIMUM);
    const pbt__picture picture = {
        .trace = &trace,
        .title = "it's",
        .facts = {"a", "b"},
        .metric = "cohen's kappa",
        .direction = PBT_MAXIMIZE,
        .color = color,
    };
    assert_int_equal(pbt__picture_write(&picture, kind, &script, &width, &height, NULL), PBT_OK);
    assert_int_equal(width, 1200);
    assert_in_range(height, 300, 3200);
    pbt__trace_fini(&trace);
    return script;
}

/* The strokes of the first data block of a name: runs of lines between empty ones; -1: no block. */
static int count_strokes(const char *script, const char *name)
{
    char head[64];
    (void)snprintf(head, sizeof head, "$%s << END\n", name);
    const char *line = strstr(script, head);
    int count = 0;
    bool is_within = false;
    if (line == NULL) {
        return -1;
    }
    for (line = strchr(line, '\n') + 1; strncmp(line, "END\n", 4) != 0;
         line = strchr(line, '\n') + 1) {
        count += *line != '\n' && !is_within ? 1 : 0;
        is_within = *line != '\n';
    }
    return count;
}

static int count_lines(const char *script, const char *name)
{
    char head[64];
    (void)snprintf(head, sizeof head, "$%s << END\n", name);
    const char *line = strchr(strstr(script, head), '\n') + 1;
    int count = 0;
    for (; strncmp(line, "END\n", 4) != 0; line = strchr(line, '\n') + 1) {
        count += *line != '\n' ? 1 : 0;
    }
    return count;
}

static void two_members_and_a_copy(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    fake_segment(rows, 0, 0, NULL, -1, 0.5);
    fake_segment(rows, 1, 0, NULL, -1, 0.25);
    fake_segment(rows, 0, 1, "m0s0", -1, 0.625);
    fake_segment(rows, 1, 1, "m0s0", 0, 0.75);
    pbt__text script = write_picture(rows, "m1s1", PBT__PICTURE_SCORES, NULL);
    assert_non_null(strstr(script.bytes, "set label 'it''s' at screen"));
    assert_non_null(strstr(script.bytes,
                           "$members << END\n10 0.5\n\n10 0.25\n\n10 0.5\n20 0.625\n\n"
                           "10 0.5\n20 0.75\n\nEND\n"));
    assert_non_null(strstr(script.bytes, "$winner << END\n10 0.5\n\n10 0.5\n20 0.75\n\nEND\n"));
    assert_non_null(strstr(script.bytes, "$copies << END\n10 0.5 0 -0.25\nEND\n"));
    assert_non_null(strstr(script.bytes, "$best << END\n20 0.75\nEND\n"));
    assert_non_null(strstr(script.bytes, "vectors head"));
    assert_null(strstr(script.bytes, "title 'diverged'"));
    pbt__text_fini(&script);
}

static void schedules_are_on_their_own_scales(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    fake_segment(rows, 0, 0, NULL, -1, 0.5);
    fake_segment(rows, 1, 0, NULL, -1, 0.25);
    fake_segment(rows, 1, 1, "m0s0", 0, 0.75);
    pbt__text script = write_picture(rows, "m1s1", PBT__PICTURE_SCHEDULES, NULL);
    const char *rate =
        strstr(script.bytes, "set title 'rate'\nset yrange [0.000965936329:0.00207052985]\n"
                             "set ytics (0.001, 0.002)\nset logscale y\n");
    const char *momentum =
        strstr(script.bytes, "set title 'momentum'\nset ytics ('0' 1, '0.5' 0.5");
    const char *width = strstr(script.bytes, "set title 'width'\nset ytics ('32' 0, '64' 1)\n");
    assert_true(rate != NULL && momentum > rate && width > momentum);
    assert_non_null(strstr(script.bytes,
                           "$members << END\n0 0.001\n10 0.001\n\n0 0.002\n10 0.002\n\n"
                           "10 0.002\n10 0.002\n10 0.002\n20 0.002\n\nEND\n"));
    assert_non_null(strstr(script.bytes, "$winner << END\n0 0.001\n10 0.001\n\n"
                                         "10 0.001\n10 0.002\n20 0.002\n\nEND\n"));
    pbt__text_fini(&script);
}

/* A member that diverged, and one whose first segment was lost, copy from further on. */
static void copies_of_those_without_a_score(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    fake_segment(rows, 0, 0, NULL, -1, 0.5);
    fake_segment(rows, 1, 0, NULL, -1, (double)NAN);
    fake_segment(rows, 1, 1, "m0s0", 0, 0.75);
    fake_segment(rows, 2, 1, "m0s0", 0, 0.25);
    pbt_segment *rescued = &rows->items[3].segment;
    rescued->start_step = 0;
    rescued->end_step = 10;
    pbt__text script = write_picture(rows, "m2s1", PBT__PICTURE_SCORES, NULL);
    assert_int_equal(count_lines(script.bytes, "copies"), 2);
    assert_non_null(strstr(script.bytes, "$copies << END\n10 0.5 0 -0.259"));
    assert_non_null(strstr(script.bytes, "\n10 0.5 -10 -0.259"));
    assert_non_null(strstr(script.bytes, "$jumps << END\n10 0.5\n0 0.5\n\nEND\n"));
    assert_non_null(strstr(script.bytes, "$firsts << END\n10 0.5\n10 NaN\nEND\n"));
    pbt__text_fini(&script);
}

/* Weights that went on in another member at another step keep their age. */
static void a_lineage_is_drawn_by_age(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    fake_segment(rows, 0, 0, NULL, -1, 0.5);
    fake_segment(rows, 1, 0, "m0s0", 0, 0.75);
    pbt_segment *rescued = &rows->items[1].segment;
    rescued->start_age = 10;
    rescued->end_age = 20;
    pbt__text script = write_picture(rows, "m1s0", PBT__PICTURE_SUMMARY, NULL);
    assert_non_null(strstr(script.bytes, "$tree << END\n0 0 0.5\n10 0 0.5\n\n"
                                         "10 0 0.75\n10 0 0.75\n20 0 0.75\n\nEND\n"));
    assert_non_null(strstr(script.bytes, "$winner << END\n0 0.001\n10 0.001\n\n"
                                         "10 0.001\n10 0.002\n20 0.002\n\nEND\n"));
    assert_non_null(strstr(script.bytes, "set title 'lineage, coloured by cohen''s kappa'\n"));
    pbt__text_fini(&script);
}

static void every_segment_is_drawn_once(int members, int numbers)
{
    const int count = members * numbers;
    int diverged = 0;
    fake_rows *rows = fake_study(7, members, numbers);
    for (size_t i = 0; i < rows->count; i++) {
        diverged += isfinite(rows->items[i].segment.score) ? 0 : 1;
    }
    pbt__text script = write_picture(rows, "m2s5", PBT__PICTURE_SUMMARY, NULL);
    assert_int_equal(count_strokes(script.bytes, "members"), count);
    assert_int_equal(count_strokes(script.bytes, "tree"), count - diverged);
    assert_int_equal(count_strokes(script.bytes, "plain"), diverged);
    assert_int_equal(count_lines(script.bytes, "diverged"), diverged);
    assert_int_equal(count_strokes(script.bytes, "winner"), 6);
    pbt__text_fini(&script);
}

static void of_8_members(void **state)
{
    (void)state;
    every_segment_is_drawn_once(8, 6);
    pbt__text script = write_picture(fake_study(7, 8, 6), "m2s5", PBT__PICTURE_SUMMARY, NULL);
    assert_true(count_lines(script.bytes, "names") > 8);
    assert_non_null(strstr(script.bytes, "lw 1.2 lc rgb '#50"));
    pbt__text_fini(&script);
}

static void of_500_members(void **state)
{
    (void)state;
    every_segment_is_drawn_once(500, 12);
    pbt__text script = write_picture(fake_study(7, 500, 12), "m2s5", PBT__PICTURE_SUMMARY, NULL);
    assert_int_equal(count_lines(script.bytes, "names"), 0); /* they would lie on each other */
    assert_non_null(strstr(script.bytes, "lw 0.4 lc rgb '#d0"));
    assert_non_null(strstr(script.bytes, "vectors nohead"));
    pbt__text_fini(&script);
}

static void a_lineage_is_coloured_by_a_hyperparameter(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    fake_segment(rows, 1, 0, NULL, -1, 0.25);
    pbt__text script = write_picture(rows, "m1s0", PBT__PICTURE_LINEAGE, &fake_space.parameters[0]);
    assert_non_null(strstr(script.bytes, "$tree << END\n0 0 0.002\n10 0 0.002\n\nEND\n"));
    assert_non_null(strstr(script.bytes, "coloured by rate'\nset logscale cb\n"));
    assert_null(strstr(script.bytes, "set cbrange"));
    pbt__text_fini(&script);
    rows = fake_rows_new();
    fake_segment(rows, 1, 0, NULL, -1, 0.25);
    script = write_picture(rows, "m1s0", PBT__PICTURE_LINEAGE, &fake_space.parameters[2]);
    assert_non_null(strstr(script.bytes, "set cbtics ('32' 0, '64' 1)\nset cbrange [-0.5:1.5]\n"));
    pbt__text_fini(&script);
}

static void a_far_outlier_does_not_flatten_the_rest(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    for (int member = 0; member < 20; member++) {
        fake_segment(rows, member, 0, NULL, -1, member == 0 ? -1e6 : 0.5 + 0.01 * member);
    }
    pbt__trace trace = fake_trace(rows, NULL);
    pbt__range range;
    pbt__picture picture = {.trace = &trace, .direction = PBT_MAXIMIZE};
    assert_int_equal(pbt__picture_range(&picture, &range, NULL), PBT_OK);
    assert_true(range.low > 0.3 && range.low < 0.51 && range.high > 0.69 && range.high < 0.72);
    assert_int_equal(range.hidden_count, 1);
    pbt__text script = pbt__text_init(SCRIPT_MAXIMUM);
    picture.metric = "q";
    pbt__panel_scores(&picture, range, &script);
    assert_non_null(
        strstr(script.bytes, "set label 'not shown: 1 worse score' at graph 0.995,0.04"));
    pbt__text_fini(&script);
    picture.direction = PBT_MINIMIZE; /* then it is the best one, and must be seen */
    assert_int_equal(pbt__picture_range(&picture, &range, NULL), PBT_OK);
    assert_true(range.low < -1e6 && range.high >= 0.69);
    assert_int_equal(range.hidden_count, 0);
    pbt__trace_fini(&trace);
}

static void what_was_not_reported_is_left_out(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    fake_segment(rows, 0, 0, NULL, -1, 0.5);
    rows->items[0].segment.state = PBT_SEGMENT_OPEN;
    pbt__trace trace = fake_trace(rows, NULL);
    assert_int_equal(trace.count, 0);
    pbt__trace_fini(&trace);
}

/* One that was rescued early may come from a segment with a higher number. */
static void a_parent_may_come_later(void **state)
{
    (void)state;
    fake_rows *rows = fake_rows_new();
    fake_segment(rows, 0, 0, NULL, -1, 0.5);
    fake_segment(rows, 1, 0, "m0s1", 0, 0.25);
    fake_segment(rows, 0, 1, "m0s0", -1, 0.75);
    pbt__trace trace = fake_trace(rows, "m1s0");
    assert_int_equal(trace.tracks[1].parent, 2);
    assert_int_equal(trace.tracks[1].donor, 2);
    assert_int_equal(trace.winner, 1);
    assert_true(trace.tracks[0].is_winning && trace.tracks[2].is_winning);
    pbt__trace_fini(&trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_members_and_a_copy),
        cmocka_unit_test(schedules_are_on_their_own_scales),
        cmocka_unit_test(copies_of_those_without_a_score),
        cmocka_unit_test(a_lineage_is_drawn_by_age),
        cmocka_unit_test(of_8_members),
        cmocka_unit_test(of_500_members),
        cmocka_unit_test(a_lineage_is_coloured_by_a_hyperparameter),
        cmocka_unit_test(a_far_outlier_does_not_flatten_the_rest),
        cmocka_unit_test(what_was_not_reported_is_left_out),
        cmocka_unit_test(a_parent_may_come_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
