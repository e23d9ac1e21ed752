/* executors.c: the executors there are; the first trains if none is named. */
#include "executor/executor.h"

#define EXECUTORS(EXECUTOR) EXECUTOR(local)

#define DECLARE(name) extern const pbt__executor_ops pbt__executor_##name;
EXECUTORS(DECLARE)

#define ROW(name) &pbt__executor_##name,
const pbt__executor_ops *const pbt__executors[] = {EXECUTORS(ROW) NULL};
