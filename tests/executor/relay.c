/* relay.c: what a worker prints lands whole in the log of the member it trains. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../study/scratch.h"
#include "executor/log.h"
#include "executor/relay.h"

static const pbt_space space = {.count = 0};
static pbt__relay *relay;
static pbt_error error;
static int output; /* the worker's end */

static int make_relay(void **state)
{
    const int made = scratch_make(state);
    assert_int_equal(mkdir(in("logs"), 0777), 0);
    assert_int_equal(pbt__relay_new(in("logs"), "w-0", &space, &relay, &error), PBT_OK);
    assert_int_equal(pbt__relay_open(relay, &output, &error), PBT_OK);
    return made;
}

static int free_relay(void **state)
{
    if (output >= 0) {
        (void)close(output);
    }
    pbt__relay_free(relay);
    return scratch_remove(state);
}

static void print_out(const char *words)
{
    assert_int_equal(write(output, words, strlen(words)), strlen(words));
}

static void hand(int32_t member, int32_t number)
{
    const pbt__assignment train = {.segment = {.id = {member, number}}, .attempt = 1};
    pbt__relay_turn(relay, NULL, &train);
}

/* A log's text, its header lines cut to "--- SEGMENT". The caller frees. */
static char *read_short(const char *name)
{
    char path[64], *text = NULL;
    (void)snprintf(path, sizeof path, "logs/%s", name);
    assert_int_equal(pbt__log_tail(in(path), 1 << 20, &text, &error), PBT_OK);
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        if (strncmp(from, "--- ", 4) == 0) {
            memcpy(to, "--- ", 4);
            to += 4;
            from = strchr(from + 4, ' ') + 1;
            while (*from != ' ') {
                *to++ = *from++;
            }
            from = strchr(from, '\n');
        }
        *to++ = *from;
    }
    *to = '\0';
    return text;
}

static void assert_log(const char *name, const char *expected)
{
    char *text = read_short(name);
    assert_string_equal(text, expected);
    free(text);
}

static void output_goes_where_the_segment_is(void **state)
{
    (void)state;
    print_out("importing\n");
    hand(3, 0);
    print_out("a\nb\n");
    hand(3, 1);
    print_out("c\n");
    hand(5, 0);
    print_out("d\n");
    pbt__relay_turn(relay, NULL, NULL);
    print_out("waiting\n");
    hand(3, 2);
    pbt__relay_close(relay);
    assert_log("w-0.log", "importing\nwaiting\n");
    assert_log("m3.log", "--- m3s0\na\nb\n--- m3s1\nc\n--- m3s2\n");
    assert_log("m5.log", "--- m5s0\nd\n");
}

static void what_is_handed_out_again_begins_once(void **state)
{
    (void)state;
    hand(3, 0);
    print_out("a\n");
    hand(3, 0);
    print_out("b\n");
    pbt__relay_close(relay);
    assert_log("m3.log", "--- m3s0\na\nb\n");
    assert_false(exists(in("logs/w-0.log")));
}

static void a_line_stays_whole_where_it_began(void **state)
{
    (void)state;
    hand(3, 0);
    print_out("a\nbeg");
    hand(5, 0);
    print_out("un and ");
    assert_int_equal(pbt__relay_pump(relay), 7);
    hand(7, 0);
    print_out("ended\nseven\n");
    pbt__relay_close(relay);
    assert_log("m3.log", "--- m3s0\na\nbegun and ended\n");
    assert_log("m5.log", "--- m5s0\n");
    assert_log("m7.log", "--- m7s0\nseven\n");
}

static void a_bar_that_is_drawn_over_ends_at_its_return(void **state)
{
    (void)state;
    hand(3, 0);
    print_out("10 %\r20 %");
    hand(5, 0);
    print_out("\r30 %\r");
    pbt__relay_close(relay);
    assert_log("m3.log", "--- m3s0\n10 %\r20 %\r");
    assert_log("m5.log", "--- m5s0\n30 %\r");
}

static void an_end_ends_the_line_and_failures_are_told(void **state)
{
    (void)state;
    const pbt__assignment next = {.segment = {.id = {3, 0}}, .attempt = 2};
    hand(3, 0);
    print_out("a\n");
    pbt__relay_turn(relay, "out of memory", &next);
    print_out("half");
    pbt__relay_close(relay);
    pbt__relay_line(relay, "pbt: killed");
    assert_log("m3.log", "--- m3s0\na\npbt: out of memory\n--- m3s0\nhalf\npbt: killed\n");
    char path[PBT__PATH_SIZE];
    pbt__relay_log_path(relay, path);
    assert_string_equal(path, in("logs/m3.log"));
}

/* One that prints without end is read as far as its pipe is full, and no further. */
static void endless_output_holds_up_no_turn(void **state)
{
    (void)state;
    static char piece[100001];
    memset(piece, 'x', sizeof piece);
    (void)fcntl(output, F_SETFL, O_NONBLOCK);
    hand(3, 0);
    for (int32_t i = 1; i <= 5; i++) {
        assert_true(write(output, piece, sizeof piece) > 0);
        hand(3, i);
    }
    pbt__relay_close(relay);
    char *text = read_short("m3.log");
    assert_in_range(strlen(text), 5 * 65536, 5 * 65536 + 100);
    free(text);
}

static void a_new_process_has_a_new_pipe(void **state)
{
    (void)state;
    hand(3, 0);
    print_out("one\n");
    assert_int_equal(close(output), 0);
    pbt__relay_close(relay);
    assert_int_equal(pbt__relay_input(relay), -1);
    assert_int_equal(pbt__relay_pump(relay), 0);
    assert_int_equal(pbt__relay_open(relay, &output, &error), PBT_OK);
    hand(3, 1);
    print_out("two\n");
    assert_int_equal(close(output), 0);
    output = -1;
    assert_int_equal(pbt__relay_pump(relay), 4);
    assert_int_equal(pbt__relay_pump(relay), 0);
    assert_int_equal(pbt__relay_input(relay), -1);
    assert_log("m3.log", "--- m3s0\none\n--- m3s1\ntwo\n");
}

static void a_log_that_cannot_be_opened_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("logs/m3.log"), 0777), 0);
    hand(3, 0);
    print_out("a\n");
    pbt__relay_close(relay);
    assert_log("w-0.log", "--- m3s0\na\n");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, make_relay, free_relay)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(output_goes_where_the_segment_is),
        CASE(what_is_handed_out_again_begins_once),
        CASE(a_line_stays_whole_where_it_began),
        CASE(a_bar_that_is_drawn_over_ends_at_its_return),
        CASE(an_end_ends_the_line_and_failures_are_told),
        CASE(endless_output_holds_up_no_turn),
        CASE(a_new_process_has_a_new_pipe),
        CASE(a_log_that_cannot_be_opened_loses_nothing),
    };
    return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
