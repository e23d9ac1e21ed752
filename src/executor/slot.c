/* slot.c: what all who train for a slot call: its stop, its way to the desk, how an attempt went */
#include "executor/slot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/eventfd.h>

#include "base/clock.h"
#include "base/error.h"
#include "executor/log.h"

pbt_err pbt__local_path(const pbt__local *local, const char *name, char *out, pbt_error *error)
{
    char folder[PBT__PATH_SIZE];
    const pbt_spec *spec = local->spec;
    const pbt_err err = pbt__path_join(spec->folder, spec->trainer.directory, folder, error);
    return err == PBT_OK ? pbt__path_join(folder, name, out, error) : err;
}

/* ---- stopping -------------------------------------------------------------------------------- */

void pbt__local_stop(pbt__local *local, bool now)
{
    int before = PBT__STOPPING_NOT;
    int64_t never = 0;
    (void)atomic_compare_exchange_strong(&local->stop_us, &never, pbt__clock_monotonic_us());
    if (now) {
        atomic_store(&local->stopping, PBT__STOPPING_NOW);
    } else {
        (void)atomic_compare_exchange_strong(&local->stopping, &before, PBT__STOPPING_SOON);
    }
    for (int32_t i = 0; i < local->slot_count; i++) {
        (void)eventfd_write(local->slots[i].wake, 1);
    }
    local->desk->ops->halt(local->desk);
}

void pbt__local_fail(pbt__local *local, pbt_err err, const pbt_error *error)
{
    pthread_mutex_lock(&local->mutex);
    if (local->failure == PBT_OK) {
        local->failure = err;
        local->error = *error;
    }
    pthread_mutex_unlock(&local->mutex);
    pbt__local_stop(local, false);
}

bool pbt__slot_is_stopping(pbt__slot *slot)
{
    return atomic_load(&slot->order) != PBT__ORDER_NONE ||
           atomic_load(&slot->local->stopping) != PBT__STOPPING_NOT;
}

/* One that ends itself in this way would be tried for ever. */
enum { STOPS_MAXIMUM = 3 };

bool pbt__slot_forgives(const pbt__slot *slot, int32_t member)
{
    return atomic_fetch_add(&slot->local->stop_counts[member], 1) < STOPS_MAXIMUM;
}

void pbt__slot_forget_stops(const pbt__slot *slot, int32_t member)
{
    atomic_store(&slot->local->stop_counts[member], 0);
}

/* ---- calls at the desk ----------------------------------------------------------------------- */

bool pbt__slot_enter(pbt__slot *slot)
{
    pthread_rwlock_rdlock(&slot->local->gate);
    if (slot->local->is_abandoned) {
        pthread_rwlock_unlock(&slot->local->gate);
        return false;
    }
    return true;
}

void pbt__slot_leave(pbt__slot *slot)
{
    pthread_rwlock_unlock(&slot->local->gate);
}

/* ---- outcomes -------------------------------------------------------------------------------- */

void pbt__outcome_fail(pbt__outcome *outcome, const pbt__slot *slot, const char *format, ...)
{
    char words[512], path[PBT__PATH_SIZE] = "";
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    outcome->ending = PBT__ENDING_FAIL;
    const int32_t member = slot->beat.segment.member;
    const char *separator = "; its log is ";
    if (pbt__log_path(slot->local->log_folder, member, path, NULL) != PBT_OK) {
        separator = "";
    }
    (void)snprintf(outcome->message, sizeof outcome->message, "%.500s%s%.480s", words, separator,
                   path);
}

void pbt__outcome_fail_as(pbt__outcome *outcome, const pbt__slot *slot)
{
    const pbt_error *error = &slot->error;
    pbt__outcome_fail(outcome, slot, "%s%s%s", error->message, error->detail[0] != '\0' ? ": " : "",
                      error->detail);
}

void pbt__outcome_hinder(pbt__outcome *outcome, const pbt__slot *slot)
{
    pbt__outcome_fail_as(outcome, slot);
    outcome->ending = PBT__ENDING_HINDERED;
}

bool pbt__outcome_report(pbt__outcome *outcome, const pbt__slot *slot, int64_t step)
{
    const char *metric = slot->local->metric;
    double score = 0;
    if (slot->metrics.failure != PBT_OK) {
        pbt__outcome_fail(outcome, slot, "the trainer's metrics: %s",
                          pbt_err_message(slot->metrics.failure));
        return false;
    }
    if (!pbt__metrics_value(&slot->metrics, metric, &score)) {
        pbt__outcome_fail(outcome, slot, "the trainer reported no metric '%s'", metric);
        outcome->is_certain = true;
        return false;
    }
    outcome->ending = PBT__ENDING_REPORT;
    outcome->step = step;
    return isfinite(score);
}
