/*
 * sign.h: the last sign of life of whoever trains a member.
 *
 * What a heartbeat says beyond its step: when it came, and the last logged value of each metric.
 * One small blob a member, under a number that no segment has, so that stores of every version hold
 * it. It is of use while its attempt trains; nothing is ever decided by it, and a report does not
 * touch it.
 */
#ifndef PBT_STUDY_SIGN_H
#define PBT_STUDY_SIGN_H

#include "study/inside.h"

enum {
    PBT__SIGN_METRICS_MAXIMUM = 16,
    PBT__SIGN_BYTES_MAXIMUM = 4096, /* of a sign in the store */
};

/* Keep what a heartbeat of this claim's attempt has said. Metrics that it does not name keep their
 * last value; those beyond the bounds are left out. Inside an operation. */
PBT_MUST_USE pbt_err pbt__sign_put(pbt__study *study, const pbt__claim *claim,
                                   const pbt__metric *metrics, size_t metric_count,
                                   pbt_error *error);

/* The sign of a claim's attempt as the store keeps it: {segment attempt seen_us metrics}; NULL
 * if there is none. */
json_t *pbt__sign_get(const pbt__study *study, const pbt__claim *claim);

#endif
