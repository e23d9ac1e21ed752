/* open.c: a study's handle: created, opened, swept, closed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/checkpoint_vault.h"
#include "study/inside.h"

/* ---- the handle ---- */

static void handle_init(pbt__study *study)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&study->view_lock, NULL);
    pthread_mutex_init(&study->queue_lock, NULL);
    pthread_rwlock_init(&study->audience.lock, NULL);
    pthread_cond_init(&study->has_changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pbt__view_init(&study->view);
}

static pbt__study *handle_new(pbt__store *store, const pbt__study_options *options)
{
    pbt__study *study = pbt__calloc(1, sizeof *study);
    if (study == NULL) {
        return NULL;
    }
    handle_init(study);
    study->store = store;
    study->is_observer = options->is_observer;
    study->is_patient = options->is_patient;
    study->folder_lock = -1;
    study->refused = options->refused;
    study->refused_context = options->refused_context;
    study->lives = options->lives;
    study->lives_context = options->lives_context;
    study->store_folder = pbt__strdup(options->checkpoint_folder);
    study->relative_to = options->relative_to != NULL ? pbt__strdup(options->relative_to) : NULL;
    study->spec_folder = options->spec_folder != NULL ? realpath(options->spec_folder, NULL) : NULL;
    if (study->store_folder == NULL ||
        (options->relative_to != NULL && study->relative_to == NULL)) {
        pbt__study_close(study);
        return NULL;
    }
    study->view.store_folder = study->store_folder;
    study->view.spec_folder = study->spec_folder;
    return study;
}

void pbt__study_close(pbt__study *study)
{
    if (study == NULL) {
        return;
    }
    pbt__study_mark_head(study);
    if (study->folder_lock >= 0) {
        (void)close(study->folder_lock);
    }
    pbt__view_fini(&study->view);
    pbt__vault_close(study->vault);
    pthread_mutex_destroy(&study->view_lock);
    pthread_mutex_destroy(&study->queue_lock);
    pthread_rwlock_destroy(&study->audience.lock);
    pthread_cond_destroy(&study->has_changed);
    free(study->store_folder);
    free(study->relative_to);
    free(study->spec_folder);
    pbt__study_strip(study);
    free(study->removals);
    free(study);
}

/* ---- the vault ---- */

pbt_err pbt__study_find_vault(pbt__study *study, pbt_error *error)
{
    char folder[PBT__PATH_SIZE];
    pbt_err err = pbt__study_vault_folder(study, study->view.facts.spec, folder, error);
    return err == PBT_OK ? pbt__vault_find(folder, &study->vault, error) : err;
}

/* Refuse to go on if all weights are gone: every member would fail. Make the folder if it may be
 * absent. */
static pbt_err open_known_vault(pbt__study *study, pbt_error *error)
{
    char folder[PBT__PATH_SIZE];
    const pbt_spec *spec = study->view.facts.spec;
    pbt_err err = pbt__study_vault_folder(study, spec, folder, error);
    if (err != PBT_OK) {
        return err;
    }
    if (pbt__study_has_lost_all(study, folder)) {
        return pbt__study_fail_lost(study, folder, error);
    }
    err = pbt__vault_open(folder, &study->vault, error);
    if (err == PBT_OK && pbt__study_is_condemned(study)) {
        (void)pbt__fail(error, PBT_ERR_STATE, "study '%s' is half deleted", study->row.name);
        pbt__error_hint(error, "`delete %s` removes the rest", study->row.name);
        return PBT_ERR_STATE;
    }
    return err;
}

static bool is_live(void *context, pbt_segment_id id, int32_t attempt)
{
    pbt__study *study = context;
    pbt_segment segment;
    if (id.member < 0 || id.number < 0 ||
        !pbt_population_segment(study->view.population, id, &segment)) {
        /* We publish nothing before its segment is in the log: these files are not ours. */
        return attempt == 0 && !study->is_behind;
    }
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    const pbt__claim *claim = &study->claims[id.member];
    if (attempt == 0) {
        return entry == NULL || (entry->checkpoint.kind != PBT__CHECKPOINT_NONE && !entry->is_gone);
    }
    bool is_claimed = pbt__claim_is_current(study, claim) && claim->number == id.number &&
                      claim->attempt == attempt;
    bool is_progress = entry == NULL || entry->progress_attempt == attempt;
    return segment.state == PBT_SEGMENT_OPEN && (is_claimed || is_progress);
}

