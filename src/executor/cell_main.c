/*
 * cell_main.c: the cell's side: the process in which a plugin runs.
 *
 * It has only the three standard descriptors, so a plugin that closes others does no harm. Each
 * segment opens its member's log as output and errors. A SIGTERM, SIGINT or SIGHUP from outside (as
 * from a batch system) asks the trainer to stop, like `pbt stop`. If the plugin forked and the
 * child returns, it is ended here, because only one process may answer.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "executor/cell.h"
#include "executor/cell_shared.h"
#include "executor/job.h"
#include "executor/library.h"
#include "executor/log.h"

enum { USAGE = 2 };

struct self {
    char **arguments;
    pid_t pid;
    pbt__cell_layout layout;
    pbt__cell_shared *shared;
    void *state;
    pbt__library library;
    pbt_job *job; /* our copy. Shape: [job_room] bytes */
    size_t job_room;
    bool is_open;
    pbt__metrics metrics;
};

/* Set by signals. */
static atomic_bool was_signalled;

static void see_signal(int signal)
{
    (void)signal;
    atomic_store(&was_signalled, true);
}

/* ---- what a plugin may call ------------------------------------------------------------------ */

static bool is_stopping(void *host)
{
    const struct self *self = host;
    return atomic_load_explicit(&self->shared->order, memory_order_relaxed) != PBT__ORDER_NONE ||
           atomic_load_explicit(&was_signalled, memory_order_relaxed);
}

static void progress(void *host, int64_t step)
{
    const struct self *self = host;
    atomic_store_explicit(&self->shared->step, step, memory_order_relaxed);
}

static void metric(void *host, const char *name, double value)
{
    struct self *self = host;
    pbt__metrics_set(&self->metrics, name, value);
}

static void sample(void *host, const char *name, double value)
{
    struct self *self = host;
    pbt__metrics_add(&self->metrics, name, value);
}

static void message(void *host, const char *text)
{
    (void)host;
    (void)fflush(stdout);
    pbt__log_line(STDERR_FILENO, text);
}

/* ---- a lesson -------------------------------------------------------------------------------- */

/* Output goes to the member's log. If it cannot be opened, the slot reports that. */
static void open_log(const struct self *self)
{
    int log = -1;
    if (pbt__log_open(self->arguments[PBT__CELL_LOGS], self->shared->member, &log, NULL) ==
        PBT_OK) {
        (void)dup2(log, STDOUT_FILENO);
        (void)dup2(log, STDERR_FILENO);
        if (log > STDERR_FILENO) {
            (void)close(log);
        }
    }
}

/* Copy the job, so that the plugin sees pointers of this process. */
static pbt_job *take_job(struct self *self)
{
    pbt_job *job = self->job;
    memcpy(job, (const char *)self->shared + self->layout.job, self->job_room);
    pbt__job_move(job, self->shared->job_base);
    job->host = self;
    job->is_stopping = is_stopping;
    job->progress = progress;
    job->metric = metric;
    job->sample = sample;
    job->message = message;
    return job;
}

/* Run `open` before the first lesson. */
static bool open_once(struct self *self, pbt__lesson *lesson)
{
    const pbt_trainer *table = self->library.table;
    if (self->is_open || table->open == NULL) {
        return true;
    }
    atomic_store(&self->shared->stage, (int)PBT__STAGE_OPEN);
    lesson->status = table->open(self->job);
    lesson->stage = PBT__STAGE_OPEN;
    lesson->ending = PBT__LESSON_FAILED;
    self->is_open = lesson->status == 0;
    return self->is_open;
}

