/*
 * cell.c: the slot's side of a cell.
 *
 * A cell's death does not wake a slot that sleeps on shared memory, so the slot never sleeps for
 * long. The first sleeps are short, because failures come early; later it looks ten times a second.
 */
#include "executor/cell.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "executor/cell_shared.h"
#include "executor/child.h"
#include "executor/job.h"
#include "executor/log.h"
#include "executor/program.h"

enum {
    SLEEP_FIRST_US = 2000,
    SLEEP_MAXIMUM_US = 100000,
    LOST_GRACE_US = 1000000, /* grace to end by itself when its result is no longer needed */
};

struct pbt__cell {
    pbt__slot *slot;
    pbt__child child;
    pbt__cell_layout layout;
    size_t job_room;
    pbt__cell_shared *shared;
    void *state; /* NULL before it is known how large it is */
    pbt__cell_facts facts;
    bool is_started;
    bool has_ended; /* and was reaped */
    pbt__cell_pace pace;
    int64_t kill_us; /* monotonic: when it is killed, should it not return; 0: never */
};

/* ---- memory ---------------------------------------------------------------------------------- */

static void *map(int file, size_t offset, size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, (off_t)offset);
    return at != MAP_FAILED ? at : NULL;
}

static pbt_err fail_memory(size_t size, pbt_error *error)
{
    const pbt_err err = pbt__fail_errno(error, "cannot share memory with a trainer");
    if (err != PBT_ERR_RESOURCE) {
        pbt__error_hint(error, "%zu bytes are wanted; 'trainer.isolation: thread' shares none",
                        size);
    }
    return err;
}

