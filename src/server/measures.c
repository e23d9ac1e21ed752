/* measures.c: metrics and samples, out of JSON. Two passes, so that all samples are one
 * allocation. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "server/body.h"
#include "study/json.h"

static const char NOT_NUMBERS[] =
    "holds what is neither a number nor one of \"nan\", \"inf\", \"-inf\"";

/* Find a metric by name, or begin it; NULL on failure. */
static pbt__metric *metric_of(pbt__body *body, pbt__measures *measures, const char *name)
{
    size_t i = 0;
    while (i < measures->count && strcmp(measures->names[i], name) != 0) {
        i++;
    }
    const size_t length = strlen(name);
    if (i < measures->count) {
        return &measures->items[i];
    }
    if (i == PBT__MEASURE_COUNT_MAXIMUM || length == 0 || length >= PBT__MEASURE_NAME_SIZE) {
        pbt__body_fail(body, "metrics", "has at most 128 names, of 1 to 64 bytes each");
        return NULL;
    }
    memcpy(measures->names[i], name, length + 1);
    measures->items[i] = (pbt__metric){.name = measures->names[i]};
    measures->count++;
    return &measures->items[i];
}

/* A field that is an object; NULL where it is absent, or on failure. */
static json_t *object_of(pbt__body *body, const char *key)
{
    json_t *value = pbt__body_has(body, key) ? json_object_get(body->json, key) : NULL;
    if (value != NULL && !json_is_object(value)) {
        pbt__body_fail(body, key, "is not an object");
        return NULL;
    }
    return value;
}

static void read_values(pbt__body *body, pbt__measures *measures)
{
    json_t *values = object_of(body, "metrics");
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(values, name, value)
    {
        pbt__metric *metric = metric_of(body, measures, name);
        if (metric == NULL) {
            return;
        }
        metric->has_value = true;
        if (!pbt__json_number_read(value, &metric->value)) {
            pbt__body_fail(body, "metrics", NOT_NUMBERS);
        }
    }
}

static size_t count_samples(pbt__body *body, json_t *lists)
{
    const char *name = NULL;
    json_t *list = NULL;
    size_t total = 0;
    json_object_foreach(lists, name, list)
    {
        const size_t count = json_array_size(list);
        if (!json_is_array(list) || count == 0 || count > PBT__MEASURE_SAMPLES_MAXIMUM) {
            pbt__body_fail(body, "samples", "holds lists of 1 to 65536 numbers");
        }
        total += count;
    }
    return total;
}

static void read_list(pbt__body *body, const json_t *list, double *samples)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!pbt__json_number_read(json_array_get(list, i), &samples[i])) {
            pbt__body_fail(body, "samples", NOT_NUMBERS);
        }
    }
}

static void read_samples(pbt__body *body, pbt__measures *measures)
{
    json_t *lists = object_of(body, "samples");
    const char *name = NULL;
    json_t *list = NULL;
    const size_t total = count_samples(body, lists);
    if (total == 0 || body->err != PBT_OK) {
        return;
    }
    measures->samples = pbt__calloc(total, sizeof *measures->samples);
    if (measures->samples == NULL) {
        body->err = pbt__fail_memory(body->error);
        return;
    }
    double *samples = measures->samples;
    json_object_foreach(lists, name, list)
    {
        pbt__metric *metric = metric_of(body, measures, name);
        if (metric == NULL) {
            return;
        }
        metric->samples = samples;
        metric->sample_count = json_array_size(list);
        read_list(body, list, samples);
        samples += metric->sample_count;
    }
}

pbt__measures *pbt__measures_new(pbt__body *body)
{
    pbt__measures *measures = pbt__calloc(1, sizeof *measures);
    if (measures == NULL) {
        body->err = pbt__fail_memory(body->error);
        return NULL;
    }
    read_values(body, measures);
    read_samples(body, measures);
    if (body->err != PBT_OK) {
        pbt__measures_free(measures);
        return NULL;
    }
    return measures;
}

void pbt__measures_free(pbt__measures *measures)
{
    if (measures != NULL) {
        free(measures->samples);
    }
    free(measures);
}
