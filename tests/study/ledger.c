/* ledger.c: who holds a checkpoint, what is let go, and that all of it can be taken back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "study/ledger.h"

enum { MEMBERS = 3 };

typedef struct fixture {
    pbt__journal journal;
    pbt__ledger *ledger;
} fixture;

static int make(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    if (f == NULL) {
        return -1;
    }
    pbt__journal_init(&f->journal);
    f->ledger = pbt__ledger_new(&f->journal, MEMBERS, 1, 0);
    *state = f;
    return f->ledger != NULL ? 0 : -1;
}

static int drop(void **state)
{
    fixture *f = *state;
    pbt__ledger_free(f->ledger);
    pbt__journal_fini(&f->journal);
    free(f);
    return 0;
}

static pbt_segment_id id(int32_t member, int32_t number)
{
    return (pbt_segment_id){member, number};
}

static void report(fixture *f, int32_t member, int32_t number, double rank, int64_t size)
{
    const pbt__checkpoint checkpoint = {.kind = PBT__CHECKPOINT_FILE, .size_bytes = size};
    assert_int_equal(pbt__ledger_report(f->ledger, id(member, number), 1, rank, &checkpoint),
                     PBT_OK);
}

static void start(fixture *f, int32_t member, int32_t parent_member, int32_t parent_number)
{
    assert_int_equal(pbt__ledger_start(f->ledger, member, id(parent_member, parent_number)),
                     PBT_OK);
}

static int32_t holders(fixture *f, int32_t member, int32_t number)
{
    return pbt__ledger_entry_of(f->ledger, id(member, number))->holders;
}

/* Collect everything due. Returns how many. */
static size_t collect(fixture *f)
{
    const pbt_segment_id *due = NULL;
    size_t count = pbt__ledger_due(f->ledger, &due);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pbt__ledger_collect(f->ledger, due[i]), PBT_OK);
    }
    return count;
}

static bool is_gone(fixture *f, int32_t member, int32_t number)
{
    return pbt__ledger_entry_of(f->ledger, id(member, number))->is_gone;
}

/* ---- the cases ---- */

static void a_member_holds_what_it_starts_from(void **state)
{
    fixture *f = *state;
    report(f, 0, 0, 5, 10);
    assert_int_equal(holders(f, 0, 0), 2); /* its member and the best */
    report(f, 0, 1, 6, 10);
    assert_int_equal(holders(f, 0, 0), 0);
    assert_int_equal(holders(f, 0, 1), 2);
    assert_int_equal(collect(f), 1);
    assert_true(is_gone(f, 0, 0));
    assert_int_equal(pbt__ledger_bytes(f->ledger), 10);
}

static void a_copier_pins_its_donor_until_it_reports(void **state)
{
    fixture *f = *state;
    report(f, 0, 0, 5, 10);
    report(f, 1, 0, 1, 10);
    start(f, 1, 0, 0);
    assert_int_equal(holders(f, 0, 0), 3);
    assert_int_equal(holders(f, 1, 0), 0);
    report(f, 0, 1, 6, 10);
    assert_int_equal(holders(f, 0, 0), 1);
    assert_int_equal(collect(f), 1); /* the copier's own, which nobody starts from */
    assert_true(is_gone(f, 1, 0));
    report(f, 1, 1, 2, 10);
    assert_int_equal(collect(f), 1);
    assert_true(is_gone(f, 0, 0));
}

static void the_best_are_kept_in_order(void **state)
{
    fixture *f = *state;
    assert_int_equal(pbt__ledger_bound(f->ledger, 2, 0), PBT_OK);
    static const double RANKS[] = {3, 1, 4, 4, 2};
    for (int32_t i = 0; i < 5; i++) {
        report(f, 0, i, RANKS[i], 1);
    }
    (void)collect(f);
    static const bool GONE[] = {true, true, false, false, false};
    for (int32_t i = 0; i < 5; i++) {
        assert_int_equal(is_gone(f, 0, i), GONE[i]); /* the last is its member's own */
    }
    assert_int_equal(pbt__ledger_bound(f->ledger, 1, 0), PBT_OK);
    assert_int_equal(collect(f), 1);
    assert_true(is_gone(f, 0, 3)); /* of two equals the earlier is the best */
}

static void a_diverged_report_is_nobodys_best(void **state)
{
    fixture *f = *state;
    report(f, 0, 0, 5, 1);
    assert_int_equal(pbt__ledger_report(f->ledger, id(0, 1), 1, -INFINITY, NULL), PBT_OK);
    assert_int_equal(holders(f, 0, 0), 2);
    assert_int_equal(holders(f, 0, 1), 0);
    assert_int_equal(collect(f), 0);
}

