/* clock.c: times are written alike everywhere, and the monotonic clock goes forward. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

static void assert_written(int64_t time_us, const char *expected)
{
    char text[PBT__TIME_SIZE];
    pbt__clock_format(time_us, text);
    assert_string_equal(text, expected);
}

static void times_are_written_in_utc(void **state)
{
    (void)state;
    assert_written(0, "1970-01-01T00:00:00.000000Z");
    assert_written(951782399999999, "2000-02-28T23:59:59.999999Z");
    assert_written(951782400000000, "2000-02-29T00:00:00.000000Z");
    assert_written(1767323045678901, "2026-01-02T03:04:05.678901Z");
}

static void times_before_1970_keep_a_positive_fraction(void **state)
{
    (void)state;
    assert_written(-1, "1969-12-31T23:59:59.999999Z");
    assert_written(-1000000, "1969-12-31T23:59:59.000000Z");
}

static void extreme_times_fit(void **state)
{
    (void)state;
    assert_written(INT64_MAX, "294247-01-10T04:00:54.775807Z");
    assert_written(INT64_MIN, "-290308-12-21T19:59:05.224192Z");
}

static void times_are_read_as_they_were_written(void **state)
{
    (void)state;
    const int64_t times[] = {0, -1, 951782400000000, 1767323045678901, 4102444799999999};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char text[PBT__TIME_SIZE];
        int64_t time_us = 7;
        pbt__clock_format(times[i], text);
        assert_true(pbt__clock_read(text, &time_us));
        assert_int_equal(time_us, times[i]);
    }
    const char *const others[] = {"",
                                  "2026-01-02",
                                  "2026-01-02T03:04:05.678901",
                                  "2026-02-30T03:04:05.678901Z",
                                  "2026-01-02T03:04:05.678901Z ",
                                  "2026-01-02T03:04:05.678901+01:00",
                                  "2026-1-2T3:4:5.678901Z"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        int64_t time_us = 7;
        assert_false(pbt__clock_read(others[i], &time_us));
        assert_int_equal(time_us, 7);
    }
}

static void now_is_in_this_century(void **state)
{
    (void)state;
    assert_in_range((uint64_t)pbt__clock_now_us(), 1700000000000000, 4100000000000000);
}

static void monotonic_never_goes_back(void **state)
{
    (void)state;
    int64_t last = pbt__clock_monotonic_us();
    const int64_t first = last;
    while (last < first + 2000) {
        const int64_t now = pbt__clock_monotonic_us();
        assert_true(now >= last);
        last = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_in_utc),
        cmocka_unit_test(times_before_1970_keep_a_positive_fraction),
        cmocka_unit_test(extreme_times_fit),
        cmocka_unit_test(times_are_read_as_they_were_written),
        cmocka_unit_test(now_is_in_this_century),
        cmocka_unit_test(monotonic_never_goes_back),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
