/*
 * pbt.h: Population Based Training (Jaderberg et al. 2017) as a library.
 *
 * A population is a value. It is asked which segment to train next and told how each segment went;
 * it answers with decisions. It does no I/O, reads no clock, starts no thread and keeps no
 * generator state: the same answers in the same order give the same study.
 *
 * Every function that can fail returns pbt_err and leaves its outputs untouched on failure. What
 * parses text or does I/O also fills a caller-owned, nullable pbt_error.
 */
#ifndef PBT_PBT_H
#define PBT_PBT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PBT_VERSION "0.1.0"

#if defined(__GNUC__)
#define PBT_API __attribute__((visibility("default")))
#define PBT_MUST_USE __attribute__((warn_unused_result))
#else
#define PBT_API
#define PBT_MUST_USE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors --------------------------------------------------------------------------------- */

/*
 * The one table of errors: name, number, message, HTTP status, exit status, Python exception.
 * A number is never given to another error.
 */
#define PBT_ERRORS(X)                                                                              \
    X(OK, 0, "success", 200, 0, "None")                                                            \
    X(ERR_MEMORY, 1, "out of memory", 503, 1, "MemoryError")                                       \
    X(ERR_ARGUMENT, 2, "invalid argument", 400, 2, "ValueError")                                   \
    X(ERR_SPEC, 3, "invalid spec", 422, 2, "SpecError")                                            \
    X(ERR_IO, 4, "input or output failed", 500, 1, "OSError")                                      \
    X(ERR_NOT_FOUND, 5, "not found", 404, 1, "NotFoundError")                                      \
    X(ERR_EXISTS, 6, "already exists", 409, 1, "ExistsError")                                      \
    X(ERR_LATE, 7, "a newer attempt has been claimed", 409, 1, "LateError")                        \
    X(ERR_STATE, 8, "not possible in this state", 409, 1, "StateError")                            \
    X(ERR_CORRUPT, 9, "stored data is damaged", 500, 1, "CorruptError")                            \
    X(ERR_BUSY, 10, "in use by another process", 503, 1, "BusyError")                              \
    X(ERR_VERSION, 11, "made by another version", 409, 1, "VersionError")                          \
    X(ERR_STORE, 12, "the store failed", 500, 1, "StoreError")                                     \
    X(ERR_TRAINER, 13, "the trainer failed", 500, 1, "TrainerError")                               \
    X(ERR_REPORT, 14, "the report does not fit its segment", 400, 1, "ReportError")                \
    X(ERR_CHECKPOINT, 15, "the checkpoint cannot be used", 400, 1, "CheckpointError")              \
    X(ERR_LIMIT, 16, "a stated bound was exceeded", 413, 1, "LimitError")                          \
    X(ERR_NO_MEMBER, 17, "the study ended without one usable member", 200, 3, "NoMemberError")     \
    X(ERR_RESOURCE, 18, "a limit of the system is reached", 503, 1, "OSError")

typedef enum pbt_err {
#define PBT_ERROR_ENUM(name, number, message, http, status, python) PBT_##name = (number),
    PBT_ERRORS(PBT_ERROR_ENUM)
#undef PBT_ERROR_ENUM
} pbt_err;

/* One failure in words. Each text is one line, NUL-terminated, empty where there is nothing to say.
 */
typedef struct pbt_error {
    pbt_err code;
    char message[256]; /* lower case, no full stop, values quoted */
    char detail[512];  /* facts */
    char hint[256];    /* what to do */
} pbt_error;

/* Name an error, such as "ERR_LATE"; "unknown" for a number outside the table. Never NULL. */
PBT_API const char *pbt_err_name(pbt_err err);
/* Describe an error in general words. Never NULL. */
PBT_API const char *pbt_err_message(pbt_err err);
/* Return the library's version, such as "0.1.0". Never NULL. */
PBT_API const char *pbt_version(void);

/* ---- the search space ------------------------------------------------------------------------ */

typedef enum pbt_type {
    PBT_FLOAT,
    PBT_INT,
    PBT_ORDINAL,  /* one of an ordered list: moves one place up or down */
    PBT_CHOICE,   /* one of a list without order */
    PBT_CONSTANT, /* never changes */
} pbt_type;

typedef enum pbt_scale {
    PBT_LINEAR,
    PBT_LOG,
    PBT_REVERSE_LOG, /* log in 1 - x */
} pbt_scale;

