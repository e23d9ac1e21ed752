/* segment.c: a segment out of JSON, checked before anything of it becomes part of a path. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "worker/inside.h"

static pbt_err fail_segment(const char *what, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_CORRUPT, "the server's segment has no valid '%s'", what);
    pbt__error_hint(error, "is this worker made for the server's version?");
    return PBT_ERR_CORRUPT;
}

static bool skip_number(const char **c)
{
    const size_t length = strspn(*c, "0123456789");
    *c += length;
    return length > 0 && length <= 10;
}

/* Say whether a text is an id such as "m3s12". */
static bool is_id(const char *c)
{
    return *c++ == 'm' && skip_number(&c) && *c++ == 's' && skip_number(&c) && *c == '\0';
}

static void set_value(pbt_hyperparameter *out, const pbt__wire_value *field)
{
    *out = (pbt_hyperparameter){.name = field->name, .text = field->text};
    if (field->kind == PBT__WIRE_INTEGER || field->kind == PBT__WIRE_BOOLEAN) {
        out->integer = field->integer;
        out->real = (double)field->integer;
    } else if (field->kind == PBT__WIRE_REAL) {
        out->real = field->real;
        const bool fits = fabs(field->real) < 9.2e18;
        out->integer = fits ? (int64_t)llround(field->real) : 0;
    }
}

static pbt_err read_values(pbt__held *held, const pbt__wire_value *values, pbt_error *error)
{
    const pbt__wire_value *field = NULL;
    size_t count = 0;
    if (values == NULL || values->kind != PBT__WIRE_OBJECT) {
        return fail_segment("hyperparameters", error);
    }
    while ((field = pbt__wire_after(&held->wire, values, field)) != NULL) {
        count++;
    }
    held->hyperparameters = pbt__calloc(count + 1, sizeof *held->hyperparameters);
    if (held->hyperparameters == NULL) {
        return pbt__fail_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        field = pbt__wire_after(&held->wire, values, field);
        set_value(&held->hyperparameters[i], field);
    }
    held->segment.hyperparameters = held->hyperparameters;
    held->segment.hyperparameter_count = count;
    return PBT_OK;
}

/* Read the integers; the first that is missing, or NULL. */
static const char *read_integers(pbt__held *held, const pbt__wire_value *value)
{
    pbt_worker_segment *s = &held->segment;
    int64_t attempt = 0, member = 0, number = 0, seed = 0;
    const struct {
        const char *name;
        int64_t *out, minimum, maximum;
    } FIELDS[] = {
        {"attempt", &attempt, 1, INT32_MAX},
        {"member", &member, 0, INT32_MAX},
        {"number", &number, 0, INT32_MAX},
        {"seed", &seed, 0, UINT32_MAX},
        {"start_step", &s->start_step, 0, INT64_MAX},
        {"end_step", &s->end_step, 0, INT64_MAX},
        {"start_age", &s->start_age, 0, INT64_MAX},
        {"end_age", &s->end_age, 0, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof FIELDS / sizeof FIELDS[0]; i++) {
        *FIELDS[i].out = pbt__wire_integer(&held->wire, value, FIELDS[i].name, -1);
        if (*FIELDS[i].out < FIELDS[i].minimum || *FIELDS[i].out > FIELDS[i].maximum) {
            return FIELDS[i].name;
        }
    }
    s->attempt = (int32_t)attempt;
    s->member = (int32_t)member;
    s->number = (int32_t)number;
    s->seed = (uint32_t)seed;
    s->resume_step = pbt__wire_integer(&held->wire, value, "resume_step", s->start_step);
    return s->resume_step >= s->start_step && s->resume_step <= s->end_step ? NULL : "resume_step";
}

/* Read the rest; what is missing, or NULL. */
static const char *read_rest(pbt__held *held, const pbt__wire_value *value)
{
    pbt_worker_segment *s = &held->segment;
    const pbt__wire *wire = &held->wire;
    const int64_t donor = pbt__wire_integer(wire, value, "donor", -1);
    s->version = PBT_WORKER_VERSION;
    s->id = pbt__wire_text(wire, value, "segment", "");
    s->parent = pbt__wire_text(wire, value, "parent", NULL);
    s->donor = donor >= 0 && donor <= INT32_MAX ? (int32_t)donor : -1;
    s->load = pbt__wire_text(wire, value, "load", NULL);
    s->save_to = pbt__wire_text(wire, value, "save_to", "");
    s->stop_step = pbt__wire_integer(wire, value, "stop_step", 0);
    s->is_fresh = pbt__wire_boolean(wire, value, "fresh", s->load == NULL);
    held->proof = pbt__proof_read(wire, value);
    held->lease_seconds = pbt__wire_real(wire, value, "lease_seconds", 0);
    held->is_reload_always = strcmp(pbt__wire_text(wire, value, "reload", "needed"), "always") == 0;
    if (!is_id(s->id)) {
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

pbt_err pbt__held_read(pbt__held *held, pbt__wire *wire, const pbt__wire_value *value,
                       pbt_error *error)
{
    pbt__held_fini(held);
    held->wire = *wire;
    *wire = (pbt__wire){.bytes = NULL};
    const char *missing = read_integers(held, value);
    missing = missing == NULL ? read_rest(held, value) : missing;
    if (missing != NULL) {
        return fail_segment(missing, error);
    }
    return read_values(held, pbt__wire_get(&held->wire, value, "hyperparameters"), error);
}

void pbt__held_fini(pbt__held *held)
{
    pbt__wire_fini(&held->wire);
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
