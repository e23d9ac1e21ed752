/* owner.c: reading STORE.owner, and asking whoever wrote it. */
#include "cli/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/lock.h"
#include "server/server.h"
#include "study/json.h"

enum { OWNER_MAXIMUM = 4096 }; /* Units: bytes */

static const double ASK_SECONDS = 5;

static bool take_word(const json_t *json, const char *key, char *out, size_t size)
{
    const char *text = json_string_value(json_object_get(json, key));
    size_t length = text != NULL ? strlen(text) : 0;
    if (length == 0 || length >= size) {
        return false;
    }
    memcpy(out, text, length + 1);
    return true;
}

static void write_path(const pbt__place *place, char *out, size_t size)
{
    (void)snprintf(out, size, "%s.owner", place->real);
}

/* What a file says; NULL where it cannot be read. The caller drops the reference. */
static json_t *read_words(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    json_t *json = NULL;
    if (pbt__file_read(path, OWNER_MAXIMUM, &text, &length, NULL) == PBT_OK) {
        (void)!pbt__json_read(text, length, &json, NULL);
    }
    free(text);
    return json;
}

pbt_err pbt__owner_find(const pbt__place *place, pbt__owner *out, pbt_error *error)
{
    char path[PBT__PATH_SIZE + 8];
    const long holder = pbt__lock_holder(place);
    write_path(place, path, sizeof path);
    json_t *json = holder > 0 ? read_words(path) : NULL;
    pbt__owner owner = {.process = (long)json_integer_value(json_object_get(json, "process"))};
    const bool is_known = holder > 0 && owner.process == holder &&
                          take_word(json, "url", owner.url, sizeof owner.url) &&
                          take_word(json, "token", owner.token, sizeof owner.token);
    json_decref(json);
    if (!is_known) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "no process answers for '%s'", place->file);
    }
    *out = owner;
    return PBT_OK;
}

/* Say whether a file is ours, and nobody else could have read or written it. */
static bool is_private(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == geteuid() &&
           (status.st_mode & (S_IRWXG | S_IRWXO)) == 0 && status.st_nlink == 1;
}

bool pbt__owner_tokens(const pbt__place *place, char *token, char *worker_token)
{
    char path[PBT__PATH_SIZE + 8], found[2][PBT__TOKEN_SIZE];
    write_path(place, path, sizeof path);
    json_t *json = is_private(path) ? read_words(path) : NULL;
    const bool is_whole = take_word(json, "token", found[0], PBT__TOKEN_SIZE) &&
                          take_word(json, "worker_token", found[1], PBT__TOKEN_SIZE) &&
                          strlen(found[0]) == PBT__TOKEN_SIZE - 1 &&
                          strlen(found[1]) == PBT__TOKEN_SIZE - 1;
    json_decref(json);
    if (is_whole) {
        memcpy(token, found[0], PBT__TOKEN_SIZE);
        memcpy(worker_token, found[1], PBT__TOKEN_SIZE);
    }
    return is_whole;
}

pbt_err pbt__owner_reach(const pbt__place *place, const char *study, pbt__owner *owner,
                         pbt__http *http, pbt_error *error)
{
    pbt__http_answer answer = {.status = 0};
    *http = (pbt__http){.curl = NULL};
    pbt_err err = pbt__owner_find(place, owner, error);
    if (err == PBT_OK) {
        err = pbt__http_init(http, owner->url, study, owner->token, error);
    }
    if (err == PBT_OK) {
        err = pbt__http_call(http, "", NULL, ASK_SECONDS, &answer, error);
    }
    json_decref(answer.json);
    return err;
}
