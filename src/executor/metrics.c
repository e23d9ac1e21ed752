/* metrics.c: gathering metrics. Memory is allocated for samples alone; a segment has few metrics,
 * so a name is found by looking at all of them. */
#include "executor/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_CAPACITY = 16 };

void pbt__metrics_clear(pbt__metrics *metrics)
{
    for (size_t i = 0; i < metrics->count; i++) {
        free(metrics->memory[i].samples);
        metrics->memory[i] = (pbt__metric_memory){.samples = NULL};
    }
    metrics->count = 0;
    metrics->failure = PBT_OK;
}

static size_t find(const pbt__metrics *metrics, const char *name)
{
    size_t i = 0;
    while (i < metrics->count && strcmp(metrics->items[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void fail(pbt__metrics *metrics, pbt_err err)
{
    if (metrics->failure == PBT_OK) {
        metrics->failure = err;
    }
}

/* Find a metric or begin it: its index, or PBT__METRICS_MAXIMUM where it cannot be. */
static size_t find_or_begin(pbt__metrics *metrics, const char *name)
{
    const size_t i = find(metrics, name);
    const size_t length = strlen(name);
    if (i < metrics->count) {
        return i;
    }
    if (i == PBT__METRICS_MAXIMUM || length == 0 || length >= PBT__METRIC_NAME_SIZE) {
        fail(metrics, PBT_ERR_LIMIT);
        return PBT__METRICS_MAXIMUM;
    }
    memcpy(metrics->memory[i].name, name, length + 1);
    metrics->items[i] = (pbt__metric){.name = metrics->memory[i].name};
    metrics->count++;
    return i;
}

void pbt__metrics_set(pbt__metrics *metrics, const char *name, double value)
{
    const size_t i = find_or_begin(metrics, name);
    if (i < PBT__METRICS_MAXIMUM) {
        metrics->items[i].value = value;
        metrics->items[i].has_value = true;
    }
}

/* Make room for one sample more. */
static bool reserve(pbt__metrics *metrics, pbt__metric_memory *memory, size_t count)
{
    if (count < memory->capacity) {
        return true;
    }
    const size_t capacity = memory->capacity > 0 ? 2 * memory->capacity : FIRST_CAPACITY;
    double *samples = capacity <= PBT__METRIC_SAMPLES_MAXIMUM
                          ? pbt__realloc(memory->samples, capacity, sizeof *samples)
                          : NULL;
    if (samples == NULL) {
        fail(metrics, capacity <= PBT__METRIC_SAMPLES_MAXIMUM ? PBT_ERR_MEMORY : PBT_ERR_LIMIT);
        return false;
    }
    memory->samples = samples;
    memory->capacity = capacity;
    return true;
}

void pbt__metrics_add(pbt__metrics *metrics, const char *name, double value)
{
    const size_t i = find_or_begin(metrics, name);
    if (i == PBT__METRICS_MAXIMUM) {
        return;
    }
    pbt__metric *metric = &metrics->items[i];
    if (!reserve(metrics, &metrics->memory[i], metric->sample_count)) {
        return;
    }
    metrics->memory[i].samples[metric->sample_count++] = value;
    metric->samples = metrics->memory[i].samples;
}

bool pbt__metrics_value(const pbt__metrics *metrics, const char *name, double *out)
{
    const size_t i = find(metrics, name);
    if (i == metrics->count) {
        return false;
    }
    const pbt__metric *metric = &metrics->items[i];
    double sum = 0;
    for (size_t j = 0; j < metric->sample_count; j++) {
        sum += metric->samples[j];
    }
    *out = metric->has_value ? metric->value : sum / (double)metric->sample_count;
    return true;
}
