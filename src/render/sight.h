/* sight.h: what is seen of training that goes on, in words for tables. */
#ifndef PBT_RENDER_SIGHT_H
#define PBT_RENDER_SIGHT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { PBT__SIGHT_SIZE = 64, PBT__SIGHT_COLUMNS = 40 };

/* What a list of members shows. */
typedef struct pbt__sight {
    bool is_training; /* one of them is trained now */
    bool has_logged;  /* and has logged something */
} pbt__sight;

/* Add to each member what its `training` says, as texts: `now` (the step), `seen` and `moved` (how
 * long ago a sign of life came, and the step moved), `logged`. `*out` says whether any is.
 * `logged_columns` bounds the last one. Returns false where there is no memory. */
bool pbt__sight_add(json_t *members, int64_t now_us, int logged_columns, pbt__sight *out);

/* Say how long ago a time of JSON was: "0:03"; "-" where it is none. Shape: out[PBT__SIGHT_SIZE] */
void pbt__sight_age(const json_t *time, int64_t now_us, char *out);

/* List the last logged values: "loss 0.31, accuracy 0.9"; "..." where they take more than
 * `columns`, at most PBT__SIGHT_COLUMNS; "-" where there are none. Shape: out[PBT__SIGHT_SIZE] */
void pbt__sight_logged(const json_t *metrics, int columns, char *out);

#endif
