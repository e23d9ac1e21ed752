/* stop.c: `pbt stop`. */
#include <stdio.h>

#include "cli/control.h"

static pbt_err change(const pbt__arguments *arguments, pbt__control *control, pbt_error *error)
{
    (void)arguments;
    char option[PBT__PATH_SIZE];
    pbt_err err = pbt__control_stop(control, error);
    if (err == PBT_OK) {
        pbt__place_option(&control->place, option, sizeof option);
        printf("stopped %s; 'pbt resume %s%s' lets it go on\n", control->name, control->name,
               option);
    }
    return err;
}

int pbt__command_stop(const pbt__arguments *arguments)
{
    return pbt__control_run(arguments, change);
}
