/* queue.c: the requests that wait for a thread of the pool. */
#include "server/inside.h"
#include "server/pool.h"

void pbt__pool_queue(pbt__server *server, pbt__request *request)
{
    pbt__pool *pool = &server->pool;
    request->next = NULL;
    *(pool->last != NULL ? &pool->last->next : &pool->first) = request;
    pool->last = request;
    pthread_cond_signal(&pool->has_work);
}

pbt__request *pbt__pool_next(pbt__pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    while (pool->first == NULL && !pool->must_end) {
        pthread_cond_wait(&pool->has_work, &pool->lock);
    }
    pbt__request *request = pool->first;
    if (request != NULL) {
        pool->first = request->next;
        pool->last = pool->first != NULL ? pool->last : NULL;
    }
    pthread_mutex_unlock(&pool->lock);
    return request;
}
