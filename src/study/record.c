/*
 * record.c: what an operation writes: events, claims, and what follows from them.
 *
 * One thing that happened becomes, in this order: its own event with the decisions it caused; an
 * event for each rescue; a stop, where a rule says so; and what nobody holds any more, collected.
 * Operations that share a transaction collect at its end, by one event for all of them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/inside.h"

/* ---- events ---- */

static pbt_err append(pbt__study *study, const pbt__entry *entry, pbt_error *error)
{
    pbt__facts *facts = &study->view.facts;
    char *body = pbt__entry_write(entry, &facts->spec->search.space);
    if (body == NULL) {
        return pbt__fail_memory(error);
    }
    int64_t now = study->transaction.now_us;
    pbt__event event = {
        .sequence = facts->sequence + 1,
        .time_us = now > facts->time_us ? now : facts->time_us,
        .kind = entry->kind,
        .body = body,
        .body_length = strlen(body),
    };
    event.digest = pbt__event_digest(facts->digest, &event);
    pbt_err err = pbt__draft_append(&study->draft, &event, error);
    if (err == PBT_OK && pbt__view_log(&study->view, entry, &event) != PBT_OK) {
        err = pbt__fail_memory(error);
    }
    free(body);
    return err;
}

/* Take in and append an entry that decides nothing. */
static pbt_err log_plain(pbt__study *study, pbt__entry entry, pbt_error *error)
{
    pbt__reading reading = {.entry = entry};
    pbt_err err = pbt__view_happen(&study->view, &reading, error);
    return err == PBT_OK ? append(study, &entry, error) : err;
}

pbt_err pbt__study_log_stop(pbt__study *study, pbt__stop_reason reason, pbt_error *error)
{
    return log_plain(study, (pbt__entry){.kind = PBT__STOPPED, .reason = reason}, error);
}

pbt_err pbt__study_log_time(pbt__study *study, int64_t trained_us, bool is_training,
                            pbt_error *error)
{
    const pbt__entry entry = {
        .kind = PBT__TIMED, .trained_us = trained_us, .is_training = is_training};
    return log_plain(study, entry, error);
}

/* ---- checkpoints ---- */

static pbt_err add_removal(pbt__study *study, pbt__removal removal)
{
    if (!pbt__array_room(&study->removals, study->removal_count, &study->removal_capacity,
                         sizeof *study->removals)) {
        return PBT_ERR_MEMORY;
    }
    study->removals[study->removal_count++] = removal;
    return PBT_OK;
}

pbt_err pbt__study_remove_later(pbt__study *study, pbt_segment_id id, int32_t attempt)
{
    return add_removal(study, (pbt__removal){.id = id, .attempt = attempt});
}

pbt_err pbt__study_tidy_later(pbt__study *study, pbt_segment_id id, int32_t attempt)
{
    return add_removal(study, (pbt__removal){.id = id, .attempt = attempt, .is_kept = true});
}

static pbt_err drop_bytes(pbt__study *study, pbt_segment_id id, pbt_error *error)
{
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    if (entry->checkpoint.kind == PBT__CHECKPOINT_INLINE) {
        return pbt__draft_blob_drop(&study->draft, id, error);
    }
    pbt_err err = pbt__study_remove_later(study, id, 0);
    return err == PBT_OK ? PBT_OK : pbt__fail_memory(error);
}

pbt_err pbt__study_collect(pbt__study *study, pbt_error *error)
{
    const pbt_segment_id *due = NULL;
    size_t count = pbt__ledger_due(study->view.ledger, &due);
    if (count == 0) {
        return PBT_OK;
    }
    json_t *list = json_array();
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < count; i++) {
        err = drop_bytes(study, due[i], error);
        if (err == PBT_OK && json_array_append_new(list, pbt__id_json(due[i])) != 0) {
            err = pbt__fail_memory(error);
        }
    }
    if (err == PBT_OK) {
        err = log_plain(study, (pbt__entry){.kind = PBT__COLLECTED, .collected = list}, error);
    }
    json_decref(list);
    return err;
}

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

/* A script that nobody's first attempt survived, or that failed two in the same certain way. It may
 * be resumed, once fixed, so only a failure asks. */
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
    return err == PBT_OK ? append(study, &entry, error) : err;
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
        err = append(study, &reading->entry, error);
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

/* ---- claims ---- */

pbt_err pbt__study_put_claim(pbt__study *study, const pbt__claim *claim, pbt_error *error)
{
    pbt__claim *own = &study->claims[claim->member];
    if (PBT__STUDY_TOUCH(study, own)) {
        return pbt__fail_memory(error);
    }
    *own = *claim;
    bool is_earlier = claim->worker[0] != '\0' && claim->lease_until_us < study->earliest_expiry_us;
    study->earliest_expiry_us = is_earlier ? claim->lease_until_us : study->earliest_expiry_us;
    pbt__draft_claim_put(&study->draft, claim->member);
    return pbt__study_requeue(study, claim->member) == PBT_OK ? PBT_OK : pbt__fail_memory(error);
}

/* The furthest behind come first. Until anybody has reported, those who failed stand back among
 * their equals: a broken script costs one attempt each. */
static double queue_rank(const pbt__study *study, const pbt_segment *open)
{
    const pbt_population *population = study->view.population;
    bool has_failed = pbt__population_tally(population).reports == 0 &&
                      pbt__population_broken_attempts(population, open->id.member) > 0;
    return -(double)open->start_step - (has_failed ? 0.5 : 0);
}

pbt_err pbt__study_requeue(pbt__study *study, int32_t m)
{
    pbt_segment newest;
    pbt__journal *journal = pbt__population_journal(study->view.population);
    const pbt__claim *claim = &study->claims[m];
    bool is_open = pbt__population_newest(study->view.population, m, &newest) &&
                   newest.state == PBT_SEGMENT_OPEN;
    bool is_claimed = is_open && pbt__claim_is_active(claim) && claim->number == newest.id.number;
    bool should_wait = is_open && !is_claimed && !pbt__outage_delays(study, m, newest.id.number);
    double rank = is_open ? queue_rank(study, &newest) : 0;
    if (study->is_waiting[m] && should_wait && study->waiting.nodes[m].score == rank) {
        return PBT_OK;
    }
    if (study->is_waiting[m] == should_wait && !should_wait) {
        return PBT_OK;
    }
    if (PBT__STUDY_TOUCH(study, &study->is_waiting[m]) ||
        (study->is_waiting[m] && pbt__ranking_remove(&study->waiting, journal, m) != PBT_OK) ||
        (should_wait && pbt__ranking_add(&study->waiting, journal, m, rank, false) != PBT_OK)) {
        return PBT_ERR_MEMORY;
    }
    study->is_waiting[m] = should_wait;
    return PBT_OK;
}
