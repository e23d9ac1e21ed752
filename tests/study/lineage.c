/*
 * lineage.c: schedules and the tree, where copies, divergence, rescues and given starts make them.
 *
 * Whatever a study went through, every schedule begins at age 0, has neither gap nor overlap, ends
 * at its segment's age, and says of every age the hyperparameters that were in force.
 */
#include "all_segments.h"
#include "support.h"

#include "study/event.h"
#include "study/members.h"
#include "study/told.h"

static json_t *schedule_of(bench *b, pbt_segment_id id)
{
    json_t *schedule = NULL;
    if (pbt__study_schedule(b->study, id, &schedule, &b->error) != PBT_OK) {
        fail_msg("%s", b->error.message);
    }
    return schedule;
}

static json_t *lineage_of(bench *b, int32_t member)
{
    json_t *lineage = NULL;
    assert_ok(tree_json(b->study, member, &lineage, &b->error));
    return lineage;
}

/* The segments of a schedule's rows: "m0s0 m1s1". Valid until the next call. */
static const char *path_of(bench *b, pbt_segment_id id)
{
    static char text[1024];
    size_t i = 0;
    json_t *row = NULL;
    json_t *schedule = schedule_of(b, id);
    text[0] = '\0';
    json_array_foreach(json_object_get(schedule, "rows"), i, row)
    {
        size_t length = strlen(text);
        snprintf(text + length, sizeof text - length, "%s%s", i > 0 ? " " : "",
                 json_string_value(json_object_get(row, "segment")));
    }
    json_decref(schedule);
    return text;
}

static json_int_t integer_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static json_t *find_segment(const json_t *segments, const char *id)
{
    size_t i = 0;
    json_t *segment = NULL;
    json_array_foreach((json_t *)(uintptr_t)segments, i, segment)
    {
        if (strcmp(json_string_value(json_object_get(segment, "segment")), id) == 0) {
            return segment;
        }
    }
    fail_msg("no segment '%s'", id);
    return NULL;
}

/* A schedule against the log's own segments. */
static void assert_schedule(const json_t *segments, const json_t *schedule, json_int_t end_age)
{
    size_t i = 0;
    json_t *row = NULL;
    json_int_t age = 0;
    json_array_foreach(json_object_get(schedule, "rows"), i, row)
    {
        json_t *segment =
            find_segment(segments, json_string_value(json_object_get(row, "segment")));
        assert_int_equal(integer_of(row, "start_age"), age);
        assert_true(integer_of(row, "end_age") > age);
        age = integer_of(row, "end_age");
        assert_int_equal(integer_of(segment, "end_age"), age);
        assert_true(json_equal(json_object_get(row, "hyperparameters"),
                               json_object_get(segment, "hyperparameters")));
    }
    assert_int_equal(age, end_age);
}

/* Every reported segment's schedule. */
static void assert_schedules(bench *b)
{
    size_t i = 0;
    json_t *segment = NULL;
    json_t *segments = NULL;
    assert_ok(all_segments(b->study, &segments, &b->error));
    assert_true(json_array_size(segments) > 0);
    json_array_foreach(segments, i, segment)
    {
        pbt_segment_id id;
        const char *state = json_string_value(json_object_get(segment, "state"));
        assert_true(pbt__id_read(json_string_value(json_object_get(segment, "segment")), &id));
        if (strcmp(state, "reported") == 0) {
            json_t *schedule = schedule_of(b, id);
            assert_schedule(segments, schedule, integer_of(segment, "end_age"));
            assert_int_equal(integer_of(schedule, "member"), id.member);
            json_decref(schedule);
        }
    }
    json_decref(segments);
}

/* ---- copies ---- */

static double by_age_and_value(const pbt_segment *s)
{
    double x = s->values[0].real;
    return (double)s->end_age * (1 - (x - 0.7) * (x - 0.7));
}

static void train_by(bench *b, const char *copy)
{
    char more[256];
    snprintf(more, sizeof more,
             "seed: 5\nexploit: {rule: truncation, fraction: 0.4, copy: %s}\n"
             "explore: {rule: gaussian, sigma: 0.2}\n",
             copy);
    bench_create(b, 5, more);
    (void)bench_train(b, by_age_and_value, 200);
    assert_true(bench_summary(b).exploit_count > 5);
    assert_schedules(b);
}

static void schedules_of_full_copies(void **state)
{
    train_by(*state, "[weights, hyperparameters]");
}

