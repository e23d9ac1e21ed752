/*
 * slots.c: how many processors there are for us.
 *
 * A limit holds for a group and all below it, so the least limit from our group up to the root
 * counts. In a container some groups of the path may be invisible; they are skipped.
 */
#include "executor/slots.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { TEXT_MAXIMUM = 64 * 1024, CPU_MAXIMUM = 65536 };

/* ---- texts ----------------------------------------------------------------------------------- */

/* Say whether `name` is among the comma-separated names in list[length]; "" is in the empty list
 * alone. */
static bool is_listed(const char *list, size_t length, const char *name)
{
    const size_t name_length = strlen(name);
    for (size_t start = 0; start <= length;) {
        const char *comma = memchr(list + start, ',', length - start);
        const size_t end = comma != NULL ? (size_t)(comma - list) : length;
        if (end - start == name_length && memcmp(list + start, name, name_length) == 0) {
            return true;
        }
        start = end + 1;
    }
    return false;
}

bool pbt__cgroup_path(const char *text, const char *controller, char *out, size_t size)
{
    /* Each line is "hierarchy:controllers:path". */
    for (const char *line = text; *line != '\0';) {
        const size_t length = strcspn(line, "\n");
        const char *list = memchr(line, ':', length);
        const char *path =
            list != NULL ? memchr(list + 1, ':', length - (size_t)(list + 1 - line)) : NULL;
        if (path != NULL && is_listed(list + 1, (size_t)(path - list - 1), controller)) {
            const size_t path_length = length - (size_t)(path + 1 - line);
            if (path_length >= size) {
                return false;
            }
            memcpy(out, path + 1, path_length);
            out[path_length] = '\0';
            return true;
        }
        line += length + (line[length] == '\n');
    }
    return false;
}

static double divide(long long quota, long long period)
{
    return quota > 0 && period > 0 ? (double)quota / (double)period : 0;
}

double pbt__cgroup_v2_processors(const char *cpu_max)
{
    char *end = NULL;
    const long long quota = strtoll(cpu_max, &end, 10);
    return end == cpu_max ? 0 : divide(quota, strtoll(end, NULL, 10));
}

double pbt__cgroup_v1_processors(const char *quota, const char *period)
{
    return divide(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

double pbt__cgroup_least(char *group, double (*ask)(const char *group), double least)
{
    for (;;) {
        const double granted = ask(group);
        if (granted > 0 && granted < least) {
            least = granted;
        }
        char *slash = strrchr(group, '/');
        if (slash == NULL) {
            return least;
        }
        *slash = '\0';
    }
}

/* A count, all digits; 0 if it is none. */
static int32_t read_count(const char *text)
{
    char *end = NULL;
    if (text == NULL || text[0] < '0' || text[0] > '9') {
        return 0;
    }
    const long long count = strtoll(text, &end, 10);
    return *end == '\0' && count <= INT32_MAX ? (int32_t)count : 0;
}

int32_t pbt__slurm_processors(const pbt__slurm *slurm)
{
    const int32_t of_task = read_count(slurm->cpus_per_task);
    if (slurm->job_id == NULL) {
        return 0;
    }
    return of_task > 0 ? of_task : read_count(slurm->cpus_on_node);
}

int32_t pbt__slurm_gpus(const pbt__slurm *slurm)
{
    return slurm->job_id != NULL ? read_count(slurm->gpus_on_node) : 0;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* Read folder/group/name; NULL if it is not there. The caller frees. */
static char *read_text(const char *folder, const char *group, const char *name)
{
    char path[PBT__PATH_SIZE];
    char *text = NULL;
    size_t length = 0;
    const int wanted = snprintf(path, sizeof path, "%s%s%s", folder, group, name);
    if (wanted < 0 || (size_t)wanted >= sizeof path ||
        pbt__file_read(path, TEXT_MAXIMUM, &text, &length, NULL) != PBT_OK) {
        return NULL;
    }
    return text;
}

static double ask_v2(const char *group)
{
    char *text = read_text("/sys/fs/cgroup", group, "/cpu.max");
    const double granted = text != NULL ? pbt__cgroup_v2_processors(text) : 0;
    free(text);
    return granted;
}

static double ask_v1(const char *group)
{
    char *quota = read_text("/sys/fs/cgroup/cpu", group, "/cpu.cfs_quota_us");
    char *period = read_text("/sys/fs/cgroup/cpu", group, "/cpu.cfs_period_us");
    const double granted =
        quota != NULL && period != NULL ? pbt__cgroup_v1_processors(quota, period) : 0;
    free(quota);
    free(period);
    return granted;
}

static double affinity(void)
{
    cpu_set_t *set = CPU_ALLOC(CPU_MAXIMUM);
    const size_t size = CPU_ALLOC_SIZE(CPU_MAXIMUM);
    const int count =
        set != NULL && sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 1;
    CPU_FREE(set);
    return count;
}

int32_t pbt__slots_processors(void)
{
    char group[PBT__PATH_SIZE];
    double processors = affinity();
    char *text = read_text("/proc/self", "", "/cgroup");
    if (text != NULL && pbt__cgroup_path(text, "", group, sizeof group)) {
        processors = pbt__cgroup_least(group, ask_v2, processors);
    }
    if (text != NULL && pbt__cgroup_path(text, "cpu", group, sizeof group)) {
        processors = pbt__cgroup_least(group, ask_v1, processors);
    }
    free(text);
    return processors < 1 ? 1 : (int32_t)floor(processors);
}
