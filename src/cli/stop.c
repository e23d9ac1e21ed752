/* stop.c: `pbt stop`. */
#include <stdio.h>

#include "cli/query.h"

static pbt_err answer(const pbt__arguments *arguments, const pbt__place *place, pbt__study *study,
                      pbt_error *error)
{
    (void)arguments;
    char option[PBT__PATH_SIZE];
    pbt_err err = pbt__study_stop(study, error);
    if (err == PBT_OK) {
        pbt__place_option(place, option, sizeof option);
        printf("stopped %s; 'pbt resume %s%s' lets it go on\n", pbt__study_name(study),
               pbt__study_name(study), option);
    }
    return err;
}

int pbt__command_stop(const pbt__arguments *arguments)
{
    return pbt__query(arguments, PBT__ACCESS_CHANGE, answer);
}
