/* conformance_turns.c: rollback, calls out of turn, threads. */
#include "conformance.h"

#include <pthread.h>
#include <sched.h>

/* ---- rollback ---- */

static void a_rollback_keeps_nothing(void **state)
{
    fixture *self = *state;
    const pbt_segment_id id = {0, 0};
    int64_t study = do_create_full(self, "toy");
    do_rollback(self);
    do_begin(self, study);
    do_append(self, 2);
    do_claim_put(self, 0, 1);
    do_claim_put(self, 1, 1);
    do_blob_put(self, id, "other");
    do_blob_put(self, (pbt_segment_id){1, 1}, "more");
    do_rollback(self);
    do_rollback(self);
    assert_events(self, study, 0, 1);
    assert_claims(self, study, 0, "m0s0 ");
    assert_blob(self, study, id, "weights");
    assert_no_blob(self, study, (pbt_segment_id){1, 1});
}

/* ---- calls out of turn ---- */

static void writes_need_a_transaction(void **state)
{
    fixture *self = *state;
    pbt__store *store = self->store;
    pbt_error *error = &self->error;
    pbt__event event = support_event(2);
    pbt__claim claim = support_claim(0, 1);
    const pbt_segment_id id = {0, 0};
    int64_t study = do_create_full(self, "toy");
    assert_fails(self, pbt__store_append(store, &event, 1, error), PBT_ERR_STATE);
    assert_fails(self, pbt__store_claim_put(store, &claim, 1, error), PBT_ERR_STATE);
    assert_fails(self, pbt__store_blob_put(store, &(pbt__blob){id, "x", 1}, 1, error),
                 PBT_ERR_STATE);
    assert_fails(self, pbt__store_blob_drop(store, id, error), PBT_ERR_STATE);
    assert_fails(self, pbt__store_remove(store, error), PBT_ERR_STATE);
    assert_fails(self, pbt__store_commit(store, error), PBT_ERR_STATE);
    assert_events(self, study, 0, 1);
    assert_claims(self, study, 0, "m0s0 ");
    assert_blob(self, study, id, "weights");
}

