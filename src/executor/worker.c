/*
 * worker.c: training by long-lived processes that speak the worker protocol.
 *
 * The slot's thread starts the process, tells it where the server is, passes on what it prints
 * (relay.h) and waits for its end. It gets its segments from the server. While it lives its leases
 * are renewed from here, because native code may block its own thread. When it dies its segment has
 * failed, and another process is started after a pause that doubles with each death in a row
 * without a report. One that dies three times without ever asking for a segment has nothing to wait
 * for. A death of TERM, INT or HUP gives the segment back, a few times in a row (child.h).
 *
 * A process is ended if it is no longer needed: it was told to stop, its study is over and it
 * stays, or its segment was given up because its step stood still. An end on purpose is no failure.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "executor/child.h"
#include "executor/log.h"
#include "executor/program.h"
#include "executor/relay.h"

enum {
    PAUSE_FIRST_MS = 100,
    PAUSE_MAXIMUM_MS = 30000,
    LOOK_MAXIMUM_MS = 5000,
    IDLE_DEATHS_MAXIMUM = 3,
    STALLED_LOOKS = 2,
    TAIL_SIZE = 4096,
};

/* One slot's worker, over its lives. */
struct life {
    pbt__slot *slot;
    pbt__child child;
    int pause_ms;
    bool is_started;
    int64_t sequence; /* of the study's newest event when the process was started */
    int idle_deaths;  /* in a row, without any event meanwhile */
    int stalled;      /* looks in a row at which what it trains was not its own any more */
    off_t log_size;   /* of what the lives before it have printed outside of any segment */
    int64_t over_us;  /* monotonic: since when the study is known to be over; 0: it is not */
};

/* ---- waiting --------------------------------------------------------------------------------- */

static bool is_stopping(const pbt__slot *slot)
{
    return atomic_load(&slot->local->stopping) != PBT__STOPPING_NOT;
}

