/*
 * probe.h: a few segments, trained by the user's trainer under conditions that we choose.
 *
 * A probe is a study of one or two members in memory, trained on one slot by a child process, so
 * that a plugin starts fresh, and its crash is a result. Its first segment may be taken from
 * another probe instead of being trained: then training starts from that checkpoint, with the
 * probe's hyperparameters.
 */
#ifndef PBT_TRY_PROBE_H
#define PBT_TRY_PROBE_H

#include <jansson.h>

#include "spec/spec.h"

enum { PBT__PROBE_MEMBERS = 2, PBT__PROBE_SEGMENTS = 2 };

/* A segment as it was trained. Owner: the texts and `metrics` are its result's. */
typedef struct pbt__trained {
    bool is_there;
    int64_t step;
    double score;
    double seconds; /* since its process was started, or since the report before it */
    int64_t size_bytes;
    const char *digest; /* of the checkpoint; "" if there is none */
    const char *place;  /* its file or folder */
    const json_t *metrics;
} pbt__trained;

typedef struct pbt__probe {
    const char *name;      /* of what it leaves in `folder` */
    const char *folder;    /* absolute; it exists */
    const pbt_spec *spec;  /* the user's */
    int32_t population;    /* 1: asynchronous; 2: generational, so that members take turns */
    int32_t segment_count; /* per member */
    int64_t steps;         /* in a segment */
    bool reload_always;    /* load also what is in memory */
    bool is_pinned;        /* a client that can pins its random numbers: PBT_PIN_RANDOM */
    int seed_shift;        /* 0: the study's seed; else other random numbers, as far as we can */
    const pbt_value *values[2]; /* each member's. Shape: [2][space.count] */
    const pbt__trained *start;  /* Nullable: what member 0 begins with, as if it had trained it */
    int64_t start_step;         /* where that one ended */
    int32_t thread_count;       /* OMP_NUM_THREADS */
    const char *gpus;           /* Nullable: as --gpus takes them */
} pbt__probe;

/* What came of it. */
typedef struct pbt__probed {
    json_t *json;
    pbt__trained segments[PBT__PROBE_MEMBERS][PBT__PROBE_SEGMENTS]; /* by member and number */
    pbt_err failure;      /* PBT_OK: all were trained. PBT_ERR_REPORT, PBT_ERR_CHECKPOINT: a report
                            was refused; else the trainer failed */
    bool is_step;         /* it was refused for its step */
    const char *message;  /* why; one line */
    const char *hint;     /* what to do about it; "" if that is not known */
    const char *pinned;   /* the generators of random numbers that were pinned; "" if none was */
    double start_seconds; /* from the process's start until it asked for a segment or, as a command,
                             opened the checkpoint; below 0 if that was not seen */
    const char *log;      /* the file to look at; "" if there is none */
    bool log_says_more;   /* than what pbt wrote there */
} pbt__probed;

/* Train. A trainer's failure is told in `out`; the caller calls pbt__probed_fini. Errors: what
 * keeps a probe from being made. Interrupted, it ends soon, as if the trainer had failed. */
PBT_MUST_USE pbt_err pbt__probe_run(const pbt__probe *probe, pbt__probed *out, pbt_error *error);
void pbt__probed_fini(pbt__probed *probed);

/* ---- study.c ---- */

/* The child's part: train, and describe what came of it as JSON. New reference. */
PBT_MUST_USE pbt_err pbt__probe_train(const pbt__probe *probe, json_t **out, pbt_error *error);

/* ---- spec.c ---- */

/* Make a probe's spec. Owner: the caller frees. Errors: PBT_ERR_SPEC, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__probe_spec(const pbt__probe *probe, pbt_spec **out, pbt_error *error);

/* Where a probe's client says what it pinned, and the folder of the file that shifts the random
 * numbers of programs in Python. Shape: out[PBT__PATH_SIZE] */
PBT_MUST_USE pbt_err pbt__probe_pin_path(const pbt__probe *probe, char *out, pbt_error *error);
PBT_MUST_USE pbt_err pbt__probe_shift_folder(const pbt__probe *probe, char *out, pbt_error *error);

/* ---- values.c ---- */

/* Choose two settings to try: what the spec's first start gives and the lower quarter of each
 * prior, and the upper quarter; inherited ones are the same. Returns whether they differ.
 * Shape: low, high [space.count] */
bool pbt__probe_choose(const pbt_search *search, pbt_value *low, pbt_value *high);

/* The ends of a prior, the one that is farther from a value first. Shape: out[2] */
void pbt__probe_ends(const pbt_parameter *parameter, pbt_value from, pbt_value *out);

/* ---- copy.c ---- */

/* Copy a checkpoint, a file or a folder, to a place if nothing is. */
PBT_MUST_USE pbt_err pbt__probe_copy(const char *from, const char *to, pbt_error *error);

#endif
