/*
 * service.c: starting and announcing a run's server.
 *
 * Workers on other machines outlive a run. They find the next one where it listens at the same
 * address, and can show only the token that they were given: so where a port was asked for,
 * STORE.owner stays when the run ends, and the next one at a port takes its tokens from there.
 */
#include "cli/service.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/command.h"
#include "cli/owner.h"
#include "study/json.h"

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

static pbt_err write_private(const char *path, const char *text, pbt_error *error)
{
    size_t length = strlen(text);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) {
        return pbt__fail_errno(error, "cannot open '%s'", path);
    }
    bool is_whole = fchmod(file, 0600) == 0 && write(file, text, length) == (ssize_t)length;
    pbt_err err = is_whole ? PBT_OK : pbt__fail_errno(error, "cannot write to '%s'", path);
    close(file);
    return err;
}

/* Shape: 0 where there is no such file */
static ino_t inode_of(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 ? status.st_ino : 0;
}

static pbt_err announce(pbt__service *service, const pbt__place *place, pbt_error *error)
{
    char aside[PBT__PATH_SIZE + 16];
    if (place == NULL || place->file[0] == '\0') {
        return PBT_OK;
    }
    json_t *owner = json_pack("{s:s, s:s, s:s, s:I}", "url", pbt__server_url(service->server),
                              "token", service->token, "worker_token", service->worker_token,
                              "process", (json_int_t)getpid());
    char *text = pbt__json_write(owner);
    json_decref(owner);
    if (text == NULL) {
        return pbt__fail_memory(error);
    }
    snprintf(service->owner, sizeof service->owner, "%s.owner", place->real);
    snprintf(aside, sizeof aside, "%s.owner.new", place->real);
    pbt_err err = pbt__file_check(service->owner, error);
    if (err == PBT_OK) {
        err = pbt__file_check(aside, error);
    }
    if (err == PBT_OK) {
        err = write_private(aside, text, error);
    }
    free(text);
    if (err == PBT_OK) {
        service->owner_inode = inode_of(aside);
        err = pbt__file_rename(aside, service->owner, error);
    }
    return err;
}

/* Take the tokens that the run before left for this one, or make new ones. */
static pbt_err find_tokens(pbt__service *service, const pbt__place *place, pbt_error *error)
{
    if (service->is_lasting && place != NULL &&
        pbt__owner_tokens(place, service->token, service->worker_token)) {
        return PBT_OK;
    }
    const pbt_err err = pbt__token_make(service->token, error);
    return err == PBT_OK ? pbt__token_make(service->worker_token, error) : err;
}

pbt_err pbt__service_start(pbt__service *service, const pbt__place *place, const char *listen,
                           pbt_error *error)
{
    char address[ADDRESS_SIZE] = "127.0.0.1";
    *service = (pbt__service){0};
    pbt__server_options options = {
        .address = address, .token = service->token, .worker_token = service->worker_token};
    pbt_err err = listen != NULL ? read_listen(listen, address, &options.port, error) : PBT_OK;
    service->is_lasting = options.port != 0;
    if (err == PBT_OK) {
        err = find_tokens(service, place, error);
    }
    if (err == PBT_OK) {
        err = pbt__server_start(&options, &service->server, error);
    }
    if (err == PBT_OK) {
        err = announce(service, place, error);
    }
    if (err != PBT_OK) {
        pbt__service_stop(service);
    }
    return err;
}

void pbt__service_keep(pbt__service *service, const pbt__place *place)
{
    if (service->owner[0] != '\0' && inode_of(service->owner) == 0) {
        (void)!announce(service, place, NULL); /* at the next look, then */
    }
}

void pbt__service_stop(pbt__service *service)
{
    /* A store that was put in the place of ours may have an owner of its own. */
    const bool is_ours =
        service->owner[0] != '\0' && inode_of(service->owner) == service->owner_inode;
    if (is_ours && !service->is_lasting) {
        (void)unlink(service->owner);
    }
    pbt__server_stop(service->server);
    *service = (pbt__service){0};
}
