/* executors.c: the table of src/executor/executors.c with one row more, as a program that adds it
 * has it. The linker takes this one. */
#include "executor/executor.h"

#define EXECUTORS(X) PBT__EXECUTORS(X) X(alone, "one thread")
#define DECLARE(name, words) extern const pbt__executor_ops pbt__executor_##name;
EXECUTORS(DECLARE)

#define ROW(name, words) &pbt__executor_##name,
const pbt__executor_ops *const pbt__executors[] = {EXECUTORS(ROW) NULL};
