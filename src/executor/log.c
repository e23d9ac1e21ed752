/* log.c: writing members' logs, and reading their ends. */
#include "executor/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/id.h"
#include "base/memory.h"
#include "base/text.h"
#include "executor/placeholders.h"

enum { LINE_MAXIMUM = 64 * 1024 };

pbt_err pbt__log_path(const char *log_folder, int32_t member, char *out, pbt_error *error)
{
    char name[32];
    (void)snprintf(name, sizeof name, "m%" PRId32 ".log", member);
    return pbt__path_join(log_folder, name, out, error);
}

/* ---- writing --------------------------------------------------------------------------------- */

pbt_err pbt__log_make_folder(const char *folder, pbt_error *error)
{
    struct stat status;
    const bool is_new = stat(folder, &status) != 0 && errno == ENOENT;
    const pbt_err err = pbt__file_make_folder(folder, error);
    if (err == PBT_OK && is_new && chmod(folder, 0700) != 0) {
        return pbt__fail_errno(error, "cannot keep the folder '%s' from others", folder);
    }
    return err;
}

/* Open a file, nothing else, and wait for nobody. Returns -1 with errno: ELOOP for a link, EBADF
 * for anything else that is no file. */
static int open_plain(const char *path, int flags)
{
    struct stat status;
    const int file = open(path, flags | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file >= 0 && (fstat(file, &status) != 0 || !S_ISREG(status.st_mode))) {
        (void)close(file);
        errno = EBADF;
        return -1;
    }
    if (file >= 0) {
        (void)fcntl(file, F_SETFL, flags & O_APPEND);
    }
    return file;
}

pbt_err pbt__log_open_file(const char *path, int *out, pbt_error *error)
{
    errno = EIO;
    const int file =
        pbt__fault(PBT__FAULT_WRITE) ? -1 : open_plain(path, O_WRONLY | O_APPEND | O_CREAT);
    if (file >= 0) {
        *out = file;
        return PBT_OK;
    }
    /* A pipe that nobody reads is ENXIO. */
    const bool is_other = errno == EBADF || errno == ELOOP || errno == ENXIO;
    (void)pbt__fail_errno(error, "cannot open the log '%s'", path);
    if (is_other) {
        pbt__error_detail(error, "it is no regular file");
    }
    return PBT_ERR_IO;
}

/* The folder is there, all but the first time. */
pbt_err pbt__log_open(const char *folder, int32_t member, int *out, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err = pbt__log_path(folder, member, path, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__log_open_file(path, out, error);
    if (err != PBT_OK && access(folder, F_OK) != 0 && errno == ENOENT) {
        err = pbt__log_make_folder(folder, error);
        return err == PBT_OK ? pbt__log_open_file(path, out, error) : err;
    }
    return err;
}

void pbt__log_bytes(int log, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t count = write(log, bytes, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return;
        }
        bytes += count;
        length -= (size_t)count;
    }
}

static void write_text(int log, const pbt__text *text)
{
    pbt__log_bytes(log, pbt__text_string(text), text->length);
}

void pbt__log_line(int log, const char *line)
{
    pbt__text text = pbt__text_init(LINE_MAXIMUM);
    pbt__text_add(&text, line);
    pbt__text_add(&text, "\n");
    write_text(log, &text);
    pbt__text_fini(&text);
}

static void append_start(pbt__text *text, const pbt__assignment *assignment)
{
    char id[PBT__ID_SIZE];
    if (assignment->resume_step > assignment->segment.start_step) {
        pbt__text_format(text, ", resumed from an earlier attempt");
    } else if (assignment->is_fresh) {
        pbt__text_add(text, ", from scratch");
    } else if (assignment->load_from.member >= 0) {
        pbt__id_write(assignment->load_from, id);
        pbt__text_format(text, ", from %s", id);
    }
}

