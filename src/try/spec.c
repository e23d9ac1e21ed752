/*
 * spec.c: from the user's spec to a probe's.
 *
 * The trainer, the objective and the space are the user's. There are no decisions: nobody copies,
 * nothing is explored, and a failed attempt is not tried again.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "core/space.h"
#include "study/json.h"
#include "try/probe.h"

/* Keys whose values are taken over. */
static const char *const KEPT[][2] = {
    {"objective", "metric"},    {"objective", "direction"}, {"lease", "seconds"},
    {"lease", "stall_seconds"}, {"trainer", "protocol"},    {"trainer", "command"},
    {"trainer", "library"},     {"trainer", "directory"},   {"trainer", "gpus"},
};
enum { KEPT_COUNT = sizeof KEPT / sizeof *KEPT };

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

/* ---- the environment ---- */

pbt_err pbt__probe_pin_path(const pbt__probe *probe, char *out, pbt_error *error)
{
    char name[PBT__PATH_SIZE];
    const int length = snprintf(name, sizeof name, "%s.pinned", probe->name);
    return length > 0 && (size_t)length < sizeof name
               ? pbt__path_join(probe->folder, name, out, error)
               : pbt__fail(error, PBT_ERR_LIMIT, "'%s' is too long", probe->name);
}

pbt_err pbt__probe_shift_folder(const pbt__probe *probe, char *out, pbt_error *error)
{
    return pbt__path_join(probe->folder, "random", out, error);
}

/* In front of where the trainer looks for Python's modules. */
static pbt_err add_shift(json_t *environment, const pbt__probe *probe, pbt_error *error)
{
    char folder[PBT__PATH_SIZE];
    const pbt_err err = pbt__probe_shift_folder(probe, folder, error);
    const char *own = json_string_value(json_object_get(environment, "PYTHONPATH"));
    const char *path = own != NULL ? own : getenv("PYTHONPATH");
    const bool has_path = path != NULL && path[0] != '\0';
    if (err == PBT_OK) {
        (void)json_object_set_new(
            environment, "PYTHONPATH",
            json_sprintf("%s%s%s", folder, has_path ? ":" : "", has_path ? path : ""));
        (void)json_object_set_new(environment, "PBT_SHIFT_RANDOM",
                                  json_sprintf("%d", probe->seed_shift));
    }
    return err;
}

static pbt_err environment_json(const pbt__probe *probe, json_t *out, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    char **given = probe->spec->trainer.environment;
    pbt_err err = PBT_OK;
    for (size_t i = 0; given != NULL && given[i] != NULL; i++) {
        const size_t length = strcspn(given[i], "=");
        char *name = strndup(given[i], length);
        if (name == NULL || json_object_set_new(out, name, json_string(given[i] + length + 1))) {
            err = pbt__fail_memory(error);
        }
        free(name);
    }
    if (err == PBT_OK && probe->is_pinned) {
        err = pbt__probe_pin_path(probe, path, error);
        (void)json_object_set_new(out, "PBT_PIN_RANDOM", json_string(err == PBT_OK ? path : ""));
    }
    return err == PBT_OK && probe->seed_shift != 0 ? add_shift(out, probe, error) : err;
}

/* Behind the other keys of `trainer`. */
static pbt_err write_environment(pbt__text *out, const pbt__probe *probe, pbt_error *error)
{
    json_t *environment = json_object();
    pbt_err err =
        environment != NULL ? environment_json(probe, environment, error) : pbt__fail_memory(error);
    char *text = err == PBT_OK ? pbt__json_write(environment) : NULL;
    if (err == PBT_OK && text == NULL) {
        err = pbt__fail_memory(error);
    }
    if (err == PBT_OK && json_object_size(environment) > 0) {
        pbt__text_format(out, "  environment: %s\n", text);
    }
    free(text);
    json_decref(environment);
    return err;
}

/* ---- all of it ---- */

/* A trainer is told the study's real end, so that schedules are the same in every probe. */
static int64_t stop_steps(const pbt__probe *probe)
{
    const int64_t least = probe->steps * probe->segment_count;
    const int64_t own = probe->spec->search.stop_steps;
    return own > least ? own : least;
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
                     probe->spec->name, probe->spec->search.seed + (uint64_t)probe->seed_shift,
                     probe->population, probe->population > 1 ? "generational" : "asynchronous",
                     probe->steps, stop_steps(probe), space);
    free(space);
    err = write_starts(out, probe, error);
    if (err == PBT_OK) {
        err = write_kept(out, probe->spec, error);
    }
    if (probe->spec->trainer.protocol == PBT__PROTOCOL_LIBRARY) {
        const bool is_thread = probe->spec->trainer.isolation == PBT__ISOLATION_THREAD;
        pbt__text_format(out, "  isolation: %s\n", is_thread ? "thread" : "process");
    }
    if (err == PBT_OK) {
        err = write_environment(out, probe, error);
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
