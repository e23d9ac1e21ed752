/* asked.h: a question about a study, answered from its store or, in one request, by a server. */
#ifndef PBT_CLI_ASKED_H
#define PBT_CLI_ASKED_H

#include <jansson.h>

#include "cli/query.h"

/* Owner: what asking made; pbt__asked_fini takes it back. */
typedef struct pbt__asked {
    json_t *answer;
    const pbt_spec *spec; /* in force */
    char name[PBT__NAME_SIZE];
    pbt_spec *own_spec;   /* Nullable: a server's */
    pbt__subject subject; /* open where a store answered */
    pbt__place place;
} pbt__asked;

void pbt__asked_fini(pbt__asked *asked);

/* Show an answer. */
typedef pbt_err (*pbt__shower)(const pbt__arguments *arguments, pbt__asked *asked,
                               pbt_error *error);

/* Ask, show, and take it back; prints the error, if any, and returns the exit status. */
int pbt__ask_to_show(const pbt__arguments *arguments, const char *what, pbt_segment_id id,
                     pbt__shower show);

/* The same of a study of a place's server, by name. Errors: what it says. */
PBT_MUST_USE pbt_err pbt__ask_server(const pbt__place *place, const char *name, const char *what,
                                     pbt_segment_id id, pbt__asked *out, pbt_error *error);

#endif
