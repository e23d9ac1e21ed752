/* amend.c: amending every key that may be, refusing the others, and leaving a spec alone on
 * failure. */
#include "support.h"

/* A new value for every key that may be amended, in an order in which each has an effect. */
static const struct {
    const char *key, *value;
} amendments[] = {
    {"objective.window", "3"},
    {"ready.every", "20"},
    {"ready.after", "40"},
    {"stop.steps", "8000"},
    {"stop.score", "0.5"},
    {"stop.seconds", "60.0"},
    {"exploit.fraction", "0.5"},
    {"exploit.rule", "t_test"},
    {"exploit.alpha", "0.01"},
    {"exploit.window", "20"},
    {"exploit.rule", "threshold"},
    {"exploit.sigmas", "2.0"},
    {"exploit.absolute", "0.125"},
    {"exploit.quorum", "1.0"},
    {"exploit.compare", "latest"},
    {"exploit.copy", "[hyperparameters]"},
    {"explore.factors", "[0.5, 2.0, 4.0]"},
    {"explore.resample_probability", "0.0"},
    {"explore.rule", "gaussian"},
    {"explore.sigma", "1.0e-5"},
    {"explore.when", "always"},
    {"trainer.command", "[\"--x\", a, \"b c\"]"},
    {"trainer.library", "./x.so"},
    {"trainer.isolation", "thread"},
    {"trainer.protocol", "library"},
    {"trainer.directory", "/a/b"},
    {"trainer.environment", "{A: \"1\", B_2: \"x: y\"}"},
    {"trainer.gpus", "2"},
    {"trainer.reload", "always"},
    {"lease.seconds", "10.5"},
    {"lease.stall_seconds", "20.0"},
    {"failure.retries", "0"},
    {"failure.lost", "9"},
    {"failure.patience", "60.0"},
    {"checkpoints.directory", "\"a b\""},
    {"checkpoints.keep_best", "0"},
    {"checkpoints.max_bytes", "3M"},
    {"notes", "\"two\\nlines\""},
};

static void every_key_takes_a_value(void **state)
{
    (void)state;
    bool was_amended[PBT__KEY_MAXIMUM] = {false};
    pbt_spec *spec = parse(SHORTEST);
    for (size_t i = 0; i < sizeof amendments / sizeof *amendments; i++) {
        char *before = NULL;
        assert_int_equal(pbt__spec_value(spec, amendments[i].key, &before, NULL), PBT_OK);
        assert_string_not_equal(before, amendments[i].value);
        free(before);
        amend(spec, amendments[i].key, amendments[i].value);
        assert_value(spec, amendments[i].key, amendments[i].value);
        was_amended[pbt__key_index(pbt__key_find(amendments[i].key))] = true;
    }
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        bool is_amendable = key->flags & PBT__KEY_AMENDABLE && key->kind != PBT__KIND_MAP;
        assert_int_equal(was_amended[pbt__key_index(key)], is_amendable);
    }
    pbt_spec_free(spec);
}

static void nothing_is_a_value_where_there_may_be_none(void **state)
{
    (void)state;
    pbt_spec *spec = parse(SHORTEST);
    static const char *const keys[] = {"stop.score", "trainer.command", "checkpoints.directory"};
    amend(spec, "stop.score", "1");
    amend(spec, "trainer.command", "[a]");
    amend(spec, "checkpoints.directory", "a");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        amend(spec, keys[i], "null");
        assert_value(spec, keys[i], "null");
    }
    pbt_spec_free(spec);
}

