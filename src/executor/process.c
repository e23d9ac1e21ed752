/*
 * process.c: training by one process per segment.
 *
 * The slot's thread waits for three things at once: output, the process's end (a pidfd), and an
 * order to stop (the slot's eventfd).
 *
 * A program that is told to stop, by pbt or by somebody else, may save what it has at `save_to` and
 * say in its last line how far it came ("step"): the segment is given back with that progress, and
 * gone on with from there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
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
    int output;       /* the reading end of its standard output; -1 at its end */
    int64_t began_us; /* monotonic */
    pbt__output lines;
};

/* ---- running --------------------------------------------------------------------------------- */

/* Read what is there: how much, 0 if nothing is or ever will be. */
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
    int found = 0;
    while ((found & PBT__CHILD_ENDED) == 0) {
        found = pbt__child_wait(&process->child, process->output, -1);
        if (found == PBT__CHILD_SPEAKS) {
            (void)pump(process);
        }
    }
}

/* Take in what has been printed before the end. */
static void drain(struct process *process)
{
    size_t total = 0, count = 1;
    while (process->output >= 0 && count > 0 && total < LEFT_OVER_MAXIMUM) {
        count = pump(process);
        total += count;
    }
    if (pbt__output_is_within_line(&process->lines)) {
        pbt__log_bytes(process->slot->log, "\n", 1);
    }
}

/* A stopped process may have been a launcher, such as a shell. Its children are told to stop too,
 * may be saving, and hold our pipe until they are done or the grace ends. */
static void wait_for_rest(struct process *process)
{
    while (process->output >= 0 && pbt__child_stop_where_due(&process->child) >= 0) {
        (void)pbt__child_wait(&process->child, process->output, -1);
        (void)pump(process);
    }
}

static void reap(struct process *process)
{
    pbt__child_reap(&process->child);
    drain(process);
}

/* ---- starting -------------------------------------------------------------------------------- */

static pbt_err start(struct process *process, char *const *arguments, pbt_error *error)
{
    pbt__slot *slot = process->slot;
    const pbt__program *program = slot->local->program;
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
    process->began_us = pbt__clock_monotonic_us();
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

/* ---- how it went ----------------------------------------------------------------------------- */

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
        out->is_certain = true;
        return;
    }
    const pbt_err err = pbt__metrics_read(&slot->metrics, pbt__text_string(last), last->length,
                                          slot->local->metric, &slot->error);
    if (err != PBT_OK) {
        pbt__outcome_fail_as(out, slot);
        return;
    }
    out->is_saved = pbt__outcome_report(out, slot, assignment->segment.end_step);
}

static bool is_saved(const pbt__assignment *assignment)
{
    struct stat status;
    return lstat(assignment->save_to, &status) == 0;
}

/* The step in its last line, saved at `save_to`; -1: none. If the objective has that name, it is
 * not a step. */
static int64_t said_step(struct process *process, const pbt__assignment *assignment)
{
    static const char NAME[] = "step";
    pbt__slot *slot = process->slot;
    const pbt__text *last = pbt__output_last(&process->lines);
    double step = -1;
    if (last->failed || last->length == 0 || strcmp(slot->local->metric, NAME) == 0 ||
        !is_saved(assignment)) {
        return -1;
    }
    /* The objective may be missing, because a stopped program may not have evaluated. */
    (void)!pbt__metrics_read(&slot->metrics, pbt__text_string(last), last->length,
                             slot->local->metric, &slot->error);
    if (!pbt__metrics_value(&slot->metrics, NAME, &step) || !(step >= 0) || step > 0x1p53) {
        return -1;
    }
    return (double)(int64_t)step == step ? (int64_t)step : -1;
}

/* Fill in a release at `step`, where that is progress. */
static bool take_progress(struct process *process, const pbt__assignment *assignment, int64_t step,
                          pbt__outcome *out)
{
    if (step <= assignment->resume_step || step >= assignment->segment.end_step) {
        return false;
    }
    out->ending = PBT__ENDING_RELEASE;
    out->has_progress = true;
    out->step = step;
    pbt__slot_forget_stops(process->slot, assignment->segment.id.member);
    return true;
}

/* Say whether the checkpoint was written after the wish to stop. File systems' clocks lag. */
static bool is_saved_since(const pbt__assignment *assignment, int64_t told_us)
{
    enum { LAG_US = 20000 };
    struct stat status;
    if (lstat(assignment->save_to, &status) != 0) {
        return false;
    }
    const int64_t saved_us = status.st_mtim.tv_sec * 1000000LL + status.st_mtim.tv_nsec / 1000;
    return saved_us >= told_us - LAG_US;
}

/* A program told to stop gives the segment back with its progress, or has finished it. If the
 * signal killed it, its last line and checkpoint do not count. But a launcher may be killed while
 * its child saves. */
