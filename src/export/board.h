/*
 * board.h: a study as TensorBoard event files: a run per member (m0, m1, ...) and one, `best`, for
 * the lineage of the best segment.
 *
 * A member's run has a point per report, at the member's step; `best` has one per segment of the
 * lineage, at its age. Tags are `score`, `metrics/NAME` and, for numbers, `hyperparameters/NAME`.
 *
 * A board is told the rows of a study, first all, then those that have changed. It writes what the
 * folder does not hold yet: every point is marked with the study and its segment, in the record
 * itself, so a point and its mark are there together or not at all, whatever kills the writer. When
 * the best segment changes, `best` takes back, by a session's restart, what is no longer its
 * lineage.
 */
#ifndef PBT_EXPORT_BOARD_H
#define PBT_EXPORT_BOARD_H

#include "study/members.h"
#include "study/study.h"

typedef struct pbt__board pbt__board;

/*
 * Make a board over a folder, which need not exist. The spec's space is borrowed. `is_live`: the
 * study still grows, so a member's session is described by the first hyperparameters that it
 * reported with; otherwise by its last.
 * Errors: PBT_ERR_MEMORY, PBT_ERR_LIMIT.
 */
PBT_MUST_USE pbt_err pbt__board_new(const pbt_spec *spec, const char *folder, bool is_live,
                                    pbt__board **out, pbt_error *error);
void pbt__board_free(pbt__board *board);

/* Take rows: all of them first, then all that were touched since. Errors: PBT_ERR_STATE (the folder
 * holds another study's points), PBT_ERR_IO, PBT_ERR_LIMIT, PBT_ERR_MEMORY; the board is of no more
 * use then. */
PBT_MUST_USE pbt_err pbt__board_take(pbt__board *board, const pbt__row_list *list,
                                     pbt_error *error);

/* Write what was taken; `follows_best`: also the lineage of the best. Errors: as above. */
PBT_MUST_USE pbt_err pbt__board_flush(pbt__board *board, bool follows_best, pbt_error *error);

/* End the sessions of the members that are over; `members` are all. Errors: as above. */
PBT_MUST_USE pbt_err pbt__board_end(pbt__board *board, const pbt__member_list *members,
                                    pbt_error *error);

/* fsync all that was written. Errors: PBT_ERR_IO, PBT_ERR_LIMIT. */
PBT_MUST_USE pbt_err pbt__board_sync(const pbt__board *board, pbt_error *error);

#endif
