/*
 * heartbeat.c: one thread that renews the leases of all slots.
 *
 * A lease is renewed three times in its length, so that one heartbeat may be lost; and at least
 * every 5 seconds, so that `pbt stop` of another process takes effect and progress is shown within
 * that time. The mutex is not held during a call, so a slot that ends its segment need not wait;
 * then the answer is dropped.
 *
 * It also ends training when the time of stop.seconds is over.
 */
#include <math.h>
#include <sys/eventfd.h>
#include <time.h>

#include "base/clock.h"
#include "executor/slot.h"

enum { INTERVAL_MAXIMUM_US = 5000000, INTERVAL_MINIMUM_US = 10000 };

void pbt__heartbeat_begin(pbt__slot *slot, const pbt__assignment *assignment)
{
    pbt__local *local = slot->local;
    int64_t interval_us = (int64_t)(assignment->lease_seconds * 1e6 / 3);
    if (interval_us > INTERVAL_MAXIMUM_US) {
        interval_us = INTERVAL_MAXIMUM_US;
    }
    if (interval_us < INTERVAL_MINIMUM_US) {
        interval_us = INTERVAL_MINIMUM_US;
    }
    atomic_store(&slot->order, PBT__ORDER_NONE);
    atomic_store(&slot->step, assignment->resume_step);
    pthread_mutex_lock(&local->mutex);
    slot->beat = (pbt__beat){
        .is_training = true,
        .segment = assignment->segment.id,
        .attempt = assignment->attempt,
        .interval_us = interval_us,
        .next_us = pbt__clock_monotonic_us() + interval_us,
    };
    /* Segments may be short: wake the thread only if it would wake too late. */
    if (slot->beat.next_us < local->beat_until_us) {
        pthread_cond_signal(&local->beat_changed);
    }
    pthread_mutex_unlock(&local->mutex);
}

void pbt__heartbeat_end(pbt__slot *slot)
{
    pthread_mutex_lock(&slot->local->mutex);
    slot->beat.is_training = false;
    pthread_mutex_unlock(&slot->local->mutex);
}

/* What an answer means for the slot. */
static pbt__order order_of(pbt_err err, pbt__verb verb)
{
    switch (err) {
    case PBT_OK:
        return verb == PBT__TRAIN ? PBT__ORDER_NONE : PBT__ORDER_RELEASE;
    case PBT_ERR_LATE:
    case PBT_ERR_STATE:
    case PBT_ERR_NOT_FOUND:
        return PBT__ORDER_LOST;
    default:
        return PBT__ORDER_NONE;
    }
}

static bool is_same(const pbt__beat *a, const pbt__beat *b)
{
    return a->is_training && b->is_training && a->attempt == b->attempt &&
           a->segment.member == b->segment.member && a->segment.number == b->segment.number;
}

/* Renew one lease. The mutex is held before and after, not in between. */
static void renew(pbt__slot *slot)
{
    pbt__local *local = slot->local;
    const pbt__beat beat = slot->beat;
    pbt__verb verb = PBT__TRAIN;
    pbt_error error;
    pthread_mutex_unlock(&local->mutex);
    if (!pbt__slot_enter(slot)) {
        pthread_mutex_lock(&local->mutex);
        slot->beat.is_training = false;
        return;
    }
    const pbt__pulse pulse = {
        .segment = beat.segment, .attempt = beat.attempt, .step = atomic_load(&slot->step)};
    pbt__desk *desk = local->desk;
    const pbt_err err = desk->ops->heartbeat(desk, &slot->who, &pulse, &verb, &error);
    pbt__slot_leave(slot);
    const pbt__order order = order_of(err, verb);
    pthread_mutex_lock(&local->mutex);
    if (!is_same(&beat, &slot->beat)) {
        return;
    }
    slot->beat.next_us = pbt__clock_monotonic_us() + beat.interval_us;
    if (order != PBT__ORDER_NONE) {
        slot->beat.is_training = false;
        atomic_store(&slot->order, (int)order);
        (void)eventfd_write(slot->wake, 1);
    } else if (err != PBT_OK && err != PBT_ERR_BUSY) {
        pthread_mutex_unlock(&local->mutex);
        pbt__local_fail(local, err, &error);
        pthread_mutex_lock(&local->mutex);
    }
}

/* The slot whose lease is to be renewed first; NULL if none trains. */
static pbt__slot *find_next(pbt__local *local)
{
    pbt__slot *next = NULL;
    for (int32_t i = 0; i < local->slot_count; i++) {
        pbt__slot *slot = &local->slots[i];
        if (slot->beat.is_training && (next == NULL || slot->beat.next_us < next->beat.next_us)) {
            next = slot;
        }
    }
    return next;
}

/* Sleep until a monotonic time or until the beats change. */
static void sleep_until(pbt__local *local, int64_t time_us)
{
    const struct timespec until = {time_us / 1000000, time_us % 1000000 * 1000};
    local->beat_until_us = time_us;
    (void)pthread_cond_timedwait(&local->beat_changed, &local->mutex, &until);
}

/* Stop the study where its time is over. Returns the monotonic time to look again at. The mutex is
 * held before and after, not in between. */
static int64_t watch_time(pbt__local *local)
{
    enum { LOOK_AGAIN_US = 100000 };
    pbt_error error = {0};
    pbt__desk *desk = local->desk;
    double left = INFINITY;
    pthread_mutex_unlock(&local->mutex);
    const pbt_err err =
        desk->ops->watch_time != NULL ? desk->ops->watch_time(desk, &left, &error) : PBT_OK;
    if (left <= 0) {
        pbt__local_stop(local, false);
    }
    if (err != PBT_OK && err != PBT_ERR_BUSY) {
        pbt__local_fail(local, err, &error);
    }
    pthread_mutex_lock(&local->mutex);
    /* A limit may be set while it trains. */
    const bool is_far = left > INTERVAL_MAXIMUM_US / 1e6;
    const int64_t wait_us = is_far ? INTERVAL_MAXIMUM_US : (int64_t)(left * 1e6);
    return pbt__clock_monotonic_us() + (wait_us > LOOK_AGAIN_US ? wait_us : LOOK_AGAIN_US);
}

void *pbt__heartbeat_main(void *argument)
{
    pbt__local *local = argument;
    pthread_mutex_lock(&local->mutex);
    while (!local->is_ending) {
        const int64_t end_us = watch_time(local);
        pbt__slot *slot = find_next(local);
        const int64_t now_us = pbt__clock_monotonic_us();
        if (local->is_ending) {
            break;
        }
        if (slot == NULL) {
            sleep_until(local, end_us);
        } else if (slot->beat.next_us > now_us) {
            sleep_until(local, slot->beat.next_us < end_us ? slot->beat.next_us : end_us);
        } else {
            renew(slot);
        }
    }
    pthread_mutex_unlock(&local->mutex);
    return NULL;
}
