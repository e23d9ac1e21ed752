/* remote.c: what a server is asked. */
#include "cli/remote.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "study/checkpoint_tree.h"
#include "worker/checkpoint.h"

enum {
    TOKEN_FILE_MAXIMUM = 4096, /* Units: bytes */
    PATH_SIZE = 160,
    PAGE = 1000,
    TRIES = 8, /* the first pause is 1/16 of a second, each other twice the one before */
};

static const double ASK_SECONDS = 60;

/* ---- asking ---- */

/* GET, and again while the server says that it is busy. */
static pbt_err fetch_patiently(pbt__http *http, const char *path, double seconds, pbt__text *out,
                               pbt_error *error)
{
    struct timespec pause = {.tv_nsec = 62500000};
    for (int left = TRIES;; left--) {
        long status = 0;
        const pbt_err err = pbt__http_fetch(http, path, NULL, seconds, out, error);
        curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, &status);
        if (err != PBT_ERR_BUSY || status != 503) {
            return err;
        }
        if (left == 1) {
            pbt__error_hint(error, "it was asked %d times in 8 seconds: try again later", TRIES);
            return err;
        }
        pbt__text_fini(out);
        (void)nanosleep(&pause, NULL);
        const long twice_ns = 2 * (pause.tv_sec * 1000000000 + pause.tv_nsec);
        pause = (struct timespec){twice_ns / 1000000000, twice_ns % 1000000000};
    }
}

/* GET what is at a path below a study, or below /v1 where that is NULL, which the caller frees.
 * `seconds` 0: as long as it takes. */
static pbt_err fetch(const pbt__place *place, const char *study, const char *path, double seconds,
                     pbt__text *out, pbt_error *error)
{
    pbt__http http;
    pbt_err err = pbt__remote_reach(place, study, &http, error);
    if (err == PBT_OK) {
        err = fetch_patiently(&http, path, seconds, out, error);
    }
    if (err == PBT_ERR_BUSY && error != NULL && error->hint[0] == '\0') {
        pbt__error_hint(error, "the server stops when its run ends");
    }
    pbt__http_fini(&http);
    return err;
}

/* The same, as JSON. */
static pbt_err ask(const pbt__place *place, const char *study, const char *path, double seconds,
                   json_t **out, pbt_error *error)
{
    pbt__text text = pbt__text_init(PBT__TOLD_MAXIMUM);
    pbt_err err = fetch(place, study, path, seconds, &text, error);
    if (err == PBT_OK) {
        err = pbt__json_read(pbt__text_string(&text), text.length, out, error);
    }
    pbt__text_fini(&text);
    return err;
}

static pbt_err fail_strange(const pbt__place *place, const char *what, pbt_error *error)
{
    return pbt__fail(error, PBT_ERR_CORRUPT, "'%.150s' answers with no %s", place->server, what);
}

/* ---- studies ---- */

/* Take a page into the list; `after` becomes its last name. */
static pbt_err take_studies(const pbt__place *place, const json_t *page, json_t *list, char *after,
                            pbt_error *error)
{
    size_t i;
    json_t *show;
    pbt_err err = PBT_OK;
    const char *here = pbt__json_get_text(page, "here", "");
    json_array_foreach(json_object_get(page, "studies"), i, show)
    {
        const char *name = pbt__json_get_text(show, "name", "");
        if (name[0] == '\0' || strlen(name) >= PBT__NAME_SIZE || strcmp(name, after) <= 0) {
            return fail_strange(place, "study's name", error);
        }
        (void)snprintf(after, PBT__NAME_SIZE, "%s", name);
        err = pbt__told_show_best(json_object_get(show, "best"), here, place->here, error);
        if (err == PBT_OK && json_array_append(list, show) != 0) {
            err = pbt__fail_memory(error);
        }
        if (err != PBT_OK) {
            break;
        }
    }
    return err;
}

pbt_err pbt__remote_studies(const pbt__place *place, json_t **out, pbt_error *error)
{
    char after[PBT__NAME_SIZE] = "";
    json_t *list = json_array();
    bool is_end = false;
    pbt_err err = list != NULL ? PBT_OK : pbt__fail_memory(error);
    while (err == PBT_OK && !is_end) {
        char path[PATH_SIZE];
        json_t *page = NULL;
        (void)snprintf(path, sizeof path, "/studies?limit=%d&after=%s", PAGE, after);
        err = ask(place, NULL, path, ASK_SECONDS, &page, error);
        if (err == PBT_OK) {
            err = take_studies(place, page, list, after, error);
        }
        is_end = !json_is_false(json_object_get(page, "is_end")) ||
                 json_array_size(json_object_get(page, "studies")) == 0;
        json_decref(page);
    }
    if (err != PBT_OK) {
        json_decref(list);
        return err;
    }
    *out = list;
    return PBT_OK;
}

