/*
 * faults.c: the N-th operation below the store fails, for N = 1, 2, ... until none does.
 *
 * A script of transactions is run with a fault armed. Whatever fails, the store holds exactly what
 * the transactions before left, or, where it was the commit that failed, what this one leaves:
 * never a part. That is read from the same handle and from a new one, and then the script is
 * finished, on either.
 */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sqlite3.h>

#include "base/fault.h"
#include "fault_vfs.h"
#include "store/store.h"
#include "support.h"

enum { STATE_COUNT = 7 };

typedef struct fixture {
    char folder[SUPPORT_FOLDER_SIZE];
    char url[SUPPORT_URL_SIZE];
    pbt__store *store;                                    /* NULL: not open */
    enum { OPENING, WRITING, COMMITTING, READING } stage; /* of the newest transaction */
    char *states[STATE_COUNT]; /* what the store holds before each transaction and after the last */
    int failure_count;
} fixture;

/* ---- the script: transactions that leave the commit to their caller ---- */

static pbt_err append(const fixture *self, int64_t sequence)
{
    pbt__event event = support_event(sequence);
    return pbt__store_append(self->store, &event, 1, NULL);
}

static pbt_err begin_toy(const fixture *self)
{
    pbt__transaction found;
    pbt__study_row row;
    pbt_err err = pbt__store_find(self->store, "toy", &row, NULL);
    return err == PBT_OK ? pbt__store_begin(self->store, row.id, &found, NULL) : err;
}

static pbt_err write_claim_and_blob(const fixture *self, int32_t number, size_t length)
{
    static const char BYTES[PBT__BLOB_MAXIMUM];
    pbt__claim claim = support_claim(number % SUPPORT_MEMBERS, number);
    pbt_err err = pbt__store_claim_put(self->store, &claim, 1, NULL);
    const pbt_segment_id id = {0, number % SUPPORT_NUMBERS};
    return err == PBT_OK
               ? pbt__store_blob_put(self->store, &(pbt__blob){id, BYTES, length}, 1, NULL)
               : err;
}

static pbt_err make_toy(const fixture *self)
{
    int64_t study = 0;
    pbt__transaction found;
    pbt_err err = pbt__store_begin_create(self->store, "toy", &study, &found, NULL);
    err = err == PBT_OK ? append(self, 1) : err;
    return err == PBT_OK ? write_claim_and_blob(self, 0, 100) : err;
}

static pbt_err report(const fixture *self)
{
    pbt_err err = begin_toy(self);
    err = err == PBT_OK ? append(self, 2) : err;
    return err == PBT_OK ? write_claim_and_blob(self, 1, 1000) : err;
}

/* More than a page holds. */
static pbt_err append_much(const fixture *self)
{
    static char body[50000];
    memset(body, 'x', sizeof(body) - 1);
    pbt__event event = support_event(3);
    event.body = body;
    event.body_length = sizeof(body) - 1;
    pbt_err err = begin_toy(self);
    err = err == PBT_OK ? pbt__store_append(self->store, &event, 1, NULL) : err;
    return err == PBT_OK ? write_claim_and_blob(self, 3, PBT__BLOB_MAXIMUM) : err;
}

/* Many small writes: what keeps track of them grows meanwhile. */
static pbt_err drop_blobs(const fixture *self)
{
    pbt_err err = begin_toy(self);
    for (int64_t i = 4; i <= 40 && err == PBT_OK; i++) {
        err = append(self, i);
    }
    for (int32_t i = 0; i < SUPPORT_NUMBERS && err == PBT_OK; i++) {
        err = pbt__store_blob_drop(self->store, (pbt_segment_id){0, i}, NULL);
    }
    return err;
}

static pbt_err make_other(const fixture *self)
{
    int64_t study = 0;
    pbt__transaction found;
    pbt_err err = pbt__store_begin_create(self->store, "other", &study, &found, NULL);
    return err == PBT_OK ? append(self, 1) : err;
}

static pbt_err remove_toy(const fixture *self)
{
    pbt_err err = begin_toy(self);
    return err == PBT_OK ? pbt__store_remove(self->store, NULL) : err;
}

