/*
 * local.c: the executor of this machine: starting and ending a study's slots.
 *
 * A slot is a thread that claims, trains and reports until the study stops. What training means is
 * the spec's protocol: a plugin's functions in a process of the slot's own or on its thread
 * (plugin.c), one process per segment (process.c), or one that claims by itself (worker.c). Slots
 * hold no state that matters: kill the process at any instant, start it again, and the study goes
 * on. Children die with their parent.
 */
#include "executor/executor.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "executor/child.h"
#include "executor/keeper.h"
#include "executor/log.h"
#include "executor/share.h"
#include "executor/slot.h"
#include "executor/warden.h"

/* Units: microseconds that abandoned slots are given to end by themselves. */
enum { ABANDON_US = 200000 };

/* ---- slots ----------------------------------------------------------------------------------- */

static pbt_err init_slot(pbt__local *local, int32_t index, const char *name, pbt_error *error)
{
    pbt__slot *slot = &local->slots[index];
    const int length = snprintf(slot->worker, sizeof slot->worker, "%s-%d", name, (int)index);
    if (length < 0 || (size_t)length >= sizeof slot->worker) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "the worker's name '%s' is too long", name);
    }
    slot->local = local;
    slot->who = (pbt__claimant){slot->worker, slot->session};
    slot->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (slot->wake < 0) {
        return pbt__fail_errno(error, "cannot make an event");
    }
    const pbt_err err = pbt__random_text(slot->session, sizeof slot->session, 4, error);
    return err == PBT_OK ? local->runner->slot_open(slot, error) : err;
}

static void fini_slot(pbt__slot *slot)
{
    if (slot->local != NULL) {
        slot->local->runner->slot_close(slot);
    }
    if (slot->wake >= 0) {
        (void)close(slot->wake);
    }
    pbt__metrics_clear(&slot->metrics);
}

static pbt_err make_slots(pbt__local *local, const pbt__executor_options *options, pbt_error *error)
{
    local->slots = pbt__calloc((size_t)options->slots.count, sizeof *local->slots);
    if (local->slots == NULL) {
        return pbt__fail_memory(error);
    }
    local->slot_count = options->slots.count;
    for (int32_t i = 0; i < local->slot_count; i++) {
        local->slots[i].wake = local->slots[i].log = -1;
    }
    pbt_err err = PBT_OK;
    for (int32_t i = 0; err == PBT_OK && i < local->slot_count; i++) {
        err = init_slot(local, i, options->worker_name, error);
    }
    return err;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void init_locks(pbt__local *local)
{
    pthread_condattr_t monotonic;
    pthread_rwlockattr_t writers_first;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&local->beat_changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_rwlockattr_init(&writers_first);
    pthread_rwlockattr_setkind_np(&writers_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&local->gate, &writers_first);
    pthread_rwlockattr_destroy(&writers_first);
    pthread_mutex_init(&local->mutex, NULL);
}

/* No thread is left, the caller aside. */
static void destroy(pbt__local *local)
{
    for (int32_t i = 0; i < local->slot_count; i++) {
        fini_slot(&local->slots[i]);
    }
    if (local->runner != NULL) {
        local->runner->close(local);
    }
    for (size_t i = 0; i < local->keeper_count; i++) {
        pbt__keeper_close(&local->keepers[i]);
    }
    free(local->keepers);
    pbt__warden_close(local->warden);
    pthread_mutex_destroy(&local->mutex);
    pthread_rwlock_destroy(&local->gate);
    pthread_cond_destroy(&local->beat_changed);
    free(local->slots);
    free(local->metric);
    free(local->log_folder);
    for (int32_t i = 0; i < local->gpu_count; i++) {
        free(local->gpus[i]);
    }
    free(local->gpus);
    free(local->gpu_owners);
    free(local->gpu_variable);
    free(local->stop_counts);
    free(local->server_url);
    free(local->token);
    free(local);
}

/* Give up one's hold; the last one frees everything. */
static void let_go(pbt__local *local)
{
    if (atomic_fetch_sub(&local->holder_count, 1) == 1) {
        destroy(local);
    }
}

static const pbt__runner *const RUNNERS[] = {
    [PBT__PROTOCOL_WORKER] = &pbt__runner_worker,
    [PBT__PROTOCOL_COMMAND] = &pbt__runner_process,
    [PBT__PROTOCOL_LIBRARY] = &pbt__runner_plugin,
};

/* A plugin's threads are an option. */
static const pbt__runner *choose_runner(const pbt_spec *spec)
{
    return pbt__spec_is_in_process(spec) ? &pbt__runner_plugin_thread
                                         : RUNNERS[spec->trainer.protocol];
}

static pbt_err share_gpus(pbt__local *local, const pbt__slot_options *slots, pbt_error *error)
{
    const int32_t per_worker = local->spec->trainer.gpus;
    if (pbt__share_gpus(slots->gpus, slots->gpu_count, per_worker, slots->count,
                        local->gpu_owners)) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT,
                    "%d slot%s x %d GPUs: a slot would be given the same GPU twice",
                    (int)slots->count, slots->count == 1 ? "" : "s", (int)per_worker);
    pbt__error_hint(error, "take fewer --slots, or name other GPUs with --gpus");
    return PBT_ERR_ARGUMENT;
}

