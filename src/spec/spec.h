/*
 * spec.h: a study's spec, read from YAML (design.md section 5.1).
 *
 * One table (keys.c) says for every key its path, type, bounds, default, whether a study may amend
 * it, and what it means; the parser, the differ, `pbt amend`, `pbt check` and the reference page
 * all read that table. Every error names file, line, column, key, what was found and what is
 * allowed.
 */
#ifndef PBT_SPEC_SPEC_H
#define PBT_SPEC_SPEC_H

#include <pbt/pbt.h>

#include "spec/complaints.h"

typedef enum pbt__protocol {
    PBT__PROTOCOL_WORKER,
    PBT__PROTOCOL_COMMAND,
    PBT__PROTOCOL_LIBRARY,
} pbt__protocol;

typedef enum pbt__isolation {
    PBT__ISOLATION_PROCESS,
    PBT__ISOLATION_THREAD,
} pbt__isolation;

typedef struct pbt__trainer_spec {
    pbt__protocol protocol;
    char **command;           /* NULL-terminated argument vector; NULL if there is none */
    char *library;            /* Nullable */
    pbt__isolation isolation; /* of a plugin */
    char *directory;
    char **environment; /* NULL-terminated "NAME=value" list; NULL if there is none */
    int32_t gpus;
    bool reload_always; /* default: false in asynchronous mode, true in generational mode */
} pbt__trainer_spec;

/* Owner: everything it points to is its own. */
struct pbt_spec {
    char *name;
    char *metric;
    pbt_search search;   /* everything decisions depend on */
    double stop_seconds; /* of training; 0: no limit */
    bool is_open_ended;  /* no stop.steps: search.stop_steps is as far as a study can go */
    pbt__trainer_spec trainer;
    double lease_seconds;
    double stall_seconds;    /* 0: off */
    double patience_seconds; /* how long an outage may last in a run; 0: every failure counts */
    char *checkpoint_folder; /* Nullable: NAME.checkpoints beside the store */
    int32_t keep_best;
    int64_t max_bytes; /* 0: no limit */
    char *notes;
    char *source; /* the YAML text as read */
    char *folder; /* the spec file's own, "." where it was read from a text */
    void *memory; /* the parser's own */
};

enum {
    PBT__SPEC_MAXIMUM = 1024 * 1024, /* Units: bytes of YAML */
    PBT__METRIC_MAXIMUM = 64,        /* Units: bytes of a metric's name in a report */
    /* Units: bytes of a decision per member in one event. An event has 64 MiB: the rest is what a
     * report says, or a spec. */
    PBT__DECISIONS_MAXIMUM = 56 * 1024 * 1024,
};

/* What a command's `{name}` stands for, beside hyperparameters. */
typedef struct pbt__placeholder {
    const char *name;
    bool is_late; /* reserved later: an older study may have a hyperparameter of this name, which
                     then comes first */
    const char *meaning;
} pbt__placeholder;

enum { PBT__PLACEHOLDER_COUNT = 10 };

/* In the order of messages and of the reference. */
extern const pbt__placeholder pbt__placeholders[PBT__PLACEHOLDER_COUNT];

/* Give a spec that is all zero what counts where a text says nothing. */
void pbt__spec_defaults(pbt_spec *spec);

/*
 * Parse a spec from a text; `file` names it in errors, `folder` is where relative paths start.
 * Errors: PBT_ERR_SPEC, PBT_ERR_MEMORY. Nullable: error.
 */
PBT_MUST_USE pbt_err pbt__spec_parse(const char *text, const char *file, const char *folder,
                                     pbt_spec **out, pbt_error *error);

/*
 * Read a spec from its file for a command: errors and warnings are added to `complaints`, and `~`
 * at the beginning of paths becomes `home`. On success there may still be errors among the
 * complaints: then no new study should be made of that spec, while an existing one goes on.
 * Nullable: home, if it is not known; error, which holds the first.
 * Errors: PBT_ERR_SPEC (if it is not about the file itself, the complaints hold it), PBT_ERR_IO,
 * PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__spec_load(const char *path, const char *home, pbt__complaints *complaints,
                                    pbt_spec **out, pbt_error *error);

/* Add a warning about a key: "FILE:LINE:COLUMN: KEY: WHAT". */
void pbt__spec_warn(const pbt_spec *spec, const char *key, const char *what, const char *hint,
                    pbt__complaints *complaints);