/* A hyperparameter's value; its parameter's type says which field is meant. */
typedef union pbt_value {
    double real;     /* PBT_FLOAT */
    int64_t integer; /* PBT_INT; for PBT_ORDINAL, PBT_CHOICE, PBT_CONSTANT the index into `items` */
} pbt_value;

typedef enum pbt_item_type {
    PBT_ITEM_INT,
    PBT_ITEM_FLOAT,
    PBT_ITEM_BOOL,
    PBT_ITEM_TEXT
} pbt_item_type;

/* One value of an ordinal, a choice or a constant, in the type it was written in. */
typedef struct pbt_item {
    pbt_item_type type;
    int64_t integer;  /* PBT_ITEM_INT; PBT_ITEM_BOOL as 0 or 1 */
    double real;      /* PBT_ITEM_FLOAT */
    const char *text; /* PBT_ITEM_TEXT, UTF-8 */
} pbt_item;

/* One hyperparameter and its prior. Owner: the caller keeps `name` and `items` alive. */
typedef struct pbt_parameter {
    const char *name; /* [a-z_][a-z0-9_]* */
    pbt_type type;
    pbt_scale scale;       /* PBT_FLOAT and PBT_INT; log needs min > 0, reverse_log max < 1 */
    pbt_value min, max;    /* PBT_FLOAT and PBT_INT, both ends included */
    const pbt_item *items; /* PBT_ORDINAL, PBT_CHOICE (2 or more), PBT_CONSTANT (1) */
    int32_t item_count;
    bool inherit; /* belongs to the weights: drawn once, copied with them, never explored */
} pbt_parameter;

/* Shape: parameters[count]. */
typedef struct pbt_space {
    const pbt_parameter *parameters;
    size_t count;
} pbt_space;

/* What exploring did to one hyperparameter. */
typedef enum pbt_operation {
    PBT_UNTOUCHED,
    PBT_RESAMPLE, /* a new draw from the prior */
    PBT_FACTOR,   /* times `argument` */
    PBT_NUDGE,    /* an int that its factor did not move: `argument` is +1 or -1 */
    PBT_UP,       /* one place up an ordinal's list */
    PBT_DOWN,
    PBT_NOISE, /* a normal deviate added, in natural-log units on a log scale */
    PBT_PICK,  /* a uniform draw among a choice's values */
    PBT_STAGE, /* what the member's schedule says */
} pbt_operation;

typedef struct pbt_change {
    pbt_operation operation;
    double argument;
    bool is_clamped; /* the bounds cut the move short */
    pbt_value from;  /* before exploring, after any copy */
} pbt_change;

/* ---- what to search and how -------------------------------------------------------------------
 */

typedef enum pbt_direction { PBT_MAXIMIZE, PBT_MINIMIZE } pbt_direction;
typedef enum pbt_mode { PBT_ASYNCHRONOUS, PBT_GENERATIONAL } pbt_mode;
typedef enum pbt_compare { PBT_COMPARE_STEP, PBT_COMPARE_LATEST } pbt_compare;
typedef enum pbt_when { PBT_WHEN_COPY, PBT_WHEN_ALWAYS } pbt_when;

typedef enum pbt_exploit_rule {
    PBT_EXPLOIT_TRUNCATION,
    PBT_EXPLOIT_T_TEST,
    PBT_EXPLOIT_BINARY_TOURNAMENT,
    PBT_EXPLOIT_BEST,
    PBT_EXPLOIT_THRESHOLD,
    PBT_EXPLOIT_NONE,
} pbt_exploit_rule;

typedef enum pbt_explore_rule {
    PBT_EXPLORE_PERTURB,
    PBT_EXPLORE_GAUSSIAN,
    PBT_EXPLORE_RESAMPLE,
    PBT_EXPLORE_NONE,
} pbt_explore_rule;

enum { PBT_COPY_WEIGHTS = 1, PBT_COPY_HYPERPARAMETERS = 2 };

typedef struct pbt_exploit {
    pbt_exploit_rule rule;
    pbt_compare compare;
    double quorum;   /* share of live members, in [0, 1]; never fewer than 2 members */
    int copy;        /* PBT_COPY_WEIGHTS | PBT_COPY_HYPERPARAMETERS */
    double fraction; /* truncation */
    double alpha;    /* t_test */
    int32_t window;  /* t_test: evaluations along the lineage */
    double sigmas;   /* threshold */
    double absolute; /* threshold */
} pbt_exploit;

