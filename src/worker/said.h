/* said.h: what is said of an attempt, by a trainer in C and by slots alike. */
#ifndef PBT_WORKER_SAID_H
#define PBT_WORKER_SAID_H

#include "base/metrics.h"
#include "worker/checkpoint.h"

typedef struct pbt__said {
    const char *id; /* the segment's */
    int32_t attempt;
    int64_t step;           /* -1: not known */
    const char *checkpoint; /* Nullable: "saved" or "uploaded" */
    const pbt__metric *metrics;
    size_t metric_count;
} pbt__said;

/* What is said, as a body; NULL: no memory. */
json_t *pbt__said_json(const pbt__said *said);

/* POST a body, which is taken, as what is said of a segment. Nullable: body: no memory. Owner of
 * `*out`: the caller. Errors: the server's; PBT_ERR_LIMIT, PBT_ERR_IO, PBT_ERR_MEMORY. */
PBT_MUST_USE pbt_err pbt__said_post(pbt__caller *caller, const char *id, const char *verb,
                                    json_t *body, json_t **out, pbt_error *error);

/* Report, with what lies at the parcel's `save_to`, and say in `checkpoint` what that was, where it
 * is anything. What the server does not see where it looks is sent after all. */
PBT_MUST_USE pbt_err pbt__said_report(pbt__caller *caller, pbt__said *said,
                                      const pbt__parcel *parcel, json_t **out, pbt_error *error);

#endif
