/*
 * pbt.h: Population Based Training (Jaderberg et al. 2017) as a library.
 *
 * A program asks a population for the next segment and tells it how each segment went; the
 * population makes the decisions. It does no I/O, reads no clock, starts no thread and keeps no
 * generator state: the same calls in the same order give the same study.
 *
 * Errors: a function that can fail returns pbt_err and leaves its outputs untouched on failure. It
 * also fills a pbt_error of the caller's.
 * Nullable: `error` everywhere, and what a comment names. The compiler warns of other NULLs.
 * Threads: there are no globals. A population or a spec may be read by several threads at a time,
 * and changed by one thread while no other uses it. Two populations share nothing.
 *
 * Versions: pbt_search, pbt_segment, pbt_report and pbt_member may grow at their end, and every
 * call passes their size. The `static inline` functions here pass sizeof; other languages call the
 * functions named _sized. A program works with a newer library. It works with an older one if it
 * sets no field that the library does not know; otherwise the call fails with PBT_ERR_VERSION.
 * Other structs do not change.
 */
#ifndef PBT_PBT_H
#define PBT_PBT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define PBT_VERSION "0.1.0"
#define PBT_VERSION_MAJOR 0
#define PBT_VERSION_MINOR 1
#define PBT_VERSION_PATCH 0
/* One number that grows with the version: 1002003 is 1.2.3. */
#define PBT_VERSION_NUMBER                                                                         \
    (PBT_VERSION_MAJOR * 1000000 + PBT_VERSION_MINOR * 1000 + PBT_VERSION_PATCH)

#if defined(__GNUC__)
#define PBT_API __attribute__((visibility("default")))
#define PBT_MUST_USE __attribute__((warn_unused_result))
#define PBT_NONNULL(...) __attribute__((nonnull(__VA_ARGS__)))
#else
#define PBT_API
#define PBT_MUST_USE
#define PBT_NONNULL(...)
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

/* One failure in words. Each text is one line, NUL-terminated, and may be empty. */
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
/* Return the library's version as a number, as PBT_VERSION_NUMBER says the header's. */
PBT_API int32_t pbt_version_number(void);

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

/* One hyperparameter and its prior. */
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

/* ---- what to search and how ------------------------------------------------------------------ */

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

/* Everything a decision depends on, except the events. Start from pbt_search_default(). */
typedef struct pbt_search {
    size_t size; /* which fields the caller knows; pbt_search_init() sets it */
    uint64_t seed;
    int32_t population;
    pbt_mode mode;
    pbt_direction direction;
    int32_t window;      /* ranks use the mean of that many reports along the lineage */
    int64_t ready_every; /* Units: steps in a segment */
    int64_t ready_after; /* Units: steps before the first decision */
    int64_t stop_steps;  /* Units: steps per member */
    double stop_score;   /* as reported; NaN if there is none */
    pbt_exploit exploit;
    pbt_explore explore;
    int32_t retries; /* more attempts after a trainer's own failure */
    int32_t lost;    /* more attempts after a lost lease */
    pbt_space space;
    const pbt_start *starts; /* Shape: starts[start_count]; start_count <= population */
    int32_t start_count;
    pbt_option options[PBT_OPTIONS]; /* all others have their defaults */
} pbt_search;

/* Set the documented defaults. The caller sets population, ready_every, stop_steps and space.
 * `size` is sizeof(pbt_search). */
PBT_API void pbt_search_init(pbt_search *search, size_t size) PBT_NONNULL(1);

/* Return the documented defaults, as pbt_search_init() sets them. */
static inline pbt_search pbt_search_default(void)
{
    pbt_search search;
    pbt_search_init(&search, sizeof search);
    return search;
}

/*
 * Check a search for contradictions.
 * Errors: PBT_ERR_ARGUMENT with the field named in `error`, PBT_ERR_VERSION.
 */
PBT_API PBT_MUST_USE pbt_err pbt_search_check(const pbt_search *search, pbt_error *error)
    PBT_NONNULL(1);

/* The most segments that a member of this search can have; all segment numbers are below it. Four
 * segments make at least one step. INT32_MAX: there is no such bound. */
PBT_API int32_t pbt_search_segments(const pbt_search *search) PBT_NONNULL(1);

/* Describe a float in [min, max]. */
static inline PBT_NONNULL(1) pbt_parameter
    pbt_parameter_float(const char *name, pbt_scale scale, double min, double max)
{
    pbt_parameter parameter;
    memset(&parameter, 0, sizeof parameter);
    parameter.name = name;
    parameter.type = PBT_FLOAT;
    parameter.scale = scale;
    parameter.min.real = min;
    parameter.max.real = max;
    return parameter;
}

/* Describe an integer in [min, max]. */
static inline PBT_NONNULL(1) pbt_parameter
    pbt_parameter_int(const char *name, pbt_scale scale, int64_t min, int64_t max)
{
    pbt_parameter parameter;
    memset(&parameter, 0, sizeof parameter);
    parameter.name = name;
    parameter.type = PBT_INT;
    parameter.scale = scale;
    parameter.min.integer = min;
    parameter.max.integer = max;
    return parameter;
}

