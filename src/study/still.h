/*
 * still.h: how long training may show no sign of progress before that is odd.
 *
 * Nobody knows how long a segment takes but those who have trained one: the median of the newest
 * durations is what is usual, so that neither a pause nor one slow machine moves it. Nothing
 * follows from this but a warning; what ends attempts is lease.stall_seconds.
 */
#ifndef PBT_STUDY_STILL_H
#define PBT_STUDY_STILL_H

#include <stdbool.h>
#include <stdint.h>

enum { PBT__PACE_WINDOW = 64 };

/* The newest durations of segments, in any order. Units: microseconds */
typedef struct pbt__pace {
    int64_t count; /* of all */
    int64_t durations_us[PBT__PACE_WINDOW];
} pbt__pace;

void pbt__pace_add(pbt__pace *pace, int64_t duration_us);
/* 0 if there is none. O(window) */
int64_t pbt__pace_median(const pbt__pace *pace);

/* Say whether no step for so long is odd: a minute, and 20 times the median; never where that is 0.
 * Units: microseconds */
bool pbt__is_still(int64_t still_us, int64_t median_us);

#endif
