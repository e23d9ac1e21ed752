/*
 * owner.c: one study, one checkpoint folder.
 *
 * Names in the folder are made from members and numbers, so two studies in one folder would replace
 * each other's weights. The file `.study` holds the digest of its study's first event, which no
 * other study has. It is written when that event is durable, so a creation that dies earlier leaves
 * a folder without an owner. A study of a memory store ends with its process, so its folder may be
 * taken over.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "study/checkpoint_vault.h"
#include "study/inside.h"

enum { OWNER_SIZE = PBT__DIGEST_TEXT_SIZE + 16 };

static const char MEMORY[] = " memory";

static pbt_err owner_path(const char *folder, char *out, pbt_error *error)
{
    return pbt__path_join(folder, ".study", out, error);
}

/* Who owns the folder; "" if nobody does. Shape: out[OWNER_SIZE] */
static pbt_err read_owner(const char *folder, char *out, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    char *text = NULL;
    size_t length = 0;
    out[0] = '\0';
    pbt_err err = owner_path(folder, path, error);
    if (err == PBT_OK) {
        err = pbt__file_read(path, OWNER_SIZE - 1, &text, &length, error);
    }
    if (err == PBT_OK) {
        snprintf(out, OWNER_SIZE, "%s", text);
        out[strcspn(out, "\n")] = '\0';
    }
    free(text);
    return err == PBT_ERR_NOT_FOUND ? PBT_OK : err;
}

static void own_mark(const pbt__study *study, char *out)
{
    char digest[PBT__DIGEST_TEXT_SIZE];
    bool is_memory = pbt__store_is_fleeting(study->store);
    pbt__digest_write(study->view.facts.identity, digest);
    snprintf(out, OWNER_SIZE, "%s%s", digest, is_memory ? MEMORY : "");
}

static bool holds_checkpoints(const pbt__study *study)
{
    pbt_segment_id id;
    int32_t attempt = 0;
    bool holds = false;
    DIR *folder = opendir(study->vault->folder);
    for (struct dirent *entry = folder != NULL ? readdir(folder) : NULL; entry != NULL && !holds;
         entry = readdir(folder)) {
        const char *rest = pbt__checkpoint_name_read(entry->d_name, &id, &attempt);
        holds = rest != NULL && *rest == '\0';
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return holds;
}

static pbt_err refuse(const char *folder, const char *why, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_EXISTS, "the checkpoint folder '%.180s' %s", folder, why);
    pbt__error_hint(error, "give the study another name or another checkpoints.directory");
    return PBT_ERR_EXISTS;
}

static bool is_abandoned(const char *owner)
{
    size_t length = strlen(owner);
    size_t tail = sizeof MEMORY - 1;
    return length > tail && strcmp(owner + length - tail, MEMORY) == 0;
}

pbt_err pbt__study_may_own(pbt__study *study, pbt_error *error)
{
    char owner[OWNER_SIZE];
    pbt_err err = read_owner(study->vault->folder, owner, error);
    if (err != PBT_OK || is_abandoned(owner)) {
        return err;
    }
    if (owner[0] != '\0') {
        return refuse(study->vault->folder, "belongs to another study", error);
    }
    return holds_checkpoints(study)
               ? refuse(study->vault->folder, "holds checkpoints of somebody's", error)
               : PBT_OK;
}

static pbt_err write_owner(const pbt__study *study, const char *mark, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    char line[OWNER_SIZE + 1];
    int length = snprintf(line, sizeof line, "%s\n", mark);
    pbt_err err = owner_path(study->vault->folder, path, error);
    return err == PBT_OK ? pbt__file_replace(path, line, (size_t)length, 0666, error) : err;
}

/* Find the mark of the folder's owner. Errors: PBT_ERR_EXISTS if that is another study. */
static pbt_err find_owner(const pbt__study *study, const char *folder, bool *is_own,
                          pbt_error *error)
{
    char owner[OWNER_SIZE];
    char mark[OWNER_SIZE];
    own_mark(study, mark);
    const pbt_err err = read_owner(folder, owner, error);
    *is_own = strcmp(owner, mark) == 0;
    const bool is_free = owner[0] == '\0' || is_abandoned(owner);
    return err == PBT_OK && !*is_own && !is_free ? refuse(folder, "belongs to another study", error)
                                                 : err;
}

pbt_err pbt__study_check_owner(const pbt__study *study, const char *folder, pbt_error *error)
{
    bool is_own = false;
    return find_owner(study, folder, &is_own, error);
}

pbt_err pbt__study_own(pbt__study *study, pbt_error *error)
{
    char mark[OWNER_SIZE];
    bool is_own = false;
    const pbt_err err = find_owner(study, study->vault->folder, &is_own, error);
    own_mark(study, mark);
    return err != PBT_OK || is_own ? err : write_owner(study, mark, error);
}

/* ---- the end ---- */

static pbt_err condemned_path(const pbt__study *study, char *out, pbt_error *error)
{
    return pbt__path_join(study->vault->folder, ".deleted", out, error);
}

bool pbt__study_is_condemned(const pbt__study *study)
{
    char path[PBT__PATH_SIZE];
    return condemned_path(study, path, NULL) == PBT_OK && access(path, F_OK) == 0;
}

pbt_err pbt__study_condemn(pbt__study *study, bool *is_own, pbt_error *error)
{
    char owner[OWNER_SIZE];
    char mark[OWNER_SIZE];
    char path[PBT__PATH_SIZE];
    own_mark(study, mark);
    pbt_err err = read_owner(study->vault->folder, owner, error);
    if (err == PBT_OK) {
        err = condemned_path(study, path, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    *is_own = owner[0] == '\0' || strcmp(owner, mark) == 0;
    const bool has_folder = access(study->vault->folder, F_OK) == 0;
    if (!*is_own || !has_folder) {
        return PBT_OK;
    }
    err = pbt__file_write(path, "", 0, error);
    const bool is_full = err != PBT_OK && (errno == ENOSPC || errno == EDQUOT);
    return is_full ? PBT_OK : err; /* deleting is what makes room */
}

pbt_err pbt__study_disown(pbt__study *study, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    pbt_err err = owner_path(study->vault->folder, path, error);
    if (err == PBT_OK) {
        err = pbt__file_remove(path, error);
    }
    if (err == PBT_OK) {
        err = pbt__path_join(study->vault->folder, ".head", path, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_remove(path, error);
    }
    if (err == PBT_OK) {
        err = condemned_path(study, path, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_remove(path, error);
    }
    return err == PBT_OK ? pbt__vault_leave(study->vault, error) : err;
}
