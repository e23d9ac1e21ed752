/*
 * try_spec.c: from the user's spec to a probe's.
 *
 * The trainer, the objective and the space are the user's. Everything that decides is switched off:
 * nobody copies, nothing is explored, and a failed attempt is not tried again.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "cli/try_probe.h"
#include "core/space.h"
#include "study/json.h"

/* Keys whose values are taken over. */
static const char *const KEPT[][2] = {
    {"objective", "metric"},    {"objective", "direction"}, {"lease", "seconds"},
    {"lease", "stall_seconds"}, {"trainer", "protocol"},    {"trainer", "command"},
    {"trainer", "library"},     {"trainer", "directory"},   {"trainer", "environment"},
    {"trainer", "gpus"},
};
enum { KEPT_COUNT = sizeof KEPT / sizeof *KEPT };

/* ---- settings ---- */

static double on_scale(const pbt_parameter *parameter, double share)
{
    const bool is_int = parameter->type == PBT_INT;
    const double min = is_int ? (double)parameter->min.integer : parameter->min.real;
    const double max = is_int ? (double)parameter->max.integer : parameter->max.real;
    switch (parameter->scale) {
    case PBT_LOG:
        return exp(log(min) + share * (log(max) - log(min)));
    case PBT_REVERSE_LOG:
        return 1 - exp(log1p(-min) + share * (log1p(-max) - log1p(-min)));
    case PBT_LINEAR:
        break;
    }
    return min + share * (max - min);
}

/* The value that lies at a share of a prior. */
static pbt_value at_share(const pbt_parameter *parameter, double share)
{
    switch (parameter->type) {
    case PBT_FLOAT:
        return (pbt_value){.real = on_scale(parameter, share)};
    case PBT_INT:
        return (pbt_value){.integer = llround(on_scale(parameter, share))};
    case PBT_ORDINAL:
    case PBT_CHOICE:
    case PBT_CONSTANT:
        break;
    }
    return (pbt_value){.integer = (int64_t)(share * parameter->item_count)};
}

bool pbt__probe_choose(const pbt_search *search, pbt_value *low, pbt_value *high)
{
    const pbt_start *start = search->start_count > 0 ? &search->starts[0] : NULL;
    bool is_different = false;
    for (size_t i = 0; i < search->space.count; i++) {
        const pbt_parameter *parameter = &search->space.parameters[i];
        const bool is_given = start != NULL && start->given[i];
        low[i] = is_given ? start->values[i] : at_share(parameter, 0.25);
        high[i] = parameter->inherit ? low[i] : at_share(parameter, 0.75);
        if (!parameter->inherit && pbt__parameter_equal(parameter, low[i], high[i])) {
            high[i] = at_share(parameter, 0.25);
        }
        is_different = is_different || !pbt__parameter_equal(parameter, low[i], high[i]);
    }
    return is_different;
}

/* ---- the text ---- */

static pbt_err write_kept(pbt__text *out, const pbt_spec *spec, pbt_error *error)
{
    const char *map = "";
    for (size_t i = 0; i < KEPT_COUNT; i++) {
        char key[64];
        char *value = NULL;
        (void)snprintf(key, sizeof key, "%s.%s", KEPT[i][0], KEPT[i][1]);
        const pbt_err err = pbt__spec_value(spec, key, &value, error);
        if (err != PBT_OK) {
            return err;
        }
        if (strcmp(map, KEPT[i][0]) != 0) {
            map = KEPT[i][0];
            pbt__text_format(out, "%s:\n", map);
        }
        if (strcmp(value, "null") != 0) {
            pbt__text_format(out, "  %s: %s\n", KEPT[i][1], value);
        }
        free(value);
    }
    return PBT_OK;
}

static const char *first_checkpoint(const pbt_search *search)
{
    return search->start_count > 0 ? search->starts[0].checkpoint : NULL;
}

/* A member's setting. */
static json_t *start_json(const pbt__probe *probe, int32_t member)
{
    const pbt_search *search = &probe->spec->search;
    const char *checkpoint = first_checkpoint(search);
    json_t *start = pbt__values_json(&search->space, probe->values[member]);
    if (checkpoint != NULL) {
        (void)json_object_set_new(start, "checkpoint", json_string(checkpoint));
    }
    return start;
}

/* JSON is YAML. */
static pbt_err write_starts(pbt__text *out, const pbt__probe *probe, pbt_error *error)
{
    pbt__text_add(out, "start:\n");
    for (int32_t m = 0; m < probe->population; m++) {
        json_t *start = start_json(probe, m);
        char *text = start != NULL ? pbt__json_write(start) : NULL;
        json_decref(start);
        if (text == NULL) {
            return pbt__fail_memory(error);
        }
        pbt__text_format(out, "  - %s\n", text);
        free(text);
    }
    return PBT_OK;
}

static pbt_err write_spec(pbt__text *out, const pbt__probe *probe, pbt_error *error)
{
    char *space = NULL;
    pbt_err err = pbt__spec_value(probe->spec, "hyperparameters", &space, error);
    if (err != PBT_OK) {
        return err;
    }
    pbt__text_format(out,
                     "version: 1\nname: %s\nseed: %" PRIu64 "\npopulation: %" PRId32 "\n"
                     "mode: %s\nready: {every: %" PRId64 "}\nstop: {steps: %" PRId64 "}\n"
                     "exploit: {rule: none}\nexplore: {rule: none}\n"
                     "failure: {retries: 0, lost: 0}\ncheckpoints: {keep_best: 1000}\n"
                     "hyperparameters: %s\n",
                     probe->spec->name, probe->spec->search.seed, probe->population,
                     probe->population > 1 ? "generational" : "asynchronous", probe->steps,
                     probe->steps * probe->segment_count, space);
    free(space);
    err = write_starts(out, probe, error);
    if (err == PBT_OK) {
        err = write_kept(out, probe->spec, error);
    }
    if (probe->spec->trainer.protocol == PBT__PROTOCOL_LIBRARY) {
        const bool is_thread = probe->spec->trainer.isolation == PBT__ISOLATION_THREAD;
        pbt__text_format(out, "  isolation: %s\n", is_thread ? "thread" : "process");
    }
    pbt__text_format(out, "  reload: %s\n", probe->reload_always ? "always" : "needed");
    return err;
}

pbt_err pbt__probe_spec(const pbt__probe *probe, pbt_spec **out, pbt_error *error)
{
    pbt__text text = pbt__text_init(2 * PBT__SPEC_MAXIMUM);
    pbt_err err = write_spec(&text, probe, error);
    if (err == PBT_OK && text.failed) {
        err = pbt__fail_memory(error);
    }
    if (err == PBT_OK) {
        err =
            pbt__spec_parse(pbt__text_string(&text), probe->name, probe->spec->folder, out, error);
    }
    pbt__text_fini(&text);
    return err;
}
