/*
 * space.c: hyperparameters and their priors.
 *
 * On a linear scale every int is equally likely; on a logarithmic one each has the share of its
 * cell, from half a unit below it to half a unit above: the ends are not cut to half of theirs.
 * Ints stay within 2^53 of 0, where a double holds every one of them: factors, noise and logarithms
 * lose none.
 */
#include "core/space.h"

#include <math.h>
#include <string.h>

#define INT_LIMIT (INT64_C(1) << 53)

/* ---- what may be wrong ----------------------------------------------------------------------- */

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || c == '_';
}

static const char *name_fault(const char *name)
{
    /* The placeholders of a command (design: the command protocol). */
    static const char *const reserved[] = {
        "load", "save_to", "start_step", "end_step", "start_age", "end_age", "seed", "member",
    };
    if (name == NULL || !is_name_start(name[0])) {
        return "needs a name that begins with a-z or _";
    }
    const size_t length = strlen(name);
    for (size_t i = 1; i < length; i++) {
        if (!is_name_start(name[i]) && !(name[i] >= '0' && name[i] <= '9')) {
            return "needs a name of a-z, 0-9 and _";
        }
    }
    if (length > PBT__NAME_MAXIMUM) {
        return "needs a name of 64 characters or fewer";
    }
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (strcmp(name, reserved[i]) == 0) {
            return "needs another name: this one is a placeholder of commands";
        }
    }
    return NULL;
}

/* Check the bounds of a float, or of an int as doubles. */
static const char *range_fault(pbt_scale scale, double min, double max)
{
    if (!isfinite(min) || !isfinite(max) || !isfinite(max - min)) {
        return "needs finite bounds";
    }
    if (!(min < max)) {
        return "needs min < max (a value that never changes is a constant)";
    }
    switch (scale) {
    case PBT_LINEAR:
        return NULL;
    case PBT_LOG:
        return min > 0 ? NULL : "needs min > 0 on a log scale";
    case PBT_REVERSE_LOG:
        return max < 1 ? NULL : "needs max < 1 on a reverse_log scale";
    }
    return "needs a scale of linear, log or reverse_log";
}

static const char *int_fault(const pbt_parameter *parameter)
{
    const int64_t min = parameter->min.integer;
    const int64_t max = parameter->max.integer;
    if (min < -INT_LIMIT || max > INT_LIMIT) {
        return "needs bounds within 2^53 of 0";
    }
    return range_fault(parameter->scale, (double)min, (double)max);
}

static bool item_equal(const pbt_item *a, const pbt_item *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case PBT_ITEM_FLOAT:
        return a->real == b->real;
    case PBT_ITEM_TEXT:
        return strcmp(a->text, b->text) == 0;
    case PBT_ITEM_INT:
    case PBT_ITEM_BOOL:
        break;
    }
    return a->integer == b->integer;
}

static const char *item_fault(const pbt_item *item)
{
    switch (item->type) {
    case PBT_ITEM_INT:
    case PBT_ITEM_BOOL:
        return NULL;
    case PBT_ITEM_FLOAT:
        return isfinite(item->real) ? NULL : "needs finite values";
    case PBT_ITEM_TEXT:
        return item->text != NULL ? NULL : "needs values that are not empty";
    }
    return "needs values that are ints, floats, bools or texts";
}

static const char *items_fault(const pbt_parameter *parameter)
{
    const pbt_item *items = parameter->items;
    const int32_t count = parameter->item_count;
    if (parameter->type == PBT_CONSTANT && (items == NULL || count != 1)) {
        return "needs one value";
    }
    if (parameter->type != PBT_CONSTANT && (items == NULL || count < 2)) {
        return "needs 2 or more values";
    }
    if (count > PBT__ITEMS_MAXIMUM) {
        return "needs 1024 values or fewer";
    }
    for (int32_t i = 0; i < count; i++) {
        const char *fault = item_fault(&items[i]);
        if (fault != NULL) {
            return fault;
        }
        for (int32_t j = 0; j < i; j++) {
            if (item_equal(&items[i], &items[j])) {
                return "needs values that differ";
            }
        }
    }
    return NULL;
}

