/*
 * move.c: how one hyperparameter is moved; shared by rules and types.
 *
 * Numbers are moved as doubles and then clamped to their bounds. A list's value is its index. The
 * operation is recorded, even if the value did not change.
 */
#include "core/explore.h"

#include "core/type.h"

double pbt__move_get(const pbt__move *move)
{
    return move->type->number(*move->value);
}

void pbt__move_set(const pbt__move *move, double wanted)
{
    const pbt_parameter *parameter = move->parameter;
    const pbt__type *type = move->type;
    const double min = type->number(parameter->min);
    const double max = type->number(parameter->max);
    const double exact = type->round(wanted);
    const double set = exact < min ? min : exact > max ? max : exact;
    move->change->is_clamped = set != exact;
    *move->value = type->of(set);
}

double pbt__move_multiply(const pbt__move *move, double x, double factor)
{
    return move->parameter->scale == PBT_REVERSE_LOG ? 1 - (1 - x) * factor : x * factor;
}

// rule: resample, Jaderberg 2017 section 4.1.1
void pbt__move_resample(const pbt__move *move)
{
    move->change->operation = PBT_RESAMPLE;
    move->change->argument = 0;
    *move->value = move->type->draw(move->parameter, move->rng);
}
