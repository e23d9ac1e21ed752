/*
 * probe.c: a probe's process, and what it tells.
 *
 * The child is a fork: it has no thread but its own until it makes some. It writes one line of JSON
 * to a pipe and exits without cleaning up, because a plugin may still run. Told to end, it ends its
 * trainer; killed, its trainer dies with it.
 */
#include "try/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "executor/signals.h"
#include "study/json.h"

enum { ANSWER_MAXIMUM = 64 * 1024 * 1024, PIECE_SIZE = 4096, LOOK_MS = 100 };

/* ---- the child ---- */

/* A plugin's output is not shown. */
static void redirect_output(const pbt__probe *probe)
{
    char path[PBT__PATH_SIZE];
    int file = -1;
    if (snprintf(path, sizeof path, "%s/%s.output", probe->folder, probe->name) < PBT__PATH_SIZE) {
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    }
    if (file >= 0) {
        (void)dup2(file, STDOUT_FILENO);
        (void)dup2(file, STDERR_FILENO);
    }
}

static void write_all(int file, const char *text)
{
    size_t left = strlen(text);
    while (left > 0) {
        const ssize_t count = write(file, text, left);
        if (count < 0 && errno != EINTR) {
            return;
        }
        text += count > 0 ? count : 0;
        left -= count > 0 ? (size_t)count : 0;
    }
}

static json_t *error_json(const pbt_error *error)
{
    return json_pack("{s:{s:i, s:s, s:s, s:s}}", "error", "code", (int)error->code, "message",
                     error->message, "detail", error->detail, "hint", error->hint);
}

static _Noreturn void be_child(const pbt__probe *probe, int answer, pid_t parent)
{
    pbt_error error = {0};
    json_t *json = NULL;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(1);
    }
    redirect_output(probe);
    if (pbt__probe_train(probe, &json, &error) != PBT_OK) {
        json = error_json(&error);
    }
    char *text = pbt__json_write(json);
    if (text != NULL) {
        write_all(answer, text);
    }
    (void)fflush(stdout);
    _exit(0);
}

/* ---- the parent ---- */

/* Read all that the child writes; ask it to end once where we are told to. */
static void listen_to(pid_t child, int answer, pbt__text *out)
{
    char piece[PIECE_SIZE];
    bool is_told = false;
    for (;;) {
        struct pollfd file = {.fd = answer, .events = POLLIN};
        const int ready = poll(&file, 1, LOOK_MS);
        if (!is_told && pbt__signals_count() > 0) {
            is_told = true;
            (void)kill(child, SIGTERM);
        }
        if (ready <= 0) {
            continue;
        }
        const ssize_t count = read(answer, piece, sizeof piece);
        if (count == 0 || (count < 0 && errno != EINTR)) {
            return;
        }
        pbt__text_append(out, piece, count > 0 ? (size_t)count : 0);
    }
}

static int reap(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/* ---- reading the answer ---- */

static void read_trained(const json_t *json, pbt__trained *out)
{
    const char *digest = json_string_value(json_object_get(json, "digest"));
    *out = (pbt__trained){
        .is_there = json_is_object(json),
        .step = json_integer_value(json_object_get(json, "step")),
        .seconds = json_number_value(json_object_get(json, "seconds")),
        .size_bytes = json_integer_value(json_object_get(json, "size_bytes")),
        .digest = digest != NULL ? digest : "",
        .place = json_string_value(json_object_get(json, "place")),
        .metrics = json_object_get(json, "metrics"),
    };
    (void)pbt__json_number_read(json_object_get(json, "score"), &out->score);
}

/* After a segment that diverged the study recovers; that is not the probe. */
static void forget_recovery(pbt__trained *segments, int number)
{
    const pbt__trained *before = number > 0 ? &segments[number - 1] : NULL;
    if (before != NULL && before->is_there && before->digest[0] == '\0') {
        segments[number] = (pbt__trained){.digest = "", .place = ""};
    }
}

static const char *text_of(const json_t *json, const char *key)
{
    const char *text = json_string_value(json_object_get(json, key));
    return text != NULL ? text : "";
}

static pbt_err read_error(const json_t *json, pbt_error *error)
{
    const pbt_err code = (pbt_err)json_integer_value(json_object_get(json, "code"));
    (void)pbt__fail(error, code, "%s", text_of(json, "message"));
    pbt__error_detail(error, "%s", text_of(json, "detail"));
    pbt__error_hint(error, "%s", text_of(json, "hint"));
    return code;
}

/* Takes `json`. */
static pbt_err read_answer(json_t *json, pbt__probed *out, pbt_error *error)
{
    char name[32];
    const json_t *failed = json_object_get(json, "error");
    if (failed != NULL) {
        const pbt_err err = read_error(failed, error);
        json_decref(json);
        return err;
    }
    *out = (pbt__probed){
        .json = json,
        .failure = (pbt_err)json_integer_value(json_object_get(json, "failure")),
        .is_step = json_is_true(json_object_get(json, "is_step")),
        .message = text_of(json, "message"),
        .hint = text_of(json, "hint"),
        .pinned = text_of(json, "pinned"),
        .start_seconds = json_number_value(json_object_get(json, "start_seconds")),
        .log = text_of(json, "log"),
        .log_says_more = json_is_true(json_object_get(json, "log_says_more")),
    };
    for (int m = 0; m < PBT__PROBE_MEMBERS; m++) {
        for (int n = 0; n < PBT__PROBE_SEGMENTS; n++) {
            (void)snprintf(name, sizeof name, "m%ds%d", m, n);
            read_trained(json_object_get(json, name), &out->segments[m][n]);
            forget_recovery(out->segments[m], n);
        }
    }
    return PBT_OK;
}

/* A child without output was ended by its plugin. */
static json_t *crash_json(int status)
{
    char words[128];
    if (WIFSIGNALED(status)) {
        (void)snprintf(words, sizeof words, "the plugin was ended by signal %d (%s)",
                       WTERMSIG(status), strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(words, sizeof words, "the plugin ended the program with status %d",
                       WEXITSTATUS(status));
    }
    return json_pack("{s:i, s:s}", "failure", (int)PBT_ERR_TRAINER, "message", words);
}

pbt_err pbt__probe_run(const pbt__probe *probe, pbt__probed *out, pbt_error *error)
{
    int ends[2];
    json_t *json = NULL;
    const pid_t self = getpid();
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return pbt__fail_errno(error, "cannot make a pipe");
    }
    (void)fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        be_child(probe, ends[1], self);
    }
    (void)close(ends[1]);
    if (child < 0) {
        (void)close(ends[0]);
        return pbt__fail_errno(error, "cannot start a process");
    }
    pbt__text text = pbt__text_init(ANSWER_MAXIMUM);
    listen_to(child, ends[0], &text);
    (void)close(ends[0]);
    const int status = reap(child);
    if (pbt__json_read(pbt__text_string(&text), text.length, &json, error) != PBT_OK) {
        json = crash_json(status);
    }
    pbt__text_fini(&text);
    return json != NULL ? read_answer(json, out, error) : pbt__fail_memory(error);
}

void pbt__probed_fini(pbt__probed *probed)
{
    json_decref(probed->json);
    *probed = (pbt__probed){0};
}
