/*
 * explore.c: how hyperparameters change, by the rule in force (Jaderberg et al. 2017, section
 * 4.1.1).
 *
 * Numbers are moved as doubles and brought back into their bounds before anything else sees them.
 * A list's value is its index. What happened to each hyperparameter is said by its operation, also
 * where the value ended up where it was.
 */
#include "core/explore.h"

#include "core/space.h"
#include "core/type.h"

bool pbt__explore_is_still(const pbt_parameter *parameter)
{
    return parameter->inherit || pbt__type_of(parameter)->shape == PBT__SHAPE_SINGLE;
}

double pbt__move_get(const pbt__move *move)
{
    return pbt__type_of(move->parameter)->number(*move->value);
}

void pbt__move_set(const pbt__move *move, double wanted)
{
    const pbt_parameter *parameter = move->parameter;
    const pbt__type *type = pbt__type_of(parameter);
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
    *move->value = pbt__parameter_draw(move->parameter, move->rng);
}

void pbt__explore_each(const pbt__exploration *at, void (*one)(const pbt__move *move))
{
    const pbt_search *search = at->search;
    for (size_t i = 0; i < search->space.count; i++) {
        if (pbt__explore_is_still(&search->space.parameters[i])) {
            continue;
        }
        pbt__rng rng = pbt__rng_stream(search->seed, at->id.member, at->id.number,
                                       PBT__PURPOSE_EXPLORE, (uint32_t)i);
        const pbt__move move = {
            .rule = &search->explore,
            .search = search,
            .parameter = &search->space.parameters[i],
            .value = &at->values[i],
            .change = &at->changes[i],
            .rng = &rng,
        };
        one(&move);
    }
}

void pbt__explore(const pbt_search *search, pbt__history history, pbt_segment_id id,
                  pbt_value *values, pbt_change *changes)
{
    const pbt__explore_row *row = pbt__explore_row_of(search);
    const pbt__exploration at = {search, history, id, values, changes};
    for (size_t i = 0; i < search->space.count; i++) {
        changes[i] = (pbt_change){.operation = PBT_UNTOUCHED, .from = values[i]};
    }
    if (row->explore != NULL) {
        row->explore(&at);
    }
}
