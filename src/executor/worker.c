/*
 * worker.c: training by long-lived processes that speak the worker protocol.
 *
 * The slot's thread starts the process, tells it where the server is, and waits for its end. What
 * it trains is between it and the server. While it lives its leases are renewed from here, for
 * native code may keep it from doing so itself; when it dies what it held has failed, and another
 * one is started after a pause that doubles with each death in a row. One that dies three times
 * without ever asking for a segment has nothing to wait for.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "executor/child.h"
#include "executor/log.h"
#include "executor/program.h"

enum {
    PAUSE_FIRST_MS = 100,
    PAUSE_MAXIMUM_MS = 30000,
    RENEW_MAXIMUM_MS = 5000,
    IDLE_DEATHS_MAXIMUM = 3,
    TAIL_SIZE = 4096,
};

/* One slot's worker, over its lives. */
struct life {
    pbt__slot *slot;
    char log_path[PBT__PATH_SIZE];
    int pause_ms;
    int64_t sequence; /* of the study's newest event when the process was started */
    int idle_deaths;  /* in a row, without any event meanwhile */
};

/* ---- waiting -----------------------------------------------------------------------------------
 */

static bool is_stopping(const pbt__slot *slot)
{
    return atomic_load(&slot->local->stopping) != PBT__STOPPING_NOT;
}

/* Sleep, unless told to stop. */
static void pause_for(pbt__slot *slot, int milliseconds)
{
    eventfd_t ignored;
    struct pollfd wake = {.fd = slot->wake, .events = POLLIN};
    if (!is_stopping(slot) && poll(&wake, 1, milliseconds) > 0) {
        (void)eventfd_read(slot->wake, &ignored);
    }
}

