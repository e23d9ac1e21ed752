/* query.c: what can be asked of studies. One long answer is put together at a time. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "server/answer.h"
#include "server/inside.h"
#include "study/host.h"
#include "study/json.h"
#include "study/members.h"
#include "study/rows.h"
#include "study/told.h"

/* Whoever asks for long answers faster than they are made is turned away before he has all
 * threads. */
static const char JSON[] = "application/json", LINES[] = "application/jsonl";
enum { LIST_MAXIMUM = 1 << 30 }; /* Units: bytes of one list */
enum { PAGE_LIMIT = 1000, PAGE_LIMIT_MAXIMUM = 10000, LONG_MAXIMUM = PBT__POOL_THREADS / 8 };

pbt_err pbt__serve_long(pbt__request *request,
                        pbt_err (*answer)(pbt__request *request, pbt_error *error),
                        pbt_error *error)
{
    pbt__server *server = request->server;
    pbt_err err = PBT_OK;
    if (atomic_fetch_add(&server->long_count, 1) < LONG_MAXIMUM) {
        pthread_mutex_lock(&server->large);
        err = answer(request, error);
        pthread_mutex_unlock(&server->large);
    } else {
        err = pbt__fail(error, PBT_ERR_BUSY, "too many long answers are being made at once");
        pbt__error_hint(error, "ask again in a second");
    }
    (void)atomic_fetch_sub(&server->long_count, 1);
    return err;
}

pbt_err pbt__page_settle(pbt__request *request, pbt_error *error)
{
    request->limit = request->limit >= 0 ? request->limit : PAGE_LIMIT;
    if (request->limit >= 1 && request->limit <= PAGE_LIMIT_MAXIMUM) {
        return PBT_OK;
    }
    return pbt__fail(error, PBT_ERR_ARGUMENT, "'limit' is an integer from 1 to %d",
                     (int)PAGE_LIMIT_MAXIMUM);
}

pbt_err pbt__serve_version(pbt__request *request, pbt_error *error)
{
    return pbt__answer_json(request, json_pack("{s:s, s:i}", "version", pbt_version(), "api", 1),
                            error);
}

/* ---- studies --------------------------------------------------------------------------------- */

/* A study as `show` has it; of one elsewhere, what a worker needs to know. */
static pbt_err show(const pbt__hosted *hosted, json_t **out, pbt_error *error)
{
    if (hosted->study != NULL) {
        return pbt__study_show(hosted->study, out, error);
    }
    *out = json_pack("{s:s, s:s}", "name", hosted->name, "metric", hosted->spec->metric);
    return *out != NULL ? PBT_OK : pbt__fail_memory(error);
}

/* Add a study as `show` says it; `here` becomes from where its paths are. One that has left since
 * is passed over. */
static pbt_err add_study(pbt__server *server, const char *name, json_t *list, json_t **here,
                         pbt_error *error)
{
    json_t *one = NULL;
    pbt__hosted *hosted = pbt__hosted_take(server, name);
    if (hosted == NULL) {
        return PBT_OK;
    }
    pbt_err err = show(hosted, &one, error);
    if (err == PBT_OK && *here == NULL && hosted->study != NULL) {
        *here = json_string(pbt__study_here(hosted->study));
    }
    pbt__hosted_give(hosted);
    if (err == PBT_OK && json_array_append_new(list, one) != 0) {
        err = pbt__fail_memory(error);
    }
    return err;
}

pbt_err pbt__serve_studies(pbt__request *request, pbt_error *error)
{
    size_t all = 0;
    json_t *here = NULL;
    const char *after = request->after_name;
    const bool is_page = after[0] != '\0' || request->limit >= 0;
    pbt_err err = is_page ? pbt__page_settle(request, error) : PBT_OK;
    if (err != PBT_OK) {
        return err;
    }
    json_t *list = json_array();
    pbt__hosted_name *names = pbt__hosted_names(request->server, after, &all);
    const size_t count = is_page && (size_t)request->limit < all ? (size_t)request->limit : all;
    err = list != NULL && names != NULL ? PBT_OK : pbt__fail_memory(error);
    for (size_t i = 0; i < count && err == PBT_OK; i++) {
        err = add_study(request->server, names[i], list, &here, error);
    }
    if (err == PBT_OK) {
        const char *next = count > 0 ? names[count - 1] : after;
        json_t *page = is_page ? json_pack("{s:O, s:s, s:b, s:s}", "studies", list, "next", next,
                                           "is_end", (int)(count == all), "here",
                                           here != NULL ? json_string_value(here) : "")
                               : json_incref(list);
        err = pbt__answer_json(request, page, error);
    }
    json_decref(list);
    json_decref(here);
    free(names);
    return err;
}

/* ---- one study ------------------------------------------------------------------------------- */

pbt_err pbt__serve_study(pbt__request *request, pbt_error *error)
{
    json_t *json = NULL;
    const pbt_err err = show(request->hosted, &json, error);
    return err == PBT_OK ? pbt__answer_json(request, json, error) : err;
}

