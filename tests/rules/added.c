/*
 * added.c: what there is of a rule once it has its file and its line in the table: keys, bounds and
 * defaults, documentation, decisions, and the reasons for them. exploit_ladder.c, explore_follow.c
 * and their lines in meson.build are all that says anything about the two.
 */
#include "../study/support.h"
#include "core/rule.h"
#include "render/reasons.h"
#include "spec/keys.h"
#include "study/inside.h"

/* They are the last. */
#define LADDER ((int)pbt__exploit_row_count - 1)
#define FOLLOW ((int)pbt__explore_row_count - 1)

#define BOTH "exploit: {rule: ladder}\nexplore: {rule: follow}\n"

static const char SPEC[] = "version: 1\n"
                           "name: added\n"
                           "population: 4\n"
                           "ready: {every: 10}\n"
                           "stop: {steps: 100}\n"
                           "hyperparameters: {rate: {type: float, min: 0, max: 1}}\n"
                           "trainer: {command: [train]}\n";

/* SPEC with more behind it. Owner: the caller frees. */
static pbt_spec *spec_of(const char *more)
{
    char text[1024];
    pbt_spec *spec = NULL;
    pbt_error error = {.message = ""};
    (void)snprintf(text, sizeof text, "%s%s", SPEC, more);
    const pbt_err err = pbt__spec_parse(text, "x", ".", &spec, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(err, PBT_OK);
    return spec;
}

static void assert_refused(const char *more, const char *words)
{
    char text[1024];
    pbt_spec *spec = NULL;
    pbt_error error = {.message = ""};
    (void)snprintf(text, sizeof text, "%s%s", SPEC, more);
    assert_int_equal(pbt__spec_parse(text, "x", ".", &spec, &error), PBT_ERR_SPEC);
    assert_non_null(strstr(error.message, words));
}

static void assert_value(const pbt_spec *spec, const char *key, const char *expected)
{
    char *value = NULL;
    assert_ok(pbt__spec_value(spec, key, &value, NULL));
    assert_string_equal(value, expected);
    free(value);
}

/* ---- keys ---- */

static void its_options_are_keys(void **state)
{
    (void)state;
    char allowed[PBT__ALLOWED_SIZE];
    const pbt__key *rungs = pbt__key_find("exploit.rungs");
    const pbt__key *rule = pbt__key_find("exploit.rule");
    assert_non_null(rungs);
    assert_string_equal(rule->names[LADDER], "ladder");
    assert_non_null(strstr(rule->meaning, "`ladder`: everyone copies who stands above."));
    assert_string_equal(rungs->owner, "exploit.rule");
    assert_int_equal(rungs->owner_values, 1U << LADDER);
    assert_string_equal(rungs->meaning, "How many places above the member its donor is.");
    assert_true(rungs->flags & PBT__KEY_AMENDABLE && rungs->flags & PBT__KEY_REMOTE);
    pbt__key_allowed(rungs, allowed);
    assert_string_equal(allowed, "an integer from 1 to 16");
    pbt__key_allowed(pbt__key_find("explore.pull"), allowed);
    assert_string_equal(allowed, "a number from 0 to 1");
    assert_string_equal(pbt__key_nearest("exploit.rugs"), "exploit.rungs");
}

static void its_options_are_read_and_written(void **state)
{
    (void)state;
    pbt_spec *spec = spec_of(BOTH);
    assert_int_equal(spec->search.exploit.rule, LADDER);
    assert_value(spec, "exploit.rungs", "1");
    assert_value(spec, "explore.pull", "0.5");
    assert_ok(pbt__spec_amend(spec, "exploit.rungs", "3", NULL));
    assert_ok(pbt__spec_amend(spec, "exploit.rungs", "2", NULL));
    assert_ok(pbt__spec_amend(spec, "explore.pull", "0.25", NULL));
    assert_value(spec, "exploit.rungs", "2");
    char *document = NULL;
    pbt_spec *again = NULL;
    assert_ok(pbt__spec_write(spec, &document, NULL));
    assert_ok(pbt__spec_parse(document, "x", ".", &again, NULL));
    assert_value(again, "exploit.rungs", "2");
    assert_value(again, "explore.pull", "0.25");
    assert_ok(pbt__spec_compare(again, spec, NULL));
    free(document);
    pbt_spec_free(again);
    pbt_spec_free(spec);
}

static void its_bounds_hold(void **state)
{
    (void)state;
    assert_refused("exploit: {rule: ladder, rungs: 17}\n",
                   "exploit.rungs: found the integer 17; allowed: an integer from 1 to 16");
    assert_refused("exploit: {rule: ladder, rungs: 0}\n", "exploit.rungs");
    assert_refused("explore: {rule: follow, pull: 1.5}\n", "allowed: a number from 0 to 1");
    assert_refused("exploit: {rule: best, rungs: 2}\n",
                   "exploit.rungs: has no effect where exploit.rule is 'best'");
    pbt_spec *spec = spec_of(BOTH);
    pbt_search search = spec->search;
    pbt_error error;
    const struct {
        pbt_option option;
        const char *words;
    } cases[] = {
        {{"exploit.rungs", 17}, "exploit.rungs is 17, needs to be from 1 to 16"},
        {{"exploit.rungs", 1.5}, "exploit.rungs is 1.5, needs to be whole"},
        {{"explore.pull", -1}, "explore.pull is -1"},
        {{"exploit.steps", 1}, "no rule has an option 'exploit.steps'"},
        {{"exploit.fraction", 0.5}, "no rule has an option 'exploit.fraction' without a field"},
    };
    assert_ok(pbt_search_check(&search, NULL));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        search.options[0] = cases[i].option;
        assert_int_equal(pbt_search_check(&search, &error), PBT_ERR_ARGUMENT);
        assert_non_null(strstr(error.message, cases[i].words));
    }
    search.options[0] = (pbt_option){"exploit.rungs", 16};
    assert_ok(pbt_search_check(&search, NULL));
    pbt_spec_free(spec);
}

