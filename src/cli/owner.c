/* owner.c: an owner's words, as JSON; asking whoever said them. */
#include "cli/owner.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json.h"
#include "server/server.h"

enum { SHOW_MAXIMUM = 1 << 24 }; /* Units: bytes */

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

/* What was announced last; NULL if it cannot be read. The caller drops the reference. */
static json_t *read_words(const pbt__store_owner *owner)
{
    json_t *json = NULL;
    (void)!pbt__json_read(owner->words, strlen(owner->words), &json, NULL);
    return json;
}

static pbt_err find(const pbt__store *store, pbt__owner *out, pbt_error *error)
{
    pbt__store_owner owner;
    pbt__store_find_owner(store, &owner);
    json_t *json = read_words(&owner);
    pbt__owner said = {.process = (long)json_integer_value(json_object_get(json, "process"))};
    const bool is_known = owner.state == PBT__OWNER_LIVES && owner.process > 0 &&
                          said.process == owner.process &&
                          take_word(json, "url", said.url, sizeof said.url) &&
                          take_word(json, "token", said.token, sizeof said.token);
    json_decref(json);
    if (!is_known) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "no process answers for the store");
    }
    *out = said;
    return PBT_OK;
}

pbt_err pbt__owner_reach(const pbt__store *store, const char *study, pbt__owner *owner,
                         pbt__http *http, json_t **said)
{
    pbt__text answer = pbt__text_init(SHOW_MAXIMUM);
    json_t *show = NULL;
    *http = (pbt__http){.curl = NULL};
    pbt_err err = find(store, owner, NULL);
    if (err == PBT_OK) {
        err = pbt__http_init(http, owner->url, study, owner->token, NULL);
    }
    if (err == PBT_OK) {
        err = pbt__http_fetch(http, "", NULL, ASK_SECONDS, &answer, NULL);
    }
    if (err == PBT_OK) {
        err = pbt__json_read(pbt__text_string(&answer), answer.length, &show, NULL);
    }
    if (said != NULL) {
        *said = json_incref(show);
    }
    json_decref(show);
    pbt__text_fini(&answer);
    return err;
}

pbt_err pbt__owner_ask(const pbt__store *store, const char *study, pbt__owner *owner, json_t **said)
{
    pbt__http http;
    const pbt_err err = pbt__owner_reach(store, study, owner, &http, said);
    pbt__http_fini(&http);
    return err;
}

pbt_err pbt__owner_announce(pbt__store *store, const char *url, const char *token,
                            const char *worker_token, bool stays, pbt_error *error)
{
    json_t *json = json_pack("{s:s, s:s, s:s, s:I}", "url", url, "token", token, "worker_token",
                             worker_token, "process", (json_int_t)getpid());
    char *words = pbt__json_write(json);
    pbt_err err =
        words != NULL ? pbt__store_announce(store, words, stays, error) : pbt__fail_memory(error);
    json_decref(json);
    free(words);
    return err;
}

bool pbt__owner_tokens(const pbt__store *store, char *token, char *worker_token)
{
    pbt__store_owner owner;
    char found[2][PBT__TOKEN_SIZE];
    pbt__store_find_owner(store, &owner);
    json_t *json = owner.is_private ? read_words(&owner) : NULL;
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
