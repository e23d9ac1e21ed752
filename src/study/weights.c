/*
 * weights.c: where a study's checkpoints are, and whether they are there.
 *
 * The log names checkpoints, the spec names their folder, and users move both. If none of a study's
 * checkpoints is in the folder, it is not trained on, because every member would fail; the error
 * says where they were. Therefore the folder can be amended only if the new one has them, and while
 * nobody trains.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "study/checkpoint_vault.h"
#include "study/inside.h"
#include "study/json.h"

/* ---- where ---- */

/* Nullable: directory, where the spec names none. Shape: out[PBT__PATH_SIZE] */
static pbt_err find_folder(const pbt__study *study, const pbt_spec *spec, const char *directory,
                           char *out, pbt_error *error)
{
    char name[PBT__NAME_SIZE + sizeof ".checkpoints"];
    if (directory != NULL) {
        return pbt__path_join(spec->folder, directory, out, error);
    }
    (void)snprintf(name, sizeof name, "%s.checkpoints", spec->name);
    return pbt__path_join(study->store_folder, name, out, error);
}

pbt_err pbt__study_vault_folder(const pbt__study *study, const pbt_spec *spec, char *out,
                                pbt_error *error)
{
    return find_folder(study, spec, spec->checkpoint_folder, out, error);
}

/* ---- whether they are there ---- */

/* Say whether a segment's checkpoint is to be in the folder, by the log. */
static bool is_kept(const pbt__study *study, pbt_segment_id id)
{
    pbt_segment segment;
    if (!pbt_population_segment(study->view.population, id, &segment)) {
        return false;
    }
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, id);
    return entry != NULL && !entry->is_gone &&
           (entry->checkpoint.kind == PBT__CHECKPOINT_FILE ||
            entry->checkpoint.kind == PBT__CHECKPOINT_FOLDER);
}

static bool is_in(const char *folder, const char *name)
{
    char path[PBT__PATH_SIZE];
    return pbt__path_join(folder, name, path, NULL) == PBT_OK && access(path, F_OK) == 0;
}

/* Say whether the log names a checkpoint that is in the one folder and not in the other. Nullable:
 * both: no matter. */
static bool has_any(const pbt__study *study, const char *with, const char *without)
{
    char name[PBT__ID_SIZE];
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        pbt_segment newest = {.id = {m, -1}};
        (void)!pbt__population_newest(study->view.population, m, &newest);
        for (int32_t n = newest.id.number; n >= 0; n--) {
            const pbt_segment_id id = {m, n};
            if (!is_kept(study, id)) {
                continue;
            }
            pbt__id_write(id, name);
            if ((with == NULL || is_in(with, name)) && (without == NULL || !is_in(without, name))) {
                return true;
            }
        }
    }
    return false;
}

bool pbt__study_has_lost_all(const pbt__study *study, const char *folder)
{
    return !has_any(study, folder, NULL) && has_any(study, NULL, NULL);
}

/* ---- where they were ---- */

typedef struct quest {
    const pbt__study *study;
    char found[PBT__PATH_SIZE]; /* "": nowhere */
} quest;

/* `value` is as an amendment has it. */
static void look_in(quest *this, const char *value)
{
    char folder[PBT__PATH_SIZE];
    const pbt_spec *spec = this->study->view.facts.spec;
    const char *directory = strcmp(value, "null") != 0 ? value : NULL;
    if (find_folder(this->study, spec, directory, folder, NULL) == PBT_OK &&
        has_any(this->study, folder, NULL)) {
        (void)snprintf(this->found, sizeof this->found, "%s", folder);
    }
}

