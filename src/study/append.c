/*
 * append.c: what a transaction appends to the log: an event, digested and taken in, and at its end
 * what nobody holds any more, collected by one event for all of its operations.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/inside.h"

/* ---- events ---- */

_Static_assert((int)PBT__DECISIONS_MAXIMUM < (int)PBT__BODY_MAXIMUM,
               "a round's decisions fit into an event");

/* Say what does not fit into one event. */
static pbt_err fail_too_large(const pbt__entry *entry, const pbt_space *space, pbt_error *error)
{
    const char *kind = pbt__event_kind_name(entry->kind);
    (void)pbt__fail(error, PBT_ERR_LIMIT, "event '%s' would have more than the %d bytes of one",
                    kind, PBT__BODY_MAXIMUM);
    pbt__error_detail(error, "%zu metrics with samples, %zu decisions of %zu hyperparameters each",
                      json_object_size(entry->samples), entry->decision_count, space->count);
    pbt__error_hint(error,
                    entry->samples != NULL
                        ? "report fewer samples"
                        : "it fits with shorter values, or fewer members or hyperparameters");
    return PBT_ERR_LIMIT;
}

pbt_err pbt__study_append(pbt__study *study, const pbt__entry *entry, pbt_error *error)
{
    pbt__facts *facts = &study->view.facts;
    pbt__text *body = &study->body;
    body->length = 0;
    body->failed = body->is_full = false;
    pbt__entry_write(body, entry, &facts->spec->search.space);
    if (body->failed) {
        return body->is_full ? fail_too_large(entry, &facts->spec->search.space, error)
                             : pbt__fail_memory(error);
    }
    int64_t now = study->transaction.now_us;
    pbt__event event = {
        .sequence = facts->sequence + 1,
        .time_us = now > facts->time_us ? now : facts->time_us,
        .kind = entry->kind,
        .body = body->bytes,
        .body_length = body->length,
    };
    event.digest = pbt__event_digest(facts->digest, &event);
    pbt_err err = pbt__draft_append(&study->draft, &event, error);
    if (err == PBT_OK && pbt__view_log(&study->view, entry, &event) != PBT_OK) {
        err = pbt__fail_memory(error);
    }
    return err;
}

/* Take in and append an entry that decides nothing. */
static pbt_err log_plain(pbt__study *study, pbt__entry entry, pbt_error *error)
{
    pbt__reading reading = {.entry = entry};
    pbt_err err = pbt__view_happen(&study->view, &reading, error);
    return err == PBT_OK ? pbt__study_append(study, &entry, error) : err;
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
