/*
 * record.c: recording an event and its consequences.
 *
 * In this order: the event itself with its decisions; an event for each rescue; a stop, if a rule
 * says so; the collection of checkpoints that are not needed. Operations that share a transaction
 * collect at its end, by one event for all of them.
 */
#include <math.h>

#include "base/error.h"
#include "study/inside.h"

/* ---- stopping ---- */

static bool has_reached_score(const pbt__study *study)
{
    const pbt_search *search = &study->view.facts.spec->search;
    pbt__tally tally = pbt__population_tally(study->view.population);
    if (isnan(search->stop_score) || isnan(tally.best_score)) {
        return false;
    }
    return search->direction == PBT_MAXIMIZE ? tally.best_score >= search->stop_score
                                             : tally.best_score <= search->stop_score;
}

/* Which rule stops the study now. In generational mode a score counts at the end of a
 * round; time does not wait for it. */
static pbt__stop_reason stop_due(const pbt__study *study, bool has_decided)
{
    bool is_round = study->view.facts.spec->search.mode == PBT_GENERATIONAL;
    if (pbt__view_is_over(&study->view)) {
        return PBT__STOP_NONE;
    }
    if ((!is_round || has_decided) && has_reached_score(study)) {
        return PBT__STOP_SCORE;
    }
    return pbt__study_is_out_of_time(study) ? PBT__STOP_SECONDS : PBT__STOP_NONE;
}

pbt_err pbt__study_stop_if_due(pbt__study *study, bool has_decided, pbt_error *error)
{
    const pbt__stop_reason reason = stop_due(study, has_decided);
    return reason != PBT__STOP_NONE ? pbt__study_log_stop(study, reason, error) : PBT_OK;
}

/* All first attempts failed, or two failed with the same certain error. The study may be resumed
 * after a fix, so only a failure checks this. */
static pbt_err stop_if_broken(pbt__study *study, const pbt__entry *entry, pbt_error *error)
{
    bool is_broken = entry->kind == PBT__FAILED && !pbt__view_is_over(&study->view) &&
                     (pbt__population_tally(study->view.population).is_broken ||
                      pbt__outage_is_certain(study, entry->segment.member));
    return is_broken ? pbt__study_log_stop(study, PBT__STOP_BROKEN, error) : PBT_OK;
}

/* ---- what follows from what happened ---- */

/* Copy what is due into `decided`, rescues last. Returns how many come before them. */
static size_t sort_due(pbt__study *study, const pbt__decision *due, size_t count)
{
    size_t heads = 0;
    for (size_t i = 0; i < count; i++) {
        heads += due[i].segment.reason != PBT_RESCUE ? 1 : 0;
    }
    size_t head = 0;
    size_t rescue = heads;
    for (size_t i = 0; i < count; i++) {
        bool is_rescue = due[i].segment.reason == PBT_RESCUE;
        study->decided[is_rescue ? rescue++ : head++] = due[i];
    }
    return heads;
}

static pbt_err log_rescue(pbt__study *study, const pbt__decision *decision, pbt_error *error)
{
    pbt__entry entry = {.kind = PBT__RESCUED, .decisions = decision, .decision_count = 1};
    pbt_err err = pbt__view_decide(&study->view, &entry, error);
    return err == PBT_OK ? pbt__study_append(study, &entry, error) : err;
}

static pbt_err requeue_decided(pbt__study *study, size_t count, int32_t member)
{
    for (size_t i = 0; i < count; i++) {
        if (pbt__study_requeue(study, study->decided[i].segment.id.member) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
    }
    return pbt__study_requeue(study, member);
}

pbt_err pbt__study_log(pbt__study *study, pbt__reading *reading, pbt_error *error)
{
    const pbt__decision *due = NULL;
    size_t count = 0;
    pbt_err err = pbt__view_happen(&study->view, reading, error);
    if (err == PBT_OK && reading->entry.kind == PBT__CREATED) {
        err = pbt__study_equip(study, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    if (pbt__population_decide(study->view.population, &due, &count) != PBT_OK) {
        return pbt__fail_memory(error);
    }
    size_t heads = sort_due(study, due, count);
    reading->entry.decisions = study->decided;
    reading->entry.decision_count = heads;
    err = pbt__view_decide(&study->view, &reading->entry, error);
    if (err == PBT_OK) {
        err = pbt__study_append(study, &reading->entry, error);
    }
    for (size_t i = heads; err == PBT_OK && i < count; i++) {
        err = log_rescue(study, &study->decided[i], error);
    }
    if (err == PBT_OK) {
        err = stop_if_broken(study, &reading->entry, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_stop_if_due(study, count > 0, error);
    }
    if (err == PBT_OK && study->is_alone) {
        err = pbt__study_collect(study, error);
    }
    if (err == PBT_OK && requeue_decided(study, count, reading->entry.segment.member) != PBT_OK) {
        err = pbt__fail_memory(error);
    }
    return err;
}
