/*
 * peer.h: connections, and how long each may take.
 *
 * libmicrohttpd's own time-out restarts with every byte, so a client that sends a byte a second
 * would be served for ever. Here each connection has a deadline that only a whole request, enough
 * bytes or an allowed rest moves. A thread looks a few times a second and closes late ones. When
 * there are too many, the oldest without a token is closed first, so that strangers cannot keep
 * workers out.
 */
#ifndef PBT_SERVER_PEER_H
#define PBT_SERVER_PEER_H

#include <microhttpd.h>
#include <pbt/pbt.h>
#include <pthread.h>
#include <stdatomic.h>

/* Owner: libmicrohttpd's connection, from its first callback to its last. */
typedef struct pbt__peer {
    int socket;
    _Atomic int64_t deadline_us; /* monotonic; INT64_MAX: none */
    atomic_bool is_known;        /* has shown the token */
    atomic_bool is_resting;      /* between requests */
    atomic_bool is_answering;    /* all of its request has come */
    bool is_shut, was_gone;      /* `was_gone`: at the last look */
    struct pbt__peer *before, *after;
} pbt__peer;

typedef struct pbt__peers {
    pthread_mutex_t lock; /* of all but the atomics */
    pthread_cond_t is_closing;
    pthread_t watch;
    bool has_watch, must_end;
    pbt__peer *oldest, *newest;
    int32_t count, maximum; /* `count`: those not shut */
    int64_t request_us;     /* the first request's deadline */
} pbt__peers;

/* Begin with no connection and start the thread. Errors: PBT_ERR_IO */
PBT_MUST_USE pbt_err pbt__peers_open(pbt__peers *peers, int32_t maximum, int64_t request_us,
                                     pbt_error *error);
/* End the thread; all connections are closed already. */
void pbt__peers_close(pbt__peers *peers);

/* libmicrohttpd's MHD_OPTION_NOTIFY_CONNECTION; `context` is a pbt__peers. */
void pbt__peers_notify(void *context, struct MHD_Connection *connection, void **socket_context,
                       enum MHD_ConnectionNotificationCode code);

/* A connection's own; NULL if there was no memory for it: it is being closed then. */
pbt__peer *pbt__peer_of(struct MHD_Connection *connection);

/* Set a connection's deadline; INT64_MAX: none. Nullable: peer */
void pbt__peer_allow_until(pbt__peer *peer, int64_t deadline_us);
/* As that, from now. */
void pbt__peer_allow(pbt__peer *peer, int64_t duration_us);

/* Say whether all of a request has come: its other side may then shut its half and read on.
 * Nullable: peer */
void pbt__peer_answer(pbt__peer *peer, bool is_answering);

/* Say whether the other side has hung up. */
bool pbt__peer_has_gone(const pbt__peer *peer);

#endif
