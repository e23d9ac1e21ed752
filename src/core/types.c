/*
 * types.c: the types that a hyperparameter may have, a row each.
 *
 * On a linear scale every int is equally likely; on a logarithmic one each has the share of its
 * cell, from half a unit below it to half a unit above: the ends are not cut to half of theirs.
 * Ints stay within 2^53 of 0, where a double holds every one of them: factors, noise and logarithms
 * lose none.
 */
#include "core/type.h"

#include <math.h>
#include <string.h>

#include "core/explore.h"
#include "core/space.h"

#define INT_LIMIT (INT64_C(1) << 53)

/* ---- what may be wrong ----------------------------------------------------------------------- */

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

static const char *float_fault(const pbt_parameter *parameter)
{
    return range_fault(parameter->scale, parameter->min.real, parameter->max.real);
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

static const char *list_fault(const pbt_parameter *parameter)
{
    const pbt_item *items = parameter->items;
    const int32_t count = parameter->item_count;
    if (items == NULL || count < 2) {
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

static const char *single_fault(const pbt_parameter *parameter)
{
    const bool is_one = parameter->items != NULL && parameter->item_count == 1;
    return is_one ? item_fault(&parameter->items[0]) : "needs one value";
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

static pbt_value float_draw(const pbt_parameter *parameter, pbt__rng *rng)
{
    const double min = parameter->min.real;
    const double max = parameter->max.real;
    /* Rounding may leave the interval by a unit in the last place. */
    const double drawn = draw_real(parameter->scale, min, max, rng);
    return (pbt_value){.real = fmin(fmax(drawn, min), max)};
}

static pbt_value int_draw(const pbt_parameter *parameter, pbt__rng *rng)
{
    const int64_t min = parameter->min.integer;
    const int64_t max = parameter->max.integer;
    if (parameter->scale == PBT_LINEAR) {
        return (pbt_value){.integer = min + (int64_t)draw_up_to((uint64_t)(max - min), rng)};
    }
    const double drawn = draw_real(parameter->scale, (double)min - 0.5, (double)max + 0.5, rng);
    return (pbt_value){.integer = (int64_t)fmin(fmax(round(drawn), (double)min), (double)max)};
}

static pbt_value list_draw(const pbt_parameter *parameter, pbt__rng *rng)
{
    return (pbt_value){.integer = pbt__rng_below(rng, (uint32_t)parameter->item_count)};
}

static pbt_value single_draw(const pbt_parameter *parameter, pbt__rng *rng)
{
    (void)parameter;
    (void)rng;
    return (pbt_value){.integer = 0};
}

/* ---- bounds and equality --------------------------------------------------------------------- */

static bool float_holds(const pbt_parameter *parameter, pbt_value value)
{
    return value.real >= parameter->min.real && value.real <= parameter->max.real;
}

static bool int_holds(const pbt_parameter *parameter, pbt_value value)
{
    return value.integer >= parameter->min.integer && value.integer <= parameter->max.integer;
}

static bool list_holds(const pbt_parameter *parameter, pbt_value value)
{
    return value.integer >= 0 && value.integer < parameter->item_count;
}

static bool float_equal(pbt_value a, pbt_value b)
{
    return memcmp(&a.real, &b.real, sizeof a.real) == 0;
}

static bool int_equal(pbt_value a, pbt_value b)
{
    return a.integer == b.integer;
}

/* ---- values as they are written -------------------------------------------------------------- */

static pbt_item float_item(const pbt_parameter *parameter, pbt_value value)
{
    (void)parameter;
    return (pbt_item){.type = PBT_ITEM_FLOAT, .real = value.real};
}

static pbt_item int_item(const pbt_parameter *parameter, pbt_value value)
{
    (void)parameter;
    return (pbt_item){.type = PBT_ITEM_INT, .integer = value.integer};
}

static pbt_item list_item(const pbt_parameter *parameter, pbt_value value)
{
    return parameter->items[value.integer];
}

static bool float_read(const pbt_parameter *parameter, const pbt_item *item, pbt_value *out)
{
    (void)parameter;
    out->real = item->real;
    return item->type == PBT_ITEM_FLOAT;
}

static bool int_read(const pbt_parameter *parameter, const pbt_item *item, pbt_value *out)
{
    (void)parameter;
    out->integer = item->integer;
    return item->type == PBT_ITEM_INT;
}

static bool list_read(const pbt_parameter *parameter, const pbt_item *item, pbt_value *out)
{
    for (int32_t i = 0; i < parameter->item_count; i++) {
        if (item_equal(&parameter->items[i], item)) {
            out->integer = i;
            return true;
        }
    }
    return false;
}

static double float_number(pbt_value value)
{
    return value.real;
}

static double float_round(double number)
{
    return number;
}

static pbt_value float_of(double number)
{
    return (pbt_value){.real = number};
}

static double int_number(pbt_value value)
{
    return (double)value.integer;
}

static pbt_value int_of(double number)
{
    return (pbt_value){.integer = (int64_t)number};
}

/* ---- moving ---------------------------------------------------------------------------------- */

static double product_of(const pbt__move *m, double from, double factor)
{
    m->change->operation = PBT_FACTOR;
    m->change->argument = factor;
    return pbt__move_multiply(m, from, factor);
}

/* Where an int goes that its factor did not move: on in the direction of the product, of which only
 * rounding is short; 0 has none and follows the factor. */
static int32_t nudge_direction(double from, double product, double factor)
{
    if (product != from) {
        return product > from ? 1 : -1;
    }
    return (factor > 1) - (factor < 1);
}

// rule: perturb (int), Jaderberg 2017 section 4.1.1
static void int_perturb(const pbt__move *m, double factor)
{
    const double from = pbt__move_get(m);
    const double product = product_of(m, from, factor);
    const double rounded = round(product);
    const int32_t direction = nudge_direction(from, product, factor);
    if (rounded != from || direction == 0) {
        pbt__move_set(m, rounded);
        return;
    }
    m->change->operation = PBT_NUDGE;
    m->change->argument = direction;
    pbt__move_set(m, from + direction);
}

// rule: perturb (float), Jaderberg 2017 section 4.1.1
static void float_perturb(const pbt__move *m, double factor)
{
    const double from = pbt__move_get(m);
    const double product = product_of(m, from, factor);
    if (product == from && factor != 1) {
        pbt__move_resample(m);
    } else {
        pbt__move_set(m, product);
    }
}

// rule: perturb (ordinal)
static void ordinal_perturb(const pbt__move *m, double factor)
{
    (void)factor;
    const bool is_up = pbt__rng_below(m->rng, 2) == 1;
    const int64_t end = is_up ? m->parameter->item_count - 1 : 0;
    m->change->operation = is_up ? PBT_UP : PBT_DOWN;
    m->change->is_clamped = m->value->integer == end;
    if (!m->change->is_clamped) {
        m->value->integer += is_up ? 1 : -1;
    }
}

// rule: perturb (choice)
static void choice_perturb(const pbt__move *m, double factor)
{
    (void)factor;
    m->change->operation = PBT_PICK;
    *m->value = list_draw(m->parameter, m->rng);
}

/* ---- the table ------------------------------------------------------------------------------- */

/* A row that lacks an operation has too few arguments; NULL says that a type has none. */
#define TYPES(X)                                                                                   \
    X(FLOAT, "float", NUMBER, float_fault, float_draw, float_holds, float_equal, float_item,       \
      float_read, float_number, float_round, float_of, float_perturb)                              \
    X(INT, "int", NUMBER, int_fault, int_draw, int_holds, int_equal, int_item, int_read,           \
      int_number, round, int_of, int_perturb)                                                      \
    X(ORDINAL, "ordinal", LIST, list_fault, list_draw, list_holds, int_equal, list_item,           \
      list_read, NULL, NULL, NULL, ordinal_perturb)                                                \
    X(CHOICE, "choice", LIST, list_fault, list_draw, list_holds, int_equal, list_item, list_read,  \
      NULL, NULL, NULL, choice_perturb)                                                            \
    X(CONSTANT, "constant", SINGLE, single_fault, single_draw, list_holds, int_equal, list_item,   \
      list_read, NULL, NULL, NULL, NULL)

#define ROW(id, name, shape, fault, draw, holds, equal, item, read, number, round, of, perturb)    \
    [PBT_##id] = {                                                                                 \
        name,   PBT__SHAPE_##shape, fault, draw, holds, equal, item, read, number, round, of,      \
        perturb},

static const pbt__type ROWS[] = {TYPES(ROW)};

/* The compiler warns where a pbt_type has no row: a warning is an error. */
#define CASE(id, ...) case PBT_##id:

const pbt__type *pbt__type_row(pbt_type type)
{
    switch (type) {
        TYPES(CASE)
        return &ROWS[type];
    }
    return NULL;
}
