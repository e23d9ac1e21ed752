/*
 * stop.h: why a study stops, or a worker: one spelling in logs, JSON and clients.
 *
 * A log records the reasons from `user` to `broken`. Workers are told these, and `finished` (every
 * member has ended) or `interrupted` (the worker itself was told to end).
 */
#ifndef PBT_BASE_STOP_H
#define PBT_BASE_STOP_H

#include <stdbool.h>

typedef enum pbt__stop_reason {
    PBT__STOP_NONE,        /* "": it goes on */
    PBT__STOP_USER,        /* "user": pbt stop; it may be resumed */
    PBT__STOP_SCORE,       /* "score": stop.score is reached */
    PBT__STOP_SECONDS,     /* "seconds": stop.seconds are over */
    PBT__STOP_BROKEN,      /* "broken": no trainer works; it may be resumed */
    PBT__STOP_FINISHED,    /* "finished": every member has ended */
    PBT__STOP_INTERRUPTED, /* "interrupted": this worker ends, its study may go on */
} pbt__stop_reason;

/* The reason's one spelling. Never NULL. */
const char *pbt__stop_name(pbt__stop_reason reason);
/* Read it back; false if the text is no reason. Nullable: text */
bool pbt__stop_read(const char *text, pbt__stop_reason *out);

#endif
