/* reader.h: what the files that read a spec share. Nothing outside src/spec includes it. */
#ifndef PBT_SPEC_READER_H
#define PBT_SPEC_READER_H

#include "spec/arena.h"
#include "spec/complaints.h"
#include "spec/keys.h"
#include "spec/scalar.h"
#include "spec/spec.h"
#include "spec/yaml.h"

/* What a spec remembers of its text. `pbt_spec.memory` points to it; it lies in its own arena. */
typedef struct pbt__origin {
    pbt__arena *arena;
    const char *file;
    const char *written;              /* Nullable: the text before `~` was expanded in it */
    pbt__spot keys[PBT__KEY_MAXIMUM]; /* {0, 0} where a key was not given */
    const pbt__spot *parameters;      /* Shape: [search.space.count] */
    const pbt__spot *starts;          /* Shape: [search.start_count] */
} pbt__origin;

/* What was found wrong so far, where reading goes on behind an error. */
typedef struct pbt__findings {
    pbt__complaints *complaints;
    pbt__spot place;               /* of what was refused last */
    const char *home;              /* Nullable: what `~` stands for */
    char *expanded;                /* the text with it, in the spec's arena; NULL: as it was */
    bool is_bad[PBT__KEY_MAXIMUM]; /* keys whose fields say nothing: missing, or refused */
    /* By pbt__placeholder_find's numbers; NULL if the command or its names are not known. */
    bool *is_named; /* an argument has `{name}` */
    bool *is_told;  /* a complaint names it */
} pbt__findings;

/* Who reads, from what, into what. */
typedef struct pbt__reader {
    const char *file; /* Nullable: messages begin without a place */
    pbt__arena *arena;
    pbt_spec *spec;
    const pbt__node **nodes; /* Shape: [PBT__KEY_MAXIMUM]; NULL for a key that is not given */
    pbt_error *error;        /* Nullable */
    pbt__findings *findings; /* Nullable: then reading ends with the first error */
} pbt__reader;

pbt__origin *pbt__spec_origin(const pbt_spec *spec);

/* Where a key was given, or else the map above it, or else the text's beginning. */
pbt__spot pbt__spec_place(const pbt_spec *spec, const pbt__key *key);

/* Parse a text as pbt__spec_parse does; `findings` keeps all errors and warnings. If only
 * pbt__review_spec found errors, there is a spec. Nullable: findings. */
PBT_MUST_USE pbt_err pbt__spec_make(const char *text, const char *file, const char *folder,
                                    pbt__findings *findings, pbt_spec **out, pbt_error *error);

/* ---- refusing. Each returns PBT_ERR_SPEC ---- */

/* "FILE:LINE:COLUMN: ..." */
pbt_err pbt__refuse(const pbt__reader *reader, pbt__spot place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "FILE:LINE:COLUMN: PATH: found WHAT; allowed: WHAT" */
pbt_err pbt__refuse_value(const pbt__reader *reader, const pbt__node *found, const char *path,
                          const char *allowed);

/* The same with what the key's table line allows. */
pbt_err pbt__refuse_key(const pbt__reader *reader, const pbt__node *found, const pbt__key *key);

/* Copy a text that may be cut, between characters, to fit into a message. Shape: out[size] */
void pbt__cut(const char *text, size_t size, char *out);

/*
 * Keep a refusal and go on reading; what follows must not depend on it. Returns PBT_OK if `err` is
 * PBT_OK or was kept; else `err`, and reading ends.
 */
PBT_MUST_USE pbt_err pbt__go_on(const pbt__reader *reader, pbt_err err);

/* Keep what reader->error says as a warning. Does nothing if the reader keeps nothing. */
void pbt__warn(const pbt__reader *reader);

/* How many errors were kept so far. */
int32_t pbt__error_count(const pbt__reader *reader);

/* Remember that a key's field is not set. */
void pbt__spoil(const pbt__reader *reader, const pbt__key *key);

/* Say whether a key's field can be relied on: it was read, or has its default. */
bool pbt__is_good(const pbt__reader *reader, const char *path);

/* One check of a spec, and the keys that it needs. */
typedef struct pbt__look {
    pbt_err (*look)(const pbt__reader *reader);
    const char *needs[4];
} pbt__look;

/* Run each check whose keys are good. Shape: looks[count] */
PBT_MUST_USE pbt_err pbt__look_at(const pbt__reader *reader, const pbt__look *looks, size_t count);

/* PBT_ERR_MEMORY, said in words. */
pbt_err pbt__refuse_memory(const pbt__reader *reader);

/* ---- reading ---- */

/* Read a key that is no map into its field of reader->spec. */
PBT_MUST_USE pbt_err pbt__read_key(const pbt__reader *reader, const pbt__key *key,
                                   const pbt__node *node);

/* Read `hyperparameters` into search.space. */
PBT_MUST_USE pbt_err pbt__read_space(const pbt__reader *reader, const pbt__node *node);

/* Read `start` into search.starts. The space and the population must be known. */
PBT_MUST_USE pbt_err pbt__read_starts(const pbt__reader *reader, const pbt__node *node);

/* A node as a scalar; of a list or a map PBT__SCALAR_NOTHING. */
pbt__scalar pbt__node_scalar(const pbt__node *node);
/* Say whether a node is `null`, or empty. */
bool pbt__node_is_nothing(const pbt__node *node);

/* Copy a scalar's text as it is written, numbers included; `null` and what is no scalar are
 * refused. */
PBT_MUST_USE pbt_err pbt__read_text(const pbt__reader *reader, const pbt__node *node,
                                    const char *path, char **out);

/* ---- checking ---- */

/* Check what needs more than one key to be seen. */
PBT_MUST_USE pbt_err pbt__check_spec(const pbt__reader *reader);

/* Look for probable mistakes: warnings, and errors that prevent a new study. */
PBT_MUST_USE pbt_err pbt__review_spec(const pbt__reader *reader);

/* Say whether a hyperparameter may not have this name, because it means something else. */
bool pbt__is_reserved(const char *name);

/* ---- writing ---- */

/* Write a key's value. */
void pbt__write_key(pbt__text *out, pbt__notation notation, const pbt_spec *spec,
                    const pbt__key *key);

/* Write one hyperparameter's prior: "{type: float, scale: log, min: 0.0001, max: 0.1}". */
void pbt__write_parameter(pbt__text *out, pbt__notation notation, const pbt_parameter *parameter);

/* Read a node as a number of the parameter's type, whatever its bounds; an integer is a float, too.
 * Returns false if it is none. */
bool pbt__read_number(const pbt_parameter *parameter, const pbt__node *node, pbt_value *out);

/* Write one of a hyperparameter's values. */
void pbt__write_value(pbt__text *out, pbt__notation notation, const pbt_parameter *parameter,
                      pbt_value value);

/* Write one given start: "{learning_rate: 0.01, fixed: true}". */
void pbt__write_start(pbt__text *out, pbt__notation notation, const pbt_space *space,
                      const pbt_start *start);

#endif
