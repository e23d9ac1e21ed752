/*
 * follow.h: handing a study's events, in order, to a listener that may be slow.
 *
 * A follower is a thread with a position in the log. The log is the queue: a slow listener delays
 * nobody, costs no memory, and misses nothing until the run ends. Events that it has not taken at
 * the end of its grace are counted in a warning.
 */
#ifndef PBT_CLI_FOLLOW_H
#define PBT_CLI_FOLLOW_H

#include "study/study.h"

typedef struct pbt__follower pbt__follower;

/* Who listens. All calls come from the follower's thread; they may block, and may call the study.
 */
typedef struct pbt__follow_ops {
    const char *name; /* begins its warnings: "--on-event" */
    void *context;
    /* Take an event. Any error ends the listening and is printed as a warning. Nullable: then
     * `settle` tells that the study has changed. */
    pbt_err (*take)(void *context, const json_t *event, pbt_error *error);
    /* Called after every look at the log, even without new events. Errors: as above. */
    pbt_err (*settle)(void *context, pbt_error *error);
    /* Called once, at the end, also after an error. An error is printed as a warning. */
    pbt_err (*end)(void *context, pbt_error *error);
} pbt__follow_ops;

/* Begin with the first event after `after`. The study is borrowed; the listener is copied, its
 * context borrowed. Errors: PBT_ERR_MEMORY, PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__follower_start(pbt__study *study, const pbt__follow_ops *listener,
                                         int64_t after, pbt__follower **out, pbt_error *error);

/*
 * Let the listener take the rest, for at most PBT__FOLLOW_GRACE_SECONDS (a second signal ends the
 * wait). Then end it, print the warnings not yet printed, and free. Nullable: follower.
 */
void pbt__follower_finish(pbt__follower *follower);

enum { PBT__FOLLOW_GRACE_SECONDS = 10 };

/* For a listener that blocks: the run and its grace are over. Threads: any. */
bool pbt__follower_is_late(const pbt__follower *follower);

#endif
