/* probes.h: the table of probes. */
#ifndef PBT_TRY_PROBES_H
#define PBT_TRY_PROBES_H

#include "try/trial.h"

typedef struct pbt__probe_row {
    const char *name;  /* of its folder */
    const char *words; /* what is trained */
    int32_t population, segment_count;
    bool is_other; /* member 0 has the other hyperparameters */
    bool reload_always;
    bool is_pinned;
    int seed_shift;
    pbt__probe_id start; /* whose first segment it begins with; PBT__PROBE_COUNT: none */
} pbt__probe_row;

extern const pbt__probe_row pbt__probe_rows[PBT__PROBE_COUNT];

#endif