const char *pbt__parameter_fault(const pbt_parameter *parameter)
{
    const char *fault = name_fault(parameter->name);
    if (fault != NULL) {
        return fault;
    }
    switch (parameter->type) {
    case PBT_FLOAT:
        return range_fault(parameter->scale, parameter->min.real, parameter->max.real);
    case PBT_INT:
        return int_fault(parameter);
    case PBT_ORDINAL:
    case PBT_CHOICE:
    case PBT_CONSTANT:
        return items_fault(parameter);
    }
    return "needs a type of float, int, ordinal, choice or constant";
}

/* ---- priors ---------------------------------------------------------------------------------- */

/* Uniform on the scale between two ends. */
static double draw_real(pbt_scale scale, double min, double max, pbt__rng *rng)
{
    const double u = pbt__rng_uniform(rng);
    switch (scale) {
    case PBT_LINEAR:
        break;
    case PBT_LOG:
        return exp(log(min) + u * (log(max) - log(min)));
    case PBT_REVERSE_LOG:
        return 1 - exp(log1p(-max) + u * (log1p(-min) - log1p(-max)));
    }
    return min + u * (max - min);
}

/* Uniform in {0, ..., top}, without bias. */
static uint64_t draw_up_to(uint64_t top, pbt__rng *rng)
{
    if (top < UINT32_MAX) {
        return pbt__rng_below(rng, (uint32_t)top + 1);
    }
    uint64_t mask = top;
    for (int shift = 1; shift < 64; shift *= 2) {
        mask |= mask >> shift;
    }
    uint64_t draw;
    do {
        const uint64_t high = pbt__rng_word(rng);
        draw = (high << 32 | pbt__rng_word(rng)) & mask;
    } while (draw > top);
    return draw;
}

static int64_t draw_int(const pbt_parameter *parameter, pbt__rng *rng)
{
    const int64_t min = parameter->min.integer;
    const int64_t max = parameter->max.integer;
    if (parameter->scale == PBT_LINEAR) {
        return min + (int64_t)draw_up_to((uint64_t)(max - min), rng);
    }
    const double drawn = draw_real(parameter->scale, (double)min - 0.5, (double)max + 0.5, rng);
    return (int64_t)fmin(fmax(round(drawn), (double)min), (double)max);
}

// rule: priors
pbt_value pbt__parameter_draw(const pbt_parameter *parameter, pbt__rng *rng)
{
    switch (parameter->type) {
    case PBT_FLOAT: {
        const double min = parameter->min.real;
        const double max = parameter->max.real;
        /* Rounding may leave the interval by a unit in the last place. */
        const double drawn = draw_real(parameter->scale, min, max, rng);
        return (pbt_value){.real = fmin(fmax(drawn, min), max)};
    }
    case PBT_INT:
        return (pbt_value){.integer = draw_int(parameter, rng)};
    case PBT_ORDINAL:
    case PBT_CHOICE:
        return (pbt_value){.integer = pbt__rng_below(rng, (uint32_t)parameter->item_count)};
    case PBT_CONSTANT:
        break;
    }
    return (pbt_value){.integer = 0};
}

/* ---- bounds and equality --------------------------------------------------------------------- */

bool pbt__parameter_holds(const pbt_parameter *parameter, pbt_value value)
{
    switch (parameter->type) {
    case PBT_FLOAT:
        return value.real >= parameter->min.real && value.real <= parameter->max.real;
    case PBT_INT:
        return value.integer >= parameter->min.integer && value.integer <= parameter->max.integer;
    case PBT_ORDINAL:
    case PBT_CHOICE:
    case PBT_CONSTANT:
        break;
    }
    return value.integer >= 0 && value.integer < parameter->item_count;
}

bool pbt__parameter_equal(const pbt_parameter *parameter, pbt_value a, pbt_value b)
{
    return parameter->type == PBT_FLOAT ? memcmp(&a.real, &b.real, sizeof a.real) == 0
                                        : a.integer == b.integer;
}

bool pbt__space_inherits_equal(const pbt_space *space, const pbt_value *a, const pbt_value *b)
{
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        if (parameter->inherit && !pbt__parameter_equal(parameter, a[i], b[i])) {
            return false;
        }
    }
    return true;
}
