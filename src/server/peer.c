/*
 * peer.c: the list of connections, and the thread that closes those that are late.
 *
 * Only libmicrohttpd closes a socket, after its last callback for it. That callback takes the peer
 * off the list under the lock, and sockets are shut down under the same lock, so a reused number is
 * never shut down. After a shutdown libmicrohttpd reads the end and cleans up.
 */
#include "server/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"

enum { LOOK_NS = 200000000 };

static void shut(pbt__peers *peers, pbt__peer *peer)
{
    (void)shutdown(peer->socket, SHUT_RDWR);
    peer->is_shut = true;
    peers->count--;
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* libmicrohttpd misses a client that hangs up together with its last bytes or during its answer; it
 * is found here. Two looks in a row are needed: between a request and its answer a client seems
 * gone for a moment. */
static bool is_gone(pbt__peer *peer)
{
    const bool was_gone = peer->was_gone;
    peer->was_gone = !atomic_load(&peer->is_answering) && pbt__peer_has_gone(peer);
    return was_gone && peer->was_gone;
}

static bool is_due(pbt__peer *peer, int64_t now_us)
{
    return atomic_load(&peer->deadline_us) <= now_us || is_gone(peer);
}

static void shut_late(pbt__peers *peers)
{
    const int64_t now_us = pbt__clock_monotonic_us();
    for (pbt__peer *peer = peers->oldest; peer != NULL; peer = peer->after) {
        if (!peer->is_shut && is_due(peer, now_us)) {
            shut(peers, peer);
        }
    }
}

static void *watch(void *argument)
{
    pbt__peers *peers = argument;
    pthread_mutex_lock(&peers->lock);
    while (!peers->must_end) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        const long nanoseconds = until.tv_nsec + LOOK_NS;
        until.tv_sec += nanoseconds / 1000000000;
        until.tv_nsec = nanoseconds % 1000000000;
        (void)pthread_cond_timedwait(&peers->is_closing, &peers->lock, &until);
        shut_late(peers);
    }
    pthread_mutex_unlock(&peers->lock);
    return NULL;
}

pbt_err pbt__peers_open(pbt__peers *peers, int32_t maximum, int64_t request_us, pbt_error *error)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&peers->lock, NULL);
    pthread_cond_init(&peers->is_closing, &monotonic);
    pthread_condattr_destroy(&monotonic);
    peers->maximum = maximum;
    peers->request_us = request_us;
    errno = pthread_create(&peers->watch, NULL, watch, peers);
    peers->has_watch = errno == 0;
    return peers->has_watch ? PBT_OK : pbt__fail_errno(error, "cannot start a thread");
}

void pbt__peers_close(pbt__peers *peers)
{
    pthread_mutex_lock(&peers->lock);
    peers->must_end = true;
    pthread_cond_signal(&peers->is_closing);
    pthread_mutex_unlock(&peers->lock);
    if (peers->has_watch) {
        (void)pthread_join(peers->watch, NULL);
    }
    pthread_cond_destroy(&peers->is_closing);
    pthread_mutex_destroy(&peers->lock);
}

/* ---- coming and going ------------------------------------------------------------------------ */

/* Whom to close for a new connection: the oldest other one without a token, else the oldest idle
 * one, else the new one. */
static pbt__peer *find_victim(const pbt__peers *peers)
{
    pbt__peer *resting = NULL;
    for (pbt__peer *peer = peers->oldest; peer != NULL; peer = peer->after) {
        if (peer->is_shut || peer == peers->newest) {
            continue;
        }
        if (!atomic_load(&peer->is_known)) {
            return peer;
        }
        if (resting == NULL && atomic_load(&peer->is_resting)) {
            resting = peer;
        }
    }
    return resting != NULL ? resting : peers->newest;
}

static void add(pbt__peers *peers, pbt__peer *peer)
{
    pthread_mutex_lock(&peers->lock);
    peer->before = peers->newest;
    *(peers->newest != NULL ? &peers->newest->after : &peers->oldest) = peer;
    peers->newest = peer;
    peers->count++;
    if (peers->count > peers->maximum) {
        shut(peers, find_victim(peers));
    }
    pthread_mutex_unlock(&peers->lock);
}

static void drop(pbt__peers *peers, pbt__peer *peer)
{
    pthread_mutex_lock(&peers->lock);
    *(peer->before != NULL ? &peer->before->after : &peers->oldest) = peer->after;
    *(peer->after != NULL ? &peer->after->before : &peers->newest) = peer->before;
    peers->count -= peer->is_shut ? 0 : 1;
    pthread_mutex_unlock(&peers->lock);
    free(peer);
}

static int socket_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    return info != NULL ? info->connect_fd : -1;
}

void pbt__peers_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                       enum MHD_ConnectionNotificationCode code)
{
    pbt__peers *peers = context;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*socket_context != NULL) {
            drop(peers, *socket_context);
        }
        return;
    }
    pbt__peer *peer = pbt__calloc(1, sizeof *peer);
    *socket_context = peer;
    if (peer == NULL) {
        (void)shutdown(socket_of(connection), SHUT_RDWR);
        return;
    }
    peer->socket = socket_of(connection);
    pbt__peer_allow(peer, peers->request_us);
    add(peers, peer);
}

pbt__peer *pbt__peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

void pbt__peer_allow_until(pbt__peer *peer, int64_t deadline_us)
{
    if (peer != NULL) {
        atomic_store(&peer->deadline_us, deadline_us);
    }
}

void pbt__peer_allow(pbt__peer *peer, int64_t duration_us)
{
    pbt__peer_allow_until(peer, pbt__clock_monotonic_us() + duration_us);
}

void pbt__peer_answer(pbt__peer *peer, bool is_answering)
{
    if (peer != NULL) {
        atomic_store(&peer->is_answering, is_answering);
    }
}

bool pbt__peer_has_gone(const pbt__peer *peer)
{
    char byte;
    const ssize_t count = recv(peer->socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
}
