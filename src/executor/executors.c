/* executors.c: the executors there are; the first trains if none is named. */
#include "executor/executor.h"

#define DECLARE(name, words) extern const pbt__executor_ops pbt__executor_##name;
PBT__EXECUTORS(DECLARE)

#define ROW(name, words) &pbt__executor_##name,
const pbt__executor_ops *const pbt__executors[] = {PBT__EXECUTORS(ROW) NULL};
