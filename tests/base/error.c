/* error.c: the table is whole, and every text is one line of whole characters. */
#include <ctype.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"

/* Two errors of one number, or a status that is none, do not compile. */
static int http_status(pbt_err err)
{
    switch (err) {
#define ERROR_STATUS(name, number, message, http, status, python)                                  \
    case number: {                                                                                 \
        _Static_assert((http) >= 200 && (http) < 600 && (status) >= 0 && (status) <= 3, #name);    \
        return http;                                                                               \
    }
        PBT_ERRORS(ERROR_STATUS)
#undef ERROR_STATUS
    }
    return 0;
}

static void the_table_has_no_gaps(void **state)
{
    (void)state;
    for (int number = 0; number <= PBT_ERR_RESOURCE; number++) {
        const pbt_err err = (pbt_err)number;
        assert_int_not_equal(http_status(err), 0);
        const char *name = pbt_err_name(err);
        assert_true(number == 0 || strncmp(name, "ERR_", 4) == 0);
        const char *message = pbt_err_message(err);
        assert_true(islower((unsigned char)message[0]));
        assert_int_not_equal(message[strlen(message) - 1], '.');
        assert_null(strpbrk(message, "\n\r\t"));
    }
}

static void names_follow_the_enumerators(void **state)
{
    (void)state;
    assert_string_equal(pbt_err_name(PBT_OK), "OK");
    assert_string_equal(pbt_err_name(PBT_ERR_LATE), "ERR_LATE");
    assert_string_equal(pbt_err_message(PBT_ERR_LATE), "a newer attempt has been claimed");
}

static void numbers_outside_the_table_have_words(void **state)
{
    (void)state;
    const int numbers[] = {-1, PBT_ERR_RESOURCE + 1, 100000};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        assert_string_equal(pbt_err_name((pbt_err)numbers[i]), "unknown");
        assert_string_equal(pbt_err_message((pbt_err)numbers[i]), "unknown error");
    }
}

static void the_version_is_the_headers(void **state)
{
    (void)state;
    assert_string_equal(pbt_version(), PBT_VERSION);
}

static void failing_fills_the_message_and_clears_the_rest(void **state)
{
    (void)state;
    pbt_error error;
    memset(&error, 'x', sizeof error);
    assert_int_equal(pbt__fail(&error, PBT_ERR_SPEC, "'%s' is %d", "a", 3), PBT_ERR_SPEC);
    assert_int_equal(error.code, PBT_ERR_SPEC);
    assert_string_equal(error.message, "'a' is 3");
    assert_string_equal(error.detail, "");
    assert_string_equal(error.hint, "");
    pbt__error_detail(&error, "line %d", 7);
    pbt__error_hint(&error, "try %s", "b");
    assert_string_equal(error.detail, "line 7");
    assert_string_equal(error.hint, "try b");
}

static void nobody_has_to_listen(void **state)
{
    (void)state;
    assert_int_equal(pbt__fail(NULL, PBT_ERR_BUSY, "x"), PBT_ERR_BUSY);
    assert_int_equal(pbt__fail_memory(NULL), PBT_ERR_MEMORY);
    assert_int_equal(pbt__fail_errno(NULL, "x"), PBT_ERR_IO);
    pbt__error_detail(NULL, "x");
    pbt__error_hint(NULL, "x");
}

static void errno_becomes_the_detail(void **state)
{
    (void)state;
    pbt_error error;
    errno = ENOENT;
    assert_int_equal(pbt__fail_errno(&error, "cannot open '%s'", "a"), PBT_ERR_IO);
    assert_string_equal(error.message, "cannot open 'a'");
    assert_string_equal(error.detail, "No such file or directory");
}

static void memory_speaks_for_itself(void **state)
{
    (void)state;
    pbt_error error;
    assert_int_equal(pbt__fail_memory(&error), PBT_ERR_MEMORY);
    assert_string_equal(error.message, "out of memory");
}

static void a_message_may_be_made_from_itself(void **state)
{
    (void)state;
    pbt_error error;
    (void)pbt__fail(&error, PBT_ERR_IO, "inner");
    (void)pbt__fail(&error, PBT_ERR_SPEC, "outer: %s", error.message);
    assert_string_equal(error.message, "outer: inner");
}

static void texts_stay_on_one_line(void **state)
{
    (void)state;
    pbt_error error;
    (void)pbt__fail(&error, PBT_ERR_IO, "a\nb\tc\033[1m\177");
    assert_string_equal(error.message, "a?b?c?[1m?");
}

static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    char text[600];
    for (size_t start = 0; start < 3; start++) {
        /* `start` letters, then characters of three bytes each: the cut falls at each of them. */
        memset(text, 'a', sizeof text);
        for (size_t i = start; i + 4 < sizeof text; i += 3) {
            memcpy(text + i, "\xE2\x82\xAC", 4);
        }
        pbt_error error;
        (void)pbt__fail(&error, PBT_ERR_IO, "%s", text);
        const size_t length = strlen(error.message);
        assert_in_range(length, sizeof error.message - 4, sizeof error.message - 1);
        assert_int_equal((length - start) % 3, 0);
        assert_memory_equal(error.message, text, length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_has_no_gaps),
        cmocka_unit_test(names_follow_the_enumerators),
        cmocka_unit_test(numbers_outside_the_table_have_words),
        cmocka_unit_test(the_version_is_the_headers),
        cmocka_unit_test(failing_fills_the_message_and_clears_the_rest),
        cmocka_unit_test(nobody_has_to_listen),
        cmocka_unit_test(errno_becomes_the_detail),
        cmocka_unit_test(memory_speaks_for_itself),
        cmocka_unit_test(a_message_may_be_made_from_itself),
        cmocka_unit_test(texts_stay_on_one_line),
        cmocka_unit_test(long_texts_are_cut_between_characters),
    };
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
