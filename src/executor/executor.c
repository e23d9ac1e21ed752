/* executor.c: the table of executors. */
#include "executor/executor.h"

#include <string.h>

static const pbt__executor_ops *const EXECUTORS[] = {&pbt__executor_local};

const pbt__executor_ops *pbt__executor_find(const char *name)
{
    for (size_t i = 0; i < sizeof EXECUTORS / sizeof *EXECUTORS; i++) {
        if (strcmp(EXECUTORS[i]->name, name) == 0) {
            return EXECUTORS[i];
        }
    }
    return NULL;
}
