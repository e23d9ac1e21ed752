/*
 * told.h: what a study tells who asks: one in this process, or one of a server, by its answer.
 *
 * Whoever shows, draws or exports a study works on this, and cannot tell where it comes from. By
 * wire it is one line, {answer spec folder here}, and where segments are asked for also `rows`, and
 * a line for each of them behind it (rows.h); `folder` is where the spec's relative paths start,
 * `here` where the answer's do.
 */
#ifndef PBT_STUDY_TOLD_H
#define PBT_STUDY_TOLD_H

#include "study/rows.h"
#include "study/study.h"

enum { PBT__ANSWERS_SIZE = 64, PBT__TOLD_MAXIMUM = 1 << 30 }; /* Units: bytes */

/* Owner: its own are `answer`, what `rows` owns, and `own_spec`. */
typedef struct pbt__told {
    char name[PBT__NAME_SIZE];
    const pbt_spec *spec; /* in force */
    json_t *answer;
    pbt__row_list rows; /* where segments are asked for; else empty */
    pbt_spec *own_spec; /* NULL: the study has it */
} pbt__told;

/*
 * Ask a study by names with commas between them: "show", "members", "schedule", "lineage", "why",
 * "account" and "parts" are answered as pbt__study_NAME does, "segments" by rows, and "tree", by
 * itself alone, by those of pbt__study_tree; `id` is what some of them are about: a segment, a
 * member's latest {N, -1}, or PBT_NO_SEGMENT. `answer` is one name's own, or of several an object
 * with a field for each, but of what is not there. The study outlives it; pbt__told_fini in any
 * case. Errors: theirs; PBT_ERR_NOT_FOUND, no such name.
 * Threads: any
 */
PBT_MUST_USE pbt_err pbt__told_ask(pbt__study *study, const char *names, pbt_segment_id id,
                                   pbt__told *out, pbt_error *error);
void pbt__told_fini(pbt__told *told);

/* Append what a study told. `*has_rows`: there is more than one line. */
PBT_MUST_USE pbt_err pbt__told_write(pbt__study *study, const pbt__told *told, bool *has_rows,
                                     pbt__text *out, pbt_error *error);

/* Read that, of the study `name`. Paths below `relative_to` are shown from there. pbt__told_fini in
 * any case. Errors: PBT_ERR_CORRUPT, PBT_ERR_VERSION (a spec of another version), PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__told_read(const pbt__text *text, const char *name,
                                    const char *relative_to, pbt__told *out, pbt_error *error);

/* Show the checkpoint's path of a `best` from `relative_to`, which is told from `here`. Nullable:
 * best. Errors: PBT_ERR_MEMORY, PBT_ERR_LIMIT. */
PBT_MUST_USE pbt_err pbt__told_show_best(json_t *best, const char *here, const char *relative_to,
                                         pbt_error *error);

/* The folder from which its paths are shown; "": they are absolute. Owner: the study */
const char *pbt__study_here(const pbt__study *study);

#endif
