/* log.c: logs grow by whole lines, and their ends are read by whole lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>

#include "../study/scratch.h"
#include "executor/log.h"

static pbt_error error;

static char *end_of(size_t maximum)
{
    char *text = NULL;
    assert_int_equal(pbt__log_end(in("logs"), 3, maximum, &text, &error), PBT_OK);
    return text;
}

static void assert_end(size_t maximum, const char *expected)
{
    char *text = end_of(maximum);
    assert_string_equal(text, expected);
    free(text);
}

static void a_log_is_named_by_its_member(void **state)
{
    (void)state;
    char path[PBT__PATH_SIZE];
    assert_int_equal(pbt__log_path("/logs", 3, path, &error), PBT_OK);
    assert_string_equal(path, "/logs/m3.log");
    assert_end(100, "");
}

static void lines_are_appended(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        int log = -1;
        assert_int_equal(pbt__log_open(in("logs"), 3, &log, &error), PBT_OK);
        pbt__log_line(log, i == 0 ? "one" : "two");
        assert_int_equal(close(log), 0);
    }
    assert_end(100, "one\ntwo\n");
    pbt__log_line(-1, "nowhere");
}

static void a_log_that_cannot_be_opened_is_an_error(void **state)
{
    (void)state;
    int log = -7;
    put(in("file"), "");
    assert_int_equal(pbt__log_open(in("file"), 3, &log, &error), PBT_ERR_IO);
    assert_int_equal(mkdir(in("logs"), 0777), 0);
    assert_int_equal(mkdir(in("logs/m3.log"), 0777), 0);
    assert_int_equal(pbt__log_open(in("logs"), 3, &log, &error), PBT_ERR_IO);
    assert_non_null(strstr(error.message, "m3.log"));
    assert_int_equal(log, -7);
    char *text = NULL;
    assert_int_equal(pbt__log_end(in("logs"), 3, 10, &text, &error), PBT_ERR_IO);
    assert_null(text);
}

/* Nobody reads the pipe and nothing is behind the link: neither is waited for, written or read. */
static void what_is_no_file_is_no_log(void **state)
{
    (void)state;
    static const char *const NAMES[] = {"logs/m3.log", "logs/m4.log", "logs/m5.log"};
    int log = -7;
    assert_int_equal(mkdir(in("logs"), 0777), 0);
    assert_int_equal(mkfifo(in(NAMES[0]), 0666), 0);
    assert_int_equal(symlink("elsewhere", in(NAMES[1])), 0);
    assert_int_equal(symlink("/dev/full", in(NAMES[2])), 0);
    const int reader = open(in(NAMES[0]), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    assert_true(reader >= 0);
    for (int32_t member = 3; member <= 5; member++) {
        assert_int_equal(pbt__log_open(in("logs"), member, &log, &error), PBT_ERR_IO);
        assert_non_null(strstr(error.message, NAMES[member - 3]));
        assert_string_equal(error.detail, "it is no regular file");
    }
    assert_int_equal(close(reader), 0);
    assert_int_equal(pbt__log_open(in("logs"), 3, &log, &error), PBT_ERR_IO);
    char *text = NULL;
    assert_int_equal(pbt__log_end(in("logs"), 3, 10, &text, &error), PBT_ERR_IO);
    assert_false(exists(in("logs/elsewhere")));
    assert_int_equal(log, -7);
}

static mode_t mode_of(const char *path)
{
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 0777;
}

/* Whatever the umask allows; what is there already keeps its mode. */
static void new_logs_are_their_owners_alone(void **state)
{
    (void)state;
    const mode_t before = umask(0);
    for (int i = 0; i < 2; i++) {
        int log = -1;
        assert_int_equal(pbt__log_open(in("logs"), 3, &log, &error), PBT_OK);
        assert_int_equal(close(log), 0);
        assert_int_equal(mode_of(in("logs")), i == 0 ? 0700 : 0755);
        assert_int_equal(mode_of(in("logs/m3.log")), i == 0 ? 0600 : 0644);
        assert_int_equal(chmod(in("logs"), 0755), 0);
        assert_int_equal(chmod(in("logs/m3.log"), 0644), 0);
    }
    (void)umask(before);
}

static void the_newest_part_has_a_trainers_line(void **state)
{
    (void)state;
    static const struct {
        const char *tail, *newest;
        bool says_more;
    } CASES[] = {
        {"", "", false},
        {"--- m0s0\n", "--- m0s0\n", false},
        {"--- m0s0\npbt: no\n", "--- m0s0\npbt: no\n", false},
        {"a\n--- m0s0\nb", "--- m0s0\nb", true},
        {"a\n--- m0s0\nb\npbt: no\n--- m0s1\npbt: no\n",
         "--- m0s0\nb\npbt: no\n--- m0s1\npbt: no\n", true},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_string_equal(pbt__log_newest(CASES[i].tail), CASES[i].newest);
        assert_int_equal(pbt__log_says_more(CASES[i].tail), CASES[i].says_more);
    }
}

static void an_end_begins_with_a_line(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in("logs"), 0777), 0);
    put(in("logs/m3.log"), "first\nsecond\nthird\n");
    assert_end(19, "first\nsecond\nthird\n");
    assert_end(18, "second\nthird\n");
    assert_end(13, "second\nthird\n");
    assert_end(12, "third\n");
    put(in("logs/m3.log"), "onelongline");
    assert_end(4, "line");
    assert_end(0, "");
}

static void a_header_names_the_segment(void **state)
{
    (void)state;
    const pbt_parameter parameters[] = {{.name = "rate", .type = PBT_FLOAT},
                                        {.name = "batch", .type = PBT_INT}};
    const pbt_space space = {.parameters = parameters, .count = 2};
    const pbt_value values[] = {{.real = 2}, {.integer = 64}};
    pbt__assignment assignment = {
        .segment = {.id = {3, 12}, .start_step = 200, .end_step = 400, .values = values},
        .attempt = 2,
        .resume_step = 200,
        .load_from = {1, 11},
    };
    int log = -1;
    assert_int_equal(pbt__log_open(in("logs"), 3, &log, &error), PBT_OK);
    pbt__log_header(log, &assignment, &space);
    assignment.is_fresh = true;
    pbt__log_header(log, &assignment, &space);
    assignment.resume_step = 250;
    pbt__log_header(log, &assignment, &space);
    assert_int_equal(close(log), 0);
    char *text = end_of(1000);
    assert_memory_equal(text, "--- 2", 5);
    assert_non_null(
        strstr(text, "Z m3s12 attempt 2, steps 200 to 400, from m1s11: rate=2.0 batch=64\n"));
    assert_non_null(strstr(text, ", steps 200 to 400, from scratch: rate=2.0"));
    assert_non_null(strstr(text, ", steps 250 to 400, resumed from an earlier attempt: rate=2.0"));
    free(text);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_log_is_named_by_its_member),
        CASE(lines_are_appended),
        CASE(a_log_that_cannot_be_opened_is_an_error),
        CASE(what_is_no_file_is_no_log),
        CASE(new_logs_are_their_owners_alone),
        CASE(the_newest_part_has_a_trainers_line),
        CASE(an_end_begins_with_a_line),
        CASE(a_header_names_the_segment),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
