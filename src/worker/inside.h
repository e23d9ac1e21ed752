/* inside.h: a worker as its parts see it. */
#ifndef PBT_WORKER_INSIDE_H
#define PBT_WORKER_INSIDE_H

#include <pbt/worker.h>

#include "worker/checkpoint.h"
#include "worker/heart.h"

enum { PBT__SEGMENT_SIZE = 32 };

/* A segment as it was handed out, and where its checkpoints lie here. */
typedef struct pbt__held {
    pbt_worker_segment segment; /* points into what follows */
    json_t *json;
    pbt_hyperparameter *hyperparameters;
    bool is_reload_always;
    pbt__parcel parcel;
    double lease_seconds;
} pbt__held;

typedef enum pbt__holding {
    PBT__HOLDS_NOTHING,
    PBT__HOLDS_COMING, /* handed out with an answer; the trainer does not know yet */
    PBT__HOLDS_OPEN,
} pbt__holding;

/*
 * `held[turn]` is what the trainer sees. An answer puts the next segment into the other place, so
 * that the one reported stays valid until the trainer asks for the next.
 */
struct pbt_worker {
    pbt__caller caller;
    pbt__heart heart;
    char *name;
    char session[33];
    pbt__held held[2];
    int turn;
    pbt__holding holding;
    bool is_over, is_recorded;
    char reason[64];
    char *objective;                  /* NULL until it is asked for */
    char reported[PBT__SEGMENT_SIZE]; /* whose weights are in memory; "" if nobody's are for sure */
    pbt__metrics metrics;
    atomic_bool is_interrupted;
};

/* ---- segment.c ---- */

/* Read a segment, which `held` keeps a reference to. Errors: PBT_ERR_CORRUPT, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__held_read(pbt__held *held, json_t *json, pbt_error *error);
void pbt__held_fini(pbt__held *held);

/* ---- claim.c ---- */

/* Take the action that an answer holds. */
PBT_MUST_USE pbt_err pbt__worker_take(pbt_worker *worker, const json_t *action, pbt_error *error);

/* ---- report.c ---- */

/* Give back what is held, without progress; what is lost is forgotten. */
PBT_MUST_USE pbt_err pbt__worker_drop(pbt_worker *worker, pbt_error *error);

#endif
