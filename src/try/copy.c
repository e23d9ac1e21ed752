/* copy.c: copying a checkpoint, so that a trainer that writes into what it loads harms none. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "try/probe.h"

enum { PIECE = 1 << 30 };

static bool copy_bytes(const char *from, const char *to)
{
    ssize_t count = -1;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = in >= 0 ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666) : -1;
    if (out >= 0) {
        do {
            count = sendfile(out, in, NULL, PIECE);
        } while (count > 0);
    }
    int reason = errno;
    bool is_whole = count == 0;
    if (out >= 0) {
        is_whole = close(out) == 0 && is_whole;
    }
    if (in >= 0) {
        close(in);
    }
    errno = reason;
    return is_whole;
}

static bool copy_entry(const FTSENT *entry, const char *to)
{
    switch (entry->fts_info) {
    case FTS_D:
        return mkdir(to, 0777) == 0;
    case FTS_F:
        return copy_bytes(entry->fts_accpath, to);
    case FTS_DP:
        return true;
    default:
        errno = entry->fts_errno != 0 ? entry->fts_errno : EINVAL;
        return false;
    }
}

pbt_err pbt__probe_copy(const char *from, const char *to, pbt_error *error)
{
    char *paths[] = {(char *)(uintptr_t)from, NULL};
    char place[PBT__PATH_SIZE];
    const size_t length = strlen(from);
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    bool is_well = walk != NULL;
    const FTSENT *entry = is_well ? fts_read(walk) : NULL;
    while (is_well && entry != NULL) {
        const int wanted = snprintf(place, sizeof place, "%s%s", to, entry->fts_path + length);
        is_well = wanted > 0 && (size_t)wanted < sizeof place && copy_entry(entry, place);
        entry = is_well ? fts_read(walk) : NULL;
    }
    const pbt_err err = is_well ? PBT_OK : pbt__fail_errno(error, "cannot copy '%s'", from);
    if (walk != NULL) {
        (void)fts_close(walk);
    }
    return err;
}
