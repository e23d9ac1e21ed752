/*
 * search.c: the defaults of a search, and what contradicts what in one.
 *
 * Bounds that are not a rule's own keep arithmetic from overflowing: all steps of all members stay
 * below 2^53, and a member's segments below 2^24.
 */
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <pbt/pbt.h>

#include "core/population.h"
#include "core/space.h"

enum { FACTORS_MAXIMUM = 64, SEGMENTS_MAXIMUM = 1 << 24 };

#define STEPS_MAXIMUM (INT64_C(1) << 53)

static const double default_factors[] = {0.8, 1.25};

pbt_search pbt_search_default(void)
{
    return (pbt_search){
        .size = sizeof(pbt_search),
        .mode = PBT_ASYNCHRONOUS,
        .direction = PBT_MAXIMIZE,
        .window = 1,
        .stop_score = (double)NAN,
        .exploit =
            {
                .rule = PBT_EXPLOIT_TRUNCATION,
                .compare = PBT_COMPARE_STEP,
                .quorum = 0.75,
                .copy = PBT_COPY_WEIGHTS | PBT_COPY_HYPERPARAMETERS,
                .fraction = 0.25,
                .alpha = 0.05,
                .window = 10,
                .sigmas = 0.5,
            },
        .explore =
            {
                .rule = PBT_EXPLORE_PERTURB,
                .when = PBT_WHEN_COPY,
                .factors = default_factors,
                .factor_count = sizeof default_factors / sizeof *default_factors,
                .resample_probability = 0.05,
                .sigma = 0.1,
            },
        .retries = 1,
        .lost = 3,
    };
}

pbt_parameter pbt_parameter_float(const char *name, pbt_scale scale, double min, double max)
{
    return (pbt_parameter){
        .name = name,
        .type = PBT_FLOAT,
        .scale = scale,
        .min = {.real = min},
        .max = {.real = max},
    };
}

pbt_parameter pbt_parameter_int(const char *name, pbt_scale scale, int64_t min, int64_t max)
{
    return (pbt_parameter){
        .name = name,
        .type = PBT_INT,
        .scale = scale,
        .min = {.integer = min},
        .max = {.integer = max},
    };
}

/* ---- checking -------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static pbt_err refuse(pbt_error *error, const char *format,
                                                            ...)
{
    if (error != NULL) {
        *error = (pbt_error){.code = PBT_ERR_ARGUMENT};
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
    }
    return PBT_ERR_ARGUMENT;
}

/* One field, the closed interval it lies in, and where it is. */
typedef struct bound {
    const char *field;
    double value, min, max;
} bound;

static pbt_err check_bounds(const bound *bounds, size_t count, pbt_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const bound *b = &bounds[i];
        if (!(b->value >= b->min && b->value <= b->max)) {
            return refuse(error, "%s is %.17g, needs to be from %.17g to %.17g", b->field, b->value,
                          b->min, b->max);
        }
    }
    return PBT_OK;
}

static pbt_err check_numbers(const pbt_search *s, pbt_error *error)
{
    const double steps = (double)STEPS_MAXIMUM;
    const bound bounds[] = {
        {"population", s->population, 1, PBT__POPULATION_MAXIMUM},
        {"mode", s->mode, 0, PBT_GENERATIONAL},
        {"direction", s->direction, 0, PBT_MINIMIZE},
        {"window", s->window, 1, PBT__WINDOW_MAXIMUM},
        {"ready_every", (double)s->ready_every, 1, steps},
        {"ready_after", (double)s->ready_after, 0, steps},
        {"stop_steps", (double)s->stop_steps, 1, steps},
        {"exploit.rule", s->exploit.rule, 0, PBT_EXPLOIT_NONE},
        {"exploit.compare", s->exploit.compare, 0, PBT_COMPARE_LATEST},
        {"exploit.quorum", s->exploit.quorum, 0, 1},
        {"exploit.copy", s->exploit.copy, 1, PBT_COPY_WEIGHTS | PBT_COPY_HYPERPARAMETERS},
        {"exploit.fraction", s->exploit.fraction, 0, 0.5},
        {"exploit.alpha", s->exploit.alpha, 0, 1},
        {"exploit.window", s->exploit.window, 2, PBT__WINDOW_MAXIMUM},
        {"exploit.sigmas", s->exploit.sigmas, 0, DBL_MAX},
        {"exploit.absolute", s->exploit.absolute, 0, DBL_MAX},
        {"explore.rule", s->explore.rule, 0, PBT_EXPLORE_NONE},
        {"explore.when", s->explore.when, 0, PBT_WHEN_ALWAYS},
        {"explore.resample_probability", s->explore.resample_probability, 0, 1},
        {"explore.sigma", s->explore.sigma, 0, DBL_MAX},
        {"retries", s->retries, 0, INT32_MAX},
        {"lost", s->lost, 0, INT32_MAX},
    };
    return check_bounds(bounds, sizeof bounds / sizeof *bounds, error);
}

static pbt_err check_totals(const pbt_search *s, pbt_error *error)
{
    if (s->stop_steps > STEPS_MAXIMUM / s->population) {
        return refuse(error, "population times stop_steps needs to be at most 2^53");
    }
    if (s->stop_steps / s->ready_every >= SEGMENTS_MAXIMUM) {
        return refuse(error, "stop_steps over ready_every needs to be less than 2^24");
    }
    if (isinf(s->stop_score)) {
        return refuse(error, "stop_score needs to be finite, or NaN for none");
    }
    return PBT_OK;
}