/* Whoever copies weights alone goes on with its own hyperparameters from the donor's age. */
static void schedules_of_weights_alone_keep_the_members_own_values(void **state)
{
    bench *b = *state;
    bench_create(b, 2,
                 "mode: generational\nexploit: {rule: best, copy: [weights]}\n"
                 "explore: {rule: none}\nstart: [{x: 0.25}, {x: 0.75}]\n");
    for (int round = 0; round < 2; round++) {
        pbt__action first = bench_claim(b, "a");
        pbt__action second = bench_claim(b, "b");
        (void)bench_report(b, "a", &first, first.train.segment.id.member == 0 ? 1 : 2);
        (void)bench_report(b, "b", &second, second.train.segment.id.member == 0 ? 1 : 2);
    }
    json_t *schedule = schedule_of(b, (pbt_segment_id){0, 1});
    json_t *rows = json_object_get(schedule, "rows");
    const double expected[] = {0.75, 0.25};
    assert_int_equal(json_array_size(rows), 2);
    for (size_t i = 0; i < 2; i++) {
        json_t *values = json_object_get(json_array_get(rows, i), "hyperparameters");
        assert_true(json_real_value(json_object_get(values, "x")) == expected[i]);
    }
    json_decref(schedule);
    assert_string_equal(path_of(b, (pbt_segment_id){0, 1}), "m1s0 m0s1");
}

/* Hyperparameters alone: the weights' lineage is the member's own. */
static void schedules_of_hyperparameters_alone_stay_with_the_member(void **state)
{
    bench *b = *state;
    train_by(b, "[hyperparameters]");
    for (int32_t m = 0; m < 5; m++) {
        char text[16];
        snprintf(text, sizeof text, "m%ds9", (int)m);
        const char *path = path_of(b, (pbt_segment_id){m, -1});
        assert_int_equal(path[1], '0' + m);
        assert_non_null(strstr(path, text));
        assert_int_equal(strlen(path), 10 * 5 - 1);
    }
}

/* ---- what goes wrong ---- */

/* Ten more than the bites it was asked to train. */
static void an_overshoot_moves_the_age(void **state)
{
    bench *b = *state;
    pbt__reply reply;
    bench_create(b, 2, "");
    pbt__action action = bench_claim_member(b, 0, "a");
    assert_ok(bench_try_report(b, "a", &action, 1, 14, &reply));
    pbt__action next = bench_claim_member(b, 0, "a");
    assert_ok(bench_try_report(b, "a", &next, 1, 20, &reply));
    json_t *schedule = schedule_of(b, (pbt_segment_id){0, -1});
    json_t *rows = json_object_get(schedule, "rows");
    assert_int_equal(integer_of(json_array_get(rows, 0), "end_age"), 14);
    assert_int_equal(integer_of(json_array_get(rows, 1), "start_age"), 14);
    assert_int_equal(integer_of(json_array_get(rows, 1), "end_age"), 20);
    json_decref(schedule);
}

