/*
 * follow.h: handing a study's events, in order, to a listener that may be slow.
 *
 * A follower is a thread with a place in the log. The log itself is the queue: a listener that
 * takes its time holds up nobody, costs no memory, and misses nothing until the run ends; what it
 * has not taken when its grace is over is counted and said.
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
    /* Take an event. Anything but PBT_OK ends the listening; `error` is printed as a warning.
     * Nullable: whoever looks at the study itself is told by `settle` that it has changed. */
    pbt_err (*take)(void *context, const json_t *event, pbt_error *error);
    /* Called after every look at the log, also one that found nothing. Errors: as above. */
    pbt_err (*settle)(void *context, pbt_error *error);
    /* Called once, last, also after an error. What it returns is a warning, too. */
    pbt_err (*end)(void *context, pbt_error *error);
} pbt__follow_ops;

/* Begin with the first event after `after`. The study is borrowed; the listener is copied, its
 * context borrowed. Errors: PBT_ERR_MEMORY, PBT_ERR_IO. */
PBT_MUST_USE pbt_err pbt__follower_start(pbt__study *study, const pbt__follow_ops *listener,
                                         int64_t after, pbt__follower **out, pbt_error *error);

/*
 * Let the listener take the rest, for at most PBT__FOLLOW_GRACE_SECONDS (a second signal of the
 * user's ends the wait), end it, print what went wrong that was not yet printed, and free. NULL is
 * no follower.
 */
void pbt__follower_finish(pbt__follower *follower);

enum { PBT__FOLLOW_GRACE_SECONDS = 10 };

/* What a listener that blocks looks at: the run is over and so is the grace. Threads: any. */
bool pbt__follower_is_late(const pbt__follower *follower);

#endif
