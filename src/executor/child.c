/* child.c: starting, stopping and reaping one process. */
#include "executor/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "executor/kin.h"
#include "executor/program.h"
#include "executor/warden.h"

/* Signal the process and all it started. */
static void signal_group(const pbt__child *child, int signal)
{
    if (kill(-child->pid, signal) != 0) {
        (void)kill(child->pid, signal);
    }
}

pbt_err pbt__child_start(pbt__child *child, pbt__slot *slot, const pbt__spawn_options *options,
                         pbt_error *error)
{
    *child = (pbt__child){.slot = slot, .ended = -1};
    pbt_err err = pbt__keeper_start(options, &child->keeper, &child->pid, error);
    if (err != PBT_OK) {
        return err;
    }
    child->ended = pidfd_open(child->pid, 0);
    if (child->ended < 0) {
        err = pbt__fail_errno(error, "cannot wait for a process");
        pbt__child_reap(child);
    }
    return err;
}

void pbt__child_tell(pbt__child *child)
{
    if (!child->was_told) {
        child->was_told = true;
        child->told_us = child->told_us != 0 ? child->told_us : pbt__clock_now_us();
        child->kill_us = pbt__clock_monotonic_us() + PBT__GRACE_US;
        signal_group(child, SIGTERM);
    }
}

void pbt__child_kill(pbt__child *child)
{
    child->was_told = true;
    child->kill_us = 0;
    signal_group(child, SIGKILL);
}

int pbt__child_stop_where_due(pbt__child *child)
{
    if (atomic_load(&child->slot->local->stopping) == PBT__STOPPING_NOW) {
        pbt__child_kill(child);
        return -1;
    }
    if (pbt__slot_is_stopping(child->slot)) {
        pbt__child_tell(child);
    }
    if (child->kill_us == 0) {
        return -1;
    }
    const int64_t now_us = pbt__clock_monotonic_us();
    if (now_us >= child->kill_us) {
        pbt__child_kill(child);
        return -1;
    }
    return (int)((child->kill_us - now_us) / 1000) + 1;
}

static int shorter(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

int pbt__child_wait(pbt__child *child, int output, int milliseconds)
{
    eventfd_t ignored;
    struct pollfd files[] = {{.fd = child->has_status ? -1 : child->ended, .events = POLLIN},
                             {.fd = output, .events = POLLIN},
                             {.fd = child->slot->wake, .events = POLLIN}};
    const int due = pbt__child_stop_where_due(child);
    const bool is_over = child->has_status && due < 0; /* what is left was killed just now */
    if (is_over || poll(files, 3, shorter(due, milliseconds)) <= 0) {
        return 0;
    }
    if (files[2].revents != 0) {
        (void)eventfd_read(child->slot->wake, &ignored);
    }
    return (files[0].revents != 0 ? PBT__CHILD_ENDED : 0) |
           (files[1].revents != 0 ? PBT__CHILD_SPEAKS : 0);
}

/* ---- after its end -----------------------------------------------------------------------------
 */

void pbt__child_peek(pbt__child *child)
{
    if (!child->has_status) {
        child->has_status = true;
        child->status = pbt__keeper_status(&child->keeper);
        child->told_us = child->told_us != 0 ? child->told_us : pbt__clock_now_us();
    }
}

/* A signal that was received but not yet passed on to the slots also explains an end. */
static bool is_interrupted(const pbt__child *child)
{
    const pbt__local *local = child->slot->local;
    return local->is_interrupted != NULL && local->is_interrupted();
}

bool pbt__child_hold(pbt__child *child, int64_t hold_us)
{
    enum { LOOK_US = 50000 };
    const int64_t until_us = pbt__clock_monotonic_us() + hold_us;
    for (;;) {
        eventfd_t ignored;
        (void)pbt__child_stop_where_due(child);
        const int64_t left_us = until_us - pbt__clock_monotonic_us();
        if (child->was_told || (left_us <= 0 && !is_interrupted(child))) {
            return child->was_told;
        }
        struct pollfd wake = {.fd = child->slot->wake, .events = POLLIN};
        if (poll(&wake, 1, (int)((left_us > 0 ? left_us : LOOK_US) / 1000) + 1) > 0) {
            (void)eventfd_read(child->slot->wake, &ignored);
        }
    }
}

bool pbt__child_was_stopped(const pbt__child *child)
{
    enum { SHELL = 128 }; /* what a shell adds to the signal that its program died of */
    const int status = child->status;
    const int code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) - SHELL;
    return code == SIGTERM || code == SIGINT || code == SIGHUP;
}

/* Forget the keepers that have nothing left to keep. */
static void drop_ended(pbt__local *local)
{
    size_t kept = 0;
    for (size_t i = 0; i < local->keeper_count; i++) {
        if (!pbt__keeper_has_ended(&local->keepers[i])) {
            local->keepers[kept++] = local->keepers[i];
        }
    }
    local->keeper_count = kept;
}

/* Take over a keeper that stays, until the slots have ended. */
static void keep(pbt__local *local, pbt__keeper *keeper)
{
    pthread_mutex_lock(&local->mutex);
    drop_ended(local);
    pbt__keeper *list =
        pbt__realloc(local->keepers, local->keeper_count + 1, sizeof *local->keepers);
    if (list != NULL) {
        local->keepers = list;
        list[local->keeper_count++] = *keeper;
    }
    pthread_mutex_unlock(&local->mutex);
    if (list == NULL) {
        pbt__keeper_close(keeper); /* what it holds dies earlier than it might */
    }
}

void pbt__child_reap(pbt__child *child)
{
    /* Its keeper has not reaped it, so no other group has its number. */
    signal_group(child, SIGKILL);
    pbt__warden_remove(child->slot->local->warden, child->pid);
    pbt__child_peek(child);
    const bool is_well = !child->was_told && child->status == 0;
    if (!is_well) {
        (void)pbt__kin_kill(pbt__program_mark(child->slot));
    }
    if (pbt__keeper_end(&child->keeper, !is_well)) {
        keep(child->slot->local, &child->keeper);
    }
    if (child->ended >= 0) {
        (void)close(child->ended);
        child->ended = -1;
    }
}

bool pbt__child_describe(const pbt__child *child, const char *name, char *out, size_t size)
{
    const int status = child->status;
    if (WIFSIGNALED(status)) {
        (void)snprintf(out, size, "'%s' was killed by signal %d (%s)", name, WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
        return true;
    }
    (void)snprintf(out, size, "'%s' exited with status %d", name, WEXITSTATUS(status));
    return WEXITSTATUS(status) != 0;
}
