/* near.h: numbers within a stated error. */
#ifndef PBT_TESTS_ANALYSIS_NEAR_H
#define PBT_TESTS_ANALYSIS_NEAR_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NAN_ ((double)NAN)
#define INFINITY_ ((double)INFINITY)

static inline void assert_near(double value, double expected, double error)
{
    if (!(fabs(value - expected) <= error)) {
        fail_msg("%.17g is not within %g of %.17g", value, error, expected);
    }
}

#endif
