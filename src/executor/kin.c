/* kin.c: looking through /proc, with nothing but system calls: the warden has no heap to use. */
#include "executor/kin.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

/* A process that is being killed may start another one, and one in exec shows no environment: look
 * again, but not for ever. */
enum { PIECE_SIZE = 4096, LOOKS_MINIMUM = 2, LOOKS_MAXIMUM = 16, NAME_MAXIMUM = 20 };

/* Say whether an environment, variables with a NUL behind each, has one that begins with `mark`. */
static bool has_mark(int environment, const char *mark)
{
    char piece[PIECE_SIZE];
    size_t matched = 0;
    bool is_candidate = true;
    ssize_t count;
    while ((count = read(environment, piece, sizeof piece)) > 0) {
        for (ssize_t i = 0; i < count; i++) {
            const bool is_end = piece[i] == '\0';
            is_candidate = is_end || (is_candidate && piece[i] == mark[matched]);
            matched = is_candidate && !is_end ? matched + 1 : 0;
            if (matched > 0 && mark[matched] == '\0') {
                return true;
            }
        }
    }
    return false;
}

/* A process's number; 0 if a name in /proc is none. */
static pid_t number_of(const char *name)
{
    pid_t number = 0;
    for (const char *c = name; *c != '\0'; c++) {
        if (*c < '0' || *c > '9' || c - name >= NAME_MAXIMUM) {
            return 0;
        }
        number = number * 10 + (*c - '0');
    }
    return number;
}

/* Open a file of a process, such as "/stat"; -1 if it cannot be. */
static int open_of(int proc, const char *name, const char *file)
{
    char path[NAME_MAXIMUM + 16];
    const size_t length = strlen(name);
    memcpy(path, name, length);
    memcpy(path + length, file, strlen(file) + 1);
    return openat(proc, path, O_RDONLY | O_CLOEXEC);
}

static bool is_marked(int proc, const char *name, const char *mark)
{
    const int environment = open_of(proc, name, "/environ");
    if (environment < 0) {
        return false;
    }
    const bool is_found = has_mark(environment, mark);
    (void)close(environment);
    return is_found;
}

/* Say whether a process is a child of ours: "12 (a name) S 7 ..." */
static bool is_child(int proc, const char *name, const char *unused)
{
    (void)unused;
    char text[PIECE_SIZE];
    const int file = open_of(proc, name, "/stat");
    const ssize_t length = file >= 0 ? read(file, text, sizeof text - 1) : -1;
    if (file >= 0) {
        (void)close(file);
    }
    text[length > 0 ? length : 0] = '\0';
    const char *end = strrchr(text, ')');
    pid_t parent = 0;
    for (const char *c = end != NULL && strlen(end) > 4 ? end + 4 : ""; *c >= '0' && *c <= '9';
         c++) {
        parent = parent * 10 + (*c - '0');
    }
    return parent == getpid();
}

typedef bool (*predicate)(int proc, const char *name, const char *mark);

/* Open it before looking: its number cannot become another process's in between. */
static int kill_if(int proc, const char *name, predicate is_meant, const char *mark)
{
    const pid_t number = number_of(name);
    const int process = number > 1 && number != getpid() ? pidfd_open(number, 0) : -1;
    if (process < 0) {
        return 0;
    }
    const bool is_killed =
        is_meant(proc, name, mark) && pidfd_send_signal(process, SIGKILL, NULL, 0) == 0;
    (void)close(process);
    return is_killed ? 1 : 0;
}

static int look(int proc, predicate is_meant, const char *mark)
{
    _Alignas(struct dirent64) char entries[2 * PIECE_SIZE];
    int killed = 0;
    ssize_t length;
    while ((length = getdents64(proc, entries, sizeof entries)) > 0) {
        for (ssize_t at = 0; at < length;) {
            const struct dirent64 *entry = (const struct dirent64 *)(const void *)(entries + at);
            killed += kill_if(proc, entry->d_name, is_meant, mark);
            at += entry->d_reclen;
        }
    }
    return killed;
}

static int look_once(predicate is_meant, const char *mark)
{
    const int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const int killed = proc >= 0 ? look(proc, is_meant, mark) : 0;
    if (proc >= 0) {
        (void)close(proc);
    }
    return killed;
}

int pbt__kin_kill_children(void)
{
    return look_once(is_child, NULL);
}

int pbt__kin_kill(const char *mark)
{
    int total = 0, killed = 1;
    for (int i = 0; i < LOOKS_MAXIMUM && (killed > 0 || i < LOOKS_MINIMUM); i++) {
        killed = look_once(is_marked, mark);
        total += killed;
    }
    return total;
}
