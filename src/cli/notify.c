/*
 * notify.c: one process and the pipe to it.
 *
 *     starting ──► reading ──► its input is closed ──► it has ended
 *                     └─ it ends by itself, or closes its input ──┘
 *
 * The process is a child of the follower's thread and dies with it. A warden ends what it started.
 */
#include "cli/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"
#include "executor/log.h"
#include "executor/spawn.h"
#include "executor/warden.h"
#include "study/json.h"

enum { LOOK_MS = 20, CLOSING_US = 500 * 1000, NOTIFY_KILL_SECONDS = 2 };

struct pbt__notify {
    pbt__follower *follower;
    char *program;
    char *changes[4]; /* of its environment, NULL-terminated; the first marks its kin */
    char **environment;
    int log;    /* -1: none */
    int warden; /* -1: none */
    int input;  /* our end of the pipe; -1: none */
    pid_t pid;  /* 0: none */
};

pbt_err pbt__notify_check(const char *program, pbt_error *error)
{
    if (pbt__spawn_can_find(program, ".", getenv("PATH"))) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "--on-event: cannot run '%s'", program);
    pbt__error_hint(error, "name one program, without arguments; a script does the rest");
    return PBT_ERR_ARGUMENT;
}

/* ---- the process ---- */

static pbt_err start_process(pbt__notify *this, pbt_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return pbt__fail_errno(error, "cannot make a pipe");
    }
    char *const arguments[] = {this->program, NULL};
    const pbt__spawn_options options = {
        .arguments = arguments,
        .environment = this->environment,
        .directory = ".",
        .input = ends[0],
        .output = this->log,
        .errors = this->log,
        .warden = this->warden,
    };
    pbt_err err = pbt__spawn(&options, &this->pid, error);
    (void)close(ends[0]);
    if (err == PBT_OK && fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0) {
        this->input = ends[1];
        return PBT_OK;
    }
    (void)close(ends[1]);
    return err != PBT_OK ? err : pbt__fail_errno(error, "cannot prepare a pipe");
}

static void close_input(pbt__notify *this)
{
    if (this->input >= 0) {
        (void)close(this->input);
    }
    this->input = -1;
}

