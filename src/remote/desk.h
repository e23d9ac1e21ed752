/*
 * desk.h: a study that a server has, as a desk.
 *
 * Every call but a heartbeat is made again until it is answered or the patience ends. What a
 * segment starts from is brought here, and what an attempt saves is sent, where the server's folder
 * is not ours. If something here prevents an attempt, it is given back, and nothing trains here for
 * a moment; the study goes on elsewhere.
 */
#ifndef PBT_REMOTE_DESK_H
#define PBT_REMOTE_DESK_H

#include "desk/desk.h"

typedef struct pbt__remote_options {
    const char *server;      /* such as "http://127.0.0.1:8000" */
    const char *study;       /* its name */
    const char *token;       /* Nullable: none is shown */
    const char *folder;      /* Nullable: where checkpoints lie that travel; NULL: temporary ones */
    const char *spec_folder; /* Nullable: where the spec's paths begin here; NULL: as there */
    double patience_seconds; /* how long a server that does not answer is asked again */
} pbt__remote_options;

/*
 * Make a desk, and ask for the spec. Owner: the options are copied.
 * Errors: PBT_ERR_ARGUMENT (no such address, the token is refused), PBT_ERR_NOT_FOUND (no such
 * study), PBT_ERR_IO (no answer), PBT_ERR_CORRUPT (what is answered is no spec), PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__remote_desk_open(const pbt__remote_options *options, pbt__desk **out,
                                           pbt_error *error);
/* Free it. No call may be on its way. Nullable: desk. */
void pbt__remote_desk_close(pbt__desk *desk);

#endif
