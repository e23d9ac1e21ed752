/* pool.h: the threads that may wait for a study, and their queue. */
#ifndef PBT_SERVER_POOL_H
#define PBT_SERVER_POOL_H

#include <pbt/pbt.h>
#include <pthread.h>

struct pbt__server;
typedef struct pbt__request pbt__request;

/* A group of reports has at most as many as there are threads. */
enum { PBT__POOL_THREADS = 64 };

/* `lock` guards everything in the server unless stated otherwise. */
typedef struct pbt__pool {
    pthread_mutex_t lock;
    pthread_cond_t has_work;    /* a request in the queue, or the end */
    pthread_cond_t has_settled; /* a count below fell, or a study's use */
    pthread_t threads[PBT__POOL_THREADS];
    size_t thread_count;
    pbt__request *first, *last;
    size_t away_count;    /* requests that are AWAY */
    size_t request_count; /* all that have begun and not ended */
    bool must_end;
} pbt__pool;

PBT_MUST_USE pbt_err pbt__pool_open(struct pbt__server *server, pbt_error *error);
/* End the threads; no request is AWAY any more. */
void pbt__pool_close(struct pbt__server *server);

/* Suspend a request and queue it. Returns false, without either, where the server is stopping.
 * From its handler. */
bool pbt__pool_send(pbt__request *request);

/* Queue a request that is AWAY already. Holding the lock. */
void pbt__pool_queue(struct pbt__server *server, pbt__request *request);
/* Wait for the next request; NULL at the end. */
pbt__request *pbt__pool_next(pbt__pool *pool);

#endif
