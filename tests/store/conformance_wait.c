/*
 * conformance_wait.c: waiting for what others commit.
 *
 * Where a wait must be ended by something, it has no end of its own in sight: one that is not ended
 * hangs, until the test's own time is over.
 */
#include "conformance.h"

#include <pthread.h>

#include "base/clock.h"

static const int64_t HOUR_US = INT64_C(3600) * 1000 * 1000;
static const int64_t MOMENT_US = 20 * 1000;

static pbt__await await(fixture *self, int64_t study, int64_t after, int64_t for_us)
{
    return (pbt__await){
        .study = study,
        .after = after,
        .until_us = pbt__clock_monotonic_us() + for_us,
        .wakes = pbt__store_wakes(self->store),
    };
}

static void assert_waited(fixture *self, pbt__await what, bool expected)
{
    bool has_news = !expected;
    assert_ok(self, pbt__store_wait(self->store, &what, &has_news, &self->error));
    assert_int_equal(has_news, expected);
}

static void news_that_is_there_is_not_waited_for(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    assert_waited(self, await(self, study, 0, HOUR_US), true);
}

static void a_wait_ends_with_its_time(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    int64_t other = do_create(self, "other");
    assert_waited(self, await(self, study, 1, -HOUR_US), false);
    assert_waited(self, await(self, study, 1, MOMENT_US), false);
    assert_waited(self, await(self, other, 0, MOMENT_US), false);
}

static void a_wake_before_the_wait_is_not_lost(void **state)
{
    fixture *self = *state;
    int64_t study = do_create_full(self, "toy");
    const pbt__await what = await(self, study, 1, HOUR_US);
    pbt__store_wake(self->store);
    assert_waited(self, what, false);
}

static void a_transaction_does_not_wait_for_others(void **state)
{
    fixture *self = *state;
    bool has_news = false;
    int64_t study = do_create_full(self, "toy");
    do_begin(self, study);
    const pbt__await what = await(self, study, 1, HOUR_US);
    pbt_err err = pbt__store_wait(self->store, &what, &has_news, &self->error);
    assert_fails(self, err, PBT_ERR_STATE);
    do_rollback(self);
}

/* ---- ended by another thread ---- */

typedef struct waiter {
    fixture *self;
    pbt__await what;
    bool has_news;
    pbt_err err;
    pthread_t thread;
} waiter;

static void *wait_in_thread(void *context)
{
    waiter *w = context;
    w->err = pbt__store_wait(w->self->store, &w->what, &w->has_news, NULL);
    return NULL;
}

static void assert_ends(waiter *w, bool has_news)
{
    pthread_join(w->thread, NULL);
    assert_int_equal(w->err, PBT_OK);
    assert_int_equal(w->has_news, has_news);
}

static void start_waiters(fixture *self, waiter *waiters, int count, int64_t study)
{
    for (int i = 0; i < count; i++) {
        waiters[i] = (waiter){.self = self, .what = await(self, study, 1, HOUR_US)};
        assert_int_equal(pthread_create(&waiters[i].thread, NULL, wait_in_thread, &waiters[i]), 0);
    }
}

static void a_commit_ends_all_waits_for_it(void **state)
{
    fixture *self = *state;
    waiter waiters[3];
    int64_t study = do_create_full(self, "toy");
    start_waiters(self, waiters, 3, study);
    do_begin(self, study);
    do_append(self, 2);
    do_commit(self);
    for (int i = 0; i < 3; i++) {
        assert_ends(&waiters[i], true);
    }
}

static void a_wake_ends_all_waits(void **state)
{
    fixture *self = *state;
    waiter waiters[3];
    int64_t study = do_create_full(self, "toy");
    start_waiters(self, waiters, 3, study);
    pbt__store_wake(self->store);
    for (int i = 0; i < 3; i++) {
        assert_ends(&waiters[i], false);
    }
}

/* ---- ended by another process ---- */

static int append_when_told(fixture *self, const peer *parent)
{
    pbt__study_row row;
    pbt__event event = support_event(2);
    peer_await(parent);
    if (try_open(self, false) != PBT_OK ||
        pbt__store_find(self->store, "toy", &row, NULL) != PBT_OK ||
        pbt__store_begin(self->store, row.id, &self->found, NULL) != PBT_OK ||
        pbt__store_append(self->store, &event, 1, NULL) != PBT_OK ||
        pbt__store_commit(self->store, NULL) != PBT_OK) {
        return 1;
    }
    pbt__store_close(self->store);
    return 0;
}

static void what_another_process_commits_ends_a_wait(void **state)
{
    fixture *self = *state;
    if (pbt__store_is_fleeting(self->store)) {
        return;
    }
    int64_t study = do_create_full(self, "toy");
    const peer writer = peer_start(self, append_when_told);
    assert_ok(self, try_open(self, false));
    assert_waited(self, await(self, study, 1, MOMENT_US), false);
    peer_tell(&writer);
    assert_waited(self, await(self, study, 1, HOUR_US), true);
    assert_int_equal(peer_end(&writer), 0);
    assert_events(self, study, 1, 2);
}

const conformance_case conformance_wait[] = {
    CONFORMANCE_CASE(news_that_is_there_is_not_waited_for),
    CONFORMANCE_CASE(a_wait_ends_with_its_time),
    CONFORMANCE_CASE(a_wake_before_the_wait_is_not_lost),
    CONFORMANCE_CASE(a_transaction_does_not_wait_for_others),
    CONFORMANCE_CASE(a_commit_ends_all_waits_for_it),
    CONFORMANCE_CASE(a_wake_ends_all_waits),
    CONFORMANCE_CASE(what_another_process_commits_ends_a_wait),
    {NULL, NULL},
};
