/*
 * yaml.h: a YAML text as a tree of nodes that know their places.
 *
 * Refused here: aliases, anchors, tags, second documents, keys that are not plain words, duplicate
 * keys, more than PBT__YAML_DEPTH levels, more than PBT__YAML_ENTRIES entries in one list or map.
 */
#ifndef PBT_SPEC_YAML_H
#define PBT_SPEC_YAML_H

#include <pbt/pbt.h>

#include "spec/arena.h"

enum {
    PBT__YAML_DEPTH = 16,
    PBT__YAML_ENTRIES = 4096,
    PBT__YAML_WORDS = 160, /* Units: bytes of a fault's words with their NUL */
};

/* Line and column, both from 1; {0, 0} is nowhere. */
typedef struct pbt__spot {
    int32_t line;
    int32_t column;
} pbt__spot;

/* Units: bytes from the text's beginning, `end` excluded. */
typedef struct pbt__extent {
    size_t begin;
    size_t end;
} pbt__extent;

typedef enum pbt__node_kind { PBT__NODE_SCALAR, PBT__NODE_LIST, PBT__NODE_MAP } pbt__node_kind;

/* One value. Owner: the arena it was parsed into. */
typedef struct pbt__node pbt__node;
struct pbt__node {
    pbt__node_kind kind;
    pbt__spot place;
    pbt__extent range;      /* PBT__NODE_SCALAR: its notation, quotes included */
    const char *text;       /* PBT__NODE_SCALAR: NUL-terminated; holds no other NUL */
    bool is_quoted;         /* PBT__NODE_SCALAR: a text, whatever it looks like */
    const pbt__node *first; /* PBT__NODE_LIST, PBT__NODE_MAP: its entries */
    size_t count;
    const pbt__node *next; /* the next entry of the list or map it is in */
    const char *name;      /* in a map: its key */
    pbt__spot name_place;
};

/* What is wrong with a text, and where. */
typedef struct pbt__yaml_fault {
    pbt__spot place;
    char words[PBT__YAML_WORDS];
} pbt__yaml_fault;

/*
 * Parse a text into `arena`. An empty text is an empty scalar.
 * Errors: PBT_ERR_SPEC with `fault` filled, PBT_ERR_MEMORY.
 */
PBT_MUST_USE pbt_err pbt__yaml_parse(const char *text, pbt__arena *arena, const pbt__node **out,
                                     pbt__yaml_fault *fault);

#endif
