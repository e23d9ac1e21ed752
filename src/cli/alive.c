/* alive.c: the processes behind workers' names. */
#include "cli/alive.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/owner.h"

static const char JOINED[] = "joined-";
static const char LOCAL[] = "local-";

/* Say whether a worker is of a run that joined; then `*process` is that run. */
static bool is_joined(const char *worker, pid_t *process)
{
    const bool is_it = strncmp(worker, JOINED, sizeof JOINED - 1) == 0;
    *process = is_it ? (pid_t)strtol(worker + sizeof JOINED - 1, NULL, 10) : 0;
    return *process > 0;
}

/* Say whether a process has ended and its parent has not taken note: a signal still finds it. */
static bool is_zombie(pid_t process)
{
    char path[64], text[512];
    (void)snprintf(path, sizeof path, "/proc/%ld/stat", (long)process);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    const char *name_end = strrchr(text, ')'); /* the state is behind the name */
    return name_end != NULL &&
           (strncmp(name_end, ") Z", 3) == 0 || strncmp(name_end, ") X", 3) == 0);
}

static bool is_running(pid_t process)
{
    return (kill(process, 0) == 0 || errno == EPERM) && !is_zombie(process);
}

static bool is_owners(const char *worker)
{
    return strncmp(worker, LOCAL, sizeof LOCAL - 1) == 0;
}

void pbt__alive_fini(pbt__alive *self)
{
    json_decref(self->said);
    self->said = NULL;
}

json_t *pbt__alive_ask(pbt__alive *self, const char *study)
{
    pbt__owner owner;
    if (!self->is_silent && strcmp(self->study, study) != 0) {
        pbt__alive_fini(self);
        (void)snprintf(self->study, sizeof self->study, "%s", study);
        self->is_silent = pbt__owner_ask(self->store, study, &owner, &self->said) == PBT_ERR_BUSY;
    }
    return self->said;
}

bool pbt__is_alive(void *self, const char *study, const char *worker)
{
    pid_t process;
    pbt__alive *known = self;
    if (worker[0] == '\0') {
        return pbt__alive_ask(known, study) != NULL;
    }
    if (is_owners(worker)) {
        return pbt__alive_ask(known, study) != NULL || known->is_silent;
    }
    return !is_joined(worker, &process) || is_running(process);
}

bool pbt__is_dead(void *store, const char *worker)
{
    pid_t process;
    pbt__store_owner owner;
    if (is_joined(worker, &process)) {
        return !is_running(process);
    }
    if (!is_owners(worker)) {
        return false;
    }
    pbt__store_find_owner(store, &owner);
    return owner.state == PBT__OWNER_NONE;
}
