/*
 * wait.c: waiting for what others commit.
 *
 * No commit is missed, and no wake:
 *
 *     waiter     count wakes .. look: nothing .. hold the bell: counts as before? sleep
 *     committer  ................ commit; hold the bell: count it, ring
 *
 * A commit before the look is found by it, one after it has changed the count or rings. Commits of
 * other handles ring nothing: they are found by looking, as often as the backend says.
 */
#include <time.h>

#include "base/clock.h"
#include "store/backend.h"

void pbt__store_init_bell(pbt__store *store)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&store->bell, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&store->bell_mutex, NULL);
}

static void ring(pbt__store *store, uint64_t *count)
{
    pthread_mutex_lock(&store->bell_mutex);
    ++*count;
    pthread_cond_broadcast(&store->bell);
    pthread_mutex_unlock(&store->bell_mutex);
}

void pbt__store_committed(pbt__store *store)
{
    ring(store, &store->commit_count);
}

void pbt__store_wake(pbt__store *store)
{
    ring(store, &store->wake_count);
}

static uint64_t count_of(pbt__store *store, const uint64_t *count)
{
    pthread_mutex_lock(&store->bell_mutex);
    const uint64_t found = *count;
    pthread_mutex_unlock(&store->bell_mutex);
    return found;
}

uint64_t pbt__store_wakes(pbt__store *store)
{
    return count_of(store, &store->wake_count);
}

static pbt_err take_one(void *context, const pbt__event *event)
{
    (void)event;
    *(bool *)context = true;
    return PBT_ERR_LIMIT;
}

static pbt_err look(pbt__store *store, const pbt__await *what, bool *has_news, pbt_error *error)
{
    pbt_err err = pbt__store_read(store, what->study, what->after, take_one, has_news, error);
    return *has_news ? PBT_OK : err;
}

/* Sleep until there is a reason to look. Returns whether the wait goes on after that. */
static bool sleep_on(pbt__store *store, const pbt__await *what, uint64_t commits)
{
    const int64_t now_us = pbt__clock_monotonic_us();
    const int64_t look_us = store->ops->look_us;
    const bool is_last = look_us == 0 || what->until_us - now_us <= look_us;
    const int64_t next_us = is_last ? what->until_us : now_us + look_us;
    const struct timespec next = {next_us / 1000000, next_us % 1000000 * 1000};
    bool is_late = next_us <= now_us;
    pthread_mutex_lock(&store->bell_mutex);
    while (!is_late && store->wake_count == what->wakes && store->commit_count == commits) {
        is_late = pthread_cond_timedwait(&store->bell, &store->bell_mutex, &next) != 0;
    }
    const bool is_woken = store->wake_count != what->wakes;
    pthread_mutex_unlock(&store->bell_mutex);
    return !is_woken && !(is_late && is_last);
}

pbt_err pbt__store_wait(pbt__store *store, const pbt__await *what, bool *has_news, pbt_error *error)
{
    bool is_found = false, goes_on = true;
    uint64_t commits = count_of(store, &store->commit_count);
    pbt_err err = pbt__store_check_idle(store, error);
    if (err == PBT_OK) {
        err = look(store, what, &is_found, error);
    }
    while (err == PBT_OK && !is_found && goes_on) {
        goes_on = sleep_on(store, what, commits);
        commits = count_of(store, &store->commit_count);
        err = look(store, what, &is_found, error);
    }
    if (err == PBT_OK) {
        *has_news = is_found;
    }
    return err;
}
