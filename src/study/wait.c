/*
 * wait.c: waiting for changes of a study, by this process or another.
 *
 * Any number of threads may wait. This process wakes them for its own changes. For changes by
 * others, one thread is the lookout: it waits at the store and reads new events. The others wait
 * for it; when it leaves, another takes its place. While this process writes, it reads others'
 * events with every transaction, so a lookout starts only after a moment without writes.
 */
#include <stdatomic.h>

#include "base/clock.h"
#include "study/inside.h"

enum { QUIET_US = 100 * 1000 };

static void rest(pbt__study *study, int64_t until_us)
{
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    (void)pthread_cond_timedwait(&study->has_changed, &study->queue_lock, &until);
}

static int64_t known_sequence(pbt__study *study)
{
    pthread_mutex_lock(&study->view_lock);
    const int64_t sequence = study->view.facts.sequence;
    pthread_mutex_unlock(&study->view_lock);
    return sequence;
}

/* Holding the queue's lock, but not meanwhile. What cannot be read now is read by whoever writes
 * next, who can say what is wrong. */
static void look_out(pbt__study *study, int64_t until_us)
{
    bool has_news = false;
    pbt__await what = {
        .study = study->row.id, .until_us = until_us, .wakes = pbt__store_wakes(study->store)};
    study->has_lookout = true;
    pthread_mutex_unlock(&study->queue_lock);
    what.after = known_sequence(study);
    if (pbt__store_wait(study->store, &what, &has_news, NULL) == PBT_OK && has_news &&
        pbt__study_look(study, NULL) == PBT_OK) {
        pthread_mutex_unlock(&study->view_lock);
    }
    pthread_mutex_lock(&study->queue_lock);
    study->has_lookout = false;
    atomic_store(&study->synced_us, pbt__clock_monotonic_us());
}

void pbt__study_wait(pbt__study *study, uint64_t seen, double seconds)
{
    const int64_t until_us = pbt__clock_monotonic_us() + (int64_t)(seconds * 1e6);
    pthread_mutex_lock(&study->queue_lock);
    for (int64_t now_us = 0; study->change_count == seen && now_us < until_us;
         now_us = pbt__clock_monotonic_us()) {
        const int64_t quiet_us = atomic_load(&study->synced_us) + QUIET_US;
        if (!study->has_lookout && quiet_us <= now_us) {
            look_out(study, until_us);
        } else {
            rest(study, study->has_lookout || quiet_us > until_us ? until_us : quiet_us);
        }
    }
    if (!study->has_lookout) {
        pthread_cond_signal(&study->has_changed);
    }
    pthread_mutex_unlock(&study->queue_lock);
}