/* Say how the study stands; of whom lives here, also what it holds, renewed. */
static pbt_err look_at(pbt__slot *slot, const char *worker, pbt__outlook *out)
{
    pbt__desk *desk = slot->local->desk;
    return desk->ops->look(desk, worker, out, &slot->error);
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

/* How long from look to look. */
static int look_ms(const pbt__slot *slot)
{
    const double third = pbt__spec_silence_seconds(slot->local->spec) * 1000 / 3;
    return third < LOOK_MAXIMUM_MS ? (int)third + 1 : LOOK_MAXIMUM_MS;
}

/* Its segment was given up because its step stands still, and it has not noticed: it hangs. The
 * relay is turned a moment after the study has changed, so one look is not enough. */
static void see_stall(struct life *life, pbt_segment_id trained, pbt_segment_id held)
{
    pbt__relay *relay = life->slot->relay;
    const pbt_segment_id now = pbt__relay_segment(relay);
    const bool is_same = now.member == trained.member && now.number == trained.number;
    const bool is_stalled = trained.member >= 0 && held.member < 0 && is_same;
    life->stalled = is_stalled ? life->stalled + 1 : 0;
    if (life->stalled == STALLED_LOOKS) {
        pbt__relay_line(relay, "pbt: the segment was given up, for its step stood still; the "
                               "trainer is killed");
        pbt__child_kill(&life->child);
    }
}

/* Once the study is over, a worker may take its time to end, but not for ever. */
static void see_end(struct life *life, const pbt__outlook *outlook)
{
    const int64_t now_us = pbt__clock_monotonic_us();
    if (outlook->is_running) {
        life->over_us = 0;
    } else if (life->over_us == 0) {
        life->over_us = now_us;
    } else if (now_us - life->over_us > PBT__GRACE_US) {
        pbt__child_tell(&life->child);
    }
}

static pbt_err look(struct life *life)
{
    pbt__slot *slot = life->slot;
    pbt__outlook outlook;
    const pbt_segment_id trained = pbt__relay_segment(slot->relay);
    const pbt_err err = look_at(slot, slot->worker, &outlook);
    if (err == PBT_OK) {
        see_end(life, &outlook);
        see_stall(life, trained, outlook.held);
    }
    return err;
}

/* Wait until something is printed, or due. Returns whether the process has ended. */
static bool wait_a_while(struct life *life, int milliseconds)
{
    pbt__relay *relay = life->slot->relay;
    const int found = pbt__child_wait(&life->child, pbt__relay_input(relay), milliseconds);
    if ((found & PBT__CHILD_SPEAKS) != 0) {
        (void)pbt__relay_pump(relay);
    }
    return (found & PBT__CHILD_ENDED) != 0;
}

/* Wait for the process's end; it is not reaped yet. */
static pbt_err wait_for_end(struct life *life)
{
    pbt__slot *slot = life->slot;
    pbt_err err = PBT_OK;
    int64_t look_us = 0;
    do {
        const int64_t now_us = pbt__clock_monotonic_us();
        if (err == PBT_OK && now_us >= look_us && !life->child.was_told) {
            look_us = now_us + look_ms(slot) * 1000LL;
            err = look(life);
        }
        if (err != PBT_OK) {
            pbt__local_stop(slot->local, false);
        }
    } while (!wait_a_while(life, look_ms(slot)));
    return err;
}

/* The ended process may have been a launcher, such as a shell. Its children were told to stop too,
 * may be saving their progress, and hold our pipe until they are done or the grace ends. */
static void wait_for_rest(struct life *life)
{
    pbt__relay *relay = life->slot->relay;
    pbt__child_peek(&life->child);
    while (life->child.kill_us != 0 && pbt__relay_input(relay) >= 0 &&
           pbt__child_stop_where_due(&life->child) >= 0) {
        (void)pbt__child_wait(&life->child, pbt__relay_input(relay), -1);
        (void)pbt__relay_pump(relay);
    }
}

/* Words for how it ended. Returns whether it failed. */
static bool describe(const struct life *life, char *out, size_t size)
{
    return pbt__child_describe(&life->child, life->slot->local->spec->trainer.command[0], out,
                               size);
}

/* It died of a stop from outside: its segment is given back, unless that happens to this member
 * again and again. */
static pbt_err forgive(struct life *life)
{
    char words[256], line[sizeof words + 64];
    pbt__slot *slot = life->slot;
    pbt__outlook outlook;
    const pbt_err err = look_at(slot, slot->worker, &outlook);
    const int32_t member = err == PBT_OK ? outlook.held.member : -1;
    if (member < 0 || !pbt__slot_forgives(slot, member)) {
        return err;
    }
    (void)describe(life, words, sizeof words);
    (void)snprintf(line, sizeof line, "pbt: %s; the segment is given back", words);
    pbt__relay_line(slot->relay, line);
    pbt__child_tell(&life->child);
    return PBT_OK;
}

/* It has ended without an order: wait for a stop that explains it. */
static pbt_err hold(struct life *life)
{
    pbt__slot *slot = life->slot;
    pbt__outlook outlook;
    pbt__child_peek(&life->child);
    const pbt_err err = look_at(slot, NULL, &outlook);
    if (err != PBT_OK || !outlook.is_running) {
        return err;
    }
    const bool is_told = pbt__child_hold(&life->child, PBT__HOLD_US);
    return !is_told && pbt__child_was_stopped(&life->child) ? forgive(life) : PBT_OK;
}

/* ---- dying ----------------------------------------------------------------------------------- */

static off_t own_log_size(const pbt__slot *slot)
{
    struct stat status;
    return stat(pbt__relay_own_path(slot->relay), &status) == 0 ? status.st_size : 0;
}

/* Show in member 0's log what its worker's last life has printed: a study that breaks before
 * anything was trained is explained from there, once. */
static void quote_log(const struct life *life)
{
    const pbt__slot *slot = life->slot;
    const off_t printed = own_log_size(slot) - life->log_size;
    const size_t size = printed < TAIL_SIZE ? (size_t)printed : TAIL_SIZE;
    char border[PBT__NAME_SIZE + 64];
    char *tail = NULL;
    int log = -1;
    if (atomic_exchange(&slot->local->has_quoted, true) ||
        pbt__log_open(slot->local->log_folder, 0, &log, NULL) != PBT_OK) {
        return;
    }
    (void)snprintf(border, sizeof border, "--- %s ended before it asked for a segment",
                   slot->worker);
    pbt__log_line(log, border);
    if (pbt__log_tail(pbt__relay_own_path(slot->relay), size, &tail, NULL) == PBT_OK) {
        pbt__log_bytes(log, tail, strlen(tail));
    }
    free(tail);
    (void)close(log);
}

/* No process can be had here that trains: wait until one can. */
static pbt_err wait_until(pbt__slot *slot, const pbt_error *why)
{
    pbt__desk *desk = slot->local->desk;
    return desk->ops->hinder(desk, &slot->who, NULL, why, NULL, &slot->error);
}

static pbt_err break_study(struct life *life)
{
    pbt__slot *slot = life->slot;
    pbt__desk *desk = slot->local->desk;
    pbt__outlook outlook;
    pbt_err err = desk->ops->break_off != NULL ? desk->ops->break_off(desk, &slot->error) : PBT_OK;
    if (err == PBT_OK) {
        err = look_at(slot, NULL, &outlook);
    }
    if (err == PBT_OK && !outlook.is_running) {
        quote_log(life);
    }
    if (err != PBT_OK || !outlook.is_running) {
        return err;
    }
    pbt_error why;
    (void)pbt__fail(&why, PBT_ERR_TRAINER,
                    "the trainer ended %d times without asking for a segment", life->idle_deaths);
    pbt__error_detail(&why, "its output is in '%.480s'", pbt__relay_own_path(slot->relay));
    return wait_until(slot, &why);
}

/* Its process could not be started. If the study has reports, or pbt reached a system limit, wait;
 * the run ends after its patience. */
static pbt_err wait_out(const struct life *life, pbt_err err)
{
    pbt__slot *slot = life->slot;
    pbt__outlook outlook;
    const pbt_error why = slot->error;
    const bool is_program = err == PBT_ERR_TRAINER;
    if (!is_program && err != PBT_ERR_IO && err != PBT_ERR_RESOURCE) {
        return err;
    }
    const pbt_err seen = look_at(slot, NULL, &outlook);
    if (seen != PBT_OK) {
        return seen;
    }
    if (is_program && outlook.is_untouched) {
        slot->error = why;
        return err;
    }
    return wait_until(slot, &why);
}

/* What the process held has failed. */
static pbt_err mourn(struct life *life, int64_t sequence)
{
    pbt__slot *slot = life->slot;
    pbt__desk *desk = slot->local->desk;
    pbt_segment_id held;
    char words[256], log_path[PBT__PATH_SIZE];
    char message[PBT__PATH_SIZE + 300];
    const bool has_failed = describe(life, words, sizeof words);
    pbt__relay_log_path(slot->relay, log_path);
    const bool is_early = !has_failed && pbt__relay_segment(slot->relay).member >= 0;
    (void)snprintf(message, sizeof message, "%s%s; its log is %s", words,
                   is_early ? " within a segment" : "", log_path);
    const pbt_err err = desk->ops->bury(desk, slot->worker, message, &held, &slot->error);
    if (err != PBT_OK) {
        return err;
    }
    const bool is_idle = held.member < 0 && sequence == life->sequence;
    (void)snprintf(message, sizeof message, "pbt: %s%s", words,
                   is_idle && !has_failed ? "; " PBT__LOG_IDLE_HINT : "");
    pbt__relay_line(slot->relay, message);
    pbt__relay_turn(slot->relay, NULL, NULL);
    life->idle_deaths = is_idle ? life->idle_deaths + 1 : 0;
    return life->idle_deaths >= IDLE_DEATHS_MAXIMUM ? break_study(life) : PBT_OK;
}

/* ---- living ---------------------------------------------------------------------------------- */

static pbt_err start(struct life *life)
{
    pbt__slot *slot = life->slot;
    const pbt__program *program = slot->local->program;
    int output = -1;
    pbt_err err = pbt__relay_open(slot->relay, &output, &slot->error);
    if (err != PBT_OK) {
        return err;
    }
    const pbt__spawn_options options = {
        .arguments = slot->local->spec->trainer.command,
        .environment = pbt__program_environment(slot),
        .directory = program->directory,
        .output = output,
        .errors = output,
        .warden = slot->local->warden,
    };
    err = pbt__child_start(&life->child, slot, &options, &slot->error);
    (void)close(output);
    return err;
}

/* Start a process, and see it to its end. */
static pbt_err run(struct life *life)
{
    pbt_err err = start(life);
    life->is_started = err == PBT_OK;
    if (life->is_started) {
        err = wait_for_end(life);
        if (err == PBT_OK && !life->child.was_told) {
            err = hold(life);
        }
        wait_for_rest(life);
        pbt__child_reap(&life->child);
    }
    pbt__relay_close(life->slot->relay);
    return life->is_started ? err : wait_out(life, err);
}

/* What was ended on purpose gives back what it held. */
static pbt_err bury(struct life *life)
{
    pbt__slot *slot = life->slot;
    pbt__desk *desk = slot->local->desk;
    pbt_segment_id held;
    pbt__relay_turn(slot->relay, NULL, NULL);
    return desk->ops->bury(desk, slot->worker, NULL, &held, &slot->error);
}

/* The pause is short again after a worker that reported, or lived long. */
static void pause_before_next(struct life *life, int64_t began_us)
{
    const int64_t lived_us = pbt__clock_monotonic_us() - began_us;
    if (atomic_load(&life->slot->has_reported) || lived_us > 1000LL * PAUSE_MAXIMUM_MS) {
        life->pause_ms = PAUSE_FIRST_MS;
    }
    pause_for(life->slot, life->pause_ms);
    life->pause_ms = 2 * life->pause_ms < PAUSE_MAXIMUM_MS ? 2 * life->pause_ms : PAUSE_MAXIMUM_MS;
}

static pbt_err live_once(struct life *life)
{
    pbt__slot *slot = life->slot;
    pbt__outlook outlook;
    pbt_err err = look_at(slot, NULL, &outlook);
    const int64_t began_us = pbt__clock_monotonic_us();
    life->sequence = err == PBT_OK ? outlook.sequence : 0;
    life->log_size = own_log_size(slot);
    life->stalled = 0;
    life->over_us = 0;
    atomic_store(&slot->has_reported, false);
    if (err == PBT_OK) {
        err = run(life);
    }
    if (err == PBT_OK) {
        err = look_at(slot, NULL, &outlook);
    }
    if (err == PBT_OK && life->is_started && life->child.was_told) {
        err = bury(life);
    } else if (err == PBT_OK && life->is_started && outlook.is_running) {
        err = mourn(life, outlook.sequence);
    }
    if (err == PBT_OK && outlook.is_running) {
        pause_before_next(life, began_us);
    }
    return err;
}

static pbt_err worker_run(pbt__slot *slot)
{
    struct life life = {.slot = slot, .pause_ms = PAUSE_FIRST_MS};
    pbt__outlook outlook = {.is_running = true};
    pbt_err err = PBT_OK;
    while (err == PBT_OK && !is_stopping(slot) && outlook.is_running) {
        err = live_once(&life);
        if (err == PBT_OK) {
            err = look_at(slot, NULL, &outlook);
        }
    }
    return err;
}

/* ---- before and after ------------------------------------------------------------------------ */

static pbt_err worker_open(pbt__local *local, pbt_error *error)
{
    if (local->server_url == NULL || local->token == NULL) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "trainers of protocol 'worker' need a server");
    }
    return pbt__program_open(local, error);
}