static void bytes_shorten_the_best_but_never_below_one(void **state)
{
    fixture *f = *state;
    assert_int_equal(pbt__ledger_bound(f->ledger, 10, 25), PBT_OK);
    for (int32_t i = 0; i < 4; i++) {
        report(f, 0, i, -i, 10);
        (void)collect(f);
        assert_true(pbt__ledger_bytes(f->ledger) <= 25);
    }
    assert_false(is_gone(f, 0, 0));
    assert_int_equal(pbt__ledger_bound(f->ledger, 10, 1), PBT_OK);
    (void)collect(f);
    assert_false(is_gone(f, 0, 0));
    assert_int_equal(pbt__ledger_bytes(f->ledger), 20); /* the best, and where the member is */
}

static void a_member_that_leaves_holds_nothing(void **state)
{
    fixture *f = *state;
    report(f, 0, 0, 5, 1);
    report(f, 1, 0, 1, 1);
    assert_int_equal(pbt__ledger_leave(f->ledger, 1), PBT_OK);
    assert_int_equal(collect(f), 1);
    assert_true(is_gone(f, 1, 0));
}

static void what_is_held_or_gone_is_not_collected(void **state)
{
    fixture *f = *state;
    report(f, 0, 0, 5, 1);
    assert_int_equal(pbt__ledger_collect(f->ledger, id(0, 0)), PBT_ERR_CORRUPT);
    assert_int_equal(pbt__ledger_collect(f->ledger, id(1, 0)), PBT_ERR_CORRUPT);
    report(f, 0, 1, 6, 1);
    assert_int_equal(pbt__ledger_collect(f->ledger, id(0, 0)), PBT_OK);
    assert_int_equal(pbt__ledger_collect(f->ledger, id(0, 0)), PBT_ERR_CORRUPT);
}

static void what_is_held_again_is_not_due(void **state)
{
    fixture *f = *state;
    const pbt_segment_id *due = NULL;
    report(f, 0, 0, 5, 1);
    report(f, 1, 0, 9, 1);
    report(f, 0, 1, 6, 1);
    start(f, 2, 0, 0); /* let go and held again, as in a round of decisions */
    assert_int_equal(pbt__ledger_due(f->ledger, &due), 0);
    start(f, 2, 1, 0);
    assert_int_equal(pbt__ledger_due(f->ledger, &due), 1);
    assert_int_equal(due[0].member, 0);
    assert_int_equal(due[0].number, 0);
}

static void numbers_grow_without_bound(void **state)
{
    fixture *f = *state;
    for (int32_t i = 0; i < 1000; i++) {
        report(f, 2, i, i, 1);
        assert_int_equal(collect(f), i > 0 ? 1 : 0);
        pbt__journal_clear(&f->journal);
    }
    assert_int_equal(pbt__ledger_bytes(f->ledger), 1);
}

/* What a ledger of one chunk says, entry by entry. */
typedef struct snapshot {
    pbt__ledger_entry entries[MEMBERS][8];
    int64_t bytes;
    size_t due;
} snapshot;

static void take(fixture *f, snapshot *out)
{
    const pbt_segment_id *due = NULL;
    memset(out, 0, sizeof *out);
    for (int32_t m = 0; m < MEMBERS; m++) {
        for (int32_t n = 0; n < 8; n++) {
            out->entries[m][n] = *pbt__ledger_entry_of(f->ledger, id(m, n));
        }
    }
    out->bytes = pbt__ledger_bytes(f->ledger);
    out->due = pbt__ledger_due(f->ledger, &due);
}

static void everything_is_taken_back(void **state)
{
    fixture *f = *state;
    snapshot before;
    snapshot after;
    const pbt__checkpoint progress = {.kind = PBT__CHECKPOINT_FILE, .size_bytes = 3};
    report(f, 0, 0, 5, 1);
    report(f, 1, 0, 4, 1);
    (void)collect(f);
    pbt__journal_clear(&f->journal);
    take(f, &before);
    for (int round = 0; round < 3; round++) {
        report(f, 0, 1, 9, 7);
        start(f, 1, 0, 1);
        assert_int_equal(pbt__ledger_progress(f->ledger, id(2, 0), 1, 4, &progress), PBT_OK);
        assert_int_equal(pbt__ledger_bound(f->ledger, 4, 100), PBT_OK);
        assert_true(collect(f) > 0);
        assert_int_equal(pbt__ledger_leave(f->ledger, 0), PBT_OK);
        pbt__journal_undo(&f->journal, 0);
        take(f, &after);
        assert_memory_equal(&before, &after, sizeof before);
    }
    report(f, 0, 1, 9, 7); /* and it goes on as if nothing had been */
    assert_int_equal(collect(f), 1);
    assert_true(is_gone(f, 0, 0));
    assert_false(is_gone(f, 1, 0));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, drop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_member_holds_what_it_starts_from),
        TEST(a_copier_pins_its_donor_until_it_reports),
        TEST(the_best_are_kept_in_order),
        TEST(a_diverged_report_is_nobodys_best),
        TEST(bytes_shorten_the_best_but_never_below_one),
        TEST(a_member_that_leaves_holds_nothing),
        TEST(what_is_held_or_gone_is_not_collected),
        TEST(what_is_held_again_is_not_due),
        TEST(numbers_grow_without_bound),
        TEST(everything_is_taken_back),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
