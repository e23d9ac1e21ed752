/* scalar.h: what a YAML scalar means (YAML 1.2.2, section 10.3, the core schema), and back. */
#ifndef PBT_SPEC_SCALAR_H
#define PBT_SPEC_SCALAR_H

#include <pbt/pbt.h>

#include "base/text.h"
#include "spec/yaml.h"

typedef enum pbt__scalar_type {
    PBT__SCALAR_NOTHING,
    PBT__SCALAR_BOOL,
    PBT__SCALAR_INT,
    PBT__SCALAR_FLOAT,
    PBT__SCALAR_TEXT,
} pbt__scalar_type;

typedef struct pbt__scalar {
    pbt__scalar_type type;
    bool flag;       /* PBT__SCALAR_BOOL */
    int64_t integer; /* PBT__SCALAR_INT */
    double real;     /* PBT__SCALAR_INT, PBT__SCALAR_FLOAT */
    bool is_beyond;  /* a number that its type cannot hold */
} pbt__scalar;

/* Resolve a scalar node. Decimal, 0o17, 0x1f; true, True, TRUE; null, ~ and nothing; .inf, .nan. */
pbt__scalar pbt__scalar_read(const pbt__node *node);

/* Read a node as an item, in the type it is written in; its text is the node's. Returns false for
 * nothing, and for numbers that are not finite or too large. */
bool pbt__scalar_item(const pbt__node *node, pbt_item *out);

/* Say whether two items are one value: equal numbers are, whatever type they are written in. */
bool pbt__items_equal(const pbt_item *a, const pbt_item *b);

/* Values are written for people, in YAML's flow notation, or for programs, in JSON. */
typedef enum pbt__notation { PBT__YAML, PBT__JSON } pbt__notation;

/* Write a text so that it reads back as the same text: in YAML plain where that is safe. */
void pbt__scalar_write_text(pbt__text *out, pbt__notation notation, const char *text);

/* Write an item in the type it has. */
void pbt__scalar_write_item(pbt__text *out, pbt__notation notation, const pbt_item *item);

/* Write a finite number so that it reads back as the same float. */
void pbt__scalar_write_real(pbt__text *out, double value);

#endif
