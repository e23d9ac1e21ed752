/* reseed.c: another name and seed in the same text. */
#include "support.h"

#define REST                                                                                       \
    "population: 4\nready: {every: 10}\nstop: {steps: 100}\n"                                      \
    "hyperparameters: {r: {type: float, min: 0, max: 1}}\n"

static void assert_reseeded(const char *text, const char *expected)
{
    pbt_spec *spec = parse(text);
    pbt_spec *copy = NULL;
    pbt_error error = {.code = PBT_OK};
    if (pbt__spec_with_seed(spec, "a-9", 9, &copy, &error) != PBT_OK) {
        fail_msg("%s", error.message);
    }
    assert_string_equal(copy->source, expected);
    assert_string_equal(copy->name, "a-9");
    assert_int_equal(copy->search.seed, 9);
    assert_string_equal(spec->source, text);
    pbt_spec_free(spec);
    pbt_spec_free(copy);
}

static void the_text_is_edited(void **state)
{
    (void)state;
    assert_reseeded("version: 1\nname: a # mine\nseed:  1 # one\n" REST,
                    "version: 1\nname: a-9 # mine\nseed:  9 # one\n" REST);
    assert_reseeded("seed: 0x10\nversion: 1\nname: 'a'\n" REST,
                    "seed: 9\nversion: 1\nname: a-9\n" REST);
}

static void a_seed_is_added(void **state)
{
    (void)state;
    assert_reseeded("version: 1\nname: a # mine\n" REST,
                    "version: 1\nseed: 9\nname: a-9 # mine\n" REST);
    assert_reseeded("name: \"a\"\r\nversion: 1\n" REST, "seed: 9\nname: a-9\r\nversion: 1\n" REST);
    assert_reseeded("  \"name\" : a\n  version: 1\n  population: 1\n  ready: {every: 1}\n"
                    "  stop: {steps: 1}\n  hyperparameters: {}",
                    "  seed: 9\n  \"name\" : a-9\n  version: 1\n  population: 1\n"
                    "  ready: {every: 1}\n  stop: {steps: 1}\n  hyperparameters: {}");
    assert_reseeded(
        "{version: 1, \"name\": \"a\", population: 1, ready: {every: 1}, stop: {steps: 1}, "
        "hyperparameters: {}}",
        "{version: 1, seed: 9, \"name\": a-9, population: 1, ready: {every: 1}, stop: "
        "{steps: 1}, hyperparameters: {}}");
}

static void texts_that_cannot_be_edited_are_refused(void **state)
{
    (void)state;
    pbt_spec *spec = parse("version: 1\n? name\n: a\n" REST);
    pbt_spec *copy = NULL;
    pbt_error error = {.code = PBT_OK};
    assert_int_equal(pbt__spec_with_seed(spec, "a-9", 9, &copy, &error), PBT_ERR_SPEC);
    assert_non_null(strstr(error.message, "test.yaml:"));
    assert_null(copy);
    assert_int_equal(pbt__spec_with_seed(spec, "A", 9, &copy, NULL), PBT_ERR_SPEC);
    pbt_spec_free(spec);
}

static void the_largest_seed(void **state)
{
    (void)state;
    pbt_spec *spec = parse(SHORTEST);
    pbt_spec *copy = NULL;
    assert_int_equal(pbt__spec_with_seed(spec, "a", INT64_MAX, &copy, NULL), PBT_OK);
    assert_true(copy->search.seed == INT64_MAX);
    pbt_spec_free(copy);
    copy = NULL;
    assert_int_equal(pbt__spec_with_seed(spec, "a", (uint64_t)INT64_MAX + 1, &copy, NULL),
                     PBT_ERR_SPEC);
    assert_null(copy);
    pbt_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_text_is_edited),
        cmocka_unit_test(a_seed_is_added),
        cmocka_unit_test(texts_that_cannot_be_edited_are_refused),
        cmocka_unit_test(the_largest_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
