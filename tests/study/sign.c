/* sign.c: what is seen of training that goes on. */
#include "support.h"

static pbt_err beat(bench *b, const pbt__action *action, int64_t step, const pbt__metric *metrics,
                    size_t count)
{
    const pbt__claimant who = {.worker = "a", .session = "a"};
    const pbt__pulse pulse = {.segment = action->train.segment.id,
                              .attempt = action->train.attempt,
                              .step = step,
                              .metrics = metrics,
                              .metric_count = count};
    pbt__verb verb;
    return pbt__study_heartbeat(b->study, &who, &pulse, &verb, &b->error);
}

static void give_back(bench *b, const pbt__action *action)
{
    const pbt__claimant who = {.worker = "a", .session = "a"};
    assert_ok(pbt__study_release(b->study, &who, action->train.segment.id, action->train.attempt, 0,
                                 false, &b->error));
}

static void assert_training(bench *b, const char *expected)
{
    json_t *members = NULL;
    assert_ok(pbt__study_members(b->study, &members, &b->error));
    char *text = json_dumps(json_object_get(json_array_get(members, 0), "training"),
                            JSON_ENCODE_ANY | JSON_COMPACT);
    assert_string_equal(text, expected);
    free(text);
    json_decref(members);
}

static void steps_and_values_are_seen(void **state)
{
    bench *b = *state;
    b->now_us = 1767225600000000; /* 2026-01-01 */
    bench_create(b, 1, "");
    assert_training(b, "null");
    pbt__action action = bench_claim(b, "a");
    assert_training(b, "{\"segment\":\"m0s0\",\"attempt\":1,\"worker\":\"a\",\"step\":0,"
                       "\"end_step\":10,\"metrics\":{},\"seen_at\":\"2026-01-01T00:00:00.000000Z\","
                       "\"moved_at\":\"2026-01-01T00:00:00.000000Z\",\"is_at_work\":true}");
    const pbt__metric first[] = {{.name = "loss", .value = 0.5, .has_value = true},
                                 {.name = "rate", .value = NAN, .has_value = true},
                                 {.name = "samples only"}};
    const pbt__metric second[] = {{.name = "loss", .value = 0.25, .has_value = true}};
    b->now_us += 1000000;
    assert_ok(beat(b, &action, 3, first, 3));
    b->now_us += 1000000;
    assert_ok(beat(b, &action, 3, second, 1));
    b->now_us += 1000000;
    assert_ok(beat(b, &action, 3, NULL, 0));
    const char seen[] =
        "{\"segment\":\"m0s0\",\"attempt\":1,\"worker\":\"a\",\"step\":3,\"end_step\":10,"
        "\"metrics\":{\"loss\":0.25,\"rate\":\"nan\"},\"seen_at\":\"2026-01-01T00:00:03.000000Z\","
        "\"moved_at\":\"2026-01-01T00:00:01.000000Z\",\"is_at_work\":true}";
    assert_training(b, seen);
    assert_int_equal(bench_problems(b), 0);

    /* What another attempt said is not this one's. */
    give_back(b, &action);
    action = bench_claim(b, "a");
    assert_training(b, "{\"segment\":\"m0s0\",\"attempt\":2,\"worker\":\"a\",\"step\":0,"
                       "\"end_step\":10,\"metrics\":{},\"seen_at\":\"2026-01-01T00:00:03.000000Z\","
                       "\"moved_at\":\"2026-01-01T00:00:03.000000Z\",\"is_at_work\":true}");
    assert_ok(beat(b, &action, 5, second, 1));
    (void)bench_report(b, "a", &action, 1);
    assert_training(b, "{\"segment\":\"m0s1\",\"attempt\":1,\"worker\":\"a\",\"step\":10,"
                       "\"end_step\":20,\"metrics\":{},\"seen_at\":\"2026-01-01T00:00:03.000000Z\","
                       "\"moved_at\":\"2026-01-01T00:00:03.000000Z\",\"is_at_work\":true}");
}

static size_t count_metrics(bench *b)
{
    json_t *show = NULL;
    assert_ok(pbt__study_show(b->study, &show, &b->error));
    const json_t *training = json_array_get(json_object_get(show, "training"), 0);
    const size_t count = json_object_size(json_object_get(training, "metrics"));
    json_decref(show);
    return count;
}

/* However many names there are, and however long: what is kept of a member has one size. */
static void what_is_kept_is_bounded(void **state)
{
    bench *b = *state;
    enum { MANY = 128, LONG = 64 };
    char names[MANY][LONG + 1];
    pbt__metric metrics[MANY];
    bench_create(b, 1, "");
    const pbt__action action = bench_claim(b, "a");
    for (int i = 0; i < MANY; i++) {
        snprintf(names[i], sizeof names[i], "m%d", i);
        metrics[i] = (pbt__metric){.name = names[i], .value = i, .has_value = true};
    }
    assert_ok(beat(b, &action, 1, metrics, MANY));
    assert_int_equal(count_metrics(b), 16);
    bench_reopen(b);
    assert_int_equal(count_metrics(b), 16);

    give_back(b, &action);
    const pbt__action again = bench_claim(b, "a");
    for (int i = 0; i < MANY; i++) {
        memset(names[i], '\001', LONG);
        names[i][0] = (char)('A' + i % 26);
        names[i][1] = (char)('A' + i / 26);
        names[i][LONG] = '\0';
    }
    assert_ok(beat(b, &again, 1, metrics, MANY));
    void *bytes = NULL;
    size_t length = 0;
    const pbt_segment_id place = {0, PBT__BLOB_SIGN};
    assert_ok(pbt__study_blob(b->study, place, &bytes, &length, &b->error));
    assert_true(length <= 4096);
    assert_in_range(count_metrics(b), 8, 16);
    free(bytes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(steps_and_values_are_seen),
        TEST(what_is_kept_is_bounded),
    };
    return cmocka_run_group_tests_name("sign", tests, NULL, NULL);
}
