/* remote.c: a store's reading half, by HTTP. */
#include "cli/remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/backend.h"
#include "study/json.h"

enum {
    ANSWER_MAXIMUM = 512 * 1024 * 1024, /* a page holds an event at least, and writes it in JSON */
    TOKEN_FILE_MAXIMUM = 4096,          /* Units: bytes */
    PATH_SIZE = 128,
};

static const double ASK_SECONDS = 60;

typedef struct remote {
    pbt__store store; /* first: a pbt__store is what others hold */
    pbt__http http;
    char (*names)[PBT__NAME_SIZE]; /* Shape: names[count]; a study's id is its index and 1 */
    size_t count;
    json_t *claims; /* Nullable: the last answer, for the signs of life in it */
} remote;

/* ---- asking ---- */

/* GET what is at a path below /v1, as JSON. `seconds` 0: as long as it takes. */
static pbt_err ask(remote *this, const char *path, double seconds, json_t **out, pbt_error *error)
{
    pbt__text text = pbt__text_init(ANSWER_MAXIMUM);
    pbt_err err = pbt__http_fetch(&this->http, path, NULL, seconds, &text, error);
    if (err == PBT_OK) {
        err = pbt__json_read(pbt__text_string(&text), text.length, out, error);
    }
    pbt__text_fini(&text);
    return err;
}

static pbt_err fail_strange(const remote *this, const char *what, pbt_error *error)
{
    return pbt__fail(error, PBT_ERR_CORRUPT, "'%.150s' answers with no %s", this->http.base, what);
}

static const char *name_of(const remote *this, int64_t study)
{
    return study >= 1 && (size_t)study <= this->count ? this->names[study - 1] : "";
}

/* ---- which studies ---- */

/* Take a name into the list, where it is one. */
static pbt_err add_name(remote *this, const char *name, pbt_error *error)
{
    size_t length = name != NULL ? strlen(name) : 0;
    if (length == 0 || length >= PBT__NAME_SIZE) {
        return fail_strange(this, "study's name", error);
    }
    for (size_t i = 0; i < this->count; i++) {
        if (strcmp(this->names[i], name) == 0) {
            return PBT_OK;
        }
    }
    char(*grown)[PBT__NAME_SIZE] = pbt__realloc(this->names, this->count + 1, sizeof *grown);
    if (grown == NULL) {
        return pbt__fail_memory(error);
    }
    this->names = grown;
    memcpy(grown[this->count++], name, length + 1);
    return PBT_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static pbt_err load_names(remote *this, pbt_error *error)
{
    json_t *list = NULL;
    pbt_err err = ask(this, "/studies", ASK_SECONDS, &list, error);
    for (size_t i = 0; err == PBT_OK && i < json_array_size(list); i++) {
        const json_t *name = json_object_get(json_array_get(list, i), "name");
        err = add_name(this, json_string_value(name), error);
    }
    json_decref(list);
    if (err == PBT_OK && this->count > 1) {
        qsort(this->names, this->count, sizeof *this->names, compare_names);
    }
    return err;
}

static pbt_err list(pbt__store *store, pbt__study_callback callback, void *context,
                    pbt_error *error)
{
    remote *this = (remote *)store;
    (void)error;
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < this->count; i++) {
        pbt__study_row row = {.id = (int64_t)i + 1};
        memcpy(row.name, this->names[i], sizeof row.name);
        err = callback(context, &row);
    }
    return err;
}

/* ---- events ---- */

static pbt_err give_event(const remote *this, const json_t *line, pbt__event_callback callback,
                          void *context, pbt_error *error)
{
    const json_t *body = json_object_get(line, "body");
    const char *digest = json_string_value(json_object_get(line, "digest"));
    pbt__event event = {
        .sequence = json_integer_value(json_object_get(line, "sequence")),
        .time_us = json_integer_value(json_object_get(line, "time_us")),
        .kind = (pbt__event_kind)json_integer_value(json_object_get(line, "kind")),
        .body = json_string_value(body),
        .body_length = json_string_length(body),
    };
    if (event.body == NULL || digest == NULL || !pbt__digest_read(digest, &event.digest)) {
        return fail_strange(this, "event", error);
    }
    return callback(context, &event);
}

