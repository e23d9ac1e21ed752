/* values.c: which hyperparameters are tried: two settings, and each one's farthest value. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/space.h"
#include "core/type.h"
#include "try/probe.h"

/* The value of a number at a share of its prior. */
static double on_scale(const pbt_parameter *parameter, double share)
{
    const double min = pbt__type_of(parameter)->number(parameter->min);
    const double max = pbt__type_of(parameter)->number(parameter->max);
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

/* A number that is easy to read, where that is one of the prior's. */
static double rounded(const pbt_parameter *parameter, double value)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%.3g", value);
    const double round = strtod(text, NULL);
    const pbt_value shown = pbt__type_of(parameter)->of(round);
    return !pbt__is_integer(parameter) && pbt__parameter_holds(parameter, shown) ? round : value;
}

/* The value that lies at a share of a prior. */
static pbt_value at_share(const pbt_parameter *parameter, double share)
{
    const pbt__type *type = pbt__type_of(parameter);
    if (type->shape == PBT__SHAPE_NUMBER) {
        return type->of(type->round(rounded(parameter, on_scale(parameter, share))));
    }
    const int64_t place = (int64_t)(share * (double)parameter->item_count);
    const int64_t last = (int64_t)parameter->item_count - 1;
    return (pbt_value){.integer = place < last ? place : last};
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

/* ---- far apart ---- */

/* Where a number lies on its scale, whatever the units. */
static double along(const pbt_parameter *parameter, double value)
{
    switch (parameter->scale) {
    case PBT_LOG:
        return log(value);
    case PBT_REVERSE_LOG:
        return -log1p(-value);
    case PBT_LINEAR:
        break;
    }
    return value;
}

static double distance(const pbt_parameter *parameter, pbt_value a, pbt_value b)
{
    const pbt__type *type = pbt__type_of(parameter);
    if (type->shape == PBT__SHAPE_NUMBER) {
        return fabs(along(parameter, type->number(a)) - along(parameter, type->number(b)));
    }
    return fabs((double)(a.integer - b.integer));
}

/* An end as the spec says it, not as the scale's functions round it. */
static pbt_value end_of(const pbt_parameter *parameter, bool is_max)
{
    if (pbt__is_number(parameter)) {
        return is_max ? parameter->max : parameter->min;
    }
    return at_share(parameter, is_max ? 1 : 0);
}

void pbt__probe_ends(const pbt_parameter *parameter, pbt_value from, pbt_value *out)
{
    const pbt_value min = end_of(parameter, false), max = end_of(parameter, true);
    const bool is_min = distance(parameter, from, min) > distance(parameter, from, max);
    out[0] = is_min ? min : max;
    out[1] = is_min ? max : min;
}