/* Each with what there is of "toy" afterwards. */
static const struct {
    pbt_err (*run)(const fixture *self);
    int64_t event_count; /* 0: there is no "toy" */
    bool has_blob;       /* m0s0 */
} SCRIPT[] = {
    {make_toy, 1, true},     {report, 2, true},       {append_much, 3, true},
    {drop_blobs, 40, false}, {make_other, 40, false}, {remove_toy, 0, false},
};
enum { SCRIPT_LENGTH = sizeof(SCRIPT) / sizeof(SCRIPT[0]) };
static_assert(SCRIPT_LENGTH == STATE_COUNT - 1, "a state before each transaction, and the last");

/* ---- running it ---- */

static pbt_err expect_in_order(void *context, const pbt__event *event)
{
    return event->sequence == ++*(int64_t *)context ? PBT_OK : PBT_ERR_CORRUPT;
}

/* Read "toy" after a transaction of the script. What is there is found, or its reading fails. */
static pbt_err read_toy(const fixture *self, int at)
{
    pbt__study_row row;
    int64_t last = 0;
    void *bytes = NULL;
    size_t length = 0;
    pbt_err err = pbt__store_find(self->store, "toy", &row, NULL);
    if (SCRIPT[at].event_count == 0) {
        return err == PBT_ERR_NOT_FOUND ? PBT_OK : err;
    }
    assert_int_not_equal(err, PBT_ERR_NOT_FOUND);
    err =
        err == PBT_OK ? pbt__store_read(self->store, row.id, 0, expect_in_order, &last, NULL) : err;
    if (err != PBT_OK) {
        return err;
    }
    assert_int_equal(last, SCRIPT[at].event_count);
    err = pbt__store_blob_get(self->store, row.id, (pbt_segment_id){0, 0}, &bytes, &length, NULL);
    free(bytes);
    assert_true(err != PBT_ERR_NOT_FOUND || !SCRIPT[at].has_blob);
    return err == PBT_ERR_NOT_FOUND ? PBT_OK : err;
}

static pbt_err open_store(fixture *self)
{
    const pbt__store_options options = {.url = self->url, .can_create = true};
    return pbt__store_open(&options, &self->store, NULL);
}

/* Run one transaction of the script, opening the store where it is not open. */
static pbt_err run_one(fixture *self, int at)
{
    self->stage = OPENING;
    pbt_err err = self->store == NULL ? open_store(self) : PBT_OK;
    if (err == PBT_OK) {
        self->stage = WRITING;
        err = SCRIPT[at].run(self);
    }
    if (err == PBT_OK) {
        self->stage = COMMITTING;
        err = pbt__store_commit(self->store, NULL);
    }
    if (err == PBT_OK) {
        self->stage = READING;
        err = read_toy(self, at);
    }
    return err;
}

/* Where in the script the store stands: in one of the states, never between two. */
static int find_state(const fixture *self)
{
    char *state = support_dump(self->store);
    int at = 0;
    while (at < STATE_COUNT && strcmp(self->states[at], state) != 0) {
        at++;
    }
    if (at == STATE_COUNT) {
        print_error("torn:\n%s", state);
    }
    free(state);
    assert_true(at < STATE_COUNT);
    return at;
}

static bool is_memory(const fixture *self)
{
    return strcmp(self->url, "memory:") == 0;
}

/* What may be there after transaction `at` failed in some stage. */
static void assert_allowed(const fixture *self, int at, int found)
{
    bool may_be_before = self->stage != READING;
    bool may_be_after = self->stage == COMMITTING || self->stage == READING;
    assert_true((may_be_before && found == at) || (may_be_after && found == at + 1));
}

/* Look at what a failure left, on a new handle if asked to; returns where the script goes on. */
static int recover(fixture *self, int at, bool on_new_handle)
{
    if (self->stage != OPENING) {
        pbt__store_rollback(self->store);
        assert_allowed(self, at, find_state(self));
    }
    if (on_new_handle && !is_memory(self)) {
        pbt__store_close(self->store);
        self->store = NULL;
    }
    if (self->store == NULL) {
        assert_int_equal(open_store(self), PBT_OK);
    }
    int found = find_state(self);
    assert_allowed(self, at, found);
    return found;
}

