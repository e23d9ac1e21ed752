/*
 * search_copy.c: copying a caller's search, of any version.
 *
 * The search and all it points to are in one piece of memory. The same walk is done twice: first to
 * add up sizes, then to copy.
 */
#include <stdlib.h>
#include <string.h>

#include "core/rule.h"
#include "core/search.h"
#include "core/state.h"
#include "core/type.h"

/* The first version ended here; no shorter one exists. */
#define SIZE_FIRST (offsetof(pbt_search, start_count) + sizeof(int32_t))

bool pbt__is_zero_from(const void *given, size_t known, size_t size)
{
    for (size_t i = known; i < size; i++) {
        if (((const unsigned char *)given)[i] != 0) {
            return false;
        }
    }
    return true;
}

void pbt_search_init(pbt_search *search, size_t size)
{
    const pbt_search defaults = pbt__search_defaults();
    memset(search, 0, size);
    memcpy(search, &defaults, size < sizeof defaults ? size : sizeof defaults);
    memcpy(search, &size, size < sizeof size ? size : sizeof size);
}

pbt_err pbt__search_adopt(const pbt_search *search, pbt_search *out, pbt_error *error)
{
    const size_t size = search->size;
    if (size < SIZE_FIRST) {
        return pbt__population_refuse(error, PBT_ERR_ARGUMENT,
                                      "size is not set: begin with pbt_search_default()");
    }
    if (!pbt__is_zero_from(search, sizeof *out, size)) {
        return pbt__population_refuse(error, PBT_ERR_VERSION, PBT__NEWER("search"));
    }
    *out = pbt__search_defaults();
    memcpy(out, search, size < sizeof *out ? size : sizeof *out);
    out->size = sizeof *out;
    return PBT_OK;
}

pbt_err pbt_search_check(const pbt_search *search, pbt_error *error)
{
    pbt_search adopted;
    pbt_err err = pbt__search_adopt(search, &adopted, error);
    return err == PBT_OK ? pbt__search_check(&adopted, error) : err;
}

int32_t pbt_search_segments(const pbt_search *search)
{
    const int64_t most = INT32_MAX / (PBT__RESCUES_MAXIMUM + 1);
    const int64_t steps = search->stop_steps;
    return steps > most ? INT32_MAX : (int32_t)(steps * (PBT__RESCUES_MAXIMUM + 1));
}

/* ---- all that it points to ---- */

typedef struct place {
    char *memory; /* NULL: sizes are added up */
    size_t used;
} place;

/* Copy count * size bytes to the next place. Returns where they lie; NULL for NULL, and while sizes
 * are added up. */
static void *put(place *to, const void *from, size_t count, size_t size)
{
    if (from == NULL || count == 0) {
        return NULL;
    }
    void *at = to->memory != NULL ? to->memory + to->used : NULL;
    if (at != NULL) {
        memcpy(at, from, count * size);
    }
    const size_t whole = sizeof(max_align_t);
    to->used += (count * size + whole - 1) / whole * whole;
    return at;
}

static char *put_text(place *to, const char *text)
{
    return put(to, text, text != NULL ? strlen(text) + 1 : 0, 1);
}

static const pbt_item *put_items(place *to, const pbt_item *items, int32_t count)
{
    pbt_item *own = put(to, items, (size_t)count, sizeof *items);
    for (int32_t i = 0; i < count; i++) {
        const char *text = items[i].type == PBT_ITEM_TEXT ? put_text(to, items[i].text) : NULL;
        if (own != NULL) {
            own[i].text = text;
        }
    }
    return own;
}

static const pbt_parameter *put_parameters(place *to, const pbt_space *space)
{
    pbt_parameter *own = put(to, space->parameters, space->count, sizeof *own);
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *from = &space->parameters[i];
        const bool is_listed = !pbt__is_number(from);
        const char *name = put_text(to, from->name);
        const pbt_item *items = is_listed ? put_items(to, from->items, from->item_count) : NULL;
        if (own != NULL) {
            own[i].name = name;
            own[i].items = items;
        }
    }
    return own;
}

static const pbt_stage *put_stages(place *to, const pbt_start *start, size_t width)
{
    pbt_stage *own = put(to, start->stages, (size_t)start->stage_count, sizeof *own);
    for (int32_t i = 0; i < start->stage_count; i++) {
        const pbt_value *values = put(to, start->stages[i].values, width, sizeof *values);
        const bool *given = put(to, start->stages[i].given, width, sizeof *given);
        if (own != NULL) {
            own[i].values = values;
            own[i].given = given;
        }
    }
    return own;
}

static const pbt_start *put_starts(place *to, const pbt_search *search)
{
    const size_t width = search->space.count;
    pbt_start *own = put(to, search->starts, (size_t)search->start_count, sizeof *own);
    for (int32_t i = 0; i < search->start_count; i++) {
        const pbt_start *from = &search->starts[i];
        const pbt_value *values = put(to, from->values, width, sizeof *values);
        const bool *given = put(to, from->given, width, sizeof *given);
        const char *checkpoint = put_text(to, from->checkpoint);
        const pbt_stage *stages = put_stages(to, from, width);
        if (own != NULL) {
            own[i].values = values;
            own[i].given = given;
            own[i].checkpoint = checkpoint;
            own[i].stages = stages;
        }
    }
    return own;
}

/* The lists that are options of a rule; those of rules not in force may be anything, or gone. */
static void put_lists(place *to, const pbt_search *search, const pbt__rule *rule, pbt_search *own)
{
    const bool is_used =
        rule == &pbt__exploit_row_of(search)->rule || rule == &pbt__explore_row_of(search)->rule;
    for (const pbt__rule_option *o = rule->options; o < rule->options + rule->option_count; o++) {
        if (o->type != PBT__RULE_LIST) {
            continue;
        }
        int32_t count = o->list_count;
        const double *list = o->list;
        if (is_used) {
            const double *theirs = pbt__rule_list(search, o, &count);
            list = put(to, theirs, (size_t)count, sizeof *theirs);
        }
        if (own != NULL) {
            pbt__rule_set_list(own, o, list, count);
        }
    }
}

static pbt_search *put_search(place *to, const pbt_search *search)
{
    pbt_search *own = put(to, search, 1, sizeof *search);
    const pbt__rule *rule;
    for (size_t i = 0; (rule = pbt__rule_at(i)) != NULL; i++) {
        put_lists(to, search, rule, own);
    }
    const pbt_parameter *parameters = put_parameters(to, &search->space);
    const pbt_start *starts = put_starts(to, search);
    if (own != NULL) {
        own->space.parameters = parameters;
        own->starts = starts;
    }
    return own;
}

pbt_search *pbt__search_copy(const pbt_search *search)
{
    place to = {.memory = NULL};
    (void)put_search(&to, search);
    to = (place){.memory = malloc(to.used)};
    return to.memory != NULL ? put_search(&to, search) : NULL;
}
