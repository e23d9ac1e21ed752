/* space.c: hyperparameters. What a type does is in types.c. */
#include "core/space.h"

#include <string.h>

#include "core/type.h"

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

const char *pbt__parameter_fault(const pbt_parameter *parameter)
{
    const pbt__type *type = pbt__type_of(parameter);
    const char *fault = name_fault(parameter->name);
    if (fault == NULL && type == NULL) {
        return "needs a type that pbt_type has";
    }
    return fault != NULL ? fault : type->fault(parameter);
}

// rule: priors
pbt_value pbt__parameter_draw(const pbt_parameter *parameter, pbt__rng *rng)
{
    return pbt__type_of(parameter)->draw(parameter, rng);
}

bool pbt__parameter_holds(const pbt_parameter *parameter, pbt_value value)
{
    return pbt__type_of(parameter)->holds(parameter, value);
}

bool pbt__parameter_equal(const pbt_parameter *parameter, pbt_value a, pbt_value b)
{
    return pbt__type_of(parameter)->equal(a, b);
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
