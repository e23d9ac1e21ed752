/* reasons.h: the reasons of a decision (pbt__study_why) in sentences and tables. */
#ifndef PBT_RENDER_REASONS_H
#define PBT_RENDER_REASONS_H

#include <jansson.h>

#include "base/text.h"

/* Append what was decided, why, what followed, and who was compared. */
void pbt__reasons_write(const json_t *why, pbt__text *out);

#endif