/* What a search names counts towards pbt_search.options, whatever rule is in force. */
static void all_options_have_room(void **state)
{
    (void)state;
    size_t count = 0;
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        count += key->option != NULL && key->option->offset == PBT__RULE_NAMED ? 1 : 0;
    }
    assert_in_range(count, 2, PBT_OPTIONS);
}

static void a_spec_with_it_is_described(void **state)
{
    (void)state;
    char *text = NULL;
    pbt_spec *spec = spec_of("exploit: {rule: ladder, rungs: 2}\nexplore: {rule: follow}\n");
    assert_ok(pbt__spec_describe(spec, &text, NULL));
    assert_non_null(strstr(
        text, "ladder: each of 4 copies the weights and hyperparameters of who stands 2 above"));
    assert_non_null(
        strstr(text, "follow, after a copy: each goes 0.5 of the way to the best segment's"));
    free(text);
    assert_ok(pbt__spec_describe_json(spec, &text, NULL));
    assert_non_null(strstr(text, "\"rungs\": 2"));
    free(text);
    pbt_spec_free(spec);
}

/* ---- decisions, and their reasons ---- */

static double by_member(const pbt_segment *segment)
{
    return segment->id.member;
}

static json_t *why_of(bench *b, int32_t member)
{
    json_t *why = NULL;
    assert_ok(pbt__study_why(b->study, (pbt_segment_id){member, 1}, &why, &b->error));
    assert_true(json_is_true(json_object_get(why, "agrees")));
    return why;
}

static void assert_says(const json_t *why, const char *words)
{
    pbt__text text = pbt__text_init(64 * 1024);
    pbt__reasons_write(why, &text);
    if (strstr(pbt__text_string(&text), words) == NULL) {
        fail_msg("%s", pbt__text_string(&text));
    }
    pbt__text_fini(&text);
}

static pbt_segment segment_of(bench *b, int32_t member, int32_t number)
{
    pbt_segment segment;
    assert_ok(pbt__study_segment(b->study, (pbt_segment_id){member, number}, &segment, &b->error));
    return segment;
}

static void it_decides_and_says_why(void **state)
{
    bench *b = *state;
    bench_create(b, 4, "mode: generational\nexploit: {rule: ladder, rungs: 2}\n");
    bench_train(b, by_member, 64);
    for (int32_t m = 0; m < 4; m++) {
        assert_int_equal(segment_of(b, m, 1).donor, m < 2 ? m + 2 : -1);
    }
    json_t *copied = why_of(b, 0);
    assert_says(copied, "m0 copies m2, which stands 2 places above (2 against its own 0).");
    json_decref(copied);
    json_t *top = why_of(b, 3);
    assert_string_equal(json_string_value(json_object_get(top, "verdict")), "top_rung");
    assert_says(top, "m3 stands at number 1, and nobody is 2 places above.");
    json_decref(top);
    assert_int_equal(bench_problems(b), 0);
}

static void it_sees_the_history(void **state)
{
    bench *b = *state;
    bench_create(b, 4,
                 "mode: generational\n"
                 "exploit: {rule: none}\n"
                 "explore: {rule: follow, pull: 0.25, when: always}\n");
    bench_train(b, by_member, 64);
    const double best = segment_of(b, 3, 0).values[0].real;
    for (int32_t m = 0; m < 4; m++) {
        const pbt_segment after = segment_of(b, m, 1);
        const double before = after.changes[0].from.real;
        assert_int_equal(after.reason, PBT_EXPLORED);
        assert_true(before == segment_of(b, m, 0).values[0].real);
        assert_true(after.values[0].real == before + 0.25 * (best - before));
    }
    assert_int_equal(bench_problems(b), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_options_are_keys),
        cmocka_unit_test(its_options_are_read_and_written),
        cmocka_unit_test(its_bounds_hold),
        cmocka_unit_test(all_options_have_room),
        cmocka_unit_test(a_spec_with_it_is_described),
        cmocka_unit_test_setup_teardown(it_decides_and_says_why, bench_make, bench_remove),
        cmocka_unit_test_setup_teardown(it_sees_the_history, bench_make, bench_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
