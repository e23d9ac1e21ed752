/*
 * metrics.h: the metrics of one segment: numbers by name, and lists of single evaluations.
 *
 * Remembers its first failure: record freely, then ask once (`failure`).
 */
#ifndef PBT_BASE_METRICS_H
#define PBT_BASE_METRICS_H

#include "base/json.h"

typedef struct pbt__metric {
    const char *name;
    double value;
    const double *samples; /* Nullable. Shape: samples[sample_count] */
    size_t sample_count;
    bool has_value; /* false: the samples' mean is the value */
} pbt__metric;

enum {
    PBT__METRICS_MAXIMUM = 128,
    PBT__METRIC_NAME_SIZE = 65,          /* with its NUL */
    PBT__METRIC_SAMPLES_MAXIMUM = 65536, /* of one metric */
};

/* What a metric's texts and samples lie in. */
typedef struct pbt__metric_memory {
    char name[PBT__METRIC_NAME_SIZE];
    double *samples;
    size_t capacity;
} pbt__metric_memory;

/* Invariant: items[i].name and .samples point into memory[i]. A zeroed one is empty. */
typedef struct pbt__metrics {
    size_t count;
    pbt_err failure; /* PBT_ERR_LIMIT (too many, a name too long or empty), PBT_ERR_MEMORY */
    pbt__metric items[PBT__METRICS_MAXIMUM];
    pbt__metric_memory memory[PBT__METRICS_MAXIMUM];
} pbt__metrics;

/* Forget everything, the failure too. */
void pbt__metrics_clear(pbt__metrics *metrics);

/* Record a value; the last one of a name counts. */
void pbt__metrics_set(pbt__metrics *metrics, const char *name, double value);
/* Add a single evaluation. */
void pbt__metrics_add(pbt__metrics *metrics, const char *name, double value);

/*
 * Find a metric's value, or the mean of its samples where it has none.
 * Returns false if there is no such metric.
 */
bool pbt__metrics_value(const pbt__metrics *metrics, const char *name, double *out);

/* Set "metrics" and "samples" of an object, if there are any. Bytes of a name that are not UTF-8
 * become question marks. False: no memory. Nullable: json, which is no memory. Shape: items[count]
 */
PBT_MUST_USE bool pbt__metrics_put(const pbt__metric *items, size_t count, json_t *json);

#endif
