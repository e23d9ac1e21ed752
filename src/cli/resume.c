/* resume.c: `pbt resume`. */
#include <stdio.h>

#include "cli/query.h"

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)arguments;
    (void)place;
    pbt_err err = pbt__study_resume(study, error);
    if (err == PBT_OK) {
        printf("resumed %s; 'pbt run' of its spec trains it\n", pbt__study_name(study));
    }
    return err;
}

int pbt__command_resume(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_CHANGE, answer);
}
