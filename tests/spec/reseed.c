/* reseed.c: the same spec with another name and seed. */
#include "support.h"

#define REST                                                                                       \
    "population: 4\nready: {every: 10}\nstop: {steps: 100}\n"                                      \
    "hyperparameters: {r: {type: float, min: 0, max: 1}}\n"

/* What is written of a spec, with another name and seed, is what is written of its copy. */
static void assert_reseeded(const char *text)
{
    pbt_spec *spec = parse(text);
    pbt_spec *copy = NULL;
    char *wanted = NULL;
    pbt_error error = {.code = PBT_OK};
    if (pbt__spec_with_seed(spec, "1e3", 9, &copy, &error) != PBT_OK) {
        fail_msg("%s", error.message);
    }
    assert_string_equal(copy->name, "1e3");
    assert_int_equal(copy->search.seed, 9);
    assert_string_equal(spec->source, text);
    spec->name = copy->name;
    spec->search.seed = 9;
    assert_int_equal(pbt__spec_write(spec, &wanted, NULL), PBT_OK);
    assert_string_equal(copy->source, wanted);
    free(wanted);
    pbt_spec_free(spec);
    pbt_spec_free(copy);
}

static void nothing_else_changes(void **state)
{
    (void)state;
    assert_reseeded("version: 1\nname: a # mine\nseed:  1 # one\n" REST);
    assert_reseeded("name: \"a\"\r\nversion: 1\n" REST);
    assert_reseeded("{version: 1, \"name\": \"a\", population: 1, ready: {every: 1}, stop: "
                    "{steps: 1}, hyperparameters: {}}");
}

static void the_text_stays_where_both_stay(void **state)
{
    (void)state;
    static const char TEXT[] = "version: 1\nname: a # mine\nseed: 9\n" REST;
    pbt_spec *spec = parse(TEXT);
    pbt_spec *copy = NULL;
    assert_int_equal(pbt__spec_with_seed(spec, "a", 9, &copy, NULL), PBT_OK);
    assert_string_equal(copy->source, TEXT);
    pbt_spec_free(copy);
    pbt_spec_free(spec);
}

static void a_name_that_is_none_is_refused(void **state)
{
    (void)state;
    pbt_spec *spec = parse("version: 1\nname: a\n" REST);
    pbt_spec *copy = NULL;
    assert_int_equal(pbt__spec_with_seed(spec, "A", 9, &copy, NULL), PBT_ERR_SPEC);
    assert_null(copy);
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
        cmocka_unit_test(nothing_else_changes),
        cmocka_unit_test(the_text_stays_where_both_stay),
        cmocka_unit_test(a_name_that_is_none_is_refused),
        cmocka_unit_test(the_largest_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