/* ---- one study ---- */

pbt_err pbt__remote_tell(const pbt__place *place, const char *study, const char *names,
                         pbt_segment_id id, pbt__told *out, pbt_error *error)
{
    char path[PATH_SIZE], member[32] = "", number[32] = "";
    pbt__text text = pbt__text_init(PBT__TOLD_MAXIMUM);
    *out = (pbt__told){.answer = NULL};
    if (id.member >= 0) {
        (void)snprintf(member, sizeof member, "&member=%d", (int)id.member);
    }
    if (id.number >= 0) {
        (void)snprintf(number, sizeof number, "&number=%d", (int)id.number);
    }
    (void)snprintf(path, sizeof path, "/answer?of=%s%s%s", names, member, number);
    pbt_err err = fetch(place, study, path, ASK_SECONDS, &text, error);
    if (err == PBT_OK) {
        err = pbt__told_read(&text, study, place->here, out, error);
    }
    pbt__text_fini(&text);
    return err;
}

/* Hand on a page; `*after` becomes its last sequence. */
static pbt_err give_events(const pbt__place *place, const json_t *page, int64_t *after,
                           pbt__taker take, void *context, pbt_error *error)
{
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < json_array_size(page); i++) {
        const json_t *event = json_array_get(page, i);
        const int64_t sequence = pbt__json_get_integer(event, "sequence", 0);
        err = sequence == *after + 1 ? take(context, event)
                                     : fail_strange(place, "event that follows the last", error);
        *after = sequence;
    }
    return err;
}

pbt_err pbt__remote_events(const pbt__place *place, const char *study, pbt__taker take,
                           void *context, pbt_error *error)
{
    int64_t after = 0;
    bool is_end = false;
    pbt_err err = PBT_OK;
    while (err == PBT_OK && !is_end) {
        char path[PATH_SIZE];
        json_t *page = NULL;
        (void)snprintf(path, sizeof path, "/events?limit=%d&after=%" PRId64, PAGE, after);
        err = ask(place, study, path, ASK_SECONDS, &page, error);
        if (err == PBT_OK) {
            err = give_events(place, page, &after, take, context, error);
        }
        is_end = json_array_size(page) < PAGE;
        json_decref(page);
    }
    return err;
}

pbt_err pbt__remote_verify(const pbt__place *place, const char *study,
                           void (*problem)(void *context, const char *line), void *context,
                           pbt__verdict *out, pbt_error *error)
{
    json_t *told = NULL;
    pbt_err err = ask(place, study, "/verify", 0, &told, error);
    if (err != PBT_OK) {
        return err;
    }
    const json_t *problems = json_object_get(told, "problems");
    *out = (pbt__verdict){
        .event_count = pbt__json_get_integer(told, "events", 0),
        .decision_count = pbt__json_get_integer(told, "decisions", 0),
        .checkpoint_count = pbt__json_get_integer(told, "checkpoints", 0),
        .problem_count = (int64_t)json_array_size(problems),
    };
    for (size_t i = 0; i < json_array_size(problems); i++) {
        const char *line = json_string_value(json_array_get(problems, i));
        problem(context, line != NULL ? line : "");
    }
    json_decref(told);
    return PBT_OK;
}

pbt_err pbt__remote_fetch(const pbt__place *place, const char *study, pbt_segment_id id,
                          const pbt__checkpoint *record, const char *path, pbt_error *error)
{
    char name[PBT__ID_SIZE], aside[PBT__PATH_SIZE];
    atomic_bool is_interrupted = false;
    pbt__caller caller = {
        .patience_seconds = ASK_SECONDS, .is_interrupted = &is_interrupted, .noise = 1};
    pbt__checkpoint found;
    pbt__id_write(id, name);
    if (snprintf(aside, sizeof aside, "%s.fetch", path) >= (int)sizeof aside) {
        return pbt__fail(error, PBT_ERR_LIMIT, "the path '%.200s' is too long", path);
    }
    pbt_err err = pbt__remote_reach(place, study, &caller.http, error);
    if (err == PBT_OK) {
        err = pbt__checkpoint_fetch(&caller, name, aside, path, error);
    }
    pbt__caller_fini(&caller);
    if (err == PBT_OK) {
        err = pbt__tree_describe(path, PBT__TREE_DIGEST, &found, error);
    }
    if (err == PBT_OK && !pbt__digest_equal(found.digest, record->digest)) {
        err = pbt__fail(error, PBT_ERR_CHECKPOINT, "the checkpoint of %s is not as the log says",
                        name);
    }
    return err;
}

/* ---- reaching ---- */

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
