/*
 * hosted.h: a study that a server answers for, and the claims that wait at it.
 *
 * Whoever trains it does so at its desk. Of a study that is elsewhere that is all there is, and a
 * claim waits at the desk, with the thread that serves it. Of one that is here:
 *
 * A claim that finds nothing may be parked: it holds no thread. The study's watcher, a thread that
 * sleeps until something changes, puts as many of the parked back into the queue as there are
 * segments to hand out. Once a second it sends one of them, changes or not: a claim expires leases
 * first, and no clock but that does.
 */
#ifndef PBT_SERVER_HOSTED_H
#define PBT_SERVER_HOSTED_H

#include <pthread.h>

#include "study/desk.h"

typedef struct pbt__request pbt__request;

/* All from `use_count` on is guarded by the server's lock; what is above stays as it is. */
typedef struct pbt__hosted {
    struct pbt__server *server;
    const char *name;
    pbt__study *study;    /* borrowed. NULL: it is elsewhere */
    pbt__study_desk own;  /* of `study` */
    pbt__desk *desk;      /* that one, or borrowed */
    const pbt_spec *spec; /* as it was when the study was added: its space is the same for ever */
    size_t use_count;     /* requests that the pool has */
    bool is_leaving;
    pthread_t watcher;
    pbt__request *first_parked, *last_parked;
    struct pbt__hosted *next;
} pbt__hosted;

/* Find a study by name and count a use of it; NULL if there is none, or it is leaving. */
pbt__hosted *pbt__hosted_take(struct pbt__server *server, const char *name);
void pbt__hosted_give(pbt__hosted *hosted);

typedef char pbt__hosted_name[PBT__NAME_SIZE];

/* The names of the studies that are served, in order, behind `after`. The caller frees; NULL: no
 * memory. Shape: [*count] */
pbt__hosted_name *pbt__hosted_names(struct pbt__server *server, const char *after, size_t *count);

typedef enum pbt__parking {
    PBT__PARKED,  /* it is the watcher's now: do not touch it */
    PBT__CHANGED, /* something changed since it looked: look again */
    PBT__CLOSED,  /* nobody waits any more: answer as it is */
} pbt__parking;

/* Park a claim that found nothing when `request->seen` was the state of things. A claim of the same
 * claimant that waits already is answered, for whoever asks anew has given it up; and where too
 * many wait, the one that has waited longest is. */
pbt__parking pbt__hosted_park(pbt__request *request);

/* Put every parked claim back into the queue, not to wait again; of a study elsewhere, halt the
 * desk. Holding the server's lock. */
void pbt__hosted_unpark_all(pbt__hosted *hosted);

/* As pbt__server_remove. */
void pbt__hosted_remove(pbt__hosted *hosted);

/* Say whether nobody asks for this study any more. Holding the server's lock. */
bool pbt__hosted_is_free(const pbt__hosted *hosted);

#endif
