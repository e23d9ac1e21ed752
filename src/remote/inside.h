/* inside.h: a server's desk as its parts see it. */
#ifndef PBT_REMOTE_INSIDE_H
#define PBT_REMOTE_INSIDE_H

#include <pthread.h>

#include "base/json.h"
#include "remote/desk.h"
#include "worker/checkpoint.h"

/* A caller, at rest or lent to one thread. */
typedef struct pbt__line {
    pbt__caller caller;
    struct pbt__line *next;
} pbt__line;

/* A segment that was handed out here. Owner: the desk, until its session is handed another. Whoever
 * looks into it holds it, one at a time. */
typedef struct pbt__handed {
    char worker[PBT__NAME_SIZE], session[PBT__SESSION_SIZE];
    json_t *json; /* what the texts of `parcel` point into */
    pbt_segment_id id;
    int64_t resume_step;
    pbt__parcel parcel;
    bool is_held; /* guarded by the desk's lock; so is: */
    bool is_over; /* whoever holds it frees it */
    struct pbt__handed *next;
    pbt_change *changes; /* behind `values`. Shape: [the space's count] */
    pbt_value values[];  /* same */
} pbt__handed;

typedef struct pbt__remote {
    pbt__desk desk; /* first: a pbt__desk is what others hold */
    pbt_spec *spec;
    char *server, *study, *token; /* Nullable: token */
    char folder[PBT__PATH_SIZE];
    double patience_seconds;
    atomic_bool is_halted;
    pbt__audience audience;
    pthread_mutex_t lock;  /* of the two lists */
    pthread_cond_t let_go; /* something handed out is held no more */
    pbt__line *idle;
    pbt__handed *handed;
} pbt__remote;

/* ---- desk.c ---- */

/* Lend a caller, and take it back. Errors: PBT_ERR_MEMORY, PBT_ERR_IO. Nullable: line. */
PBT_MUST_USE pbt_err pbt__line_take(pbt__remote *remote, pbt__line **out, pbt_error *error);
void pbt__line_give(pbt__remote *remote, pbt__line *line);
/* Close a line that is nobody's. Nullable: line. */
void pbt__line_end(pbt__line *line);

/* GET. Owner of `*out`: the caller. */
PBT_MUST_USE pbt_err pbt__remote_ask(pbt__remote *remote, const char *path, json_t **out,
                                     pbt_error *error);

/* ---- attempt.c and local.c: the table's; desk.h ---- */

pbt_err pbt__remote_report(pbt__desk *desk, const pbt__claimant *who, const pbt__result *result,
                           pbt__reply *out, pbt_error *error);
pbt_err pbt__remote_heartbeat(pbt__desk *desk, const pbt__claimant *who, const pbt__pulse *pulse,
                              pbt__verb *verb, pbt_error *error);
pbt_err pbt__remote_release(pbt__desk *desk, const pbt__claimant *who, pbt_segment_id segment,
                            int32_t attempt, int64_t step, bool has_progress, pbt_error *error);
pbt_err pbt__remote_fail(pbt__desk *desk, const pbt__claimant *who, const pbt__failure *failure,
                         pbt__action *out, pbt_error *error);
pbt_err pbt__remote_hinder(pbt__desk *desk, const pbt__claimant *who, const pbt__failure *failure,
                           const pbt_error *why, pbt__action *out, pbt_error *error);
pbt_err pbt__remote_bring(pbt__desk *desk, pbt__assignment *assignment, pbt_error *error);
pbt_err pbt__remote_read(pbt__desk *desk, const pbt__assignment *assignment, void *out, size_t size,
                         size_t *length, pbt_error *error);
bool pbt__remote_drop(pbt__desk *desk, const pbt__assignment *assignment);
pbt_err pbt__remote_look(pbt__desk *desk, const char *worker, pbt__outlook *out, pbt_error *error);
pbt_err pbt__remote_bury(pbt__desk *desk, const char *worker, const char *message,
                         pbt_segment_id *held, pbt_error *error);

/* Say whether an answer means that the attempt is no longer ours. */
bool pbt__remote_is_over(pbt_err err);

/* ---- handed.c ---- */

/* Hold what was handed out, once nobody else does; NULL if it was not, here. */
pbt__handed *pbt__handed_hold(pbt__remote *remote, pbt_segment_id id, int32_t attempt);
/* Hold it no more. Nullable: handed. */
void pbt__handed_let_go(pbt__remote *remote, pbt__handed *handed);

/* Take the action that an answer holds, for a session, whose segment before is forgotten. Errors:
 * PBT_ERR_CORRUPT, PBT_ERR_IO (there is no place for what it saves), PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__handed_take(pbt__remote *remote, pbt__caller *caller,
                                      const pbt__claimant *who, const json_t *json,
                                      pbt__action *out, pbt_error *error);

/* Free all, and remove what they left. */
void pbt__handed_clear(pbt__remote *remote);

#endif
