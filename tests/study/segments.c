/* segments.c: a study's segments as rows: all of them in order, and what is new. */
#include "all_segments.h"
#include "support.h"

#include <malloc.h>

enum { MEMBERS = 50, NUMBERS = 60, SEGMENTS = MEMBERS * NUMBERS };

static size_t memory_in_use(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

static double by_number(const pbt_segment *s)
{
    return s->id.number + 0.001 * s->id.member;
}

static void assert_in_order(const pbt__row_list *list)
{
    int64_t before = -1;
    for (size_t i = 0; i < list->count; i++) {
        const pbt_segment_id id = list->items[i].segment.id;
        const int64_t place = (int64_t)id.number * MEMBERS + id.member;
        assert_true(place > before);
        before = place;
    }
}

static pbt__row_list ask(bench *b, int64_t since, size_t limit)
{
    pbt__row_list list;
    const pbt__row_range range = {.since = since, .limit = limit};
    assert_ok(pbt__study_rows(b->study, range, &list, &b->error));
    return list;
}

static void a_row_takes_little_memory(void **state)
{
    bench *b = *state;
    bench_create(b, MEMBERS, "stop: {steps: 600}");
    (void)bench_train(b, by_number, SEGMENTS + 1);
    const size_t before_study = memory_in_use();
    bench_reopen(b);
    /* Opening keeps the view of the log, and nothing to take it back with. */
    assert_true(memory_in_use() < before_study + SEGMENTS * 512);

    const size_t before = memory_in_use();
    pbt__row_list list = ask(b, -1, 0);
    const size_t rows = memory_in_use() - before;
    assert_int_equal(list.count, SEGMENTS);
    assert_true(rows <= SEGMENTS * 256);
    assert_in_order(&list);
    pbt__row_list_fini(&list);
}

/* One member far behind the others, one given up, and open ones: all are listed once, in order. */
static void members_may_be_far_apart(void **state)
{
    bench *b = *state;
    bench_create(b, 3, "exploit: {rule: none}\nstop: {steps: 600}\nfailure: {retries: 0}");
    pbt__action slow = bench_claim(b, "slow"), action = bench_claim(b, "a");
    for (int i = 0; i < 20; i++) {
        action = bench_report(b, "a", &action, i).action;
    }
    assert_ok(bench_fail(b, "a", &action, true));
    (void)slow;
    pbt__row_list list = ask(b, -1, 0);
    assert_in_order(&list);
    assert_true(list.count >= 23);
    assert_int_equal(list.items[0].segment.id.member, 0);
    assert_string_equal(pbt__row_state(&list.items[0]), "claimed");
    pbt__row_list_fini(&list);
}

/* What a snapshot holds stays as it was, whatever the study does meanwhile. */
static void a_snapshot_stands_still(void **state)
{
    bench *b = *state;
    bench_create(b, 3, "");
    for (int i = 0; i < 5; i++) {
        const pbt__action action = bench_claim(b, "a");
        (void)bench_report(b, "a", &action, i);
    }
    pbt__row_list list = ask(b, -1, 0);
    json_t *before = rows_json(&list);
    for (int i = 0; i < 200; i++) {
        const pbt__action action = bench_claim(b, "a");
        if (action.verb != PBT__TRAIN) {
            break;
        }
        (void)bench_report(b, "a", &action, i);
    }
    json_t *after = rows_json(&list);
    pbt__row_list later = ask(b, -1, 0);
    assert_true(later.count > list.count);
    assert_true(json_array_size(before) == list.count);
    assert_true(json_equal(before, after));
    json_decref(before);
    json_decref(after);
    pbt__row_list_fini(&list);
    pbt__row_list_fini(&later);
}

/* ---- what is new ---- */

/* Keep the newest row of each segment. */
static void take_page(json_t *known, const pbt__row_list *page)
{
    json_t *rows = rows_json(page);
    assert_non_null(rows);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        const char *id = json_string_value(json_object_get(row, "segment"));
        assert_int_equal(json_object_set(known, id, row), 0);
    }
    json_decref(rows);
}

/* Ask on from `since` until nothing more is known. */
static int64_t follow(bench *b, json_t *known, int64_t since, size_t limit)
{
    for (bool is_end = false; !is_end;) {
        pbt__row_list page = ask(b, since, limit);
        assert_true(page.is_end || page.next > since);
        assert_true(page.is_end || page.count >= limit);
        take_page(known, &page);
        since = page.next;
        is_end = page.is_end;
        pbt__row_list_fini(&page);
    }
    return since;
}

