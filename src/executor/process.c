/*
 * process.c: training by one process per segment.
 *
 * The slot's thread waits for three things at once: output, the process's end (a pidfd), and a word that it
 * is to stop (the slot's eventfd). To stop is SIGTERM to the process's group and, 10 seconds later,
 * SIGKILL; `now` is SIGKILL at once. When the process has ended its group is killed: what it left running
 * would hold the output open and write where the next attempt writes.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "executor/log.h"
#include "executor/output.h"
#include "executor/placeholders.h"
#include "executor/slot.h"
#include "executor/spawn.h"
#include "executor/warden.h"

enum { GRACE_US = 10000000, PIECE_SIZE = 64 * 1024, LEFT_OVER_MAXIMUM = 16 * 1024 * 1024 };

/* local->runner_data. */
struct program {
    char **environment;
    char directory[PBT__PATH_SIZE];
};

/* One process that runs. */
struct process {
    pbt__slot *slot;
    pid_t pid;
    int ended;  /* pidfd: readable when the process has ended */
    int output; /* the reading end of its standard output; -1 at its end */
    bool was_told;
    int64_t kill_us; /* monotonic; 0: not yet to be killed */
    int status;      /* as waitpid says, at the end */
    pbt__output lines;
};

/* ---- before and after all ---------------------------------------------------------------------- */

static pbt_err process_open(pbt__local *local, pbt_error *error)
{
    const pbt__trainer_spec *trainer = &local->spec->trainer;
    struct program *program = pbt__calloc(1, sizeof *program);
    if (program == NULL) {
        return pbt__fail_memory(error);
    }
    local->runner_data = program;
    pbt_err err =
        pbt__path_join(local->spec->folder, trainer->directory, program->directory, error);
    if (err != PBT_OK) {
        return err;
    }
    program->environment = pbt__environment_new(environ, trainer->environment, local->thread_count);
    if (program->environment == NULL) {
        return pbt__fail_memory(error);
    }
    const char *name = trainer->command[0];
    if (strchr(name, '{') == NULL &&
        !pbt__spawn_can_find(name, program->directory,
                             pbt__environment_get(program->environment, "PATH"))) {
        (void)pbt__fail(error, PBT_ERR_TRAINER, "there is no program '%s' that can be run", name);
        pbt__error_detail(error, "looked from the folder '%s'", program->directory);
        pbt__error_hint(error, "is it there, and is it executable (chmod +x)?");
        return PBT_ERR_TRAINER;
    }
    return PBT_OK;
}

static void process_close(pbt__local *local)
{
    struct program *program = local->runner_data;
    if (program != NULL) {
        free(program->environment);
    }
    free(program);
}

/* The warden is started with the first slot, when their number is known. */
static pbt_err process_slot_open(pbt__slot *slot, pbt_error *error)
{
    pbt__local *local = slot->local;
    return local->warden < 0 ? pbt__warden_open(local->slot_count, &local->warden, error) : PBT_OK;
}

static void process_slot_close(pbt__slot *slot)
{
    (void)slot;
}

/* ---- running ----------------------------------------------------------------------------------- */

static void write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t count = write(file, bytes, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return;
        }
        bytes += count;
        length -= (size_t)count;
    }
}

/* Read what is there: how much, 0 where nothing is or ever will be. */
static size_t pump(struct process *process)
{
    char piece[PIECE_SIZE];
    const ssize_t count = read(process->output, piece, sizeof piece);
    if (count > 0) {
        write_all(process->slot->log, piece, (size_t)count);
        pbt__output_take(&process->lines, piece, (size_t)count);
        return (size_t)count;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        (void)close(process->output);
        process->output = -1;
    }
    return 0;
}

/* Signal the process and all it started. */
static void signal_group(const struct process *process, int signal)
{
    if (kill(-process->pid, signal) != 0) {
        (void)kill(process->pid, signal);
    }
}

/* Do what is due about stopping. Returns how long to wait for anything, in milliseconds; -1: for ever. */
static int stop_where_due(struct process *process)
{
    pbt__slot *slot = process->slot;
    const int64_t now_us = pbt__clock_monotonic_us();
    if (atomic_load(&slot->local->stopping) == PBT__STOPPING_NOW) {
        process->was_told = true;
        signal_group(process, SIGKILL);
        return -1;
    }
    if (pbt__slot_is_stopping(slot) && !process->was_told) {
        process->was_told = true;
        process->kill_us = now_us + GRACE_US;
        signal_group(process, SIGTERM);
    }
    if (process->kill_us == 0) {
        return -1;
    }
    if (now_us >= process->kill_us) {
        process->kill_us = 0;
        signal_group(process, SIGKILL);
        return -1;
    }
    return (int)((process->kill_us - now_us) / 1000) + 1;
}

/* Wait until the process has ended; it is not reaped yet. */
static void wait_for_end(struct process *process)
{
    eventfd_t ignored;
    for (;;) {
        const int timeout = stop_where_due(process);
        struct pollfd files[] = {
            {.fd = process->ended, .events = POLLIN},
            {.fd = process->output, .events = POLLIN},
            {.fd = process->slot->wake, .events = POLLIN},
        };
        if (poll(files, 3, timeout) < 0) {
            continue;
        }
        if (files[0].revents != 0) {
            return;
        }
        if (files[1].revents != 0) {
            (void)pump(process);
        }
        if (files[2].revents != 0) {
            (void)eventfd_read(process->slot->wake, &ignored);
        }
    }
}