/* ---- a population ---------------------------------------------------------------------------- */

typedef struct pbt_population pbt_population;

/* A segment's name: "m3s12" is {3, 12}. Both count from 0. */
typedef struct pbt_segment_id {
    int32_t member;
    int32_t number;
} pbt_segment_id;

#ifdef __cplusplus
#define PBT_NO_SEGMENT (pbt_segment_id{-1, -1})
#else
#define PBT_NO_SEGMENT ((pbt_segment_id){-1, -1})
#endif

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
    int64_t start_age, end_age;   /* steps in the weights, whichever member trained them */
    uint32_t seed;                /* for the trainer; the same in every attempt and every rerun */
    double score;                 /* as reported; NaN before */
    bool has_checkpoint;
    const pbt_value *values;   /* Shape: values[space.count] */
    const pbt_change *changes; /* Shape: changes[space.count] */
} pbt_segment;

/* The report of a segment. */
typedef struct pbt_report {
    pbt_segment_id segment;
    int64_t step; /* where it stopped: end_step, or less than ready_every beyond it */
    double score; /* not finite: the segment diverged, and may be short of end_step */
    bool has_checkpoint;
    const double *samples; /* Nullable. Shape: samples[sample_count]: single evaluations */
    size_t sample_count;
} pbt_report;

/* Why an attempt failed. */
typedef enum pbt_cause {
    PBT_CAUSE_TRAINER,    /* the trainer failed; search.retries more attempts may follow */
    PBT_CAUSE_LOST,       /* its worker is gone; search.lost more attempts may follow */
    PBT_CAUSE_FATAL,      /* another attempt would fail too */
    PBT_CAUSE_UNLOADABLE, /* its start checkpoint cannot be read; no segment starts from it again */
} pbt_cause;

/* A member, as it is now. */
typedef struct pbt_member {
    pbt_member_state state;
    int32_t failures;        /* of its attempts, all told */
    pbt_segment_id newest;   /* its newest segment */
    pbt_segment_id reported; /* its latest reported one; PBT_NO_SEGMENT: none */
    int64_t step;            /* its own work so far. Units: steps */
    bool is_asked;           /* its open segment was asked for, and not released */
} pbt_member;

/*
 * Make a population with its first segments.
 * Owner: `search` is copied. Free the population with pbt_population_free().
 * Errors: PBT_ERR_ARGUMENT and PBT_ERR_VERSION as pbt_search_check(), PBT_ERR_MEMORY.
 */
PBT_API PBT_MUST_USE pbt_err pbt_population_new(const pbt_search *search, pbt_population **out,
                                                pbt_error *error) PBT_NONNULL(1, 2);
/* Free a population. Nullable: population. */
PBT_API void pbt_population_free(pbt_population *population);

/*
 * Ask for the segment to train next: of those not yet asked for, the one of the member furthest
 * behind. Returns false if there is none: all are being trained, or the population is over.
 * O(log N) in the population, amortised; allocates nothing.
 */
PBT_API PBT_MUST_USE bool pbt_population_ask_sized(pbt_population *population, pbt_segment *out,
                                                   size_t size) PBT_NONNULL(1, 2);
static inline PBT_MUST_USE PBT_NONNULL(1, 2) bool pbt_population_ask(pbt_population *population,
                                                                     pbt_segment *out)
{
    return pbt_population_ask_sized(population, out, sizeof *out);
}

/*
 * Tell how a segment went, whether it was asked for or not. Decisions are made at once, and their
 * segments can be asked for. On failure the population is as it was. O(log N) in the population;
 * allocates nothing.
 * Errors: PBT_ERR_REPORT (the step does not fit), PBT_ERR_STATE (the segment is not open),
 * PBT_ERR_VERSION, PBT_ERR_MEMORY.
 */
PBT_API PBT_MUST_USE pbt_err pbt_population_tell_sized(pbt_population *population,
                                                       const pbt_report *report, size_t size,
                                                       pbt_error *error) PBT_NONNULL(1, 2);
static inline PBT_MUST_USE PBT_NONNULL(1, 2) pbt_err
    pbt_population_tell(pbt_population *population, const pbt_report *report, pbt_error *error)
{
    return pbt_population_tell_sized(population, report, sizeof *report, error);
}

/*
 * Tell that an attempt at an open segment has failed. If another attempt is allowed, the segment
 * can be asked for again. Otherwise it is given up, and its member is lost until it is rescued with
 * a new segment. A member that is lost four times in a row without a report has failed for good. On
 * failure the population is as it was.
 * Errors: PBT_ERR_STATE (the segment is not open), PBT_ERR_ARGUMENT (no such cause),
 * PBT_ERR_MEMORY.
 */
PBT_API PBT_MUST_USE pbt_err pbt_population_fail(pbt_population *population, pbt_segment_id segment,
                                                 pbt_cause cause, pbt_error *error) PBT_NONNULL(1);

/* Give back a segment that was asked for and will not be trained: it can be asked for again.
 * Errors: PBT_ERR_STATE (it is not open, or nobody asked for it). */