static void judge_told(struct process *process, const pbt__assignment *assignment,
                       pbt__outcome *out)
{
    const int status = process->child.status;
    const bool is_stop = pbt__child_was_stopped(&process->child);
    const bool is_answer = WIFEXITED(status) || is_saved_since(assignment, process->child.told_us);
    const bool speaks = is_answer && (status == 0 || is_stop);
    const int64_t step = speaks ? said_step(process, assignment) : -1;
    *out = (pbt__outcome){.ending = PBT__ENDING_RELEASE, .step = assignment->resume_step};
    if (take_progress(process, assignment, step, out) || step < assignment->segment.end_step) {
        return;
    }
    read_metrics(process, assignment, out);
    if (out->ending == PBT__ENDING_FAIL) {
        out->ending = PBT__ENDING_RELEASE;
    }
}

static void judge(struct process *process, const pbt__assignment *assignment, pbt__outcome *out)
{
    char words[256];
    const char *name = process->slot->local->spec->trainer.command[0];
    if (pbt__child_describe(&process->child, name, words, sizeof words)) {
        pbt__outcome_fail(out, process->slot, "%s", words);
    } else if (!take_progress(process, assignment, said_step(process, assignment), out)) {
        read_metrics(process, assignment, out);
    }
}

/* How long to wait for a stop that explains the end. A good end waits only a moment: a program that
 * prints no step may have ended early. */
static int64_t hold_us(const struct process *process, const pbt__assignment *assignment,
                       const pbt__outcome *outcome)
{
    enum { SHARE = 100, LEAST_US = 5000 };
    const int64_t share_us = (pbt__clock_monotonic_us() - process->began_us) / SHARE;
    const bool is_report = outcome->ending == PBT__ENDING_REPORT;
    const bool is_well = is_report && (!outcome->is_saved || is_saved(assignment));
    const bool has_said = outcome->ending == PBT__ENDING_RELEASE;
    if (has_said) {
        return 0;
    }
    if (!is_well || share_us > PBT__HOLD_US) {
        return PBT__HOLD_US;
    }
    return share_us < LEAST_US ? 0 : share_us;
}

/* It died of a stop from outside. Too many in a row are a failure. */
static void judge_stopped(struct process *process, const pbt__assignment *assignment,
                          pbt__outcome *out)
{
    char words[256], line[sizeof words + 64];
    const char *name = process->slot->local->spec->trainer.command[0];
    const int32_t member = assignment->segment.id.member;
    judge_told(process, assignment, out);
    if (out->ending != PBT__ENDING_RELEASE || out->has_progress) {
        return;
    }
    (void)pbt__child_describe(&process->child, name, words, sizeof words);
    if (pbt__slot_forgives(process->slot, member)) {
        (void)snprintf(line, sizeof line, "pbt: %s; the segment is given back", words);
        pbt__log_line(process->slot->log, line);
    } else {
        pbt__outcome_fail(out, process->slot, "%s, again and again", words);
    }
}

/* It has ended; see what became of the segment, and reap it. */
static void conclude(struct process *process, const pbt__assignment *assignment, pbt__outcome *out)
{
    pbt__child *child = &process->child;
    pbt__child_peek(child);
    drain(process);
    if (!child->was_told) {
        judge(process, assignment, out);
        (void)pbt__child_hold(child, hold_us(process, assignment, out));
    }
    const bool is_told = child->was_told;
    const bool is_stopped = pbt__child_was_stopped(child);
    if (is_stopped) {
        pbt__child_tell(child);
        wait_for_rest(process);
    }
    reap(process);
    if (is_told) {
        judge_told(process, assignment, out);
    } else if (is_stopped) {
        judge_stopped(process, assignment, out);
    }
    if (out->ending == PBT__ENDING_REPORT) {
        pbt__slot_forget_stops(process->slot, assignment->segment.id.member);
    }
}

/* ---- one segment ----------------------------------------------------------------------------- */

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
        conclude(&process, assignment, out);
    }
    if (process.output >= 0) {
        (void)close(process.output);
    }
    pbt__output_fini(&process.lines);
    return err;
}

/* Say whether no member's process can be started, whatever its hyperparameters. */
static bool is_everybodys(const pbt__slot *slot, pbt_err err)
{
    const bool is_own_program = strchr(slot->local->spec->trainer.command[0], '{') != NULL;
    return (err == PBT_ERR_TRAINER && !is_own_program) || err == PBT_ERR_IO ||
           err == PBT_ERR_RESOURCE || err == PBT_ERR_MEMORY;
}

static void process_train(pbt__slot *slot, const pbt__assignment *assignment, pbt__outcome *out)
{
    pbt__assignment own = *assignment;
    pbt__desk *desk = slot->local->desk;
    pbt_err err = own.is_fresh ? PBT_OK : desk->ops->bring(desk, &own, &slot->error);
    if (err == PBT_OK) {
        err = run(slot, &own, out);
    }
    if (!own.is_fresh && !desk->ops->drop(desk, &own)) {
        pbt__log_line(slot->log, "pbt: cannot remove the checkpoint's copy; it is swept later");
    }
    if (err != PBT_OK && is_everybodys(slot, err)) {
        pbt__outcome_hinder(out, slot);
    } else if (err != PBT_OK) {
        pbt__outcome_fail_as(out, slot);
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
