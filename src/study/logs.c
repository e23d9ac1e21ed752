/* logs.c: removing a study's logs. Other files in their folder stay, and then the folder too; a
 * link is not followed. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "study/inside.h"

/* Say whether a name is one that a run gives to a log: of a member, a slot, or the events. */
static bool is_log(const char *name)
{
    static const char *const beginnings[] = {"m", "local-", "joined-"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        const size_t length = strlen(beginnings[i]);
        const size_t digits =
            strncmp(name, beginnings[i], length) == 0 ? strspn(name + length, "0123456789-") : 0;
        if (digits > 0 && strcmp(name + length + digits, ".log") == 0) {
            return true;
        }
    }
    return strcmp(name, "on-event.log") == 0;
}

static pbt_err remove_logs(DIR *folder, const char *path, pbt_error *error)
{
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            return errno == 0 ? PBT_OK : pbt__fail_errno(error, "cannot read '%s'", path);
        }
        if (is_log(entry->d_name) && unlinkat(dirfd(folder), entry->d_name, 0) != 0 &&
            errno != ENOENT && errno != EISDIR) {
            return pbt__fail_errno(error, "cannot remove '%s/%s'", path, entry->d_name);
        }
    }
}

pbt_err pbt__study_remove_logs(const char *path, pbt_error *error)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return errno == ENOENT ? PBT_OK : pbt__fail_errno(error, "cannot remove '%s'", path);
    }
    const pbt_err err = remove_logs(folder, path, error);
    (void)closedir(folder);
    if (err == PBT_OK && rmdir(path) != 0 && errno != ENOTEMPTY && errno != EEXIST &&
        errno != ENOTDIR) {
        return pbt__fail_errno(error, "cannot remove '%s'", path);
    }
    return err;
}