typedef struct pbt_explore {
    pbt_explore_rule rule;
    pbt_when when;
    const double *factors; /* perturb; Shape: factors[factor_count] */
    int32_t factor_count;
    double resample_probability; /* perturb */
    double sigma;                /* gaussian */
} pbt_explore;

/* One stretch of a given schedule: these values until the weights have that age. */
typedef struct pbt_stage {
    int64_t end_age;         /* Units: steps; grows from stage to stage */
    const pbt_value *values; /* Shape: values[space.count]; read where `given` is true */
    const bool *given;       /* Shape: given[space.count]; the others stay as they are */
} pbt_stage;

/* One given start; the members beyond the list are drawn from the priors. */
typedef struct pbt_start {
    const pbt_value *values; /* Shape: values[space.count]; read where `given` is true */
    const bool *given;       /* Shape: given[space.count] */
    bool fixed;              /* a baseline: never copies, never changes */
    const char *checkpoint;  /* Nullable: a file or folder to start from */
    const pbt_stage *stages; /* Shape: stages[stage_count]: a schedule, followed instead of
                                copying and exploring; the last stage holds to the end */
    int32_t stage_count;     /* in a population of several, stages end at ready points */
} pbt_start;

enum { PBT_OPTIONS = 8, PBT_OPTION_SIZE = 48 };

/* An option of a rule, where neither pbt_exploit nor pbt_explore has a field for it. */
typedef struct pbt_option {
    char name[PBT_OPTION_SIZE]; /* its key in a spec, such as "exploit.fraction"; "": none */
    double value;
} pbt_option;

/* Everything a decision depends on, the events aside. Start from pbt_search_default(). */
typedef struct pbt_search {
    size_t size; /* sizeof(pbt_search): which fields the caller knows */
    uint64_t seed;
    int32_t population;
    pbt_mode mode;
    pbt_direction direction;
    int32_t window;      /* ranks use the mean of that many reports along the lineage */
    int64_t ready_every; /* Units: steps in a segment */
    int64_t ready_after; /* Units: steps before the first decision */
    int64_t stop_steps;  /* Units: steps per member */
    double stop_score;   /* as reported; NaN where there is none */
    pbt_exploit exploit;
    pbt_explore explore;
    int32_t retries; /* more attempts after a trainer's own failure */
    int32_t lost;    /* more attempts after a lost lease */
    pbt_space space;
    const pbt_start *starts; /* Shape: starts[start_count]; start_count <= population */
    int32_t start_count;
    pbt_option options[PBT_OPTIONS]; /* those not named have their defaults */
} pbt_search;

/* The documented defaults; population, ready_every, stop_steps and space are the caller's to set.
 */
PBT_API pbt_search pbt_search_default(void);

/*
 * Check a search for contradictions.
 * Errors: PBT_ERR_ARGUMENT with the field named in `error`. Nullable: error.
 */
PBT_API PBT_MUST_USE pbt_err pbt_search_check(const pbt_search *search, pbt_error *error);

/* Describe a float in [min, max]. */
PBT_API pbt_parameter pbt_parameter_float(const char *name, pbt_scale scale, double min,
                                          double max);
/* Describe an integer in [min, max]. */
PBT_API pbt_parameter pbt_parameter_int(const char *name, pbt_scale scale, int64_t min,
                                        int64_t max);

/* ---- a population ------------------------------------------------------------------------------
 */

typedef struct pbt_population pbt_population;

/* A segment's name: "m3s12" is {3, 12}. Both count from 0. */
typedef struct pbt_segment_id {
    int32_t member;
    int32_t number;
} pbt_segment_id;

#define PBT_NO_SEGMENT ((pbt_segment_id){-1, -1})

typedef enum pbt_reason {
    PBT_INITIAL,
    PBT_CONTINUE,
    PBT_EXPLOITED,
    PBT_EXPLORED,
    PBT_RESCUE,
    PBT_REPLAY,
} pbt_reason;

typedef enum pbt_segment_state {
    PBT_SEGMENT_OPEN, /* to be trained or being trained */
    PBT_SEGMENT_REPORTED,
    PBT_SEGMENT_GIVEN_UP,
} pbt_segment_state;

