/* control.c: what a user does to a study: stop, resume, amend, delete. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "study/inside.h"

static pbt_err fail_over(const pbt__study *study, pbt_error *error)
{
    const pbt__stop_reason stop = study->view.facts.stop;
    (void)pbt__fail(error, PBT_ERR_STATE, "study '%s' has ended", study->row.name);
    pbt__error_detail(error, "%s",
                      stop != PBT__STOP_NONE ? pbt__stop_name(stop) : "every member has finished");
    if (pbt__population_tally(study->view.population).failed > 0) {
        pbt__error_hint(error, "`resume %s --members all` brings back those that failed",
                        study->row.name);
    } else {
        pbt__error_hint(error, "`amend %s stop.steps=N` lets it go on", study->row.name);
    }
    return PBT_ERR_STATE;
}

static bool is_stopped_by_user(const pbt__study *study)
{
    return study->view.facts.stop == PBT__STOP_USER;
}

static pbt_err run_stop(pbt__study *study, void *arguments, pbt_error *error)
{
    (void)arguments;
    if (is_stopped_by_user(study)) {
        return PBT_OK;
    }
    return pbt__view_is_over(&study->view) ? fail_over(study, error)
                                           : pbt__study_log_stop(study, PBT__STOP_USER, error);
}

pbt_err pbt__study_stop(pbt__study *study, pbt_error *error)
{
    return pbt__study_submit(study, run_stop, NULL, error);
}

static pbt_err run_stop_if_due(pbt__study *study, void *arguments, pbt_error *error)
{
    (void)arguments;
    return pbt__study_stop_if_due(study, false, error);
}

pbt_err pbt__study_stop_in_time(pbt__study *study, pbt_error *error)
{
    return pbt__study_submit(study, run_stop_if_due, NULL, error);
}

static pbt_err run_break(pbt__study *study, void *arguments, pbt_error *error)
{
    (void)arguments;
    bool is_broken = !pbt__view_is_over(&study->view) &&
                     pbt__population_tally(study->view.population).reports == 0;
    return is_broken ? pbt__study_log_stop(study, PBT__STOP_BROKEN, error) : PBT_OK;
}

pbt_err pbt__study_break(pbt__study *study, pbt_error *error)
{
    return pbt__study_submit(study, run_break, NULL, error);
}

static pbt_err run_resume(pbt__study *study, void *arguments, pbt_error *error)
{
    (void)arguments;
    pbt__reading reading = {.entry = {.kind = PBT__RESUMED}};
    bool is_broken = study->view.facts.stop == PBT__STOP_BROKEN;
    if (is_stopped_by_user(study) || is_broken) {
        return pbt__study_log(study, &reading, error);
    }
    return pbt__view_is_over(&study->view) ? fail_over(study, error) : PBT_OK;
}

pbt_err pbt__study_resume(pbt__study *study, pbt_error *error)
{
    return pbt__study_submit(study, run_resume, NULL, error);
}

/* ---- bringing back ---- */

typedef struct revive_call {
    const int32_t *members;
    size_t count; /* 0: all that may return */
} revive_call;

static bool may_revive(const pbt__study *study, int32_t m)
{
    return pbt__population_may_return(study->view.population, m);
}

static pbt_err check_revived(const pbt__study *study, const revive_call *call, pbt_error *error)
{
    int32_t population = study->view.facts.spec->search.population;
    for (size_t i = 0; i < call->count; i++) {
        int32_t m = call->members[i];
        if (m < 0 || m >= population) {
            return pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' has no member %d",
                             study->row.name, (int)m);
        }
        if (!may_revive(study, m)) {
            return pbt__fail(error, PBT_ERR_STATE,
                             "member %d has not failed, nor lost the last round", (int)m);
        }
        for (size_t j = 0; j < i; j++) {
            if (call->members[j] == m) {
                return pbt__fail(error, PBT_ERR_ARGUMENT, "member %d is named twice", (int)m);
            }
        }
    }
    return PBT_OK;
}

