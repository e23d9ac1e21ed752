/* stop.c: the one spelling of each reason to stop. */
#include "base/stop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What logs and clients have; a number keeps its name for ever. */
static const char *const NAMES[] = {"",       "user",     "score",      "seconds",
                                    "broken", "finished", "interrupted"};

static void a_reason_has_one_spelling(void **state)
{
    (void)state;
    for (int i = PBT__STOP_NONE; i <= PBT__STOP_INTERRUPTED; i++) {
        pbt__stop_reason read = PBT__STOP_NONE;
        assert_string_equal(pbt__stop_name((pbt__stop_reason)i), NAMES[i]);
        assert_true(pbt__stop_read(NAMES[i], &read));
        assert_int_equal(read, i);
    }
}

static void another_text_is_no_reason(void **state)
{
    (void)state;
    pbt__stop_reason read = PBT__STOP_SCORE;
    assert_false(pbt__stop_read("stopped", &read));
    assert_false(pbt__stop_read("users", &read));
    assert_false(pbt__stop_read(NULL, &read));
    assert_int_equal(read, PBT__STOP_SCORE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reason_has_one_spelling),
        cmocka_unit_test(another_text_is_no_reason),
    };
    return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
