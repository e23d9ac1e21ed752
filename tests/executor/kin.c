/* kin.c: processes are found by what they were started with, wherever they went. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "executor/kin.h"

static const char MARK[] = "PBT_SLOT=feedbeef";

/* Start a process that only waits, in a session of its own, and return when it runs. */
static pid_t start(char *const *environment)
{
    int ends[2];
    char byte;
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char *const words[] = {"sh", "-c", "echo; exec sleep 1000", NULL};
        (void)setsid();
        (void)dup2(ends[1], 1);
        (void)close_range(3, ~0U, 0);
        (void)execve("/bin/sh", words, environment);
        _exit(127);
    }
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(close(ends[0]), 0);
    return child;
}

/* Say whether it was killed; one that lives is killed now. */
static bool was_killed(pid_t child)
{
    for (int i = 0; i < 100; i++) {
        if (waitpid(child, NULL, WNOHANG) == child) {
            return true;
        }
        (void)usleep(1000);
    }
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    return false;
}

static bool is_kin(char *const *environment)
{
    const pid_t child = start(environment);
    (void)pbt__kin_kill(MARK);
    return was_killed(child);
}

static void kin_is_found_wherever_its_mark_stands(void **state)
{
    (void)state;
    static char far[10000];
    memset(far, 'x', 4090);
    far[4] = '=';
    char mark[] = "PBT_SLOT=feedbeef-00000001", home[] = "HOME=/";
    char *const first[] = {mark, home, NULL}, *const last[] = {home, mark, NULL};
    assert_true(is_kin(first));
    assert_true(is_kin(last));
    for (size_t length = 4060; length < 4100; length += 3) {
        memset(far + 5, 'x', length);
        far[length] = '\0';
        char *const behind[] = {far, mark, NULL};
        assert_true(is_kin(behind));
    }
}

static void others_are_left_alone(void **state)
{
    (void)state;
    char other[] = "PBT_SLOT=feedbee", within[] = "X=PBT_SLOT=feedbeef";
    char half[] = "PBT_SLOT=feed", rest[] = "beef";
    char *const lists[][3] = {{other, NULL}, {within, NULL}, {half, rest, NULL}, {NULL}};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        assert_false(is_kin(lists[i]));
    }
    assert_int_equal(pbt__kin_kill(MARK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kin_is_found_wherever_its_mark_stands),
        cmocka_unit_test(others_are_left_alone),
    };
    return cmocka_run_group_tests_name("kin", tests, NULL, NULL);
}
