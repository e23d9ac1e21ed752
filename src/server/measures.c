/* measures.c: metrics and samples, out of JSON. */
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "server/body.h"

static const char NOT_NUMBERS[] =
    "has a value that is neither a number nor one of \"nan\", \"inf\", \"-inf\"";

/* A field that is an object; NULL if it is absent, or on failure. */
static json_t *object_of(pbt__body *body, const char *key)
{
    json_t *value = pbt__body_has(body, key) ? json_object_get(body->json, key) : NULL;
    if (value != NULL && !json_is_object(value)) {
        pbt__body_fail(body, key, "is not an object");
        return NULL;
    }
    return value;
}

static double number_of(pbt__body *body, const char *key, const json_t *value)
{
    double number = 0;
    if (!pbt__json_number_read(value, &number)) {
        pbt__body_fail(body, key, NOT_NUMBERS);
    }
    return number;
}

static void read_values(pbt__body *body, pbt__metrics *metrics)
{
    const char *name = NULL;
    json_t *value = NULL;
    json_object_foreach(object_of(body, "metrics"), name, value)
    {
        pbt__metrics_set(metrics, name, number_of(body, "metrics", value));
    }
}

static void read_samples(pbt__body *body, pbt__metrics *metrics)
{
    const char *name = NULL;
    json_t *list = NULL;
    json_object_foreach(object_of(body, "samples"), name, list)
    {
        const size_t count = json_array_size(list);
        if (!json_is_array(list) || count == 0 || count > PBT__METRIC_SAMPLES_MAXIMUM) {
            pbt__body_fail(body, "samples", "holds lists of 1 to 65536 numbers");
        }
        for (size_t i = 0; i < count && body->err == PBT_OK; i++) {
            pbt__metrics_add(metrics, name, number_of(body, "samples", json_array_get(list, i)));
        }
    }
}

pbt__metrics *pbt__measures_new(pbt__body *body)
{
    pbt__metrics *metrics = pbt__calloc(1, sizeof *metrics);
    if (metrics == NULL) {
        body->err = pbt__fail_memory(body->error);
        return NULL;
    }
    read_values(body, metrics);
    read_samples(body, metrics);
    if (metrics->failure == PBT_ERR_LIMIT) {
        pbt__body_fail(body, "metrics", "has at most 128 names, of 1 to 64 bytes each");
    } else if (metrics->failure != PBT_OK) {
        body->err = pbt__fail_memory(body->error);
    }
    if (body->err != PBT_OK) {
        pbt__measures_free(metrics);
        return NULL;
    }
    return metrics;
}

void pbt__measures_free(pbt__metrics *metrics)
{
    if (metrics != NULL) {
        pbt__metrics_clear(metrics);
    }
    free(metrics);
}