static bool is_named(const revive_call *call, int32_t m)
{
    bool named = call->count == 0;
    for (size_t i = 0; i < call->count; i++) {
        named = named || call->members[i] == m;
    }
    return named;
}

static pbt_err list_revived(const pbt__study *study, const revive_call *call, json_t *list,
                            pbt_error *error)
{
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        if (may_revive(study, m) && is_named(call, m) &&
            json_array_append_new(list, json_integer(m)) != 0) {
            return pbt__fail_memory(error);
        }
    }
    return json_array_size(list) > 0
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_STATE,
                           "no member of study '%s' has failed, or lost the last round",
                           study->row.name);
}

static pbt_err requeue_revived(pbt__study *study, const json_t *list, pbt_error *error)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        int32_t m = (int32_t)json_integer_value(json_array_get(list, i));
        if (pbt__study_requeue(study, m) != PBT_OK) {
            return pbt__fail_memory(error);
        }
    }
    return PBT_OK;
}

/* What a user's stop, or a broken trainer, has ended goes on by the same call. */
static pbt_err run_revive(pbt__study *study, void *arguments, pbt_error *error)
{
    const revive_call *call = arguments;
    const pbt__stop_reason stop = study->view.facts.stop;
    json_t *list = json_array();
    pbt_err err = list != NULL ? check_revived(study, call, error) : pbt__fail_memory(error);
    if (err == PBT_OK) {
        err = list_revived(study, call, list, error);
    }
    if (err == PBT_OK && stop != PBT__STOP_NONE) {
        err = run_resume(study, NULL, error);
    }
    if (err == PBT_OK) {
        pbt__reading reading = {.entry = {.kind = PBT__REVIVED, .members = list}};
        err = pbt__study_log(study, &reading, error);
    }
    if (err == PBT_OK) {
        err = requeue_revived(study, list, error);
    }
    json_decref(list);
    return err;
}

pbt_err pbt__study_revive(pbt__study *study, const int32_t *members, size_t count, pbt_error *error)
{
    revive_call call = {.members = members, .count = count};
    return pbt__study_submit(study, run_revive, &call, error);
}

/* ---- amending ---- */

typedef struct amend_call {
    const char *const *keys;
    const char *const *values;
    size_t count;
} amend_call;

/* What is amended, and from what: null if the key had no value. */
static pbt_err add_amendment(json_t *list, const pbt_spec *spec, const char *key, const char *value,
                             pbt_error *error)
{
    char *before = NULL;
    pbt_err err = pbt__spec_value(spec, key, &before, error);
    if (err != PBT_OK && err != PBT_ERR_NOT_FOUND) {
        return err;
    }
    json_t *amendment = json_pack("{s:s, s:s?, s:s}", "key", key, "from", before, "to", value);
    free(before);
    return json_array_append_new(list, amendment) == 0 ? PBT_OK : pbt__fail_memory(error);
}

/* Checked once it is amended, when the spec says where its checkpoints are to be; a refusal takes
 * the amendment back. */