static pbt_err worker_slot_open(pbt__slot *slot, pbt_error *error)
{
    const pbt__local *local = slot->local;
    const pbt_err err = pbt__relay_new(local->log_folder, slot->worker, &local->spec->search.space,
                                       &slot->relay, error);
    return err == PBT_OK ? pbt__program_slot_open(slot, error) : err;
}

static void worker_slot_close(pbt__slot *slot)
{
    pbt__relay_free(slot->relay);
    pbt__program_slot_close(slot);
}

static void note_report(pbt__slot *slot)
{
    const pbt_segment_id reported = pbt__relay_segment(slot->relay);
    atomic_store(&slot->has_reported, true);
    if (reported.member >= 0) {
        pbt__slot_forget_stops(slot, reported.member);
    }
}

static void worker_told(void *context, const pbt__notice *notice)
{
    const pbt__local *local = context;
    for (int32_t i = 0; i < local->slot_count; i++) {
        pbt__slot *slot = &local->slots[i];
        if (strcmp(slot->worker, notice->worker) == 0) {
            if (notice->has_reported) {
                note_report(slot);
            }
            pbt__relay_turn(slot->relay, notice->failure, notice->train);
            return;
        }
    }
}

const pbt__runner pbt__runner_worker = {
    .open = worker_open,
    .close = pbt__program_close,
    .slot_open = worker_slot_open,
    .slot_close = worker_slot_close,
    .run = worker_run,
    .told = worker_told,
    .can_be_killed = true,
};
