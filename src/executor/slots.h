/* slots.h: what a cgroup or Slurm grants, read from texts as in /proc, /sys and the environment.
 * Pure. */
#ifndef PBT_EXECUTOR_SLOTS_H
#define PBT_EXECUTOR_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Find this process's group in the text of /proc/self/cgroup: for a v1 `controller` such as "cpu",
 * or for v2 where it is "". Returns false if there is none. Shape: out[size]
 */
bool pbt__cgroup_path(const char *text, const char *controller, char *out, size_t size);

/* Processors granted by the text of a v2 cpu.max, such as "200000 100000"; 0: no limit, or not
 * understood. */
double pbt__cgroup_v2_processors(const char *cpu_max);

/* As above, by the texts of v1's cpu.cfs_quota_us and cpu.cfs_period_us. */
double pbt__cgroup_v1_processors(const char *quota, const char *period);

/* What Slurm says of a job's part here, as in its variables; each is NULL if it is not set. */
typedef struct pbt__slurm {
    const char *job_id;        /* SLURM_JOB_ID; without it there is no job */
    const char *cpus_per_task; /* SLURM_CPUS_PER_TASK, where the job asked by task */
    const char *cpus_on_node;  /* SLURM_CPUS_ON_NODE */
    const char *gpus_on_node;  /* SLURM_GPUS_ON_NODE */
} pbt__slurm;

/* Processors that a job may use: a task's, else the node's; 0: no job, or not understood. */
int32_t pbt__slurm_processors(const pbt__slurm *slurm);
/* GPUs likewise. */
int32_t pbt__slurm_gpus(const pbt__slurm *slurm);

/*
 * Ask a group and all above it up to "", such as "/a/b", "/a" and "": the least that one of them
 * grants, or `least`. `group` is used up.
 */
double pbt__cgroup_least(char *group, double (*ask)(const char *group), double least);

/* Processors this process may use: its affinity, and its cgroup's cpu.max (v2) or cfs quota (v1),
 * whichever is less; at least 1. */
int32_t pbt__slots_processors(void);

#endif
