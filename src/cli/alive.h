/* alive.h: whether the processes that hold a study's leases still live. */
#ifndef PBT_CLI_ALIVE_H
#define PBT_CLI_ALIVE_H

#include <stdbool.h>

/*
 * As `lives` of pbt__study_options; `store` is a pbt__store. Workers of the owner (`local-N`) live
 * while it answers for the study. Workers of a run that joined (`joined-PID-N`) live while that
 * process does. Of all others only the leases are known.
 */
bool pbt__alive(void *store, const char *study, const char *worker);

/* Say whether the process behind a worker of another run on this store is certainly dead. */
bool pbt__is_dead(void *store, const char *worker);

#endif