/* Remove what the log does not know, and give running leases their time again: the clock went on
 * while nobody could renew them. */
static pbt_err run_reopen(pbt__study *study, void *arguments, pbt_error *error)
{
    (void)arguments;
    int64_t lease_us = (int64_t)(study->view.facts.spec->lease_seconds * 1e6);
    pbt_err err = pbt__study_cut_clock(study, true, error);
    if (err != PBT_OK) {
        return err;
    }
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        pbt__claim claim = study->claims[m];
        if (!pbt__claim_is_current(study, &claim)) {
            continue;
        }
        claim.lease_until_us = study->transaction.now_us + lease_us;
        claim.step_changed_us = study->transaction.now_us;
        err = pbt__study_put_claim(study, &claim, error);
        if (err != PBT_OK) {
            return err;
        }
    }
    return study->is_behind ? pbt__vault_keep(study->vault, is_live, study, error)
                            : pbt__vault_sweep(study->vault, is_live, study, error);
}

/* ---- opening ---- */

/* The folder goes with this store from now on. Before, what the store does not know was kept. */
static void lead(pbt__study *study, const pbt__study_options *options)
{
    study->leads_folder = options->is_run;
    pbt__study_mark_head(study);
}

static pbt_err take_folder(pbt__study *study, const pbt__study_options *options, pbt_error *error)
{
    pbt_err err = pbt__study_own(study, error);
    if (err == PBT_OK && options->is_run) {
        err = pbt__study_hold(study, study->vault->folder, error);
    }
    return err == PBT_OK ? pbt__study_compare_head(study, study->vault->folder, error) : err;
}

pbt_err pbt__study_open(pbt__store *store, const char *name, const pbt__study_options *options,
                        pbt__study **out, pbt_error *error)
{
    pbt__study *study = handle_new(store, options);
    if (study == NULL) {
        return pbt__fail_memory(error);
    }
    pbt_err err = pbt__store_find(store, name, &study->row, error);
    if (err == PBT_OK) {
        err = pbt__study_sync(study, error);
    }
    const bool is_owner = !study->is_observer && pbt__store_is_owner(store);
    if (err == PBT_OK && !study->is_observer) {
        err = is_owner ? open_known_vault(study, error) : pbt__study_find_vault(study, error);
    }
    if (err == PBT_OK && is_owner) {
        err = take_folder(study, options, error);
    }
    if (err == PBT_OK && is_owner) {
        err = pbt__study_submit(study, run_reopen, NULL, error);
    }
    if (err != PBT_OK) {
        pbt__study_close(study);
        return err;
    }
    lead(study, options);
    *out = study;
    return PBT_OK;
}

/* ---- creating ---- */

/* The spec's folder as it is recorded: from the store's where it lies there or below, so that both
 * can move together; else absolute. Shape: out[PBT__PATH_SIZE] */
static void write_folder(const pbt__study *study, const pbt_spec *spec, char *out)
{
    char *real = realpath(spec->folder, NULL);
    const char *folder = real != NULL ? real : spec->folder;
    size_t length = strlen(study->store_folder);
    if (strncmp(folder, study->store_folder, length) == 0 && folder[length] == '/') {
        folder += length + 1;
    } else if (strcmp(folder, study->store_folder) == 0) {
        folder = ".";
    }
    snprintf(out, PBT__PATH_SIZE, "%s", folder);
    free(real);
}

static pbt_err log_created(pbt__study *study, const pbt_spec *spec, json_t *provenance,
                           pbt_error *error)
{
    char folder[PBT__PATH_SIZE];
    write_folder(study, spec, folder);
    pbt__reading reading = {.entry = {.kind = PBT__CREATED,
                                      .segment = {0, 0},
                                      .name = spec->name,
                                      .seed = (int64_t)spec->search.seed,
                                      .spec = spec->source,
                                      .folder = folder,
                                      .provenance = provenance,
                                      .rules = PBT__RULES_NEWEST}};
    return pbt__study_log(study, &reading, error);
}

