/*
 * members.h: a study's members as typed rows, copied out of it.
 *
 * Under the study's lock nothing is written as text, and nothing is read from the store but what
 * bringing the view up to date reads. What trainers last said is read from the store afterwards.
 */
#ifndef PBT_STUDY_MEMBERS_H
#define PBT_STUDY_MEMBERS_H

#include "store/store.h"
#include "study/rows.h"

/* A member's training, as it is seen now. Owner: `metrics` is its own. */
typedef struct pbt__training {
    pbt__claim claim; /* attempt 0: nobody has claimed its segment, and the rest says nothing */
    int64_t end_step;
    int64_t seen_us; /* when the last sign of life came */
    json_t *metrics; /* the last logged value of each; NULL: none */
    bool is_at_work; /* its worker is there */
} pbt__training;

typedef struct pbt__member_row {
    int32_t member;
    const char *state; /* "training", "waiting", "finished", "failed" */
    int64_t step, age;
    bool has_score;
    double score;
    pbt_segment_id segment;  /* the newest */
    const pbt_value *values; /* its own; NULL: it has no segment */
    int32_t failures;
    pbt__training training;
} pbt__member_row;

/* Owner: `items`, their metrics, `read` and `values`; the values of a study's rows are the
 * study's, until that is closed. */
typedef struct pbt__member_list {
    pbt__member_row *items; /* Shape: [count] */
    size_t count;
    const pbt_space *space;
    int64_t next; /* as of pbt__row_list */
    bool is_end;
    json_t *read;      /* Nullable: what it was read from */
    pbt_value *values; /* Nullable: read from there */
} pbt__member_list;

/* Copy members out of a study, up to date: all, or those that events after `since` touched, in the
 * order of their last one, all of an event together. A claim, a heartbeat and a stop touch nobody.
 * On success the caller calls member_list_fini. Errors: PBT_ERR_MEMORY, what reading the log
 * meets. */
PBT_MUST_USE pbt_err pbt__study_member_rows(pbt__study *study, pbt__row_range range,
                                            pbt__member_list *out, pbt_error *error);
void pbt__member_list_fini(pbt__member_list *list);

/* The list as an array of objects (docs/json.md). New reference; NULL: no memory. */
json_t *pbt__members_json(const pbt__member_list *list);

/* Read that back. Owner: as above, also where it fails. Errors: PBT_ERR_CORRUPT, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__members_read(json_t *members, const pbt_search *search,
                                       pbt__member_list *out, pbt_error *error);

/* A training as an object, null if nobody trains; and back, its metrics borrowed. */
json_t *pbt__training_json(const pbt__training *training);
bool pbt__training_read(const json_t *json, pbt__training *out);

/* ---- for the study's own files ---- */

/* See who has claimed a member's segment. Holding view_lock. */
void pbt__training_take(const pbt__study *study, int32_t member, pbt__training *out);
/* Read what that trainer last said. Under no lock. */
void pbt__training_hear(const pbt__study *study, pbt__training *training);

#endif
