/* executors.c: the table of src/executor/executors.c with one row more, as a program that adds it
 * has it. The linker takes this one. */
#include "executor/executor.h"

extern const pbt__executor_ops pbt__executor_local, pbt__executor_alone;

const pbt__executor_ops *const pbt__executors[] = {&pbt__executor_local, &pbt__executor_alone,
                                                   NULL};
