/* download.c: GET of a checkpoint. A folder is packed first, into a file without a name. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/tar.h"
#include "base/error.h"
#include "server/answer.h"
#include "server/inside.h"
#include "study/host.h"

static const char BYTES[] = "application/octet-stream";

static pbt_err send_inline(pbt__request *request, const pbt__assignment *found, pbt_error *error)
{
    void *bytes = NULL;
    size_t length = 0;
    const pbt_err err =
        pbt__study_blob(request->hosted->study, found->load_from, &bytes, &length, error);
    return err == PBT_OK ? pbt__answer_bytes(request, bytes, length, BYTES, error) : err;
}

static pbt_err send_file(pbt__request *request, const char *path, pbt_error *error)
{
    struct stat status;
    const int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", path);
    }
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        (void)close(file);
        return pbt__fail(error, PBT_ERR_CHECKPOINT, "'%s' is not a file any more", path);
    }
    return pbt__answer_file(request, file, status.st_size, BYTES, error);
}

/* Where the archive lies while it is sent: beside the checkpoints, for there is room. */
static pbt_err make_nameless(pbt__request *request, int *out, pbt_error *error)
{
    char path[PBT__PATH_SIZE], suffix[64];
    const unsigned number = atomic_fetch_add(&request->server->upload_count, 1);
    (void)snprintf(suffix, sizeof suffix, ".send-%ld.%u", (long)getpid(), number);
    pbt_err err =
        pbt__study_aside(request->hosted->study, request->segment, 1, suffix, path, error);
    if (err != PBT_OK) {
        return err;
    }
    *out = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (*out < 0 || unlink(path) != 0) {
        return pbt__fail_errno(error, "cannot make '%s'", path);
    }
    return PBT_OK;
}

static pbt_err send_folder(pbt__request *request, const char *path, pbt_error *error)
{
    int file = -1;
    pbt_err err = make_nameless(request, &file, error);
    if (err == PBT_OK) {
        err = pbt__tar_pack(path, file, error);
    }
    const off_t length = err == PBT_OK ? lseek(file, 0, SEEK_END) : 0;
    if (err == PBT_OK && length < 0) {
        err = pbt__fail_errno(error, "cannot measure an archive");
    }
    if (err != PBT_OK) {
        if (file >= 0) {
            (void)close(file);
        }
        return err;
    }
    return pbt__answer_file(request, file, length, "application/x-tar", error);
}

pbt_err pbt__serve_download(pbt__request *request, pbt_error *error)
{
    pbt__assignment found;
    const pbt_err err = pbt__study_find(request->hosted->study, request->segment, &found, error);
    if (err != PBT_OK) {
        return err;
    }
    switch (found.load_kind) {
    case PBT__CHECKPOINT_INLINE:
        return send_inline(request, &found, error);
    case PBT__CHECKPOINT_FOLDER:
        return send_folder(request, found.load, error);
    default:
        return send_file(request, found.load, error);
    }
}
