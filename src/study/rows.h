/*
 * rows.h: a study's segments as typed rows, kept by its view, and taken out as a snapshot.
 *
 * The population has a segment's course and the ledger its checkpoint; the rows keep what else its
 * events said: times, attempts, metrics, samples, what was compared. That is 96 bytes a segment, 16
 * for each event that touches it (three as a rule), and 8 for each metric and each sample. What is
 * kept never moves and, once its transaction is durable, never changes where a snapshot points to.
 * So a query copies rows under the study's lock, some 200 bytes each, and reads them without it.
 */
#ifndef PBT_STUDY_ROWS_H
#define PBT_STUDY_ROWS_H

#include "base/file.h"
#include "base/text.h"
#include "spec/arena.h"
#include "study/event.h"

/* Metrics' names in the order of a report; most reports of a study have the same. */
typedef struct pbt__metric_names {
    const char **names; /* Shape: [count] */
    size_t count;
} pbt__metric_names;

/* Say whether an object's fields have these names, in this order. */
bool pbt__are_named(const pbt__metric_names *names, const json_t *metrics);

/* The single evaluations of one metric. */
typedef struct pbt__sample_list {
    const char *name;
    const double *values; /* Shape: [count] */
    size_t count;
} pbt__sample_list;

/* What the rows keep of a segment. */
typedef struct pbt__segment_note {
    int64_t sequence; /* of the event that made it, then of its report; 0: there is none */
    int64_t changed;  /* of the last event that touched it */
    int64_t created_us, reported_us;
    int32_t attempts; /* the newest one that an event tells of */
    uint32_t sample_count;
    const pbt__metric_names *metric_names; /* NULL: not reported */
    const double *metrics;                 /* Shape: [metric_names->count] */
    const pbt__sample_list *samples;       /* Shape: [sample_count] */
    pbt__comparison compared;
} pbt__segment_note;

typedef struct pbt__rows pbt__rows;

/* Make the rows of a population of `count`. NULL: no memory. The journal is borrowed: it takes rows
 * back with the population. */
pbt__rows *pbt__rows_new(pbt__journal *journal, int32_t count);
void pbt__rows_free(pbt__rows *rows);

/* Take in what an event of the log says; `entry` is its body. Errors: PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__rows_take(pbt__rows *rows, const pbt__entry *entry,
                                    const pbt__event *event);

/* What is kept of a segment; NULL if there is none. Valid until the rows change. */
const pbt__segment_note *pbt__rows_note(const pbt__rows *rows, pbt_segment_id id);

/* One touch of a segment; those before its last one are of no more use. */
typedef struct pbt__touched {
    int64_t sequence;
    pbt_segment_id id;
} pbt__touched;

/* The touches by events after `since`, the oldest first. Shape: *out [returned count]; valid until
 * the rows change. */
size_t pbt__rows_touched(const pbt__rows *rows, int64_t since, const pbt__touched **out);

/* ---- a snapshot ---- */

/* Where a segment's checkpoint is now. */
typedef enum pbt__row_checkpoint {
    PBT__ROW_NONE,
    PBT__ROW_FOLDER, /* in the folder of checkpoints, under the segment's name */
    PBT__ROW_STORE,  /* in the store */
} pbt__row_checkpoint;

/* A segment as a query sees it. Owner: what it points to is the study's, until that is closed. */
typedef struct pbt__segment_row {
    pbt_segment segment;
    pbt__segment_note note; /* attempts: also the one that is claimed */
    bool is_claimed;        /* somebody trains it now */
    bool is_on_path;        /* in a lineage: on the way to its leaf */
    pbt__row_checkpoint checkpoint;
} pbt__segment_row;

/* Which rows: all, by number, then member; or those that events after `since` touched, in the order
 * of their last touch, all rows of an event together, so `limit` may be passed by a round's. */
typedef struct pbt__row_range {
    int64_t since; /* -1: all */
    size_t limit;  /* with `since`; 0: none */
} pbt__row_range;

#define PBT__ROWS_ALL ((pbt__row_range){.since = -1})

typedef struct pbt__row_list {
    pbt__segment_row *items; /* Shape: [count] */
    size_t count;
    const pbt_space *space;
    pbt_segment_id best, leaf;     /* `leaf`: of a lineage; PBT_NO_SEGMENT: none */
    int64_t created_us, newest_us; /* the first event's time, and the newest one's */
    char folder[PBT__PATH_SIZE];   /* of checkpoints, as it is shown, with its slash */
    bool has_folder;
    int64_t next;     /* `since` of the next question; all before it was told */
    bool is_end;      /* nothing more is known yet */
    size_t capacity;  /* of rows that are read, */
    pbt__arena *read; /* and what they point to; NULL: the study has that */
} pbt__row_list;

typedef struct pbt__study pbt__study;

/* Copy rows out of a study, up to date. On success the caller calls row_list_fini, before the study
 * is closed. Errors: PBT_ERR_MEMORY, what reading the log meets. */
PBT_MUST_USE pbt_err pbt__study_rows(pbt__study *study, pbt__row_range range, pbt__row_list *out,
                                     pbt_error *error);
void pbt__row_list_fini(pbt__row_list *list);

/* The tree of segments, by number, then member: all, where the best is the leaf; `member` >= 0: the
 * lineage of that member's latest report alone. Errors: as above. */
PBT_MUST_USE pbt_err pbt__study_tree(pbt__study *study, int32_t member, pbt__row_list *out,
                                     pbt_error *error);

/* Mark the way to the leaf. The rows are by number, then member. */
void pbt__tree_mark(pbt__row_list *tree);

/* Say whether rows that were read are a tree: each once, in that order, of members that there are,
 * and each parent was reported before. */
bool pbt__tree_is_sound(const pbt__row_list *tree, int32_t population);

/* Write where a row's checkpoint is: a path, or "store:m3s12" for one inside the store; false where
 * there is none any more. Shape: out[PBT__PATH_SIZE + PBT__ID_SIZE] */
bool pbt__row_checkpoint_path(const pbt__row_list *list, const pbt__segment_row *row, char *out);

/* "open", "claimed", "reported", "given_up". */
const char *pbt__row_state(const pbt__segment_row *row);

/* ---- rows_json.c ---- */

enum { PBT__ROW_MAXIMUM = 1 << 28 }; /* Units: bytes; of one object */

/* Append a segment as one object (docs/json.md). */
void pbt__row_write(const pbt__row_list *list, const pbt__segment_row *row, pbt__text *out);

/* Append a tree as one object: {name metric direction best leaf segments}. */
void pbt__tree_write(const pbt__row_list *tree, const char *name, const pbt_spec *spec,
                     pbt__text *out);

/* ---- rows_read.c ---- */

/* What a list says beside its rows: {best created_at newest_at checkpoints}. New reference; NULL:
 * no memory. */
json_t *pbt__row_list_json(const pbt__row_list *list);

/* Begin a list of rows that are read by what that says. The space is borrowed. pbt__row_list_fini
 * in any case. False: it is not that, or there is no memory. */
bool pbt__row_list_begin(pbt__row_list *list, const pbt_space *space, const json_t *json)
    __attribute__((warn_unused_result));

/* Read what pbt__row_write wrote, as the list's next row: written again, it is the same text.
 * Errors: PBT_ERR_CORRUPT, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__row_read(pbt__row_list *list, const char *text, size_t length,
                                   pbt_error *error);

#endif
