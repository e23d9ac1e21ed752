/*
 * trial.h: what `pbt try` trains, and what it concludes.
 *
 * Each probe but a few trains one segment in a process of its own. Member 0's segments have the
 * same seeds, so two probes that differ in one condition show its effect; equal probes show how
 * much the trainer varies by itself.
 */
#ifndef PBT_TRY_TRIAL_H
#define PBT_TRY_TRIAL_H

#include "base/text.h"
#include "try/probe.h"

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
    PBT__PROBE_WHOLE,   /* member 0 from scratch, one segment as long as two */
    PBT__PROBE_LONGER,  /* member 0 with longer segments: what a step takes */
    /* Where loading or taking turns changed something: with random numbers that are pinned. */
    PBT__PROBE_PINNED_MEMORY,
    PBT__PROBE_PINNED_LOADED,
    PBT__PROBE_PINNED_SECOND,
    PBT__PROBE_PINNED_TURNS,
    /* As PBT__PROBE_LOADED, with other random numbers. */
    PBT__PROBE_SHIFTED,
    PBT__PROBE_SHIFTED_AGAIN,
    PBT__PROBE_COUNT,
} pbt__probe_id;

/* What changing one hyperparameter alone did. */
typedef enum pbt__effect {
    PBT__EFFECT_UNTRIED,   /* there was no time */
    PBT__EFFECT_SHOWN,     /* it changes what is trained */
    PBT__EFFECT_ELSEWHERE, /* only with another value of `choice` */
    PBT__EFFECT_FRESH,     /* only from scratch: after a load the checkpoint's own counts */
    PBT__EFFECT_NONE,      /* nothing, to the last bit */
    PBT__EFFECT_UNCLEAR,   /* it cannot be told from chance */
    PBT__EFFECT_FAILS,     /* the trainer does */
} pbt__effect;

typedef struct pbt__variation {
    size_t parameter;
    pbt_value from, to;
    pbt__effect effect;
    size_t choice;          /* PBT__EFFECT_ELSEWHERE: a parameter, and */
    pbt_value choice_value; /* the value with which this one counts */
    pbt_value given;        /* the last that was tried, with what came of it: */
    pbt__probed probed;     /* on from the first checkpoint */
} pbt__variation;

typedef struct pbt__trial {
    const pbt_spec *spec;
    int64_t steps;         /* in a segment */
    int64_t longer_steps;  /* in PBT__PROBE_LONGER's; 0 if a segment is as long as the study's */
    int32_t slot_count;    /* of the study on this machine */
    pbt_value *low, *high; /* Shape: [space.count] */
    bool is_varied;        /* whether the two differ */
    pbt__probed probed[PBT__PROBE_COUNT];
    pbt__variation *variations; /* Shape: [variation_count] */
    size_t variation_count;
    double variation_seconds; /* that they may take */
} pbt__trial;

/* The hyperparameters that a probe gives a member. */
const pbt_value *pbt__trial_values(const pbt__trial *trial, pbt__probe_id id, int member);

/* A segment of a probe, all zero where it was not trained. Never NULL. */
const pbt__trained *pbt__trial_segment(const pbt__trial *trial, pbt__probe_id id, int member,
                                       int number);

/* Say whether segments of a member follow each other in one process without a load. */
bool pbt__trial_carries(const pbt__trial *trial);

/* The member 0's second segment that was never interrupted: carried on in memory, or the end of
 * one as long as two. Never NULL. */
const pbt__trained *pbt__trial_uninterrupted(const pbt__trial *trial);

/* ---- compare.c ---- */

/* How much a trainer varies by itself. */
typedef struct pbt__noise {
    bool is_known;
    bool scores_repeat, digests_repeat;
    double score;                    /* the most that two scores of the same segment differed */
    const pbt__trained *pair[2];     /* those two; NULL if none differed */
    const pbt__trained *examples[2]; /* the same segment trained twice; NULL if none was */
} pbt__noise;

/* Say whether a trainer varies by itself, but not where its random numbers are pinned: then those
 * probes are to be compared. */
bool pbt__trial_is_pinned(const pbt__trial *trial);
/* The probe that loads as it should, pinned or not. */
pbt__probe_id pbt__trial_plain(const pbt__trial *trial);

typedef enum pbt__likeness {
    PBT__LIKE,
    PBT__UNLIKE,
    PBT__WITHIN_NOISE, /* it cannot be told */
    PBT__NOT_TRAINED,
} pbt__likeness;

