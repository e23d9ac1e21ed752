/*
 * checkpoint_mark.c: how a worker elsewhere knows that it sees this folder.
 *
 * An equal path is not enough: another machine or mount namespace may have a folder with the same
 * names. So the server makes a file with a random name and content and tells both; a worker that
 * finds them sees the same folder. Each process makes a new file, so an earlier copy of the folder
 * does not have it.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "study/checkpoint_vault.h"

static pbt_err make_mark(pbt__vault *vault, pbt_error *error)
{
    char random[17];
    char name[PBT__CHECKPOINT_NAME_SIZE], path[PBT__PATH_SIZE], nonce[PBT__NONCE_SIZE];
    pbt_err err = pbt__random_text(random, sizeof random, 4, error);
    if (err == PBT_OK) {
        err = pbt__random_text(nonce, sizeof nonce, 4, error);
    }
    if (err == PBT_OK) {
        (void)snprintf(name, sizeof name, "mark.%ld.%s", (long)getpid(), random);
        err = pbt__path_join(vault->aside, name, path, error);
    }
    if (err == PBT_OK) {
        err = pbt__file_write(path, nonce, strlen(nonce), error);
    }
    if (err == PBT_OK) {
        memcpy(vault->mark, path, sizeof path);
        memcpy(vault->nonce, nonce, sizeof nonce);
    }
    return err;
}

pbt_err pbt__vault_mark(pbt__vault *vault, char *path, char *nonce, pbt_error *error)
{
    struct stat status;
    (void)pthread_mutex_lock(&vault->lock);
    const bool is_made = vault->mark[0] != '\0' && lstat(vault->mark, &status) == 0;
    const pbt_err err = is_made ? PBT_OK : make_mark(vault, error);
    if (err == PBT_OK) {
        memcpy(path, vault->mark, PBT__PATH_SIZE);
        memcpy(nonce, vault->nonce, PBT__NONCE_SIZE);
    }
    (void)pthread_mutex_unlock(&vault->lock);
    return err;
}
