/*
 * head.c: how far the log had come that a checkpoint folder belongs to.
 *
 * People restore a store from a backup and leave the checkpoints that are newer; they copy a store
 * and run both copies, beside one folder. Names of checkpoints are made from members and numbers,
 * so the one would sweep or replace the weights of the other. The file `.head` holds the number and
 * digest of the newest event that the folder's owner knew. It is written now and then, so it may be
 * late; it never says more than is true:
 *
 *     the log has that event              it is the folder's own, or goes on from there
 *     the log ends before it              it is older: what it does not know is kept under a name
 *                                         that nobody takes (m3s12.kept-1)
 *     the log has another in its place    it went another way: the folder is not its own any more
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
#include <unistd.h>

#include "base/error.h"
#include "study/checkpoint_vault.h"
#include "study/desk.h"

enum { HEAD_SIZE = PBT__DIGEST_TEXT_SIZE + 32 };

typedef struct head {
    int64_t sequence; /* 0: none is known */
    pbt__digest digest;
} head;

/* ---- reading and writing ---- */

static head read_head(const pbt__study *study)
{
    char path[PBT__PATH_SIZE], digest[PBT__DIGEST_TEXT_SIZE];
    char *text = NULL;
    size_t length = 0;
    head found = {0};
    if (pbt__path_join(study->vault->folder, ".head", path, NULL) != PBT_OK ||
        pbt__file_read(path, HEAD_SIZE - 1, &text, &length, NULL) != PBT_OK) {
        return found;
    }
    char *end = text;
    found.sequence = strtoll(text, &end, 10);
    (void)snprintf(digest, sizeof digest, "%s", *end == ' ' ? end + 1 : "");
    const bool is_whole = pbt__digest_read(digest, &found.digest);
    free(text);
    return is_whole ? found : (head){0};
}

void pbt__study_write_head(pbt__study *study)
{
    char path[PBT__PATH_SIZE], aside[PBT__PATH_SIZE], digest[PBT__DIGEST_TEXT_SIZE];
    if (study->folder_lock < 0 || study->view.facts.sequence == study->head_sequence ||
        pbt__path_join(study->vault->folder, ".head", path, NULL) != PBT_OK ||
        pbt__path_join(study->vault->folder, ".head.new", aside, NULL) != PBT_OK) {
        return;
    }
    FILE *file = fopen(aside, "we");
    if (file == NULL) {
        return;
    }
    pbt__digest_write(study->view.facts.digest, digest);
    const bool is_written =
        fprintf(file, "%" PRId64 " %s\n", study->view.facts.sequence, digest) > 0;
    if (fclose(file) == 0 && is_written && rename(aside, path) == 0) {
        study->head_sequence = study->view.facts.sequence;
    }
}

/* ---- comparing ---- */

static pbt_err take_digest(void *context, const pbt__event *event)
{
    *(pbt__digest *)context = event->digest;
    return PBT_ERR_STATE; /* no need to read on */
}

static pbt_err fail_other(const pbt__study *study, const char *format, pbt_error *error)
{
    (void)pbt__fail(error, PBT_ERR_EXISTS, format, study->vault->folder);
    pbt__error_detail(error, "there are two copies of study '%s', and their logs differ",
                      study->row.name);
    pbt__error_hint(error,
                    "copy the folder and 'pbt amend %s checkpoints.directory=COPY', or run the "
                    "other store",
                    study->row.name);
    return PBT_ERR_EXISTS;
}

pbt_err pbt__study_compare_head(pbt__study *study, bool *is_behind, pbt_error *error)
{
    const head known = read_head(study);
    pbt__digest own = {{0}};
    *is_behind = known.sequence > study->view.facts.sequence;
    if (known.sequence == 0 || *is_behind) {
        return PBT_OK;
    }
    const pbt_err err = study->store->ops->read(study->store, study->row.id, known.sequence - 1,
                                                take_digest, &own, error);
    if (err != PBT_ERR_STATE) {
        return err;
    }
    return pbt__digest_equal(own, known.digest)
               ? PBT_OK
               : fail_other(study,
                            "the checkpoint folder '%.150s' goes with another copy of the store",
                            error);
}

/* ---- holding ---- */

pbt_err pbt__study_hold(pbt__study *study, pbt_error *error)
{
    char path[PBT__PATH_SIZE];
    const pbt_err err = pbt__path_join(study->vault->folder, ".study", path, error);
    if (err != PBT_OK) {
        return err;
    }
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", path);
    }
    if (flock(file, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        (void)close(file);
        return fail_other(
            study, "the checkpoint folder '%.150s' is in use by a run with another store", error);
    }
    study->folder_lock = file; /* a file system without locks is taken as it is */
    return PBT_OK;
}
