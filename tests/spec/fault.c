/* fault.c: the N-th allocation fails, for N = 1, 2, ... until none does: done, or a clean error
 * with everything as it was. libfyaml's own allocations lie outside the seam. */
#include "support.h"

#include "base/fault.h"

/* Read a file that way; returns how many allocations there were. */
static int64_t fail_reading(const char *path)
{
    for (int64_t n = 1;; n++) {
        pbt_spec *spec = NULL;
        pbt_error error = {.code = PBT_OK};
        pbt__fault_arm(n, PBT__FAULT_MEMORY);
        pbt_err err = pbt_spec_read(path, &spec, &error);
        bool has_fired = pbt__fault_has_fired();
        pbt__fault_arm(0, 0);
        if (!has_fired) {
            assert_int_equal(err, PBT_OK);
            pbt_spec_free(spec);
            return n - 1;
        }
        assert_int_equal(err, PBT_ERR_MEMORY);
        assert_int_equal(error.code, PBT_ERR_MEMORY);
        assert_null(spec);
    }
}

static void reading(void **state)
{
    (void)state;
    assert_true(fail_reading(SPEC_TESTS "/good/everything.yaml") > 5);
    assert_true(fail_reading(SPEC_TESTS "/good/types.yaml") > 5);
    assert_true(fail_reading(SPEC_TESTS "/good/command.yaml") > 5);
}

/* Everything that takes a spec and may fail; each returns its error and leaves nothing behind. */

static pbt_err amend_once(pbt_spec *spec)
{
    return pbt__spec_amend(spec, "trainer.environment", "{A: \"1\", B: \"2\"}", NULL);
}

static pbt_err describe_once(pbt_spec *spec)
{
    char *text = NULL;
    pbt_err err = pbt__spec_describe(spec, &text, NULL);
    free(text);
    return err;
}

static pbt_err describe_json_once(pbt_spec *spec)
{
    char *text = NULL;
    pbt_err err = pbt__spec_describe_json(spec, &text, NULL);
    free(text);
    return err;
}

static pbt_err reseed_once(pbt_spec *spec)
{
    pbt_spec *copy = NULL;
    pbt_err err = pbt__spec_with_seed(spec, "b", 2, &copy, NULL);
    pbt_spec_free(copy);
    return err;
}

static pbt_err compare_once(pbt_spec *spec)
{
    return pbt__spec_compare(spec, spec, NULL);
}

static void assert_fails_cleanly(pbt_err (*once)(pbt_spec *))
{
    for (int64_t n = 1;; n++) {
        pbt_spec *spec = read_spec(SPEC_TESTS "/good/everything.yaml");
        char *before = rewrite(spec);
        pbt__fault_arm(n, PBT__FAULT_MEMORY);
        pbt_err err = once(spec);
        bool has_fired = pbt__fault_has_fired();
        pbt__fault_arm(0, 0);
        char *after = rewrite(spec);
        assert_int_equal(err, has_fired ? PBT_ERR_MEMORY : PBT_OK);
        if (has_fired) {
            assert_string_equal(before, after);
        }
        free(before);
        free(after);
        pbt_spec_free(spec);
        if (!has_fired) {
            assert_true(n > 1);
            return;
        }
    }
}

static void amending(void **state)
{
    (void)state;
    assert_fails_cleanly(amend_once);
}

static void describing(void **state)
{
    (void)state;
    assert_fails_cleanly(describe_once);
    assert_fails_cleanly(describe_json_once);
}

static void reseeding(void **state)
{
    (void)state;
    assert_fails_cleanly(reseed_once);
}

static void comparing(void **state)
{
    (void)state;
    assert_fails_cleanly(compare_once);
}

/* Refusing a spec needs memory too: whatever fails, it is refused or out of memory. */
static void refusing(void **state)
{
    (void)state;
    const char *text = SHORTEST "trainer: {protocol: command, command: [a, \"{x}\"]}\n";
    for (int64_t n = 1;; n++) {
        pbt_spec *spec = NULL;
        pbt__fault_arm(n, PBT__FAULT_MEMORY);
        pbt_err err = pbt__spec_parse(text, "a", ".", &spec, NULL);
        bool has_fired = pbt__fault_has_fired();
        pbt__fault_arm(0, 0);
        assert_true(err == PBT_ERR_SPEC || (has_fired && err == PBT_ERR_MEMORY));
        assert_null(spec);
        if (!has_fired) {
            return;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reading),   cmocka_unit_test(amending),  cmocka_unit_test(describing),
        cmocka_unit_test(reseeding), cmocka_unit_test(comparing), cmocka_unit_test(refusing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
