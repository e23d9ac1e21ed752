/* clock.c: the two clocks of the system, and times as texts. */
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MICROSECONDS = 1000000 };

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * MICROSECONDS + now.tv_nsec / 1000;
}

int64_t pbt__clock_now_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

int64_t pbt__clock_monotonic_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Write a number so that it ends before `end`; zeros are there already. */
static void put_digits(char *end, int number)
{
    for (; number > 0; number /= 10) {
        *--end = (char)('0' + number % 10);
    }
}

void pbt__clock_format(int64_t time_us, char *out)
{
    /* Round towards the past, so that times before 1970 keep a positive fraction. */
    int64_t seconds_since = time_us / MICROSECONDS;
    int64_t fraction = time_us % MICROSECONDS;
    if (fraction < 0) {
        fraction += MICROSECONDS;
        seconds_since--;
    }

    const time_t seconds = (time_t)seconds_since;
    struct tm utc;
    (void)gmtime_r(&seconds, &utc);
    const int year = utc.tm_year + 1900;
    if (year < 0 || year > 9999) {
        char date[PBT__TIME_SIZE];
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
        (void)snprintf(out, PBT__TIME_SIZE, "%.23s.%06dZ", date, (int)fraction);
        return;
    }
    static const char FORM[] = "0000-00-00T00:00:00.000000Z";
    memcpy(out, FORM, sizeof FORM);
    put_digits(out + 4, year);
    put_digits(out + 7, utc.tm_mon + 1);
    put_digits(out + 10, utc.tm_mday);
    put_digits(out + 13, utc.tm_hour);
    put_digits(out + 16, utc.tm_min);
    put_digits(out + 19, utc.tm_sec);
    put_digits(out + 26, (int)fraction);
}

bool pbt__clock_read(const char *text, int64_t *out)
{
    struct tm utc = {0};
    char again[PBT__TIME_SIZE];
    const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S.", &utc);
    if (rest == NULL) {
        return false;
    }
    const int64_t time_us = (int64_t)timegm(&utc) * MICROSECONDS + strtol(rest, NULL, 10);
    /* A text that is written differently again, such as the 30th of February, is refused. */
    pbt__clock_format(time_us, again);
    if (strcmp(again, text) != 0) {
        return false;
    }
    *out = time_us;
    return true;
}
