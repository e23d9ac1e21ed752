/*
 * search.c: the defaults and the checks of a search.
 *
 * Other bounds than those of rules prevent overflow: all steps of all members stay below 2^53, and
 * a member's segments below 2^24.
 */
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <pbt/pbt.h>

#include "core/rule.h"
#include "core/search.h"
#include "core/space.h"

enum { SEGMENTS_MAXIMUM = 1 << 24 };

#define STEPS_MAXIMUM (INT64_C(1) << 53)

// clang-format off
const pbt__rule_option pbt__search_options[PBT__SEARCH_OPTIONS] = {
    [PBT__SEARCH_POPULATION] = {.name = "population", .type = PBT__RULE_COUNT,
        .offset = offsetof(pbt_search, population), .least = 1, .most = PBT__POPULATION_MAXIMUM},
    [PBT__SEARCH_WINDOW] = {.name = "window", .type = PBT__RULE_COUNT,
        .offset = offsetof(pbt_search, window), .least = 1, .most = PBT__WINDOW_MAXIMUM,
        .fallback = 1},
    [PBT__SEARCH_READY_EVERY] = {.name = "ready_every", .type = PBT__RULE_STEPS,
        .offset = offsetof(pbt_search, ready_every), .least = 1, .most = (double)STEPS_MAXIMUM},
    [PBT__SEARCH_READY_AFTER] = {.name = "ready_after", .type = PBT__RULE_STEPS,
        .offset = offsetof(pbt_search, ready_after), .most = (double)STEPS_MAXIMUM},
    [PBT__SEARCH_STOP_STEPS] = {.name = "stop_steps", .type = PBT__RULE_STEPS,
        .offset = offsetof(pbt_search, stop_steps), .least = 1, .most = (double)STEPS_MAXIMUM},
    [PBT__SEARCH_QUORUM] = {.name = "exploit.quorum", .offset = PBT__EXPLOIT_FIELD(quorum),
        .most = 1, .fallback = 0.75},
    [PBT__SEARCH_RETRIES] = {.name = "retries", .type = PBT__RULE_COUNT,
        .offset = offsetof(pbt_search, retries), .most = INT32_MAX, .fallback = 1},
    [PBT__SEARCH_LOST] = {.name = "lost", .type = PBT__RULE_COUNT,
        .offset = offsetof(pbt_search, lost), .most = INT32_MAX, .fallback = 3},
};
// clang-format on

/* Options without a field have their defaults while nobody names them. Shape: options[count] */
static void set_options(pbt_search *search, const pbt__rule_option *options, size_t count)
{
    for (const pbt__rule_option *o = options; o < options + count; o++) {
        if (o->type == PBT__RULE_LIST) {
            pbt__rule_set_list(search, o, o->list, o->list_count);
        } else if (o->offset != PBT__RULE_NAMED) {
            (void)pbt__rule_set(search, o, o->fallback);
        }
    }
}

