/* place.c: where the store is that a command names, and what lies beside it. */
#include "cli/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/remote.h"

static const char DEFAULT_URL[] = "sqlite:pbt.db";

/* Write the absolute path of the folder that holds `file`. */
static pbt_err find_folder(const char *file, char *out, pbt_error *error)
{
    char folder[PBT__PATH_SIZE];
    const char *slash = strrchr(file, '/');
    int length = slash == NULL ? 1 : (int)(slash - file) + 1;
    snprintf(folder, sizeof folder, "%.*s", length, slash == NULL ? "." : file);
    char *real = realpath(folder, NULL);
    if (real == NULL && errno == ENOENT) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "no folder '%s' to hold the store", folder);
    }
    if (real == NULL || strlen(real) >= PBT__PATH_SIZE) {
        free(real);
        return pbt__fail_errno(error, "cannot use the folder '%s'", folder);
    }
    snprintf(out, PBT__PATH_SIZE, "%s", real);
    free(real);
    return PBT_OK;
}

/* Find the folder of the store's own name: all who open it agree on what lies beside it. */
static pbt_err resolve(pbt__place *place, pbt_error *error)
{
    char real[PBT__PATH_SIZE];
    if (place->file[0] == '\0') {
        return PBT_OK;
    }
    pbt_err err = pbt__path_resolve(place->file, real, error);
    return err == PBT_OK ? find_folder(real, place->folder, error) : err;
}

/* A variable of the environment; `otherwise` where it is unset or empty. */
static const char *variable(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : otherwise;
}

static void choose(const pbt__arguments *arguments, pbt__place *place)
{
    const char *store = arguments->values[PBT__OPTION_STORE];
    const char *server = arguments->values[PBT__OPTION_SERVER];
    place->is_given = store != NULL || server != NULL;
    place->token_file = arguments->values[PBT__OPTION_TOKEN_FILE];
    if (!place->is_given && pbt__command_takes(arguments->command, PBT__OPTION_SERVER)) {
        server = variable("PBT_SERVER", NULL);
    }
    place->server = server;
    place->url = store != NULL ? store : variable("PBT_STORE", DEFAULT_URL);
}

pbt_err pbt__place_find(const pbt__arguments *arguments, pbt__place *out, pbt_error *error)
{
    pbt__place place = {0};
    if (arguments->has[PBT__OPTION_STORE] && arguments->has[PBT__OPTION_SERVER]) {
        return pbt__fail(error, PBT_ERR_ARGUMENT, "use --store or --server, not both");
    }
    choose(arguments, &place);
    const char *file = place.server == NULL ? pbt__store_url_file(place.url) : NULL;
    if (file != NULL && strlen(file) >= PBT__PATH_SIZE) {
        return pbt__fail(error, PBT_ERR_LIMIT, "the store's path is too long");
    }
    snprintf(place.file, sizeof place.file, "%s", file != NULL ? file : "");
    pbt_err err = find_folder(place.file, place.folder, error);
    if (err == PBT_OK) {
        err = resolve(&place, error);
    }
    if (err == PBT_OK) {
        err = find_folder("", place.here, error);
    }
    if (err == PBT_OK) {
        *out = place;
    }
    return err;
}

pbt_err pbt__place_logs(const pbt__place *place, const char *study, char *out, pbt_error *error)
{
    char name[PBT__NAME_SIZE + 8];
    snprintf(name, sizeof name, "%s.logs", study);
    return pbt__path_join(place->folder, name, out, error);
}

void pbt__place_option(const pbt__place *place, char *out, size_t size)
{
    const bool is_server = place->server != NULL;
    out[0] = '\0';
    if (place->is_given) {
        snprintf(out, size, " --%s %s", is_server ? "server" : "store",
                 is_server ? place->server : place->url);
    }
}

pbt_err pbt__place_open(const pbt__place *place, pbt__access access, pbt__store **out,
                        pbt_error *error)
{
    pbt__store_options options = {
        .url = place->url,
        .can_create = access == PBT__ACCESS_OWN,
        .owns = access == PBT__ACCESS_OWN,
        .is_read_only = access == PBT__ACCESS_READ,
    };
    if (place->server != NULL) {
        *out = NULL;
        return PBT_OK;
    }
    pbt_err err = pbt__store_open(&options, out, error);
    if (err == PBT_ERR_NOT_FOUND && error != NULL && error->hint[0] == '\0') {
        pbt__error_hint(error,
                        "'pbt run SPEC' creates a store; --store or PBT_STORE names another");
    }
    return err;
}
