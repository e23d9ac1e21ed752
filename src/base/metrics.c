/* metrics.c: gathering metrics. Only samples need memory. A segment has few metrics, so names are
 * searched linearly. */
#include "base/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

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

/* Find a metric or begin it: its index, or PBT__METRICS_MAXIMUM if it cannot be. */
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
    if (count == PBT__METRIC_SAMPLES_MAXIMUM) {
        fail(metrics, PBT_ERR_LIMIT);
        return false;
    }
    if (!pbt__array_room(&memory->samples, count, &memory->capacity, sizeof *memory->samples)) {
        fail(metrics, PBT_ERR_MEMORY);
        return false;
    }
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

/* ---- as JSON ---- */

static json_t *samples_json(const pbt__metric *metric)
{
    json_t *list = json_array();
    for (size_t i = 0; i < metric->sample_count; i++) {
        if (json_array_append_new(list, pbt__json_number(metric->samples[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Set a field of the object that is the field `name` of `json`, which is made if it is not
 * there. */
static bool set_in(json_t *json, const char *name, const char *field, json_t *value)
{
    json_t *object = json_object_get(json, name);
    if (object == NULL && json_object_set_new(json, name, object = json_object()) != 0) {
        json_decref(value);
        return false;
    }
    return json_object_set_new(object, field, value) == 0;
}

bool pbt__metrics_put(const pbt__metric *items, size_t count, json_t *json)
{
    bool is_whole = json != NULL;
    for (size_t i = 0; i < count && is_whole; i++) {
        char name[PBT__METRIC_NAME_SIZE];
        const pbt__metric *one = &items[i];
        (void)snprintf(name, sizeof name, "%s", one->name);
        pbt__utf8_mend(name);
        is_whole =
            (!one->has_value || set_in(json, "metrics", name, pbt__json_number(one->value))) &&
            (one->sample_count == 0 || set_in(json, "samples", name, samples_json(one)));
    }
    return is_whole;
}
