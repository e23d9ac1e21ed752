/*
 * checkpoint.c: where checkpoints lie, and how they travel.
 *
 * Where the server's folder is ours too, nothing travels: the trainer writes to and reads from the
 * paths that the server names. Where it is not, the trainer is given paths in a folder of this
 * machine, and the bytes go by PUT and GET, a folder as a tar archive. A path that another machine
 * happens to have as well is known for another (proof.h); with an older server, or a folder that
 * takes no writes of ours, it is found out when the server does not see what was saved, which is
 * sent after all.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "worker/archive.h"
#include "worker/inside.h"

/* Say whether one may write beside `path`. */
static bool is_reachable(const char *path)
{
    char folder[PBT__PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = '\0'; /* of "/name" the folder is "/" */
    return access(folder, W_OK | X_OK) == 0;
}

/* Make a folder of our own where none was given. */
static pbt_err make_folder(pbt_worker *worker, pbt_error *error)
{
    if (worker->folder[0] != '\0') {
        return pbt__file_make_folder(worker->folder, error);
    }
    const char *top = getenv("TMPDIR");
    pbt_err err = pbt__path_join(top != NULL && top[0] == '/' ? top : "/tmp", "pbt-XXXXXX",
                                 worker->folder, error);
    if (err == PBT_OK && mkdtemp(worker->folder) == NULL) {
        err = pbt__fail_errno(error, "cannot make a folder such as '%s'", worker->folder);
    }
    if (err != PBT_OK) {
        worker->folder[0] = '\0';
        return err;
    }
    worker->is_folder_made = true;
    return PBT_OK;
}

/* A place here, with nothing at it. */
static pbt_err choose(pbt_worker *worker, const pbt__held *held, const char *suffix, char *out,
                      pbt_error *error)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s.%" PRId32 "%s", held->segment.id, held->segment.attempt,
                   suffix);
    pbt_err err = make_folder(worker, error);
    if (err == PBT_OK) {
        err = pbt__path_join(worker->folder, name, out, error);
    }
    return err == PBT_OK ? pbt__file_remove(out, error) : err;
}

/* ---- fetching -------------------------------------------------------------------------------- */

static pbt_err fetch(pbt_worker *worker, pbt__held *held, pbt_error *error)
{
    char path[96], aside[PBT__PATH_SIZE];
    bool is_folder = false;
    (void)snprintf(path, sizeof path, "/checkpoints/%s", held->segment.id);
    pbt_err err = choose(worker, held, ".fetch", aside, error);
    if (err == PBT_OK) {
        err = choose(worker, held, ".load", held->load, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    FILE *file = fopen(aside, "w+be");
    if (file == NULL) {
        return pbt__fail_errno(error, "cannot make '%s'", aside);
    }
    err = pbt__worker_get(worker, path, file, &is_folder, error);
    if (err == PBT_OK && is_folder) {
        err = pbt__archive_unpack(file, held->load, error);
    }
    (void)fclose(file);
    if (err == PBT_OK && !is_folder) {
        err = pbt__file_rename(aside, held->load, error);
    } else {
        (void)!pbt__file_remove(aside, NULL);
    }
    return err;
}

/* Say whether what is to be loaded is in memory already. */
static bool is_in_memory(const pbt_worker *worker, const pbt__held *held)
{
    const pbt_worker_segment *s = &held->segment;
    return !held->is_reload_always && s->parent != NULL && s->resume_step == s->start_step &&
           strcmp(s->parent, worker->reported) == 0;
}

/* Have what a segment starts from here, and of the size that was recorded. */
static pbt_err bring(pbt_worker *worker, pbt__held *held, pbt_error *error)
{
    pbt_worker_segment *s = &held->segment;
    const char *load = s->load;
    if (!pbt__proof_is_at_hand(&held->proof, load)) {
        const pbt_err err = fetch(worker, held, error);
        if (err != PBT_OK) {
            return err;
        }
        s->load = held->load;
    }
    return pbt__proof_check(&held->proof, s->load, load, error);
}

pbt_err pbt__checkpoint_prepare(pbt_worker *worker, pbt__held *held, pbt_error *error)
{
    pbt_worker_segment *s = &held->segment;
    const bool may_share = !held->proof.is_told || pbt__proof_holds(&held->proof);
    held->is_shared = may_share && is_reachable(s->save_to);
    if (!held->is_shared) {
        const pbt_err err = choose(worker, held, "", held->save_to, error);
        if (err != PBT_OK) {
            return err;
        }
        s->save_to = held->save_to;
    }
    if (s->load == NULL || is_in_memory(worker, held)) {
        s->load = NULL;
        return PBT_OK;
    }
    return bring(worker, held, error);
}

/* ---- sending --------------------------------------------------------------------------------- */

static pbt_err put(pbt_worker *worker, const pbt__held *held, FILE *file, bool is_folder,
                   pbt_error *error)
{
    char path[96];
    (void)snprintf(path, sizeof path, "/checkpoints/%s?attempt=%" PRId32, held->segment.id,
                   held->segment.attempt);
    return pbt__worker_put(worker, path, file, is_folder, error);
}

static pbt_err put_folder(pbt_worker *worker, const pbt__held *held, pbt_error *error)
{
    char aside[PBT__PATH_SIZE];
    pbt_err err = choose(worker, held, ".send", aside, error);
    if (err != PBT_OK) {
        return err;
    }
    FILE *file = fopen(aside, "w+be");
    if (file == NULL) {
        return pbt__fail_errno(error, "cannot make '%s'", aside);
    }
    err = pbt__archive_pack(held->segment.save_to, file, error);
    if (err == PBT_OK) {
        err = put(worker, held, file, true, error);
    }
    (void)fclose(file);
    (void)!pbt__file_remove(aside, NULL);
    return err;
}

static pbt_err put_file(pbt_worker *worker, const pbt__held *held, pbt_error *error)
{
    FILE *file = fopen(held->segment.save_to, "rbe");
    if (file == NULL) {
        return pbt__fail_errno(error, "cannot open '%s'", held->segment.save_to);
    }
    const pbt_err err = put(worker, held, file, false, error);
    (void)fclose(file);
    return err;
}

pbt_err pbt__checkpoint_send(pbt_worker *worker, const pbt__held *held, bool is_travelling,
                             const char **word, pbt_error *error)
{
    struct stat status;
    const char *path = held->segment.save_to;
    if (lstat(path, &status) != 0) {
        *word = NULL;
        return errno == ENOENT ? PBT_OK : pbt__fail_errno(error, "cannot look at '%s'", path);
    }
    if (held->is_shared && !is_travelling) {
        *word = "saved";
        return PBT_OK;
    }
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        return pbt__fail(error, PBT_ERR_CHECKPOINT, "'%s' is neither a file nor a folder", path);
    }
    const pbt_err err =
        S_ISDIR(status.st_mode) ? put_folder(worker, held, error) : put_file(worker, held, error);
    if (err == PBT_OK) {
        *word = "uploaded";
    }
    return err;
}

void pbt__checkpoint_clean(const pbt__held *held)
{
    if (held->load[0] != '\0') {
        (void)!pbt__file_remove(held->load, NULL);
    }
    if (held->save_to[0] != '\0') {
        (void)!pbt__file_remove(held->save_to, NULL);
    }
}
