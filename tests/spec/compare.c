/* compare.c: a spec's file against the study it belongs to. */
#include "support.h"

/* Compare a file's text with the study that SHORTEST made. */
static pbt_err compare(const char *text, pbt_error *error)
{
    pbt_spec *file = parse(text);
    pbt_spec *study = parse(SHORTEST);
    *error = (pbt_error){.code = PBT_OK};
    pbt_err err = pbt__spec_compare(file, study, error);
    pbt_spec_free(file);
    pbt_spec_free(study);
    return err;
}

static void layout_does_not_count(void **state)
{
    (void)state;
    pbt_error error;
    assert_int_equal(compare("# A comment.\n"
                             "population: 0x4\n"
                             "version: 1\n"
                             "name: 'short'\n"
                             "seed: 0\n"
                             "stop:\n  steps: 100\n"
                             "ready:\n  every: 10\n"
                             "exploit: {rule: truncation, copy: [hyperparameters, weights]}\n"
                             "hyperparameters:\n"
                             "  rate: {min: 0.0001, max: 1e-1, scale: log, type: float}\n",
                             &error),
                     PBT_OK);
}

#define TO_FOLLOW "change the spec to the study's values, or: "

static const struct {
    const char *file, *message, *hint;
} differences[] = {
    {SHORTEST "seed: 3\n", "test.yaml:8:7: seed: found 3; the study has 0",
     "what differs cannot change in a study: give the spec another 'name'"},
    {SHORTEST "failure: {retries: 5}\nmode: generational\nnotes: x\n",
     "test.yaml:9:7: mode: found generational; the study has asynchronous",
     "what differs cannot change in a study: give the spec another 'name'"},
    {SHORTEST "failure: {retries: 5}\n",
     "test.yaml:8:20: failure.retries: found 5; the study has 1",
     "write 1 into the spec, as the study has it, or: `amend short failure.retries=5`"},
    {SHORTEST "notes: it's free\nlease: {seconds: 5}\n",
     "test.yaml:9:18: lease.seconds: found 5.0; the study has 300.0",
     TO_FOLLOW "`amend short lease.seconds=5.0 'notes=\"it'\\''s free\"'`"},
    {SHORTEST "exploit: {rule: t_test, alpha: 0.01}\n",
     "test.yaml:8:17: exploit.rule: found t_test; the study has truncation",
     TO_FOLLOW "`amend short exploit.rule=t_test exploit.alpha=0.01`"},
    {SHORTEST "trainer: {protocol: library, library: ./a.so}\n",
     "test.yaml:8:39: trainer.library: found ./a.so; the study has null",
     TO_FOLLOW "`amend short trainer.library=./a.so trainer.protocol=library`"},
    {SHORTEST "  width: {type: int, min: 1, max: 2}\n",
     "test.yaml:8:3: hyperparameters.width: found width: {type: int, scale: linear, min: 1, max: 2}"
     "; the study has nothing",
     "what differs cannot change in a study: give the spec another 'name'"},
    {SHORTEST "start: [{rate: 0.01}]\n",
     "test.yaml:8:9: start[0]: found {rate: 0.01}; the study has nothing",
     "what differs cannot change in a study: give the spec another 'name'"},
};

static void differences_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
        pbt_error error;
        assert_int_equal(compare(differences[i].file, &error), PBT_ERR_SPEC);
        assert_string_equal(error.message, differences[i].message);
        assert_string_equal(error.hint, differences[i].hint);
    }
}

/* What the file does not give is as it is in force, whether it was given or amended. */
static void absent_keys_are_as_in_force(void **state)
{
    (void)state;
    pbt_spec *file = parse(SHORTEST "lease: {}\n");
    pbt_spec *study = parse(SHORTEST "lease: {seconds: 7}\nseed: 3\n");
    assert_int_equal(pbt__spec_compare(file, study, NULL), PBT_OK);
    amend(study, "objective.window", "3");
    amend(study, "notes", "x");
    assert_int_equal(pbt__spec_compare(file, study, NULL), PBT_OK);
    pbt_spec_free(file);
    pbt_spec_free(study);
}

/* What it does give is not amended silently: both values are named, and both ways. */
static void amended_keys_that_are_given_are_refused(void **state)
{
    (void)state;
    pbt_spec *file = parse(SHORTEST);
    pbt_spec *study = parse(SHORTEST);
    pbt_error error = {.code = PBT_OK};
    amend(study, "stop.steps", "140");
    assert_int_equal(pbt__spec_compare(file, study, &error), PBT_ERR_SPEC);
    assert_non_null(strstr(error.message, "stop.steps: found 100; the study has 140"));
    assert_string_equal(error.hint, "write 140 into the spec, as the study has it, or: "
                                    "`amend short stop.steps=100`");
    pbt_spec_free(file);
    pbt_spec_free(study);
}

/* Following the hint ends the difference, whatever else the study's rule had. */
static void amended_studies_are_the_same(void **state)
{
    (void)state;
    pbt_spec *file = parse(SHORTEST "exploit: {rule: t_test, alpha: 0.01}\n");
    pbt_spec *study = parse(SHORTEST "exploit: {fraction: 0.5}\n");
    amend(study, "exploit.rule", "t_test");
    amend(study, "exploit.alpha", "0.01");
    assert_int_equal(pbt__spec_compare(file, study, NULL), PBT_OK);
    pbt_spec_free(file);
    pbt_spec_free(study);
}

/* A command line that would not fit is not cut: half of one would do something else. */
static void long_remedies_are_described(void **state)
{
    (void)state;
    char notes[400] = SHORTEST "notes: ";
    size_t length = strlen(notes);
    memset(notes + length, 'n', sizeof notes - length - 1);
    notes[sizeof notes - 1] = '\0';
    pbt_error error;
    assert_int_equal(compare(notes, &error), PBT_ERR_SPEC);
    assert_string_equal(error.hint, TO_FOLLOW "`amend short KEY=VALUE ...` for every key "
                                              "that differs, beginning with 'notes'");
    assert_int_equal(strlen(error.message),
                     strlen("test.yaml:8:8: notes: found ; the study has \"\"") + 59);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layout_does_not_count),
        cmocka_unit_test(differences_are_named),
        cmocka_unit_test(absent_keys_are_as_in_force),
        cmocka_unit_test(amended_keys_that_are_given_are_refused),
        cmocka_unit_test(amended_studies_are_the_same),
        cmocka_unit_test(long_remedies_are_described),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
