/*
 * desk.c: the verbs as calls to a server; each thread that calls has a line of its own (line.c).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "remote/inside.h"

enum { WAIT_MAXIMUM = 20 }; /* Units: seconds that the server may keep a claim */

/* Units: seconds. */
static const double LAST_CLAIM_SECONDS = 10, WAIT_LEAST = 0.05;

/* ---- training or not ------------------------------------------------------------------------- */

static const pbt_spec *spec(pbt__desk *desk)
{
    return ((pbt__remote *)desk)->spec;
}

/* A new session of a worker's name ends the old one's lease by itself. */
static pbt_err begin(pbt__desk *desk, const char *prefix, bool is_lost, pbt_error *error)
{
    (void)desk, (void)prefix, (void)is_lost, (void)error;
    return PBT_OK;
}

static void end(pbt__desk *desk)
{
    (void)desk;
}

static void halt(pbt__desk *desk)
{
    atomic_store(&((pbt__remote *)desk)->is_halted, true);
}

static void hear(pbt__desk *desk, const pbt__listener *listener)
{
    pbt__audience_set(&((pbt__remote *)desk)->audience, listener);
}

/* ---- claiming -------------------------------------------------------------------------------- */

/* A claim that was broken off may have succeeded: ask what the session holds and give it back.
 * Without an answer the lease ends by itself. */
static pbt_err claim_last(pbt__caller *caller, pbt__caller_name who, json_t **out)
{
    pbt__http_answer answer = {.status = 0};
    char *body = pbt__caller_claim_body(who, 0);
    const pbt_err err = body == NULL ? PBT_ERR_MEMORY
                                     : pbt__http_call(&caller->http, "/claim", body,
                                                      LAST_CLAIM_SECONDS, &answer, NULL);
    free(body);
    *out = answer.json;
    return err;
}

/* Claim, and wait at the server for at most `seconds`. */
static pbt_err claim_there(pbt__remote *remote, pbt__caller *caller, const pbt__claimant *who,
                           int seconds, pbt__action *action, pbt_error *error)
{
    const pbt__caller_name name = {who->worker, who->session};
    json_t *answer = NULL;
    pbt_err err = pbt__caller_claim(caller, name, seconds, &answer, error);
    const bool is_last = err != PBT_OK && atomic_load(&remote->is_halted);
    err = is_last ? claim_last(caller, name, &answer) : err;
    if (err == PBT_OK) {
        err = pbt__handed_take(remote, caller, who, answer, action, error);
    } else if (is_last) {
        *action = (pbt__action){.verb = PBT__WAIT};
        err = PBT_OK;
    }
    json_decref(answer);
    return err;
}

static pbt_err claim(pbt__desk *desk, const pbt__claimant *who, pbt__action *action,
                     pbt_error *error)
{
    pbt__remote *remote = (pbt__remote *)desk;
    pbt__line *line = NULL;
    const bool waits = action->verb == PBT__WAIT && action->wait_seconds > 0;
    const int seconds = waits ? (int)fmin(ceil(action->wait_seconds), WAIT_MAXIMUM) : 0;
    if (atomic_load(&remote->is_halted)) {
        *action = (pbt__action){.verb = PBT__WAIT};
        return PBT_OK;
    }
    pbt_err err = pbt__line_take(remote, &line, error);
    if (err == PBT_OK) {
        err = claim_there(remote, &line->caller, who, seconds, action, error);
    }
    if (err == PBT_OK) {
        pbt__audience_tell(&remote->audience, who->worker, NULL, action, false);
    }
    if (err == PBT_OK && action->verb == PBT__WAIT) {
        action->wait_seconds = fmax(action->wait_seconds, WAIT_LEAST);
    }
    pbt__line_give(remote, line);
    return err;
}

/* ---- opening --------------------------------------------------------------------------------- */

static const pbt__desk_ops OPS = {
    .spec = spec,
    .begin = begin,
    .end = end,
    .halt = halt,
    .claim = claim,
    .report = pbt__remote_report,
    .heartbeat = pbt__remote_heartbeat,
    .release = pbt__remote_release,
    .fail = pbt__remote_fail,
    .hinder = pbt__remote_hinder,
    .bring = pbt__remote_bring,
    .read = pbt__remote_read,
    .drop = pbt__remote_drop,
    .listen = hear,
    .look = pbt__remote_look,
    .bury = pbt__remote_bury,
};

static pbt_err read_spec(pbt__remote *remote, const char *folder, pbt_error *error)
{
    json_t *json = NULL;
    pbt_err err = pbt__remote_ask(remote, "/answer?of=show", &json, error);
    if (err == PBT_OK) {
        folder = folder != NULL ? folder : pbt__json_get_text(json, "folder", "/");
        err = pbt__spec_parse(pbt__json_get_text(json, "spec", ""), remote->study, folder,
                              &remote->spec, error);
    }
    json_decref(json);
    return err;
}

static pbt_err copy_options(pbt__remote *remote, const pbt__remote_options *options,
                            pbt_error *error)
{
    remote->server = pbt__strdup(options->server);
    remote->study = pbt__strdup(options->study);
    remote->token = options->token != NULL ? pbt__strdup(options->token) : NULL;
    remote->patience_seconds = options->patience_seconds;
    if (remote->server == NULL || remote->study == NULL ||
        (options->token != NULL && remote->token == NULL)) {
        return pbt__fail_memory(error);
    }
    return options->folder != NULL ? pbt__path_join("", options->folder, remote->folder, error)
                                   : PBT_OK;
}

pbt_err pbt__remote_desk_open(const pbt__remote_options *options, pbt__desk **out, pbt_error *error)
{
    pbt__remote *remote = pbt__calloc(1, sizeof *remote);
    if (remote == NULL) {
        return pbt__fail_memory(error);
    }
    remote->desk.ops = &OPS;
    pthread_mutex_init(&remote->lock, NULL);
    pthread_cond_init(&remote->let_go, NULL);
    pthread_rwlock_init(&remote->audience.lock, NULL);
    pbt_err err = copy_options(remote, options, error);
    if (err == PBT_OK) {
        err = read_spec(remote, options->spec_folder, error);
    }
    if (err != PBT_OK) {
        pbt__remote_desk_close(&remote->desk);
        return err;
    }
    *out = &remote->desk;
    return PBT_OK;
}

void pbt__remote_desk_close(pbt__desk *desk)
{
    pbt__remote *remote = (pbt__remote *)desk;
    if (remote == NULL) {
        return;
    }
    pbt__handed_clear(remote);
    while (remote->idle != NULL) {
        pbt__line *line = remote->idle;
        remote->idle = line->next;
        pbt__line_end(line);
    }
    pthread_mutex_destroy(&remote->lock);
    pthread_cond_destroy(&remote->let_go);
    pthread_rwlock_destroy(&remote->audience.lock);
    pbt_spec_free(remote->spec);
    free(remote->server);
    free(remote->study);
    free(remote->token);
    free(remote);
}