static const struct {
    const char *key, *value, *message, *hint;
} refusals[] = {
    {"seed", "8", "'seed' cannot change in a study",
     "what may be amended: objective.window ready.* stop.* exploit.* explore.* trainer.* lease.* "
     "failure.* checkpoints.* notes"},
    {"hyperparameters", "{}", "'hyperparameters' cannot change in a study",
     "what may be amended: objective.window ready.* stop.* exploit.* explore.* trainer.* lease.* "
     "failure.* checkpoints.* notes"},
    {"objective", "{}", "'objective' cannot change in a study",
     "what may be amended: objective.window ready.* stop.* exploit.* explore.* trainer.* lease.* "
     "failure.* checkpoints.* notes"},
    {"stop", "{steps: 8000}", "'stop' is no single value",
     "amend one of its keys: steps, score, seconds"},
    {"stop.stpes", "8000", "unknown key 'stop.stpes'", "did you mean 'stop.steps'?"},
    {"quux", "8000", "unknown key 'quux'",
     "what may be amended: objective.window ready.* stop.* exploit.* explore.* trainer.* lease.* "
     "failure.* checkpoints.* notes"},
    {"stop.steps", "0", "stop.steps: found the integer 0; allowed: an integer from 1 to 2^53", ""},
    {"stop.steps", "",
     "stop.steps: missing; allowed: an integer from 1 to 2^53, "
     "or stop.seconds alone",
     ""},
    {"stop.steps", "[", "stop.steps: not valid YAML: flow sequence without a closing bracket", ""},
    {"stop.steps", "1\n---\n2", "stop.steps: a second document is not allowed in a spec", ""},
    {"stop.steps", "9007199254740992", "stop.steps: times the population's 4, more than 2^53 steps",
     ""},
    {"exploit.alpha", "0.01", "exploit.alpha: has no effect where exploit.rule is 'truncation'",
     "remove 'exploit.alpha', or give 'exploit.rule' a value that uses it"},
    {"trainer.protocol", "command", "trainer.command: missing; the protocol 'command' needs it",
     ""},
    {"trainer.protocol", "library", "trainer.library: missing; the protocol 'library' needs it",
     ""},
    {"trainer.command", "[a, \"{rate}\"]",
     "trainer.command: found the placeholder '{rate}', which only the protocol 'command' fills in",
     "write 'protocol: command' below 'trainer'"},
};

static void refusals_leave_the_spec_alone(void **state)
{
    (void)state;
    pbt_spec *spec = parse(SHORTEST);
    char *before = rewrite(spec);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        pbt_spec copy = *spec;
        pbt_error error;
        memset(&error, 'x', sizeof error);
        pbt_err err = pbt__spec_amend(spec, refusals[i].key, refusals[i].value, &error);
        assert_int_equal(err, PBT_ERR_SPEC);
        assert_int_equal(error.code, PBT_ERR_SPEC);
        assert_string_equal(error.message, refusals[i].message);
        assert_string_equal(error.hint, refusals[i].hint);
        err = pbt__spec_amend(spec, refusals[i].key, refusals[i].value, NULL);
        assert_int_equal(err, PBT_ERR_SPEC);
        assert_memory_equal(spec, &copy, sizeof copy);
    }
    char *after = rewrite(spec);
    assert_string_equal(before, after);
    free(before);
    free(after);
    pbt_spec_free(spec);
}

static void an_amended_library_is_a_library(void **state)
{
    (void)state;
    pbt_spec *spec = parse(SHORTEST "trainer: {command: [a]}\n");
    amend(spec, "trainer.library", "./x.so");
    amend(spec, "trainer.protocol", "library");
    amend(spec, "trainer.protocol", "command");
    amend(spec, "trainer.command", "[a, \"{rate}\"]");
    assert_int_equal(spec->trainer.protocol, PBT__PROTOCOL_COMMAND);
    pbt_spec_free(spec);
}

static void values_of_unknown_keys(void **state)
{
    (void)state;
    pbt_spec *spec = parse(SHORTEST);
    char *value = NULL;
    pbt_error error = {.code = PBT_OK};
    assert_int_equal(pbt__spec_value(spec, "quux", &value, &error), PBT_ERR_NOT_FOUND);
    assert_int_equal(pbt__spec_value(spec, "stop", &value, NULL), PBT_ERR_NOT_FOUND);
    assert_null(value);
    assert_value(spec, "version", "1");
    assert_value(spec, "hyperparameters",
                 "{rate: {type: float, scale: log, min: 0.0001, max: 0.1}}");
    pbt_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_takes_a_value),
        cmocka_unit_test(nothing_is_a_value_where_there_may_be_none),
        cmocka_unit_test(refusals_leave_the_spec_alone),
        cmocka_unit_test(an_amended_library_is_a_library),
        cmocka_unit_test(values_of_unknown_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
