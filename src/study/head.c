/*
 * head.c: the newest event of the log that a checkpoint folder belongs to.
 *
 * Users restore a store from a backup but keep newer checkpoints, or copy a store and run both
 * copies with one folder. Checkpoints are named by member and number, so one store would sweep or
 * replace the other's weights. The file `.head` holds the number and digest of the newest event
 * that the folder's owner knew. It is written now and then, so it may be late; it never says more
 * than is true:
 *
 *     the log has that event              it is the folder's own, or goes on from there
 *     the log ends before it              it is older: what it does not know is kept under a name
 *                                         that nobody takes (m3s12.kept-1)
 *     the log has another in its place    it went another way: the folder is not its own any more
 *
 * It names the store's file too: who deletes a copy of the store leaves the folder to the other,
 * unless the folder was copied with the store.
 *
 * While a run owns a study it holds a lock (flock) on the folder's `.study`, so that two copies of
 * a store are not trained at once with one folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "study/checkpoint_vault.h"
#include "study/inside.h"

enum { HEAD_SIZE = PBT__DIGEST_TEXT_SIZE + PBT__PATH_SIZE + 32 };

typedef struct head {
    int64_t sequence;
    pbt__digest digest;
    char file[PBT__PATH_SIZE]; /* the store's; "": none is known */
} head;

/* ---- reading and writing ---- */

/* Returns false if there is none. */
static bool read_head(const char *folder, head *out)
{
    char path[PBT__PATH_SIZE], digest[PBT__DIGEST_TEXT_SIZE];
    char *text = NULL;
    size_t length = 0;
    *out = (head){0};
    if (pbt__path_join(folder, ".head", path, NULL) != PBT_OK ||
        pbt__file_read(path, HEAD_SIZE - 1, &text, &length, NULL) != PBT_OK) {
        return false;
    }
    char *end = text;
    out->sequence = strtoll(text, &end, 10);
    (void)snprintf(digest, sizeof digest, "%s", *end == ' ' ? end + 1 : "");
    const bool is_whole = out->sequence > 0 && pbt__digest_read(digest, &out->digest);
    const char *second = strchr(text, '\n');
    (void)snprintf(out->file, sizeof out->file, "%s", second != NULL ? second + 1 : "");
    out->file[strcspn(out->file, "\n")] = '\0';
    free(text);
    return is_whole;
}

void pbt__study_mark_head(pbt__study *study)
{
    char path[PBT__PATH_SIZE], digest[PBT__DIGEST_TEXT_SIZE], text[HEAD_SIZE];
    pthread_mutex_lock(&study->view_lock);
    const int64_t sequence = study->view.facts.sequence;
    pbt__digest_write(study->view.facts.digest, digest);
    pthread_mutex_unlock(&study->view_lock);
    if (!study->leads_folder || sequence == study->head_sequence ||
        pbt__vault_is_in_place(study->vault, NULL) != PBT_OK ||
        pbt__path_join(study->vault->folder, ".head", path, NULL) != PBT_OK) {
        return;
    }
    const char *store = pbt__store_file(study->store);
    const int length = snprintf(text, sizeof text, "%" PRId64 " %s\n%s\n", sequence, digest,
                                store != NULL ? store : "");
    if (pbt__file_replace(path, text, (size_t)length, 0666, NULL) == PBT_OK) {
        study->head_sequence = sequence;
    }
}

/* ---- comparing ---- */

static pbt_err take_digest(void *context, const pbt__event *event)
{
    *(pbt__digest *)context = event->digest;
    return PBT_ERR_STATE; /* no need to read on */
}

/* Say more of a failure that comes of a copied store. Returns it. */
static pbt_err explain_copies(const pbt__study *study, pbt_err err, pbt_error *error)
{
    pbt__error_detail(error, "there are two copies of study '%s', and their logs differ",
                      study->row.name);
    pbt__error_hint(error,
                    "copy the folder and `amend %s checkpoints.directory=COPY`, or run the "
                    "other store",
                    study->row.name);
    return err;
}

pbt_err pbt__study_fail_behind(const pbt__study *study, const char *folder, pbt_error *error)
{
    head known;
    const bool is_named = read_head(folder, &known) && known.file[0] != '\0';
    (void)pbt__fail(error, PBT_ERR_EXISTS,
                    "the checkpoint folder '%.150s' is newer than the store, which knows none of "
                    "its weights",
                    folder);
    pbt__error_detail(error, "study '%s' went on with %s%.400s", study->row.name,
                      is_named ? "the store " : "another copy of the store", known.file);
    pbt__error_hint(error, "run that store, or bring the folder back as it was with this one");
    return PBT_ERR_EXISTS;
}

