/*
 * desk.h: a study in this process as a desk.
 *
 * Calls are the study's own, and as quick. What a segment starts from lies at its path already,
 * unless it is kept in the store.
 */
#ifndef PBT_STUDY_DESK_H
#define PBT_STUDY_DESK_H

#include <stdatomic.h>

#include "study/study.h"

typedef struct pbt__study_desk {
    pbt__desk desk; /* first: a pbt__desk is what others hold */
    pbt__study *study;
    const pbt_spec *spec;
    atomic_bool is_halted;
} pbt__study_desk;

/* Make a desk of a study. Borrowed: the study, which must outlive it. */
pbt__study_desk pbt__study_desk_init(pbt__study *study);

/* Make a desk of a spec whose study there is not yet: it knows `spec` and `other_size` alone.
 * Borrowed: the spec. */
pbt__study_desk pbt__spec_desk_init(const pbt_spec *spec);

#endif
