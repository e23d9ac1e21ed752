/*
 * proof.c: an equal path is not enough: another machine may have a folder with the same names. The
 * study's folder is known by a file with a random name and content that its server made; a start
 * checkpoint elsewhere by its size and time. A loaded checkpoint must always have the recorded
 * size.
 */
#include "worker/proof.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

enum { NONCE_MAXIMUM = 128 }; /* Units: bytes */

pbt__proof pbt__proof_read(const json_t *segment)
{
    const json_t *shared = json_object_get(segment, "shared");
    return (pbt__proof){
        .is_told = shared != NULL,
        .file = pbt__json_get_text(shared, "file", NULL),
        .nonce = pbt__json_get_text(shared, "nonce", NULL),
        .load_kind = pbt__json_get_text(segment, "load_kind", NULL),
        .load_bytes = pbt__json_get_integer(segment, "load_bytes", -1),
        .load_modified_ns = pbt__json_get_integer(segment, "load_modified_ns", -1),
    };
}

bool pbt__proof_holds(const pbt__proof *proof)
{
    char content[NONCE_MAXIMUM + 1];
    if (proof->file == NULL || proof->nonce == NULL) {
        return false;
    }
    const size_t length = strlen(proof->nonce);
    const int file = open(proof->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) {
        return false;
    }
    const ssize_t count = read(file, content, sizeof content);
    (void)close(file);
    return length > 0 && count == (ssize_t)length && memcmp(content, proof->nonce, length) == 0;
}

/* What lies at a path. */
struct found {
    bool is_folder;
    int64_t bytes, modified_ns;
};

static void add_file(struct found *sum, const struct stat *status)
{
    const int64_t modified_ns =
        (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
    sum->bytes += status->st_size;
    sum->modified_ns = modified_ns > sum->modified_ns ? modified_ns : sum->modified_ns;
}

/* Sum up the files of a folder; false with errno. */
static bool measure_folder(const char *path, struct found *sum)
{
    char *paths[] = {(char *)(uintptr_t)path, NULL};
    FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (walk == NULL) {
        return false;
    }
    int reason = 0;
    errno = 0;
    for (const FTSENT *entry = fts_read(walk); entry != NULL; entry = fts_read(walk)) {
        if (entry->fts_info == FTS_F) {
            add_file(sum, entry->fts_statp);
        } else if (entry->fts_info == FTS_DNR || entry->fts_info == FTS_ERR ||
                   entry->fts_info == FTS_NS) {
            reason = entry->fts_errno;
        }
        errno = 0;
    }
    reason = reason == 0 ? errno : reason;
    (void)fts_close(walk);
    errno = reason;
    return reason == 0;
}

static bool measure(const char *path, struct found *out)
{
    struct stat status;
    *out = (struct found){.is_folder = false};
    if (stat(path, &status) != 0) {
        return false;
    }
    out->is_folder = S_ISDIR(status.st_mode);
    if (out->is_folder) {
        return measure_folder(path, out);
    }
    add_file(out, &status);
    return true;
}

bool pbt__proof_is_at_hand(const pbt__proof *proof, const char *path)
{
    struct stat status;
    struct found found;
    if (stat(path, &status) != 0) {
        return false;
    }
    if (proof->load_modified_ns >= 0) {
        return measure(path, &found) && found.bytes == proof->load_bytes &&
               found.modified_ns == proof->load_modified_ns;
    }
    return !proof->is_told || pbt__proof_holds(proof);
}

pbt_err pbt__proof_check(const pbt__proof *proof, const char *path, const char *load,
                         pbt_error *error)
{
    struct found found;
    if (!measure(path, &found)) {
        return pbt__fail_errno(error, "cannot look at '%s'", path);
    }
    const char *kind = found.is_folder ? "folder" : "file";
    if (proof->load_kind != NULL && strcmp(proof->load_kind, kind) != 0) {
        (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "the checkpoint '%s' is of another kind", load);
        pbt__error_detail(error, "it is a %s; a %s was recorded", kind, proof->load_kind);
        return PBT_ERR_CHECKPOINT;
    }
    if (proof->load_bytes >= 0 && proof->load_bytes != found.bytes) {
        (void)pbt__fail(error, PBT_ERR_CHECKPOINT, "the checkpoint '%s' has another size", load);
        pbt__error_detail(error, "it has %" PRId64 " bytes; %" PRId64 " were recorded", found.bytes,
                          proof->load_bytes);
        return PBT_ERR_CHECKPOINT;
    }
    return PBT_OK;
}