static void write_metrics(struct self *self)
{
    pbt__cell_shared *shared = self->shared;
    double *samples = (double *)((char *)shared + self->layout.samples);
    for (size_t i = 0; i < self->metrics.count; i++) {
        const pbt__metric *own = &self->metrics.items[i];
        pbt__cell_metric *given = &shared->metrics[i];
        memcpy(given->name, self->metrics.memory[i].name, sizeof given->name);
        given->has_value = own->has_value;
        given->value = own->value;
        given->sample_count = own->sample_count;
        if (own->sample_count > 0) {
            memcpy(samples, own->samples, own->sample_count * sizeof *samples);
        }
        samples += own->sample_count;
    }
    shared->metric_count = self->metrics.count;
    shared->metrics_failure = self->metrics.failure;
}

static void give_lesson(struct self *self)
{
    pbt__cell_shared *shared = self->shared;
    pbt__lesson lesson = shared->lesson;
    const pbt__pupil pupil = {
        .table = self->library.table,
        .state = self->state,
        .room = shared->room,
        .metrics = &self->metrics,
        .stage = &shared->stage,
        .order = &shared->order,
    };
    lesson.load = shared->has_load ? shared->load : NULL;
    lesson.save_to = shared->save_to;
    lesson.metric = self->arguments[PBT__CELL_METRIC];
    atomic_store(&was_signalled, false);
    pbt__metrics_clear(&self->metrics);
    open_log(self);
    const pbt_job *job = take_job(self);
    if (open_once(self, &lesson)) {
        pbt__lesson_give(&lesson, &pupil, job);
    }
    (void)fflush(stdout);
    if (getpid() != self->pid) {
        _exit(0);
    }
    shared->lesson = lesson;
    write_metrics(self);
}

/* ---- the process ----------------------------------------------------------------------------- */

static void *map(size_t offset, size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, STDIN_FILENO, (off_t)offset);
    return at != MAP_FAILED ? at : NULL;
}

/* The state is mapped with the first lesson; then its file is closed. */
static bool map_state(struct self *self)
{
    if (self->state == NULL) {
        self->state = map(self->layout.state, self->shared->room);
        const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
        (void)dup2(nothing, STDIN_FILENO);
        if (nothing > STDERR_FILENO) {
            (void)close(nothing);
        }
    }
    return self->state != NULL;
}

static void listen_to_signals(void)
{
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = see_signal, .sa_flags = SA_RESTART};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)sigaction(signals[i], &action, NULL);
    }
}

static void load(struct self *self)
{
    pbt__cell_shared *shared = self->shared;
    const char *path = self->arguments[PBT__CELL_LIBRARY];
    const pbt_err err = pbt__library_open(path, &self->library, &shared->error);
    shared->error.code = err;
    if (err == PBT_OK) {
        shared->state_size = self->library.table->state_size;
        shared->does_save = self->library.table->save != NULL;
    }
}

bool pbt__cell_is_asked(int argc, char **argv)
{
    return argc > PBT__CELL_MARK && strcmp(argv[PBT__CELL_MARK], PBT__CELL_WORD) == 0;
}

static bool begin(struct self *self, int argc, char **argv)
{
    self->job_room = argc == PBT__CELL_ARGUMENTS ? strtoul(argv[PBT__CELL_JOB_SIZE], NULL, 10) : 0;
    self->arguments = argv;
    self->pid = getpid();
    self->layout = pbt__cell_lay_out(self->job_room);
    self->job = self->job_room >= sizeof(pbt_job) ? pbt__calloc(1, self->job_room) : NULL;
    self->shared = self->job != NULL ? map(0, self->layout.state) : NULL;
    return self->shared != NULL;
}

int pbt__cell_main(int argc, char **argv)
{
    static struct self self;
    pbt__cell_pace pace = {0};
    if (!begin(&self, argc, argv)) {
        return USAGE;
    }
    (void)prctl(PR_SET_NAME, argv[PBT__CELL_NAME]);
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    listen_to_signals();
    load(&self);
    for (;;) {
        pbt__cell_turn(self.shared, PBT__TURN_SLOT);
        while (!pbt__cell_wait(self.shared, PBT__TURN_CELL, &pace, 0)) {
        }
        if (!map_state(&self)) {
            return 1;
        }
        give_lesson(&self);
    }
}
