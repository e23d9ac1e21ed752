/*
 * request.c: from libmicrohttpd's callbacks to the pool and back.
 *
 * A request that is refused is read to its end all the same, within its bounds, and then answered:
 * a client that is still sending would see a broken connection and never learn why. Only one that
 * says beforehand that it is too long is answered at once.
 */
#include "server/request.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "server/answer.h"
#include "server/inside.h"
#include "server/upload.h"

/* Give what is on the wire its time: request_seconds from `begun_us`, and more for its length. */
static void allow_transfer(pbt__request *request, int64_t begun_us, int64_t byte_count)
{
    const pbt__server *server = request->server;
    const double more_us = (double)byte_count / server->rate_minimum * 1e6;
    pbt__peer_allow_until(request->peer, begun_us + server->request_us + (int64_t)more_us);
}

/* ---- how it begins --------------------------------------------------------------------------- */

/* Read a number of the query: -1 if it is not there; false if it is none. */
static bool read_number(struct MHD_Connection *connection, const char *key, int64_t *out)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, key);
    char *end = NULL;
    *out = -1;
    if (text == NULL) {
        return true;
    }
    errno = 0;
    const bool is_digit = text[0] >= '0' && text[0] <= '9';
    *out = is_digit ? strtoll(text, &end, 10) : -1;
    return is_digit && errno == 0 && *end == '\0';
}

/* Which of the query's numbers is none; NULL: all are. */
static const char *read_numbers(pbt__request *request)
{
    const struct {
        const char *key;
        int64_t *out;
    } numbers[] = {
        {"after", &request->after}, {"attempt", &request->attempt}, {"since", &request->since},
        {"limit", &request->limit}, {"member", &request->member},   {"number", &request->number},
    };
    const size_t first = request->study[0] != '\0' ? 0 : 1; /* studies are asked for by name */
    for (size_t i = first; i < sizeof numbers / sizeof *numbers; i++) {
        if (!read_number(request->connection, numbers[i].key, numbers[i].out)) {
            return numbers[i].key;
        }
    }
    return NULL;
}

/* Read a text of the query: "" if it is not there. */
static void read_text(struct MHD_Connection *connection, const char *key, char *out, size_t size)
{
    const char *text = MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, key);
    (void)snprintf(out, size, "%s", text != NULL ? text : "");
}

static void read_query(pbt__request *request)
{
    read_text(request->connection, "of", request->of, sizeof request->of);
    if (request->study[0] == '\0') {
        read_text(request->connection, "after", request->after_name, sizeof request->after_name);
    }
    const char *broken = read_numbers(request);
    if (broken != NULL) {
        (void)pbt__fail(&request->error, PBT_ERR_ARGUMENT, "'%s' is a whole number", broken);
        return;
    }
    const bool is_upload = request->route->body == PBT__BODY_UPLOAD;
    if (is_upload && (request->attempt < 1 || request->attempt > INT32_MAX)) {
        (void)pbt__fail(&request->error, PBT_ERR_ARGUMENT, "a checkpoint upload needs ?attempt=N");
        pbt__error_hint(&request->error, "PUT .../checkpoints/m3s12?attempt=1");
    }
}

static void refuse_role(pbt__request *request)
{
    pbt__request_refuse(request, MHD_HTTP_FORBIDDEN, "ERR_ROLE",
                        "a worker's token does not change a study");
    pbt__error_detail(&request->error,
                      "a worker's token allows claims, training, reports and queries");
    pbt__error_hint(&request->error,
                    "use 'pbt' with the --store itself, or --token-file STORE.owner");
}

/* Find what is asked, or why it is refused. */
static void route(pbt__request *request, const char *method, const char *path)
{
    char allowed[PBT__METHODS_SIZE];
    const char *header = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_AUTHORIZATION);
    const pbt__role role = pbt__token_role(request->server, header);
    if (role == PBT__ROLE_NONE) {
        pbt__request_refuse(request, MHD_HTTP_UNAUTHORIZED, "ERR_TOKEN", "no valid token");
        pbt__error_hint(&request->error,
                        "send the header 'Authorization: Bearer TOKEN'; 'pbt' takes it from "
                        "--token-file, a worker from PBT_TOKEN; STORE.owner has both");
        return;
    }
    if (request->peer != NULL) {
        atomic_store(&request->peer->is_known, true);
    }
    if (pbt__route_find(request, method, path, allowed) == PBT_OK) {
        const bool is_workers = request->route->role == PBT__ROLE_WORKER;
        if (role != PBT__ROLE_OWNER && !is_workers) {
            refuse_role(request);
            return;
        }
        read_query(request);
    } else if (allowed[0] != '\0') {
        pbt__request_refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "ERR_METHOD",
                            "no such method here");
        pbt__error_detail(&request->error, "allowed: %s", allowed);
    } else {
        (void)pbt__fail(&request->error, PBT_ERR_NOT_FOUND, "nothing is at '%s'", path);
    }
}

static int64_t body_maximum(const pbt__request *request)
{
    const bool is_upload = request->route != NULL && request->route->body == PBT__BODY_UPLOAD;
    return is_upload ? request->server->upload_maximum : PBT__SERVER_BODY_MAXIMUM;
}

static void refuse_length(pbt__request *request)
{
    (void)pbt__fail(&request->error, PBT_ERR_LIMIT, "the body is too long");
    pbt__error_detail(&request->error, "at most %" PRId64 " bytes", body_maximum(request));
}

/* Say whether its headers tell that the body is beyond its bound. */
static bool is_too_long(const pbt__request *request)
{
    const char *text = MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND,
                                                   MHD_HTTP_HEADER_CONTENT_LENGTH);
    return text != NULL && strtoull(text, NULL, 10) > (uint64_t)body_maximum(request);
}

