/* bell.c: commits of this handle, and waking those who wait for them. */
#include <time.h>

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

uint64_t pbt__store_commits(pbt__store *store)
{
    return count_of(store, &store->commit_count);
}
