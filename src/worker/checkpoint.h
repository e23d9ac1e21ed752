/*
 * checkpoint.h: where the checkpoints of a segment lie here, and how they travel.
 *
 * Where the server's folder is ours too, nothing travels: the trainer writes to and reads from the
 * paths that the server names. Where it is not, the trainer is given paths in a folder of this
 * machine, and the bytes go by PUT and GET, a folder as a tar archive. A path that another machine
 * happens to have as well is known for another (proof.h); with an older server, or a folder that
 * takes no writes of ours, it is found out when the server does not see what was saved, which is
 * sent after all.
 */
#ifndef PBT_WORKER_CHECKPOINT_H
#define PBT_WORKER_CHECKPOINT_H

#include "worker/caller.h"
#include "worker/proof.h"

/* What one attempt loads and saves. Texts are the segment's own, until they are of paths here. */
typedef struct pbt__parcel {
    const char *id;
    int32_t attempt;
    const char *load; /* Nullable */
    const char *save_to;
    pbt__proof proof;
    bool is_shared;                                            /* the server's folder is ours too */
    char load_here[PBT__PATH_SIZE], save_here[PBT__PATH_SIZE]; /* "": nothing is ours alone */
} pbt__parcel;

/* Choose where the attempt saves, and make that path `save_to`. */
PBT_MUST_USE pbt_err pbt__checkpoint_place(pbt__caller *caller, pbt__parcel *parcel,
                                           pbt_error *error);
/* Bring a segment's checkpoint to `out`, by way of a file `aside`; nothing is at either. */
PBT_MUST_USE pbt_err pbt__checkpoint_fetch(pbt__caller *caller, const char *id, const char *aside,
                                           const char *out, pbt_error *error);
/* Bring here what it loads, make that path `load`, and check that it is of the kind and the size
 * that were recorded. Idempotent. */
PBT_MUST_USE pbt_err pbt__checkpoint_bring(pbt__caller *caller, pbt__parcel *parcel,
                                           pbt_error *error);
/* Say what lies at `save_to`: `*word` is NULL (nothing), "saved", or "uploaded", after sending it,
 * which is done at any rate where `is_travelling`. */
PBT_MUST_USE pbt_err pbt__checkpoint_send(pbt__caller *caller, const pbt__parcel *parcel,
                                          bool is_travelling, const char **word, pbt_error *error);
/* Send an open file, or a folder's archive, as what the attempt saved. */
PBT_MUST_USE pbt_err pbt__checkpoint_put(pbt__caller *caller, const pbt__parcel *parcel, FILE *file,
                                         bool is_folder, pbt_error *error);
/* Remove what lies here only. */
void pbt__checkpoint_clean(const pbt__parcel *parcel);

#endif
