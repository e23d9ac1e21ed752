/* inside.h: a server as its parts see it. */
#ifndef PBT_SERVER_INSIDE_H
#define PBT_SERVER_INSIDE_H

#include "server/hosted.h"
#include "server/peer.h"
#include "server/pool.h"
#include "server/request.h"
#include "server/server.h"

enum { PBT__TOKEN_MAXIMUM = 128 };

struct pbt__server {
    struct MHD_Daemon *daemon;
    char url[96];
    char token[PBT__TOKEN_MAXIMUM + 1], worker_token[PBT__TOKEN_MAXIMUM + 1]; /* "": none */
    int64_t request_us, idle_us;
    int64_t upload_maximum;
    double rate_minimum; /* Units: bytes a second */
    pbt__peers peers;
    pbt__pool pool;
    bool has_peers, has_pool;
    pbt__hosted *hosted;      /* under the pool's lock; so are */
    bool is_stopping;         /* nothing begins any more */
    int32_t parked_count;     /* claims that wait, of all studies; */
    int32_t parked_maximum;   /* half of all connections: the others have something to say */
    atomic_bool is_draining;  /* but not this, */
    atomic_bool has_begun;    /* nor this: it has served a study */
    atomic_size_t bodies;     /* bytes of all bodies being read */
    atomic_uint upload_count; /* makes names of uploads differ */
    atomic_int long_count;    /* long answers that are asked for */
    atomic_int waiting_count; /* claims that wait at a desk, each with a thread of the pool */
    atomic_bool is_verifying;
    /* One large body is taken apart, or one long answer put together, at a time. */
    pthread_mutex_t large;
};

/* Whose token a request's Authorization header holds, found in a time that does not tell how much
 * of it was right. Nullable: header */
pbt__role pbt__token_role(const pbt__server *server, const char *header);

#endif