/* Whoever follows page by page knows what one long list says. A claim is no event, so the states
 * of open segments are compared by nobody. */
static void assert_known(bench *b, json_t *known)
{
    json_t *all = NULL;
    assert_ok(all_segments(b->study, &all, &b->error));
    assert_int_equal(json_array_size(all), json_object_size(known));
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *row = json_array_get(all, i);
        json_t *mine = json_object_get(known, json_string_value(json_object_get(row, "segment")));
        assert_non_null(mine);
        if (json_is_null(json_object_get(row, "reported_at"))) {
            (void)json_object_set_new(mine, "state", json_null());
            (void)json_object_set_new(row, "state", json_null());
            (void)json_object_set_new(mine, "attempts", json_null());
            (void)json_object_set_new(row, "attempts", json_null());
        }
        assert_true(json_equal(row, mine));
    }
    json_decref(all);
}

static void pages_of_what_is_new_make_the_whole(void **state)
{
    bench *b = *state;
    int64_t since = 0;
    json_t *known = json_object();
    bench_create(b, 4,
                 "mode: generational\nstop: {steps: 600}\nfailure: {retries: 0}\n"
                 "checkpoints: {keep_best: 1}");
    for (int i = 0; i < 40; i++) {
        const pbt__action action = bench_claim(b, "a");
        if (action.verb != PBT__TRAIN) {
            break;
        }
        if (i == 9) {
            assert_ok(bench_fail(b, "a", &action, false));
        } else {
            (void)bench_report(b, "a", &action, i % 7);
        }
        since = i % 5 == 0 ? follow(b, known, since, 3) : since;
    }
    since = follow(b, known, since, 1);
    assert_known(b, known);
    pbt__row_list none = ask(b, since, 10);
    assert_int_equal(none.count, 0);
    assert_int_equal(none.next, since);
    assert_true(none.is_end);
    pbt__row_list_fini(&none);
    json_decref(known);
}

/* ---- names of metrics ---- */

enum { SETS = 40 };

/* Report "score" and three metrics, whose names and order are the set's. */
static void report_set(bench *b, int set)
{
    const pbt__claimant who = {.worker = "a", .session = "a"};
    const pbt__action action = bench_claim(b, "a");
    char names[3][16];
    pbt__metric metrics[4] = {{.name = "score", .value = set, .has_value = true}};
    pbt__reply reply;
    for (int i = 0; i < 3; i++) {
        (void)snprintf(names[i], sizeof names[i], "m%d_%d", set / 2, set % 2 == 0 ? i : 2 - i);
        metrics[1 + i] = (pbt__metric){.name = names[i], .value = i, .has_value = true};
    }
    const pbt__result result = {.segment = action.train.segment.id,
                                .attempt = action.train.attempt,
                                .step = action.train.segment.end_step,
                                .metrics = metrics,
                                .metric_count = 4,
                                .checkpoint = PBT__IN_MEMORY,
                                .bytes = "",
                                .byte_count = 0};
    assert_ok(pbt__study_report(b->study, &who, &result, &reply, &b->error));
}

/* Each set of names comes twice, and two differ by their order alone. */
static void reports_of_many_names_keep_theirs(void **state)
{
    bench *b = *state;
    bench_create(b, 1, "stop: {steps: 800}");
    for (int i = 0; i < 2 * SETS; i++) {
        report_set(b, i % SETS);
    }
    bench_reopen(b);
    pbt__row_list list = ask(b, -1, 0);
    assert_int_equal(list.count, 2 * SETS);
    for (size_t i = 0; i < list.count; i++) {
        const pbt__segment_note *note = &list.items[i].note;
        const int set = (int)i % SETS;
        char first[16];
        (void)snprintf(first, sizeof first, "m%d_%d", set / 2, set % 2 == 0 ? 0 : 2);
        assert_int_equal(note->metric_names->count, 4);
        assert_string_equal(note->metric_names->names[1], first);
        assert_ptr_equal(note->metric_names, list.items[set].note.metric_names);
    }
    pbt__row_list_fini(&list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_takes_little_memory),
        TEST(members_may_be_far_apart),
        TEST(a_snapshot_stands_still),
        TEST(reports_of_many_names_keep_theirs),
        TEST(pages_of_what_is_new_make_the_whole),
    };
    return cmocka_run_group_tests_name("segments", tests, NULL, NULL);
}
