/* checkpoint.c: fetching, sending, and which of both is needed. */
#include "worker/checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tar.h"
#include "base/error.h"

/* Say whether one may write beside `path`. */
static bool is_reachable(const char *path)
{
    char folder[PBT__PATH_SIZE];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = '\0'; /* of "/name" the folder is "/" */
    return access(folder, W_OK | X_OK) == 0;
}

/* Make a folder of our own if none was given. */
static pbt_err make_folder(pbt__caller *caller, pbt_error *error)
{
    if (caller->folder[0] != '\0') {
        return pbt__file_make_folder(caller->folder, error);
    }
    const char *top = getenv("TMPDIR");
    pbt_err err = pbt__path_join(top != NULL && top[0] == '/' ? top : "/tmp", "pbt-XXXXXX",
                                 caller->folder, error);
    if (err == PBT_OK && mkdtemp(caller->folder) == NULL) {
        err = pbt__fail_errno(error, "cannot make a folder such as '%s'", caller->folder);
    }
    if (err != PBT_OK) {
        caller->folder[0] = '\0';
        return err;
    }
    caller->is_folder_made = true;
    return PBT_OK;
}

/* A place here, with nothing at it. */
static pbt_err choose(pbt__caller *caller, const pbt__parcel *parcel, const char *suffix, char *out,
                      pbt_error *error)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s.%" PRId32 "%s", parcel->id, parcel->attempt, suffix);
    pbt_err err = make_folder(caller, error);
    if (err == PBT_OK) {
        err = pbt__path_join(caller->folder, name, out, error);
    }
    return err == PBT_OK ? pbt__file_remove(out, error) : err;
}

/* ---- fetching -------------------------------------------------------------------------------- */

pbt_err pbt__checkpoint_fetch(pbt__caller *caller, const char *id, const char *aside,
                              const char *out, pbt_error *error)
{
    char path[96];
    bool is_folder = false;
    (void)snprintf(path, sizeof path, "/checkpoints/%s", id);
    FILE *file = fopen(aside, "w+be");
    if (file == NULL) {
        return pbt__fail_errno(error, "cannot make '%s'", aside);
    }
    pbt_err err = pbt__caller_get(caller, path, file, &is_folder, error);
    if (err == PBT_OK && is_folder) {
        err = pbt__tar_unpack(fileno(file), out, error);
    }
    (void)fclose(file);
    if (err == PBT_OK && !is_folder) {
        return pbt__file_rename(aside, out, error);
    }
    (void)!pbt__file_remove(aside, NULL);
    return err;
}

static pbt_err fetch(pbt__caller *caller, pbt__parcel *parcel, pbt_error *error)
{
    char aside[PBT__PATH_SIZE];
    pbt_err err = choose(caller, parcel, ".fetch", aside, error);
    if (err == PBT_OK) {
        err = choose(caller, parcel, ".load", parcel->load_here, error);
    }
    return err == PBT_OK
               ? pbt__checkpoint_fetch(caller, parcel->id, aside, parcel->load_here, error)
               : err;
}

pbt_err pbt__checkpoint_place(pbt__caller *caller, pbt__parcel *parcel, pbt_error *error)
{
    const bool may_share = !parcel->proof.is_told || pbt__proof_holds(&parcel->proof);
    parcel->is_shared = may_share && is_reachable(parcel->save_to);
    if (parcel->is_shared) {
        return PBT_OK;
    }
    const pbt_err err = choose(caller, parcel, "", parcel->save_here, error);
    if (err == PBT_OK) {
        parcel->save_to = parcel->save_here;
    }
    return err;
}

pbt_err pbt__checkpoint_bring(pbt__caller *caller, pbt__parcel *parcel, pbt_error *error)
{
    const char *load = parcel->load;
    if (load == parcel->load_here) {
        return PBT_OK;
    }
    if (!pbt__proof_is_at_hand(&parcel->proof, load)) {
        const pbt_err err = fetch(caller, parcel, error);
        if (err != PBT_OK) {
            return err;
        }
        parcel->load = parcel->load_here;
    }
    return pbt__proof_check(&parcel->proof, parcel->load, load, error);
}

/* ---- sending --------------------------------------------------------------------------------- */

pbt_err pbt__checkpoint_put(pbt__caller *caller, const pbt__parcel *parcel, FILE *file,
                            bool is_folder, pbt_error *error)
{
    char path[96];
    (void)snprintf(path, sizeof path, "/checkpoints/%s?attempt=%" PRId32, parcel->id,
                   parcel->attempt);
    return pbt__caller_put(caller, path, file, is_folder, error);
}

static pbt_err put_folder(pbt__caller *caller, const pbt__parcel *parcel, pbt_error *error)
{
    char aside[PBT__PATH_SIZE];
    pbt_err err = choose(caller, parcel, ".send", aside, error);
    if (err != PBT_OK) {
        return err;
    }
    FILE *file = fopen(aside, "w+be");
    if (file == NULL) {
        return pbt__fail_errno(error, "cannot make '%s'", aside);
    }
    err = pbt__tar_pack(parcel->save_to, fileno(file), error);
    if (err == PBT_OK) {
        err = pbt__checkpoint_put(caller, parcel, file, true, error);
    }
    (void)fclose(file);
    (void)!pbt__file_remove(aside, NULL);
    return err;
}

static pbt_err put_file(pbt__caller *caller, const pbt__parcel *parcel, pbt_error *error)
{
    FILE *file = fopen(parcel->save_to, "rbe");
    if (file == NULL) {
        return pbt__fail_errno(error, "cannot open '%s'", parcel->save_to);
    }
    const pbt_err err = pbt__checkpoint_put(caller, parcel, file, false, error);
    (void)fclose(file);
    return err;
}

pbt_err pbt__checkpoint_send(pbt__caller *caller, const pbt__parcel *parcel, bool is_travelling,
                             const char **word, pbt_error *error)
{
    struct stat status;
    const char *path = parcel->save_to;
    if (lstat(path, &status) != 0) {
        *word = NULL;
        return errno == ENOENT ? PBT_OK : pbt__fail_errno(error, "cannot look at '%s'", path);
    }
    if (parcel->is_shared && !is_travelling) {
        *word = "saved";
        return PBT_OK;
    }
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) {
        return pbt__fail(error, PBT_ERR_CHECKPOINT, "'%s' is neither a file nor a folder", path);
    }
    const pbt_err err = S_ISDIR(status.st_mode) ? put_folder(caller, parcel, error)
                                                : put_file(caller, parcel, error);
    if (err == PBT_OK) {
        *word = "uploaded";
    }
    return err;
}

void pbt__checkpoint_clean(const pbt__parcel *parcel)
{
    if (parcel->load_here[0] != '\0') {
        (void)!pbt__file_remove(parcel->load_here, NULL);
    }
    if (parcel->save_here[0] != '\0') {
        (void)!pbt__file_remove(parcel->save_here, NULL);
    }
}
