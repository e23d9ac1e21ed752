/* environment.c: the environment of a trainer's process, and what is found by it. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "executor/spawn.h"

#define THREADS "OMP_NUM_THREADS"

static size_t name_length(const char *variable)
{
    return strcspn(variable, "=");
}

/* Find the variable that has the name of another one. */
static const char *find(char *const *environment, const char *variable)
{
    const size_t length = name_length(variable);
    for (; environment != NULL && *environment != NULL; environment++) {
        if (name_length(*environment) == length && memcmp(*environment, variable, length) == 0) {
            return *environment;
        }
    }
    return NULL;
}

const char *pbt__environment_get(char *const *environment, const char *name)
{
    const char *variable = find(environment, name);
    return variable != NULL && variable[name_length(variable)] == '=' ? strchr(variable, '=') + 1
                                                                      : NULL;
}

static size_t count_of(char *const *environment)
{
    size_t count = 0;
    while (environment != NULL && environment[count] != NULL) {
        count++;
    }
    return count;
}

char **pbt__environment_new(char *const *base, char *const *changes, int thread_count)
{
    enum { THREADS_SIZE = sizeof THREADS + 16 };
    const size_t base_count = count_of(base), change_count = count_of(changes);
    char **list = pbt__calloc((base_count + change_count + 2) * sizeof *list + THREADS_SIZE, 1);
    if (list == NULL) {
        return NULL;
    }
    char *threads = (char *)(list + base_count + change_count + 2);
    (void)snprintf(threads, THREADS_SIZE, THREADS "=%d", thread_count);
    char *const threads_alone[] = {threads, NULL};
    const bool sets_threads = thread_count > 0 && find(changes, THREADS) == NULL;
    size_t count = 0;
    for (size_t i = 0; i < base_count; i++) {
        if (find(changes, base[i]) == NULL &&
            !(sets_threads && find(threads_alone, base[i]) != NULL)) {
            list[count++] = base[i];
        }
    }
    for (size_t i = 0; i < change_count; i++) {
        list[count++] = changes[i];
    }
    if (sets_threads) {
        list[count++] = threads;
    }
    return list;
}

/* ---- programs -------------------------------------------------------------------------------- */

static bool can_run(const char *folder, const char *program)
{
    char path[PBT__PATH_SIZE];
    return pbt__path_join(folder, program, path, NULL) == PBT_OK && access(path, X_OK) == 0;
}

bool pbt__spawn_can_find(const char *program, const char *directory, const char *search_path)
{
    if (strchr(program, '/') != NULL) {
        return can_run(directory, program);
    }
    char folder[PBT__PATH_SIZE], absolute[PBT__PATH_SIZE];
    for (const char *at = search_path != NULL ? search_path : "/bin:/usr/bin";;) {
        const size_t length = strcspn(at, ":");
        (void)snprintf(folder, sizeof folder, "%.*s", length < PATH_MAX ? (int)length : 0, at);
        if (pbt__path_join(directory, folder, absolute, NULL) == PBT_OK &&
            can_run(absolute, program)) {
            return true;
        }
        if (at[length] == '\0') {
            return false;
        }
        at += length + 1;
    }
}
