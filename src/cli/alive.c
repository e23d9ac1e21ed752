/* alive.c: the processes behind workers' names. */
#include "cli/alive.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/owner.h"

static const char JOINED[] = "joined-";
static const char LOCAL[] = "local-";

static bool has_owner(const pbt__place *place, const char *study)
{
    pbt__owner owner;
    pbt__http http;
    const pbt_err err = pbt__owner_reach(place, study, &owner, &http, NULL);
    pbt__http_fini(&http);
    return err == PBT_OK;
}

bool pbt__alive(void *context, const char *study, const char *worker)
{
    const pbt__place *place = context;
    if (place->server != NULL) {
        return true; /* a server trains what it serves */
    }
    if (worker[0] == '\0' || strncmp(worker, LOCAL, sizeof LOCAL - 1) == 0) {
        return has_owner(place, study);
    }
    if (strncmp(worker, JOINED, sizeof JOINED - 1) == 0) {
        const long process = strtol(worker + sizeof JOINED - 1, NULL, 10);
        return process > 0 && (kill((pid_t)process, 0) == 0 || errno == EPERM);
    }
    return true;
}
