/* alive.c: the processes behind workers' names. */
#include "cli/alive.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/lock.h"
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

/* Say whether a worker is of a run that joined; then `*process` is that run. */
static bool is_joined(const char *worker, pid_t *process)
{
    const bool is_it = strncmp(worker, JOINED, sizeof JOINED - 1) == 0;
    *process = is_it ? (pid_t)strtol(worker + sizeof JOINED - 1, NULL, 10) : 0;
    return *process > 0;
}

static bool is_running(pid_t process)
{
    return kill(process, 0) == 0 || errno == EPERM;
}

static bool is_owners(const char *worker)
{
    return strncmp(worker, LOCAL, sizeof LOCAL - 1) == 0;
}

bool pbt__alive(void *context, const char *study, const char *worker)
{
    const pbt__place *place = context;
    pid_t process;
    if (place->server != NULL) {
        return true; /* a server trains what it serves */
    }
    if (worker[0] == '\0' || is_owners(worker)) {
        return has_owner(place, study);
    }
    return !is_joined(worker, &process) || is_running(process);
}

bool pbt__is_dead(void *context, const char *worker)
{
    pid_t process;
    if (is_joined(worker, &process)) {
        return !is_running(process);
    }
    return is_owners(worker) && pbt__lock_is_free(context);
}