/* Progress that is given back and taken up again is the same segment. */
static void released_progress_adds_no_row(void **state)
{
    bench *b = *state;
    const pbt__claimant who = {.worker = "a", .session = "a"};
    bench_create(b, 2, "");
    pbt__action action = bench_claim_member(b, 1, "a");
    FILE *file = fopen(action.train.save_to, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_ok(pbt__study_release(b->study, &who, action.train.segment.id, action.train.attempt, 4,
                                 true, &b->error));
    action = bench_claim_member(b, 1, "a");
    assert_int_equal(action.train.resume_step, 4);
    (void)bench_report(b, "a", &action, 1);
    assert_string_equal(path_of(b, (pbt_segment_id){1, -1}), "m1s0");
    assert_schedules(b);
}

/* Nobody to copy: the next segment goes on from the ancestor, and the diverged one is no part of
 * it. One that diverged at once has no row of its own. */
static void one_that_diverged_is_no_ancestor(void **state)
{
    bench *b = *state;
    pbt__reply reply;
    bench_create(b, 2, "exploit: {rule: none}\n");
    pbt__action action = bench_claim_member(b, 0, "a");
    action = bench_report(b, "a", &action, 1).action;
    while (action.train.segment.id.member != 0) {
        action = bench_report(b, "a", &action, 1).action;
    }
    assert_ok(bench_try_report(b, "a", &action, (double)NAN, 10, &reply));
    action = bench_claim_member(b, 0, "a");
    (void)bench_report(b, "a", &action, 3);
    assert_string_equal(path_of(b, (pbt_segment_id){0, 2}), "m0s0 m0s2");
    assert_string_equal(path_of(b, (pbt_segment_id){0, 1}), "m0s0");
    assert_schedules(b);
}

/* A lost member copies a candidate; with nobody to copy it starts afresh, at age 0. */
static void the_rescued_take_the_rescuers_past_or_none(void **state)
{
    bench *b = *state;
    bench_create(b, 3, "failure: {retries: 0}\nseed: 2\n");
    pbt__action bad = bench_claim_member(b, 0, "bad");
    pbt__action good = bench_claim_member(b, 1, "a");
    (void)bench_report(b, "a", &good, 1);
    assert_ok(bench_fail(b, "bad", &bad, true));
    pbt__action next = bench_claim_member(b, 0, "b");
    assert_int_equal(next.train.segment.reason, PBT_RESCUE);
    (void)bench_report(b, "b", &next, 2);
    assert_string_equal(path_of(b, (pbt_segment_id){0, 1}), "m1s0 m0s1");
    assert_ok(pbt__study_end_leases(b->study, "", true, &b->error));
    (void)bench_train(b, by_age_and_value, 100);
    assert_schedules(b);
}

static void one_that_starts_afresh_begins_at_age_0(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "failure: {retries: 0}\nexploit: {rule: none}\n");
    pbt__action bad = bench_claim_member(b, 0, "bad");
    assert_ok(bench_fail(b, "bad", &bad, true));
    pbt__action next = bench_claim_member(b, 0, "a");
    (void)bench_report(b, "a", &next, 2);
    assert_string_equal(path_of(b, (pbt_segment_id){0, -1}), "m0s1");
    assert_schedules(b);
}

static void a_given_start_is_named(void **state)
{
    bench *b = *state;
    char more[PBT__PATH_SIZE + 64];
    char path[PBT__PATH_SIZE];
    assert_ok(pbt__path_join(b->folder, "pretrained", path, NULL));
    assert_ok(pbt__file_write(path, "w", 1, NULL));
    snprintf(more, sizeof more, "start: [{x: 0.5}, {checkpoint: '%s'}]\n", path);
    bench_create(b, 2, more);
    for (int32_t m = 0; m < 2; m++) {
        pbt__action action = bench_claim_member(b, m, "a");
        (void)bench_report(b, "a", &action, m);
        json_t *schedule = schedule_of(b, (pbt_segment_id){m, -1});
        json_t *start = json_object_get(schedule, "start");
        assert_true(m == 0 ? json_is_null(start) : strcmp(json_string_value(start), path) == 0);
        json_decref(schedule);
    }
}

/* ---- which lineage ---- */

static void assert_refused(bench *b, pbt_segment_id id, pbt_err err, const char *message)
{
    json_t *schedule = NULL;
    assert_int_equal(pbt__study_schedule(b->study, id, &schedule, &b->error), err);
    assert_string_equal(b->error.message, message);
    assert_null(schedule);
}

static void the_best_a_member_or_a_segment(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "");
    assert_refused(b, PBT_NO_SEGMENT, PBT_ERR_NOT_FOUND, "study 'bench' has no best segment yet");
    assert_refused(b, (pbt_segment_id){1, -1}, PBT_ERR_NOT_FOUND, "member 1 has not reported yet");
    assert_refused(b, (pbt_segment_id){2, -1}, PBT_ERR_NOT_FOUND, "study 'bench' has no member 2");
    assert_refused(b, (pbt_segment_id){2, 0}, PBT_ERR_NOT_FOUND, "study 'bench' has no member 2");
    assert_refused(b, (pbt_segment_id){1, 7}, PBT_ERR_NOT_FOUND,
                   "study 'bench' has no segment 'm1s7'");
    assert_string_equal(b->error.hint, "the newest of member 1 is m1s0");
    assert_refused(b, (pbt_segment_id){1, 0}, PBT_ERR_STATE, "segment m1s0 has not been reported");
    pbt__action action = bench_claim_member(b, 1, "a");
    (void)bench_report(b, "a", &action, 1);
    assert_string_equal(path_of(b, PBT_NO_SEGMENT), "m1s0");
}

/* ---- the tree ---- */