pbt_search pbt__search_defaults(void)
{
    pbt_search search = {
        .size = sizeof(pbt_search),
        .mode = PBT_ASYNCHRONOUS,
        .direction = PBT_MAXIMIZE,
        .stop_score = (double)NAN,
        .exploit = {.copy = PBT_COPY_WEIGHTS | PBT_COPY_HYPERPARAMETERS},
    };
    const pbt__rule *rule;
    for (size_t i = 0; (rule = pbt__rule_at(i)) != NULL; i++) {
        set_options(&search, rule->options, rule->option_count);
    }
    set_options(&search, pbt__search_options, PBT__SEARCH_OPTIONS);
    return search;
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

static pbt_err check_option(const pbt_search *s, const pbt__rule_option *option, pbt_error *error)
{
    const bound b = {option->name, pbt__rule_value(s, option), option->least,
                     fmin(option->most, DBL_MAX)};
    if (option->type == PBT__RULE_COUNT && b.value != trunc(b.value)) {
        return refuse(error, "%s is %.17g, needs to be whole", option->name, b.value);
    }
    return check_bounds(&b, 1, error);
}

static pbt_err check_numbers(const pbt_search *s, pbt_error *error)
{
    const bound bounds[] = {
        {"mode", s->mode, 0, PBT_GENERATIONAL},
        {"direction", s->direction, 0, PBT_MINIMIZE},
        {"exploit.rule", s->exploit.rule, 0, (double)pbt__exploit_row_count - 1},
        {"exploit.compare", s->exploit.compare, 0, PBT_COMPARE_LATEST},
        {"exploit.copy", s->exploit.copy, 1, PBT_COPY_WEIGHTS | PBT_COPY_HYPERPARAMETERS},
        {"explore.rule", s->explore.rule, 0, (double)pbt__explore_row_count - 1},
        {"explore.when", s->explore.when, 0, PBT_WHEN_ALWAYS},
    };
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < PBT__SEARCH_OPTIONS; i++) {
        err = check_option(s, &pbt__search_options[i], error);
    }
    return err == PBT_OK ? check_bounds(bounds, sizeof bounds / sizeof *bounds, error) : err;
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

/* ---- options of rules ---- */

static pbt_err check_list(const pbt_search *s, const pbt__rule_option *option, pbt_error *error)
{
    int32_t count = 0;
    const double *list = pbt__rule_list(s, option, &count);
    if (list == NULL || count < 1 || count > option->most) {
        return refuse(error, "%s needs from 1 to %.17g numbers", option->name, option->most);
    }
    for (int32_t i = 0; i < count; i++) {
        if (!(list[i] > option->least) || isinf(list[i])) {
            return refuse(error, "%s[%d] is %.17g, needs to be above %.17g and finite",
                          option->name, (int)i, list[i], option->least);
        }
    }
    return PBT_OK;
}

/* A list may be missing if its rule is not in force. */
static pbt_err check_rule(const pbt_search *s, const pbt__rule *rule, pbt_error *error)
{
    const bool is_used =
        rule == &pbt__exploit_row_of(s)->rule || rule == &pbt__explore_row_of(s)->rule;
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < rule->option_count; i++) {
        const pbt__rule_option *option = &rule->options[i];
        if (option->type != PBT__RULE_LIST) {
            err = check_option(s, option, error);
        } else if (is_used) {
            err = check_list(s, option, error);
        }
    }
    return err;
}

static bool is_option(const char *name)
{
    const pbt__rule *rule;
    for (size_t i = 0; (rule = pbt__rule_at(i)) != NULL; i++) {
        for (size_t j = 0; j < rule->option_count; j++) {
            if (rule->options[j].offset == PBT__RULE_NAMED &&
                strncmp(rule->options[j].name, name, PBT_OPTION_SIZE) == 0) {
                return true;
            }
        }
    }
    return false;
}

static pbt_err check_rules(const pbt_search *s, pbt_error *error)
{
    const pbt__rule *rule;
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && (rule = pbt__rule_at(i)) != NULL; i++) {
        err = check_rule(s, rule, error);
    }
    for (size_t i = 0; err == PBT_OK && i < PBT_OPTIONS; i++) {
        const char *name = s->options[i].name;
        if (name[0] != '\0' && !is_option(name)) {
            err = refuse(error, "options[%zu]: no rule has an option '%.*s' without a field", i,
                         PBT_OPTION_SIZE, name);
        }
    }
    return err;
}

/* ---- the space ---- */

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

pbt_err pbt__search_check(const pbt_search *search, pbt_error *error)
{
    pbt_err err = check_numbers(search, error);
    if (err == PBT_OK) {
        err = check_totals(search, error);
    }
    if (err == PBT_OK) {
        err = check_rules(search, error);
    }
    if (err == PBT_OK) {
        err = check_space(&search->space, error);
    }
    if (err == PBT_OK) {
        err = check_starts(search, error);
    }
    return err;
}
