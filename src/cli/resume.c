/* resume.c: `pbt resume`. */
#include <stdio.h>

#include "cli/control.h"

static pbt_err change(const pbt__arguments *arguments, pbt__control *control, pbt_error *error)
{
    (void)arguments;
    pbt_err err = pbt__control_resume(control, error);
    if (err == PBT_OK) {
        printf("resumed %s; 'pbt run' of its spec trains it\n", control->name);
    }
    return err;
}

int pbt__command_resume(const pbt__arguments *arguments)
{
    return pbt__control_run(arguments, change);
}
