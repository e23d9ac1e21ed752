/*
 * try.h: what `pbt try` trains, and what it concludes.
 *
 * Each probe but the last three trains one segment in a process of its own. All of member 0's are
 * the same segments with the same seeds, so that two that differ in one condition tell what that
 * condition does; those that differ in none tell how much the trainer varies by itself.
 */
#ifndef PBT_CLI_TRY_H
#define PBT_CLI_TRY_H

#include "base/text.h"
#include "cli/try_probe.h"

typedef enum pbt__probe_id {
    PBT__PROBE_SCRATCH, /* member 0 from scratch */
    PBT__PROBE_LOADED,  /* on from that checkpoint */
    PBT__PROBE_AGAIN,   /* the same once more */
    PBT__PROBE_OTHER,   /* member 0 from scratch with the other hyperparameters */
    PBT__PROBE_COPIED,  /* on from that one's checkpoint, with its own hyperparameters */
    PBT__PROBE_CHANGED, /* on from its own checkpoint, with the other's hyperparameters */
    PBT__PROBE_SECOND,  /* member 1 from scratch */
    PBT__PROBE_TURNS,   /* members 0, 1, 0, 1 in one process */
    PBT__PROBE_MEMORY,  /* member 0 twice in one process, nothing loaded between */
    PBT__PROBE_LONGER,  /* the same with longer segments: what a step takes */
    PBT__PROBE_COUNT,
} pbt__probe_id;

typedef struct pbt__trial {
    const pbt_spec *spec;
    int64_t steps;         /* in a segment */
    int64_t longer_steps;  /* in PBT__PROBE_LONGER's; 0 where a segment is as long as the study's */
    int32_t slot_count;    /* of the study on this machine */
    pbt_value *low, *high; /* Shape: [space.count] */
    bool is_varied;        /* whether the two differ */
    pbt__probed probed[PBT__PROBE_COUNT];
} pbt__trial;

/* The hyperparameters that a probe gives a member. */
const pbt_value *pbt__trial_values(const pbt__trial *trial, pbt__probe_id id, int member);

/* A segment of a probe, all zero where it was not trained. Never NULL. */
const pbt__trained *pbt__trial_segment(const pbt__trial *trial, pbt__probe_id id, int member,
                                       int number);

/* ---- try_judge.c ---- */

typedef enum pbt__opinion { PBT__OPINION_OK, PBT__OPINION_NO, PBT__OPINION_UNSURE } pbt__opinion;

typedef enum pbt__check_id {
    PBT__CHECK_RUNS,
    PBT__CHECK_SAVES,
    PBT__CHECK_LOADS,
    PBT__CHECK_STEPS,
    PBT__CHECK_HYPERPARAMETERS,
    PBT__CHECK_REPEATS,
    PBT__CHECK_LEAKS,
    PBT__CHECK_COUNT,
} pbt__check_id;

typedef struct pbt__check {
    const char *name;
    pbt__opinion opinion;
    char found[512];
    char hint[256]; /* "" where there is nothing to do */
} pbt__check;

/* Conclude from what was trained. Shape: out[PBT__CHECK_COUNT] */
void pbt__trial_judge(const pbt__trial *trial, pbt__check *out);

/* The probe that failed, if any; PBT__PROBE_COUNT: none. */
pbt__probe_id pbt__trial_failed(const pbt__trial *trial);

/* ---- try_compare.c ---- */

/* How much a trainer varies by itself. */
typedef struct pbt__noise {
    bool is_known;
    bool scores_repeat, digests_repeat;
    double score; /* the most that two scores of the same segment differed */
} pbt__noise;

typedef enum pbt__likeness {
    PBT__LIKE,
    PBT__UNLIKE,
    PBT__WITHIN_NOISE, /* it cannot be told */
    PBT__NOT_TRAINED,
} pbt__likeness;

pbt__noise pbt__trial_noise(const pbt__trial *trial);

/* Compare two results: by their checkpoints where those repeat exactly, else by their scores. */
pbt__likeness pbt__trained_compare(const pbt__noise *noise, const pbt__trained *a,
                                   const pbt__trained *b);
/* By their scores alone. */
pbt__likeness pbt__scores_compare(const pbt__noise *noise, const pbt__trained *a,
                                  const pbt__trained *b);

/*
 * Look among the metrics for hyperparameters that trainers echo. Appends the names of those found
 * to `names`. Returns false where one is not what was given; `words` says which.
 * Shape: words[size]
 */
bool pbt__trial_echoes(const pbt__trial *trial, pbt__text *names, char *words, size_t size);

/* ---- try_forecast.c ---- */

typedef struct pbt__forecast {
    double seconds;         /* of the whole study */
    double segment_seconds; /* of one of its segments */
    int64_t segments;
    int64_t checkpoint_bytes; /* the largest seen */
    int64_t disk_bytes;       /* of all that are kept at a time */
} pbt__forecast;

/* What the whole study will take. Returns false where too little was trained to tell. */
bool pbt__trial_forecast(const pbt__trial *trial, pbt__forecast *out);

/* Write bytes as people read them: "1.3 MiB". Shape: out[PBT__CELL_SIZE] */
void pbt__bytes_write(int64_t bytes, char *out);

#endif