/* Check start checkpoints before anything is made. */
static pbt_err check_starts(const pbt_spec *spec, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    for (int32_t i = 0; i < spec->search.start_count; i++) {
        const char *checkpoint = spec->search.starts[i].checkpoint;
        pbt_err err =
            checkpoint != NULL ? pbt__path_join(spec->folder, checkpoint, path, error) : PBT_OK;
        if (err != PBT_OK) {
            return err;
        }
        if (checkpoint != NULL && access(path, R_OK) != 0) {
            (void)pbt__fail(error, PBT_ERR_SPEC, "start %d: there is no checkpoint '%.180s'",
                            (int)i, checkpoint);
            pbt__error_detail(error, "looked for '%.480s'", path);
            return PBT_ERR_SPEC;
        }
    }
    return PBT_OK;
}

/* A study that was never trained has nothing aside. */
static bool is_published(void *context, pbt_segment_id id, int32_t attempt)
{
    (void)context;
    (void)id;
    return attempt == 0;
}

static pbt_err create(pbt__study *study, const pbt_spec *spec, json_t *provenance, bool is_run,
                      pbt_error *error)
{
    char folder[PBT__PATH_SIZE];
    pbt_err err = pbt__spec_can_decide(spec, error);
    if (err == PBT_OK) {
        err = check_starts(spec, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_vault_folder(study, spec, folder, error);
    }
    if (err == PBT_OK) {
        err = pbt__vault_open(folder, &study->vault, error);
    }
    if (err == PBT_OK) {
        err = pbt__study_may_own(study, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    snprintf(study->row.name, sizeof study->row.name, "%s", spec->name);
    err = pbt__store_begin_create(study->store, spec->name, &study->row.id, &study->transaction,
                                  error);
    if (err != PBT_OK) {
        return err;
    }
    err = log_created(study, spec, provenance, error);
    if (err == PBT_OK) {
        err = pbt__study_commit(study, error);
    }
    if (err != PBT_OK) {
        pbt__store_rollback(study->store);
        return err;
    }
    study->transaction = (pbt__transaction){0};
    pbt__view_keep(&study->view);
    err = pbt__study_own(study, error);
    if (err == PBT_OK) {
        (void)!pbt__vault_sweep(study->vault, is_published, study, NULL); /* else one by one */
    }
    return err == PBT_OK && is_run ? pbt__study_hold(study, study->vault->folder, error) : err;
}

pbt_err pbt__study_create(pbt__store *store, pbt_spec *spec, json_t *provenance,
                          const pbt__study_options *options, pbt__study **out, pbt_error *error)
{
    pbt__study *study = handle_new(store, options);
    if (study == NULL) {
        return pbt__fail_memory(error);
    }
    pbt_err err = create(study, spec, provenance, options->is_run, error);
    if (err != PBT_OK) {
        pbt__study_close(study);
        return err;
    }
    lead(study, options);
    pbt_spec_free(spec);
    *out = study;
    return PBT_OK;
}

const pbt_spec *pbt__study_spec(pbt__study *study)
{
    pthread_mutex_lock(&study->view_lock);
    const pbt_spec *spec = study->view.facts.spec;
    pthread_mutex_unlock(&study->view_lock);
    return spec;
}

pbt__store *pbt__study_store(const pbt__study *study)
{
    return study->store;
}

const char *pbt__study_name(const pbt__study *study)
{
    return study->row.name;
}

pbt_err pbt__study_blob(pbt__study *study, pbt_segment_id id, void **bytes, size_t *length,
                        pbt_error *error)
{
    return pbt__store_blob_get(study->store, study->row.id, id, bytes, length, error);
}

pbt_err pbt__study_blob_copy(pbt__study *study, pbt_segment_id id, void *out, size_t size,
                             size_t *length, pbt_error *error)
{
    return pbt__store_blob_copy(study->store, study->row.id, id, out, size, length, error);
}

bool pbt__study_holds_states(const pbt__study *study)
{
    return study->holds_states;
}
