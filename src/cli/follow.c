/* follow.c: a thread that reads the log in batches, so that it never delays the study. */
#include "cli/follow.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "executor/signals.h"
#include "render/print.h"
#include "render/screen.h"

enum { BATCH_SIZE = 256 };

static const double IDLE_SECONDS = 0.2;

struct pbt__follower {
    pbt__study *study;
    pbt__follow_ops listener;
    pthread_t thread;
    int64_t sequence;         /* the newest event taken */
    _Atomic int64_t until_us; /* monotonic: when the grace is over; 0: the run goes on */
    _Atomic bool has_ended;
    pbt_error failure, last; /* of listening, and of the end; code PBT_OK if there is none */
    bool was_printed;        /* `failure` was */
};

bool pbt__follower_is_late(const pbt__follower *follower)
{
    const int64_t until_us = atomic_load(&follower->until_us);
    return until_us > 0 && pbt__clock_monotonic_us() >= until_us;
}

/* ---- the thread ---- */

typedef struct batch {
    json_t *events[BATCH_SIZE];
    size_t count;
} batch;

/* Errors: PBT_ERR_LIMIT ends the reading where the batch is full. */
static pbt_err collect(void *context, const json_t *event)
{
    batch *into = context;
    if (into->count == BATCH_SIZE) {
        return PBT_ERR_LIMIT;
    }
    into->events[into->count++] = json_incref((json_t *)(uintptr_t)event);
    return PBT_OK;
}

static pbt_err hand_over(pbt__follower *follower, const batch *from, pbt_error *error)
{
    const pbt__follow_ops *listener = &follower->listener;
    for (size_t i = 0; i < from->count && !pbt__follower_is_late(follower); i++) {
        pbt_err err = listener->take(listener->context, from->events[i], error);
        if (err != PBT_OK) {
            return err;
        }
        follower->sequence = json_integer_value(json_object_get(from->events[i], "sequence"));
    }
    return listener->settle(listener->context, error);
}

/* For a listener that takes no events: whether there are new ones. */
static pbt_err look_at_study(pbt__follower *follower, bool *has_found, pbt_error *error)
{
    pbt__summary summary;
    pbt_err err = pbt__study_summary(follower->study, &summary, error);
    if (err == PBT_OK) {
        err = follower->listener.settle(follower->listener.context, error);
    }
    if (err == PBT_OK) {
        *has_found = summary.last_sequence > follower->sequence;
        follower->sequence = summary.last_sequence;
    }
    return err;
}

static pbt_err look(pbt__follower *follower, bool *has_found, pbt_error *error)
{
    batch found = {.count = 0};
    if (follower->listener.take == NULL) {
        return look_at_study(follower, has_found, error);
    }
    pbt_err err = pbt__study_events(follower->study, follower->sequence, collect, &found, error);
    if (err == PBT_OK || err == PBT_ERR_LIMIT) {
        err = hand_over(follower, &found, error);
    }
    for (size_t i = 0; i < found.count; i++) {
        json_decref(found.events[i]);
    }
    *has_found = found.count > 0;
    return err;
}

/* While a live table is shown, warnings wait until it is gone. */
static void warn_now(pbt__follower *follower)
{
    if (!pbt__screen_is_usable(STDOUT_FILENO)) {
        pbt__print_warning(follower->listener.name, &follower->failure);
        follower->was_printed = true;
    }
}

static void *follow(void *context)
{
    pbt__follower *follower = context;
    const pbt__follow_ops *listener = &follower->listener;
    pbt_err err = PBT_OK;
    while (err == PBT_OK && !pbt__follower_is_late(follower)) {
        const bool is_last = atomic_load(&follower->until_us) > 0;
        const uint64_t seen = pbt__study_changes(follower->study);
        bool has_found = false;
        pbt_error error = {0};
        err = look(follower, &has_found, &error);
        if (err != PBT_OK) {
            follower->failure = error;
        }
        if (err == PBT_OK && !has_found && is_last) {
            break;
        }
        if (err == PBT_OK && !has_found) {
            pbt__study_wait(follower->study, seen, IDLE_SECONDS);
        }
    }
    if (err != PBT_OK) {
        warn_now(follower);
    }
    pbt_error last = {0};
    if (listener->end(listener->context, &last) != PBT_OK) {
        follower->last = last;
    }
    atomic_store(&follower->has_ended, true);
    return NULL;
}

/* ---- its owner ---- */

pbt_err pbt__follower_start(pbt__study *study, const pbt__follow_ops *listener, int64_t after,
                            pbt__follower **out, pbt_error *error)
{
    pbt__follower *follower = pbt__calloc(1, sizeof *follower);
    if (follower == NULL) {
        return pbt__fail_memory(error);
    }
    follower->study = study;
    follower->listener = *listener;
    follower->sequence = after;
    *out = follower;
    if (pthread_create(&follower->thread, NULL, follow, follower) != 0) {
        *out = NULL;
        free(follower);
        return pbt__fail(error, PBT_ERR_IO, "cannot start a thread");
    }
    return PBT_OK;
}

static void await_end(pbt__follower *follower)
{
    static const struct timespec LOOK = {.tv_nsec = 10 * 1000 * 1000};
    const int64_t now_us = pbt__clock_monotonic_us();
    atomic_store(&follower->until_us, now_us + PBT__FOLLOW_GRACE_SECONDS * INT64_C(1000000));
    pbt__study_wake(follower->study);
    while (!atomic_load(&follower->has_ended)) {
        if (pbt__signals_count() > 1) {
            atomic_store(&follower->until_us, 1);
        }
        (void)nanosleep(&LOOK, NULL);
    }
    (void)pthread_join(follower->thread, NULL);
}

static void count_rest(const pbt__follower *follower)
{
    pbt__summary summary;
    if (pbt__study_summary(follower->study, &summary, NULL) == PBT_OK &&
        summary.last_sequence > follower->sequence) {
        pbt_error late;
        const int64_t rest = summary.last_sequence - follower->sequence;
        (void)pbt__fail(&late, PBT_ERR_STATE, "%" PRId64 " event%s not taken", rest,
                        rest == 1 ? " was" : "s were");
        pbt__print_warning(follower->listener.name, &late);
    }
}

void pbt__follower_finish(pbt__follower *follower)
{
    if (follower == NULL) {
        return;
    }
    await_end(follower);
    if (follower->failure.code != PBT_OK && !follower->was_printed) {
        pbt__print_warning(follower->listener.name, &follower->failure);
    }
    count_rest(follower);
    if (follower->last.code != PBT_OK) {
        pbt__print_warning(follower->listener.name, &follower->last);
    }
    free(follower);
}
