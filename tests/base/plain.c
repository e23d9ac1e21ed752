/* plain.c: what is not to be shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/plain.h"

static const struct {
    const char *text, *line, *lines;
} CASES[] = {
    {"", "", ""},
    {"plain \xce\xb8 \xe2\x82\xac \xf0\x9f\x98\x80", "plain \xce\xb8 \xe2\x82\xac \xf0\x9f\x98\x80",
     "plain \xce\xb8 \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"\033[2J\177", "?[2J?", "?[2J?"},
    {"a\nb\tc\rd", "a?b?c?d", "a\nb\tc?d"},
    {"\xc2\x9b"
     "2J",
     "??2J", "??2J"},
    {"\xc2\x80\xc2\x9f\xc2\xa0", "????\xc2\xa0", "????\xc2\xa0"},
    {"\xe2\x80\xaegpj\xe2\x80\xac", "???gpj???", "???gpj???"},
    {"\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\xa9\xe2\x81\xaa", "??????\xe2\x80\xa9\xe2\x81\xaa",
     "??????\xe2\x80\xa9\xe2\x81\xaa"},
    {"cut \xc2", "cut \xc2", "cut \xc2"},
    {"cut \xe2\x80", "cut \xe2\x80", "cut \xe2\x80"},
    {"\x9b is no UTF-8", "\x9b is no UTF-8", "\x9b is no UTF-8"},
};

static void controls_become_question_marks(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char line[64], lines[64];
        strcpy(line, CASES[i].text);
        strcpy(lines, CASES[i].text);
        pbt__plain(line, strlen(line), false);
        pbt__plain(lines, strlen(lines), true);
        assert_string_equal(line, CASES[i].line);
        assert_string_equal(lines, CASES[i].lines);
    }
}

static void only_what_was_appended_changes(void **state)
{
    (void)state;
    pbt__text text = pbt__text_init(100);
    pbt__plain_since(&text, 0, false);
    pbt__text_add(&text, "\033one ");
    const size_t start = text.length;
    pbt__text_add(&text, "\033two");
    pbt__plain_since(&text, start, false);
    assert_string_equal(pbt__text_string(&text), "\033one ?two");
    pbt__text_fini(&text);
}

static void errors_are_plain(void **state)
{
    (void)state;
    pbt_error error;
    (void)pbt__fail(&error, PBT_ERR_ARGUMENT, "no '%s'",
                    "\xc2\x9b"
                    "31m\033[0m");
    assert_string_equal(error.message, "no '??31m?[0m'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(controls_become_question_marks),
        cmocka_unit_test(only_what_was_appended_changes),
        cmocka_unit_test(errors_are_plain),
    };
    return cmocka_run_group_tests_name("plain", tests, NULL, NULL);
}
