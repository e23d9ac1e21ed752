/*
 * spawn.c: fork and exec.
 *
 * Between the two, only calls that are safe in the child of a process with threads. A pipe that
 * closes on exec returns errno if exec fails, so that a missing program is an error here and not an
 * exit status:
 *
 *     thread                          child
 *     fork ──────────────────────────► own group, announced to the warden
 *     reads the pipe                   asks to be killed with the thread, looks whether it lives
 *        │                             exec ── works: the pipe closes ──► end of file: PBT_OK
 *        ▼                                  └─ fails: writes errno ─────► PBT_ERR_TRAINER
 */
#include "executor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "executor/warden.h"

/* ---- in the child ---------------------------------------------------------------------------- */

/* Reset signals as a shell does: exec resets handlers, but not masks and ignored signals. Signals
 * that cannot be set are skipped. */
static void reset_signals(void)
{
    for (int number = 1; number <= SIGRTMAX; number++) {
        (void)signal(number, SIG_DFL);
    }
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *program_of(const pbt__spawn_options *options)
{
    return options->program != NULL ? options->program : options->arguments[0];
}

void pbt__spawn_run(const pbt__spawn_options *options, pid_t parent)
{
    if (setpgid(0, 0) != 0) {
        return;
    }
    pbt__warden_add(options->warden, getpid());
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
        return;
    }
    /* The parent may have died before the request. */
    if (getppid() != parent) {
        _exit(127);
    }
    const int input = options->input > 0 ? options->input : open("/dev/null", O_RDONLY);
    if (input < 0 || dup2(input, 0) < 0 || dup2(options->output, 1) < 0 ||
        dup2(options->errors, 2) < 0 || chdir(options->directory) != 0) {
        return;
    }
    reset_signals();
    environ = (char **)options->environment;
    (void)execvp(program_of(options), options->arguments);
}

_Noreturn static void run_or_tell(const pbt__spawn_options *options, pid_t parent, int pipe)
{
    pbt__spawn_run(options, parent);
    const int reason = errno;
    ssize_t count;
    do {
        count = write(pipe, &reason, sizeof reason);
    } while (count < 0 && errno == EINTR);
    _exit(127);
}

/* ---- in the parent --------------------------------------------------------------------------- */

/* Wait until the child runs its program: 0, or why it cannot. */
static int wait_for_exec(int pipe)
{
    int reason = 0;
    ssize_t count;
    do {
        count = read(pipe, &reason, sizeof reason);
    } while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof reason ? reason : 0;
}

pbt_err pbt__spawn_refuse(const pbt__spawn_options *options, int reason, pbt_error *error)
{
    char words[128];
    const char *hint = pbt__error_lack(reason);
    const pbt_err code = hint != NULL ? PBT_ERR_RESOURCE : PBT_ERR_TRAINER;
    (void)pbt__fail(error, code, "cannot run '%s'", program_of(options));
    pbt__error_detail(error, "%s, in the folder '%s'", strerror_r(reason, words, sizeof words),
                      options->directory);
    pbt__error_hint(error, "%s", hint != NULL ? hint : "");
    return code;
}

static pbt_err fail_exec(const pbt__spawn_options *options, pid_t child, int reason,
                         pbt_error *error)
{
    pbt__warden_remove(options->warden, child);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return pbt__spawn_refuse(options, reason, error);
}

pbt_err pbt__spawn(const pbt__spawn_options *options, pid_t *out, pbt_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return pbt__fail_errno(error, "cannot make a pipe");
    }
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        run_or_tell(options, parent, ends[1]);
    }
    const int fork_reason = errno;
    (void)close(ends[1]);
    const int reason = child > 0 ? wait_for_exec(ends[0]) : 0;
    (void)close(ends[0]);
    if (child < 0) {
        errno = fork_reason;
        return pbt__fail_errno(error, "cannot start a process");
    }
    if (reason != 0) {
        return fail_exec(options, child, reason, error);
    }
    *out = child;
    return PBT_OK;
}
