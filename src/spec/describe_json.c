/* describe_json.c: what a spec means, as one JSON object: every key in force, and what follows
 * from them. */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "spec/plan.h"
#include "spec/reader.h"

enum { JSON_MAXIMUM = 8 * PBT__SPEC_MAXIMUM }; /* Units: bytes */

/* Begin an entry of the object that is open. */
static void begin_entry(pbt__text *out, const char *name)
{
    bool is_first = out->length == 0 || pbt__text_string(out)[out->length - 1] == '{';
    pbt__text_format(out, "%s\"%s\": ", is_first ? "" : ", ", name);
}

static void add_number(pbt__text *out, const char *name, int64_t value)
{
    begin_entry(out, name);
    pbt__text_format(out, "%" PRId64, value);
}

/* A key within the map that is open, if it is that map's. */
static void add_key(pbt__text *out, const pbt_spec *spec, const pbt__key *key)
{
    const char *dot = strchr(key->path, '.');
    begin_entry(out, dot != NULL ? dot + 1 : key->path);
    if (pbt__key_applies(spec, key)) {
        pbt__write_key(out, PBT__JSON, spec, key);
    } else {
        pbt__text_add(out, "null");
    }
}

static void add_keys(pbt__text *out, const pbt_spec *spec)
{
    const pbt__key *open = NULL;
    for (const pbt__key *key = pbt__key_next(NULL); key != NULL; key = pbt__key_next(key)) {
        if (open != NULL && pbt__key_map(key) != open) {
            pbt__text_add(out, "}");
            open = NULL;
        }
        if (key->kind == PBT__KIND_MAP) {
            begin_entry(out, key->path);
            pbt__text_add(out, "{");
            open = key;
        } else {
            add_key(out, spec, key);
        }
    }
    pbt__text_add(out, open != NULL ? "}" : "");
}

/* How many there will be; null in a study without stop.steps. */
static void add_total(pbt__text *out, const pbt_spec *spec, const char *name, int64_t value)
{
    if (spec->is_open_ended) {
        begin_entry(out, name);
        pbt__text_add(out, "null");
    } else {
        add_number(out, name, value);
    }
}

static void add_plan(pbt__text *out, const pbt_spec *spec, const pbt__plan *plan)
{
    begin_entry(out, "plan");
    pbt__text_add(out, "{");
    add_total(out, spec, "segments_per_member", plan->segments);
    add_total(out, spec, "segments_total", plan->segments_total);
    add_total(out, spec, "steps_total", plan->steps_total);
    add_total(out, spec, "decisions_per_member", plan->decisions);
    if (plan->decisions > 0) {
        add_number(out, "first_decision", plan->first_decision);
        add_total(out, spec, "last_decision", plan->last_decision);
    }
    add_number(out, "quorum", plan->quorum);
    if (plan->has_k) {
        add_number(out, "k", plan->k);
    }
    pbt__text_add(out, "}");
}

pbt_err pbt__spec_describe_json(const pbt_spec *spec, char **out, pbt_error *error)
{
    pbt__text text = pbt__text_init(JSON_MAXIMUM);
    const pbt__plan plan = pbt__plan_of(&spec->search);
    pbt__text_add(&text, "{");
    add_keys(&text, spec);
    add_plan(&text, spec, &plan);
    pbt__text_add(&text, "}");
    char *json = pbt__text_take(&text);
    if (json == NULL) {
        return pbt__fail_memory(error);
    }
    *out = json;
    return PBT_OK;
}