static pbt_err copy_gpus(pbt__local *local, const pbt__slot_options *slots, pbt_error *error)
{
    local->gpus = pbt__calloc((size_t)slots->gpu_count + 1, sizeof *local->gpus);
    local->gpu_owners = pbt__calloc((size_t)slots->gpu_count + 1, sizeof *local->gpu_owners);
    if (local->gpus == NULL || local->gpu_owners == NULL) {
        return pbt__fail_memory(error);
    }
    for (int32_t i = 0; i < slots->gpu_count; i++) {
        local->gpus[i] = pbt__strdup(slots->gpus[i]);
        if (local->gpus[i] == NULL) {
            return pbt__fail_memory(error);
        }
        local->gpu_count = i + 1;
    }
    return share_gpus(local, slots, error);
}

/* Slots share no GPU unless they are told to. */
static pbt_err check_gpus(const pbt__local *local, const pbt__slot_options *slots, pbt_error *error)
{
    const int64_t per_worker = local->spec->trainer.gpus;
    const int64_t needed = per_worker * slots->count;
    if (needed <= slots->gpu_count) {
        return PBT_OK;
    }
    const bool is_one = slots->count == 1;
    (void)pbt__fail(error, PBT_ERR_ARGUMENT,
                    "%d slot%s with trainer.gpus %d need%s %" PRId64 " GPU%s, found %d",
                    (int)slots->count, is_one ? "" : "s", (int)per_worker, is_one ? "s" : "",
                    needed, needed == 1 ? "" : "s", (int)slots->gpu_count);
    pbt__error_hint(error, "delete 'gpus' from the spec's trainer to train without GPUs; or name "
                           "GPUs with --gpus (twice to share one), or take fewer --slots");
    return PBT_ERR_ARGUMENT;
}

static pbt_err copy_options(pbt__local *local, const pbt__executor_options *options,
                            pbt_error *error)
{
    const bool is_served = options->server_url != NULL && options->token != NULL;
    const size_t population = (size_t)local->spec->search.population;
    local->thread_count = options->slots.thread_count;
    local->is_interrupted = options->is_interrupted;
    local->stop_counts = pbt__calloc(population, sizeof *local->stop_counts);
    local->metric = pbt__strdup(local->spec->metric);
    local->gpu_variable = pbt__strdup(
        options->slots.gpu_variable != NULL ? options->slots.gpu_variable : "CUDA_VISIBLE_DEVICES");
    local->server_url = is_served ? pbt__strdup(options->server_url) : NULL;
    local->token = is_served ? pbt__strdup(options->token) : NULL;
    if (local->metric == NULL || local->gpu_variable == NULL || local->stop_counts == NULL ||
        (is_served && (local->server_url == NULL || local->token == NULL))) {
        return pbt__fail_memory(error);
    }
    return copy_gpus(local, &options->slots, error);
}

