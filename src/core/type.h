/*
 * type.h: a hyperparameter's type as a row of operations.
 *
 * types.c has one row for each pbt_type. It does not compile where a row or an operation is
 * missing. docs/extending.md tells how to add one.
 */
#ifndef PBT_CORE_TYPE_H
#define PBT_CORE_TYPE_H

#include <pbt/pbt.h>

#include "core/rng.h"

struct pbt__move; /* explore.h */

/* How a prior is written, and what a value is. */
typedef enum pbt__shape {
    PBT__SHAPE_NUMBER, /* scale, min, max */
    PBT__SHAPE_LIST,   /* two or more items; a value is an index */
    PBT__SHAPE_SINGLE, /* one item, which never changes; its value is 0 */
} pbt__shape;

typedef struct pbt__type {
    const char *name;
    pbt__shape shape;
    /* What is wrong with a parameter, its name aside; NULL if nothing is. */
    const char *(*fault)(const pbt_parameter *parameter);
    /* Draw from the prior: uniform on the scale; an int's ends each have their fair share. */
    pbt_value (*draw)(const pbt_parameter *parameter, pbt__rng *rng);
    /* Whether a value lies within the bounds, or the list. */
    bool (*holds)(const pbt_parameter *parameter, pbt_value value);
    /* Whether two values are the same, floats bit for bit. */
    bool (*equal)(pbt_value a, pbt_value b);
    /* A value as it is written: in YAML, in JSON, for trainers. */
    pbt_item (*item)(const pbt_parameter *parameter, pbt_value value);
    /* The other way: false if the item is no value, or of another type. No bounds. */
    bool (*read)(const pbt_parameter *parameter, const pbt_item *item, pbt_value *out);
    /* PBT__SHAPE_NUMBER: a value as a number, exactly; the number that is a value and nearest to
     * another one; and the value of such a number, within the bounds. */
    double (*number)(pbt_value value);
    double (*round)(double number);
    pbt_value (*of)(double number);
    /* Move a value by a factor of the rule `perturb`, and say so in move->change (move.c has what
     * types share); NULL if a value never moves. */
    void (*perturb)(const struct pbt__move *move, double factor);
} pbt__type;

/* A type's row; NULL for a number that is no type. */
const pbt__type *pbt__type_row(pbt_type type);

/* Shorter. The parameter has no fault. */
static inline const pbt__type *pbt__type_of(const pbt_parameter *parameter)
{
    return pbt__type_row(parameter->type);
}

static inline bool pbt__is_number(const pbt_parameter *parameter)
{
    return pbt__type_of(parameter)->shape == PBT__SHAPE_NUMBER;
}

/* Whether there is more than one value. */
static inline bool pbt__is_varied(const pbt_parameter *parameter)
{
    return pbt__type_of(parameter)->shape != PBT__SHAPE_SINGLE;
}

static inline pbt_item pbt__value_item(const pbt_parameter *parameter, pbt_value value)
{
    return pbt__type_of(parameter)->item(parameter, value);
}

/* Whether a type's numbers are written as integers. */
static inline bool pbt__is_integer(const pbt_parameter *parameter)
{
    return pbt__value_item(parameter, (pbt_value){0}).type == PBT_ITEM_INT;
}

#endif
