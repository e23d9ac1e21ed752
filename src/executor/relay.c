/* relay.c: a pipe, the line that is being printed, and where it goes. */
#include "executor/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "executor/log.h"

enum { LEFT_OVER_MAXIMUM = 16 * 1024 * 1024, FAILURE_SIZE = 1100 };

/* Invariant: `bytes` holds no whole line while the lock is free. */
struct pbt__relay {
    pthread_mutex_t lock;
    const pbt_space *space;
    char *log_folder;
    char own_path[PBT__PATH_SIZE];
    int input;    /* the reading end, which does not block; -1: none */
    int log;      /* where lines that begin now go; -1: the own log, not opened yet */
    int line_log; /* where the line in `bytes` began, if that is elsewhere; -1: it is not */
    pbt_segment_id segment;
    int32_t attempt;
    size_t length;
    char bytes[PBT__RELAY_LINE_MAXIMUM];
};

/* ---- its life -------------------------------------------------------------------------------- */

pbt_err pbt__relay_new(const char *log_folder, const char *worker, const pbt_space *space,
                       pbt__relay **out, pbt_error *error)
{
    char name[PBT__NAME_SIZE + 8];
    pbt__relay *relay = pbt__calloc(1, sizeof *relay);
    if (relay == NULL) {
        return pbt__fail_memory(error);
    }
    pthread_mutex_init(&relay->lock, NULL);
    relay->space = space;
    relay->segment = PBT_NO_SEGMENT;
    relay->input = relay->log = relay->line_log = -1;
    relay->log_folder = pbt__strdup(log_folder);
    (void)snprintf(name, sizeof name, "%s.log", worker);
    const pbt_err err = relay->log_folder != NULL
                            ? pbt__path_join(log_folder, name, relay->own_path, error)
                            : pbt__fail_memory(error);
    if (err != PBT_OK) {
        pbt__relay_free(relay);
        return err;
    }
    *out = relay;
    return PBT_OK;
}

static void close_file(int *file)
{
    if (*file >= 0) {
        (void)close(*file);
        *file = -1;
    }
}

void pbt__relay_free(pbt__relay *relay)
{
    if (relay == NULL) {
        return;
    }
    close_file(&relay->input);
    close_file(&relay->log);
    close_file(&relay->line_log);
    pthread_mutex_destroy(&relay->lock);
    free(relay->log_folder);
    free(relay);
}

/* ---- passing on ------------------------------------------------------------------------------ */

static int log_of(pbt__relay *relay)
{
    if (relay->log < 0) {
        (void)!pbt__log_open_file(relay->own_path, &relay->log, NULL);
    }
    return relay->log;
}

static size_t find_end(const char *bytes, size_t length)
{
    size_t i = 0;
    while (i < length && bytes[i] != '\n' && bytes[i] != '\r') {
        i++;
    }
    return i;
}

/* The length of all that ends with a line's end; a progress bar's is a carriage return. */
static size_t whole_length(const pbt__relay *relay)
{
    size_t length = relay->length;
    while (length > 0 && relay->bytes[length - 1] != '\n' && relay->bytes[length - 1] != '\r') {
        length--;
    }
    const bool is_full = relay->length == sizeof relay->bytes;
    return length == 0 && is_full ? relay->length : length;
}

/* Write whole lines: the first where it began. */
static void write_lines(pbt__relay *relay)
{
    const size_t whole = whole_length(relay);
    size_t first = 0;
    if (whole > 0 && relay->line_log >= 0) {
        first = find_end(relay->bytes, whole);
        first += first < whole;
        pbt__log_bytes(relay->line_log, relay->bytes, first);
        close_file(&relay->line_log);
    }
    if (whole > first) {
        pbt__log_bytes(log_of(relay), relay->bytes + first, whole - first);
    }
    relay->length -= whole;
    memmove(relay->bytes, relay->bytes + whole, relay->length);
}

static size_t pump(pbt__relay *relay)
{
    if (relay->input < 0) {
        return 0;
    }
    const ssize_t count =
        read(relay->input, relay->bytes + relay->length, sizeof relay->bytes - relay->length);
    if (count > 0) {
        relay->length += (size_t)count;
        write_lines(relay);
        return (size_t)count;
    }
    if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_file(&relay->input);
    }
    return 0;
}

