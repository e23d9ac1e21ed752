/* sight.h: what is seen of members and of training that goes on, in words for tables. */
#ifndef PBT_RENDER_SIGHT_H
#define PBT_RENDER_SIGHT_H

#include "render/format.h"
#include "study/members.h"

enum { PBT__SIGHT_SIZE = 64, PBT__SIGHT_COLUMNS = 40 };

/* The columns that a member has. */
typedef enum pbt__member_column {
    PBT__MEMBER,
    PBT__MEMBER_STATE,
    PBT__MEMBER_STEP,
    PBT__MEMBER_AGE,
    PBT__MEMBER_SCORE,
    PBT__MEMBER_NOW,    /* the step inside the segment that is trained */
    PBT__MEMBER_SEEN,   /* how long ago a sign of life came, */
    PBT__MEMBER_MOVED,  /* and the step moved */
    PBT__MEMBER_LOGGED, /* the last logged values */
    PBT__MEMBER_SEGMENT,
    PBT__MEMBER_FAILURES,
} pbt__member_column;

const char *pbt__member_header(pbt__member_column column);

/* Write a member's cell; "-" if there is nothing to say. `logged_columns` bounds its logged
 * values. Shape: out[PBT__CELL_SIZE] */
void pbt__member_cell(const pbt__member_row *row, pbt__member_column column, int64_t now_us,
                      int logged_columns, char *out);

/* What a list of members shows. */
typedef struct pbt__sight {
    bool is_training; /* one of them is trained now */
    bool has_logged;  /* and has logged something */
} pbt__sight;

pbt__sight pbt__sight_of(const pbt__member_list *members);

/* Say how long ago a time was: "0:03". Shape: out[PBT__SIGHT_SIZE] */
void pbt__sight_age(int64_t then_us, int64_t now_us, char *out);

/* List the last logged values: "loss 0.31, accuracy 0.9"; "..." where they take more than
 * `columns`, at most PBT__SIGHT_COLUMNS; "-" if there are none. Shape: out[PBT__SIGHT_SIZE] */
void pbt__sight_logged(const json_t *metrics, int columns, char *out);

#endif
