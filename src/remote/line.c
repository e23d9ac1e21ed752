/*
 * line.c: connections to a server, lent to calling threads.
 *
 * Slots call from their own threads, and a connection serves one thread at a time: there are as
 * many as were ever needed at once.
 */
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "remote/inside.h"

void pbt__line_end(pbt__line *line)
{
    pbt__caller_fini(&line->caller);
    free(line);
}

static pbt_err make_line(pbt__remote *remote, pbt__line **out, pbt_error *error)
{
    pbt__line *line = pbt__calloc(1, sizeof *line);
    if (line == NULL) {
        return pbt__fail_memory(error);
    }
    pbt__caller *caller = &line->caller;
    pbt_err err =
        pbt__http_init(&caller->http, remote->server, remote->study, remote->token, error);
    if (err == PBT_OK) {
        err = pbt__random_fill(&caller->noise, sizeof caller->noise, error);
    }
    if (err != PBT_OK) {
        pbt__line_end(line);
        return err;
    }
    caller->noise |= 1;
    caller->patience_seconds = remote->patience_seconds;
    caller->is_interrupted = &remote->is_halted;
    memcpy(caller->folder, remote->folder, sizeof caller->folder);
    *out = line;
    return PBT_OK;
}

pbt_err pbt__line_take(pbt__remote *remote, pbt__line **out, pbt_error *error)
{
    pthread_mutex_lock(&remote->lock);
    pbt__line *line = remote->idle;
    remote->idle = line != NULL ? line->next : NULL;
    pthread_mutex_unlock(&remote->lock);
    *out = line;
    return line != NULL ? PBT_OK : make_line(remote, out, error);
}

void pbt__line_give(pbt__remote *remote, pbt__line *line)
{
    if (line != NULL) {
        pthread_mutex_lock(&remote->lock);
        line->next = remote->idle;
        remote->idle = line;
        pthread_mutex_unlock(&remote->lock);
    }
}

pbt_err pbt__remote_ask(pbt__remote *remote, const char *path, json_t **out, pbt_error *error)
{
    pbt__line *line = NULL;
    pbt_err err = pbt__line_take(remote, &line, error);
    if (err == PBT_OK) {
        err = pbt__caller_call(&line->caller, path, NULL, out, error);
    }
    pbt__line_give(remote, line);
    return err;
}