/* Empty the folder and leave no handle. */
static void start_afresh(fixture *self)
{
    pbt__store_close(self->store);
    self->store = NULL;
    support_folder_remove(self->folder);
    support_folder_fast(self->folder);
    if (!is_memory(self)) {
        support_url(self->folder, self->url);
    }
}

/* The script is over: everything is there, also after whatever closing may have failed at. */
static void assert_complete(fixture *self)
{
    if (!is_memory(self)) {
        pbt__store_close(self->store);
        self->store = NULL;
        pbt__fault_arm(0, 0);
        assert_int_equal(open_store(self), PBT_OK);
    }
    pbt__fault_arm(0, 0);
    assert_int_equal(find_state(self), SCRIPT_LENGTH);
}

/* Run the script with the `n`-th operation failing; false where none did. */
static bool run_script(fixture *self, int64_t n, unsigned kinds, bool on_new_handle)
{
    int failures = 0;
    start_afresh(self);
    pbt__fault_arm(n, kinds);
    for (int at = 0; at < SCRIPT_LENGTH;) {
        pbt_err err = run_one(self, at);
        if (err == PBT_OK) {
            at++;
            continue;
        }
        assert_true(pbt__fault_has_fired());
        assert_int_equal(failures++, 0);
        assert_true(err == PBT_ERR_MEMORY || err == PBT_ERR_STORE);
        at = recover(self, at, on_new_handle);
    }
    bool has_fired = pbt__fault_has_fired();
    assert_complete(self);
    self->failure_count += failures;
    return has_fired;
}

/* Every N. Files: going on once with the same handle and once with a new one; memory: in turns. */
static void run_all(fixture *self, unsigned kinds, int64_t least_fired)
{
    int64_t n = 1;
    self->failure_count = 0;
    while (run_script(self, n, kinds, n % 2 == 0)) {
        if (kinds == PBT__FAULT_STORE) {
            (void)run_script(self, n, kinds, n % 2 != 0);
        }
        n++;
    }
    printf("# %s: %lld operations, %d failures\n", is_memory(self) ? "memory" : "sqlite",
           (long long)n - 1, self->failure_count);
    assert_true(n > least_fired);
    assert_true(self->failure_count > least_fired);
}

/* ---- the cases ---- */

/* Learn the states from a run without faults. */
static int learn_states(void **state)
{
    fixture *self = calloc(1, sizeof(*self));
    if (self == NULL) {
        return -1;
    }
    snprintf(self->url, sizeof(self->url), "%s", (const char *)*state);
    support_folder_fast(self->folder);
    start_afresh(self);
    assert_int_equal(open_store(self), PBT_OK);
    self->states[0] = support_dump(self->store);
    for (int i = 0; i < SCRIPT_LENGTH; i++) {
        assert_int_equal(run_one(self, i), PBT_OK);
        self->states[i + 1] = support_dump(self->store);
    }
    *state = self;
    return 0;
}

static int forget_states(void **state)
{
    fixture *self = *state;
    pbt__fault_arm(0, 0);
    pbt__store_close(self->store);
    support_folder_remove(self->folder);
    for (int i = 0; i < STATE_COUNT; i++) {
        free(self->states[i]);
    }
    free(self);
    return 0;
}

static void every_allocation_fails(void **state)
{
    fixture *self = *state;
    run_all(self, PBT__FAULT_MEMORY, is_memory(self) ? 15 : 1000);
}

static void every_file_operation_fails(void **state)
{
    fault_vfs_fail_writes_with(SQLITE_IOERR_WRITE);
    run_all(*state, PBT__FAULT_STORE, 100);
}

static void the_disk_is_full(void **state)
{
    fault_vfs_fail_writes_with(SQLITE_FULL);
    run_all(*state, PBT__FAULT_STORE, 100);
}

int main(void)
{
    fault_vfs_install();
    static char memory[] = "memory:";
    static char sqlite[] = "sqlite:";
    const struct CMUnitTest tests[] = {
        {"memory: every_allocation_fails", every_allocation_fails, learn_states, forget_states,
         memory},
        {"sqlite: every_allocation_fails", every_allocation_fails, learn_states, forget_states,
         sqlite},
        {"sqlite: every_file_operation_fails", every_file_operation_fails, learn_states,
         forget_states, sqlite},
        {"sqlite: the_disk_is_full", the_disk_is_full, learn_states, forget_states, sqlite},
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
