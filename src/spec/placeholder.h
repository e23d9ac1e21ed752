/* placeholder.h: the names that a command's `{name}` may have, and how other languages write one.
 * Nothing outside src/spec includes it. */
#ifndef PBT_SPEC_PLACEHOLDER_H
#define PBT_SPEC_PLACEHOLDER_H

#include "base/text.h"
#include "spec/spec.h"

/* Find a name: below PBT__PLACEHOLDER_COUNT a placeholder, from there on a hyperparameter; -1:
 * neither. A hyperparameter comes first: a study made before a placeholder's name was reserved may
 * have one of that name. */
int32_t pbt__placeholder_find(const pbt_space *space, const char *name, size_t length);

/* List all of them: "{learning_rate} {load} ...". */
void pbt__placeholder_list(pbt__text *out, const pbt_space *space);

/* Find the next `{name}` of an argument from `*at` on, doubled braces aside, and move `*at` behind
 * it. Returns NULL if there is none; `*length` is the name's. */
const char *pbt__placeholder_next(const char *argument, size_t *at, size_t *length);

/* A known name as another language writes a placeholder: "${lr}", "%(lr)s", "<lr>". */
typedef struct pbt__foreign {
    int32_t index; /* as pbt__placeholder_find has it */
    const char *begin;
    int32_t length;      /* of all of it; Units: bytes */
    int32_t name_length; /* Units: bytes */
    const char *name;
    bool is_filled; /* "${lr}": `{lr}` is replaced, and the '$' stays */
    bool is_shell;  /* means something in a shell's script */
} pbt__foreign;

/* Find the next one of an argument from `*at` on, and move `*at` behind it. */
bool pbt__foreign_next(const pbt_space *space, const char *argument, size_t *at, pbt__foreign *out);

#endif
