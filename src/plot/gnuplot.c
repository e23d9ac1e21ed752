/* gnuplot.c: a script written to gnuplot's standard input; its picture put in place at the end. */
#include "plot/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

enum { HEAD_MAXIMUM = 2 * PBT__PATH_SIZE + 512, COMPLAINT_SIZE = 400, INCH = 100 };

/* ---- kinds of pictures ---- */

struct kind {
    const char *ending;
    const char *terminal; /* of width and height */
    bool is_in_inches;
};

static const struct kind KINDS[] = {
    {".svg", "svg size %g,%g dynamic noenhanced font 'sans,12' background 'white'", false},
    {".png", "pngcairo size %g,%g noenhanced font 'sans,10'", false},
    {".pdf", "pdfcairo size %gin,%gin noenhanced font 'sans,10'", true},
    {".gp", NULL, false},
};

static const struct kind *find_kind(const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < sizeof KINDS / sizeof *KINDS; i++) {
        if (strcmp(KINDS[i].ending, ending) == 0) {
            return &KINDS[i];
        }
    }
    return NULL;
}

pbt_err pbt__gnuplot_check(const char *path, pbt_error *error)
{
    if (find_kind(path) != NULL) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'%.180s' does not say what kind of picture", path);
    pbt__error_hint(error, "end it in .svg, .png or .pdf, or in .gp for gnuplot's script");
    return PBT_ERR_ARGUMENT;
}

void pbt__gnuplot_quote(pbt__text *script, const char *text)
{
    pbt__text_add(script, "'");
    for (const char *c = text; *c != '\0'; c++) {
        const char *written = *c == '\'' ? "''" : (unsigned char)*c < ' ' ? " " : NULL;
        pbt__text_append(script, written != NULL ? written : c,
                         written != NULL ? strlen(written) : 1);
    }
    pbt__text_add(script, "'");
}

/* ---- the process ---- */

/* Start gnuplot with both its input and its complaints on one socket; ours is `*end`. */
static pbt_err start(pid_t *pid, int *end, pbt_error *error)
{
    char name[] = "gnuplot";
    char *arguments[] = {name, NULL};
    int pair[2];
    posix_spawn_file_actions_t actions;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return pbt__fail_errno(error, "cannot make a socket for gnuplot");
    }
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed == 0) {
        for (int file = 0; file <= 2 && failed == 0; file++) {
            failed = posix_spawn_file_actions_adddup2(&actions, pair[1], file);
        }
        failed = failed == 0 ? posix_spawnp(pid, name, &actions, NULL, arguments, environ) : failed;
        (void)posix_spawn_file_actions_destroy(&actions);
    }
    (void)close(pair[1]);
    *end = pair[0];
    if (failed == 0) {
        return PBT_OK;
    }
    (void)close(pair[0]);
    errno = failed;
    (void)pbt__fail_errno(error, "cannot start gnuplot");
    pbt__error_hint(error, "install it (Debian: gnuplot-nox), or write the script with .gp");
    return PBT_ERR_IO;
}

/* Keep the first bytes of what gnuplot says. Returns false at its end. */
static bool listen_to(int end, char *complaint, size_t *length)
{
    char bytes[4096];
    const ssize_t got = recv(end, bytes, sizeof bytes, 0);
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    const size_t room = COMPLAINT_SIZE - 1 - *length;
    const size_t kept = (size_t)got < room ? (size_t)got : room;
    memcpy(complaint + *length, bytes, kept);
    *length += kept;
    complaint[*length] = '\0';
    return true;
}

/* Speak and listen at once: neither side may wait for the other to read. */
static void converse(int end, const char *script, char *complaint)
{
    size_t left = strlen(script);
    size_t heard = 0;
    bool is_open = true;
    complaint[0] = '\0';
    while (is_open) {
        struct pollfd file = {.fd = end, .events = (short)(POLLIN | (left > 0 ? POLLOUT : 0))};
        if (poll(&file, 1, -1) < 0 && errno != EINTR) {
            return;
        }
        if (left > 0 && (file.revents & POLLOUT) != 0) {
            const ssize_t sent = send(end, script, left, MSG_NOSIGNAL | MSG_DONTWAIT);
            script += sent > 0 ? sent : 0;
            left -= sent > 0 ? (size_t)sent : 0;
            left = sent < 0 && errno != EAGAIN && errno != EINTR ? 0 : left;
            if (left == 0) {
                (void)shutdown(end, SHUT_WR);
            }
        }
        if ((file.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            is_open = listen_to(end, complaint, &heard);
        }
    }
}

static pbt_err run(const char *script, pbt_error *error)
{
    char complaint[COMPLAINT_SIZE];
    pid_t pid = 0;
    int end = -1, status = 0;
    pbt_err err = start(&pid, &end, error);
    if (err != PBT_OK) {
        return err;
    }
    converse(end, script, complaint);
    (void)close(end);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return PBT_OK;
    }
    err = pbt__fail(error, PBT_ERR_IO, "gnuplot failed");
    for (char *c = complaint; *c != '\0'; c++) {
        *c = (char)((unsigned char)*c < ' ' ? ' ' : *c);
    }
    pbt__error_detail(error, "%s", complaint);
    return err;
}

/* ---- pictures ---- */

static pbt_err draw_aside(const struct kind *kind, const char *script, const char *aside, int width,
                          int height, pbt_error *error)
{
    const double unit = kind->is_in_inches ? 1.0 / INCH : 1;
    pbt__text whole = pbt__text_init(HEAD_MAXIMUM + strlen(script));
    pbt__text_add(&whole, "set encoding utf8\nset terminal ");
    pbt__text_format(&whole, kind->terminal, width * unit, height * unit);
    pbt__text_add(&whole, "\nset output ");
    pbt__gnuplot_quote(&whole, aside);
    pbt__text_add(&whole, "\n");
    pbt__text_add(&whole, script);
    pbt_err err = whole.failed ? pbt__fail_memory(error) : run(whole.bytes, error);
    pbt__text_fini(&whole);
    return err;
}

pbt_err pbt__gnuplot_draw(const char *script, const char *path, int width, int height,
                          pbt_error *error)
{
    char aside[PBT__PATH_SIZE + 8];
    const struct kind *kind = find_kind(path);
    if (kind == NULL) {
        return pbt__gnuplot_check(path, error);
    }
    if (kind->terminal == NULL) {
        return pbt__file_write(path, script, strlen(script), error);
    }
    (void)snprintf(aside, sizeof aside, "%s.aside", path);
    pbt_err err = draw_aside(kind, script, aside, width, height, error);
    if (err == PBT_OK) {
        err = pbt__file_rename(aside, path, error);
    }
    if (err != PBT_OK) {
        (void)unlink(aside);
    }
    return err;
}
