/* proof.h: whether a path here is the same file as on the server. */
#ifndef PBT_WORKER_PROOF_H
#define PBT_WORKER_PROOF_H

#include "base/json.h"

/* What the server says of a segment's checkpoint. Texts point into the segment's document. */
typedef struct pbt__proof {
    bool is_told;     /* false: an older server, which says nothing of the kind */
    const char *file; /* Nullable: the folder is shared where this file holds `nonce` alone */
    const char *nonce;
    const char *load_kind;    /* Nullable: "file" or "folder" */
    int64_t load_bytes;       /* -1: not known */
    int64_t load_modified_ns; /* of what lies outside the study's folder, else -1 */
} pbt__proof;

pbt__proof pbt__proof_read(const json_t *segment);

/* Say whether the study's folder is seen here. */
bool pbt__proof_holds(const pbt__proof *proof);

/* Say whether what lies at `path`, which is a segment's `load`, is the server's. */
bool pbt__proof_is_at_hand(const pbt__proof *proof, const char *path);

/* Compare the kind and size of what lies at `path` with what was recorded of `load`. Errors:
 * PBT_ERR_CHECKPOINT naming `load` and both, PBT_ERR_IO. Nullable: error. */
PBT_MUST_USE pbt_err pbt__proof_check(const pbt__proof *proof, const char *path, const char *load,
                                      pbt_error *error);

#endif
