/*
 * review_size.c: how many members one event has room for.
 *
 * A round, a creation or an amendment may decide every member, and its event holds all decisions.
 * A decision's JSON is bounded by what its numbers and names can be at most, so that a study which
 * is created never ends because an event does not fit.
 */
#include <string.h>

#include "base/error.h"
#include "spec/review.h"

/* Units: bytes of JSON at most */
enum {
    DECISION = 432, /* ids, steps, ages, a seed, a reason, the comparison, and their names */
    NAMED = 4,      /* quotes, colon and comma of a name */
    CHANGED = 72,   /* "operation", "from" and "to" of one change */
    NUMBER = 25,
    ESCAPED = 6, /* of one byte of a text */
};

static size_t value_bytes(const pbt_parameter *parameter)
{
    size_t most = NUMBER;
    for (int32_t i = 0; i < parameter->item_count; i++) {
        const pbt_item *item = &parameter->items[i];
        const size_t bytes = item->type == PBT_ITEM_TEXT ? 2 + ESCAPED * strlen(item->text) : 0;
        most = bytes > most ? bytes : most;
    }
    return most;
}

static size_t decision_bytes(const pbt_space *space)
{
    size_t bytes = DECISION;
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        const size_t name = strlen(parameter->name), value = value_bytes(parameter);
        const bool is_fixed = parameter->type == PBT_CONSTANT;
        bytes += NAMED + name + value + (is_fixed ? 0 : name + CHANGED + 2 * value);
    }
    return bytes;
}

pbt_err pbt__review_size(const pbt__reader *reader)
{
    const pbt_search *search = &reader->spec->search;
    const size_t bytes = decision_bytes(&search->space);
    const size_t most = PBT__DECISIONS_MAXIMUM / bytes;
    if ((size_t)search->population <= most) {
        return PBT_OK;
    }
    pbt_err err = pbt__refuse(reader, pbt__spec_place(reader->spec, pbt__key_find("population")),
                              "population: found %d; allowed: at most %zu with these "
                              "hyperparameters",
                              (int)search->population, most);
    pbt__error_detail(reader->error,
                      "a decision may have %zu bytes (hyperparameters: %zu), and those of all "
                      "members together %d",
                      bytes, search->space.count, PBT__DECISIONS_MAXIMUM);
    pbt__error_hint(reader->error, "fewer members, or fewer or shorter-named hyperparameters");
    return err;
}

pbt_err pbt__spec_can_decide(const pbt_spec *spec, pbt_error *error)
{
    const pbt__reader reader = {
        .file = pbt__spec_origin(spec)->file, .spec = (pbt_spec *)(uintptr_t)spec, .error = error};
    return pbt__review_size(&reader);
}
