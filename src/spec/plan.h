/* plan.h: numbers that follow from a spec. */
#ifndef PBT_SPEC_PLAN_H
#define PBT_SPEC_PLAN_H

#include "spec/spec.h"

typedef struct pbt__plan {
    int64_t segments; /* per member */
    int64_t segments_total;
    int64_t steps_total;
    int64_t decisions;      /* per member; no decision is made at the last step */
    int64_t first_decision; /* Units: steps; 0 if there is none */
    int64_t last_decision;
    int32_t quorum; /* members that must have reported a ready point */
    bool has_k;     /* the exploit rule has a share of copiers: truncation */
    int32_t k;      /* so many copy */
} pbt__plan;

pbt__plan pbt__plan_of(const pbt_search *search);

#endif