typedef enum pbt_member_state {
    PBT_MEMBER_TRAINING, /* has an open segment */
    PBT_MEMBER_READY,    /* reported; waits for its round's decisions */
    PBT_MEMBER_LOST,     /* its segment was given up; waits for a rescue */
    PBT_MEMBER_FINISHED,
    PBT_MEMBER_FAILED,
} pbt_member_state;

/*
 * One stretch of a member's training with fixed hyperparameters.
 * Owner: `values` and `changes` point into the population and live as long as it does.
 */
typedef struct pbt_segment {
    pbt_segment_id id;
    pbt_segment_id parent; /* whose checkpoint to start from; PBT_NO_SEGMENT: from scratch */
    int32_t donor;         /* the member copied, or -1 */
    pbt_reason reason;
    pbt_segment_state state;
    int64_t start_step, end_step; /* the member's clock: its own work */
    int64_t start_age, end_age;   /* steps in the weights, whoever trained them */
    uint32_t seed;                /* for the trainer; the same in every attempt and every rerun */
    double score;                 /* as reported; NaN before */
    bool has_checkpoint;
    const pbt_value *values;   /* Shape: values[space.count] */
    const pbt_change *changes; /* Shape: changes[space.count] */
} pbt_segment;

/* What a trainer says of the segment it trained. */
typedef struct pbt_report {
    pbt_segment_id segment;
    int64_t step; /* where it stopped: end_step, or less than ready_every beyond it */
    double score; /* not finite: the segment diverged, and may be short of end_step */
    bool has_checkpoint;
    const double *samples; /* Nullable. Shape: samples[sample_count]: single evaluations */
    size_t sample_count;
} pbt_report;

/*
 * Make a population with its first segments.
 * Owner: the population copies nothing from `search`, which must outlive it.
 * Errors: PBT_ERR_ARGUMENT as pbt_search_check, PBT_ERR_MEMORY. Nullable: error.
 */
PBT_API PBT_MUST_USE pbt_err pbt_population_new(const pbt_search *search, pbt_population **out,
                                                pbt_error *error);
PBT_API void pbt_population_free(pbt_population *population);

/*
 * Ask for the segment to train next: the open one of the member furthest behind that nobody was
 * asked to train yet. Returns false where there is none: all are being trained, or it is over.
 */
PBT_API PBT_MUST_USE bool pbt_population_ask(pbt_population *population, pbt_segment *out);

/*
 * Tell how a segment went; its decisions are made at once and their segments can be asked for.
 * On failure the population is as it was. O(log N) in the population; allocates nothing.
 * Errors: PBT_ERR_REPORT (the step does not fit), PBT_ERR_STATE (the segment is not open).
 */
PBT_API PBT_MUST_USE pbt_err pbt_population_tell(pbt_population *population,
                                                 const pbt_report *report);

/* Say whether every member has finished or failed. */
PBT_API bool pbt_population_is_over(const pbt_population *population);

/* Find a segment by its id. Returns false where there is none. */
PBT_API PBT_MUST_USE bool pbt_population_segment(const pbt_population *population,
                                                 pbt_segment_id id, pbt_segment *out);

/* Find the best segment that holds a checkpoint; ties go to the earlier one, then the lower member.
 * Returns false where there is none. */
PBT_API PBT_MUST_USE bool pbt_population_best(const pbt_population *population, pbt_segment *out);

/*
 * List the lineage that ends in `leaf`, from age 0 on.
 * Shape: out[capacity]; returns the lineage's length, of which at most `capacity` were written.
 */
PBT_API size_t pbt_population_lineage(const pbt_population *population, pbt_segment_id leaf,
                                      pbt_segment *out, size_t capacity);

/* ---- specs --------------------------------------------------------------------------------------
 */

typedef struct pbt_spec pbt_spec;

/*
 * Read a study's spec from a YAML file.
 * Errors: PBT_ERR_SPEC with "FILE:LINE:COLUMN: ..." in `error`, PBT_ERR_IO, PBT_ERR_MEMORY.
 * Nullable: error.
 */
PBT_API PBT_MUST_USE pbt_err pbt_spec_read(const char *path, pbt_spec **out, pbt_error *error);
PBT_API void pbt_spec_free(pbt_spec *spec);
/* The part of a spec that decisions depend on. Owner: the spec. Never NULL. */
PBT_API const pbt_search *pbt_spec_search(const pbt_spec *spec);

#ifdef __cplusplus
}
#endif
#endif
