/*
 * service.c: starting and announcing a run's server.
 *
 * Workers on other machines outlive a run. They can find the next run only at the same address, and
 * have only the token that they were given. So if a port was given, the announcement stays when the
 * run ends, and the next run with a port takes its tokens from it.
 */
#include "cli/service.h"

#include <string.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/owner.h"

enum { PORT_MAXIMUM = 65535, ADDRESS_SIZE = 256 };

static pbt_err read_listen(const char *listen, char *address, uint16_t *port, pbt_error *error)
{
    const char *colon = strrchr(listen, ':');
    int64_t number = 0;
    size_t length = colon != NULL ? (size_t)(colon - listen) : 0;
    if (length == 0 || length >= ADDRESS_SIZE) {
        (void)pbt__fail(error, PBT_ERR_ARGUMENT, "--listen needs ADDRESS:PORT, found '%s'", listen);
        pbt__error_hint(error, "such as 127.0.0.1:8080, or 127.0.0.1:0 for a free port");
        return PBT_ERR_ARGUMENT;
    }
    pbt_err err =
        pbt__arguments_integer("the port of --listen", colon + 1, 0, PORT_MAXIMUM, &number, error);
    if (err == PBT_OK) {
        memcpy(address, listen, length);
        address[length] = '\0';
        *port = (uint16_t)number;
    }
    return err;
}

/* Take the tokens of the run before, or make new ones. */
static pbt_err find_tokens(pbt__service *service, const pbt__store *store, bool is_lasting,
                           pbt_error *error)
{
    if (is_lasting && pbt__store_is_owner(store) &&
        pbt__owner_tokens(store, service->token, service->worker_token)) {
        return PBT_OK;
    }
    const pbt_err err = pbt__token_make(service->token, error);
    return err == PBT_OK ? pbt__token_make(service->worker_token, error) : err;
}

pbt_err pbt__service_start(pbt__service *service, pbt__store *store, const char *listen,
                           pbt_error *error)
{
    char address[ADDRESS_SIZE] = "127.0.0.1";
    *service = (pbt__service){0};
    pbt__server_options options = {
        .address = address, .token = service->token, .worker_token = service->worker_token};
    pbt_err err = listen != NULL ? read_listen(listen, address, &options.port, error) : PBT_OK;
    const bool is_lasting = options.port != 0;
    if (err == PBT_OK) {
        err = find_tokens(service, store, is_lasting, error);
    }
    if (err == PBT_OK) {
        err = pbt__server_start(&options, &service->server, error);
    }
    if (err == PBT_OK && pbt__store_is_owner(store)) {
        err = pbt__owner_announce(store, pbt__server_url(service->server), service->token,
                                  service->worker_token, is_lasting, error);
    }
    if (err != PBT_OK) {
        pbt__service_stop(service);
    }
    return err;
}

void pbt__service_stop(pbt__service *service)
{
    pbt__server_stop(service->server);
    *service = (pbt__service){0};
}