static void the_tree_has_every_segment_and_marks_the_best(void **state)
{
    bench *b = *state;
    size_t i = 0;
    size_t marked = 0;
    json_t *segment = NULL;
    train_by(b, "[weights, hyperparameters]");
    json_t *lineage = lineage_of(b, -1);
    json_t *schedule = schedule_of(b, PBT_NO_SEGMENT);
    json_t *segments = json_object_get(lineage, "segments");
    json_int_t last = -1;
    assert_int_equal(json_array_size(segments), bench_summary(b).segment_count);
    assert_true(json_equal(json_object_get(lineage, "best"), json_object_get(schedule, "segment")));
    assert_true(json_equal(json_object_get(lineage, "leaf"), json_object_get(schedule, "segment")));
    json_array_foreach(segments, i, segment)
    {
        json_int_t place = 5 * integer_of(segment, "number") + integer_of(segment, "member");
        assert_true(place > last);
        last = place;
        marked += json_is_true(json_object_get(segment, "on_path"));
        assert_string_equal(json_string_value(json_object_get(segment, "state")), "reported");
    }
    assert_int_equal(marked, json_array_size(json_object_get(schedule, "rows")));
    json_decref(schedule);
    json_decref(lineage);
}

static void the_tree_of_a_member_is_its_path(void **state)
{
    bench *b = *state;
    train_by(b, "[weights, hyperparameters]");
    for (int32_t m = 0; m < 5; m++) {
        json_t *lineage = lineage_of(b, m);
        json_t *schedule = schedule_of(b, (pbt_segment_id){m, -1});
        size_t count = json_array_size(json_object_get(schedule, "rows"));
        assert_int_equal(json_array_size(json_object_get(lineage, "segments")), count);
        json_decref(lineage);
        json_decref(schedule);
    }
}

static void the_tree_says_who_is_at_it(void **state)
{
    bench *b = *state;
    bench_create(b, 2, "failure: {retries: 0}\nexploit: {rule: none}\n");
    pbt__action bad = bench_claim_member(b, 0, "bad");
    assert_ok(bench_fail(b, "bad", &bad, true));
    (void)bench_claim_member(b, 1, "a");
    json_t *lineage = lineage_of(b, -1);
    json_t *segments = json_object_get(lineage, "segments");
    const char *const states[][2] = {{"m0s0", "given_up"}, {"m1s0", "claimed"}};
    for (size_t i = 0; i < 2; i++) {
        json_t *segment = find_segment(segments, states[i][0]);
        assert_string_equal(json_string_value(json_object_get(segment, "state")), states[i][1]);
    }
    assert_true(json_is_null(json_object_get(lineage, "best")));
    json_decref(lineage);
}

/* What is told by wire is read as it was; the way to the leaf is marked anew. */
static void a_tree_is_read_as_it_was_told(void **state)
{
    bench *b = *state;
    bool has_rows = false;
    pbt__told told, read;
    train_by(b, "[weights, hyperparameters]");
    for (int32_t m = -1; m < 2; m++) {
        pbt__text text = pbt__text_init(1 << 24);
        assert_ok(pbt__told_ask(b->study, "tree", (pbt_segment_id){m, -1}, &told, &b->error));
        assert_ok(pbt__told_write(b->study, &told, &has_rows, &text, &b->error));
        assert_true(has_rows);
        assert_ok(pbt__told_read(&text, "bench", "", &read, &b->error));
        pbt__text written = pbt__text_init(1 << 24), again = pbt__text_init(1 << 24);
        pbt__tree_write(&told.rows, "bench", told.spec, &written);
        pbt__tree_write(&read.rows, "bench", read.spec, &again);
        assert_string_equal(pbt__text_string(&again), pbt__text_string(&written));
        assert_non_null(strstr(pbt__text_string(&again), "\"on_path\":true"));
        pbt__text_fini(&text);
        pbt__text_fini(&written);
        pbt__text_fini(&again);
        pbt__told_fini(&told);
        pbt__told_fini(&read);
    }
}

/* Read what is told of a study, with the last `from` in it replaced. */
static pbt_err read_changed(const char *told, const char *from, const char *to, pbt_error *error)
{
    pbt__told read;
    pbt__text text = pbt__text_init(1 << 24);
    const char *at = NULL;
    for (const char *next = strstr(told, from); next != NULL; next = strstr(next + 1, from)) {
        at = next;
    }
    assert_non_null(at);
    pbt__text_append(&text, told, (size_t)(at - told));
    pbt__text_add(&text, to);
    pbt__text_add(&text, at + strlen(from));
    const pbt_err err = pbt__told_read(&text, "bench", "", &read, error);
    pbt__text_fini(&text);
    pbt__told_fini(&read);
    return err;
}

