/* server.c: a server's beginning and end. */
#include "server/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "server/inside.h"

enum { BACKLOG = 1024, TOKEN_MINIMUM = 16, SPARE_CONNECTIONS = 256, FAREWELL_SECONDS = 2 };

/* ---- options --------------------------------------------------------------------------------- */

static int64_t seconds_to_us(double seconds, double normal)
{
    return (int64_t)((seconds > 0 ? seconds : normal) * 1e6);
}

static int32_t choose_maximum(int32_t wanted)
{
    struct rlimit files;
    const int32_t maximum = wanted > 0 ? wanted : PBT__SERVER_CONNECTIONS_MAXIMUM;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur / 2 >= (rlim_t)maximum) {
        return maximum;
    }
    return (int32_t)(files.rlim_cur / 2);
}

static pbt_err set_token(char *out, const char *token, pbt_error *error)
{
    const size_t length = token != NULL ? strlen(token) : 0;
    bool is_plain = true;
    for (size_t i = 0; i < length; i++) {
        is_plain = is_plain && token[i] > ' ' && token[i] < 0x7f;
    }
    if (length < TOKEN_MINIMUM || length > PBT__TOKEN_MAXIMUM || !is_plain) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "a token must have %d to %d printable characters",
                         (int)TOKEN_MINIMUM, (int)PBT__TOKEN_MAXIMUM);
    }
    memcpy(out, token, length + 1);
    return PBT_OK;
}

/* ---- the address ----------------------------------------------------------------------------- */

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const void *)address;
        return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
    }
    const struct sockaddr_in *four = (const void *)address;
    return ntohl(four->sin_addr.s_addr) >> 24 == 127;
}

static pbt_err check_address(const pbt__server_options *options, bool is_here, pbt_error *error)
{
    if (options->is_insecure || is_here) {
        return PBT_OK;
    }
    (void)pbt__fail(error, PBT_ERR_ARGUMENT, "'%s' can be reached from other machines",
                    options->address);
    pbt__error_detail(error, "tokens and checkpoints would travel unencrypted");
    pbt__error_hint(error, "listen on 127.0.0.1, and reach it by ssh -L");
    return PBT_ERR_ARGUMENT;
}

static pbt_err listen_at(const struct addrinfo *at, const char *name, int *out, pbt_error *error)
{
    const int yes = 1;
    const int listener = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener >= 0 && setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(listener, at->ai_addr, at->ai_addrlen) == 0 && listen(listener, BACKLOG) == 0) {
        *out = listener;
        return PBT_OK;
    }
    const pbt_err err = pbt__fail_errno(error, "cannot listen on '%s'", name);
    if (listener >= 0) {
        (void)close(listener);
    }
    return err;
}

/* `*is_here` says that only this machine can reach it. */
static pbt_err open_listener(const pbt__server_options *options, int *out, bool *is_here,
                             pbt_error *error)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char port[8];
    (void)snprintf(port, sizeof port, "%u", (unsigned)options->port);
    const int status = getaddrinfo(options->address, port, &hints, &found);
    if (status != 0) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "no address '%s'", options->address);
        pbt__error_detail(error, "%s", gai_strerror(status));
        return PBT_ERR_ARGUMENT;
    }
    *is_here = is_loopback(found->ai_addr);
    pbt_err err = check_address(options, *is_here, error);
    if (err == PBT_OK) {
        err = listen_at(found, options->address, out, error);
    }
    freeaddrinfo(found);
    return err;
}

static pbt_err write_url(pbt__server *server, int listener, pbt_error *error)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof address;
    char host[INET6_ADDRSTRLEN], port[8];
    struct sockaddr *general = (struct sockaddr *)&address;
    if (getsockname(listener, general, &length) != 0 ||
        getnameinfo(general, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
        return pbt__fail_errno(error, "cannot tell where the server listens");
    }
    const bool is_six = address.ss_family == AF_INET6;
    (void)snprintf(server->url, sizeof server->url, "http://%s%s%s:%s", is_six ? "[" : "", host,
                   is_six ? "]" : "", port);
    return PBT_OK;
}

/* ---- starting -------------------------------------------------------------------------------- */

/* Takes the listener on success. One address of this machine may hold all connections: its
 * workers do. */
