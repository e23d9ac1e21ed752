/*
 * likeness.h: comparing the messages of failures.
 *
 * Members that fail for the same reason have the same message, except for files, numbers and
 * addresses in it. Without these the skeletons are equal.
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