/* A server may be broken, or mean harm. */
static void what_is_no_tree_is_refused(void **state)
{
    static const char *const CHANGES[][2] = {
        {"\"segment\":\"m4s", "\"segment\":\"m50000000s"},
        {"\"segment\":\"m1s", "\"segment\":\"m0s"},
        {"\"parent\":null", "\"parent\":\"m4s0\""},
        {"\"parent\":null", "\"parent\":\"m4s1\""},
        {"\"parent\":\"m", "\"parent\":\"m9"},
        {"\"best\":\"m", "\"best\":\"m5000000"},
        {"\"leaf\":\"m", "\"leaf\":\"m5000000"},
        {"\"donor\":null", "\"donor\":50000000"},
    };
    bench *b = *state;
    bool has_rows = false;
    pbt__told told;
    pbt__text text = pbt__text_init(1 << 24);
    train_by(b, "[weights, hyperparameters]");
    assert_ok(pbt__told_ask(b->study, "tree", PBT_NO_SEGMENT, &told, &b->error));
    assert_ok(pbt__told_write(b->study, &told, &has_rows, &text, &b->error));
    for (size_t i = 0; i < sizeof CHANGES / sizeof *CHANGES; i++) {
        print_message("# %s\n", CHANGES[i][1]);
        assert_int_equal(
            read_changed(pbt__text_string(&text), CHANGES[i][0], CHANGES[i][1], &b->error),
            PBT_ERR_CORRUPT);
    }
    pbt__text_fini(&text);
    pbt__told_fini(&told);
}

static void members_that_there_are_not_are_refused(void **state)
{
    static const json_int_t STRANGERS[] = {-1, 5, 50000000, INT64_C(1) << 32};
    bench *b = *state;
    json_t *members = NULL;
    pbt__member_list list;
    train_by(b, "[weights, hyperparameters]");
    const pbt_search *search = &pbt__study_spec(b->study)->search;
    assert_int_equal(search->population, 5);
    assert_ok(pbt__study_members(b->study, &members, &b->error));
    assert_ok(pbt__members_read(members, search, &list, &b->error));
    pbt__member_list_fini(&list);
    for (size_t i = 0; i < sizeof STRANGERS / sizeof *STRANGERS; i++) {
        json_object_set_new(json_array_get(members, 0), "member", json_integer(STRANGERS[i]));
        assert_int_equal(pbt__members_read(members, search, &list, &b->error), PBT_ERR_CORRUPT);
        pbt__member_list_fini(&list);
    }
    json_decref(members);
}

/* No limit: all that were touched. */
static void members_without_a_limit_are_all(void **state)
{
    bench *b = *state;
    pbt__member_list list;
    const pbt__row_range range = {.since = 0, .limit = 0};
    train_by(b, "[weights, hyperparameters]");
    assert_ok(pbt__study_member_rows(b->study, range, &list, &b->error));
    assert_int_equal(list.count, 5);
    assert_true(list.is_end);
    pbt__member_list_fini(&list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(schedules_of_full_copies),
        TEST(schedules_of_weights_alone_keep_the_members_own_values),
        TEST(schedules_of_hyperparameters_alone_stay_with_the_member),
        TEST(an_overshoot_moves_the_age),
        TEST(released_progress_adds_no_row),
        TEST(one_that_diverged_is_no_ancestor),
        TEST(the_rescued_take_the_rescuers_past_or_none),
        TEST(one_that_starts_afresh_begins_at_age_0),
        TEST(a_given_start_is_named),
        TEST(the_best_a_member_or_a_segment),
        TEST(the_tree_has_every_segment_and_marks_the_best),
        TEST(the_tree_of_a_member_is_its_path),
        TEST(the_tree_says_who_is_at_it),
        TEST(a_tree_is_read_as_it_was_told),
        TEST(what_is_no_tree_is_refused),
        TEST(members_that_there_are_not_are_refused),
        TEST(members_without_a_limit_are_all),
    };
    return cmocka_run_group_tests_name("lineage", tests, NULL, NULL);
}
