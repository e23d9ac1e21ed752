/*
 * wait.c: waiting for what others commit.
 *
 * No commit is missed, and no wake:
 *
 *     waiter     count wakes .. look: nothing .. hold the bell: counts as before? sleep
 *     committer  ................ commit; hold the bell: count it, ring
 *
 * A commit before the look is found by it; a later one has changed the count or rings. Commits of
 * other handles do not ring: they are found by looking, as often as the backend says.
 */
#include <time.h>

#include "base/clock.h"
#include "store/backend.h"

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
    uint64_t commits = pbt__store_commits(store);
    pbt_err err = pbt__store_check_idle(store, error);
    if (err == PBT_OK) {
        err = look(store, what, &is_found, error);
    }
    while (err == PBT_OK && !is_found && goes_on) {
        goes_on = sleep_on(store, what, commits);
        commits = pbt__store_commits(store);
        err = look(store, what, &is_found, error);
    }
    if (err == PBT_OK) {
        *has_news = is_found;
    }
    return err;
}
