/* conclusion.h: what a run prints at its end: the result, or why there is none, and what to try
 * next. */
#ifndef PBT_CLI_CONCLUSION_H
#define PBT_CLI_CONCLUSION_H

#include "cli/place.h"
#include "study/study.h"

/* A study that has just been run, or was over already. */
typedef struct pbt__conclusion {
    pbt__study *study;
    const pbt__place *place;
    const char *log_folder;
    double elapsed_seconds; /* of this run; negative: it was over before */
    bool is_interrupted;
} pbt__conclusion;

/*
 * Print a study's outcome. Errors: PBT_ERR_NO_MEMBER if the study failed (the end of a trainer's
 * log is printed first); PBT_ERR_TRAINER if it has ended and members of it failed (the result is
 * printed first); errors of reading the study.
 */
PBT_MUST_USE pbt_err pbt__conclusion_print(const pbt__conclusion *outcome, pbt_error *error);

#endif
