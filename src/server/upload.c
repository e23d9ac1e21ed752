/*
 * upload.c: PUT of a checkpoint.
 *
 *     .aside/m3s12.1.upload-P.N    the bytes as they come; P and N make repeats of a PUT differ
 *     .aside/m3s12.1.unpack-P.N    a folder, being unpacked from them
 *     .aside/m3s12.1               where the attempt saves: renamed to, whole
 *
 * An upload that breaks off is removed; one whose server dies, by the next sweep, with its attempt.
 * It is made durable where every checkpoint is: when it is reported.
 */
#include "server/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "archive/tar.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/memory.h"
#include "server/answer.h"
#include "server/inside.h"
#include "study/host.h"

static pbt_err name_aside(const pbt__request *request, const char *what, char *out,
                          pbt_error *error)
{
    char suffix[64];
    const unsigned number = atomic_fetch_add(&request->server->upload_count, 1);
    (void)snprintf(suffix, sizeof suffix, ".%s-%ld.%u", what, (long)getpid(), number);
    return pbt__study_aside(request->hosted->study, request->segment, (int32_t)request->attempt,
                            suffix, out, error);
}

static bool is_tar(struct MHD_Connection *connection)
{
    const char *type =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    return type != NULL && strcasecmp(type, "application/x-tar") == 0;
}

/* ---- the bytes ------------------------------------------------------------------------------- */

pbt_err pbt__upload_open(pbt__request *request, pbt_error *error)
{
    bool is_over = false;
    pbt_err err = pbt__study_awaits(request->hosted->study, request->segment,
                                    (int32_t)request->attempt, &is_over, error);
    if (err != PBT_OK) {
        return err;
    }
    pbt__upload *upload = pbt__calloc(1, sizeof *upload);
    if (upload == NULL) {
        return pbt__fail_memory(error);
    }
    upload->file = -1;
    upload->is_tar = is_tar(request->connection);
    request->upload = upload;
    err = name_aside(request, "upload", upload->path, error);
    if (err != PBT_OK) {
        return err;
    }
    upload->file = open(upload->path, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    return upload->file >= 0 ? PBT_OK : pbt__fail_errno(error, "cannot make '%s'", upload->path);
}

static pbt_err write_all(pbt__upload *upload, const char *data, size_t length, pbt_error *error)
{
    while (length > 0) {
        const ssize_t count = write(upload->file, data, length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            (void)pbt__fail_errno(error, "cannot write '%s'", upload->path);
            pbt__error_hint(error, "the segment can be trained again once there is room");
            return PBT_ERR_IO;
        }
        data += count;
        length -= (size_t)count;
        upload->byte_count += count;
    }
    return PBT_OK;
}

void pbt__upload_write(pbt__request *request, const char *data, size_t length)
{
    if (write_all(request->upload, data, length, &request->error) != PBT_OK) {
        pbt__upload_drop(request);
    }
}

void pbt__upload_drop(pbt__request *request)
{
    pbt__upload *upload = request->upload;
    if (upload == NULL) {
        return;
    }
    if (upload->file >= 0) {
        (void)close(upload->file);
        (void)!pbt__file_remove(upload->path, NULL); /* else a sweep does */
    }
    free(upload);
    request->upload = NULL;
}

/* ---- the end --------------------------------------------------------------------------------- */

static pbt_err take(pbt__request *request, const char *path, pbt_error *error)
{
    return pbt__study_take(request->hosted->study, request->segment, (int32_t)request->attempt,
                           path, error);
}

static pbt_err take_folder(pbt__request *request, pbt_error *error)
{
    char folder[PBT__PATH_SIZE];
    pbt_err err = name_aside(request, "unpack", folder, error);
    if (err == PBT_OK) {
        err = pbt__file_remove(folder, error);
    }
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__tar_unpack(request->upload->file, folder, error);
    if (err == PBT_OK) {
        err = take(request, folder, error);
    }
    (void)!pbt__file_remove(folder, NULL); /* what was not taken */
    return err;
}

pbt_err pbt__serve_upload(pbt__request *request, pbt_error *error)
{
    const bool is_folder = request->upload->is_tar;
    const json_int_t byte_count = request->upload->byte_count;
    const pbt_err err =
        is_folder ? take_folder(request, error) : take(request, request->upload->path, error);
    pbt__upload_drop(request);
    if (err != PBT_OK) {
        return err;
    }
    json_t *json =
        json_pack("{s:s, s:I}", "kind", is_folder ? "folder" : "file", "bytes", byte_count);
    return pbt__answer_json(request, json, error);
}