/* Find whatever can be found wrong before anything is made. */
static pbt_err open_runner(pbt__local *local, const pbt__executor_options *options,
                           pbt_error *error)
{
    local->runner = choose_runner(local->spec);
    if (options->slots.count < 1) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "there must be at least 1 slot");
    }
    pbt_err err = check_gpus(local, &options->slots, error);
    if (err == PBT_OK) {
        err = copy_options(local, options, error);
    }
    return err == PBT_OK ? local->runner->open(local, error) : err;
}

/* Make the folder of the logs, and find its absolute path. */
static pbt_err open_logs(pbt__local *local, const char *folder, pbt_error *error)
{
    const pbt_err err = pbt__log_make_folder(folder, error);
    if (err != PBT_OK) {
        return err;
    }
    local->log_folder = realpath(folder, NULL);
    return local->log_folder != NULL ? PBT_OK : pbt__fail_errno(error, "cannot use '%s'", folder);
}

static pbt_err prepare(pbt__local *local, const pbt__executor_options *options, pbt_error *error)
{
    pbt_err err = open_runner(local, options, error);
    if (err == PBT_OK) {
        err = open_logs(local, options->log_folder, error);
    }
    return err == PBT_OK ? make_slots(local, options, error) : err;
}

static void end_heartbeat(pbt__local *local)
{
    pthread_mutex_lock(&local->mutex);
    local->is_ending = true;
    pthread_cond_signal(&local->beat_changed);
    pthread_mutex_unlock(&local->mutex);
    (void)pthread_join(local->heartbeat, NULL);
}

static void *slot_main(void *argument)
{
    pbt__slot *slot = argument;
    pbt__slot_live(slot);
    atomic_fetch_sub(&slot->local->running_count, 1);
    let_go(slot->local);
    return NULL;
}

/* Start all threads, or none. */
static pbt_err start_threads(pbt__local *local, pbt_error *error)
{
    int reason = pthread_create(&local->heartbeat, NULL, pbt__heartbeat_main, local);
    if (reason != 0) {
        errno = reason;
        return pbt__fail_errno(error, "cannot start a thread");
    }
    atomic_store(&local->running_count, local->slot_count);
    atomic_store(&local->holder_count, local->slot_count + 1);
    int32_t started = 0;
    while (reason == 0 && started < local->slot_count) {
        pbt__slot *slot = &local->slots[started];
        reason = pthread_create(&slot->thread, NULL, slot_main, slot);
        started += reason == 0;
    }
    if (reason == 0) {
        return PBT_OK;
    }
    pbt__local_stop(local, false);
    for (int32_t i = 0; i < started; i++) {
        (void)pthread_join(local->slots[i].thread, NULL);
    }
    end_heartbeat(local);
    errno = reason;
    return pbt__fail_errno(error, "cannot start a thread");
}

static pbt_err begin(const pbt__local *local, const char *worker_name, pbt_error *error)
{
    char prefix[PBT__NAME_SIZE];
    (void)snprintf(prefix, sizeof prefix, "%s-", worker_name);
    return local->desk->ops->begin(local->desk, prefix, pbt__spec_is_in_process(local->spec),
                                   error);
}

static void listen_to_workers(pbt__local *local, bool listens)
{
    const pbt__listener listener = {.tell = local->runner->told, .context = local};
    if (listener.tell != NULL) {
        local->desk->ops->listen(local->desk, listens ? &listener : NULL);
    }
}

