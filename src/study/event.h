/*
 * event.h: what an event's body says: one struct, and its JSON.
 *
 * The body of every kind is one JSON object; `entry` holds all fields of all kinds, and a table
 * (event.c) says which a kind has. What an event caused stands in it: `decisions` are the segments
 * its transaction made. A rescue has an event of its own.
 */
#ifndef PBT_STUDY_EVENT_H
#define PBT_STUDY_EVENT_H

#include "base/stop.h"
#include "core/population.h"
#include "store/store.h"
#include "study/checkpoint.h"
#include "study/json.h"

typedef struct pbt__entry {
    pbt__event_kind kind;
    pbt_segment_id segment; /* reported failed released */
    int32_t attempt;        /* same */
    const char *worker;     /* same */
    int64_t step;           /* reported released */
    double score;           /* reported */
    json_t *metrics;        /* reported: {name: number} */
    json_t *samples;        /* reported, nullable: {name: [number]} */
    bool has_checkpoint;    /* reported released */
    pbt__checkpoint checkpoint;
    pbt_cause cause;                /* failed */
    const char *message;            /* failed */
    bool gave_up;                   /* failed */
    pbt__stop_reason reason;        /* stopped */
    json_t *amendments;             /* amended: [{key from to}] */
    json_t *collected;              /* collected: [id] */
    int64_t trained_us;             /* timed: by stop.seconds, up to this event */
    bool is_training;               /* timed: it goes on counting from here */
    json_t *members;                /* revived: [member] */
    int32_t rules;                  /* created: PBT__RULES_*; a log without is of the first */
    const char *name;               /* created */
    int64_t seed;                   /* created */
    const char *spec;               /* created: the YAML as it was read */
    const char *folder;             /* created: where the spec's relative paths start */
    json_t *provenance;             /* created */
    const pbt__decision *decisions; /* Shape: [decision_count] */
    size_t decision_count;
} pbt__entry;

/* A decoded body with the memory its entry points into. */
typedef struct pbt__reading {
    pbt__entry entry;
    json_t *json;
    pbt__decision *decisions;
    pbt_value *values;
    pbt_change *changes;
    double *samples; /* the objective's, Shape: [sample_count]; NULL where there are none */
    size_t sample_count;
} pbt__reading;

/* Append the body to an empty text. `space` is the one in force. */
void pbt__entry_write(pbt__text *out, const pbt__entry *entry, const pbt_space *space);

/*
 * Read a body. `created` is read without its decisions where `space` is NULL: its spec says the
 * space. Errors: PBT_ERR_CORRUPT naming the field, PBT_ERR_MEMORY. On success the caller calls
 * reading_fini.
 */
PBT_MUST_USE pbt_err pbt__entry_read(const pbt__event *event, const pbt_space *space,
                                     const char *metric, pbt__reading *out, pbt_error *error);
void pbt__reading_fini(pbt__reading *reading);

/* Append an event of the log as {sequence time kind ...the body's fields}; the body is JSON as it
 * is kept, and is not read. */
void pbt__event_write(const pbt__event *event, pbt__text *out);

/* "reported", ...; "unknown" for a number that is no kind. */
bool pbt__event_kind_is_known(pbt__event_kind kind);
const char *pbt__event_kind_name(pbt__event_kind kind);

/* A checkpoint's record as an object, and back; false where it is none. */
json_t *pbt__checkpoint_json(const pbt__checkpoint *checkpoint);
bool pbt__checkpoint_read(const json_t *json, pbt__checkpoint *out);

/* Append what was compared, as an object, or null. */
void pbt__json_write_comparison(pbt__text *out, const pbt__comparison *compared);

/* One decision as an object, for logs and answers. New reference. */
json_t *pbt__decision_json(const pbt__decision *decision, const pbt_space *space);

/* Read one, also from an object with more fields, such as a segment's. `why` is left. Errors:
 * PBT_ERR_CORRUPT. Shape: values, changes [space->count]; the decision points to them. */
PBT_MUST_USE pbt_err pbt__decision_read(const json_t *json, const pbt_space *space,
                                        pbt__decision *out, pbt_value *values, pbt_change *changes,
                                        pbt_error *error);

/* The digest of an event, chained to the one before (all zeros before the first). */
pbt__digest pbt__event_digest(pbt__digest before, const pbt__event *event);

#endif
