/* alive.h: whether the processes that hold a study's leases still live. */
#ifndef PBT_CLI_ALIVE_H
#define PBT_CLI_ALIVE_H

#include <jansson.h>

#include "store/store.h"

/* What a query knows of a store's owner: it is asked once for each study, and not again once it
 * was silent, because a process that is suspended costs seconds each time. */
typedef struct pbt__alive {
    pbt__store *store;
    char study[PBT__NAME_SIZE]; /* of the answer; "": not asked yet */
    json_t *said;               /* owned; NULL: no answer */
    bool is_silent;             /* there is an owner, and it did not answer */
} pbt__alive;

void pbt__alive_fini(pbt__alive *self);

/* The study as the store's owner tells it, which lasts until another one is asked for; NULL if it
 * does not. */
json_t *pbt__alive_ask(pbt__alive *self, const char *study);

/*
 * As `lives` of pbt__study_options; `self` is a pbt__alive. Workers of the owner (`local-N`) live
 * while it answers for the study; where it is silent, their leases are believed. Workers of a run
 * that joined (`joined-PID-N`) live while that process does. Of all others only the leases are
 * known.
 */
bool pbt__is_alive(void *self, const char *study, const char *worker);

/* Say whether the process behind a worker of another run on this store is certainly dead. */
bool pbt__is_dead(void *store, const char *worker);

#endif
