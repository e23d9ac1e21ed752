/*
 * sync.c: bringing a study's view and claims up to date with what others have written.
 */
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "study/inside.h"

/* ---- reading what others did ---- */

typedef struct sync_call {
    pbt__study *study;
    bool is_whole; /* the whole log is read: should that fail, nobody goes on with the view */
    pbt_error *why;
} sync_call;

/* Undo records of a whole log would take more memory than its view. */
static pbt_err sync_event(void *context, const pbt__event *event)
{
    const sync_call *call = context;
    pbt__view *view = &call->study->view;
    pbt_err err = pbt__view_read(view, event, NULL, NULL, call->why);
    if (err == PBT_OK && call->is_whole) {
        pbt__view_keep(view);
    }
    return err;
}

static pbt_err sync_claim(void *context, const pbt__claim *claim)
{
    pbt__study *study = context;
    if (claim->member >= study->view.facts.spec->search.population) {
        return PBT_ERR_CORRUPT;
    }
    study->claims[claim->member] = *claim;
    return PBT_OK;
}

static pbt_err requeue_all(pbt__study *study)
{
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        if (pbt__study_requeue(study, m) != PBT_OK) {
            return PBT_ERR_MEMORY;
        }
    }
    return PBT_OK;
}

/* Events and claims of others are kept even if our transaction fails, and may give waiting threads
 * something to train. A claim row is newer than a claims_revision that we have seen, or was written
 * here. */
pbt_err pbt__study_sync(pbt__study *study, pbt_error *error)
{
    int64_t before = study->view.facts.sequence;
    bool is_inside = study->transaction.now_us != 0;
    bool is_current = is_inside && study->transaction.last_sequence == before &&
                      study->transaction.claims_revision == study->claims_revision;
    atomic_store(&study->synced_us, pbt__clock_monotonic_us());
    if (is_current) {
        return PBT_OK;
    }
    pbt_error why = {0};
    sync_call call = {.study = study, .is_whole = before == 0, .why = &why};
    pbt_err err = pbt__store_read(study->store, study->row.id, before, sync_event, &call, error);
    if (err == PBT_OK) {
        err = pbt__study_equip(study, error);
    }
    if (err == PBT_OK) {
        err = pbt__store_claim_list(study->store, study->row.id, study->claims_revision, sync_claim,
                                    study, error);
    }
    if (err == PBT_OK && requeue_all(study) != PBT_OK) {
        err = pbt__fail_memory(error);
    }
    if (err != PBT_OK) {
        pbt__view_undo(&study->view, 0);
        if (why.code != PBT_OK && error != NULL) {
            *error = why;
        }
        return err;
    }
    pbt__view_keep(&study->view);
    study->claims_revision =
        is_inside ? study->transaction.claims_revision : study->claims_revision;
    study->earliest_expiry_us = 0;
    if (study->view.facts.sequence != before) {
        pbt__study_wake(study);
    }
    return PBT_OK;
}

pbt_err pbt__study_equip(pbt__study *study, pbt_error *error)
{
    if (study->claims != NULL) {
        return PBT_OK;
    }
    if (study->view.population == NULL) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "the study has no events");
    }
    size_t count = (size_t)study->view.facts.spec->search.population;
    study->claims = pbt__calloc(count, sizeof *study->claims);
    study->waiting_ranks = pbt__calloc(count, sizeof *study->waiting_ranks);
    study->decided = pbt__calloc(count, sizeof *study->decided);
    study->trials = pbt__calloc(count, sizeof *study->trials);
    study->body = pbt__text_init(PBT__BODY_MAXIMUM);
    study->outage = (pbt__outage){.probe = -1, .withheld = -1, .earliest_us = INT64_MAX};
    if (study->claims == NULL || study->waiting_ranks == NULL || study->decided == NULL ||
        study->trials == NULL || pbt__draft_init(&study->draft, (int32_t)count) != PBT_OK) {
        pbt__study_strip(study);
        return pbt__fail_memory(error);
    }
    study->metric = study->view.facts.spec->metric;
    study->holds_states =
        pbt__store_is_fleeting(study->store) && study->view.facts.spec->checkpoint_folder == NULL;
    for (size_t m = 0; m < count; m++) {
        study->claims[m] = (pbt__claim){.member = (int32_t)m, .number = -1};
        study->trials[m] = (pbt__case){.number = -1};
        study->waiting_ranks[m] = NAN;
    }
    return PBT_OK;
}

void pbt__study_strip(pbt__study *study)
{
    free(study->claims);
    pbt__ranking_fini(&study->waiting);
    free(study->waiting_ranks);
    free(study->decided);
    free(study->trials);
    pbt__draft_fini(&study->draft);
    pbt__text_fini(&study->body);
    study->trials = NULL;
    study->claims = NULL;
    study->waiting_ranks = NULL;
    study->decided = NULL;
}

pbt_err pbt__study_look(pbt__study *study, pbt_error *error)
{
    pthread_mutex_lock(&study->view_lock);
    pbt_err err = pbt__study_sync(study, error);
    if (err != PBT_OK) {
        pthread_mutex_unlock(&study->view_lock);
    }
    return err;
}
