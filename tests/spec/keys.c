/* keys.c: the table itself, and what is near to what. */
#include "support.h"

static void the_table_is_complete(void **state)
{
    (void)state;
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        char allowed[PBT__ALLOWED_SIZE];
        assert_non_null(key->path);
        assert_non_null(key->meaning);
        assert_ptr_equal(pbt__key_find(key->path), key);
        pbt__key_allowed(key, allowed);
        assert_true(strlen(allowed) > 0 && strlen(allowed) < PBT__ALLOWED_SIZE - 1);
        if (key->owner != NULL) {
            assert_int_equal(pbt__key_find(key->owner)->kind, PBT__KIND_NAME);
        }
    }
}

static void keys_follow_their_map(void **state)
{
    (void)state;
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        const pbt__key *map = pbt__key_map(key);
        const char *dot = strchr(key->path, '.');
        assert_int_equal(map != NULL, dot != NULL);
        if (map != NULL) {
            assert_int_equal(map->kind, PBT__KIND_MAP);
            assert_int_equal(strlen(map->path), dot - key->path);
            assert_memory_equal(map->path, key->path, strlen(map->path));
        }
    }
}

/* The end of design section 5.2 of the command line. */
static void what_may_be_amended(void **state)
{
    (void)state;
    static const char *const amendable[] = {
        "stop.", "lease.", "failure.", "trainer.", "checkpoints.",
        "notes", "ready.", "exploit.", "explore.", "objective.window",
    };
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        bool expected = false;
        for (size_t i = 0; i < sizeof amendable / sizeof *amendable; i++) {
            expected |= strncmp(key->path, amendable[i], strlen(amendable[i])) == 0;
        }
        if (key->kind != PBT__KIND_MAP) {
            assert_int_equal((key->flags & PBT__KEY_AMENDABLE) != 0, expected);
        }
    }
}

/* The whole list: what names a program, a file, a folder or an environment stays with whoever has
 * the store, however it is written; so does whether a plugin may end the run. */
static void what_may_be_amended_over_a_network(void **state)
{
    (void)state;
    static const char *const local[] = {"trainer.command",   "trainer.library",
                                        "trainer.directory", "trainer.environment",
                                        "trainer.isolation", "checkpoints.directory"};
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        const bool is_remote = key->flags & PBT__KEY_REMOTE;
        const bool is_amendable = key->flags & PBT__KEY_AMENDABLE;
        bool is_local = false;
        for (size_t i = 0; i < sizeof local / sizeof *local; i++) {
            is_local |= strcmp(key->path, local[i]) == 0;
        }
        if (key->kind != PBT__KIND_MAP) {
            assert_int_equal(is_remote, is_amendable && !is_local);
        }
        if (is_remote) {
            assert_int_not_equal(key->kind, PBT__KIND_WORD);
            assert_int_not_equal(key->kind, PBT__KIND_ARGUMENTS);
            assert_int_not_equal(key->kind, PBT__KIND_ENVIRONMENT);
            assert_int_not_equal(key->kind, PBT__KIND_STARTS);
        }
    }
}

static void nearest(void **state)
{
    (void)state;
    assert_string_equal(pbt__key_nearest("sede"), "seed");
    assert_string_equal(pbt__key_nearest("ready.evrey"), "ready.every");
    assert_string_equal(pbt__key_nearest("retries"), "failure.retries");
    assert_string_equal(pbt__key_nearest("trainer.retries"), "failure.retries");
    assert_string_equal(pbt__key_nearest("HYPERPARAMETER"), "hyperparameters");
    assert_null(pbt__key_nearest("quux"));
    assert_null(pbt__key_nearest("stop.quux"));
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(pbt_mode_name(PBT_GENERATIONAL), "generational");
    assert_string_equal(pbt_exploit_rule_name(PBT_EXPLOIT_NONE), "none");
    assert_string_equal(pbt_exploit_rule_name(PBT_EXPLOIT_BINARY_TOURNAMENT), "binary_tournament");
    assert_string_equal(pbt_explore_rule_name(PBT_EXPLORE_GAUSSIAN), "gaussian");
    assert_string_equal(pbt_type_name(PBT_CONSTANT), "constant");
    assert_string_equal(pbt_scale_name(PBT_REVERSE_LOG), "reverse_log");
    assert_string_equal(pbt_scale_name((pbt_scale)77), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_complete),
        cmocka_unit_test(keys_follow_their_map),
        cmocka_unit_test(what_may_be_amended),
        cmocka_unit_test(what_may_be_amended_over_a_network),
        cmocka_unit_test(nearest),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
