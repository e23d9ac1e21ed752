/*
 * why.c: every decision of a log explained, and each explanation the one that was logged.
 *
 * The reasons are core's (tests/core/why.c has each verdict); here, that they are those of the
 * right event, from what was known then and not later.
 */
#include "all_segments.h"
#include "core/rule.h"
#include "support.h"

static json_t *why_of(bench *b, int32_t member, int32_t number)
{
    json_t *why = NULL;
    pbt_segment_id id = {member, number};
    if (pbt__study_why(b->study, id, &why, &b->error) != PBT_OK) {
        fail_msg("m%ds%d: %s", (int)member, (int)number, b->error.message);
    }
    return why;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static json_int_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

/* What is said of a segment against what the log says of it. */
static void assert_agrees(bench *b, const json_t *segment)
{
    static const char *const SAME[] = {"parent",     "donor",           "reason",  "start_age",
                                       "start_step", "hyperparameters", "changes", "compared"};
    json_t *why =
        why_of(b, (int32_t)integer_of(segment, "member"), (int32_t)integer_of(segment, "number"));
    assert_true(json_is_true(json_object_get(why, "agrees")));
    for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++) {
        if (!json_equal(json_object_get(why, SAME[i]), json_object_get(segment, SAME[i]))) {
            fail_msg("%s: %s", text_of(segment, "segment"), SAME[i]);
        }
    }
    const json_t *compared = json_object_get(why, "compared");
    const json_t *standings = json_object_get(why, "standings");
    assert_int_equal(json_array_size(standings),
                     json_is_null(compared) ? 0 : integer_of(compared, "ranked"));
    json_t *own = json_array_get(standings, (size_t)integer_of(compared, "position"));
    if (json_is_integer(json_object_get(compared, "position"))) {
        assert_int_equal(integer_of(own, "member"), integer_of(segment, "member"));
    }
    json_decref(why);
}

static void assert_all_agree(bench *b)
{
    size_t i = 0;
    json_t *segment = NULL;
    json_t *segments = NULL;
    assert_ok(all_segments(b->study, &segments, &b->error));
    json_array_foreach(segments, i, segment)
    {
        assert_agrees(b, segment);
    }
    assert_true(i > 20);
    json_decref(segments);
}

static double by_age_and_value(const pbt_segment *s)
{
    double x = s->values[0].real;
    bool diverges = s->id.number == 3 && s->id.member % 3 == 1;
    return diverges ? (double)NAN : (double)s->end_age * (1 - (x - 0.7) * (x - 0.7));
}

static void every_decision_of_every_rule_is_explained(void **state)
{
    (void)state;
    static const char *const MODES[] = {"asynchronous", "generational"};
    for (size_t i = 0; i < 2 * pbt__exploit_row_count; i++) {
        char more[256];
        void *own = NULL;
        assert_int_equal(bench_make(&own), 0);
        bench *b = own;
        snprintf(more, sizeof more,
                 "mode: %s\nexploit: {rule: %s}\nseed: 3\nfailure: {retries: 0}\n"
                 "stop: {steps: 60}\n",
                 MODES[i % 2], pbt__exploit_rows[i / 2]->rule.name);
        bench_create(b, 5, more);
        pbt__action bad = bench_claim_member(b, 0, "bad");
        pbt__action good = bench_claim_member(b, 1, "a");
        (void)bench_report(b, "a", &good, 1);
        assert_ok(bench_fail(b, "bad", &bad, true));
        (void)bench_train(b, by_age_and_value, 200);
        assert_all_agree(b);
        assert_int_equal(bench_remove(&own), 0);
    }
}

/* Two are rescued by one report: each rescue is an event of its own, decided from what was known
 * before either. */
static void a_rescue_is_explained_by_the_event_that_caused_it(void **state)
{
    bench *b = *state;
    bench_create(b, 4, "failure: {retries: 0}\n");
    for (int32_t m = 0; m < 2; m++) {
        pbt__action bad = bench_claim_member(b, m, "bad");
        assert_ok(bench_fail(b, "bad", &bad, true));
    }
    pbt__action good = bench_claim_member(b, 3, "a");
    (void)bench_report(b, "a", &good, 1);
    assert_int_equal(bench_count(b, "rescued"), 2);
    for (int32_t m = 0; m < 2; m++) {
        json_t *why = why_of(b, m, 1);
        const json_t *before = json_object_get(why, "before");
        assert_string_equal(text_of(why, "occasion"), "lost");
        assert_string_equal(text_of(why, "verdict"), "copies");
        assert_string_equal(text_of(why, "event"), "rescued");
        assert_string_equal(text_of(before, "state"), "given_up");
        assert_string_equal(text_of(json_object_get(why, "draw"), "purpose"), "rescue");
        assert_int_equal(integer_of(json_object_get(why, "draw"), "member"), 3);
        json_decref(why);
    }
}

/* Rules are those in force then. */
static void an_amendment_counts_from_then_on(void **state)
{
    bench *b = *state;
    const char *key = "exploit.rule";
    const char *value = "none";
    bench_create(b, 2, "exploit: {rule: best}\nmode: generational\n");
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2; i++) {
            pbt__action action = bench_claim(b, "a");
            (void)bench_report(b, "a", &action, action.train.segment.id.member);
        }
        assert_ok(pbt__study_amend(b->study, &key, &value, 1, &b->error));
    }
    const char *const rules[] = {"best", "none"};
    const char *const verdicts[] = {"copies", "no_rule"};
    for (int32_t i = 0; i < 2; i++) {
        json_t *why = why_of(b, 0, 1 + i);
        assert_string_equal(text_of(json_object_get(why, "rules"), "exploit"), rules[i]);
        assert_string_equal(text_of(why, "verdict"), verdicts[i]);
        json_decref(why);
    }
}

static void a_segment_that_is_not_there_is_said_so(void **state)
{
    bench *b = *state;
    json_t *why = NULL;
    bench_create(b, 2, "");
    assert_int_equal(pbt__study_why(b->study, (pbt_segment_id){1, 1}, &why, &b->error),
                     PBT_ERR_NOT_FOUND);
    assert_string_equal(b->error.hint, "the newest of member 1 is m1s0");
    assert_null(why);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_decision_of_every_rule_is_explained),
        TEST(a_rescue_is_explained_by_the_event_that_caused_it),
        TEST(an_amendment_counts_from_then_on),
        TEST(a_segment_that_is_not_there_is_said_so),
    };
    return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
