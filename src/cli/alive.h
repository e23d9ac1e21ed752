/* alive.h: whether those are still there who hold a study's leases. */
#ifndef PBT_CLI_ALIVE_H
#define PBT_CLI_ALIVE_H

#include <stdbool.h>

/*
 * As `lives` of pbt__study_options; `store` is a pbt__store. The workers of the owner (`local-N`)
 * live while it answers for the study, those of a run that joined (`joined-PID-N`) while that
 * process does; of others nothing is known but their leases.
 */
bool pbt__alive(void *store, const char *study, const char *worker);

/* Say whether the process behind a worker of another run on this store is certainly dead. */
bool pbt__is_dead(void *store, const char *worker);

#endif
