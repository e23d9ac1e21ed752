/* operand.h: the words of the table: operands one by one, and how to complete them. */
#ifndef PBT_CLI_OPERAND_H
#define PBT_CLI_OPERAND_H

#include "cli/command.h"

enum { PBT__WORD_SIZE = 32 };

/* What a shell can offer for an operand or an option's argument. */
typedef enum pbt__offer {
    PBT__OFFER_NOTHING,
    PBT__OFFER_FILES,
    PBT__OFFER_FOLDERS,
    PBT__OFFER_SPECS,   /* YAML files */
    PBT__OFFER_STUDIES, /* of the store the command line names */
    PBT__OFFER_KEYS,    /* keys of a spec that may be amended, each with its `=` */
    PBT__OFFER_COUNT,
} pbt__offer;

typedef struct pbt__operand {
    char word[PBT__WORD_SIZE]; /* "STUDY" */
    bool is_optional;
    bool is_repeated;
} pbt__operand;

/* Take the next operand off a text such as "STUDY KEY=VALUE..." or "[STUDY]"; what stands together
 * in brackets is one. `*rest` moves on. Returns false at the end. */
bool pbt__operand_next(const char **rest, pbt__operand *out);

/* Say what a word such as "STUDY" or "FILE" stands for. */
pbt__offer pbt__word_offer(const char *word);

/* Write the variable that a help text names as "$PBT_STORE"; "" if there is none.
 * Shape: out[PBT__WORD_SIZE] */
void pbt__option_variable(const pbt__option *option, char *out);

#endif
