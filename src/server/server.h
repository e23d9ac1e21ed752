/*
 * server.h: a study's calls over HTTP/1.1 (docs/api.yaml is the reference).
 *
 * A server answers for its studies, on one address, to clients with a token. It has no state of its
 * own: every call becomes a call of study.h, and a broken connection loses nothing. Bodies,
 * headers, names, connections, waits and times are bounded. It reads only checkpoints, and writes
 * only what an attempt sends.
 *
 * One thread of libmicrohttpd (epoll) reads and writes all sockets and never waits for a study.
 * Complete requests go to a pool of threads that may wait: reports at the same time share one
 * commit.
 */
#ifndef PBT_SERVER_SERVER_H
#define PBT_SERVER_SERVER_H

#include "study/study.h"

typedef struct pbt__server pbt__server;

enum {
    PBT__SERVER_BODY_MAXIMUM = 2 * 1024 * 1024,    /* Units: bytes of one JSON body; */
    PBT__SERVER_BODIES_MAXIMUM = 64 * 1024 * 1024, /* of all that are being read */
    PBT__SERVER_HEADERS_MAXIMUM = 8 * 1024,        /* Units: bytes of a connection's memory */
    PBT__SERVER_CONNECTIONS_MAXIMUM = 1024,
    PBT__SERVER_ADDRESS_MAXIMUM = 256, /* connections of one address that is not this machine */
    PBT__SERVER_WAIT_MAXIMUM = 30,     /* Units: seconds that a claim may ask to wait */
    PBT__TOKEN_SIZE = 44,              /* 256 random bits and more in URL-safe base 64, and a NUL */
};

/* Units: bytes of one checkpoint, where the options do not say. */
#define PBT__SERVER_UPLOAD_MAXIMUM ((int64_t)64 << 30)

typedef struct pbt__server_options {
    const char *address; /* "127.0.0.1"; one that is not loopback needs `is_insecure` */
    uint16_t port;       /* 0: a free one */
    const char *token;   /* who shows it may do everything; 16 to 128 printable characters */
    const char
        *worker_token; /* Nullable: who shows it may train and ask, and change nothing else */
    bool is_insecure;
    double request_seconds;       /* a request must arrive, and its answer leave, within; 0: 30; */
    double rate_minimum;          /* what is long has more, at so many bytes a second; 0: 65,536 */
    double idle_seconds;          /* a connection may rest between requests; 0: 120 */
    int64_t upload_maximum_bytes; /* of one checkpoint; 0: PBT__SERVER_UPLOAD_MAXIMUM */
    int32_t connection_maximum;   /* 0: PBT__SERVER_CONNECTIONS_MAXIMUM, or half of what the system
                                     lets this process open, whichever is less */
} pbt__server_options;

/*
 * Listen and answer. Errors: PBT_ERR_IO (the address is taken, ...), PBT_ERR_ARGUMENT (no such
 * address, not loopback, no token), PBT_ERR_MEMORY. Nullable: error.
 */
PBT_MUST_USE pbt_err pbt__server_start(const pbt__server_options *options, pbt__server **out,
                                       pbt_error *error);

/* Let running answers finish, stop listening, and free. A claim that waits is told to ask again.
 * NULL is allowed. */
void pbt__server_stop(pbt__server *server);

/* "http://127.0.0.1:PORT". Owner: the server. */
const char *pbt__server_url(const pbt__server *server);

/* Answer for a study from now on. The study is borrowed until pbt__server_remove or
 * pbt__server_stop. Errors: PBT_ERR_EXISTS, PBT_ERR_MEMORY, PBT_ERR_STATE (it is stopping).
 * Threads: any */
PBT_MUST_USE pbt_err pbt__server_add(pbt__server *server, pbt__study *study, pbt_error *error);

/* Answer for a study that is elsewhere, by its desk: this machine's workers train at it as at any
 * other, but are answered nothing else, and their checkpoints lie where the desk says. The desk is
 * borrowed until pbt__server_stop, which halts it. Errors, threads: as pbt__server_add. */
PBT_MUST_USE pbt_err pbt__server_add_desk(pbt__server *server, pbt__desk *desk, pbt_error *error);

/* Answer for it no more; returns when no answer needs it. Threads: any, one for each study */
void pbt__server_remove(pbt__server *server, const pbt__study *study);

/* Hand out nothing from now on: heartbeats say `release`, claims `wait`. What a report is
 * followed by is given back at once. Threads: any */
void pbt__server_drain(pbt__server *server);

/* Say whether a key of a spec may be amended over HTTP: not one that names a program, a file, a
 * folder or an environment (keys.h: PBT__KEY_REMOTE). */
bool pbt__server_may_amend(const char *key);

/* Make a token from the system's random numbers. Shape: out[PBT__TOKEN_SIZE] */
PBT_MUST_USE pbt_err pbt__token_make(char *out, pbt_error *error);

#endif
