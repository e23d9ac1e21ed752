/* environment.c: what a trainer's process finds in its environment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "executor/spawn.h"

static char path[] = "PATH=/bin", home[] = "HOME=/root", odd[] = "ODD",
            threads[] = "OMP_NUM_THREADS=64";
static char new_home[] = "HOME=/new", home_too[] = "HOMES=x", two[] = "OMP_NUM_THREADS=2";
static char *const base[] = {path, home, odd, threads, NULL};

static void assert_environment(char *const *changes, int thread_count, const char *const *expected)
{
    char **list = pbt__environment_new(base, changes, thread_count);
    assert_non_null(list);
    size_t count = 0;
    for (; expected[count] != NULL; count++) {
        assert_non_null(list[count]);
        assert_string_equal(list[count], expected[count]);
    }
    assert_null(list[count]);
    free(list);
}

static void changes_take_the_place_of_what_there_was(void **state)
{
    (void)state;
    char *const changes[] = {new_home, home_too, NULL};
    const char *const expected[] = {"PATH=/bin", "ODD",     "OMP_NUM_THREADS=64",
                                    "HOME=/new", "HOMES=x", NULL};
    assert_environment(changes, 0, expected);
    assert_environment(NULL, 0, (const char *const *)base);
}

static void threads_are_set_where_the_spec_sets_none(void **state)
{
    (void)state;
    char *const changes[] = {two, NULL};
    const char *const ours[] = {"PATH=/bin", "HOME=/root", "ODD", "OMP_NUM_THREADS=4", NULL};
    const char *const theirs[] = {"PATH=/bin", "HOME=/root", "ODD", "OMP_NUM_THREADS=2", NULL};
    assert_environment(NULL, 4, ours);
    assert_environment(changes, 4, theirs);
}

static void variables_are_found_by_their_whole_name(void **state)
{
    (void)state;
    assert_string_equal(pbt__environment_get(base, "PATH"), "/bin");
    assert_null(pbt__environment_get(base, "PAT"));
    assert_null(pbt__environment_get(base, "PATHS"));
    assert_null(pbt__environment_get(base, "ODD"));
    assert_null(pbt__environment_get(NULL, "PATH"));
}

static void programs_are_found_as_exec_finds_them(void **state)
{
    (void)state;
    assert_true(pbt__spawn_can_find("sh", "/", "/nowhere:/bin"));
    assert_true(pbt__spawn_can_find("sh", "/", NULL));
    assert_true(pbt__spawn_can_find("sh", "/bin", "/nowhere:"));
    assert_false(pbt__spawn_can_find("sh", "/", "/nowhere"));
    assert_false(pbt__spawn_can_find("sh", "/", ""));
    assert_true(pbt__spawn_can_find("./sh", "/bin", NULL));
    assert_true(pbt__spawn_can_find("/bin/sh", "/nowhere", NULL));
    assert_false(pbt__spawn_can_find("./sh", "/", "/bin"));
    assert_false(pbt__spawn_can_find("./passwd", "/etc", NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_take_the_place_of_what_there_was),
        cmocka_unit_test(threads_are_set_where_the_spec_sets_none),
        cmocka_unit_test(variables_are_found_by_their_whole_name),
        cmocka_unit_test(programs_are_found_as_exec_finds_them),
    };
    return cmocka_run_group_tests_name("environment", tests, NULL, NULL);
}
