/* metrics.h: named numbers and lists of single evaluations, as a report holds them. */
#ifndef PBT_WORKER_METRICS_H
#define PBT_WORKER_METRICS_H

#include <pbt/pbt.h>

#include "base/json.h"

enum {
    PBT__SERIES_COUNT_MAXIMUM = 128,
    PBT__SERIES_NAME_SIZE = 65, /* with its NUL */
    PBT__SERIES_SAMPLES_MAXIMUM = 65536,
};

typedef struct pbt__series {
    char name[PBT__SERIES_NAME_SIZE];
    bool has_value;
    double value;
    double *samples; /* Shape: samples[sample_count] */
    size_t sample_count, sample_capacity;
} pbt__series;

/* Remembers its first failure: add freely, then look at `err` once. All zeros is empty. */
typedef struct pbt__collection {
    pbt__series items[PBT__SERIES_COUNT_MAXIMUM];
    size_t count;
    pbt_err err; /* PBT_ERR_LIMIT or PBT_ERR_MEMORY */
} pbt__collection;

/* Set a value; the last one counts. */
void pbt__collection_set(pbt__collection *metrics, const char *name, double value);
/* Add a single evaluation. */
void pbt__collection_add(pbt__collection *metrics, const char *name, double value);
/* Forget everything, failures included. */
void pbt__collection_clear(pbt__collection *metrics);

/* Set "metrics" and "samples" of an object, each where there are any. False: no memory. Nullable:
 * json, which is no memory. */
PBT_MUST_USE bool pbt__collection_put(const pbt__collection *metrics, json_t *json);

#endif
