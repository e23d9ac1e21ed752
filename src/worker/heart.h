/*
 * heart.h: the thread that keeps a segment's lease while its trainer trains.
 *
 * It has its own connection, so that a beat never waits for a report. An answer counts only for the
 * segment of its beat:
 *
 *     trainer   begins A          reports A   begins B
 *     heart          beat A ................. "stop"       a late word about A says nothing about B
 */
#ifndef PBT_WORKER_HEART_H
#define PBT_WORKER_HEART_H

#include <pthread.h>

#include "base/metrics.h"
#include "worker/http.h"

typedef enum pbt__instruction {
    PBT__GO_ON,
    PBT__GIVE_BACK, /* with what can be saved */
    PBT__BREAK_OFF, /* the study is over */
    PBT__LOST,      /* the segment is another's */
} pbt__instruction;

typedef struct pbt__heart {
    pbt__http http;
    pthread_t thread;
    pthread_mutex_t lock; /* over all below but what is atomic */
    pthread_cond_t wake;
    bool has_lock, has_thread;
    char path[96];
    int32_t attempt;
    uint64_t turn; /* counts begins and rests */
    bool is_beating;
    double interval_seconds;
    int64_t step; /* -1: not known */
    pbt__metrics curves;
    atomic_bool is_closing;
    atomic_int verdict; /* pbt__instruction */
} pbt__heart;

/* Start the thread, at rest. The parameters are pbt__http_init's. pbt__heart_fini in any case. */
PBT_MUST_USE pbt_err pbt__heart_init(pbt__heart *heart, const char *server, const char *study,
                                     const char *token, pbt_error *error);
/* Break off a beat that is under way, and end the thread. */
void pbt__heart_fini(pbt__heart *heart);

/* Beat for a segment from now on; the lease is new. */
void pbt__heart_begin(pbt__heart *heart, const char *segment, int32_t attempt,
                      double lease_seconds);
/* Beat no more. */
void pbt__heart_rest(pbt__heart *heart);

/* Show progress, and a curve where `name` is not NULL. Threads: any */
void pbt__heart_log(pbt__heart *heart, int64_t step, const char *name, double value);

#endif
