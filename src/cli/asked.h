/* asked.h: a question about a study, answered from its store or, in one request, by a server. */
#ifndef PBT_CLI_ASKED_H
#define PBT_CLI_ASKED_H

#include "cli/query.h"
#include "compare/groups.h"

/* Owner: free it with pbt__asked_fini. */
typedef struct pbt__asked {
    pbt__told told;
    pbt__subject subject; /* where it was asked; its study is open where a store answered */
} pbt__asked;

/* Ask about the study that the first operand names, or the only one; `names` and `id` as
 * pbt__told_ask takes them. Nothing is to be taken back on failure. Errors: as
 * pbt__subject_open, pbt__told_ask and pbt__remote_tell. */
PBT_MUST_USE pbt_err pbt__ask(const pbt__arguments *arguments, const char *names, pbt_segment_id id,
                              pbt__asked *out, pbt_error *error);
void pbt__asked_fini(pbt__asked *asked);

/* Show an answer. */
typedef pbt_err (*pbt__shower)(const pbt__arguments *arguments, pbt__asked *asked,
                               pbt_error *error);

/* Ask, show and free. Prints the error, if any, and returns the exit status. */
int pbt__ask_to_show(const pbt__arguments *arguments, const char *names, pbt_segment_id id,
                     pbt__shower show);

/* Read the groups of studies that a command's operands name, from a place's store or its server;
 * then `store` is NULL. Errors: as pbt__groups_read. */
PBT_MUST_USE pbt_err pbt__ask_groups(const pbt__arguments *arguments, const pbt__place *place,
                                     pbt__store *store, pbt__groups *out, pbt_error *error);

#endif
