/* spawn.h: starting one trainer's process. */
#ifndef PBT_EXECUTOR_SPAWN_H
#define PBT_EXECUTOR_SPAWN_H

#include <pbt/pbt.h>
#include <sys/types.h>

/* Everything is borrowed. */
typedef struct pbt__spawn_options {
    const char *program;      /* Nullable: the file to run, if it is not what the arguments name */
    char *const *arguments;   /* NULL-terminated; the first names the program, as execvp finds it */
    char *const *environment; /* NULL-terminated "NAME=value" list, all of it */
    const char *directory;    /* the program's */
    int input;                /* becomes standard input; 0: nothing to read */
    int output;               /* becomes standard output */
    int errors;               /* becomes standard error */
    int warden;               /* told of the process group; -1: none */
} pbt__spawn_options;

/*
 * Start a process in a group of its own, with no signal blocked or
 * ignored, and no descriptor but the three. It is killed when the calling thread ends. Errors:
 * PBT_ERR_TRAINER (the program cannot be run: the detail says why), PBT_ERR_RESOURCE, PBT_ERR_IO.
 */
PBT_MUST_USE pbt_err pbt__spawn(const pbt__spawn_options *options, pid_t *out, pbt_error *error);

/* Its parts: become the program, in a child of `parent` after the fork; returns only where
 * something fails, with errno. And fill in the error for that errno. */
void pbt__spawn_run(const pbt__spawn_options *options, pid_t parent);
PBT_MUST_USE pbt_err pbt__spawn_refuse(const pbt__spawn_options *options, int reason,
                                       pbt_error *error);

/* Look for a program as pbt__spawn would. Returns false if there is none that can be run. */
bool pbt__spawn_can_find(const char *program, const char *directory, const char *search_path);

/*
 * Make an environment: `base` with `changes` in place of its variables of the same name, and
 * OMP_NUM_THREADS=thread_count where changes sets none. Owner: the caller frees, one allocation;
 * NULL if there is no memory. Nullable: changes.
 */
char **pbt__environment_new(char *const *base, char *const *changes, int thread_count);

/* A variable's value in an environment; NULL if it is not set. */
const char *pbt__environment_get(char *const *environment, const char *name);

#endif