static bool has_ended(const pbt__notify *this)
{
    siginfo_t info = {.si_pid = 0};
    int found = waitid(P_PID, (id_t)this->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    return found != 0 || info.si_pid != 0;
}

/* Wait until it has ended; `until_us` 0: as long as the follower may. Returns false if it has
 * not. */
static bool await(const pbt__notify *this, int64_t until_us)
{
    static const struct timespec LOOK = {.tv_nsec = LOOK_MS * 1000000L};
    while (!has_ended(this)) {
        bool is_late = until_us > 0 ? pbt__clock_monotonic_us() >= until_us
                                    : pbt__follower_is_late(this->follower);
        if (is_late) {
            return false;
        }
        (void)nanosleep(&LOOK, NULL);
    }
    return true;
}

/* End what it left running, then reap it. Until it is reaped, no other group can get its number. */
static int reap(pbt__notify *this)
{
    int status = 0;
    (void)kill(-this->pid, SIGKILL);
    pbt__warden_remove(this->warden, this->pid);
    while (waitpid(this->pid, &status, 0) < 0 && errno == EINTR) {
    }
    this->pid = 0;
    close_input(this);
    return status;
}

static pbt_err judge(const pbt__notify *this, int status, pbt_error *error)
{
    if (WIFSIGNALED(status)) {
        return pbt__fail(error, PBT_ERR_TRAINER, "'%s' was killed by signal %d (%s)", this->program,
                         WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return WEXITSTATUS(status) == 0
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_TRAINER, "'%s' exited with status %d", this->program,
                           WEXITSTATUS(status));
}

/* It reads no more, usually because it is ending: say how it ended. */
static pbt_err fail_closed(pbt__notify *this, pbt_error *error)
{
    close_input(this);
    const int64_t until_us = pbt__clock_monotonic_us() + CLOSING_US;
    const pbt_err err = await(this, until_us) ? judge(this, reap(this), error) : PBT_OK;
    return err != PBT_OK ? err
                         : pbt__fail(error, PBT_ERR_TRAINER, "'%s' stopped reading before the end",
                                     this->program);
}

/* ---- listening ---- */

static pbt_err write_line(pbt__notify *this, const char *bytes, size_t length, pbt_error *error)
{
    while (length > 0 && !pbt__follower_is_late(this->follower)) {
        struct pollfd ready = {.fd = this->input, .events = POLLOUT};
        (void)poll(&ready, 1, LOOK_MS);
        if ((ready.revents & POLLERR) != 0) {
            return fail_closed(this, error);
        }
        const ssize_t count = write(this->input, bytes, length);
        if (count < 0 && errno != EAGAIN && errno != EINTR) {
            return fail_closed(this, error);
        }
        bytes += count > 0 ? count : 0;
        length -= count > 0 ? (size_t)count : 0;
    }
    return length == 0
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_TRAINER, "'%s' did not read in time", this->program);
}

static pbt_err take(void *context, const json_t *event, pbt_error *error)
{
    pbt__notify *this = context;
    pbt__text line = pbt__text_init(SIZE_MAX);
    char *text = pbt__json_write(event);
    if (text != NULL) {
        pbt__text_add(&line, text);
        pbt__text_add(&line, "\n");
    }
    free(text);
    pbt_err err = text == NULL || line.failed ? pbt__fail_memory(error) : PBT_OK;
    if (err == PBT_OK && this->pid == 0) {
        err = start_process(this, error);
    }
    if (err == PBT_OK) {
        err = write_line(this, pbt__text_string(&line), line.length, error);
    }
    pbt__text_fini(&line);
    return err;
}

static pbt_err settle(void *context, pbt_error *error)
{
    pbt__notify *this = context;
    return this->pid != 0 && has_ended(this) ? fail_closed(this, error) : PBT_OK;
}

static pbt_err end(void *context, pbt_error *error)
{
    pbt__notify *this = context;
    close_input(this);
    if (this->pid == 0) {
        return PBT_OK;
    }
    const bool is_in_time = await(this, 0);
    if (!is_in_time) {
        (void)kill(-this->pid, SIGTERM);
        (void)await(this, pbt__clock_monotonic_us() + NOTIFY_KILL_SECONDS * INT64_C(1000000));
    }
    const int status = reap(this);
    return is_in_time
               ? judge(this, status, error)
               : pbt__fail(error, PBT_ERR_TRAINER, "'%s' did not end in time", this->program);
}

/* ---- its owner ---- */

static void notify_free(pbt__notify *this)
{
    pbt__warden_close(this->warden);
    if (this->log >= 0) {
        (void)close(this->log);
    }
    free(this->program);
    free(this->environment);
    free(this->changes[0]);
    free(this->changes[1]);
    free(this->changes[2]);
    free(this);
}

static char *variable(const char *name, const char *value)
{
    pbt__text text = pbt__text_init(PBT__PATH_SIZE);
    pbt__text_format(&text, "%s=%s", name, value);
    return pbt__text_take(&text);
}

/* What it is told: the program, the study, the store. */
static pbt_err copy_texts(pbt__notify *this, const char *study, const pbt__notify_options *options,
                          pbt_error *error)
{
    char mark[64];
    snprintf(mark, sizeof mark, "%ld-%" PRId64, (long)getpid(), pbt__clock_monotonic_us());
    this->program = pbt__strdup(options->program);
    this->changes[0] = variable("PBT_LISTENER", mark);
    this->changes[1] = variable("PBT_STUDY", study);
    this->changes[2] = variable("PBT_STORE", options->store);
    this->environment = pbt__environment_new(environ, this->changes, 0);
    bool is_whole = this->program != NULL && this->changes[0] != NULL && this->changes[1] != NULL &&
                    this->changes[2] != NULL && this->environment != NULL;
    return is_whole ? PBT_OK : pbt__fail_memory(error);
}

pbt_err pbt__notify_start(pbt__study *study, const pbt__notify_options *options, pbt__notify **out,
                          pbt_error *error)
{
    pbt__notify *this = pbt__calloc(1, sizeof *this);
    if (this == NULL) {
        return pbt__fail_memory(error);
    }
    *this = (pbt__notify){.log = -1, .warden = -1, .input = -1};
    const pbt__follow_ops listener = {"--on-event", this, take, settle, end};
    pbt_err err = copy_texts(this, pbt__study_name(study), options, error);
    if (err == PBT_OK) {
        err = pbt__log_open_file(options->log, &this->log, error);
    }
    if (err == PBT_OK) {
        err = pbt__warden_open(1, this->changes[0], &this->warden, error);
    }
    if (err == PBT_OK) {
        err = pbt__follower_start(study, &listener, options->after, &this->follower, error);
    }
    if (err != PBT_OK) {
        notify_free(this);
        return err;
    }
    *out = this;
    return PBT_OK;
}

void pbt__notify_finish(pbt__notify *notify)
{
    if (notify != NULL) {
        pbt__follower_finish(notify->follower);
        notify_free(notify);
    }
}