/* Pass on what is there now: a worker that prints without end must not block us. */
static void drain(pbt__relay *relay)
{
    int there = 0;
    if (relay->input < 0 || ioctl(relay->input, FIONREAD, &there) != 0) {
        return;
    }
    while (there > 0) {
        const size_t count = pump(relay);
        if (count == 0) {
            return;
        }
        there -= (int)count;
    }
}

size_t pbt__relay_pump(pbt__relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    const size_t count = pump(relay);
    pthread_mutex_unlock(&relay->lock);
    return count;
}

int pbt__relay_input(pbt__relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    const int input = relay->input;
    pthread_mutex_unlock(&relay->lock);
    return input;
}

/* ---- turning --------------------------------------------------------------------------------- */

static bool is_turned_to(const pbt__relay *relay, const pbt__assignment *train)
{
    if (train == NULL) {
        return relay->segment.member < 0;
    }
    return relay->segment.member == train->segment.id.member &&
           relay->segment.number == train->segment.id.number && relay->attempt == train->attempt;
}

/* Leave the log. A line that was begun keeps it until it ends. */
static void leave(pbt__relay *relay)
{
    if (relay->length > 0 && relay->line_log < 0) {
        relay->line_log = log_of(relay);
        relay->log = -1;
    }
    close_file(&relay->log);
}

/* If the member's log cannot be opened, use the worker's own. */
static void turn(pbt__relay *relay, const pbt__assignment *train)
{
    leave(relay);
    relay->segment = train != NULL ? train->segment.id : PBT_NO_SEGMENT;
    relay->attempt = train != NULL ? train->attempt : 0;
    if (train == NULL) {
        return;
    }
    if (pbt__log_open(relay->log_folder, train->segment.id.member, &relay->log, NULL) != PBT_OK) {
        relay->log = -1;
    }
    pbt__log_header(log_of(relay), train, relay->space);
}

static void write_failure(pbt__relay *relay, const char *failure)
{
    char line[FAILURE_SIZE];
    (void)snprintf(line, sizeof line, "pbt: %s", failure);
    pbt__log_line(log_of(relay), line);
}

void pbt__relay_turn(pbt__relay *relay, const char *failure, const pbt__assignment *train)
{
    pthread_mutex_lock(&relay->lock);
    drain(relay);
    if (failure != NULL) {
        write_failure(relay, failure);
    }
    if (!is_turned_to(relay, train)) {
        turn(relay, train);
    }
    pthread_mutex_unlock(&relay->lock);
}

/* ---- from process to process ----------------------------------------------------------------- */

pbt_err pbt__relay_open(pbt__relay *relay, int *output, pbt_error *error)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return pbt__fail_errno(error, "cannot make a pipe");
    }
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    pthread_mutex_lock(&relay->lock);
    relay->input = ends[0];
    pthread_mutex_unlock(&relay->lock);
    *output = ends[1];
    return PBT_OK;
}

void pbt__relay_close(pbt__relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    size_t total = 0, count = 1;
    while (count > 0 && total < LEFT_OVER_MAXIMUM) {
        count = pump(relay);
        total += count;
    }
    close_file(&relay->input);
    if (relay->length > 0) {
        relay->bytes[relay->length++] = '\n';
        write_lines(relay);
    }
    pthread_mutex_unlock(&relay->lock);
}

void pbt__relay_line(pbt__relay *relay, const char *line)
{
    pthread_mutex_lock(&relay->lock);
    pbt__log_line(log_of(relay), line);
    pthread_mutex_unlock(&relay->lock);
}

pbt_segment_id pbt__relay_segment(pbt__relay *relay)
{
    pthread_mutex_lock(&relay->lock);
    const pbt_segment_id segment = relay->segment;
    pthread_mutex_unlock(&relay->lock);
    return segment;
}

void pbt__relay_log_path(pbt__relay *relay, char *out)
{
    const pbt_segment_id segment = pbt__relay_segment(relay);
    if (segment.member < 0 ||
        pbt__log_path(relay->log_folder, segment.member, out, NULL) != PBT_OK) {
        (void)snprintf(out, PBT__PATH_SIZE, "%s", relay->own_path);
    }
}

const char *pbt__relay_own_path(const pbt__relay *relay)
{
    return relay->own_path;
}
