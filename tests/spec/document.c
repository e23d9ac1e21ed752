/* document.c: a spec written as a document reads back as the same spec. */
#include "support.h"

static void assert_reads_back(const pbt_spec *spec)
{
    char *document = NULL;
    pbt_spec *again = NULL;
    pbt_error error = {.code = PBT_OK};
    assert_int_equal(pbt__spec_write(spec, &document, NULL), PBT_OK);
    if (pbt__spec_parse(document, "written.yaml", ".", &again, &error) != PBT_OK ||
        pbt__spec_compare(again, spec, &error) != PBT_OK ||
        pbt__spec_compare(spec, again, &error) != PBT_OK) {
        fail_msg("%s\n%s", error.message, document);
    }
    pbt_spec_free(again);
    free(document);
}

static void every_good_spec_reads_back(void **state)
{
    (void)state;
    static const char FOLDER[] = SPEC_TESTS "/good";
    int count = 0;
    DIR *stream = opendir(FOLDER);
    assert_non_null(stream);
    for (const struct dirent *entry = readdir(stream); entry != NULL; entry = readdir(stream)) {
        char path[PBT__PATH_SIZE];
        if (strstr(entry->d_name, ".yaml") != NULL) {
            assert_int_equal(pbt__path_join(FOLDER, entry->d_name, path, NULL), PBT_OK);
            pbt_spec *spec = read_spec(path);
            assert_reads_back(spec);
            pbt_spec_free(spec);
            count++;
        }
    }
    assert_int_equal(closedir(stream), 0);
    assert_true(count > 5);
}

static void what_was_amended_is_what_is_written(void **state)
{
    (void)state;
    pbt_spec *spec = parse(SHORTEST "notes: 'null'\nstart: [{rate: 0.01, fixed: true}]\n");
    char *document = NULL;
    assert_int_equal(pbt__spec_amend(spec, "exploit.rule", "t_test", NULL), PBT_OK);
    assert_int_equal(pbt__spec_amend(spec, "stop.steps", "50", NULL), PBT_OK);
    assert_reads_back(spec);
    assert_int_equal(pbt__spec_write(spec, &document, NULL), PBT_OK);
    assert_non_null(strstr(document, "\nstop:\n  steps: 50\n"));
    assert_non_null(strstr(document, "\n  rule: t_test\n"));
    assert_null(strstr(document, "fraction")); /* an option of another rule */
    assert_non_null(strstr(document, "\n  - {rate: 0.01, fixed: true}\n"));
    free(document);
    pbt_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_good_spec_reads_back),
        cmocka_unit_test(what_was_amended_is_what_is_written),
    };
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
