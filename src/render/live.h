/* live.h: a running study as a table that is redrawn in place. */
#ifndef PBT_RENDER_LIVE_H
#define PBT_RENDER_LIVE_H

#include "study/study.h"

typedef struct pbt__live pbt__live;

/* Begin to show a study under a title of two lines. Both are borrowed.
 * Errors: PBT_ERR_MEMORY, and what reading the study meets. */
PBT_MUST_USE pbt_err pbt__live_new(pbt__study *study, const char *title, int descriptor,
                                   pbt__live **out, pbt_error *error);
void pbt__live_free(pbt__live *live);

/* Take the table away, so that a line can be written where it was; it is drawn again below that. */
void pbt__live_clear(pbt__live *live);

/* Draw the study as it is now; `notice` is the last line. */
PBT_MUST_USE pbt_err pbt__live_draw(pbt__live *live, const char *notice, pbt_error *error);

#endif
