/* answer.c: responses of libmicrohttpd, made. */
#include "server/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "server/inside.h"
#include "study/json.h"

static const char JSON_TYPE[] = "application/json";

static unsigned status_of(pbt_err err)
{
    switch (err) {
#define ERROR_STATUS(name, number, message, http, status, python)                                  \
    case PBT_##name:                                                                               \
        return http;
        PBT_ERRORS(ERROR_STATUS)
#undef ERROR_STATUS
    }
    return 500;
}

static void set_header(struct MHD_Response *response, const char *name, const char *value)
{
    /* Without a header the body says the same; nothing is lost but a convenience. */
    (void)!MHD_add_response_header(response, name, value);
}

static pbt_err set_response(pbt__request *request, struct MHD_Response *response, int64_t length,
                            const char *type)
{
    request->response = response;
    request->response_length = length;
    set_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    set_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return PBT_OK;
}

pbt_err pbt__answer_bytes(pbt__request *request, void *bytes, size_t length, const char *type,
                          pbt_error *error)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(length, bytes, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(bytes);
        return pbt__fail_memory(error);
    }
    return set_response(request, response, (int64_t)length, type);
}

pbt_err pbt__answer_file(pbt__request *request, int file, int64_t length, const char *type,
                         pbt_error *error)
{
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)length, file);
    if (response == NULL) {
        (void)close(file);
        return pbt__fail_memory(error);
    }
    return set_response(request, response, length, type);
}

pbt_err pbt__answer_json(pbt__request *request, json_t *json, pbt_error *error)
{
    char *text = pbt__json_write(json);
    json_decref(json);
    if (text == NULL) {
        return pbt__fail_memory(error);
    }
    return pbt__answer_bytes(request, text, strlen(text), JSON_TYPE, error);
}

/* ---- errors ---------------------------------------------------------------------------------- */

void pbt__request_refuse(pbt__request *request, unsigned status, const char *name,
                         const char *message)
{
    (void)pbt__fail(&request->error, PBT_ERR_ARGUMENT, "%s", message);
    request->status = status;
    request->refusal_name = name;
}

void pbt__answer_error(pbt__request *request)
{
    const pbt_error *error = &request->error;
    const char *name =
        request->refusal_name != NULL ? request->refusal_name : pbt_err_name(error->code);
    request->status = request->status != 0 ? request->status : status_of(error->code);
    json_t *json = json_pack("{s:{s:s, s:s, s:s, s:s}}", "error", "name", name, "message",
                             error->message, "detail", error->detail, "hint", error->hint);
    (void)!pbt__answer_json(request, json, NULL);
    if (request->response != NULL && request->status == MHD_HTTP_UNAUTHORIZED) {
        set_header(request->response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    }
    if (request->response != NULL && request->status == MHD_HTTP_SERVICE_UNAVAILABLE) {
        set_header(request->response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    }
}
