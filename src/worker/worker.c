/* worker.c: a session: its options, its parts, its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "worker/inside.h"

enum { NAME_MAXIMUM = 64, PATIENCE_SECONDS = 300 };

static pbt_worker_options options_found(void)
{
    return (pbt_worker_options){
        .size = sizeof(pbt_worker_options),
        .server = getenv("PBT_SERVER"),
        .study = getenv("PBT_STUDY"),
        .token = getenv("PBT_TOKEN"),
        .name = getenv("PBT_WORKER"),
        .patience_seconds = PATIENCE_SECONDS,
    };
}

void pbt_worker_options_init(pbt_worker_options *options, size_t size)
{
    const pbt_worker_options found = options_found();
    memset(options, 0, size);
    memcpy(options, &found, size < sizeof found ? size : sizeof found);
    memcpy(options, &size, size < sizeof size ? size : sizeof size);
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static pbt_err check_options(const pbt_worker_options *options, pbt_error *error)
{
    const char *missing = !is_given(options->server)  ? "server (PBT_SERVER)"
                          : !is_given(options->study) ? "study (PBT_STUDY)"
                          : !is_given(options->name)  ? "worker (PBT_WORKER)"
                                                      : NULL;
    if (missing != NULL) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "no %s is named", missing);
        pbt__error_hint(error,
                        "a trainer is started by 'pbt run SPEC', whose 'trainer.command' names "
                        "it; 'pbt try SPEC' tries it");
        return PBT_ERR_ARGUMENT;
    }
    if (strlen(options->name) > NAME_MAXIMUM) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "a worker's name has at most %d bytes",
                         (int)NAME_MAXIMUM);
    }
    if (!(options->patience_seconds >= 0)) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "'patience_seconds' is not 0 or more");
    }
    return PBT_OK;
}

/* Take the fields that the caller knows, the others as by default. */
static pbt_err read_options(const pbt_worker_options *given, pbt_worker_options *out,
                            pbt_error *error)
{
    *out = options_found();
    if (given != NULL) {
        const size_t size = given->size < sizeof *out ? given->size : sizeof *out;
        memcpy(out, given, size);
        out->size = sizeof *out;
    }
    return check_options(out, error);
}

static pbt_err make_session(pbt_worker *worker, pbt_error *error)
{
    const pbt_err err = pbt__random_fill(&worker->caller.noise, sizeof(uint64_t), error);
    worker->caller.noise |= 1;
    return err == PBT_OK ? pbt__random_text(worker->session, sizeof worker->session, 4, error)
                         : err;
}

static pbt_err take_names(pbt_worker *worker, const pbt_worker_options *options, pbt_error *error)
{
    worker->name = pbt__strdup(options->name);
    worker->caller.patience_seconds = options->patience_seconds;
    worker->caller.is_interrupted = &worker->is_interrupted;
    if (worker->name == NULL) {
        return pbt__fail_memory(error);
    }
    return is_given(options->folder)
               ? pbt__path_join("", options->folder, worker->caller.folder, error)
               : PBT_OK;
}

pbt_err pbt_worker_open(const pbt_worker_options *options, pbt_worker **out, pbt_error *error)
{
    pbt_worker_options o;
    pbt_err err = read_options(options, &o, error);
    if (err != PBT_OK) {
        return err;
    }
    const char *token = is_given(o.token) ? o.token : NULL;
    pbt_worker *worker = pbt__calloc(1, sizeof *worker);
    if (worker == NULL) {
        return pbt__fail_memory(error);
    }
    err = take_names(worker, &o, error);
    if (err == PBT_OK) {
        err = make_session(worker, error);
    }
    if (err == PBT_OK) {
        err = pbt__http_init(&worker->caller.http, o.server, o.study, token, error);
    }
    if (err == PBT_OK) {
        err = pbt__heart_init(&worker->heart, o.server, o.study, token, error);
    }
    if (err != PBT_OK) {
        pbt_worker_close(worker);
        return err;
    }
    *out = worker;
    return PBT_OK;
}

void pbt_worker_close(pbt_worker *worker)
{
    if (worker == NULL) {
        return;
    }
    worker->caller.patience_seconds = 0; /* one try: else the lease ends by itself */
    if (worker->holding != PBT__HOLDS_NOTHING) {
        (void)!pbt__worker_drop(worker, NULL);
    }
    pbt__heart_fini(&worker->heart);
    pbt__caller_fini(&worker->caller);
    pbt__held_fini(&worker->held[0]);
    pbt__held_fini(&worker->held[1]);
    pbt__metrics_clear(&worker->metrics);
    free(worker->objective);
    free(worker->name);
    free(worker);
}

const char *pbt_worker_reason(const pbt_worker *worker)
{
    return worker->reason;
}

bool pbt_worker_is_recorded(const pbt_worker *worker)
{
    return worker->is_recorded;
}

void pbt_worker_interrupt(pbt_worker *worker)
{
    atomic_store(&worker->is_interrupted, true);
}

bool pbt_worker_is_stopping(const pbt_worker *worker)
{
    return atomic_load(&worker->is_interrupted) ||
           atomic_load(&worker->heart.verdict) != PBT__GO_ON;
}

void pbt_worker_progress(pbt_worker *worker, int64_t step)
{
    pbt__heart_log(&worker->heart, step, NULL, 0);
}

void pbt_worker_log(pbt_worker *worker, int64_t step, const char *name, double value)
{
    pbt__heart_log(&worker->heart, step, name, value);
}

void pbt_worker_metric(pbt_worker *worker, const char *name, double value)
{
    pbt__metrics_set(&worker->metrics, name, value);
}

void pbt_worker_sample(pbt_worker *worker, const char *name, double value)
{
    pbt__metrics_add(&worker->metrics, name, value);
}
