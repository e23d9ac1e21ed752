/* keys.h: the table of a spec's keys. Parser, differ, `pbt amend`, `pbt check` and docs/spec.md
 * read it. */
#ifndef PBT_SPEC_KEYS_H
#define PBT_SPEC_KEYS_H

#include "core/rule.h"
#include "spec/spec.h"

/* Bounds that are easier to read as a power. */
#define PBT__STEPS_MOST 0x1p53
#define PBT__INT64_MOST 0x1p63

enum {
    PBT__KEY_MAXIMUM = 128,
    PBT__ALLOWED_SIZE = 160, /* Units: bytes of pbt__key_allowed's words with their NUL */
};

/* How a key is written, and what it is in a pbt_spec. */
typedef enum pbt__key_kind {
    PBT__KIND_MAP,         /* holds the keys below it; no field */
    PBT__KIND_VERSION,     /* the number 1; no field */
    PBT__KIND_COUNT,       /* int32_t */
    PBT__KIND_STEPS,       /* int64_t */
    PBT__KIND_SEED,        /* uint64_t below 2^63 */
    PBT__KIND_REAL,        /* double */
    PBT__KIND_SIZE,        /* int64_t, bytes: 50G */
    PBT__KIND_NAME,        /* an enum; `names` in its order */
    PBT__KIND_SWITCH,      /* bool; `names` for false and true */
    PBT__KIND_NAMES,       /* int, bit n for names[n] */
    PBT__KIND_STUDY,       /* char *, a study's name */
    PBT__KIND_WORD,        /* char *, not empty */
    PBT__KIND_NOTES,       /* char *, any text */
    PBT__KIND_LIST,        /* numbers; a rule's option */
    PBT__KIND_ARGUMENTS,   /* char **, ends with NULL */
    PBT__KIND_ENVIRONMENT, /* char **, ends with NULL, "NAME=value" each */
    PBT__KIND_SPACE,       /* search.space */
    PBT__KIND_STARTS,      /* search.starts */
} pbt__key_kind;

enum {
    PBT__KEY_REQUIRED = 1,
    PBT__KEY_NULLABLE = 2,  /* `null` is a value: there is none */
    PBT__KEY_AMENDABLE = 4, /* a study may change it */
    PBT__KEY_ABOVE = 8,     /* `least` itself is too small */
    PBT__KEY_REMOTE = 16, /* also over a network: it names no program, file, folder, environment */
};

typedef struct pbt__key {
    const char *path; /* "objective.window" */
    pbt__key_kind kind;
    unsigned flags;
    size_t offset;                  /* of its field in a pbt_spec, where it is no rule's option */
    const pbt__rule_option *option; /* Nullable: the option of a search that it is, with its
                                       bounds */
    bool is_rule;                   /* it names the rule in force */
    double least, most;             /* numbers; `most` is INFINITY if there is no end */
    const char *const *names;       /* NULL-terminated */
    const char *owner;     /* Nullable: the KIND_NAME key that says whether this one counts ... */
    unsigned owner_values; /* ... by bit n for its value n */
    const char *meaning;
} pbt__key;

/* The first key for NULL, or the one behind another; NULL behind the last. In the order of the
 * reference and of amending: a map before its keys; a rule before its options; what a protocol
 * needs before the protocol. Threads: any. */
const pbt__key *pbt__key_next(const pbt__key *key);

/* A key's place in that order, below PBT__KEY_MAXIMUM. */
size_t pbt__key_index(const pbt__key *key);

/* A field of a hyperparameter's prior, or of a start. */
typedef struct pbt__field {
    const char *name;
    unsigned shapes; /* bit n: types of the pbt__shape n have it; 0: a start has it */
    bool is_required;
    const char *allowed;  /* NULL: a name */
    const char *fallback; /* NULL if it is required */
    const char *meaning;
    const char *(*name_at)(int32_t value); /* that name; NULL behind the last */
} pbt__field;

enum { PBT__PRIOR_FIELDS = 7, PBT__START_FIELDS = 3 };

extern const pbt__field pbt__prior_fields[PBT__PRIOR_FIELDS];
extern const pbt__field pbt__start_fields[PBT__START_FIELDS];

/* Say what a field may be. Shape: out[PBT__ALLOWED_SIZE] */
void pbt__field_allowed(const pbt__field *field, char *out);

/* Say whether priors of a type have a field. */
bool pbt__field_is_of(const pbt__field *field, pbt_type type);

/* Find a key by its path, or NULL. */
const pbt__key *pbt__key_find(const char *path);

/* The map a key is in, or NULL. */
const pbt__key *pbt__key_map(const pbt__key *key);

/* Find the known path nearest to one that is unknown, or NULL if none is near. */
const char *pbt__key_nearest(const char *path);

/* Say whether a key counts in this spec: an exploit rule's option does while that rule is in
 * force. */
bool pbt__key_applies(const pbt_spec *spec, const pbt__key *key);

/* The value of a key of PBT__KIND_COUNT or PBT__KIND_REAL. */
double pbt__key_number(const pbt_spec *spec, const pbt__key *key);
/* Set it. Returns false if a spec has no room for another option (pbt_search.options). */
PBT_MUST_USE bool pbt__key_set_number(pbt_spec *spec, const pbt__key *key, double value);

/* The field of a key that is no rule's option. */
void *pbt__key_field(pbt_spec *spec, const pbt__key *key);
const void *pbt__key_field_const(const pbt_spec *spec, const pbt__key *key);

/* Say what a key may be: "an integer from 1 to 1000000". Shape: out[PBT__ALLOWED_SIZE] */
void pbt__key_allowed(const pbt__key *key, char *out);

/* List a map's keys, or those outside of any map for NULL. Shape: out[PBT__ALLOWED_SIZE] */
void pbt__key_entries(const pbt__key *map, char *out);

/* Find a word in a NULL-terminated list, or -1. */
int pbt__names_find(const char *const *names, const char *word);

#endif
