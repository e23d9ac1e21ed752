/*
 * checkpoint_sweep.c: removing unreferenced files.
 *
 * In the folder itself only published checkpoints are ours. Aside, everything is ours: names that
 * do not begin with a live attempt's checkpoint were left by a dead process.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/fault.h"
#include "study/checkpoint_vault.h"

enum { KEPT_MAXIMUM = 1000 };

struct sweep {
    pbt__vault *vault;
    /* NULL: nothing is. In a tidying: whether the attempt has ended. */
    bool (*is_live)(void *context, pbt_segment_id id, int32_t attempt);
    void *context;
    bool keeps;    /* renames what it would remove */
    bool goes_on;  /* past what cannot be removed, and returns the first error at the end: */
    pbt_err first; /* of them, whose words stand in the caller's error */
};

/* Say whether a name in the folder is a published checkpoint that nobody refers to, or what a
 * process left that died while it wrote one of our own files (`.head`, `.study`). */
static bool is_published_rubbish(const struct sweep *sweep, const char *name)
{
    pbt_segment_id id;
    int32_t attempt;
    if (name[0] == '.' && pbt__file_is_aside(name)) {
        return !sweep->keeps;
    }
    const char *rest = pbt__checkpoint_name_read(name, &id, &attempt);
    if (rest == NULL || *rest != '\0' || attempt != 0) {
        return false;
    }
    return sweep->is_live == NULL || !sweep->is_live(sweep->context, id, 0);
}

/* Say whether a name aside belongs to no live attempt. */
static bool is_aside_rubbish(const struct sweep *sweep, const char *name)
{
    pbt_segment_id id;
    int32_t attempt;
    const char *rest = pbt__checkpoint_name_read(name, &id, &attempt);
    if (rest == NULL || attempt == 0 || sweep->is_live == NULL) {
        return true;
    }
    return !sweep->is_live(sweep->context, id, attempt);
}

/* Give what is at `path` a name that nobody takes for a checkpoint: NAME.kept-N. */
static pbt_err keep(const char *path, pbt_error *error)
{
    char kept[PBT__PATH_SIZE + 32];
    for (int n = 1; n <= KEPT_MAXIMUM; n++) {
        (void)snprintf(kept, sizeof kept, "%s.kept-%d", path, n);
        if (access(kept, F_OK) != 0) {
            return pbt__file_rename(path, kept, error);
        }
    }
    return pbt__fail(error, PBT_ERR_LIMIT, "'%s' was kept %d times already", path, KEPT_MAXIMUM);
}

typedef bool (*live_predicate)(const struct sweep *sweep, const char *name);

static pbt_err sweep_names(struct sweep *sweep, DIR *stream, const char *folder,
                           live_predicate is_rubbish, pbt_error *error)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL) {
            return errno == 0 ? PBT_OK : pbt__fail_errno(error, "cannot list '%s'", folder);
        }
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || !is_rubbish(sweep, name)) {
            continue;
        }
        char path[PBT__PATH_SIZE];
        pbt_err err = pbt__path_join(folder, name, path, error);
        if (err == PBT_OK) {
            pbt_error *words = sweep->first == PBT_OK ? error : NULL;
            err = sweep->keeps ? keep(path, words) : pbt__vault_discard(sweep->vault, path, words);
        }
        if (err != PBT_OK && !sweep->goes_on) {
            return err;
        }
        sweep->first = sweep->first == PBT_OK ? err : sweep->first;
    }
}

static pbt_err sweep_folder(struct sweep *sweep, const char *folder, live_predicate is_rubbish,
                            pbt_error *error)
{
    DIR *stream = NULL;
    if (pbt__fault(PBT__FAULT_READ)) {
        errno = EIO;
    } else {
        stream = opendir(folder);
    }
    if (stream == NULL && errno == ENOENT) {
        return PBT_OK; /* there is nothing to be swept */
    }
    if (stream == NULL) {
        return pbt__fail_errno(error, "cannot list '%s'", folder);
    }
    const pbt_err err = sweep_names(sweep, stream, folder, is_rubbish, error);
    (void)closedir(stream);
    return err;
}

static pbt_err sweep_both(struct sweep *sweep, pbt_error *error)
{
    const pbt_err err = sweep_folder(sweep, sweep->vault->folder, is_published_rubbish, error);
    return err == PBT_OK ? sweep_folder(sweep, sweep->vault->aside, is_aside_rubbish, error) : err;
}

pbt_err pbt__vault_sweep(pbt__vault *vault,
                         bool (*is_live)(void *context, pbt_segment_id id, int32_t attempt),
                         void *context, pbt_error *error)
{
    struct sweep sweep = {.vault = vault, .is_live = is_live, .context = context};
    const pbt_err err = sweep_both(&sweep, error);
    vault->is_swept = err == PBT_OK;
    return err;
}

pbt_err pbt__vault_keep(pbt__vault *vault,
                        bool (*is_live)(void *context, pbt_segment_id id, int32_t attempt),
                        void *context, pbt_error *error)
{
    struct sweep sweep = {.vault = vault, .is_live = is_live, .context = context, .keeps = true};
    return sweep_folder(&sweep, vault->folder, is_published_rubbish, error);
}

/* Find the attempt's name within another one: what the rest is, or NULL. */
static const char *find_attempt(const char *name, pbt_segment_id *id, int32_t *attempt)
{
    for (const char *at = name; *at != '\0'; at++) {
        const bool is_start = at == name || !isalnum((unsigned char)at[-1]);
        const char *rest = is_start ? pbt__checkpoint_name_read(at, id, attempt) : NULL;
        if (rest != NULL && *attempt > 0) {
            return rest;
        }
    }
    return NULL;
}

/* Say whether a name aside was left by an attempt that has ended, and is not its checkpoint. */
static bool is_left_over(const struct sweep *sweep, const char *name)
{
    pbt_segment_id id;
    int32_t attempt = 0;
    const char *rest = find_attempt(name, &id, &attempt);
    if (rest == NULL || (*rest == '\0' && name[0] == 'm')) {
        return false;
    }
    return sweep->is_live(sweep->context, id, attempt);
}

pbt_err pbt__vault_tidy(pbt__vault *vault,
                        bool (*has_ended)(void *context, pbt_segment_id id, int32_t attempt),
                        void *context, pbt_error *error)
{
    struct sweep sweep = {.vault = vault, .is_live = has_ended, .context = context};
    return sweep_folder(&sweep, vault->aside, is_left_over, error);
}

pbt_err pbt__vault_remove_all(pbt__vault *vault, pbt_error *error)
{
    struct sweep sweep = {.vault = vault, .goes_on = true};
    pbt_err err = sweep_both(&sweep, error);
    if (err == PBT_OK) {
        err = sweep.first;
    }
    return err == PBT_OK ? pbt__file_remove(vault->aside, error) : err;
}

pbt_err pbt__vault_leave(pbt__vault *vault, pbt_error *error)
{
    const bool is_gone =
        rmdir(vault->folder) == 0 || errno == ENOTEMPTY || errno == EEXIST || errno == ENOENT;
    return is_gone ? PBT_OK : pbt__fail_errno(error, "cannot remove '%s'", vault->folder);
}
