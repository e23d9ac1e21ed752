/*
 * hostile.h: harm that a plugin does, once, where a file in PBT_TEST_FOLDER asks for it.
 *
 * The file `harm-WHERE-WHAT-mN` has member N do WHAT in the function WHERE; it is removed first, so
 * that the next attempt is left in peace. A WHAT that begins with `always-` keeps its file.
 */
#ifndef PBT_TESTS_HOSTILE_H
#define PBT_TESTS_HOSTILE_H

#include <pbt/trainer.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static inline void end_well(void)
{
    exit(0);
}

static inline void end_badly(void)
{
    exit(3);
}

static inline void end_at_once(void)
{
    _exit(0);
}

/* Whatever watches over a build sees no crash: it is the signal that counts. */
static inline void die_of(int number)
{
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static inline void touch_nothing(void)
{
    die_of(SIGSEGV);
}

static inline void be_killed(void)
{
    die_of(SIGKILL);
}

static inline void hang(void)
{
    for (;;) {
        (void)usleep(1000);
    }
}

static inline void close_all(void)
{
    (void)close_range(0, ~0U, 0);
}

static inline void go_away(void)
{
    (void)!chdir("/proc");
    (void)umask(0777);
}

/* Both copies return from here; the file `copy` says which one is new. */
static inline void fork_and_return(void)
{
    char path[4096];
    const pid_t child = fork();
    (void)snprintf(path, sizeof path, "%s/copy", getenv("PBT_TEST_FOLDER"));
    FILE *file = child > 0 ? fopen(path, "we") : NULL;
    if (child < 0 ||
        (child > 0 && (file == NULL || fprintf(file, "%d", (int)child) < 0 || fclose(file) != 0))) {
        exit(1);
    }
}

static inline void harm(const pbt_job *job, const char *where)
{
    static const struct {
        const char *what;
        void (*act)(void);
    } HARMS[] = {
        {"exit", end_well},
        {"exit-3", end_badly},
        {"_exit", end_at_once},
        {"abort", abort},
        {"segv", touch_nothing},
        {"kill", be_killed},
        {"hang", hang},
        {"close", close_all},
        {"away", go_away},
        {"fork", fork_and_return},
        {"always-exit", end_well},
        {"always-hang", hang},
    };
    char path[4096];
    for (size_t i = 0; i < sizeof HARMS / sizeof *HARMS; i++) {
        const char *what = HARMS[i].what;
        (void)snprintf(path, sizeof path, "%s/harm-%s-%s-m%d", getenv("PBT_TEST_FOLDER"), where,
                       what, (int)job->member);
        const bool is_kept = strncmp(what, "always-", 7) == 0;
        if (access(path, F_OK) == 0 && (is_kept || unlink(path) == 0)) {
            HARMS[i].act();
        }
    }
}

#endif
