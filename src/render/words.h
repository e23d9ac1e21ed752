/* words.h: a study's log in words. */
#ifndef PBT_RENDER_WORDS_H
#define PBT_RENDER_WORDS_H

#include <jansson.h>

#include "base/text.h"

/* Append an event as one line: when, who, what, and what was decided. */
void pbt__words_event(const json_t *event, pbt__text *out);

/* Append a decision in a few words: "continues", "copies m3s4". */
void pbt__words_decision(const json_t *decision, pbt__text *out);

/* The reason of a study that is broken without a failed attempt. */
#define PBT__WORDS_IDLE "the trainer ended before it asked for a segment"

#endif