/* Hand on a page; `*after` becomes its last sequence, and stays where there is none. */
static pbt_err read_page(remote *this, int64_t study, int64_t *after, pbt__event_callback callback,
                         void *context, pbt_error *error)
{
    char path[PATH_SIZE];
    json_t *page = NULL;
    snprintf(path, sizeof path, "/studies/%s/log?after=%" PRId64, name_of(this, study), *after);
    pbt_err err = ask(this, path, ASK_SECONDS, &page, error);
    for (size_t i = 0; err == PBT_OK && i < json_array_size(page); i++) {
        const json_t *line = json_array_get(page, i);
        const int64_t sequence = json_integer_value(json_object_get(line, "sequence"));
        err = sequence == *after + 1 ? give_event(this, line, callback, context, error)
                                     : fail_strange(this, "event that follows the last", error);
        *after = sequence;
    }
    json_decref(page);
    return err;
}

static pbt_err read_log(pbt__store *store, int64_t study, int64_t after,
                        pbt__event_callback callback, void *context, pbt_error *error)
{
    int64_t last = after - 1;
    pbt_err err = PBT_OK;
    while (err == PBT_OK && last != after) {
        last = after;
        err = read_page((remote *)store, study, &after, callback, context, error);
    }
    return err;
}

/* ---- claims ---- */

static pbt_err give_claim(const remote *this, const json_t *line, pbt__claim_callback callback,
                          void *context, pbt_error *error)
{
    const char *worker = json_string_value(json_object_get(line, "worker"));
    const json_int_t member = json_integer_value(json_object_get(line, "member"));
    pbt__claim claim = {
        .member = (int32_t)member,
        .number = (int32_t)json_integer_value(json_object_get(line, "number")),
        .attempt = (int32_t)json_integer_value(json_object_get(line, "attempt")),
        .lease_until_us = json_integer_value(json_object_get(line, "lease_until_us")),
        .step = json_integer_value(json_object_get(line, "step")),
        .step_changed_us = json_integer_value(json_object_get(line, "step_changed_us")),
    };
    if (worker == NULL || strlen(worker) >= sizeof claim.worker || member < 0 ||
        member > INT32_MAX) {
        return fail_strange(this, "claim", error);
    }
    memcpy(claim.worker, worker, strlen(worker) + 1);
    return callback(context, &claim);
}

static pbt_err ask_claims(remote *this, const char *study, json_t **out, pbt_error *error)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/studies/%s/claims", study);
    return ask(this, path, ASK_SECONDS, out, error);
}

static pbt_err list_claims(pbt__store *store, int64_t study, int64_t after,
                           pbt__claim_callback callback, void *context, pbt_error *error)
{
    remote *this = (remote *)store;
    json_t *answer = NULL;
    (void)after; /* all of them are newer than nothing, and the same once more otherwise */
    pbt_err err = ask_claims(this, name_of(this, study), &answer, error);
    const json_t *claims = json_object_get(answer, "claims");
    for (size_t i = 0; err == PBT_OK && i < json_array_size(claims); i++) {
        err = give_claim(this, json_array_get(claims, i), callback, context, error);
    }
    json_decref(this->claims);
    this->claims = answer;
    return err;
}

pbt_err pbt__remote_folder(pbt__store *store, const char *study, char *out, pbt_error *error)
{
    json_t *answer = NULL;
    pbt_err err = ask_claims((remote *)store, study, &answer, error);
    const char *folder = json_string_value(json_object_get(answer, "folder"));
    if (err == PBT_OK && folder != NULL && strlen(folder) < PBT__PATH_SIZE) {
        memcpy(out, folder, strlen(folder) + 1);
    } else if (err == PBT_OK) {
        err = fail_strange((remote *)store, "folder", error);
    }
    json_decref(answer);
    return err;
}

/* A member's sign of life came with its claim. */
static pbt_err get_sign(const remote *this, int32_t member, void **bytes, size_t *length,
                        pbt_error *error)
{
    const json_t *claims = json_object_get(this->claims, "claims");
    const json_t *sign = NULL;
    for (size_t i = 0; sign == NULL && i < json_array_size(claims); i++) {
        const json_t *line = json_array_get(claims, i);
        const bool is_its = json_integer_value(json_object_get(line, "member")) == member;
        sign = is_its ? json_object_get(line, "sign") : NULL;
    }
    if (sign == NULL) {
        return pbt__fail(error, PBT_ERR_NOT_FOUND, "no sign of member %d", (int)member);
    }
    char *text = pbt__json_write(sign);
    if (text == NULL) {
        return pbt__fail_memory(error);
    }
    *bytes = text;
    *length = strlen(text);
    return PBT_OK;
}

/* ---- checkpoints ---- */