/* Look where the spec had them before it was amended. */
static pbt_err look_before(void *context, const pbt__event *event)
{
    json_t *body = NULL;
    if (event->kind != PBT__AMENDED ||
        pbt__json_read(event->body, event->body_length, &body, NULL) != PBT_OK) {
        return PBT_OK;
    }
    size_t i = 0;
    const json_t *item = NULL;
    json_array_foreach(json_object_get(body, "amendments"), i, item)
    {
        const char *key = json_string_value(json_object_get(item, "key"));
        const char *from = json_string_value(json_object_get(item, "from"));
        if (key != NULL && strcmp(key, "checkpoints.directory") == 0) {
            look_in(context, from != NULL ? from : "null");
        }
    }
    json_decref(body);
    return PBT_OK;
}

static void hint_lost(const pbt__study *study, const char *found, pbt_error *error)
{
    const char *name = study->row.name;
    if (found[0] != '\0') {
        pbt__error_hint(error,
                        "they lie in '%.150s': `amend %s checkpoints.directory=...` names it",
                        found, name);
    } else if (study->view.facts.spec->checkpoint_folder == NULL) {
        pbt__error_hint(error,
                        "bring it back, put the store beside it, or `amend %s "
                        "checkpoints.directory=FOLDER` says where it is",
                        name);
    } else {
        pbt__error_hint(error,
                        "bring it back, or `amend %s checkpoints.directory=FOLDER` says where "
                        "it is",
                        name);
    }
}

/* Complain of a folder that nobody else uses. */
static pbt_err fail_without(const pbt__study *study, const char *folder, pbt_error *error)
{
    quest before = {.study = study};
    const bool is_beside = study->view.facts.spec->checkpoint_folder == NULL;
    const pbt_err err =
        pbt__store_read(study->store, study->row.id, 0, look_before, &before, error);
    if (err != PBT_OK) {
        return err;
    }
    (void)pbt__fail(error, PBT_ERR_CHECKPOINT,
                    access(folder, F_OK) == 0
                        ? "the checkpoint folder '%.180s' is without its weights"
                        : "the checkpoint folder '%.180s' is gone",
                    folder);
    pbt__error_detail(error, "none of the checkpoints that study '%s' goes on from is there: %s",
                      study->row.name,
                      is_beside ? "they are looked for beside the store"
                                : "they are looked for where checkpoints.directory says");
    hint_lost(study, before.found, error);
    return PBT_ERR_CHECKPOINT;
}

pbt_err pbt__study_fail_lost(pbt__study *study, const char *folder, pbt_error *error)
{
    pbt_err err = pbt__study_hold(study, folder, error);
    if (err != PBT_ERR_EXISTS) {
        err = pbt__study_compare_head(study, folder, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    return study->is_behind ? pbt__study_fail_behind(study, folder, error)
                            : fail_without(study, folder, error);
}

/* ---- another folder ---- */

pbt_err pbt__study_check_rest(pbt__study *study, pbt_error *error)
{
    const pbt_err err = pbt__study_look(study, error);
    if (err != PBT_OK) {
        return err;
    }
    const bool is_trained = pbt__study_is_trained(study, pbt__study_count_workers(study));
    pthread_mutex_unlock(&study->view_lock);
    if (!is_trained) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_BUSY, "study '%s' is being trained", study->row.name);
    pbt__error_detail(error, "its checkpoints are saved to '%.400s'", study->vault->folder);
    pbt__error_hint(error, "end its run first, copy or move that folder, then amend");
    return PBT_ERR_BUSY;
}

pbt_err pbt__study_check_move(pbt__study *study, const char *from, const char *to, pbt_error *error)
{
    const bool is_left = has_any(study, from, to);
    if (is_left || pbt__study_has_lost_all(study, to)) {
        (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "the weights of study '%s' are not in '%.150s'",
                        study->row.name, to);
        pbt__error_detail(error, "they %s in '%.400s'", is_left ? "lie" : "are not even", from);
        pbt__error_hint(error, "copy or move %s to '%.150s', then amend",
                        is_left ? "that folder" : "the folder that has them", to);
        return PBT_ERR_CHECKPOINT;
    }
    const pbt_err err = pbt__study_check_owner(study, to, error);
    return err == PBT_OK ? pbt__study_compare_head(study, to, error) : err;
}
