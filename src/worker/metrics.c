/* metrics.c: named numbers, kept in a table of fixed size so that logging allocates nothing. */
#include "worker/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

/* Find a series, or begin it; NULL, remembered, where it does not fit. */
static pbt__series *series_of(pbt__collection *metrics, const char *name)
{
    const size_t length = strnlen(name, PBT__SERIES_NAME_SIZE);
    char mended[PBT__SERIES_NAME_SIZE + 1] = "";
    memcpy(mended, name, length);
    pbt__utf8_mend(mended);
    for (size_t i = 0; i < metrics->count; i++) {
        if (strcmp(metrics->items[i].name, mended) == 0) {
            return &metrics->items[i];
        }
    }
    if (metrics->count == PBT__SERIES_COUNT_MAXIMUM || length == 0 ||
        length >= PBT__SERIES_NAME_SIZE) {
        metrics->err = PBT_ERR_LIMIT;
        return NULL;
    }
    pbt__series *series = &metrics->items[metrics->count++];
    memcpy(series->name, mended, length + 1);
    return series;
}

void pbt__collection_set(pbt__collection *metrics, const char *name, double value)
{
    pbt__series *series = series_of(metrics, name);
    if (series != NULL) {
        series->has_value = true;
        series->value = value;
    }
}

void pbt__collection_add(pbt__collection *metrics, const char *name, double value)
{
    pbt__series *series = series_of(metrics, name);
    if (series == NULL) {
        return;
    }
    if (series->sample_count == PBT__SERIES_SAMPLES_MAXIMUM) {
        metrics->err = PBT_ERR_LIMIT;
        return;
    }
    if (!pbt__array_room(&series->samples, series->sample_count, &series->sample_capacity,
                         sizeof *series->samples)) {
        metrics->err = PBT_ERR_MEMORY;
        return;
    }
    series->samples[series->sample_count++] = value;
}

void pbt__collection_clear(pbt__collection *metrics)
{
    for (size_t i = 0; i < metrics->count; i++) {
        free(metrics->items[i].samples);
        metrics->items[i] = (pbt__series){.has_value = false};
    }
    metrics->count = 0;
    metrics->err = PBT_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *samples_json(const pbt__series *series)
{
    json_t *list = json_array();
    for (size_t i = 0; i < series->sample_count; i++) {
        if (json_array_append_new(list, pbt__json_number(series->samples[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Set a field of the object that is the field `name` of `json`, which is made where it is not
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

bool pbt__collection_put(const pbt__collection *metrics, json_t *json)
{
    bool is_whole = json != NULL;
    for (size_t i = 0; i < metrics->count && is_whole; i++) {
        const pbt__series *one = &metrics->items[i];
        is_whole =
            (!one->has_value || set_in(json, "metrics", one->name, pbt__json_number(one->value))) &&
            (one->sample_count == 0 || set_in(json, "samples", one->name, samples_json(one)));
    }
    return is_whole;
}