void pbt__log_header(int log, const pbt__assignment *assignment, const pbt_space *space)
{
    const pbt_segment *segment = &assignment->segment;
    char id[PBT__ID_SIZE], time[PBT__TIME_SIZE];
    pbt__text text = pbt__text_init(LINE_MAXIMUM);
    pbt__id_write(segment->id, id);
    pbt__clock_format(pbt__clock_now_us(), time);
    pbt__text_format(&text, "--- %s %s attempt %" PRId32 ", steps %" PRId64 " to %" PRId64, time,
                     id, assignment->attempt, assignment->resume_step, segment->end_step);
    append_start(&text, assignment);
    for (size_t i = 0; i < space->count; i++) {
        pbt__text_format(&text, "%s%s=", i == 0 ? ": " : " ", space->parameters[i].name);
        pbt__value_append(&text, &space->parameters[i], segment->values[i]);
    }
    pbt__text_add(&text, "\n");
    write_text(log, &text);
    pbt__text_fini(&text);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Read at most `length` bytes at the end of the file. Returns their number, or -1 with errno. */
static ssize_t read_end(const char *path, char *bytes, size_t length)
{
    const int file = open_plain(path, O_RDONLY);
    if (file < 0) {
        return errno == ENOENT ? 0 : -1;
    }
    struct stat status;
    ssize_t count = -1;
    if (fstat(file, &status) == 0) {
        const off_t wanted = (off_t)length;
        count = pread(file, bytes, length, status.st_size > wanted ? status.st_size - wanted : 0);
    }
    const int reason = errno;
    (void)close(file);
    errno = reason;
    return count;
}

pbt_err pbt__log_tail(const char *path, size_t maximum, char **out, pbt_error *error)
{
    /* One byte more says whether what follows it begins a line. */
    char *bytes = pbt__calloc(maximum + 2, 1);
    if (bytes == NULL) {
        return pbt__fail_memory(error);
    }
    const ssize_t count = read_end(path, bytes, maximum + 1);
    if (count < 0) {
        free(bytes);
        return pbt__fail_errno(error, "cannot read the log '%s'", path);
    }
    if ((size_t)count > maximum) {
        const char *line = memchr(bytes, '\n', (size_t)count);
        const size_t skipped = line != NULL ? (size_t)(line - bytes) + 1 : 1;
        memmove(bytes, bytes + skipped, (size_t)count - skipped + 1);
    }
    *out = bytes;
    return PBT_OK;
}

static bool is_border(const char *line)
{
    return strncmp(line, "---", 3) == 0;
}

static bool is_trainers(const char *line)
{
    return !is_border(line) && strncmp(line, "pbt: ", 5) != 0;
}

static const char *next_line(const char *line)
{
    const size_t length = strcspn(line, "\n");
    return line + length + (line[length] == '\n');
}

const char *pbt__log_newest(const char *tail)
{
    const char *part = tail;
    const char *newest = tail;
    for (const char *line = tail; *line != '\0'; line = next_line(line)) {
        part = is_border(line) ? line : part;
        newest = is_trainers(line) ? part : newest;
    }
    return newest;
}

const char *pbt__log_hint(const char *tail)
{
    if (strstr(tail, "No module named 'pbt'") != NULL) {
        return "the Python of trainer.command lacks the client: install it there ('pip install "
               "./python' in pbt's sources), or name a Python that has it";
    }
    return strstr(tail, PBT__LOG_IDLE_HINT) != NULL ? PBT__LOG_IDLE_HINT : NULL;
}

bool pbt__log_says_more(const char *tail)
{
    const char *line = tail;
    while (*line != '\0' && !is_trainers(line)) {
        line = next_line(line);
    }
    return *line != '\0';
}

pbt_err pbt__log_end(const char *log_folder, int32_t member, size_t maximum, char **out,
                     pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    const pbt_err err = pbt__log_path(log_folder, member, path, error);
    return err == PBT_OK ? pbt__log_tail(path, maximum, out, error) : err;
}
