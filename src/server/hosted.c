/*
 * hosted.c: parking and waking.
 *
 * No change is missed:
 *
 *     pool       claim finds nothing at state 5 .......... lock: is it still 5? park.
 *     watcher    wait(5) .............. woken at 6: lock: wake the parked; wait(6)
 *
 * A change before the lock is seen by the claim itself, which looks again; one after it wakes the
 * watcher, which then finds the claim parked.
 */
#include "server/hosted.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "server/inside.h"
#include "study/host.h"

/* Where nobody waits, changes that follow upon each other are looked at once. */
enum { PACE_US = 2000 };

static const double LOOKOUT_SECONDS = 1.0;

/* ---- uses ------------------------------------------------------------------------------------ */

pbt__hosted *pbt__hosted_take(pbt__server *server, const char *name)
{
    pthread_mutex_lock(&server->pool.lock);
    pbt__hosted *hosted = server->hosted;
    while (hosted != NULL && (hosted->is_leaving || strcmp(hosted->name, name) != 0)) {
        hosted = hosted->next;
    }
    if (hosted != NULL) {
        hosted->use_count++;
    }
    pthread_mutex_unlock(&server->pool.lock);
    return hosted;
}

void pbt__hosted_give(pbt__hosted *hosted)
{
    pbt__server *server = hosted->server;
    pthread_mutex_lock(&server->pool.lock);
    hosted->use_count--;
    pthread_cond_broadcast(&server->pool.has_settled);
    pthread_mutex_unlock(&server->pool.lock);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

pbt__hosted_name *pbt__hosted_names(pbt__server *server, const char *after, size_t *count)
{
    size_t all = 0;
    *count = 0;
    pthread_mutex_lock(&server->pool.lock);
    for (const pbt__hosted *each = server->hosted; each != NULL; each = each->next) {
        all++;
    }
    pbt__hosted_name *names = pbt__calloc(all + 1, sizeof *names);
    for (const pbt__hosted *each = server->hosted; names != NULL && each != NULL;
         each = each->next) {
        if (!each->is_leaving && strcmp(each->name, after) > 0) {
            (void)snprintf(names[(*count)++], sizeof *names, "%s", each->name);
        }
    }
    pthread_mutex_unlock(&server->pool.lock);
    if (names != NULL) {
        qsort(names, *count, sizeof *names, compare_names);
    }
    return names;
}

/* ---- parking --------------------------------------------------------------------------------- */

static void append(pbt__hosted *hosted, pbt__request *request)
{
    request->next = NULL;
    *(hosted->last_parked != NULL ? &hosted->last_parked->next : &hosted->first_parked) = request;
    hosted->last_parked = request;
}

/* Have a parked claim answered at once, and not looked for a segment. */
static void displace(pbt__hosted *hosted, pbt__request *request)
{
    pbt__request *before = NULL;
    for (pbt__request *at = hosted->first_parked; at != request; at = at->next) {
        before = at;
    }
    *(before != NULL ? &before->next : &hosted->first_parked) = request->next;
    hosted->last_parked = hosted->last_parked == request ? before : hosted->last_parked;
    hosted->server->parked_count--;
    request->is_displaced = true;
    pbt__pool_queue(hosted->server, request);
}

static pbt__request *find_parked(const pbt__hosted *hosted, const char *claimant)
{
    pbt__request *request = hosted->first_parked;
    while (request != NULL && strcmp(request->claimant, claimant) != 0) {
        request = request->next;
    }
    return request;
}

/* Make room for a claim: in its own study, where any waits there. */
static void make_room(pbt__hosted *hosted, const pbt__request *request)
{
    pbt__server *server = hosted->server;
    pbt__request *same = find_parked(hosted, request->claimant);
    if (same != NULL) {
        displace(hosted, same);
    }
    if (server->parked_count < server->parked_maximum) {
        return;
    }
    pbt__hosted *full = hosted->first_parked != NULL ? hosted : server->hosted;
    while (full != NULL && full->first_parked == NULL) {
        full = full->next;
    }
    if (full != NULL) {
        displace(full, full->first_parked);
    }
}

pbt__parking pbt__hosted_park(pbt__request *request)
{
    pbt__hosted *hosted = request->hosted;
    pbt__server *server = hosted->server;
    pbt__parking parking = PBT__PARKED;
    pthread_mutex_lock(&server->pool.lock);
    if (server->is_stopping || hosted->is_leaving) {
        parking = PBT__CLOSED;
    } else if (pbt__study_changes(hosted->study) != request->seen) {
        parking = PBT__CHANGED;
    } else {
        make_room(hosted, request);
        append(hosted, request);
        server->parked_count++;
    }
    pthread_mutex_unlock(&server->pool.lock);
    return parking;
}

/* Put back into the queue the first `count` of the parked, and those whose time is over. */
static void unpark(pbt__hosted *hosted, size_t count, int64_t now_us)
{
    pbt__request *request = hosted->first_parked;
    hosted->first_parked = hosted->last_parked = NULL;
    while (request != NULL) {
        pbt__request *next = request->next;
        if (count > 0 || request->wait_until_us <= now_us) {
            count -= count > 0 ? 1 : 0;
            hosted->server->parked_count--;
            pbt__pool_queue(hosted->server, request);
        } else {
            append(hosted, request);
        }
        request = next;
    }
}

void pbt__hosted_unpark_all(pbt__hosted *hosted)
{
    unpark(hosted, SIZE_MAX, 0);
    if (hosted->study == NULL) {
        hosted->desk->ops->halt(hosted->desk);
    }
}

bool pbt__hosted_is_free(const pbt__hosted *hosted)
{
    return hosted->use_count == 0;
}

/* ---- the watcher ----------------------------------------------------------------------------- */

static bool is_leaving(pbt__hosted *hosted)
{
    pthread_mutex_lock(&hosted->server->pool.lock);
    const bool leaving = hosted->is_leaving;
    pthread_mutex_unlock(&hosted->server->pool.lock);
    return leaving;
}

static void *watch(void *argument)
{
    pbt__hosted *hosted = argument;
    pbt__server *server = hosted->server;
    uint64_t seen = pbt__study_changes(hosted->study);
    bool is_alone = true;
    while (!is_leaving(hosted)) {
        pbt__study_wait(hosted->study, seen,
                        pbt__study_due_seconds(hosted->study, LOOKOUT_SECONDS));
        if (is_alone) {
            (void)usleep(PACE_US);
        }
        const uint64_t now = pbt__study_changes(hosted->study);
        size_t count = now != seen ? pbt__study_offers(hosted->study) : 1;
        seen = now;
        count = atomic_load(&server->is_draining) ? SIZE_MAX : count;
        pthread_mutex_lock(&server->pool.lock);
        unpark(hosted, count, pbt__clock_monotonic_us());
        is_alone = hosted->first_parked == NULL;
        pthread_mutex_unlock(&server->pool.lock);
    }
    return NULL;
}

/* ---- coming and leaving ---------------------------------------------------------------------- */

/* Put it on the list. Holding the lock. */
static pbt_err enlist(pbt__server *server, pbt__hosted *hosted, pbt_error *error)
{
    for (const pbt__hosted *other = server->hosted; other != NULL; other = other->next) {
        if (strcmp(other->name, hosted->name) == 0) {
            return pbt__fail(error, PBT_ERR_EXISTS, "study '%s' is served already", hosted->name);
        }
    }
    if (server->is_stopping) {
        return pbt__fail(error, PBT_ERR_STATE, "the server is stopping");
    }
    errno = hosted->study != NULL ? pthread_create(&hosted->watcher, NULL, watch, hosted) : 0;
    if (errno != 0) {
        return pbt__fail_errno(error, "cannot start a thread");
    }
    hosted->next = server->hosted;
    server->hosted = hosted;
    atomic_store(&server->has_begun, true);
    return PBT_OK;
}

/* Takes `hosted`. */
static pbt_err add(pbt__server *server, pbt__hosted *hosted, pbt_error *error)
{
    hosted->server = server;
    hosted->spec = hosted->desk->ops->spec(hosted->desk);
    hosted->name = hosted->study != NULL ? pbt__study_name(hosted->study) : hosted->spec->name;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&server->pool.lock);
    const pbt_err err = enlist(server, hosted, error);
    pthread_mutex_unlock(&server->pool.lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (err != PBT_OK) {
        free(hosted);
    }
    return err;
}

pbt_err pbt__server_add(pbt__server *server, pbt__study *study, pbt_error *error)
{
    pbt__hosted *hosted = pbt__calloc(1, sizeof *hosted);
    if (hosted == NULL) {
        return pbt__fail_memory(error);
    }
    hosted->study = study;
    hosted->own = pbt__study_desk_init(study);
    hosted->desk = &hosted->own.desk;
    return add(server, hosted, error);
}

pbt_err pbt__server_add_desk(pbt__server *server, pbt__desk *desk, pbt_error *error)
{
    pbt__hosted *hosted = pbt__calloc(1, sizeof *hosted);
    if (hosted == NULL) {
        return pbt__fail_memory(error);
    }
    hosted->desk = desk;
    return add(server, hosted, error);
}

void pbt__hosted_remove(pbt__hosted *hosted)
{
    pbt__server *server = hosted->server;
    pbt__pool *pool = &server->pool;
    pthread_mutex_lock(&pool->lock);
    pbt__hosted **place = &server->hosted;
    while (*place != hosted) {
        place = &(*place)->next;
    }
    *place = hosted->next;
    hosted->is_leaving = true;
    pbt__hosted_unpark_all(hosted);
    while (!pbt__hosted_is_free(hosted)) {
        pthread_cond_wait(&pool->has_settled, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    if (hosted->study != NULL) {
        pbt__study_wake(hosted->study);
        (void)pthread_join(hosted->watcher, NULL);
    }
    free(hosted);
}

void pbt__server_remove(pbt__server *server, const pbt__study *study)
{
    pthread_mutex_lock(&server->pool.lock);
    pbt__hosted *hosted = server->hosted;
    while (hosted != NULL && hosted->study != study) {
        hosted = hosted->next;
    }
    pthread_mutex_unlock(&server->pool.lock);
    if (hosted != NULL) {
        pbt__hosted_remove(hosted);
    }
}
