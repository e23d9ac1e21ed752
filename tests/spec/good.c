/* good.c: each spec of the folder good is read, means the same when it is written anew, and
 * takes its own values as amendments. */
#include "support.h"

#include <jansson.h>

static void takes_its_own_values(pbt_spec *spec)
{
    char *before = rewrite(spec);
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        bool is_amendable = key->flags & PBT__KEY_AMENDABLE && key->kind != PBT__KIND_MAP;
        if (is_amendable && pbt__key_applies(spec, key)) {
            char *value = NULL;
            assert_int_equal(pbt__spec_value(spec, key->path, &value, NULL), PBT_OK);
            amend(spec, key->path, value);
            free(value);
        }
    }
    char *after = rewrite(spec);
    assert_string_equal(before, after);
    free(before);
    free(after);
}

static void is_described(const pbt_spec *spec)
{
    char *text = NULL;
    assert_int_equal(pbt__spec_describe(spec, &text, NULL), PBT_OK);
    assert_int_equal(strncmp(text, spec->name, strlen(spec->name)), 0);
    free(text);
    assert_int_equal(pbt__spec_describe_json(spec, &text, NULL), PBT_OK);
    assert_null(strchr(text, '\n'));
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json, "name")), spec->name);
    json_decref(json);
    free(text);
}

static void means_the_same_written_anew(void **state)
{
    pbt_spec *spec = read_spec(*state);
    char *text = rewrite(spec);
    pbt_spec *again = parse(text);
    char *text_again = rewrite(again);
    assert_string_equal(text, text_again);
    assert_int_equal(pbt__spec_compare(spec, again, NULL), PBT_OK);
    assert_int_equal(pbt__spec_compare(again, spec, NULL), PBT_OK);
    assert_int_equal(pbt_search_check(pbt_spec_search(spec), NULL), PBT_OK);
    is_described(spec);
    takes_its_own_values(spec);
    free(text);
    free(text_again);
    pbt_spec_free(spec);
    pbt_spec_free(again);
}

int main(void)
{
    static struct folder_tests all;
    folder_tests_add(&all, SPEC_TESTS "/good", means_the_same_written_anew);
    return folder_tests_run(&all, "good");
}