pbt__noise pbt__trial_noise(const pbt__trial *trial);
/* The same where random numbers are pinned; not known if nothing could be pinned. */
pbt__noise pbt__trial_pinned_noise(const pbt__trial *trial);

/* Compare two results: by their checkpoints where those repeat exactly, else by their scores. */
pbt__likeness pbt__trained_compare(const pbt__noise *noise, const pbt__trained *a,
                                   const pbt__trained *b);
/* By their scores alone. */
pbt__likeness pbt__scores_compare(const pbt__noise *noise, const pbt__trained *a,
                                  const pbt__trained *b);
/* By their scores and every other metric that repeats: what is left are the checkpoint's bytes. */
pbt__likeness pbt__metrics_compare(const pbt__noise *noise, const pbt__trained *a,
                                   const pbt__trained *b);

/* ---- try_evidence.c: two results beside each other ---- */

typedef struct pbt__evidence {
    const pbt__trained *sides[2]; /* NULL: there is none */
    const char *names[2];         /* what each is: "loaded", "carried on" */
} pbt__evidence;

/* Write both values of the metric in which the sides differ, else of the objective; and whether
 * the checkpoints' bytes do. */
void pbt__evidence_write(const pbt__trial *trial, const pbt__evidence *evidence, pbt__text *out);
/* Append a command that shows how the two checkpoints differ; nothing if not both are there. */
void pbt__evidence_command(const pbt__evidence *evidence, pbt__text *out);
/* The same as an object. New reference; null if there is none. */
json_t *pbt__evidence_json(const pbt__trial *trial, const pbt__evidence *evidence);

/* ---- judge.c ---- */

typedef enum pbt__opinion {
    PBT__OPINION_OK,
    PBT__OPINION_NO,
    PBT__OPINION_UNSURE,
    PBT__OPINION_SKIPPED, /* it does not apply */
} pbt__opinion;

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
    char found[1024];
    char hint[512]; /* "" if there is nothing to do */
    pbt__evidence evidence;
} pbt__check;

/* Conclude from what was trained. Shape: out[PBT__CHECK_COUNT] */
void pbt__trial_judge(const pbt__trial *trial, pbt__check *out);

/* The probe that failed, if any; PBT__PROBE_COUNT: none. */
pbt__probe_id pbt__trial_failed(const pbt__trial *trial);

/* Conclude one check. */
__attribute__((format(printf, 3, 4))) void
pbt__check_conclude(pbt__check *check, pbt__opinion opinion, const char *format, ...);
void pbt__check_advise(pbt__check *check, const char *hint);
void pbt__check_show(pbt__check *check, const pbt__trained *a, const char *a_name,
                     const pbt__trained *b, const char *b_name);

/* ---- state.c ---- */

/* Whether a segment that loads is one that carries on, and whether members are kept apart. */
void pbt__trial_judge_loads(const pbt__trial *trial, const pbt__noise *noise, pbt__check *check);
void pbt__trial_judge_leaks(const pbt__trial *trial, pbt__check *check);

/* Say whether either of them is to be looked into, with other random numbers. */
bool pbt__trial_is_suspect(const pbt__trial *trial);
bool pbt__trial_may_leak(const pbt__trial *trial);

/* ---- effect.c ---- */

/* Whether hyperparameters are applied. */
void pbt__trial_judge_hyperparameters(const pbt__trial *trial, pbt__check *check);
/* Each variation as an object: {name from to result found}. New reference. */
json_t *pbt__trial_variations_json(const pbt__trial *trial);

/* ---- echo.c ---- */

/*
 * Look among the metrics for hyperparameters that trainers echo. Appends the names of those found
 * to `names`. Returns false if one is not what was given; `words` says which.
 * Shape: words[size]
 */
bool pbt__trial_echoes(const pbt__trial *trial, pbt__text *names, char *words, size_t size);

/* ---- forecast.c ---- */

typedef struct pbt__forecast {
    double seconds;         /* of the whole study */
    double segment_seconds; /* of one of its segments */
    double start_seconds;   /* of that, or once a slot: the program's start; below 0: not known */
    double worker_seconds;  /* of the whole study as a worker; below 0: not known, or it is one */
    int64_t segments;
    int64_t checkpoint_bytes; /* the largest seen */
    int64_t disk_bytes;       /* of all that are kept at a time */
} pbt__forecast;

/* What the whole study will take. Returns false if too little was trained to tell. */
bool pbt__trial_forecast(const pbt__trial *trial, pbt__forecast *out);

#endif
