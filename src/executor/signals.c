/* signals.c: counting signals. Any thread may run a handler, so what it counts in is atomic. */
#include "executor/signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXITS_AT_ONCE = 256 }; /* threads that may call exit() at the same moment */

static atomic_int count;
static atomic_int first;

/* Returns whether it is the first. */
static bool is_first(int number)
{
    int none = 0;
    return atomic_compare_exchange_strong(&first, &none, number);
}

static void count_signal(int number)
{
    (void)is_first(number);
    atomic_fetch_add(&count, 1);
}

/* A closed terminal sends two signals, by itself and by its shell, perhaps to two threads at once:
 * they count as one. */
static void count_hangup(int number)
{
    if (is_first(number)) {
        atomic_fetch_add(&count, 1);
    }
}

static void do_nothing(int number)
{
    (void)number;
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    struct sigaction old;
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
        sigaction(number, &action, NULL);
    }
}

void pbt__signals_survive(void)
{
    handle(SIGXFSZ, do_nothing);
}

void pbt__signals_install(void)
{
    handle(SIGINT, count_signal);
    handle(SIGTERM, count_signal);
    handle(SIGHUP, count_hangup);
    handle(SIGPIPE, do_nothing);
}

bool pbt__signals_have_come(void)
{
    return atomic_load(&count) > 0;
}

/*
 * Runs on the thread that called exit(). Nothing is cleaned up, because other threads may be in the
 * middle of anything. Each exit() takes the next registered handler; a second thread that calls
 * exit() must find one too, or it would end the program with its own status first. It waits here.
 */
static void see_exit(int status, void *ignored)
{
    static atomic_flag is_told = ATOMIC_FLAG_INIT;
    char line[256];
    (void)ignored;
    if (gettid() == getpid()) {
        return;
    }
    while (atomic_flag_test_and_set(&is_told)) {
        (void)pause();
    }
    const int length = snprintf(
        line, sizeof line,
        "pbt: a plugin called exit(%d), which ended the program it ran in\n"
        "hint: 'trainer.isolation: process' has it end one attempt; the same command goes on\n",
        status);
    (void)!write(STDERR_FILENO, line, length > 0 ? (size_t)length : 0);
    _exit(status != 0 ? status : EXIT_FAILURE);
}

void pbt__exits_watch(void)
{
    for (int i = 0; i < EXITS_AT_ONCE; i++) {
        (void)on_exit(see_exit, NULL);
    }
}

int pbt__signals_count(void)
{
    return atomic_load(&count);
}

int pbt__signals_exit_status(void)
{
    return 128 + atomic_load(&first);
}
