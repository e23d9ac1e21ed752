/*
 * likeness.h: what two failures' messages have in common.
 *
 * Members that fail for one reason say so in one sentence, which differs in what it names: a file,
 * a number, an address. Without these, its skeleton is left, and equal skeletons are one failure.
 *
 *     [Errno 28] No space left on device: '/tmp/tmp3f'      No space left on device:
 */
#ifndef PBT_STUDY_LIKENESS_H
#define PBT_STUDY_LIKENESS_H

#include <stdint.h>

/* Hash a message's skeleton: its words without those that are quoted, that have a digit, a '/' or a
 * '\' in them, or that are a hexadecimal number. */
uint64_t pbt__likeness(const char *message);

#endif
