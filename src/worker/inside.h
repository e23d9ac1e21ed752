/* inside.h: a worker as its parts see it. */
#ifndef PBT_WORKER_INSIDE_H
#define PBT_WORKER_INSIDE_H

#include <pbt/worker.h>

#include "base/file.h"
#include "worker/heart.h"
#include "worker/proof.h"

enum { PBT__SEGMENT_SIZE = 32 };

/* A segment as it was handed out, and where its checkpoints lie here. */
typedef struct pbt__held {
    pbt_worker_segment segment; /* points into what follows */
    json_t *json;
    pbt_hyperparameter *hyperparameters;
    bool is_reload_always;
    bool is_shared; /* the server's folder is ours too */
    pbt__proof proof;
    double lease_seconds;
    char load[PBT__PATH_SIZE], save_to[PBT__PATH_SIZE];
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
    pbt__http http;
    pbt__heart heart;
    char *name;
    char session[33];
    uint64_t noise; /* of the session: spreads what many workers would do at once */
    double patience_seconds;
    char folder[PBT__PATH_SIZE];
    bool is_folder_made; /* by us, and to be removed */
    pbt__held held[2];
    int turn;
    pbt__holding holding;
    bool is_over, is_recorded;
    char reason[64];
    char *objective; /* NULL until it is asked for */
    char reported
        [PBT__SEGMENT_SIZE]; /* whose weights are in memory; "" where nobody's are for sure */
    pbt__collection metrics;
    atomic_bool is_interrupted;
};

/* ---- segment.c ---- */

/* Read a segment, which `held` keeps a reference to. Errors: PBT_ERR_CORRUPT, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__held_read(pbt__held *held, json_t *json, pbt_error *error);
void pbt__held_fini(pbt__held *held);

/* ---- call.c ---- */

/* POST, or GET where `body` is NULL, until it is answered or the patience ends. `*out` is
 * written in every case. Errors: the server's; PBT_ERR_IO where there was no answer. */
PBT_MUST_USE pbt_err pbt__worker_call(pbt_worker *worker, const char *path, const char *body,
                                      pbt__http_answer *out, pbt_error *error);
/* As that, for a claim that the server may keep for `wait_seconds`, and an interruption breaks off.
 * */
PBT_MUST_USE pbt_err pbt__worker_ask(pbt_worker *worker, const char *body, double wait_seconds,
                                     pbt__http_answer *out, pbt_error *error);
/* Rest, until interrupted where `is_hurried`. */
void pbt__worker_sleep(const pbt_worker *worker, double seconds, bool is_hurried);
/* Send a checkpoint, or fetch one, until it works or the patience ends. */
PBT_MUST_USE pbt_err pbt__worker_put(pbt_worker *worker, const char *path, FILE *file,
                                     bool is_folder, pbt_error *error);
PBT_MUST_USE pbt_err pbt__worker_get(pbt_worker *worker, const char *path, FILE *file,
                                     bool *is_folder, pbt_error *error);

/* ---- checkpoint.c ---- */

/* Choose where a segment saves, and bring here what it loads. */
PBT_MUST_USE pbt_err pbt__checkpoint_prepare(pbt_worker *worker, pbt__held *held, pbt_error *error);
/* Say what lies at `save_to`: `*word` is NULL (nothing), "saved", or "uploaded", after sending it,
 * which is done at any rate where `is_travelling`. */
PBT_MUST_USE pbt_err pbt__checkpoint_send(pbt_worker *worker, const pbt__held *held,
                                          bool is_travelling, const char **word, pbt_error *error);
/* Remove what lies here only. */
void pbt__checkpoint_clean(const pbt__held *held);

/* ---- claim.c ---- */

/* Take the action that an answer holds. */
PBT_MUST_USE pbt_err pbt__worker_take(pbt_worker *worker, const json_t *action, pbt_error *error);

/* ---- report.c ---- */

/* Give back what is held, without progress; what is lost is forgotten. */
PBT_MUST_USE pbt_err pbt__worker_drop(pbt_worker *worker, pbt_error *error);

#endif
