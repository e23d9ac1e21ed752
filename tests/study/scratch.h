/* scratch.h: a folder of a test's own, and paths in it. Each test program includes it once. */
#ifndef PBT_TESTS_SCRATCH_H
#define PBT_TESTS_SCRATCH_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"

static char scratch[PBT__PATH_SIZE];

static int scratch_make(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    (void)snprintf(scratch, sizeof scratch, "%s/pbt-test-XXXXXX", base != NULL ? base : "/tmp");
    return mkdtemp(scratch) == NULL ? -1 : 0;
}

static int scratch_remove(void **state)
{
    (void)state;
#ifdef PBT_FAULTS
    pbt__fault_arm(0, 0);
#endif
    return pbt__file_remove(scratch, NULL) == PBT_OK ? 0 : -1;
}

/* A path in the scratch folder. Valid until eight more were asked for. */
static inline const char *in(const char *name)
{
    static char paths[8][PBT__PATH_SIZE];
    static size_t next;
    char *path = paths[next++ % 8];
    if (pbt__path_join(scratch, name, path, NULL) != PBT_OK) {
        abort();
    }
    return path;
}

/* Write a text where tests need a file, whatever the seams say. */
static inline void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0) {
        abort();
    }
}

static inline bool exists(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

#endif
