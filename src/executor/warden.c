/* warden.c: after the fork only calls that are safe in the child of a process with threads, on
 * memory that was allocated before it. */
#include "executor/warden.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "executor/kin.h"

/* ---- the warden's own process ---------------------------------------------------------------- */

/* Replace the first `from` by `to`; 0 is a free place. */
static void replace(pid_t *groups, int32_t count, pid_t from, pid_t to)
{
    for (int32_t i = 0; i < count; i++) {
        if (groups[i] == from) {
            groups[i] = to;
            return;
        }
    }
}

/* What it watches over. */
struct charge {
    const char *mark;
    pid_t *groups; /* Shape: groups[count] */
    int32_t count;
};

/* Keep the groups until our parent's end of the pipe closes, then kill them. Packets are whole. */
_Noreturn static void watch(int input, const struct charge *charge)
{
    pid_t *groups = charge->groups;
    const int32_t count = charge->count;
    pid_t message;
    for (;;) {
        const ssize_t length = read(input, &message, sizeof message);
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length != (ssize_t)sizeof message) {
            break;
        }
        if (message > 0) {
            replace(groups, count, 0, message);
        } else {
            replace(groups, count, -message, 0);
        }
    }
    for (int32_t i = 0; i < count; i++) {
        if (groups[i] > 0) {
            (void)kill(-groups[i], SIGKILL);
        }
    }
    (void)pbt__kin_kill(charge->mark);
    _exit(0);
}

/* Close all descriptors but the pipe: others wait for their end. */
static void close_others(int input)
{
    (void)dup2(input, 0);
    (void)close_range(1, ~0U, 0);
}

/* Ctrl-C goes to the whole foreground group of a terminal: the warden must outlive it. */
static void ignore_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        (void)signal(ignored[i], SIG_IGN);
    }
}

/* ---- its parent ------------------------------------------------------------------------------ */

/* The warden is a grandchild, so its end needs no wait and raises no signal here. */
static pbt_err start(int input, const struct charge *charge, pbt_error *error)
{
    const pid_t child = fork();
    if (child < 0) {
        return pbt__fail_errno(error, "cannot start a process");
    }
    if (child == 0) {
        (void)setsid();
        ignore_signals();
        close_others(input);
        if (fork() == 0) {
            watch(0, charge);
        }
        _exit(0);
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return PBT_OK;
}

pbt_err pbt__warden_open(int32_t group_count, const char *mark, int *out, pbt_error *error)
{
    int ends[2] = {-1, -1};
    pid_t *groups = pbt__calloc((size_t)group_count, sizeof *groups);
    const struct charge charge = {.mark = mark, .groups = groups, .count = group_count};
    if (groups == NULL) {
        return pbt__fail_memory(error);
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        free(groups);
        return pbt__fail_errno(error, "cannot make a socket");
    }
    const pbt_err err = start(ends[0], &charge, error);
    free(groups);
    (void)close(ends[0]);
    if (err != PBT_OK) {
        (void)close(ends[1]);
        return err;
    }
    *out = ends[1];
    return PBT_OK;
}

void pbt__warden_close(int warden)
{
    if (warden >= 0) {
        (void)close(warden);
    }
}

/* Should the warden be gone, trainers still die with us by PDEATHSIG; no signal tells us of it. */
static void tell(int warden, pid_t message)
{
    while (warden >= 0 && send(warden, &message, sizeof message, MSG_NOSIGNAL) < 0 &&
           errno == EINTR) {
    }
}

void pbt__warden_add(int warden, pid_t pid)
{
    tell(warden, pid);
}

void pbt__warden_remove(int warden, pid_t pid)
{
    tell(warden, -pid);
}
