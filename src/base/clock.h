/* clock.h: time. The library below src/study takes time as an argument; only stores, executors and
 * the command line read a clock. */
#ifndef PBT_BASE_CLOCK_H
#define PBT_BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Units: microseconds since 1970-01-01T00:00:00Z. */
int64_t pbt__clock_now_us(void);

/* The last microsecond of the year 9999. Later times are refused, so that adding a lease stays far
 * below 2^63. */
#define PBT__CLOCK_MAXIMUM INT64_C(253402300799999999)

/* Units: microseconds since some fixed instant; never goes back. */
int64_t pbt__clock_monotonic_us(void);

enum { PBT__TIME_SIZE = 32 };

/* Write as RFC 3339 in UTC with microseconds: 2026-01-02T03:04:05.678901Z.
 * Shape: out[PBT__TIME_SIZE] */
void pbt__clock_format(int64_t time_us, char *out);

/* Read what pbt__clock_format wrote of a year from 1 to 9999; false if it is anything else. */
bool pbt__clock_read(const char *text, int64_t *out);

#endif