static pbt_err answer_members(pbt__request *request, pbt_error *error)
{
    pbt__member_list list;
    const bool is_page = request->since >= 0;
    pbt_err err = is_page ? pbt__page_settle(request, error) : PBT_OK;
    if (err != PBT_OK) {
        return err;
    }
    const size_t limit = is_page ? (size_t)request->limit : 0;
    const pbt__row_range range = {.since = request->since, .limit = limit};
    err = pbt__study_member_rows(request->hosted->study, range, &list, error);
    if (err == PBT_OK) {
        json_t *members = pbt__members_json(&list);
        json_t *page = json_pack("{s:O, s:I, s:b}", "members", members, "next",
                                 (json_int_t)list.next, "is_end", (int)list.is_end);
        err = pbt__answer_json(request, json_incref(is_page ? page : members), error);
        json_decref(members);
        json_decref(page);
    }
    pbt__member_list_fini(&list);
    return err;
}

pbt_err pbt__serve_members(pbt__request *request, pbt_error *error)
{
    return pbt__serve_long(request, answer_members, error);
}

/* Answer with what was written; the text is taken. */
static pbt_err answer_text(pbt__request *request, pbt__text *text, const char *type,
                           pbt_error *error)
{
    const size_t length = text->length;
    char *bytes = pbt__text_take(text);
    pbt__text_fini(text);
    return bytes != NULL ? pbt__answer_bytes(request, bytes, length, type, error)
                         : pbt__fail_memory(error);
}

/* Rows are written outside of the study's lock. */
static pbt_err write_rows(pbt__request *request, const pbt__row_list *list, pbt_error *error)
{
    const bool is_page = request->since >= 0;
    pbt__text text = pbt__text_init(LIST_MAXIMUM);
    pbt__text_add(&text, is_page ? "{\"segments\":[" : "[");
    for (size_t i = 0; i < list->count; i++) {
        pbt__text_add(&text, i > 0 ? "," : "");
        pbt__row_write(list, &list->items[i], &text);
    }
    pbt__text_add(&text, "]");
    if (is_page) {
        pbt__text_format(&text, ",\"next\":%lld,\"is_end\":%s}", (long long)list->next,
                         list->is_end ? "true" : "false");
    }
    return answer_text(request, &text, JSON, error);
}

static pbt_err answer_segments(pbt__request *request, pbt_error *error)
{
    pbt__row_list list;
    const bool is_page = request->since >= 0;
    pbt_err err = is_page ? pbt__page_settle(request, error) : PBT_OK;
    if (err != PBT_OK) {
        return err;
    }
    const size_t limit = is_page ? (size_t)request->limit : 0;
    const pbt__row_range range = {.since = request->since, .limit = limit};
    err = pbt__study_rows(request->hosted->study, range, &list, error);
    if (err == PBT_OK) {
        err = write_rows(request, &list, error);
        pbt__row_list_fini(&list);
    }
    return err;
}

pbt_err pbt__serve_segments(pbt__request *request, pbt_error *error)
{
    return pbt__serve_long(request, answer_segments, error);
}

/* ---- for a command line elsewhere ------------------------------------------------------------ */

static pbt_err answer_named(pbt__request *request, pbt_error *error)
{
    bool has_rows = false;
    pbt__told told;
    pbt__study *study = request->hosted->study;
    const bool has_member = request->member >= 0 && request->member <= INT32_MAX;
    const bool has_number = request->number >= 0 && request->number <= INT32_MAX;
    const pbt_segment_id id = {has_member ? (int32_t)request->member : -1,
                               has_number ? (int32_t)request->number : -1};
    pbt__text text = pbt__text_init(PBT__TOLD_MAXIMUM);
    pbt_err err = pbt__told_ask(study, request->of, id, &told, error);
    if (err == PBT_OK) {
        err = pbt__told_write(study, &told, &has_rows, &text, error);
    }
    pbt__told_fini(&told);
    if (err == PBT_OK) {
        return answer_text(request, &text, has_rows ? LINES : JSON, error);
    }
    pbt__text_fini(&text);
    return err;
}

/* A study's summary, or a segment's story, is as short however long the study is. */
pbt_err pbt__serve_answer(pbt__request *request, pbt_error *error)
{
    const bool is_short = strcmp(request->of, "show") == 0 || strcmp(request->of, "why") == 0;
    return is_short ? answer_named(request, error) : pbt__serve_long(request, answer_named, error);
}

/* ---- events ---------------------------------------------------------------------------------- */

typedef struct event_list {
    pbt__text text;
    int64_t left;
} event_list;

static pbt_err add_event(void *context, const pbt__event *event)
{
    event_list *list = context;
    pbt__text_add(&list->text, list->text.length > 1 ? "," : "");
    pbt__event_write(event, &list->text);
    return list->text.failed ? PBT_ERR_MEMORY : --list->left > 0 ? PBT_OK : PBT_ERR_LIMIT;
}

static pbt_err answer_events(pbt__request *request, pbt_error *error)
{
    event_list list = {.text = pbt__text_init(LIST_MAXIMUM), .left = request->limit};
    const int64_t after = request->after >= 0 ? request->after : 0;
    pbt__text_add(&list.text, "[");
    pbt_err err = pbt__study_read(request->hosted->study, after, add_event, &list, error);
    pbt__text_add(&list.text, "]");
    if (err == PBT_OK || err == PBT_ERR_LIMIT) {
        return answer_text(request, &list.text, JSON, error);
    }
    pbt__text_fini(&list.text);
    return err == PBT_ERR_MEMORY ? pbt__fail_memory(error) : err;
}

pbt_err pbt__serve_events(pbt__request *request, pbt_error *error)
{
    const pbt_err err = pbt__page_settle(request, error);
    return err == PBT_OK ? pbt__serve_long(request, answer_events, error) : err;
}
