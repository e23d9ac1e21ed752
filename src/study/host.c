/* host.c: checkpoints that travel. */
#include "study/host.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "study/inside.h"

size_t pbt__study_offers(pbt__study *study)
{
    pthread_mutex_lock(&study->view_lock);
    bool is_over = pbt__view_is_over(&study->view);
    size_t count = is_over ? SIZE_MAX : (size_t)pbt__ranking_count(&study->waiting);
    pthread_mutex_unlock(&study->view_lock);
    return count;
}

pbt_err pbt__study_aside(pbt__study *study, pbt_segment_id id, int32_t attempt, const char *suffix,
                         char *out, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    if (attempt < 1) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "attempts count from 1, not %d", (int)attempt);
    }
    pbt_err err = pbt__vault_path(study->vault, id, attempt, path, error);
    if (err != PBT_OK) {
        return err;
    }
    size_t length = strlen(path);
    if (length + strlen(suffix) >= sizeof path) {
        return pbt__fail(error, PBT_ERR_LIMIT, "the path '%s' is too long", path);
    }
    memcpy(out, path, length);
    memcpy(out + length, suffix, strlen(suffix) + 1);
    return PBT_OK;
}

pbt_err pbt__study_mark(pbt__study *study, char *path, char *nonce, pbt_error *error)
{
    return pbt__vault_mark(study->vault, path, nonce, error);
}

pbt_err pbt__study_awaits(pbt__study *study, pbt_segment_id id, int32_t attempt, bool *is_over,
                          pbt_error *error)
{
    pthread_mutex_lock(&study->view_lock);
    pbt_err err = pbt__study_admit(study, id, attempt, is_over, error);
    pthread_mutex_unlock(&study->view_lock);
    return err;
}

static pbt_err take(pbt__study *study, pbt_segment_id id, int32_t attempt, const char *path,
                    pbt_error *error)
{
    char place[PBT__PATH_SIZE];
    bool is_over = false;
    pbt_err err = pbt__study_admit(study, id, attempt, &is_over, error);
    if (err != PBT_OK || is_over) {
        return err;
    }
    err = pbt__vault_aside(study->vault, id, attempt, place, error);
    return err == PBT_OK ? pbt__file_rename(path, place, error) : err;
}

pbt_err pbt__study_take(pbt__study *study, pbt_segment_id id, int32_t attempt, const char *path,
                        pbt_error *error)
{
    pthread_mutex_lock(&study->view_lock);
    pbt_err err = take(study, id, attempt, path, error);
    pthread_mutex_unlock(&study->view_lock);
    return err;
}

static pbt_err fail_absent(const pbt__study *study, pbt_segment_id id, pbt_error *error)
{
    char name[PBT__ID_SIZE];
    pbt__id_write(id, name);
    return pbt__fail(error, PBT_ERR_NOT_FOUND, "study '%s' keeps no checkpoint of '%s'",
                     study->row.name, name);
}

/* A reported segment's own checkpoint. */
static pbt_err find_own(pbt__study *study, pbt__assignment *out, pbt_error *error)
{
    pbt_segment_id id = out->segment.id;
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    if (entry == NULL) {
        return pbt__fail_memory(error);
    }
    if (entry->is_gone || entry->checkpoint.kind == PBT__CHECKPOINT_NONE) {
        return fail_absent(study, id, error);
    }
    out->load_kind = entry->checkpoint.kind;
    out->load_bytes = entry->checkpoint.size_bytes;
    out->load_from = id;
    if (out->load_kind == PBT__CHECKPOINT_INLINE) {
        return PBT_OK;
    }
    pbt_err err = pbt__vault_check(study->vault, id, 0, &entry->checkpoint, error);
    return err == PBT_OK ? pbt__vault_path(study->vault, id, 0, out->load, error) : err;
}

static pbt_err find(pbt__study *study, pbt_segment_id id, pbt__assignment *out, pbt_error *error)
{
    if (id.member < 0 || id.number < 0 ||
        !pbt_population_segment(study->view.population, id, &out->segment)) {
        return fail_absent(study, id, error);
    }
    if (out->segment.state != PBT_SEGMENT_OPEN) {
        return find_own(study, out, error);
    }
    pbt_err err = pbt__study_fill_load(study, out, error);
    return err == PBT_OK && out->is_fresh ? fail_absent(study, id, error) : err;
}

pbt_err pbt__study_find(pbt__study *study, pbt_segment_id id, pbt__assignment *out,
                        pbt_error *error)
{
    pbt__assignment found = {.load_kind = PBT__CHECKPOINT_NONE};
    pthread_mutex_lock(&study->view_lock);
    pbt_err err = find(study, id, &found, error);
    pthread_mutex_unlock(&study->view_lock);
    if (err == PBT_OK) {
        *out = found;
    }
    return err;
}

/* ---- for readers elsewhere ---- */

pbt_err pbt__study_read(pbt__study *study, int64_t after, pbt__event_callback callback,
                        void *context, pbt_error *error)
{
    return pbt__store_read(study->store, study->row.id, after, callback, context, error);
}

pbt_err pbt__study_verify_beside(pbt__study *study,
                                 void (*problem)(void *context, const char *line), void *context,
                                 pbt__verdict *out, pbt_error *error)
{
    pbt__study *reader = NULL;
    const pbt__study_options options = {
        .checkpoint_folder = study->store_folder,
        .spec_folder = study->spec_folder,
        .is_observer = true,
    };
    pbt_err err = pbt__study_open(study->store, study->row.name, &options, &reader, error);
    if (err == PBT_OK) {
        err = pbt__study_verify(reader, problem, context, out, error);
    }
    pbt__study_close(reader);
    return err;
}
