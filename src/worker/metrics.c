/* metrics.c: named numbers, kept in a table of fixed size so that logging allocates nothing. */
#include "worker/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "worker/wire.h"

/* Find a series, or begin it; NULL, remembered, where it does not fit. */
static pbt__series *series_of(pbt__collection *metrics, const char *name)
{
    const size_t length = strlen(name);
    for (size_t i = 0; i < metrics->count; i++) {
        if (strcmp(metrics->items[i].name, name) == 0) {
            return &metrics->items[i];
        }
    }
    if (metrics->count == PBT__SERIES_COUNT_MAXIMUM || length == 0 ||
        length >= PBT__SERIES_NAME_SIZE) {
        metrics->err = PBT_ERR_LIMIT;
        return NULL;
    }
    pbt__series *series = &metrics->items[metrics->count++];
    memcpy(series->name, name, length + 1);
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
    if (series->sample_count == series->sample_capacity) {
        const size_t capacity = series->sample_capacity > 0 ? 2 * series->sample_capacity : 16;
        double *grown = pbt__realloc(series->samples, capacity, sizeof *grown);
        if (grown == NULL) {
            metrics->err = PBT_ERR_MEMORY;
            return;
        }
        series->samples = grown;
        series->sample_capacity = capacity;
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

static void write_value(const pbt__series *series, pbt__text *out)
{
    pbt__wire_write_text(out, series->name);
    pbt__text_add(out, ":");
    pbt__wire_write_real(out, series->value);
}

static void write_samples(const pbt__series *series, pbt__text *out)
{
    pbt__wire_write_text(out, series->name);
    for (size_t i = 0; i < series->sample_count; i++) {
        pbt__text_add(out, i == 0 ? ":[" : ",");
        pbt__wire_write_real(out, series->samples[i]);
    }
    pbt__text_add(out, "]");
}

void pbt__collection_write(const pbt__collection *metrics, pbt__text *out)
{
    const char *before = ",\"metrics\":{";
    for (size_t i = 0; i < metrics->count; i++) {
        if (metrics->items[i].has_value) {
            pbt__text_add(out, before);
            write_value(&metrics->items[i], out);
            before = ",";
        }
    }
    pbt__text_add(out, before[1] == '\0' ? "}" : "");
    before = ",\"samples\":{";
    for (size_t i = 0; i < metrics->count; i++) {
        if (metrics->items[i].sample_count > 0) {
            pbt__text_add(out, before);
            write_samples(&metrics->items[i], out);
            before = ",";
        }
    }
    pbt__text_add(out, before[1] == '\0' ? "}" : "");
}
