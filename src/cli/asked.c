/* asked.c: one question, one request. */
#include "cli/asked.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "cli/remote.h"
#include "render/print.h"
#include "study/host.h"
#include "study/json.h"

enum { ANSWER_MAXIMUM = 1 << 30, PATH_SIZE = 128 }; /* Units: bytes */

static const double ASK_SECONDS = 60;

/* ---- a server's ---- */

/* A path of the server's as people read it here. */
static int show_path(const pbt__place *place, json_t *best, const char *here)
{
    char path[PBT__PATH_SIZE];
    const char *told = json_string_value(json_object_get(best, "checkpoint"));
    if (told == NULL || strncmp(told, "store:", 6) == 0 ||
        pbt__path_join(here, told, path, NULL) != PBT_OK) {
        return 0;
    }
    return json_object_set_new(best, "checkpoint", json_string(pbt__place_shown(place, path)));
}

static pbt_err take_answer(const pbt__place *place, const json_t *told, pbt__asked *out,
                           pbt_error *error)
{
    const char *text = pbt__json_get_text(told, "spec", NULL);
    const char *folder = pbt__json_get_text(told, "folder", NULL);
    json_t *answer = json_object_get(told, "answer");
    if (text == NULL || folder == NULL || answer == NULL) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "'%.150s' answers with no answer", place->server);
    }
    pbt_err err = pbt__spec_parse(text, "spec", folder, &out->own_spec, error);
    if (err != PBT_OK) {
        return err == PBT_ERR_SPEC ? PBT_ERR_VERSION : err;
    }
    const char *here = pbt__json_get_text(told, "here", "");
    if (show_path(place, json_object_get(answer, "best"), here) != 0) {
        return pbt__fail_memory(error);
    }
    out->spec = out->own_spec;
    out->answer = json_incref(answer);
    return PBT_OK;
}

pbt_err pbt__ask_server(const pbt__place *place, const char *name, const char *what,
                        pbt_segment_id id, pbt__asked *out, pbt_error *error)
{
    char path[PATH_SIZE], member[32] = "", number[32] = "";
    pbt__http http;
    json_t *told = NULL;
    pbt__text text = pbt__text_init(ANSWER_MAXIMUM);
    *out = (pbt__asked){.answer = NULL};
    (void)snprintf(out->name, sizeof out->name, "%s", name);
    if (id.member >= 0) {
        (void)snprintf(member, sizeof member, "&member=%d", (int)id.member);
    }
    if (id.number >= 0) {
        (void)snprintf(number, sizeof number, "&number=%d", (int)id.number);
    }
    (void)snprintf(path, sizeof path, "/answer?of=%s%s%s", what, member, number);
    pbt_err err = pbt__remote_reach(place, name, &http, error);
    if (err == PBT_OK) {
        err = pbt__http_fetch(&http, path, NULL, ASK_SECONDS, &text, error);
    }
    if (err == PBT_OK) {
        err = pbt__json_read(pbt__text_string(&text), text.length, &told, error);
    }
    if (err == PBT_OK) {
        err = take_answer(place, told, out, error);
    }
    json_decref(told);
    pbt__http_fini(&http);
    pbt__text_fini(&text);
    if (err != PBT_OK) {
        pbt__asked_fini(out);
    }
    return err;
}

/* ---- of an operand ---- */

/* The store's or the server's only study, where none is named. */
static pbt_err find_name(const pbt__arguments *arguments, const pbt__place *place, char *out,
                         pbt_error *error)
{
    pbt__store *store = NULL;
    const char *named = pbt__query_operand(arguments);
    if (named != NULL) {
        (void)snprintf(out, PBT__NAME_SIZE, "%s", named);
        return PBT_OK;
    }
    pbt_err err = pbt__place_open(place, PBT__ACCESS_READ, &store, error);
    if (err == PBT_OK) {
        err = pbt__query_only(store, out, error);
    }
    pbt__store_close(store);
    return err;
}

static pbt_err ask_store(const pbt__arguments *arguments, const char *what, pbt_segment_id id,
                         pbt__asked *out, pbt_error *error)
{
    *out = (pbt__asked){.answer = NULL};
    pbt_err err = pbt__subject_open(&out->subject, arguments, PBT__ACCESS_READ, error);
    if (err != PBT_OK) {
        return err;
    }
    out->place = out->subject.place;
    out->spec = pbt__study_spec(out->subject.study);
    (void)snprintf(out->name, sizeof out->name, "%s", pbt__study_name(out->subject.study));
    err = pbt__study_answer(out->subject.study, what, id, &out->answer, error);
    if (err != PBT_OK) {
        pbt__asked_fini(out);
    }
    return err;
}

/*
 * Ask about the study that the first operand names, or the store's only one. `what` and `id` as
 * pbt__study_answer takes them. A server is asked once, for the answer with the spec; where it
 * finds nothing, or knows no such question, its log is read instead, which says why in the words of
 * a store. Errors: as pbt__subject_open and pbt__study_answer; nothing is to be taken back then.
 */
static pbt_err ask(const pbt__arguments *arguments, const char *what, pbt_segment_id id,
                   pbt__asked *out, pbt_error *error)
{
    pbt__place place;
    char name[PBT__NAME_SIZE];
    *out = (pbt__asked){.answer = NULL};
    pbt_err err = pbt__place_find(arguments, &place, error);
    if (err != PBT_OK) {
        return err;
    }
    if (place.server == NULL) {
        return ask_store(arguments, what, id, out, error);
    }
    err = find_name(arguments, &place, name, error);
    if (err == PBT_OK) {
        err = pbt__ask_server(&place, name, what, id, out, error);
        out->place = place;
    }
    return err == PBT_ERR_NOT_FOUND ? ask_store(arguments, what, id, out, error) : err;
}

void pbt__asked_fini(pbt__asked *asked)
{
    json_decref(asked->answer);
    pbt_spec_free(asked->own_spec);
    pbt__subject_close(&asked->subject);
    asked->answer = NULL;
    asked->own_spec = NULL;
}

int pbt__ask_to_show(const pbt__arguments *arguments, const char *what, pbt_segment_id id,
                     pbt__shower show)
{
    pbt_error error = {0};
    pbt__asked asked;
    pbt_err err = ask(arguments, what, id, &asked, &error);
    if (err == PBT_OK) {
        err = show(arguments, &asked, &error);
        pbt__asked_fini(&asked);
    }
    return err != PBT_OK ? pbt__print_error(&error) : 0;
}