static pbt__request *request_new(pbt__server *server, struct MHD_Connection *connection)
{
    pbt__request *request = pbt__calloc(1, sizeof *request);
    if (request == NULL) {
        return NULL;
    }
    request->server = server;
    request->connection = connection;
    request->peer = pbt__peer_of(connection);
    request->begun_us = pbt__clock_monotonic_us();
    request->segment = PBT_NO_SEGMENT;
    request->body = pbt__text_init(PBT__SERVER_BODY_MAXIMUM);
    pthread_mutex_lock(&server->pool.lock);
    server->pool.request_count++;
    pthread_mutex_unlock(&server->pool.lock);
    return request;
}

/* ---- its body -------------------------------------------------------------------------------- */

static void forget(pbt__request *request)
{
    (void)atomic_fetch_sub(&request->server->bodies, request->body_claimed);
    request->body_claimed = 0;
    pbt__text_fini(&request->body);
}

static void keep(pbt__request *request, const char *data, size_t length)
{
    pbt__server *server = request->server;
    request->body_claimed += length;
    if (atomic_fetch_add(&server->bodies, length) + length > PBT__SERVER_BODIES_MAXIMUM) {
        forget(request);
        pbt__request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "ERR_BUSY",
                            "too many bodies are being read at once");
        return;
    }
    pbt__text_append(&request->body, data, length);
    if (request->body.failed) {
        (void)pbt__fail_memory(&request->error);
    }
}

/* Take what came. Returns false if it is beyond any patience. */
static bool take(pbt__request *request, const char *data, size_t length)
{
    const int64_t maximum = body_maximum(request);
    request->byte_count += (int64_t)length;
    allow_transfer(request, request->begun_us, request->byte_count);
    if (request->byte_count > maximum && request->error.code == PBT_OK) {
        refuse_length(request);
        pbt__upload_drop(request);
        forget(request);
    }
    if (request->error.code != PBT_OK) {
        return request->byte_count / 2 <= maximum;
    }
    if (request->route->body == PBT__BODY_UPLOAD) {
        pbt__upload_write(request, data, length);
    } else if (request->route->body == PBT__BODY_JSON) {
        keep(request, data, length);
    }
    return true;
}

/* ---- its answer ------------------------------------------------------------------------------ */

static enum MHD_Result send_answer(pbt__request *request)
{
    pbt__peer_answer(request->peer, true);
    if (request->response == NULL) {
        return MHD_NO;
    }
    const unsigned status = request->status != 0 ? request->status : MHD_HTTP_OK;
    allow_transfer(request, pbt__clock_monotonic_us(), request->response_length);
    return MHD_queue_response(request->connection, status, request->response);
}

static enum MHD_Result send_error(pbt__request *request)
{
    pbt__answer_error(request);
    return send_answer(request);
}

static enum MHD_Result refuse_stopping(pbt__request *request)
{
    pbt__request_refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE, "ERR_BUSY",
                        "the server is stopping");
    return send_error(request);
}

static bool needs_place(const pbt__request *request)
{
    return request->error.code == PBT_OK && request->route->body == PBT__BODY_UPLOAD &&
           request->upload == NULL;
}

static enum MHD_Result go_on(pbt__request *request, const char *data, size_t *size)
{
    if (request->phase == PBT__PHASE_ANSWERED) {
        return send_answer(request);
    }
    if (needs_place(request)) {
        /* What came stays where it is until there is a place for it. */
        return pbt__pool_send(request) ? MHD_YES : MHD_NO;
    }
    if (*size > 0) {
        const bool goes_on = take(request, data, *size);
        *size = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    if (request->error.code != PBT_OK) {
        return send_error(request);
    }
    return pbt__pool_send(request) ? MHD_YES : refuse_stopping(request);
}

/* ---- libmicrohttpd's callbacks --------------------------------------------------------------- */

void *pbt__request_begin(void *context, const char *uri, struct MHD_Connection *connection)
{
    const pbt__server *server = context;
    pbt__peer *peer = pbt__peer_of(connection);
    (void)uri;
    pbt__peer_allow(peer, server->request_us);
    if (peer != NULL) {
        atomic_store(&peer->is_resting, false);
    }
    return NULL;
}

enum MHD_Result pbt__request_handle(void *context, struct MHD_Connection *connection,
                                    const char *url, const char *method, const char *version,
                                    const char *data, size_t *size, void **own)
{
    (void)version;
    if (*own != NULL) {
        return go_on(*own, data, size);
    }
    pbt__request *request = request_new(context, connection);
    if (request == NULL) {
        return MHD_NO;
    }
    *own = request;
    route(request, method, url);
    if (is_too_long(request)) {
        if (request->error.code == PBT_OK) {
            refuse_length(request);
        }
        return send_error(request);
    }
    return MHD_YES;
}

void pbt__request_end(void *context, struct MHD_Connection *connection, void **own,
                      enum MHD_RequestTerminationCode code)
{
    pbt__server *server = context;
    pbt__request *request = *own;
    (void)connection;
    (void)code;
    if (request == NULL) {
        return;
    }
    *own = NULL;
    pbt__peer_allow(request->peer, server->idle_us);
    pbt__peer_answer(request->peer, false);
    if (request->peer != NULL) {
        atomic_store(&request->peer->is_resting, true);
    }
    if (request->response != NULL) {
        MHD_destroy_response(request->response);
    }
    forget(request);
    pbt__upload_drop(request);
    free(request);
    pthread_mutex_lock(&server->pool.lock);
    server->pool.request_count--;
    pthread_cond_broadcast(&server->pool.has_settled);
    pthread_mutex_unlock(&server->pool.lock);
}