/* Make a copy with another name and seed (`pbt run --seeds`). Its text is written anew, without
 * comments, unless both stay. Errors: PBT_ERR_SPEC, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__spec_with_seed(const pbt_spec *spec, const char *name, uint64_t seed,
                                         pbt_spec **out, pbt_error *error);

/* Check that a spec has a command or library to start. A spec without one is valid: workers may be
 * started elsewhere. Errors: PBT_ERR_SPEC. */
PBT_MUST_USE pbt_err pbt__spec_can_train(const pbt_spec *spec, pbt_error *error);

/* Check that one event can hold a decision per member. Only a new study needs it: an older one may
 * have fewer bytes than are possible. Errors: PBT_ERR_SPEC. */
PBT_MUST_USE pbt_err pbt__spec_can_decide(const pbt_spec *spec, pbt_error *error);

/*
 * Amend one key: "stop.steps", "8000" (the value in YAML's notation). The spec is untouched on
 * failure; on success `source` no longer says what is in force, the fields do.
 * Errors: PBT_ERR_SPEC if there is no such key, the value does not fit, or the key cannot be
 * amended (the hint lists those that can).
 */
PBT_MUST_USE pbt_err pbt__spec_amend(pbt_spec *spec, const char *key, const char *value,
                                     pbt_error *error);

/*
 * Write a value to be amended as pbt__spec_load reads it: `~` at the beginning of a path becomes
 * `home`. Owner: the caller frees `*out`. Nullable: home. Errors: PBT_ERR_SPEC for a path that
 * nothing expands, PBT_ERR_MEMORY. A value that is not understood is left as it is.
 */
PBT_MUST_USE pbt_err pbt__spec_amend_path(const char *key, const char *value, const char *home,
                                          char **out, pbt_error *error);

/* The value of a key in force, in YAML's flow notation, as pbt__spec_amend takes it. Owner: the
 * caller frees. Errors: PBT_ERR_NOT_FOUND, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__spec_value(const pbt_spec *spec, const char *key, char **out,
                                     pbt_error *error);

/* Write a spec as a document that reads back as the same spec: every key in force, without
 * comments. Owner: the caller frees. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__spec_write(const pbt_spec *spec, char **out, pbt_error *error);

/*
 * Compare a spec just parsed with the one in force in a study, by the keys that its text gives: the
 * others stay as they are in force. Returns PBT_OK if they mean the same; else PBT_ERR_SPEC with
 * "FILE:LINE:COLUMN: ..." naming one key that differs and both values: the first that cannot be
 * amended, or else the first. If all can be amended, the hint has what to write into the text, and
 * the whole `pbt amend NAME key=value ...`. `directory`, `environment` and notes included; layout,
 * `source` and `folder` not.
 */
PBT_MUST_USE pbt_err pbt__spec_compare(const pbt_spec *file, const pbt_spec *study,
                                       pbt_error *error);

/* Write what a spec means (`pbt check`): k at this population, decisions per member, total
 * steps, the space with its priors, what is recorded where. Owner: the caller frees. */
PBT_MUST_USE pbt_err pbt__spec_describe(const pbt_spec *spec, char **out, pbt_error *error);

/* The same as a JSON object, one line. Owner: the caller frees. */
PBT_MUST_USE pbt_err pbt__spec_describe_json(const pbt_spec *spec, char **out, pbt_error *error);

/* Whether trainers run in the process whose slots train them, and may kill it: plugins with
 * `isolation: thread`. */
bool pbt__spec_is_in_process(const pbt_spec *spec);

/* How long a worker may be silent: its lease, or the time until it stalls where that is less. */
double pbt__spec_silence_seconds(const pbt_spec *spec);

#endif
