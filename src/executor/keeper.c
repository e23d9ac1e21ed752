/* keeper.c: after the fork only calls that are safe in the child of a process with threads. */
#include "executor/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "executor/kin.h"

/* What it says, in this order: whether the trainer runs; how it ended; whether anything is left. */
enum { SAYS_FAILED, SAYS_STARTED, SAYS_ENDED, SAYS_LEFT };
enum { ASKS_GROUP, ASKS_ALL };

typedef struct said {
    int what, value;
} said;

/* ---- the keeper's own process ---------------------------------------------------------------- */

enum { SOCKET, SIGNALS, FILES };

struct keep {
    pid_t trainer;
    bool has_ended; /* the trainer; not reaped */
    bool is_reaped;
};

static void say(int socket, int what, int value)
{
    const said message = {what, value};
    while (send(socket, &message, sizeof message, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

/* Kill and reap until nobody is left; one that cannot be killed is left after a while. */
static void kill_all(const struct keep *keep)
{
    enum { LOOK_MS = 2, LOOKS_MAXIMUM = 5000 };
    (void)kill(-keep->trainer, SIGKILL);
    for (int i = 0; i < LOOKS_MAXIMUM; i++) {
        pid_t reaped;
        (void)pbt__kin_kill_children();
        do {
            reaped = waitpid(-1, NULL, WNOHANG);
        } while (reaped > 0);
        if (reaped < 0 && errno == ECHILD) {
            return;
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
}

/* Reap adopted processes. Report the trainer's end, and keep its zombie, so that no other process
 * gets its number. Returns whether any child is left. */
static bool reap_others(struct keep *keep)
{
    for (;;) {
        siginfo_t found = {0};
        if (waitid(P_ALL, 0, &found, WEXITED | WNOHANG | WNOWAIT) != 0) {
            return errno != ECHILD;
        }
        if (found.si_pid == 0) {
            return true;
        }
        if (found.si_pid == keep->trainer && !keep->is_reaped) {
            const int value = found.si_status & 0x7f;
            const int exited = (found.si_status & 0xff) << 8;
            keep->has_ended = true;
            say(SOCKET, SAYS_ENDED, found.si_code == CLD_EXITED ? exited : value);
            return true;
        }
        (void)waitpid(found.si_pid, NULL, 0);
    }
}

static void end_trainer(struct keep *keep)
{
    (void)kill(-keep->trainer, SIGKILL);
    (void)waitpid(keep->trainer, NULL, 0);
    keep->has_ended = keep->is_reaped = true;
}

/* Do as asked. Returns where it stays. */
static void obey(struct keep *keep)
{
    int asked = ASKS_ALL;
    const ssize_t length = recv(SOCKET, &asked, sizeof asked, 0);
    if (length < 0 && errno == EINTR) {
        return;
    }
    if (length != (ssize_t)sizeof asked || asked == ASKS_ALL) {
        kill_all(keep);
        say(SOCKET, SAYS_LEFT, 0);
        _exit(0);
    }
    end_trainer(keep);
    if (!reap_others(keep)) {
        say(SOCKET, SAYS_LEFT, 0);
        _exit(0);
    }
    say(SOCKET, SAYS_LEFT, 1);
}

_Noreturn static void watch(pid_t trainer)
{
    struct keep keep = {.trainer = trainer};
    struct signalfd_siginfo ignored;
    for (;;) {
        struct pollfd files[] = {{.fd = SOCKET, .events = POLLIN},
                                 {.fd = SIGNALS, .events = POLLIN}};
        if (poll(files, 2, -1) < 0) {
            continue;
        }
        if (files[0].revents != 0) {
            obey(&keep);
        }
        if (files[1].revents != 0) {
            (void)!read(SIGNALS, &ignored, sizeof ignored);
            const bool is_left = (keep.has_ended && !keep.is_reaped) || reap_others(&keep);
            if (!is_left) {
                _exit(0);
            }
        }
    }
}

/* Ignore signals that are sent to all processes. */
static int take_signals(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGUSR1, SIGUSR2};
    sigset_t children;
    for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++) {
        (void)signal(ignored[i], SIG_IGN);
    }
    (void)signal(SIGCHLD, SIG_DFL);
    (void)sigemptyset(&children);
    (void)sigaddset(&children, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &children, NULL);
    return signalfd(-1, &children, SFD_CLOEXEC);
}

/* Close all descriptors but these two: others wait for their end. */
static void keep_files(int socket, int signals)
{
    const int aside = fcntl(signals, F_DUPFD_CLOEXEC, FILES);
    (void)dup2(socket, SOCKET);
    (void)dup2(aside, SIGNALS);
    (void)close_range(FILES, ~0U, 0);
}

/* Fork the trainer: 0, or why it does not run. */
static int start_trainer(const pbt__spawn_options *options, pid_t *out)
{
    int ends[2], reason = 0;
    const pid_t own = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    *out = fork();
    if (*out < 0) {
        return errno;
    }
    if (*out == 0) {
        pbt__spawn_run(options, own);
        reason = errno;
        (void)!write(ends[1], &reason, sizeof reason);
        _exit(127);
    }
    (void)close(ends[1]);
    ssize_t count;
    do {
        count = read(ends[0], &reason, sizeof reason);
    } while (count < 0 && errno == EINTR);
    (void)close(ends[0]);
    return count == (ssize_t)sizeof reason ? reason : 0;
}

_Noreturn static void keep(const pbt__spawn_options *options, int socket)
{
    pid_t trainer = 0;
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
    const int signals = take_signals();
    const int reason = signals < 0 ? errno : start_trainer(options, &trainer);
    if (reason != 0) {
        say(socket, SAYS_FAILED, reason);
        _exit(1);
    }
    say(socket, SAYS_STARTED, (int)trainer);
    keep_files(socket, signals);
    watch(trainer);
}

/* ---- its parent ------------------------------------------------------------------------------ */

/* Returns false if the keeper is dead. */
static bool hear(const pbt__keeper *keeper, said *out)
{
    ssize_t length;
    do {
        length = recv(keeper->socket, out, sizeof *out, 0);
    } while (length < 0 && errno == EINTR);
    return length == (ssize_t)sizeof *out;
}

pbt_err pbt__keeper_start(const pbt__spawn_options *options, pbt__keeper *out, pid_t *trainer,
                          pbt_error *error)
{
    int ends[2];
    said first = {SAYS_FAILED, ECHILD};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return pbt__fail_errno(error, "cannot make a socket");
    }
    const pid_t child = fork();
    if (child == 0) {
        keep(options, ends[1]);
    }
    const int reason = errno;
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        errno = reason;
        return pbt__fail_errno(error, "cannot start a process");
    }
    pbt__keeper keeper = {.pid = child, .socket = ends[0]};
    if (!hear(&keeper, &first) || first.what != SAYS_STARTED) {
        pbt__keeper_close(&keeper);
        return pbt__spawn_refuse(options, first.value, error);
    }
    *out = keeper;
    *trainer = (pid_t)first.value;
    return PBT_OK;
}

int pbt__keeper_status(const pbt__keeper *keeper)
{
    said message;
    while (hear(keeper, &message)) {
        if (message.what == SAYS_ENDED) {
            return message.value;
        }
    }
    return SIGKILL;
}

bool pbt__keeper_end(pbt__keeper *keeper, bool all)
{
    const int asked = all ? ASKS_ALL : ASKS_GROUP;
    said message = {SAYS_LEFT, 0};
    while (send(keeper->socket, &asked, sizeof asked, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
    bool has_heard = hear(keeper, &message);
    while (has_heard && message.what != SAYS_LEFT) {
        has_heard = hear(keeper, &message);
    }
    if (has_heard && message.value != 0) {
        return true;
    }
    pbt__keeper_close(keeper);
    return false;
}

bool pbt__keeper_has_ended(pbt__keeper *keeper)
{
    struct pollfd other = {.fd = keeper->socket, .events = POLLIN};
    const bool has_ended = poll(&other, 1, 0) > 0 && (other.revents & POLLHUP) != 0;
    if (has_ended) {
        pbt__keeper_close(keeper);
    }
    return has_ended;
}

void pbt__keeper_close(pbt__keeper *keeper)
{
    if (keeper->pid <= 0) {
        return;
    }
    (void)close(keeper->socket);
    while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    *keeper = (pbt__keeper){.socket = -1};
}
