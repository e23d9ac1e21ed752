/* query.h: opening a study to look at it or to change it; what most commands begin with. */
#ifndef PBT_CLI_QUERY_H
#define PBT_CLI_QUERY_H

#include "cli/alive.h"
#include "cli/command.h"
#include "cli/place.h"
#include "study/study.h"

/* Answer a question about an open study. */
typedef pbt_err (*pbt__answer)(const pbt__arguments *arguments, const pbt__place *place,
                               pbt__study *study, pbt_error *error);

/* A command's study, open in its store; it is not moved. */
typedef struct pbt__subject {
    pbt__place place;
    pbt__store *store;
    pbt__alive alive;
    pbt__study *study;
} pbt__subject;

/* Open the study that the first operand names, or the store's only one. Creates nothing. Errors:
 * PBT_ERR_NOT_FOUND, PBT_ERR_ARGUMENT if the store has several, and the store's. */
PBT_MUST_USE pbt_err pbt__subject_open(pbt__subject *subject, const pbt__arguments *arguments,
                                       pbt__access access, pbt_error *error);
/* The same with a study's name in place of the operand. Nullable: study, the store's only one. */
PBT_MUST_USE pbt_err pbt__subject_open_study(pbt__subject *subject, const pbt__arguments *arguments,
                                             const char *study, pbt__access access,
                                             pbt_error *error);
void pbt__subject_close(pbt__subject *subject);

/*
 * Open the study that the first operand names (or the store's only one), answer, and close; prints
 * the error, if any, and returns the exit status. Creates nothing.
 */
int pbt__query(const pbt__arguments *arguments, pbt__access access, pbt__answer answer);

/* Open a study of `alive->store` to look at it, or to change it without owning the store. `place`
 * and `alive` must outlive the study. Errors: as pbt__study_open. */
PBT_MUST_USE pbt_err pbt__query_open(const pbt__place *place, pbt__alive *alive, const char *name,
                                     pbt__access access, pbt__study **out, pbt_error *error);

/* The study that a command's first operand names, which is what may be left out: then NULL. */
const char *pbt__query_operand(const pbt__arguments *arguments);

/* Name the only study of a place's store, or of its server, where `store` is NULL.
 * Shape: out[PBT__NAME_SIZE]. Errors: PBT_ERR_NOT_FOUND, PBT_ERR_ARGUMENT if there are several.
 */
PBT_MUST_USE pbt_err pbt__query_only(const pbt__place *place, pbt__store *store, char *out,
                                     pbt_error *error);

/* The names of studies. Shape: names[count] */
typedef struct pbt__names {
    char (*names)[PBT__NAME_SIZE];
    size_t count;
} pbt__names;

/* List the names, sorted; of the server where `store` is NULL. The caller frees `out->names`. */
PBT_MUST_USE pbt_err pbt__names_list(const pbt__place *place, pbt__store *store, pbt__names *out,
                                     pbt_error *error);

#endif
