/*
 * request.h: one request, from its first line to the last byte of its answer.
 *
 * Whose it is, by phase:
 *
 *     BODY      libmicrohttpd's thread: the body comes in
 *     AWAY      suspended, out of libmicrohttpd's reach: queued, at work in the pool, or parked
 *     ANSWERED  libmicrohttpd's thread: `response` is to be sent
 *
 * A large upload goes BODY, AWAY (its place is made), BODY, AWAY, ANSWERED; what needs no study,
 * such as a refusal, is never AWAY.
 */
#ifndef PBT_SERVER_REQUEST_H
#define PBT_SERVER_REQUEST_H

#include <microhttpd.h>

#include "base/text.h"
#include "server/hosted.h"
#include "server/peer.h"
#include "server/route.h"
#include "study/told.h"

typedef enum pbt__phase { PBT__PHASE_BODY, PBT__PHASE_AWAY, PBT__PHASE_ANSWERED } pbt__phase;

/* A checkpoint that comes in: a file beside where its attempt saves. */
typedef struct pbt__upload {
    int file; /* -1: not open */
    int64_t byte_count;
    bool is_tar;
    char path[PBT__PATH_SIZE];
} pbt__upload;

struct pbt__request {
    struct pbt__server *server;
    struct MHD_Connection *connection;
    pbt__peer *peer; /* Nullable */
    pbt__phase phase;
    int64_t begun_us; /* monotonic: when its body could begin to come */

    const pbt__route *route; /* NULL if it is refused before */
    char study[PBT__NAME_SIZE];
    pbt_segment_id segment;
    int64_t attempt, after, since, limit; /* of the query; -1: not given */
    int64_t member, number;               /* same */
    char of[PBT__ANSWERS_SIZE];           /* same; "": not given */
    char after_name[PBT__NAME_SIZE];      /* same: `after`, where studies are asked for */

    pbt__text body;
    size_t body_claimed; /* what it holds of the server's memory for bodies */
    int64_t byte_count;  /* that came in, kept or not */
    pbt__upload *upload; /* NULL if the route takes none, or before its place is made */

    pbt__hosted *hosted;   /* while the pool has it */
    bool is_waiting;       /* a claim that may be parked, until then, or until something changes: */
    int64_t wait_until_us; /* monotonic; 0: not decided yet */
    bool is_displaced;     /* another claim has its place: it is told to wait, and claims nothing */
    char claimant[PBT__NAME_SIZE + PBT__SESSION_SIZE]; /* of a claim: who waits */
    uint64_t seen;

    unsigned status; /* of a refusal that the table of errors does not have; 0: as it says */
    const char *refusal_name;
    pbt_error error; /* code PBT_OK: not refused */
    struct MHD_Response *response;
    int64_t response_length;

    struct pbt__request *next; /* in the queue, or among the parked */
};

/* libmicrohttpd's access handler; `context` is a pbt__server. */
enum MHD_Result pbt__request_handle(void *context, struct MHD_Connection *connection,
                                    const char *url, const char *method, const char *version,
                                    const char *data, size_t *size, void **own);

/* MHD_OPTION_URI_LOG_CALLBACK: a request's line has come. */
void *pbt__request_begin(void *context, const char *uri, struct MHD_Connection *connection);

/* MHD_OPTION_NOTIFY_COMPLETED: nothing of it will be asked for again. */
void pbt__request_end(void *context, struct MHD_Connection *connection, void **own,
                      enum MHD_RequestTerminationCode code);

#endif
