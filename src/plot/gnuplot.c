/*
 * gnuplot.c: gnuplot with three files in memory: script, picture, messages. So no pipe can fill up,
 * and a script has no paths.
 */
#include "plot/gnuplot.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/plain.h"

enum { PICTURE_MAXIMUM = 1 << 30, COMPLAINT_MAXIMUM = 1 << 20 }; /* Units: bytes */

typedef struct output_format {
    const char *ending;
    const char *terminal; /* NULL: the script itself */
    const char *options;
    double pixels; /* in a unit of its size */
    const char *unit;
} output_format;

static const output_format FORMATS[] = {
    {".svg", "svg", "dynamic font 'sans,12' background 'white'", 1, ""},
    {".png", "pngcairo", "font 'sans,10'", 1, ""},
    {".pdf", "pdfcairo", "font 'sans,10'", 100, "in"},
    {".gp", NULL, NULL, 1, ""},
};

const char *pbt__gnuplot_colour(size_t index)
{
    static const char *const colours[PBT__GNUPLOT_COLOURS] = {
        "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
    };
    return colours[index % PBT__GNUPLOT_COLOURS];
}

static const output_format *find_format(const char *path)
{
    const char *ending = strrchr(path, '.');
    for (size_t i = 0; ending != NULL && i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        if (strcasecmp(ending, FORMATS[i].ending) == 0) {
            return &FORMATS[i];
        }
    }
    return NULL;
}

pbt_err pbt__gnuplot_check(const char *path, pbt_error *error)
{
    if (find_format(path) != NULL) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "cannot write a picture to '%s'", path);
    pbt__error_hint(error, "the name must end in .svg, .png, .pdf, or .gp (a gnuplot script)");
    return PBT_ERR_ARGUMENT;
}

void pbt__gnuplot_quote(const char *text, pbt__text *script)
{
    pbt__text_add(script, "'");
    const size_t start = script->length;
    for (; *text != '\0'; text++) {
        pbt__text_append(script, text, 1);
        pbt__text_add(script, *text == '\'' ? "'" : "");
    }
    pbt__plain_since(script, start, false);
    pbt__text_add(script, "'");
}

/* ---- the process ---- */

/* Files in memory; -1: not open. */
typedef struct files {
    int script, picture, complaints;
} files;

static void files_close(const files *these)
{
    const int all[] = {these->script, these->picture, these->complaints};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i] >= 0) {
            close(all[i]);
        }
    }
}

static bool write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(file, bytes, length);
        if (count <= 0) {
            return false;
        }
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

static pbt_err files_open(const pbt__text *script, const char *terminal, files *out,
                          pbt_error *error)
{
    files these = {
        .script = memfd_create("script", MFD_CLOEXEC),
        .picture = memfd_create("picture", MFD_CLOEXEC),
        .complaints = memfd_create("complaints", MFD_CLOEXEC),
    };
    bool is_whole = these.script >= 0 && these.picture >= 0 && these.complaints >= 0 &&
                    write_all(these.script, terminal, strlen(terminal)) &&
                    write_all(these.script, pbt__text_string(script), script->length) &&
                    lseek(these.script, 0, SEEK_SET) == 0;
    if (!is_whole) {
        pbt_err err = pbt__fail_errno(error, "cannot make a script for gnuplot");
        files_close(&these);
        return err;
    }
    *out = these;
    return PBT_OK;
}

/* Run gnuplot, without its user's own settings; its exit status, -1 where a signal ended it. */
static pbt_err run(const files *these, int *status, pbt_error *error)
{
    char *const command[] = {"gnuplot", "-d", NULL};
    pid_t child = 0;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, these->script, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, these->picture, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, these->complaints, STDERR_FILENO);
    int reason = posix_spawnp(&child, command[0], &actions, NULL, command, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (reason != 0) {
        (void)pbt__fail(error, PBT_ERR_NOT_FOUND, "cannot run gnuplot, which draws pictures");
        pbt__error_detail(error, "%s", strerror(reason));
        pbt__error_hint(error, "install it (on Debian: apt-get install gnuplot-nox)");
        return PBT_ERR_NOT_FOUND;
    }
    int ended = 0;
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {
    }
    *status = WIFEXITED(ended) ? WEXITSTATUS(ended) : -1;
    return PBT_OK;
}

static pbt_err read_file(int file, size_t maximum, char **bytes, size_t *length, pbt_error *error)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    return pbt__file_read(path, maximum, bytes, length, error);
}

/* The last line that says anything. */
static const char *last_line(char *text)
{
    const char *last = "";
    char *rest = NULL;
    for (char *line = strtok_r(text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        last = line[strspn(line, " ^")] != '\0' ? line : last;
    }
    return last + strspn(last, " ");
}

static pbt_err fail_drawing(int complaints, pbt_error *error)
{
    char *text = NULL;
    size_t length = 0;
    pbt_err err = read_file(complaints, COMPLAINT_MAXIMUM, &text, &length, NULL);
    (void)pbt__fail(error, PBT_ERR_IO, "gnuplot could not draw the picture");
    pbt__error_detail(error, "%s", err == PBT_OK ? last_line(text) : "");
    free(text);
    return PBT_ERR_IO;
}

static pbt_err draw(const files *these, char **bytes, size_t *length, pbt_error *error)
{
    int status = 0;
    char *picture = NULL;
    size_t size = 0;
    pbt_err err = run(these, &status, error);
    if (err == PBT_OK) {
        err = read_file(these->picture, PICTURE_MAXIMUM, &picture, &size, error);
    }
    if (err == PBT_OK && (status != 0 || size == 0)) {
        free(picture);
        err = fail_drawing(these->complaints, error);
    }
    if (err == PBT_OK) {
        *bytes = picture;
        *length = size;
    }
    return err;
}

pbt_err pbt__gnuplot_render(const pbt__text *script, int width, int height, const char *ending,
                            char **bytes, size_t *length, pbt_error *error)
{
    const output_format *form = find_format(ending);
    char terminal[160];
    files these = {-1, -1, -1};
    if (form == NULL || form->terminal == NULL) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "'%s' is not a known kind of picture", ending);
    }
    if (script->failed) {
        return pbt__fail_memory(error);
    }
    snprintf(terminal, sizeof terminal, "set terminal %s size %g%s,%g%s %s\n", form->terminal,
             width / form->pixels, form->unit, height / form->pixels, form->unit, form->options);
    pbt_err err = files_open(script, terminal, &these, error);
    if (err == PBT_OK) {
        err = draw(&these, bytes, length, error);
        files_close(&these);
    }
    return err;
}

pbt_err pbt__gnuplot_draw(const pbt__text *script, int width, int height, const char *path,
                          pbt_error *error)
{
    const output_format *form = find_format(path);
    char *bytes = NULL;
    size_t length = 0;
    if (form == NULL) {
        return pbt__gnuplot_check(path, error);
    }
    if (script->failed) {
        return pbt__fail_memory(error);
    }
    if (form->terminal == NULL) {
        return pbt__file_replace(path, pbt__text_string(script), script->length, 0666, error);
    }
    pbt_err err = pbt__gnuplot_render(script, width, height, form->ending, &bytes, &length, error);
    if (err == PBT_OK) {
        err = pbt__file_replace(path, bytes, length, 0666, error);
    }
    free(bytes);
    return err;
}