static void transactions_do_not_nest(void **state)
{
    fixture *self = *state;
    pbt__store *store = self->store;
    int64_t study = do_create(self, "toy");
    int64_t other = 0;
    do_begin(self, study);
    pbt_err err = pbt__store_begin(store, study, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    err = pbt__store_begin_create(store, "other", &other, &self->found, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    err = pbt__store_list(store, write_name, NULL, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    do_append(self, 1);
    do_commit(self);
    assert_events(self, study, 0, 1);
}

static pbt_err stop_at_once(void *context, const pbt__event *event)
{
    (*(int *)context)++;
    return event->sequence == 2 ? PBT_ERR_TRAINER : PBT_OK;
}

static pbt_err refuse_claim(void *context, const pbt__claim *claim)
{
    (void)claim;
    (*(int *)context)++;
    return PBT_ERR_LATE;
}

static pbt_err refuse_study(void *context, const pbt__study_row *row)
{
    (void)row;
    (*(int *)context)++;
    return PBT_ERR_LIMIT;
}

static void a_callback_ends_its_listing(void **state)
{
    fixture *self = *state;
    pbt__store *store = self->store;
    do_create(self, "toy");
    int64_t study = do_create(self, "other");
    do_begin(self, study);
    for (int i = 0; i < 3; i++) {
        do_append(self, i + 1);
        do_claim_put(self, i, 0);
    }
    int calls = 0;
    pbt_err err = pbt__store_read(store, study, 0, stop_at_once, &calls, NULL);
    assert_int_equal(err, PBT_ERR_TRAINER);
    assert_int_equal(calls, 2);
    do_commit(self); /* a listing that ended early is no failed write */
    err = pbt__store_claim_list(store, study, 0, refuse_claim, &calls, NULL);
    assert_int_equal(err, PBT_ERR_LATE);
    assert_int_equal(calls, 3);
    err = pbt__store_list(store, refuse_study, &calls, NULL);
    assert_int_equal(err, PBT_ERR_LIMIT);
    assert_int_equal(calls, 4);
    assert_events(self, study, 0, 3);
}

static pbt_err call_the_store(void *context, const pbt__event *event)
{
    (void)event;
    fixture *self = context;
    pbt__store *store = self->store;
    pbt_error *error = &self->error;
    int64_t study = 1;
    assert_fails(self, pbt__store_begin(store, study, &self->found, error), PBT_ERR_STATE);
    assert_fails(self, pbt__store_read(store, study, 0, count_event, NULL, error), PBT_ERR_STATE);
    assert_fails(self, pbt__store_list(store, write_name, NULL, error), PBT_ERR_STATE);
    do_rollback(self);
    return PBT_OK;
}

static void a_callback_cannot_call_the_store(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    pbt_err err = pbt__store_read(self->store, study, 0, call_the_store, self, &self->error);
    assert_int_equal(err, PBT_OK);
    assert_events(self, study, 0, 1);
}

/* ---- threads on one handle ---- */

enum { THREAD_COUNT = 4, ROUND_COUNT = 50 };

typedef struct crew {
    pbt__store *store;
    int64_t study;
} crew;

/* Append two events at a time, and give one turn in four up again. */
static void *append_pairs(void *context)
{
    crew *self = context;
    for (int i = 0; i < ROUND_COUNT; i++) {
        pbt__transaction found;
        if (pbt__store_begin(self->store, self->study, &found, NULL) != PBT_OK) {
            return self;
        }
        pbt__event event = {.body = "{}", .body_length = 2};
        event.sequence = found.last_sequence + 1;
        pbt_err err = pbt__store_append(self->store, &event, 1, NULL);
        sched_yield();
        event.sequence++;
        err = err == PBT_OK ? pbt__store_append(self->store, &event, 1, NULL) : err;
        if (err != PBT_OK || i % 4 == 3) {
            pbt__store_rollback(self->store);
        } else {
            err = pbt__store_commit(self->store, NULL);
        }
        if (err != PBT_OK) {
            return self;
        }
    }
    return NULL;
}

static pbt_err expect_next(void *context, const pbt__event *event)
{
    sched_yield();
    return event->sequence == ++*(int64_t *)context ? PBT_OK : PBT_ERR_CORRUPT;
}

/* Only whole pairs are ever seen. */
static void *read_pairs(void *context)
{
    crew *self = context;
    for (int i = 0; i < ROUND_COUNT; i++) {
        int64_t last = 0;
        pbt_err err = pbt__store_read(self->store, self->study, 0, expect_next, &last, NULL);
        if (err != PBT_OK || last % 2 != 0) {
            return self;
        }
    }
    return NULL;
}

static void run_crew(crew *crews, int64_t pairs)
{
    pthread_t threads[THREAD_COUNT + 1];
    for (int i = 0; i <= THREAD_COUNT; i++) {
        void *(*work)(void *) = i == THREAD_COUNT ? read_pairs : append_pairs;
        assert_int_equal(pthread_create(&threads[i], NULL, work, &crews[i]), 0);
    }
    for (int i = 0; i <= THREAD_COUNT; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    int64_t last = 0;
    pbt_err err = pbt__store_read(crews[0].store, crews[0].study, 0, expect_next, &last, NULL);
    assert_int_equal(err, PBT_OK);
    assert_int_equal(last, 2 * pairs);
}

enum { PAIRS_PER_THREAD = ROUND_COUNT - ROUND_COUNT / 4 };

static void threads_take_turns_on_one_handle(void **state)
{
    fixture *self = *state;
    crew crews[THREAD_COUNT + 1];
    int64_t study = do_create(self, "toy");
    for (int i = 0; i <= THREAD_COUNT; i++) {
        crews[i] = (crew){self->store, study};
    }
    run_crew(crews, THREAD_COUNT * PAIRS_PER_THREAD);
}

const conformance_case conformance_turns[] = {
    CONFORMANCE_CASE(a_rollback_keeps_nothing),
    CONFORMANCE_CASE(writes_need_a_transaction),
    CONFORMANCE_CASE(transactions_do_not_nest),
    CONFORMANCE_CASE(a_callback_ends_its_listing),
    CONFORMANCE_CASE(a_callback_cannot_call_the_store),
    CONFORMANCE_CASE(threads_take_turns_on_one_handle),
    {NULL, NULL},
};
