/* pool.c: requests are served here, one thread each, in the order in which they came. */
#include "server/pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "server/answer.h"
#include "server/inside.h"
#include "server/upload.h"

/* Deep enough for a study's call with a few paths on the stack, and for the deepest JSON. */
enum { STACK_SIZE = 2 * 1024 * 1024 };

bool pbt__pool_send(pbt__request *request)
{
    pbt__server *server = request->server;
    pthread_mutex_lock(&server->pool.lock);
    const bool is_open = !server->is_stopping;
    if (is_open) {
        request->phase = PBT__PHASE_AWAY;
        pbt__peer_allow_until(request->peer, INT64_MAX);
        pbt__peer_answer(request->peer, true);
        MHD_suspend_connection(request->connection);
        server->pool.away_count++;
        pbt__pool_queue(server, request);
    }
    pthread_mutex_unlock(&server->pool.lock);
    return is_open;
}

/* ---- serving --------------------------------------------------------------------------------- */

/* Give the request back to libmicrohttpd's thread, which may free it at once. */
static void resume(pbt__request *request, pbt__phase phase)
{
    pbt__server *server = request->server;
    struct MHD_Connection *connection = request->connection;
    if (request->hosted != NULL) {
        pbt__hosted_give(request->hosted);
        request->hosted = NULL;
    }
    request->phase = phase;
    request->begun_us = pbt__clock_monotonic_us();
    pbt__peer_allow(request->peer, server->request_us);
    pbt__peer_answer(request->peer, phase == PBT__PHASE_ANSWERED);
    MHD_resume_connection(connection);
    pthread_mutex_lock(&server->pool.lock);
    server->pool.away_count--;
    pthread_cond_broadcast(&server->pool.has_settled);
    pthread_mutex_unlock(&server->pool.lock);
}

/* Name those that there are, as many as fit. */
static void hint_names(pbt__server *server, pbt_error *error)
{
    char list[sizeof error->hint - 32] = "";
    size_t count = 0, used = 0, i = 0;
    pbt__hosted_name *names = pbt__hosted_names(server, "", &count);
    while (names != NULL && i < count && used + strlen(names[i]) + 2 < sizeof list) {
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", i > 0 ? ", " : "", names[i]);
        i++;
    }
    if (used > 0) {
        pbt__error_hint(error, "there are: %s%s", list, i < count ? ", ..." : "");
    }
    free(names);
}

/* A run listens before it has opened its study, and after it has let it go. Whoever comes back to
 * it then is to ask again. */
static pbt_err fail_absent(const pbt__request *request, pbt_error *error)
{
    pbt__server *server = request->server;
    if (!atomic_load(&server->has_begun) || atomic_load(&server->is_draining)) {
        return pbt__fail(error, PBT_ERR_BUSY, "study '%s' is not served now", request->study);
    }
    (void)pbt__fail(error, PBT_ERR_NOT_FOUND, "no study '%s' is served here", request->study);
    hint_names(server, error);
    return PBT_ERR_NOT_FOUND;
}

static pbt_err find_study(pbt__request *request, pbt_error *error)
{
    if (request->study[0] == '\0' || request->hosted != NULL) {
        return PBT_OK;
    }
    request->hosted = pbt__hosted_take(request->server, request->study);
    if (request->hosted == NULL) {
        return fail_absent(request, error);
    }
    const bool is_answered = request->hosted->study != NULL || request->route->is_at_desk;
    return is_answered
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_NOT_FOUND,
                           "study '%s' is elsewhere: here it is only trained", request->study);
}

/* Make the answer. Returns false if the request was parked and is no longer ours. */
static bool answer(pbt__request *request)
{
    pbt_error *error = &request->error;
    pbt_err err = find_study(request, error);
    while (err == PBT_OK) {
        request->is_waiting = false;
        err = request->route->serve(request, error);
        if (err != PBT_OK || !request->is_waiting) {
            break;
        }
        const pbt__parking parking = pbt__hosted_park(request);
        if (parking == PBT__PARKED) {
            return false;
        }
        request->wait_until_us = parking == PBT__CLOSED ? 1 : request->wait_until_us;
    }
    if (err != PBT_OK) {
        pbt__answer_error(request);
    }
    return true;
}

static void serve(pbt__request *request)
{
    if (request->route->body == PBT__BODY_UPLOAD && request->upload == NULL) {
        pbt_err err = find_study(request, &request->error);
        if (err == PBT_OK) {
            err = pbt__upload_open(request, &request->error);
        }
        (void)err; /* kept in `error`: the rest of the body is read, and then refused */
        resume(request, PBT__PHASE_BODY);
    } else if (answer(request)) {
        resume(request, PBT__PHASE_ANSWERED);
    }
}

static void *work(void *argument)
{
    pbt__server *server = argument;
    for (;;) {
        pbt__request *request = pbt__pool_next(&server->pool);
        if (request == NULL) {
            return NULL;
        }
        serve(request);
    }
}

/* ---- opening and closing --------------------------------------------------------------------- */

pbt_err pbt__pool_open(pbt__server *server, pbt_error *error)
{
    pbt__pool *pool = &server->pool;
    pthread_attr_t attributes;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->has_work, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->has_settled, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_attr_init(&attributes);
    errno = pthread_attr_setstacksize(&attributes, STACK_SIZE);
    while (errno == 0 && pool->thread_count < PBT__POOL_THREADS) {
        errno = pthread_create(&pool->threads[pool->thread_count], &attributes, work, server);
        pool->thread_count += errno == 0 ? 1 : 0;
    }
    pthread_attr_destroy(&attributes);
    return pool->thread_count == PBT__POOL_THREADS
               ? PBT_OK
               : pbt__fail_errno(error, "cannot start a thread");
}

void pbt__pool_close(pbt__server *server)
{
    pbt__pool *pool = &server->pool;
    pthread_mutex_lock(&pool->lock);
    pool->must_end = true;
    pthread_cond_broadcast(&pool->has_work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->thread_count; i++) {
        (void)pthread_join(pool->threads[i], NULL);
    }
    pthread_cond_destroy(&pool->has_work);
    pthread_cond_destroy(&pool->has_settled);
    pthread_mutex_destroy(&pool->lock);
}
