/* describe.c: what `pbt check` says. */
#include "support.h"

#include <jansson.h>

#include "spec/plan.h"

static void assert_says(const char *text, const char *words)
{
    pbt_spec *spec = parse(text);
    char *page = NULL;
    assert_int_equal(pbt__spec_describe(spec, &page, NULL), PBT_OK);
    if (strstr(page, words) == NULL) {
        fail_msg("not '%s' in:\n%s", words, page);
    }
    free(page);
    pbt_spec_free(spec);
}

/* The whole page, so that a change of words is seen as a reader would see it. */
static void a_whole_page(void **state)
{
    (void)state;
    pbt_spec *spec = read_spec(SPEC_TESTS "/good/everything.yaml");
    char *page = NULL;
    char *expected = NULL;
    size_t length = 0;
    assert_int_equal(pbt__spec_describe(spec, &page, NULL), PBT_OK);
    assert_int_equal(pbt__file_read(SPEC_TESTS "/good/everything.txt", PBT__SPEC_MAXIMUM, &expected,
                                    &length, NULL),
                     PBT_OK);
    assert_string_equal(page, expected);
    free(page);
    free(expected);
    pbt_spec_free(spec);
}

static void rules_in_words(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"exploit: {fraction: 0}\n", "truncation: nobody copies: k is 0"},
        {"exploit: {fraction: 0.5}\n", "k = 2: the 2 worst of 4 copy"},
        {"exploit: {copy: [weights]}\n", "k = 1: the worst of 4 copies the weights of the best"},
        {"exploit: {rule: t_test}\n", "if its last 10 evaluations are better at the level 0.05"},
        {"exploit: {rule: binary_tournament}\n", "copies the weights and hyperparameters if it is"},
        {"exploit: {rule: best, copy: [hyperparameters]}\n",
         "copies the hyperparameters of the best"},
        {"exploit: {rule: threshold, absolute: 2}\n", "more than 0.5 standard deviations (or 2,"},
        {"exploit: {rule: none}\n", "none: nobody copies: random search"},
        {"exploit: {quorum: 0}\n", "once 2 of 4 members have reported"},
        {"exploit: {compare: latest}\n", "judged by everyone's latest score"},
        {"objective: {window: 3}\n", "a score is the mean of 3 reports"},
        {"objective: {direction: minimize, metric: loss}\n", "short: minimize loss, seed 0"},
        {"explore: {factors: [0.5, 2, 3]}\n", "multiplied by 0.5, 2 or 3"},
        {"explore: {rule: gaussian}\n", "noise with standard deviation 0.1 is added"},
        {"explore: {rule: resample, when: always}\n", "resample, at every ready point: each"},
        {"explore: {rule: none}\n", "hyperparameters stay as they are"},
        {"trainer: {protocol: library, library: a.so}\n", "a plugin inside pbt: a.so"},
        {"trainer: {protocol: command, command: [a, b c]}\n", "per segment: a \"b c\""},
        {"trainer: {command: [a], gpus: 1}\n", "asks for its segments: a, with 1 GPU\n"},
        {"checkpoints: {keep_best: 0}\n", "and the best one\n"},
        {"failure: {retries: 0, lost: 0}\n", "after 1 failure of its trainer, or 1 lost lease of"},
        {"notes: \"a\\eb\"\n", "notes           a b\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        (void)snprintf(text, sizeof text, "%s%s", SHORTEST, cases[i][0]);
        assert_says(text, cases[i][1]);
    }
}

static void decisions_in_words(void **state)
{
    (void)state;
    static const struct {
        int every, after, steps;
        const char *words;
    } cases[] = {
        {10, 0, 10, "none: no ready point"},
        {10, 0, 11, "1 per member, at step 10;"},
        {10, 0, 21, "2 per member, at steps 10, 20;"},
        {10, 0, 50, "4 per member, at steps 10, 20, 30, 40;"},
        {10, 0, 60, "5 per member, at steps 10, 20, ..., 50;"},
        {10, 31, 60, "2 per member, at steps 40, 50;"},
        {10, 30, 60, "3 per member, at steps 30, 40, 50;"},
        {10, 51, 60, "none: no ready point"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        (void)snprintf(text, sizeof text,
                       "version: 1\nname: a\npopulation: 4\nready: {every: %d, after: %d}\n"
                       "stop: {steps: %d}\nhyperparameters: {}\n",
                       cases[i].every, cases[i].after, cases[i].steps);
        assert_says(text, cases[i].words);
    }
}

static void the_plan(void **state)
{
    (void)state;
    pbt_spec *spec = read_spec(SPEC_TESTS "/good/everything.yaml");
    char *text = NULL;
    assert_int_equal(pbt__spec_describe_json(spec, &text, NULL), PBT_OK);
    json_t *json = json_loads(text, 0, NULL);
    json_int_t segments = 0;
    json_int_t total = 0;
    json_int_t decisions = 0;
    json_int_t first = 0;
    json_int_t last = 0;
    json_int_t k = 0;
    assert_int_equal(json_unpack(json, "{s:{s:I, s:I, s:I, s:I, s:I, s:I}}", "plan",
                                 "segments_per_member", &segments, "steps_total", &total,
                                 "decisions_per_member", &decisions, "first_decision", &first,
                                 "last_decision", &last, "k", &k),
                     0);
    assert_int_equal(segments, 20);
    assert_int_equal(total, 32000);
    assert_int_equal(decisions, 18);
    assert_int_equal(first, 400);
    assert_int_equal(last, 3800);
    assert_int_equal(k, 2);
    json_decref(json);
    free(text);
    pbt_spec_free(spec);
}

static void types_in_json(void **state)
{
    (void)state;
    pbt_spec *spec = read_spec(SPEC_TESTS "/good/types.yaml");
    char *text = NULL;
    assert_int_equal(pbt__spec_describe_json(spec, &text, NULL), PBT_OK);
    assert_non_null(strstr(text,
                           "\"values\": [1, 2.0, true, \"1\", \"true\", \"yes\", 0.001, \"~x\", "
                           "\"\", 0.5, 16, \"a, b: {c}\"]"));
    free(text);
    pbt_spec_free(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_page),       cmocka_unit_test(rules_in_words),
        cmocka_unit_test(decisions_in_words), cmocka_unit_test(the_plan),
        cmocka_unit_test(types_in_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
