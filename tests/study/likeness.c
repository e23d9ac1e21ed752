/* likeness.c: which messages are one failure. */
#include "study/likeness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LOG "; its log is /study/x.logs/m"

static const char *const ALIKE[][2] = {
    {"OSError: [Errno 28] No space left on device: '/tmp/tmp3k_xz' -> '/tmp/tmpab'" LOG "0.log",
     "OSError: [Errno 28] No space left on device: '/tmp/tmpqq' -> '/tmp/tmpcd'" LOG "12.log"},
    {"cannot open \"of one\": gone", "cannot open \"of the other\": gone"},
    {"no rule to make `all': stop", "no rule to make `most': stop"},
    {"KeyError: \"it's\"", "KeyError: 'all'"},
    {"can't read 'one thing'", "can't read 'another'"},
    {"no file 'it's one' here", "no file 'it's another' here"},
    {"at step 12 of 100", "at step 7 of 10"},
    {"at address (deadbeef).", "at address (fade)."},
    {"cannot read C:\\data\\one now", "cannot read D:\\two now"},
    {"path=/tmp/one, it is full", "path=/var/two/three, it is full"},
    {"m0", "/tmp/x"},
};

static const char *const UNLIKE[][2] = {
    {"No space left on device", "No such file or directory"},
    {"can't read what it won't read", "can't write what it won't read"},
    {"the key 'one'", "the value 'one'"},
    {"the trainer's weights are gone, and its file isn't",
     "the trainer's score is gone, and its file isn't"},
    {"a quote ' that never ends", "a quote ' that ends never"},
    {"out of memory", "out ofmemory"},
    {"the café's weights are not 'there'", "the café's score is not 'there'"},
    {"", "it broke"},
};

static void messages_that_differ_in_names_are_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ALIKE / sizeof *ALIKE; i++) {
        if (pbt__likeness(ALIKE[i][0]) != pbt__likeness(ALIKE[i][1])) {
            fail_msg("unlike: %s", ALIKE[i][0]);
        }
    }
}

static void messages_that_differ_in_words_are_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof UNLIKE / sizeof *UNLIKE; i++) {
        if (pbt__likeness(UNLIKE[i][0]) == pbt__likeness(UNLIKE[i][1])) {
            fail_msg("alike: %s", UNLIKE[i][0]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_that_differ_in_names_are_alike),
        cmocka_unit_test(messages_that_differ_in_words_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