static int shorter(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int renew_ms(const pbt__slot *slot)
{
    const double third = slot->local->spec->lease_seconds * 1000 / 3;
    return third < RENEW_MAXIMUM_MS ? (int)third + 1 : RENEW_MAXIMUM_MS;
}

/* Wait for the process's end, renewing its leases; it is not reaped yet. */
static pbt_err wait_for_end(pbt__child *child)
{
    pbt__slot *slot = child->slot;
    eventfd_t ignored;
    pbt_err err = PBT_OK;
    int64_t renew_us = 0;
    for (;;) {
        const int64_t now_us = pbt__clock_monotonic_us();
        if (err == PBT_OK && now_us >= renew_us && !child->was_told) {
            renew_us = now_us + renew_ms(slot) * 1000LL;
            err = pbt__study_worker_lives(slot->local->study, slot->worker, &slot->error);
        }
        if (err != PBT_OK) {
            pbt__local_stop(slot->local, false);
        }
        struct pollfd files[] = {{.fd = child->ended, .events = POLLIN},
                                 {.fd = slot->wake, .events = POLLIN}};
        const int timeout = shorter(pbt__child_stop_where_due(child), renew_ms(slot));
        if (poll(files, 2, timeout) > 0 && files[0].revents != 0) {
            return err;
        }
        if (files[1].revents != 0) {
            (void)eventfd_read(slot->wake, &ignored);
        }
    }
}

/* ---- dying -------------------------------------------------------------------------------------
 */

/* Show a member's log where its worker's output ends; a study that breaks is explained from there.
 */
static void quote_log(const struct life *life, int32_t member, const char *words)
{
    char *tail = NULL;
    int log = -1;
    pbt_error error;
    const pbt__local *local = life->slot->local;
    if (pbt__log_open(local->log_folder, member < 0 ? 0 : member, &log, &error) != PBT_OK) {
        return;
    }
    if (pbt__log_tail(life->log_path, TAIL_SIZE, &tail, &error) == PBT_OK) {
        pbt__log_line(log, tail);
    }
    pbt__log_line(log, words);
    free(tail);
    (void)close(log);
}

static pbt_err break_study(struct life *life)
{
    pbt__slot *slot = life->slot;
    const pbt_err err = pbt__study_break(slot->local->study, &slot->error);
    if (err != PBT_OK) {
        return err;
    }
    pbt__summary summary;
    const pbt_err seen = pbt__study_summary(slot->local->study, &summary, &slot->error);
    if (seen != PBT_OK || summary.state != PBT__RUNNING) {
        return seen;
    }
    (void)pbt__fail(&slot->error, PBT_ERR_TRAINER,
                    "the trainer ended %d times without asking for a segment", life->idle_deaths);
    pbt__error_detail(&slot->error, "its output is in '%.480s'", life->log_path);
    return PBT_ERR_TRAINER;
}

/* What the process held has failed. */
static pbt_err mourn(struct life *life, const pbt__child *child, int64_t sequence)
{
    pbt__slot *slot = life->slot;
    pbt_segment_id held;
    char words[256];
    char message[PBT__PATH_SIZE + 300];
    const char *name = slot->local->spec->trainer.command[0];
    (void)pbt__child_describe(child, name, words, sizeof words);
    (void)snprintf(message, sizeof message, "%s; its log is %s", words, life->log_path);
    const pbt_err err =
        pbt__study_worker_failed(slot->local->study, slot->worker, message, &held, &slot->error);
    if (err != PBT_OK) {
        return err;
    }
    const bool is_idle = held.member < 0 && sequence == life->sequence;
    life->idle_deaths = is_idle ? life->idle_deaths + 1 : 0;
    quote_log(life, held.member, message);
    return life->idle_deaths >= IDLE_DEATHS_MAXIMUM ? break_study(life) : PBT_OK;
}

/* ---- living ------------------------------------------------------------------------------------
 */

static pbt_err start(const struct life *life, pbt__child *child)
{
    pbt__slot *slot = life->slot;
    const pbt__program *program = slot->local->runner_data;
    const int log = open(life->log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (log < 0) {
        return pbt__fail_errno(&slot->error, "cannot open the log '%s'", life->log_path);
    }
    const pbt__spawn_options options = {
        .arguments = slot->local->spec->trainer.command,
        .environment = pbt__program_environment(slot),
        .directory = program->directory,
        .output = log,
        .errors = log,
        .warden = slot->local->warden,
    };
    const pbt_err err = pbt__child_start(child, slot, &options, &slot->error);
    (void)close(log);
    return err;
}

static pbt_err live_once(struct life *life)
{
    pbt__slot *slot = life->slot;
    pbt__child child = {.slot = slot, .ended = -1};
    pbt__summary summary;
    pbt_err err = pbt__study_summary(slot->local->study, &summary, &slot->error);
    life->sequence = err == PBT_OK ? summary.last_sequence : 0;
    if (err == PBT_OK) {
        err = start(life, &child);
    }
    if (err != PBT_OK) {
        return err;
    }
    const int64_t began_us = pbt__clock_monotonic_us();
    err = wait_for_end(&child);
    pbt__child_reap(&child);
    if (err == PBT_OK) {
        err = pbt__study_summary(slot->local->study, &summary, &slot->error);
    }
    if (err != PBT_OK || is_stopping(slot) || summary.state != PBT__RUNNING) {
        return err;
    }
    const bool lived = pbt__clock_monotonic_us() - began_us > 1000LL * PAUSE_MAXIMUM_MS;
    life->pause_ms = lived ? PAUSE_FIRST_MS : life->pause_ms;
    err = mourn(life, &child, summary.last_sequence);
    if (err == PBT_OK) {
        pause_for(slot, life->pause_ms);
        life->pause_ms =
            2 * life->pause_ms < PAUSE_MAXIMUM_MS ? 2 * life->pause_ms : PAUSE_MAXIMUM_MS;
    }
    return err;
}

static pbt_err worker_run(pbt__slot *slot)
{
    struct life life = {.slot = slot, .pause_ms = PAUSE_FIRST_MS};
    char name[PBT__NAME_SIZE + 8];
    pbt__summary summary = {.state = PBT__RUNNING};
    (void)snprintf(name, sizeof name, "%s.log", slot->worker);
    pbt_err err = pbt__path_join(slot->local->log_folder, name, life.log_path, &slot->error);
    while (err == PBT_OK && !is_stopping(slot) && summary.state == PBT__RUNNING) {
        err = live_once(&life);
        if (err == PBT_OK) {
            err = pbt__study_summary(slot->local->study, &summary, &slot->error);
        }
    }
    return err;
}

static pbt_err worker_open(pbt__local *local, pbt_error *error)
{
    if (local->server_url == NULL || local->token == NULL) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "trainers of protocol 'worker' need a server");
    }
    return pbt__program_open(local, error);
}

const pbt__runner pbt__runner_worker = {
    .open = worker_open,
    .close = pbt__program_close,
    .slot_open = pbt__program_slot_open,
    .slot_close = pbt__program_slot_close,
    .run = worker_run,
    .can_be_killed = true,
};
