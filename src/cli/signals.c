/* signals.c: counting signals. */
#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t count;
static volatile sig_atomic_t first;

static void count_signal(int number)
{
    if (count == 0) {
        first = number;
    }
    count = count + 1;
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

void pbt__signals_install(void)
{
    handle(SIGINT, count_signal);
    handle(SIGTERM, count_signal);
    handle(SIGPIPE, do_nothing);
}

int pbt__signals_count(void)
{
    return count;
}

int pbt__signals_exit_status(void)
{
    return 128 + first;
}
