/*
 * plain.h: making texts safe to show.
 *
 * Trainers, workers and specs write names, messages, notes and logs. On a terminal a control
 * character in them moves the cursor, sets the title or worse: those of ASCII, DEL, and the C1 set
 * (U+0080 to U+009F), whose U+009B begins a sequence as ESC [ does. The marks that reverse the
 * order of writing (U+202A to U+202E, U+2066 to U+2069) change what a line seems to say. All of
 * these become question marks, byte by byte, when a text is shown.
 */
#ifndef PBT_BASE_PLAIN_H
#define PBT_BASE_PLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Replace these in place. `keeps_lines`: ends of lines and tabs stay. Nullable: text, where
 * `length` is 0 */
void pbt__plain(char *text, size_t length, bool keeps_lines);

/* The same for what was appended to a text since its length was `start`. */
void pbt__plain_since(pbt__text *text, size_t start, bool keeps_lines);

/* Bytes of the control character or mark at the head of a text; 0 if there is none. */
size_t pbt__plain_step(const char *text, size_t length);

#endif