static pbt_err check_factors(const pbt_explore *explore, pbt_error *error)
{
    if (explore->rule != PBT_EXPLORE_PERTURB) {
        return PBT_OK;
    }
    if (explore->factors == NULL || explore->factor_count < 1 ||
        explore->factor_count > FACTORS_MAXIMUM) {
        return refuse(error, "explore.factors needs from 1 to %d factors", FACTORS_MAXIMUM);
    }
    for (int32_t i = 0; i < explore->factor_count; i++) {
        if (!(explore->factors[i] > 0) || isinf(explore->factors[i])) {
            return refuse(error, "explore.factors[%d] is %.17g, needs to be positive and finite",
                          (int)i, explore->factors[i]);
        }
    }
    return PBT_OK;
}

static bool has_name_before(const pbt_space *space, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(space->parameters[i].name, space->parameters[index].name) == 0) {
            return true;
        }
    }
    return false;
}

static pbt_err check_space(const pbt_space *space, pbt_error *error)
{
    if (space->count > PBT__PARAMETERS_MAXIMUM) {
        return refuse(error, "space has %zu hyperparameters, needs to have %d or fewer",
                      space->count, PBT__PARAMETERS_MAXIMUM);
    }
    if (space->count > 0 && space->parameters == NULL) {
        return refuse(error, "space.parameters is NULL");
    }
    for (size_t i = 0; i < space->count; i++) {
        const char *name = space->parameters[i].name;
        const char *fault = pbt__parameter_fault(&space->parameters[i]);
        if (fault == NULL && has_name_before(space, i)) {
            fault = "needs a name of its own";
        }
        if (fault != NULL) {
            return refuse(error, "hyperparameter %zu '%.64s' %s", i, name != NULL ? name : "",
                          fault);
        }
    }
    return PBT_OK;
}

/* `what` is "" or says where in starts[index] the values are. Shape: values, given
 * [space->count] */
static pbt_err check_values(const pbt_space *space, const pbt_value *values, const bool *given,
                            const char *what, int32_t index, pbt_error *error)
{
    if (space->count > 0 && (values == NULL || given == NULL)) {
        return refuse(error, "starts[%d]%s needs values and given", (int)index, what);
    }
    for (size_t i = 0; i < space->count; i++) {
        const pbt_parameter *parameter = &space->parameters[i];
        if (given[i] && !pbt__parameter_holds(parameter, values[i])) {
            return refuse(error, "starts[%d]%s.%s needs a value within its bounds", (int)index,
                          what, parameter->name);
        }
    }
    return PBT_OK;
}

static pbt_err check_stage(const pbt_search *s, int32_t index, int32_t stage, pbt_error *error)
{
    const pbt_start *start = &s->starts[index];
    const pbt_stage *this = &start->stages[stage];
    const int64_t before = stage > 0 ? start->stages[stage - 1].end_age : 0;
    if (this->end_age <= before || this->end_age > STEPS_MAXIMUM) {
        return refuse(error, "starts[%d].stages[%d] needs an end_age above %lld and at most 2^53",
                      (int)index, (int)stage, (long long)before);
    }
    if (s->population > 1 && this->end_age % s->ready_every != 0) {
        return refuse(error,
                      "starts[%d].stages[%d].end_age needs to be a multiple of ready_every, for "
                      "the population has several members",
                      (int)index, (int)stage);
    }
    return check_values(&s->space, this->values, this->given, ".stages", index, error);
}

static pbt_err check_stages(const pbt_search *s, int32_t index, pbt_error *error)
{
    const pbt_start *start = &s->starts[index];
    if (start->stage_count < 0 || (start->stage_count > 0 && start->stages == NULL)) {
        return refuse(error, "starts[%d] needs stages", (int)index);
    }
    for (int32_t i = 0; i < start->stage_count; i++) {
        const pbt_err err = check_stage(s, index, i, error);
        if (err != PBT_OK) {
            return err;
        }
    }
    return PBT_OK;
}

static pbt_err check_starts(const pbt_search *s, pbt_error *error)
{
    if (s->start_count < 0 || s->start_count > s->population) {
        return refuse(error, "start_count is %d, needs to be from 0 to population",
                      (int)s->start_count);
    }
    if (s->start_count > 0 && s->starts == NULL) {
        return refuse(error, "starts is NULL");
    }
    for (int32_t i = 0; i < s->start_count; i++) {
        const pbt_start *start = &s->starts[i];
        pbt_err err = check_values(&s->space, start->values, start->given, "", i, error);
        if (err == PBT_OK) {
            err = check_stages(s, i, error);
        }
        if (err != PBT_OK) {
            return err;
        }
    }
    return PBT_OK;
}

pbt_err pbt_search_check(const pbt_search *search, pbt_error *error)
{
    if (search->size != sizeof *search) {
        return refuse(error, "size is %zu, needs to be %zu: begin with pbt_search_default()",
                      search->size, sizeof *search);
    }
    pbt_err err = check_numbers(search, error);
    if (err == PBT_OK) {
        err = check_totals(search, error);
    }
    if (err == PBT_OK) {
        err = check_factors(&search->explore, error);
    }
    if (err == PBT_OK) {
        err = check_space(&search->space, error);
    }
    if (err == PBT_OK) {
        err = check_starts(search, error);
    }
    return err;
}
