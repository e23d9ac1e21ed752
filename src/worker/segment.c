/* segment.c: a segment out of JSON, checked before anything of it becomes part of a path. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/id.h"
#include "base/memory.h"
#include "worker/inside.h"

static pbt_err fail_segment(const char *what, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_CORRUPT, "the server's segment has no valid '%s'", what);
    pbt__error_hint(error, "is this worker made for the server's version?");
    return PBT_ERR_CORRUPT;
}

static void set_value(pbt_hyperparameter *out, const char *name, const json_t *value)
{
    *out = (pbt_hyperparameter){.name = name, .text = json_string_value(value)};
    if (json_is_real(value)) {
        out->real = json_real_value(value);
        const bool fits = fabs(out->real) < 9.2e18;
        out->integer = fits ? (int64_t)llround(out->real) : 0;
    } else {
        out->integer = json_is_true(value) ? 1 : json_integer_value(value);
        out->real = (double)out->integer;
    }
}

static pbt_err read_values(pbt__held *held, json_t *values, pbt_error *error)
{
    const char *name = NULL;
    json_t *value = NULL;
    if (!json_is_object(values)) {
        return fail_segment("hyperparameters", error);
    }
    held->hyperparameters =
        pbt__calloc(json_object_size(values) + 1, sizeof *held->hyperparameters);
    if (held->hyperparameters == NULL) {
        return pbt__fail_memory(error);
    }
    held->segment.hyperparameters = held->hyperparameters;
    json_object_foreach(values, name, value)
    {
        set_value(&held->hyperparameters[held->segment.hyperparameter_count++], name, value);
    }
    return PBT_OK;
}

/* Read the integers; the first that is missing, or NULL. */
static const char *read_integers(pbt__held *held)
{
    pbt_worker_segment *s = &held->segment;
    int64_t attempt = 0, member = 0, number = 0, seed = 0;
    const pbt__json_integer FIELDS[] = {
        {"attempt", &attempt, 1, INT32_MAX},
        {"member", &member, 0, INT32_MAX},
        {"number", &number, 0, INT32_MAX},
        {"seed", &seed, 0, UINT32_MAX},
        {"start_step", &s->start_step, 0, INT64_MAX},
        {"end_step", &s->end_step, 0, INT64_MAX},
        {"start_age", &s->start_age, 0, INT64_MAX},
        {"end_age", &s->end_age, 0, INT64_MAX},
    };
    const char *missing =
        pbt__json_get_integers(held->json, FIELDS, sizeof FIELDS / sizeof FIELDS[0]);
    if (missing != NULL) {
        return missing;
    }
    s->attempt = (int32_t)attempt;
    s->member = (int32_t)member;
    s->number = (int32_t)number;
    s->seed = (uint32_t)seed;
    s->resume_step = pbt__json_get_integer(held->json, "resume_step", s->start_step);
    return s->resume_step >= s->start_step && s->resume_step <= s->end_step ? NULL : "resume_step";
}

/* Read the rest; what is missing, or NULL. */
static const char *read_rest(pbt__held *held)
{
    pbt_worker_segment *s = &held->segment;
    const json_t *json = held->json;
    pbt_segment_id id;
    const int64_t donor = pbt__json_get_integer(json, "donor", -1);
    s->version = PBT_WORKER_VERSION;
    s->id = pbt__json_get_text(json, "segment", "");
    s->parent = pbt__json_get_text(json, "parent", NULL);
    s->donor = donor >= 0 && donor <= INT32_MAX ? (int32_t)donor : -1;
    s->load = pbt__json_get_text(json, "load", NULL);
    s->save_to = pbt__json_get_text(json, "save_to", "");
    s->stop_step = pbt__json_get_integer(json, "stop_step", 0);
    const json_t *fresh = json_object_get(json, "fresh");
    s->is_fresh = json_is_boolean(fresh) ? json_is_true(fresh) : s->load == NULL;
    held->parcel = (pbt__parcel){
        .id = s->id,
        .attempt = s->attempt,
        .load = s->load,
        .save_to = s->save_to,
        .proof = pbt__proof_read(json),
    };
    held->lease_seconds = pbt__json_get_real(json, "lease_seconds", 0);
    held->is_reload_always = strcmp(pbt__json_get_text(json, "reload", "needed"), "always") == 0;
    if (!pbt__id_read(s->id, &id)) {
        return "segment";
    }
    if (s->save_to[0] != '/' || strlen(s->save_to) >= PBT__PATH_SIZE) {
        return "save_to";
    }
    if (s->is_fresh != (s->load == NULL)) {
        return "load";
    }
    return held->lease_seconds > 0 ? NULL : "lease_seconds";
}

pbt_err pbt__held_read(pbt__held *held, json_t *json, pbt_error *error)
{
    pbt__held_fini(held);
    held->json = json_incref(json);
    const char *missing = read_integers(held);
    missing = missing == NULL ? read_rest(held) : missing;
    if (missing != NULL) {
        return fail_segment(missing, error);
    }
    return read_values(held, json_object_get(json, "hyperparameters"), error);
}

void pbt__held_fini(pbt__held *held)
{
    json_decref(held->json);
    free(held->hyperparameters);
    *held = (pbt__held){.hyperparameters = NULL};
}

/* ---- hyperparameters ------------------------------------------------------------------------- */

const pbt_hyperparameter *pbt_worker_find(const pbt_worker_segment *segment, const char *name)
{
    for (size_t i = 0; segment != NULL && i < segment->hyperparameter_count; i++) {
        if (strcmp(segment->hyperparameters[i].name, name) == 0) {
            return &segment->hyperparameters[i];
        }
    }
    return NULL;
}

double pbt_worker_real(const pbt_worker_segment *segment, const char *name, double fallback)
{
    const pbt_hyperparameter *found = pbt_worker_find(segment, name);
    return found != NULL ? found->real : fallback;
}

int64_t pbt_worker_integer(const pbt_worker_segment *segment, const char *name, int64_t fallback)
{
    const pbt_hyperparameter *found = pbt_worker_find(segment, name);
    return found != NULL ? found->integer : fallback;
}

const char *pbt_worker_text(const pbt_worker_segment *segment, const char *name,
                            const char *fallback)
{
    const pbt_hyperparameter *found = pbt_worker_find(segment, name);
    return found != NULL && found->text != NULL ? found->text : fallback;
}