static pbt_err log_amended(pbt__study *study, pbt__reading *reading, pbt_error *error)
{
    char before[PBT__PATH_SIZE], after[PBT__PATH_SIZE];
    pbt_err err = pbt__study_vault_folder(study, study->view.facts.spec, before, error);
    if (err == PBT_OK) {
        err = pbt__study_log(study, reading, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_vault_folder(study, study->view.facts.spec, after, error);
    }
    return err == PBT_OK && strcmp(before, after) != 0
               ? pbt__study_check_move(study, before, after, error)
               : err;
}

static pbt_err run_amend(pbt__study *study, void *arguments, pbt_error *error)
{
    const amend_call *call = arguments;
    json_t *list = json_array();
    pbt_err err = list != NULL ? PBT_OK : pbt__fail_memory(error);
    for (size_t i = 0; err == PBT_OK && i < call->count; i++) {
        err = add_amendment(list, study->view.facts.spec, call->keys[i], call->values[i], error);
    }
    if (err == PBT_OK) {
        pbt__reading reading = {.entry = {.kind = PBT__AMENDED, .amendments = list}};
        err = log_amended(study, &reading, error);
    }
    json_decref(list);
    return err;
}

pbt_err pbt__study_amend(pbt__study *study, const char *const *keys, const char *const *values,
                         size_t count, pbt_error *error)
{
    amend_call call = {.keys = keys, .values = values, .count = count};
    pbt_err err = PBT_OK;
    for (size_t i = 0; i < count && err == PBT_OK; i++) {
        const bool is_moved = strcmp(keys[i], "checkpoints.directory") == 0;
        err = is_moved ? pbt__study_check_rest(study, error) : PBT_OK;
    }
    return err == PBT_OK ? pbt__study_submit(study, run_amend, &call, error) : err;
}

/* ---- deleting ---- */

static bool has_lease(const pbt__study *study)
{
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        const pbt__claim *claim = &study->claims[m];
        if (pbt__claim_is_current(study, claim) &&
            claim->lease_until_us > study->transaction.now_us) {
            return true;
        }
    }
    return false;
}

static pbt_err run_check_delete(pbt__study *study, void *arguments, pbt_error *error)
{
    const bool *force = arguments;
    if (!*force && !pbt__view_is_over(&study->view) && has_lease(study)) {
        (void)pbt__fail(error, PBT_ERR_BUSY, "study '%s' is being trained", study->row.name);
        pbt__error_hint(error, "`stop %s` first, or give --force", study->row.name);
        return PBT_ERR_BUSY;
    }
    return PBT_OK;
}

static pbt_err run_forget(pbt__study *study, void *arguments, pbt_error *error)
{
    (void)arguments;
    pbt_err err = pbt__draft_write(&study->draft, study->store, study->claims, error);
    if (err == PBT_OK) {
        err = pbt__store_remove(study->store, error);
    }
    study->is_torn = err != PBT_OK;
    return err;
}

/* Remove the files of a study. Whose they are is known to the end. */
static pbt_err delete_own_files(pbt__study *study, const char *logs, pbt_error *error)
{
    bool is_own = false;
    pbt_err err = pbt__study_condemn(study, &is_own, error);
    if (err == PBT_OK && is_own) {
        err = pbt__vault_remove_all(study->vault, error);
    }
    if (err == PBT_OK && logs != NULL) {
        err = pbt__study_remove_logs(logs, error);
    }
    if (err == PBT_OK && is_own) {
        err = pbt__study_disown(study, error);
    }
    return err;
}

static pbt_err delete_files(pbt__study *study, const char *logs, pbt__remains *remains,
                            pbt_error *error)
{
    const pbt_err err = pbt__study_find_remains(study, remains, error);
    return err != PBT_OK || remains->are_any ? err : delete_own_files(study, logs, error);
}

/*
 * The study goes last, so that whatever ends a deletion before, the study can still be named, and
 * another one removes the rest:
 *
 *     mark the folder ── checkpoints ── logs ── the mark, the folder ── the study
 *     killed or refused anywhere here: no run trains it, `delete` begins again      done
 */
pbt_err pbt__study_delete(pbt__study *study, bool force, const char *logs, pbt__remains *remains,
                          pbt_error *error)
{
    pbt_err err = pbt__study_submit(study, run_check_delete, &force, error);
    if (err != PBT_OK) {
        return err;
    }
    err = delete_files(study, logs, remains, error);
    if (err == PBT_OK) {
        return pbt__study_submit(study, run_forget, NULL, error);
    }
    pbt__error_hint(error, "when that can be removed: `delete %s` once more removes the rest",
                    study->row.name);
    return err;
}
