/* process_case.h: studies of shell scripts, and the processes they leave. Each test program
 * includes it once. */
#ifndef PBT_TESTS_PROCESS_CASE_H
#define PBT_TESTS_PROCESS_CASE_H

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "study_case.h"

#define SPEC(more, command)                                                                        \
    "version: 1\n"                                                                                 \
    "name: test\n"                                                                                 \
    "population: 2\n"                                                                              \
    "mode: generational\n"                                                                         \
    "ready: {every: 10}\n"                                                                         \
    "objective: {metric: score}\n"                                                                 \
    "exploit: {rule: truncation, fraction: 0.5}\n"                                                 \
    "hyperparameters:\n"                                                                           \
    "  rate: {type: float, min: 1, max: 2}\n" more "trainer:\n"                                    \
    "  protocol: command\n"                                                                        \
    "  command: " command "\n"

#define SHORT "stop: {steps: 10}\n"
#define COMMAND "[./train.sh, '{load}', '{save_to}', '{start_age}', '{end_age}', '{rate}']"

/* Write the trainer. */
static inline void put_script(const char *body)
{
    FILE *file = fopen(in("train.sh"), "we");
    assert_non_null(file);
    assert_true(fprintf(file, "#!/bin/sh\n%s\n", body) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(in("train.sh"), 0777), 0);
}

static inline bool is_alive(pid_t pid)
{
    return kill(pid, 0) == 0;
}

/* Become the parent of processes that lost theirs: in a container nobody else might reap them. */
static inline int adopt_orphans(void **state)
{
    (void)state;
    return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* A process that was killed may take a moment to go. */
static inline void assert_dies(pid_t pid)
{
    const int64_t until_us = pbt__clock_monotonic_us() + 10000000;
    while (is_alive(pid)) {
        assert_true(pbt__clock_monotonic_us() < until_us);
        (void)waitpid(pid, NULL, WNOHANG);
        (void)usleep(2000);
    }
}

/* The number that a trainer wrote into a file. */
static inline pid_t read_pid(const char *path)
{
    wait_for(path);
    char *text = NULL;
    size_t length = 0;
    while (length == 0) {
        free(text);
        assert_ok(pbt__file_read(path, 100, &text, &length, &error));
    }
    const pid_t pid = (pid_t)strtol(text, NULL, 10);
    free(text);
    assert_true(pid > 1);
    return pid;
}

#endif
