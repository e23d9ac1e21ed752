/*
 * explore.c: how hyperparameters change (Jaderberg et al. 2017, section 4.1.1).
 *
 * Numbers are moved as doubles and brought back into their bounds before anything else sees them.
 * A list's value is its index. What happened to each hyperparameter is said by its operation, also
 * where the value ended up where it was.
 */
#include "core/explore.h"

#include <math.h>

#include "core/space.h"

/* One hyperparameter on its way. */
typedef struct move {
    const pbt_explore *rule;
    const pbt_parameter *parameter;
    pbt_value *value;
    pbt_change *change;
    pbt__rng *rng;
} move;

static bool is_number(const pbt_parameter *parameter)
{
    return parameter->type == PBT_FLOAT || parameter->type == PBT_INT;
}

static double value_get(const move *m)
{
    return m->parameter->type == PBT_INT ? (double)m->value->integer : m->value->real;
}

/* Set a number, within its bounds; an int's are exact as doubles. `wanted` is whole for an int. */
static void value_set(const move *m, double wanted)
{
    const bool is_int = m->parameter->type == PBT_INT;
    const double min = is_int ? (double)m->parameter->min.integer : m->parameter->min.real;
    const double max = is_int ? (double)m->parameter->max.integer : m->parameter->max.real;
    const double set = wanted < min ? min : wanted > max ? max : wanted;
    m->change->is_clamped = set != wanted;
    if (is_int) {
        m->value->integer = (int64_t)set;
    } else {
        m->value->real = set;
    }
}

/* Multiply x, or 1 - x where that is what the scale is a logarithm of. */
static double scaled(pbt_scale scale, double x, double factor)
{
    return scale == PBT_REVERSE_LOG ? 1 - (1 - x) * factor : x * factor;
}

// rule: resample, Jaderberg 2017 section 4.1.1
static void resample(const move *m)
{
    m->change->operation = PBT_RESAMPLE;
    m->change->argument = 0;
    *m->value = pbt__parameter_draw(m->parameter, m->rng);
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
static void perturb_int(const move *m, double from, double product, double factor)
{
    const double rounded = round(product);
    const int32_t direction = nudge_direction(from, product, factor);
    if (rounded != from || direction == 0) {
        value_set(m, rounded);
        return;
    }
    m->change->operation = PBT_NUDGE;
    m->change->argument = direction;
    value_set(m, from + direction);
}

// rule: perturb (float), Jaderberg 2017 section 4.1.1
static void perturb_number(const move *m)
{
    const uint32_t i = pbt__rng_below(m->rng, (uint32_t)m->rule->factor_count);
    const double factor = m->rule->factors[i];
    const double from = value_get(m);
    const double product = scaled(m->parameter->scale, from, factor);
    m->change->operation = PBT_FACTOR;
    m->change->argument = factor;
    if (m->parameter->type == PBT_INT) {
        perturb_int(m, from, product, factor);
    } else if (product == from && factor != 1) {
        resample(m);
    } else {
        value_set(m, product);
    }
}

// rule: perturb (ordinal, choice)
static void move_in_list(const move *m)
{
    const uint32_t count = (uint32_t)m->parameter->item_count;
    if (m->parameter->type == PBT_CHOICE) {
        m->change->operation = PBT_PICK;
        m->value->integer = pbt__rng_below(m->rng, count);
        return;
    }
    const bool is_up = pbt__rng_below(m->rng, 2) == 1;
    const int64_t end = is_up ? count - 1 : 0;
    m->change->operation = is_up ? PBT_UP : PBT_DOWN;
    m->change->is_clamped = m->value->integer == end;
    if (!m->change->is_clamped) {
        m->value->integer += is_up ? 1 : -1;
    }
}

static void perturb(const move *m)
{
    if (pbt__rng_uniform(m->rng) < m->rule->resample_probability) {
        resample(m);
    } else if (is_number(m->parameter)) {
        perturb_number(m);
    } else {
        move_in_list(m);
    }
}

// rule: gaussian
static void add_noise(const move *m)
{
    const double noise = m->rule->sigma * pbt__rng_normal(m->rng);
    const double from = value_get(m);
    const double moved = m->parameter->scale == PBT_LINEAR
                             ? from + noise
                             : scaled(m->parameter->scale, from, exp(noise));
    m->change->operation = PBT_NOISE;
    value_set(m, m->parameter->type == PBT_INT ? round(moved) : moved);
}

static void explore_one(pbt_explore_rule rule, const move *m)
{
    switch (rule) {
    case PBT_EXPLORE_PERTURB:
        perturb(m);
        break;
    case PBT_EXPLORE_GAUSSIAN:
        if (is_number(m->parameter)) {
            add_noise(m);
        } else {
            move_in_list(m);
        }
        break;
    case PBT_EXPLORE_RESAMPLE:
        resample(m);
        break;
    case PBT_EXPLORE_NONE:
        break;
    }
}

static void explore_by(pbt_explore_rule rule, const pbt_search *search, pbt_segment_id id,
                       pbt_value *values, pbt_change *changes)
{
    for (size_t i = 0; i < search->space.count; i++) {
        const pbt_parameter *parameter = &search->space.parameters[i];
        changes[i] = (pbt_change){.operation = PBT_UNTOUCHED, .from = values[i]};
        if (parameter->inherit || parameter->type == PBT_CONSTANT) {
            continue;
        }
        pbt__rng rng =
            pbt__rng_stream(search->seed, id.member, id.number, PBT__PURPOSE_EXPLORE, (uint32_t)i);
        const move m = {
            .rule = &search->explore,
            .parameter = parameter,
            .value = &values[i],
            .change = &changes[i],
            .rng = &rng,
        };
        explore_one(rule, &m);
    }
}

void pbt__explore(const pbt_search *search, pbt_segment_id id, pbt_value *values,
                  pbt_change *changes)
{
    explore_by(search->explore.rule, search, id, values, changes);
}

void pbt__explore_resample(const pbt_search *search, pbt_segment_id id, pbt_value *values,
                           pbt_change *changes)
{
    explore_by(PBT_EXPLORE_RESAMPLE, search, id, values, changes);
}
