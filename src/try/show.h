/* show.h: what `pbt try` prints: what it trains while it trains, then its checks. */
#ifndef PBT_TRY_SHOW_H
#define PBT_TRY_SHOW_H

#include "try/trial.h"

/* A line for each probe. */
typedef struct pbt__progress {
    bool is_quiet;
} pbt__progress;

void pbt__progress_title(const pbt__progress *progress, const pbt__trial *trial);
void pbt__progress_begin(const pbt__progress *progress, const char *words);
/* Nullable: probed, if it could not be trained. */
void pbt__progress_end(const pbt__progress *progress, const pbt__probed *probed);

typedef struct pbt__verdicts {
    const pbt__trial *trial;
    const pbt__check *checks; /* Shape: [PBT__CHECK_COUNT] */
    const char *folder;       /* Nullable: what was kept to be looked at */
} pbt__verdicts;

PBT_MUST_USE pbt_err pbt__verdicts_print(const pbt__verdicts *verdicts, pbt_error *error);
PBT_MUST_USE pbt_err pbt__verdicts_print_json(const pbt__verdicts *verdicts, pbt_error *error);

#endif
