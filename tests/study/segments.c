/* segments.c: a long study's segments come one after the other, and few are held at a time. */
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

typedef struct listing {
    json_t *whole; /* Nullable */
    size_t count, peak, limit;
} listing;

static pbt_err take(void *context, const json_t *segment)
{
    listing *this = context;
    const size_t now = memory_in_use();
    this->peak = now > this->peak ? now : this->peak;
    if (this->whole != NULL) {
        assert_true(
            json_equal(json_array_get(this->whole, this->count), (json_t *)(uintptr_t)segment));
    }
    this->count++;
    return this->count == this->limit ? PBT_ERR_LIMIT : PBT_OK;
}

static void assert_in_order(const json_t *whole)
{
    int64_t before = -1;
    for (size_t i = 0; i < json_array_size(whole); i++) {
        const json_t *segment = json_array_get(whole, i);
        const int64_t number = json_integer_value(json_object_get(segment, "number"));
        const int64_t place =
            number * MEMBERS + json_integer_value(json_object_get(segment, "member"));
        assert_true(place > before);
        before = place;
    }
}

static void few_are_held_at_a_time(void **state)
{
    bench *b = *state;
    bench_create(b, MEMBERS, "stop: {steps: 600}");
    (void)bench_train(b, by_number, SEGMENTS + 1);
    const size_t before_study = memory_in_use();
    bench_reopen(b);
    /* Opening keeps the view of the log, and nothing to take it back with. */
    assert_true(memory_in_use() < before_study + SEGMENTS * 512);

    const size_t before = memory_in_use();
    listing few = {.limit = SIZE_MAX};
    assert_ok(pbt__study_segments_each(b->study, take, &few, &b->error));
    assert_int_equal(few.count, SEGMENTS);
    const size_t peak = few.peak > before ? few.peak - before : 0;
    json_t *whole = NULL;
    assert_ok(all_segments(b->study, &whole, &b->error));
    const size_t all = memory_in_use() - before;
    assert_true(all == 0 || peak < all / 2); /* 0: the sanitizers count otherwise */
    assert_in_order(whole);
    listing same = {.whole = whole, .limit = SIZE_MAX};
    assert_ok(pbt__study_segments_each(b->study, take, &same, &b->error));
    json_decref(whole);

    listing cut = {.limit = 7};
    assert_int_equal(pbt__study_segments_each(b->study, take, &cut, &b->error), PBT_ERR_LIMIT);
    assert_int_equal(cut.count, 7);
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
    json_t *whole = NULL;
    assert_ok(all_segments(b->study, &whole, &b->error));
    assert_in_order(whole);
    assert_true(json_array_size(whole) >= 23);
    const json_t *first = json_array_get(whole, 0);
    assert_string_equal(json_string_value(json_object_get(first, "segment")), "m0s0");
    assert_string_equal(json_string_value(json_object_get(first, "state")), "claimed");
    json_decref(whole);
}

typedef struct passes {
    bench *b;
    pbt__study *other; /* trains on while the first pass is made */
    json_t *first, *second;
} passes;

static pbt_err take_first(void *context, const json_t *segment)
{
    passes *this = context;
    pbt__study *own = this->b->study;
    assert_int_equal(json_array_size(this->second), 0);
    this->b->study = this->other;
    const pbt__action action = bench_claim(this->b, "other");
    (void)bench_report(this->b, "other", &action, 1);
    this->b->study = own;
    return json_array_append(this->first, (json_t *)(uintptr_t)segment) == 0 ? PBT_OK
                                                                             : PBT_ERR_MEMORY;
}

static pbt_err take_second(void *context, const json_t *segment)
{
    const passes *this = context;
    return json_array_append(this->second, (json_t *)(uintptr_t)segment) == 0 ? PBT_OK
                                                                              : PBT_ERR_MEMORY;
}

/* A table's columns are found in the first pass: the second meets no others. */
static void two_passes_see_one_study(void **state)
{
    bench *b = *state;
    bench_create(b, 3, "");
    for (int i = 0; i < 5; i++) {
        const pbt__action action = bench_claim(b, "a");
        (void)bench_report(b, "a", &action, i);
    }
    const pbt__study_options options = {.checkpoint_folder = b->folder};
    passes both = {.b = b, .first = json_array(), .second = json_array()};
    assert_ok(pbt__study_open(b->store, "bench", &options, &both.other, &b->error));
    assert_ok(pbt__study_segments_twice(b->study, take_first, take_second, &both, &b->error));
    assert_true(json_array_size(both.first) >= 5);
    assert_true(json_equal(both.first, both.second));
    json_t *whole = NULL;
    assert_ok(all_segments(b->study, &whole, &b->error));
    assert_true(json_array_size(whole) > json_array_size(both.first));
    json_decref(whole);
    json_decref(both.first);
    json_decref(both.second);
    pbt__study_close(both.other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_make, bench_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(few_are_held_at_a_time),
        TEST(members_may_be_far_apart),
        TEST(two_passes_see_one_study),
    };
    return cmocka_run_group_tests_name("segments", tests, NULL, NULL);
}