static void reap(struct process *process)
{
    /* Not reaped, its number cannot be another group's. */
    signal_group(process, SIGKILL);
    pbt__warden_remove(process->slot->local->warden, process->pid);
    while (waitpid(process->pid, &process->status, 0) < 0 && errno == EINTR) {
    }
    size_t total = 0, count = 1;
    while (process->output >= 0 && count > 0 && total < LEFT_OVER_MAXIMUM) {
        count = pump(process);
        total += count;
    }
    if (pbt__output_is_within_line(&process->lines)) {
        write_all(process->slot->log, "\n", 1);
    }
}

/* ---- starting ---------------------------------------------------------------------------------- */

static pbt_err start(struct process *process, char *const *arguments, pbt_error *error)
{
    const pbt__slot *slot = process->slot;
    const struct program *program = slot->local->runner_data;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return pbt__fail_errno(error, "cannot make a pipe");
    }
    const pbt__spawn_options options = {
        .arguments = arguments,
        .environment = program->environment,
        .directory = program->directory,
        .output = ends[1],
        .errors = slot->log,
        .warden = slot->local->warden,
    };
    pbt_err err = pbt__spawn(&options, &process->pid, error);
    (void)close(ends[1]);
    if (err != PBT_OK) {
        (void)close(ends[0]);
        return err;
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    process->output = ends[0];
    process->ended = pidfd_open(process->pid, 0);
    if (process->ended < 0) {
        err = pbt__fail_errno(error, "cannot wait for a process");
        reap(process);
    }
    return err;
}

/* ---- how it went ------------------------------------------------------------------------------- */

static void read_metrics(struct process *process, const pbt__assignment *assignment,
                         pbt__outcome *out)
{
    pbt__slot *slot = process->slot;
    const pbt__text *last = pbt__output_last(&process->lines);
    if (last->failed) {
        pbt__outcome_fail(out, slot, "the last line of its output is longer than %d bytes",
                          PBT__OUTPUT_LINE_MAXIMUM);
        return;
    }
    if (last->length == 0) {
        pbt__outcome_fail(out, slot,
                          "the trainer printed nothing: its last line must be a JSON "
                          "object with '%s'",
                          slot->local->metric);
        return;
    }
    const pbt_err err = pbt__metrics_read(&slot->metrics, pbt__text_string(last), last->length,
                                          slot->local->metric, &slot->error);
    if (err != PBT_OK) {
        pbt__outcome_fail(out, slot, "%s: %s", slot->error.message, slot->error.detail);
        return;
    }
    out->is_saved = pbt__outcome_report(out, slot, assignment->segment.end_step);
}

static void judge(struct process *process, const pbt__assignment *assignment, pbt__outcome *out)
{
    const char *name = process->slot->local->spec->trainer.command[0];
    const int status = process->status;
    if (process->was_told) {
        out->ending = PBT__ENDING_RELEASE;
    } else if (WIFSIGNALED(status)) {
        pbt__outcome_fail(out, process->slot, "'%s' was killed by signal %d (%s)", name,
                          WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else if (WEXITSTATUS(status) != 0) {
        pbt__outcome_fail(out, process->slot, "'%s' exited with status %d", name,
                          WEXITSTATUS(status));
    } else {
        read_metrics(process, assignment, out);
    }
}

/* ---- one segment ------------------------------------------------------------------------------- */

/* A checkpoint inside the store becomes a file beside `save_to`, to be loaded from there. */
static pbt_err write_inline(pbt__slot *slot, pbt__assignment *assignment)
{
    void *bytes = NULL;
    size_t length = 0;
    pbt_err err =
        pbt__study_blob(slot->local->study, assignment->load_from, &bytes, &length, &slot->error);
    if (err != PBT_OK) {
        return err;
    }
    const int wanted =
        snprintf(assignment->load, sizeof assignment->load, "%s.load", assignment->save_to);
    err = wanted < 0 || (size_t)wanted >= sizeof assignment->load
              ? pbt__fail(&slot->error, PBT_ERR_LIMIT, "'%s' is too long", assignment->save_to)
              : pbt__file_write(assignment->load, bytes, length, &slot->error);
    free(bytes);
    return err;
}

static pbt_err run(pbt__slot *slot, const pbt__assignment *assignment, pbt__outcome *out)
{
    char **arguments = NULL;
    struct process process = {
        .slot = slot,
        .ended = -1,
        .output = -1,
        .lines = pbt__output_init(),
    };
    pbt_err err =
        pbt__placeholders_fill(slot->local->spec->trainer.command, &slot->local->spec->search.space,
                               assignment, &arguments, &slot->error);
    if (err == PBT_OK) {
        err = start(&process, arguments, &slot->error);
    }
    free(arguments);
    if (err == PBT_OK) {
        wait_for_end(&process);
        reap(&process);
        judge(&process, assignment, out);
    }
    if (process.ended >= 0) {
        (void)close(process.ended);
    }
    if (process.output >= 0) {
        (void)close(process.output);
    }
    pbt__output_fini(&process.lines);
    return err;
}

static void process_train(pbt__slot *slot, const pbt__assignment *assignment, pbt__outcome *out)
{
    pbt__assignment own = *assignment;
    const bool is_inline = !own.is_fresh && own.load_kind == PBT__CHECKPOINT_INLINE;
    pbt_err err = is_inline ? write_inline(slot, &own) : PBT_OK;
    if (err == PBT_OK) {
        err = run(slot, &own, out);
    }
    if (is_inline && unlink(own.load) != 0 && errno != ENOENT) {
        pbt__log_line(slot->log, "pbt: cannot remove the checkpoint's copy; it is swept later");
    }
    if (err != PBT_OK) {
        pbt__outcome_fail(out, slot, "%s: %s", slot->error.message, slot->error.detail);
    }
}

const pbt__runner pbt__runner_process = {
    .open = process_open,
    .close = process_close,
    .slot_open = process_slot_open,
    .slot_close = process_slot_close,
    .train = process_train,
    .can_be_killed = true,
};
