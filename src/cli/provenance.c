/* provenance.c: the machine, the command and the trainer's code. */
#include "cli/provenance.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "executor/slots.h"

enum { GIT_TIMEOUT_MS = 5000, ANSWER_SIZE = 256 };

/* ---- asking git ---- */

/* Start git with its output going to `*output`; false if that fails. */
static bool start_git(char *const *command, pid_t *child, int *output)
{
    int ends[2];
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    bool is_started = posix_spawnp(child, command[0], &actions, NULL, command, environ) == 0;
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (!is_started) {
        close(ends[0]);
    }
    *output = ends[0];
    return is_started;
}

/* Read what fits into `answer` and drop the rest; false if it takes too long. */
static bool read_answer(int output, char *answer, size_t size)
{
    int64_t deadline = pbt__clock_monotonic_us() + GIT_TIMEOUT_MS * INT64_C(1000);
    size_t length = 0;
    answer[0] = '\0';
    for (;;) {
        char piece[4096];
        int64_t left = (deadline - pbt__clock_monotonic_us()) / 1000;
        struct pollfd source = {.fd = output, .events = POLLIN};
        if (left <= 0 || poll(&source, 1, (int)left) == 0) {
            return false;
        }
        ssize_t got = read(output, piece, sizeof piece);
        if (got <= 0) {
            return got == 0;
        }
        size_t kept = size - 1 - length < (size_t)got ? size - 1 - length : (size_t)got;
        memcpy(answer + length, piece, kept);
        length += kept;
        answer[length] = '\0';
    }
}

/* Run git; true if it succeeded in time. Shape: answer[ANSWER_SIZE] */
static bool ask_git(char *const *command, char *answer)
{
    pid_t child = 0;
    int output = -1, status = 0;
    if (!start_git(command, &child, &output)) {
        return false;
    }
    bool is_read = read_answer(output, answer, ANSWER_SIZE);
    close(output);
    if (!is_read) {
        kill(child, SIGKILL);
    }
    return waitpid(child, &status, 0) == child && is_read && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* A text, or null if it is not UTF-8. */
static json_t *text_or_null(const char *text)
{
    json_t *string = json_string(text);
    return string != NULL ? string : json_null();
}

/* Say whether git lacks any of `files`, which lie in `folder`; what is ignored is not there either.
 * Shape: files[count] */
static bool lacks(char *folder, char *const *files, size_t count)
{
    enum { WORDS = 7 };
    char answer[ANSWER_SIZE];
    char *const words[WORDS] = {"git", "--literal-pathspecs", "-C", folder, "ls-files", "--others",
                                "--"};
    char **command = pbt__calloc(WORDS + count + 1, sizeof *command);
    if (command == NULL) {
        return true;
    }
    memcpy(command, words, sizeof words);
    memcpy(command + WORDS, files, count * sizeof *files);
    bool is_answered = ask_git(command, answer);
    free(command);
    return !is_answered || answer[0] != '\0';
}

static bool is_file_in(const char *folder, const char *name)
{
    char path[PBT__PATH_SIZE];
    char file[PATH_MAX], parent[PATH_MAX];
    struct stat status;
    if (pbt__path_join(folder, name, path, NULL) != PBT_OK || realpath(path, file) == NULL ||
        realpath(folder, parent) == NULL || stat(file, &status) != 0) {
        return false;
    }
    size_t length = strlen(parent);
    return S_ISREG(status.st_mode) && strncmp(file, parent, length) == 0 && file[length] == '/';
}

/* Say whether git lacks a file that the command or the library names in the trainer's folder. */
static bool lacks_trainer(char *folder, const pbt__trainer_spec *trainer)
{
    size_t count = 0, found = 0;
    while (trainer->command != NULL && trainer->command[count] != NULL) {
        count++;
    }
    char **files = pbt__calloc(count + 1, sizeof *files);
    if (files == NULL) {
        return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_file_in(folder, trainer->command[i])) {
            files[found++] = trainer->command[i];
        }
    }
    if (trainer->library != NULL && is_file_in(folder, trainer->library)) {
        files[found++] = trainer->library;
    }
    bool is_lacking = found > 0 && lacks(folder, files, found);
    free(files);
    return is_lacking;
}

static bool lacks_spec(const pbt_spec *spec, const char *file)
{
    char folder[PBT__PATH_SIZE], name[PBT__PATH_SIZE];
    if (file == NULL) {
        return false;
    }
    const char *slash = strrchr(file, '/');
    snprintf(folder, sizeof folder, "%s", spec->folder != NULL ? spec->folder : ".");
    snprintf(name, sizeof name, "%s", slash != NULL ? slash + 1 : file);
    return lacks(folder, (char *[]){name}, 1);
}

static json_t *describe_trainer(const pbt_spec *spec, const char *file)
{
    char folder[PBT__PATH_SIZE], commit[ANSWER_SIZE], changes[ANSWER_SIZE];
    const char *directory = spec->trainer.directory != NULL ? spec->trainer.directory : ".";
    const char *base = spec->folder != NULL ? spec->folder : ".";
    if (pbt__path_join(base, directory, folder, NULL) != PBT_OK) {
        return json_null();
    }
    char *const ask_commit[] = {"git", "-C", folder, "rev-parse", "--verify", "HEAD", NULL};
    char *const ask_changes[] = {"git",         "--no-optional-locks",  "-C", folder, "status",
                                 "--porcelain", "--untracked-files=no", "--", ".",    NULL};
    bool has_commit = ask_git(ask_commit, commit);
    commit[strcspn(commit, "\n")] = '\0';
    bool has_changes = has_commit && ask_git(ask_changes, changes);
    bool is_clean = has_changes && changes[0] == '\0' && !lacks_spec(spec, file) &&
                    !lacks_trainer(folder, &spec->trainer);
    return json_pack("{s:o, s:o, s:o}", "directory", text_or_null(folder), "commit",
                     has_commit ? text_or_null(commit) : json_null(), "clean",
                     has_changes ? json_boolean(is_clean) : json_null());
}

/* ---- the machine ---- */

/* The first processor's name; null if /proc/cpuinfo has none. */
static json_t *describe_processor(void)
{
    char line[512];
    json_t *name = NULL;
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && name == NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon != NULL) {
            line[strcspn(line, "\n")] = '\0';
            name = text_or_null(colon + 1 + strspn(colon + 1, " "));
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return name != NULL ? name : json_null();
}

static json_t *describe_command(const pbt__arguments *arguments)
{
    json_t *words = json_array();
    for (int i = 0; i < arguments->argc; i++) {
        (void)json_array_append_new(words, text_or_null(arguments->argv[i]));
    }
    return words;
}

json_t *pbt__provenance_gather(const pbt__arguments *arguments, const pbt_spec *spec,
                               const char *file)
{
    struct utsname name = {0};
    char kernel[256];
    (void)uname(&name);
    snprintf(kernel, sizeof kernel, "%s %s %s", name.sysname, name.release, name.machine);
    return json_pack("{s:o, s:s, s:s, s:s, s:o, s:i, s:o}", "command", describe_command(arguments),
                     "version", pbt_version(), "host", name.nodename, "kernel", kernel, "processor",
                     describe_processor(), "processors", (int)pbt__slots_processors(), "trainer",
                     describe_trainer(spec, file));
}