static pbt__local *local_new(pbt__desk *desk)
{
    pbt__local *local = pbt__calloc(1, sizeof *local);
    if (local != NULL) {
        local->executor.ops = &pbt__executor_local;
        local->desk = desk;
        local->spec = desk->ops->spec(desk);
        local->warden = -1;
        init_locks(local);
    }
    return local;
}

static pbt_err check(pbt__desk *desk, const pbt__executor_options *options, pbt_error *error)
{
    pbt__local *local = local_new(desk);
    if (local == NULL) {
        return pbt__fail_memory(error);
    }
    local->is_check = true;
    const pbt_err err = open_runner(local, options, error);
    destroy(local);
    return err;
}

static pbt_err start(pbt__desk *desk, const pbt__executor_options *options, pbt__executor **out,
                     pbt_error *error)
{
    pbt__local *local = local_new(desk);
    if (local == NULL) {
        return pbt__fail_memory(error);
    }
    pbt_err err = prepare(local, options, error);
    if (err == PBT_OK) {
        listen_to_workers(local, true);
        err = begin(local, options->worker_name, error);
    }
    if (err == PBT_OK) {
        err = start_threads(local, error);
    }
    if (err != PBT_OK) {
        desk->ops->end(desk);
        listen_to_workers(local, false);
        destroy(local);
        return err;
    }
    *out = &local->executor;
    return PBT_OK;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void stop(pbt__executor *executor, bool now)
{
    pbt__local_stop((pbt__local *)executor, now);
}

/* When slots that do not end are left behind, on the monotonic clock; INT64_MAX: not as yet. */
static int64_t abandon_us(const pbt__local *local)
{
    const int stopping = atomic_load(&local->stopping);
    if (local->runner->can_be_killed || stopping == PBT__STOPPING_NOT) {
        return INT64_MAX;
    }
    return stopping == PBT__STOPPING_NOW ? 0 : atomic_load(&local->stop_us) + PBT__GRACE_US;
}

static bool is_done(const pbt__executor *executor)
{
    const pbt__local *local = (const pbt__local *)executor;
    return atomic_load(&local->running_count) == 0 ||
           pbt__clock_monotonic_us() >= abandon_us(local);
}

/* Wait for every slot, where they may be abandoned until then and for a moment. Returns false if
 * one was. */
static bool join_slots(pbt__local *local)
{
    const int64_t end_us = abandon_us(local);
    const bool is_patient = end_us == INT64_MAX;
    const int64_t left_us = is_patient ? 0 : end_us - pbt__clock_monotonic_us();
    const int64_t until_us = pbt__clock_now_us() + ABANDON_US + (left_us > 0 ? left_us : 0);
    const struct timespec until = {until_us / 1000000, until_us % 1000000 * 1000};
    bool all = true;
    for (int32_t i = 0; i < local->slot_count; i++) {
        const pthread_t thread = local->slots[i].thread;
        if (is_patient) {
            (void)pthread_join(thread, NULL);
        } else if (pthread_timedjoin_np(thread, NULL, &until) != 0) {
            (void)pthread_detach(thread);
            all = false;
        }
    }
    return all;
}

static pbt_err finish(pbt__executor *executor, pbt_error *error)
{
    pbt__local *local = (pbt__local *)executor;
    const bool all = join_slots(local);
    if (!all) {
        pthread_rwlock_wrlock(&local->gate);
        local->is_abandoned = true;
        pthread_rwlock_unlock(&local->gate);
    }
    listen_to_workers(local, false);
    local->desk->ops->end(local->desk);
    end_heartbeat(local);
    pthread_mutex_lock(&local->mutex);
    const pbt_err err = local->failure;
    if (err != PBT_OK && error != NULL) {
        *error = local->error;
    }
    pthread_mutex_unlock(&local->mutex);
    let_go(local);
    return err;
}

const pbt__executor_ops pbt__executor_local = {
    .name = "local",
    .check = check,
    .start = start,
    .stop = stop,
    .is_done = is_done,
    .finish = finish,
};