/* Make the memory except the state, whose size the library tells. */
static pbt_err share(pbt__cell *cell, int *file, pbt_error *error)
{
    const size_t size = cell->layout.state;
    *file = memfd_create("pbt-cell", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (*file >= 0 && ftruncate(*file, (off_t)size) == 0) {
        cell->shared = map(*file, 0, size);
    }
    return cell->shared != NULL ? PBT_OK : fail_memory(size, error);
}

/* Make room for the state. From then on the file keeps its size: touching a truncated part would
 * kill us. */
static pbt_err share_state(pbt__cell *cell, int file, pbt_error *error)
{
    const size_t room = cell->facts.room;
    if (ftruncate(file, (off_t)(cell->layout.state + room)) == 0 &&
        fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0) {
        cell->state = map(file, cell->layout.state, room);
    }
    if (cell->state == NULL) {
        return fail_memory(room, error);
    }
    cell->shared->room = room;
    return PBT_OK;
}

/* ---- watching -------------------------------------------------------------------------------- */

static bool has_died(const pbt__cell *cell)
{
    struct pollfd ended = {.fd = cell->child.ended, .events = POLLIN};
    return poll(&ended, 1, 0) > 0;
}

/* The order as the cell is to know it. */
static pbt__order order_of(pbt__slot *slot)
{
    const pbt__order order = (pbt__order)atomic_load(&slot->order);
    const bool is_stopping = order == PBT__ORDER_NONE && pbt__slot_is_stopping(slot);
    return is_stopping ? PBT__ORDER_RELEASE : order;
}

/* Pass an order on to the cell, and set the time of its kill if it does not obey. */
static void pass_order(pbt__cell *cell)
{
    const pbt__order order = order_of(cell->slot);
    if (order != PBT__ORDER_NONE && cell->kill_us == 0) {
        const int64_t grace_us = order == PBT__ORDER_LOST ? LOST_GRACE_US : PBT__GRACE_US;
        cell->kill_us = pbt__clock_monotonic_us() + grace_us;
    }
    atomic_store(&cell->shared->order, (int)order);
    atomic_store(&cell->slot->step, atomic_load(&cell->shared->step));
}

static bool is_to_be_killed(const pbt__cell *cell)
{
    const bool is_now = atomic_load(&cell->slot->local->stopping) == PBT__STOPPING_NOW;
    return is_now || (cell->kill_us > 0 && pbt__clock_monotonic_us() >= cell->kill_us);
}

static void reap(pbt__cell *cell)
{
    pbt__child_reap(&cell->child);
    cell->has_ended = true;
}

static void kill_cell(pbt__cell *cell)
{
    pbt__child_kill(&cell->child);
    reap(cell);
}

/* A cell has ended. If a stop explains the end, it is no failure (child.h). */
static pbt__cell_end see_death(pbt__cell *cell)
{
    pbt__child_peek(&cell->child);
    const bool is_told = pbt__child_hold(&cell->child, PBT__HOLD_US);
    const bool is_stopped = is_told || pbt__child_was_stopped(&cell->child);
    reap(cell);
    return is_stopped ? PBT__CELL_STOPPED : PBT__CELL_DIED;
}

/* Wait for the cell's turn to end. */
static pbt__cell_end wait_for_answer(pbt__cell *cell)
{
    int64_t sleep_us = SLEEP_FIRST_US;
    cell->kill_us = 0;
    while (!pbt__cell_wait(cell->shared, PBT__TURN_SLOT, &cell->pace, sleep_us)) {
        pass_order(cell);
        if (is_to_be_killed(cell)) {
            kill_cell(cell);
            return PBT__CELL_KILLED;
        }
        /* It may have answered, then died: the answer counts. */
        if (has_died(cell) && atomic_load(&cell->shared->turn) != PBT__TURN_SLOT) {
            return see_death(cell);
        }
        sleep_us = 2 * sleep_us < SLEEP_MAXIMUM_US ? 2 * sleep_us : SLEEP_MAXIMUM_US;
    }
    return PBT__CELL_ANSWERED;
}

bool pbt__cell_is_alive(pbt__cell *cell)
{
    if (!cell->has_ended && has_died(cell)) {
        reap(cell);
    }
    return !cell->has_ended;
}

pbt__stage pbt__cell_describe(const pbt__cell *cell, char *words, size_t size)
{
    const int status = cell->child.status;
    const pbt__stage stage = (pbt__stage)atomic_load(&cell->shared->stage);
    const char *name = pbt__stage_name(stage);
    char where[32] = " while it was loaded";
    if (name != NULL) {
        (void)snprintf(where, sizeof where, " in %s", name);
    }
    if (WIFSIGNALED(status)) {
        const char *signal = sigabbrev_np(WTERMSIG(status));
        (void)snprintf(words, size, "the plugin was killed by signal %d (SIG%s)%s",
                       WTERMSIG(status), signal != NULL ? signal : "?", where);
    } else {
        (void)snprintf(words, size, "the plugin called exit(%d)%s", WEXITSTATUS(status), where);
    }
    return stage;
}

/* ---- starting -------------------------------------------------------------------------------- */

static const char CELL_NAME[] = "pbt-plugin"; /* the first argument of a cell */

static pbt_err spawn(pbt__cell *cell, const char *library, int file, pbt_error *error)
{
    pbt__slot *slot = cell->slot;
    char job_size[32];
    /* A program that does not call pbt__cell_main would start itself for ever. */
    if (strcmp(program_invocation_name, CELL_NAME) == 0) {
        return pbt__fail(error, PBT_ERR_STATE, "a plugin's process starts no other");
    }
    (void)snprintf(job_size, sizeof job_size, "%zu", cell->job_room);
    const char *arguments[PBT__CELL_ARGUMENTS + 1] = {
        [PBT__CELL_NAME] = CELL_NAME,
        [PBT__CELL_MARK] = PBT__CELL_WORD,
        [PBT__CELL_LIBRARY] = library,
        [PBT__CELL_LOGS] = slot->local->log_folder != NULL ? slot->local->log_folder : "",
        [PBT__CELL_METRIC] = slot->local->metric,
        [PBT__CELL_JOB_SIZE] = job_size,
    };
    const int output = slot->log >= 0 ? slot->log : STDERR_FILENO;
    const pbt__spawn_options options = {
        .program = "/proc/self/exe",
        .arguments = (char *const *)arguments,
        .environment = pbt__program_environment(slot),
        .directory = ".",
        .input = file,
        .output = output,
        .errors = output,
        .warden = slot->local->warden,
    };
    const pbt_err err = pbt__child_start(&cell->child, slot, &options, error);
    cell->is_started = err == PBT_OK;
    return err;
}

/* The library is loaded, or loading failed or ended the cell. */
static pbt_err greet(pbt__cell *cell, const char *library, pbt_error *error)
{
    char words[128];
    const pbt__cell_end end = wait_for_answer(cell);
    if (end == PBT__CELL_ANSWERED && cell->shared->error.code != PBT_OK) {
        *error = cell->shared->error;
        return PBT_ERR_TRAINER;
    }
    if (end != PBT__CELL_ANSWERED) {
        (void)pbt__cell_describe(cell, words, sizeof words);
        (void)pbt__fail(error, PBT_ERR_TRAINER, "cannot load the library '%s'", library);
        pbt__error_detail(error, "%s", words);
        return PBT_ERR_TRAINER;
    }
    cell->facts = (pbt__cell_facts){
        .state_size = cell->shared->state_size,
        .room = pbt__state_room(cell->shared->state_size),
        .does_save = cell->shared->does_save,
    };
    return PBT_OK;
}

pbt_err pbt__cell_open(pbt__slot *slot, const char *library, pbt__cell **out, pbt_error *error)
{
    int file = -1;
    pbt__cell *cell = pbt__calloc(1, sizeof *cell);
    if (cell == NULL) {
        return pbt__fail_memory(error);
    }
    cell->slot = slot;
    cell->job_room = pbt__job_room(&slot->local->spec->search.space);
    cell->layout = pbt__cell_lay_out(cell->job_room);
    pbt_err err = share(cell, &file, error);
    if (err == PBT_OK) {
        atomic_store(&cell->shared->turn, PBT__TURN_CELL);
        atomic_store(&cell->shared->step, atomic_load(&slot->step));
        err = spawn(cell, library, file, error);
    }
    if (err == PBT_OK) {
        err = greet(cell, library, error);
    }
    if (err == PBT_OK) {
        err = share_state(cell, file, error);
    }
    if (file >= 0) {
        (void)close(file);
    }
    if (err != PBT_OK) {
        pbt__cell_close(cell);
        return err;
    }
    *out = cell;
    return PBT_OK;
}

void pbt__cell_close(pbt__cell *cell)
{
    if (cell == NULL) {
        return;
    }
    if (cell->is_started && !cell->has_ended) {
        kill_cell(cell);
    }
    if (cell->state != NULL) {
        (void)munmap(cell->state, cell->facts.room);
    }
    if (cell->shared != NULL) {
        (void)munmap(cell->shared, cell->layout.state);
    }
    free(cell);
}

pbt__cell_facts pbt__cell_facts_of(const pbt__cell *cell)
{
    return cell->facts;
}

void *pbt__cell_state(const pbt__cell *cell)
{
    return cell->state;
}

/* ---- a lesson -------------------------------------------------------------------------------- */

static void write_lesson(pbt__cell *cell, const pbt__lesson *lesson, const pbt_job *job)
{
    pbt__cell_shared *shared = cell->shared;
    memcpy((char *)shared + cell->layout.job, job, cell->job_room);
    shared->job_base = (uintptr_t)job;
    shared->member = job->member;
    shared->lesson = *lesson;
    shared->has_load = lesson->load != NULL;
    (void)snprintf(shared->load, sizeof shared->load, "%s", shared->has_load ? lesson->load : "");
    (void)snprintf(shared->save_to, sizeof shared->save_to, "%s", lesson->save_to);
    atomic_store(&shared->order, (int)order_of(cell->slot));
    atomic_store(&shared->step, job->start_step);
}

/* Copy the metrics, as far as they are what metrics can be. */
static void read_metrics(const pbt__cell *cell, pbt__metrics *out)
{
    const pbt__cell_shared *shared = cell->shared;
    const double *samples = (const double *)((const char *)shared + cell->layout.samples);
    size_t at = 0;
    pbt__metrics_clear(out);
    for (size_t i = 0; i < shared->metric_count && i < PBT__METRICS_MAXIMUM; i++) {
        pbt__cell_metric metric = shared->metrics[i];
        metric.name[sizeof metric.name - 1] = '\0';
        for (size_t j = 0; j < metric.sample_count && at < PBT__CELL_SAMPLES; j++) {
            pbt__metrics_add(out, metric.name, samples[at++]);
        }
        if (metric.has_value) {
            pbt__metrics_set(out, metric.name, metric.value);
        }
    }
    if (out->failure == PBT_OK) {
        out->failure = shared->metrics_failure;
    }
}

static void read_answer(const pbt__cell *cell, pbt__lesson *lesson)
{
    const pbt__lesson *answer = &cell->shared->lesson;
    lesson->ending = answer->ending;
    lesson->stage = answer->stage;
    lesson->status = answer->status;
    lesson->step = answer->step;
    lesson->has_progress = answer->has_progress;
    lesson->is_saved = answer->is_saved;
    read_metrics(cell, &cell->slot->metrics);
}

pbt__cell_end pbt__cell_give(pbt__cell *cell, pbt__lesson *lesson, const pbt_job *job)
{
    write_lesson(cell, lesson, job);
    pbt__cell_turn(cell->shared, PBT__TURN_CELL);
    const pbt__cell_end end = wait_for_answer(cell);
    if (end == PBT__CELL_ANSWERED) {
        read_answer(cell, lesson);
    }
    return end;
}