static pbt_err get_blob(pbt__store *store, int64_t study, pbt_segment_id id, void **bytes,
                        size_t *length, pbt_error *error)
{
    remote *this = (remote *)store;
    if (id.number == PBT__BLOB_SIGN) {
        return get_sign(this, id.member, bytes, length, error);
    }
    enum { CHECKPOINT_MAXIMUM = 1 << 30 }; /* a store in memory keeps them of any size */
    char path[PATH_SIZE + 64];
    pbt__text text = pbt__text_init(CHECKPOINT_MAXIMUM);
    snprintf(path, sizeof path, "/studies/%s/checkpoints/m%" PRId32 "s%" PRId32,
             name_of(this, study), id.member, id.number);
    pbt_err err = pbt__http_fetch(&this->http, path, NULL, ASK_SECONDS, &text, error);
    if (err != PBT_OK) {
        pbt__text_fini(&text);
        return err;
    }
    pbt__text_append(&text, "", 0);
    *length = text.length;
    *bytes = pbt__text_take(&text);
    return *bytes != NULL ? PBT_OK : pbt__fail_memory(error);
}

pbt_err pbt__remote_verify(pbt__store *store, const char *study, json_t **out, pbt_error *error)
{
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "/studies/%s/verify", study);
    return ask((remote *)store, path, 0, out, error);
}

/* ---- writing ---- */

static pbt_err refuse_begin(pbt__store *store, int64_t study, pbt__head *out, pbt_error *error)
{
    (void)store, (void)study, (void)out;
    return pbt__fail(error, PBT_ERR_STATE, "a server's studies are read-only here");
}

/* ---- opening and closing ---- */

static void close_remote(pbt__store *store)
{
    remote *this = (remote *)store;
    pbt__http_fini(&this->http);
    json_decref(this->claims);
    free(this->names);
    free(this);
}

/* Whatever writes begins a transaction first, so no slot after `begin` is ever called. */
static const pbt__store_ops OPS = {
    .scheme = "http",
    .look_us = 1000 * 1000,
    .close = close_remote,
    .list = list,
    .begin = refuse_begin,
    .read = read_log,
    .claim_list = list_claims,
    .blob_get = get_blob,
};

pbt_err pbt__remote_open(const char *url, const char *token, pbt__store **out, pbt_error *error)
{
    remote *this = pbt__calloc(1, sizeof *this);
    if (this == NULL) {
        return pbt__fail_memory(error);
    }
    pbt__store_init(&this->store, &OPS, &(pbt__store_options){.url = url});
    pbt_err err = pbt__http_init(&this->http, url, NULL, token, error);
    if (err == PBT_OK) {
        err = load_names(this, error);
    }
    if (err != PBT_OK) {
        pbt__store_close(&this->store);
        return err;
    }
    *out = &this->store;
    return PBT_OK;
}

/* The token in a file: its first line, or what STORE.owner holds. Shape: text[], changed */
static void find_token(char *text, size_t length)
{
    json_t *owner = NULL;
    if (text[0] == '{' && pbt__json_read(text, length, &owner, NULL) == PBT_OK) {
        const char *token = json_string_value(json_object_get(owner, "token"));
        snprintf(text, length + 1, "%s", token != NULL ? token : "");
    }
    json_decref(owner);
    text[strcspn(text, "\r\n")] = '\0';
}

static pbt_err copy_token(const char *text, char **out, pbt_error *error)
{
    char *token = pbt__strdup(text);
    if (token == NULL) {
        return pbt__fail_memory(error);
    }
    *out = token;
    return PBT_OK;
}

pbt_err pbt__remote_token(const char *path, char **out, pbt_error *error)
{
    char *text = NULL;
    size_t length = 0;
    const char *file = path != NULL ? path : getenv("PBT_TOKEN_FILE");
    const char *variable = getenv("PBT_TOKEN");
    if (file == NULL || file[0] == '\0') {
        *out = NULL;
        return variable != NULL ? copy_token(variable, out, error) : PBT_OK;
    }
    pbt_err err = pbt__file_read_stream(file, TOKEN_FILE_MAXIMUM, &text, &length, error);
    if (err == PBT_OK) {
        find_token(text, length);
        err = text[0] != '\0' ? copy_token(text, out, error)
                              : pbt__fail(error, PBT_ERR_ARGUMENT,
                                          "'%.200s' does not begin with a token", file);
    }
    free(text);
    return err;
}

pbt_err pbt__remote_reach(const pbt__place *place, const char *study, pbt__http *out,
                          pbt_error *error)
{
    char *token = NULL;
    *out = (pbt__http){.curl = NULL};
    pbt_err err = pbt__remote_token(place->token_file, &token, error);
    if (err == PBT_OK) {
        err = pbt__http_init(out, place->server, study, token, error);
    }
    free(token);
    return err;
}