static pbt_err start_daemon(pbt__server *server, int listener, bool is_here, pbt_error *error)
{
    const unsigned maximum = (unsigned)server->peers.maximum + SPARE_CONNECTIONS;
    const unsigned per_address =
        is_here || maximum < PBT__SERVER_ADDRESS_MAXIMUM ? maximum : PBT__SERVER_ADDRESS_MAXIMUM;
    server->daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        pbt__request_handle, server,
        /* */
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)PBT__SERVER_HEADERS_MAXIMUM, MHD_OPTION_CONNECTION_LIMIT, maximum,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, per_address, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
        MHD_OPTION_NOTIFY_CONNECTION, pbt__peers_notify, &server->peers,
        MHD_OPTION_URI_LOG_CALLBACK, pbt__request_begin, server, MHD_OPTION_NOTIFY_COMPLETED,
        pbt__request_end, server, MHD_OPTION_END);
    return server->daemon != NULL ? PBT_OK
                                  : pbt__fail(error, PBT_ERR_IO, "cannot start the HTTP server");
}

static pbt_err start(pbt__server *server, const pbt__server_options *options, pbt_error *error)
{
    int listener = -1;
    bool is_here = false;
    const int32_t maximum = choose_maximum(options->connection_maximum);
    server->parked_maximum = maximum / 2;
    pbt_err err = set_token(server->token, options->token, error);
    if (err == PBT_OK && options->worker_token != NULL) {
        err = set_token(server->worker_token, options->worker_token, error);
    }
    if (err == PBT_OK) {
        err = open_listener(options, &listener, &is_here, error);
    }
    if (err == PBT_OK) {
        err = write_url(server, listener, error);
    }
    if (err == PBT_OK) {
        server->has_peers = true;
        err = pbt__peers_open(&server->peers, maximum, server->request_us, error);
    }
    if (err == PBT_OK) {
        server->has_pool = true;
        err = pbt__pool_open(server, error);
    }
    if (err == PBT_OK) {
        err = start_daemon(server, listener, is_here, error);
    }
    if (err != PBT_OK && listener >= 0) {
        (void)close(listener);
    }
    return err;
}

/* The threads leave signals to the program's own. */
static pbt_err start_without_signals(pbt__server *server, const pbt__server_options *options,
                                     pbt_error *error)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    const pbt_err err = start(server, options, error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return err;
}

pbt_err pbt__server_start(const pbt__server_options *options, pbt__server **out, pbt_error *error)
{
    pbt__server *server = pbt__calloc(1, sizeof *server);
    if (server == NULL) {
        return pbt__fail_memory(error);
    }
    pthread_mutex_init(&server->large, NULL);
    server->request_us = seconds_to_us(options->request_seconds, 30);
    server->idle_us = seconds_to_us(options->idle_seconds, 120);
    server->rate_minimum = options->rate_minimum > 0 ? options->rate_minimum : 65536;
    server->upload_maximum = options->upload_maximum_bytes > 0 ? options->upload_maximum_bytes
                                                               : PBT__SERVER_UPLOAD_MAXIMUM;
    const pbt_err err = start_without_signals(server, options, error);
    if (err != PBT_OK) {
        pbt__server_stop(server);
        return err;
    }
    *out = server;
    return PBT_OK;
}

const char *pbt__server_url(const pbt__server *server)
{
    return server->url;
}

void pbt__server_drain(pbt__server *server)
{
    atomic_store(&server->is_draining, true);
    pthread_mutex_lock(&server->pool.lock);
    for (pbt__hosted *hosted = server->hosted; hosted != NULL; hosted = hosted->next) {
        pbt__hosted_unpark_all(hosted);
    }
    pthread_mutex_unlock(&server->pool.lock);
}

/* ---- stopping -------------------------------------------------------------------------------- */

/* Let what has begun come to its end: what the pool has, however long it takes; what is on the
 * wire, for a moment. */
static void settle(pbt__server *server)
{
    pbt__pool *pool = &server->pool;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += FAREWELL_SECONDS;
    pthread_mutex_lock(&pool->lock);
    server->is_stopping = true;
    for (pbt__hosted *hosted = server->hosted; hosted != NULL; hosted = hosted->next) {
        pbt__hosted_unpark_all(hosted);
    }
    while (pool->away_count > 0) {
        pthread_cond_wait(&pool->has_settled, &pool->lock);
    }
    int waited = 0;
    while (pool->request_count > 0 && waited == 0) {
        waited = pthread_cond_timedwait(&pool->has_settled, &pool->lock, &until);
    }
    pthread_mutex_unlock(&pool->lock);
}

void pbt__server_stop(pbt__server *server)
{
    if (server == NULL) {
        return;
    }
    if (server->daemon != NULL) {
        settle(server);
        while (server->hosted != NULL) {
            pbt__hosted_remove(server->hosted);
        }
        MHD_stop_daemon(server->daemon);
    }
    if (server->has_pool) {
        pbt__pool_close(server);
    }
    if (server->has_peers) {
        pbt__peers_close(&server->peers);
    }
    pthread_mutex_destroy(&server->large);
    free(server);
}