/* Compare a folder's head with the log. */
static pbt_err compare(pbt__study *study, const head *known, bool *is_behind, bool *is_other,
                       pbt_error *error)
{
    pbt__digest own = {{0}};
    *is_other = false;
    *is_behind = known->sequence > study->view.facts.sequence;
    if (*is_behind) {
        return PBT_OK;
    }
    const pbt_err err =
        pbt__store_read(study->store, study->row.id, known->sequence - 1, take_digest, &own, error);
    *is_other = err == PBT_ERR_STATE && !pbt__digest_equal(own, known->digest);
    return err == PBT_ERR_STATE ? PBT_OK : err;
}

pbt_err pbt__study_compare_head(pbt__study *study, const char *folder, pbt_error *error)
{
    head known;
    bool is_other = false;
    study->is_behind = false;
    if (!read_head(folder, &known)) {
        return PBT_OK;
    }
    pbt_err err = compare(study, &known, &study->is_behind, &is_other, error);
    if (is_other) {
        err =
            pbt__fail(error, PBT_ERR_EXISTS,
                      "the checkpoint folder '%.150s' goes with another copy of the store", folder);
        return explain_copies(study, err, error);
    }
    return err;
}

/* ---- what is left to another copy ---- */

/* Look at the file that a head names: 1 where it is this store's, 0 if it is another's, -1 where
 * it is gone, or none is named. */
static int is_own_file(const pbt__study *study, const head *known)
{
    struct stat own, named;
    const char *file = pbt__store_file(study->store);
    if (file == NULL || known->file[0] == '\0' || stat(known->file, &named) != 0 ||
        stat(file, &own) != 0) {
        return -1;
    }
    return own.st_dev == named.st_dev && own.st_ino == named.st_ino ? 1 : 0;
}

/* Say whether a path leads to the same from both folders. */
static bool is_shared(const char *one, const char *other, const char *path)
{
    struct stat first, second;
    char from_one[PBT__PATH_SIZE], from_other[PBT__PATH_SIZE];
    return pbt__path_join(one, path, from_one, NULL) == PBT_OK &&
           pbt__path_join(other, path, from_other, NULL) == PBT_OK && stat(from_one, &first) == 0 &&
           stat(from_other, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

/* Say whether this folder was copied with the store: the store that the head names has one of the
 * same study, no older, at the same place from it, and logs of its own. */
static bool is_copied_too(const pbt__study *study, const head *known)
{
    head other;
    char start[PBT__PATH_SIZE], folder[PBT__PATH_SIZE], logs[PBT__NAME_SIZE + sizeof ".logs"];
    const char *below = pbt__path_below(study->store_folder, study->vault->folder);
    const char *directory = study->view.facts.spec->checkpoint_folder;
    const bool is_beside =
        below != study->vault->folder && (directory == NULL || *directory != '/');
    (void)snprintf(logs, sizeof logs, "%s.logs", study->row.name);
    (void)snprintf(start, sizeof start, "%s", known->file);
    char *slash = strrchr(start, '/');
    if (!is_beside || slash == NULL) {
        return false;
    }
    *slash = '\0';
    return pbt__path_join(start, below, folder, NULL) == PBT_OK && read_head(folder, &other) &&
           strcmp(other.file, known->file) == 0 && other.sequence >= known->sequence &&
           pbt__study_check_owner(study, folder, NULL) == PBT_OK &&
           !is_shared(study->store_folder, start, below) &&
           !is_shared(study->store_folder, start, logs);
}

pbt_err pbt__study_find_remains(pbt__study *study, pbt__remains *out, pbt_error *error)
{
    head known;
    bool is_behind = false, is_other = false;
    *out = (pbt__remains){0};
    if (!read_head(study->vault->folder, &known)) {
        return PBT_OK;
    }
    const int is_own = is_own_file(study, &known);
    if (is_own >= 0) {
        out->are_any = is_own == 0 && !is_copied_too(study, &known);
        (void)snprintf(out->keeper, sizeof out->keeper, "%s", out->are_any ? known.file : "");
        return PBT_OK;
    }
    const pbt_err err = compare(study, &known, &is_behind, &is_other, error);
    out->are_any = is_behind || is_other;
    return err;
}

/* ---- holding ---- */

pbt_err pbt__study_hold(pbt__study *study, const char *folder, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    const pbt_err err = pbt__path_join(folder, ".study", path, error);
    if (err != PBT_OK) {
        return err;
    }
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", path);
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        (void)close(file);
        (void)pbt__fail(error, PBT_ERR_EXISTS,
                        "the checkpoint folder '%.150s' is in use by a run with another store",
                        folder);
        return explain_copies(study, PBT_ERR_EXISTS, error);
    }
    study->folder_lock = file; /* a file system without locks is taken as it is */
    return PBT_OK;
}