PBT_API PBT_MUST_USE pbt_err pbt_population_release(pbt_population *population,
                                                    pbt_segment_id segment, pbt_error *error)
    PBT_NONNULL(1);

/* Say whether every member has finished or failed. */
PBT_API bool pbt_population_is_over(const pbt_population *population) PBT_NONNULL(1);

/* Get a member's state. Returns false if there is no such member. */
PBT_API PBT_MUST_USE bool pbt_population_member_sized(const pbt_population *population,
                                                      int32_t member, pbt_member *out, size_t size)
    PBT_NONNULL(1, 3);
static inline PBT_MUST_USE
    PBT_NONNULL(1, 3) bool pbt_population_member(const pbt_population *population, int32_t member,
                                                 pbt_member *out)
{
    return pbt_population_member_sized(population, member, out, sizeof *out);
}

/*
 * Say whether a segment's checkpoint is still needed: a segment may start from it, or it is the
 * best. Other checkpoints can be deleted; no segment will start from them, unless a needed one is
 * reported as PBT_CAUSE_UNLOADABLE. At most one per member is needed, and the best.
 * O(1)
 */
PBT_API PBT_MUST_USE bool pbt_population_needs(const pbt_population *population,
                                               pbt_segment_id segment) PBT_NONNULL(1);

/* Find a segment by its id. Returns false if there is none. */
PBT_API PBT_MUST_USE bool pbt_population_segment_sized(const pbt_population *population,
                                                       pbt_segment_id id, pbt_segment *out,
                                                       size_t size) PBT_NONNULL(1, 3);
static inline PBT_MUST_USE
    PBT_NONNULL(1, 3) bool pbt_population_segment(const pbt_population *population,
                                                  pbt_segment_id id, pbt_segment *out)
{
    return pbt_population_segment_sized(population, id, out, sizeof *out);
}

/* Find the best segment that holds a checkpoint; ties go to the earlier one, then the lower member.
 * Returns false if there is none. */
PBT_API PBT_MUST_USE bool pbt_population_best_sized(const pbt_population *population,
                                                    pbt_segment *out, size_t size)
    PBT_NONNULL(1, 2);
static inline PBT_MUST_USE
    PBT_NONNULL(1, 2) bool pbt_population_best(const pbt_population *population, pbt_segment *out)
{
    return pbt_population_best_sized(population, out, sizeof *out);
}

/*
 * List the lineage that ends in `leaf`, from age 0 on.
 * Shape: out[capacity]. Returns the lineage's length; at most `capacity` segments are written.
 * Nullable: out, where `capacity` is 0.
 */
PBT_API size_t pbt_population_lineage_sized(const pbt_population *population, pbt_segment_id leaf,
                                            pbt_segment *out, size_t capacity, size_t size)
    PBT_NONNULL(1);
static inline PBT_NONNULL(1) size_t
    pbt_population_lineage(const pbt_population *population, pbt_segment_id leaf, pbt_segment *out,
                           size_t capacity)
{
    return pbt_population_lineage_sized(population, leaf, out, capacity, sizeof *out);
}

/* ---- names --------------------------------------------------------------------------------------
 * Each value of an enumeration as a spec and --json write it; "unknown" for any other number. Never
 * NULL. */

PBT_API const char *pbt_type_name(pbt_type type);
PBT_API const char *pbt_scale_name(pbt_scale scale);
PBT_API const char *pbt_item_type_name(pbt_item_type type);
PBT_API const char *pbt_operation_name(pbt_operation operation);
PBT_API const char *pbt_direction_name(pbt_direction direction);
PBT_API const char *pbt_mode_name(pbt_mode mode);
PBT_API const char *pbt_compare_name(pbt_compare compare);
PBT_API const char *pbt_when_name(pbt_when when);
PBT_API const char *pbt_exploit_rule_name(pbt_exploit_rule rule);
PBT_API const char *pbt_explore_rule_name(pbt_explore_rule rule);
PBT_API const char *pbt_reason_name(pbt_reason reason);
PBT_API const char *pbt_segment_state_name(pbt_segment_state state);
PBT_API const char *pbt_member_state_name(pbt_member_state state);
PBT_API const char *pbt_cause_name(pbt_cause cause);

/* ---- specs ----------------------------------------------------------------------------------- */

typedef struct pbt_spec pbt_spec;

/*
 * Read a study's spec from a YAML file.
 * Errors: PBT_ERR_SPEC with "FILE:LINE:COLUMN: ..." in `error`, PBT_ERR_IO, PBT_ERR_MEMORY.
 * Owner: free it with pbt_spec_free().
 */
PBT_API PBT_MUST_USE pbt_err pbt_spec_read(const char *path, pbt_spec **out, pbt_error *error)
    PBT_NONNULL(1, 2);
/* Free a spec. Nullable: spec. */
PBT_API void pbt_spec_free(pbt_spec *spec);
/* Return the part of a spec that decisions depend on. Owner: the spec. Never NULL. */
PBT_API const pbt_search *pbt_spec_search(const pbt_spec *spec) PBT_NONNULL(1);

#ifdef __cplusplus
}
#endif
#endif
