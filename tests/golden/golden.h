/*
 * golden.h: recorded studies, which every later build must read and decide alike.
 *
 * A recorded study is a text, NAME.log, of these lines:
 *   event KIND TIME_US DIGEST BODY   the study's log as its store keeps it, in order
 *   call TURN ...                    what a worker was told to do, where the study was played
 *   blob SEGMENT HEX                 a checkpoint in the store at the end
 *   file PATH HEX                    a checkpoint's file, below the folder of checkpoints
 *   verdict EVENTS DECISIONS CHECKPOINTS
 *   missing SEGMENT                  a checkpoint that was lost, as verifying finds
 *   answer WHAT ...                  what queries say of it: fields that scripts rely on, or the
 *                                    digest of these
 * Fields that later builds add to an event or an answer are looked past. A file, once recorded, is
 * never made again: users have logs like it.
 */
#ifndef PBT_TESTS_GOLDEN_H
#define PBT_TESTS_GOLDEN_H

#include "../study/support.h"
#include "base/text.h"

enum { GOLDEN_MAXIMUM = 16 * 1024 * 1024 }; /* Units: bytes of a recorded study */

/* The lines of a recorded study. Owner: `text`. Shape: lines[count] */
typedef struct golden {
    char *text;
    char **lines;
    size_t count;
} golden;

/* Split a text, which it takes. */
golden golden_split(char *text);
void golden_free(golden *self);
/* The rest of a line that begins with a word; NULL where it begins with another. */
const char *golden_after(const char *line, const char *word);
/* The integer that `*at` begins with; `*at` becomes what follows it and one more character. */
int64_t golden_number(const char **at);

/* ---- store.c: between a text and a store ---- */

/* Write the log of a study and what it keeps of checkpoints; the folder is where these lie. */
void golden_write_store(bench *b, const char *name, pbt__text *out);
/* Make the study in the bench's store, and its files in the bench's folder; returns its name, which
 * the caller frees. */
char *golden_load(const golden *self, bench *b);

/* ---- answers.c ---- */

/* Append `verdict`, `missing` and `answer` lines of the bench's study. Where a decision is not that
 * of the log, the test fails. */
void golden_write_answers(bench *b, pbt__text *out);

/* ---- play.c ---- */

/* Play the study of a spec by its own lines "# play: ..." on a fresh bench; appends `call` lines.
 * The spec's folder is the bench's. */
void golden_play(bench *b, const char *yaml, pbt__text *calls);

#endif
