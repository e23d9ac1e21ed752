/* train.h: running `pbt try`'s probes. */
#ifndef PBT_TRY_TRAIN_H
#define PBT_TRY_TRAIN_H

#include "base/file.h"
#include "try/show.h"
#include "try/trial.h"

/* One command. */
typedef struct pbt__rehearsal {
    const char *gpus; /* Nullable: as --gpus takes them */
    bool keeps_all;   /* what was trained stays, even if nothing is wrong with it */
    pbt__trial trial;
    pbt__progress progress;
    char folder[PBT__PATH_SIZE];
} pbt__rehearsal;

/* Train the fixed probes, until one fails; later ones would tell nothing. */
PBT_MUST_USE pbt_err pbt__rehearsal_train(pbt__rehearsal *this, pbt_error *error);

/* A probe as the table says. */
pbt__probe pbt__rehearsal_probe(const pbt__rehearsal *this, pbt__probe_id id);

/* Train one probe with a line about it. */
PBT_MUST_USE pbt_err pbt__rehearsal_run(pbt__rehearsal *this, const pbt__probe *probe,
                                        const char *words, pbt__probed *out, pbt_error *error);

/* ---- vary.c ---- */

/* Change one hyperparameter at a time, as long as there is time. */
PBT_MUST_USE pbt_err pbt__rehearsal_vary(pbt__rehearsal *this, pbt_error *error);

/* ---- shift.c ---- */

/* Make the file that shifts the random numbers of programs in Python. */
PBT_MUST_USE pbt_err pbt__shift_make(const pbt__probe *probe, pbt_error *error);

#endif
