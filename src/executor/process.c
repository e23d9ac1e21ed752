/*
 * process.c: training by one process per segment.
 *
 * The slot's thread waits for three things at once: output, the process's end (a pidfd), and a word
 * that it is to stop (the slot's eventfd).
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/error.h"
#include "executor/child.h"
#include "executor/log.h"
#include "executor/output.h"
#include "executor/placeholders.h"
#include "executor/program.h"
#include "executor/slot.h"

enum { PIECE_SIZE = 64 * 1024, LEFT_OVER_MAXIMUM = 16 * 1024 * 1024 };

/* One process that runs. */
struct process {
    pbt__slot *slot;
    pbt__child child;
    int output; /* the reading end of its standard output; -1 at its end */
    pbt__output lines;
};

/* ---- running -----------------------------------------------------------------------------------
 */

/* Read what is there: how much, 0 where nothing is or ever will be. */
static size_t pump(struct process *process)
{
    char piece[PIECE_SIZE];
    const ssize_t count = read(process->output, piece, sizeof piece);
    if (count > 0) {
        pbt__log_bytes(process->slot->log, piece, (size_t)count);
        pbt__output_take(&process->lines, piece, (size_t)count);
        return (size_t)count;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        (void)close(process->output);
        process->output = -1;
    }
    return 0;
}

/* Wait until the process has ended; it is not reaped yet. */
static void wait_for_end(struct process *process)
{
    eventfd_t ignored;
    for (;;) {
        const int timeout = pbt__child_stop_where_due(&process->child);
        struct pollfd files[] = {
            {.fd = process->child.ended, .events = POLLIN},
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
    pbt__child_reap(&process->child);
    size_t total = 0, count = 1;
    while (process->output >= 0 && count > 0 && total < LEFT_OVER_MAXIMUM) {
        count = pump(process);
        total += count;
    }
    if (pbt__output_is_within_line(&process->lines)) {
        pbt__log_bytes(process->slot->log, "\n", 1);
    }
}

/* ---- starting ----------------------------------------------------------------------------------
 */

static pbt_err start(struct process *process, char *const *arguments, pbt_error *error)
{
    pbt__slot *slot = process->slot;
    const pbt__program *program = slot->local->runner_data;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return pbt__fail_errno(error, "cannot make a pipe");
    }
    const pbt__spawn_options options = {
        .arguments = arguments,
        .environment = pbt__program_environment(slot),
        .directory = program->directory,
        .output = ends[1],
        .errors = slot->log,
        .warden = slot->local->warden,
    };
    const pbt_err err = pbt__child_start(&process->child, slot, &options, error);
    (void)close(ends[1]);
    if (err != PBT_OK) {
        (void)close(ends[0]);
        return err;
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    process->output = ends[0];
    return PBT_OK;
}

/* ---- how it went -------------------------------------------------------------------------------
 */

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
    char words[256];
    const char *name = process->slot->local->spec->trainer.command[0];
    if (process->child.was_told) {
        out->ending = PBT__ENDING_RELEASE;
    } else if (pbt__child_describe(&process->child, name, words, sizeof words)) {
        pbt__outcome_fail(out, process->slot, "%s", words);
    } else {
        read_metrics(process, assignment, out);
    }
}

/* ---- one segment -------------------------------------------------------------------------------
 */

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
    .open = pbt__program_open,
    .close = pbt__program_close,
    .slot_open = pbt__program_slot_open,
    .slot_close = pbt__program_slot_close,
    .train = process_train,
    .can_be_killed = true,
};
