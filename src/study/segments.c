/*
 * segments.c: the log's own words, put together by segment.
 *
 * Segments are given by number, then member, while the log has them as they came. Each is put
 * together until nothing more can befall it, which the view knows, and given once all before it
 * are. So there are as many at a time as members are apart, not as many as the study has. The log
 * is read in pages, and what a page has completed is given between two of them: whoever takes it
 * may be slow, and holds nothing in the store meanwhile.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "study/inside.h"

typedef struct segment_list {
    pbt__study *study;
    json_t *by_id; /* begun, and not given yet */
    json_t *ready; /* to be given, in order */
    pbt_segment_id next;
    int32_t last_number;
    int64_t sequence; /* the last event taken in */
    int64_t page_end;
    pbt_error *error;
} segment_list;

enum { PAGE_EVENTS = 1000 };

static int add_segment(segment_list *list, const json_t *decision, const pbt__event *event)
{
    static const char *const TAKEN[] = {"parent",    "donor",   "start_step", "end_step",
                                        "start_age", "end_age", "seed",       "hyperparameters",
                                        "changes",   "reason",  "compared"};
    const char *id = json_string_value(json_object_get(decision, "segment"));
    pbt_segment_id parsed;
    if (id == NULL || !pbt__id_read(id, &parsed)) {
        return -1;
    }
    json_t *segment =
        json_pack("{s:s, s:i, s:i, s:n, s:n, s:n, s:n, s:n, s:n, s:s, s:n, s:{}, s:{}, s:n, s:n, "
                  "s:n, s:n, s:i, s:I, s:o, s:n}",
                  "segment", id, "member", (int)parsed.member, "number", (int)parsed.number,
                  "parent", "donor", "start_step", "end_step", "start_age", "end_age", "state",
                  "open", "score", "metrics", "samples", "hyperparameters", "changes", "reason",
                  "checkpoint", "attempts", 0, "sequence", (json_int_t)event->sequence,
                  "created_at", pbt__study_time_json(event->time_us), "reported_at");
    int failed = segment != NULL ? 0 : -1;
    for (size_t i = 0; i < sizeof TAKEN / sizeof *TAKEN; i++) {
        failed |= json_object_set(segment, TAKEN[i], json_object_get(decision, TAKEN[i]));
    }
    return failed | json_object_set_new(list->by_id, id, segment);
}

static int raise_attempts(json_t *segment, json_int_t attempt)
{
    json_int_t before = json_integer_value(json_object_get(segment, "attempts"));
    return json_object_set_new(segment, "attempts",
                               json_integer(attempt > before ? attempt : before));
}

static int add_report(json_t *segment, const json_t *body, const pbt__event *event)
{
    json_int_t step = json_integer_value(json_object_get(body, "step"));
    json_int_t start_step = json_integer_value(json_object_get(segment, "start_step"));
    json_int_t start_age = json_integer_value(json_object_get(segment, "start_age"));
    json_t *samples = json_object_get(body, "samples");
    int failed = json_object_set_new(segment, "state", json_string("reported"));
    failed |= json_object_set(segment, "score", json_object_get(body, "score"));
    failed |= json_object_set(segment, "metrics", json_object_get(body, "metrics"));
    failed |= json_is_object(samples) ? json_object_set(segment, "samples", samples) : 0;
    failed |= json_object_set_new(segment, "end_step", json_integer(step));
    failed |= json_object_set_new(segment, "end_age", json_integer(start_age + step - start_step));
    failed |= json_object_set_new(segment, "sequence", json_integer(event->sequence));
    return failed |
           json_object_set_new(segment, "reported_at", pbt__study_time_json(event->time_us));
}

static int add_attempt(segment_list *list, const json_t *body, const pbt__event *event)
{
    json_t *segment =
        json_object_get(list->by_id, json_string_value(json_object_get(body, "segment")));
    if (segment == NULL) {
        return 0; /* it is open and was passed on already: its claim had the rest */
    }
    int failed = raise_attempts(segment, json_integer_value(json_object_get(body, "attempt")));
    if (event->kind == PBT__REPORTED) {
        failed |= add_report(segment, body, event);
    }
    if (event->kind == PBT__FAILED && json_is_true(json_object_get(body, "gave_up"))) {
        failed |= json_object_set_new(segment, "state", json_string("given_up"));
    }
    return failed;
}

static pbt_err take_event(segment_list *list, const pbt__event *event)
{
    json_t *body = NULL;
    json_t *decision = NULL;
    size_t i = 0;
    pbt_err err = pbt__json_read(event->body, event->body_length, &body, list->error);
    if (err != PBT_OK) {
        return err;
    }
    int failed = 0;
    if (json_object_get(body, "attempt") != NULL) {
        failed |= add_attempt(list, body, event);
    }
    json_array_foreach(json_object_get(body, "decisions"), i, decision)
    {
        failed |= add_segment(list, decision, event);
    }
    json_decref(body);
    return failed == 0 ? PBT_OK : pbt__fail_memory(list->error);
}

/* What the view knows beyond the log: who is at it, and whether the checkpoint is still there. */
static json_t *finish_segment(pbt__study *study, pbt_segment_id id, json_t *segment)
{
    const pbt__claim *claim = &study->claims[id.member];
    bool is_open = strcmp(json_string_value(json_object_get(segment, "state")), "open") == 0;
    int failed = json_object_set_new(segment, "checkpoint", pbt__study_checkpoint_json(study, id));
    if (claim->number == id.number) {
        failed |= raise_attempts(segment, claim->attempt);
    }
    if (is_open && claim->number == id.number && pbt__study_is_at_work(study, claim)) {
        failed |= json_object_set_new(segment, "state", json_string("claimed"));
    }
    return failed == 0 ? segment : NULL;
}

static int32_t newest_number(const pbt__study *study)
{
    int32_t newest = -1;
    pbt_segment segment;
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        bool has_any = pbt__population_newest(study->view.population, m, &segment);
        newest = has_any && segment.id.number > newest ? segment.id.number : newest;
    }
    return newest;
}

/* What a segment will be called when the log has been read, where that is certain. */
static bool is_complete(const segment_list *list, const json_t *segment)
{
    pbt_segment known;
    const char *state = json_string_value(json_object_get(segment, "state"));
    if (!pbt_population_segment(list->study->view.population, list->next, &known)) {
        return false;
    }
    switch (known.state) {
    case PBT_SEGMENT_REPORTED:
        return strcmp(state, "reported") == 0;
    case PBT_SEGMENT_GIVEN_UP:
        return strcmp(state, "given_up") == 0;
    default:
        return true; /* its claim has the rest */
    }
}

static bool has_made(const pbt__study *study, pbt_segment_id id)
{
    pbt_segment newest;
    return pbt__population_newest(study->view.population, id.member, &newest) &&
           newest.id.number >= id.number;
}

static void step_on(segment_list *list)
{
    const int32_t population = list->study->view.facts.spec->search.population;
    list->next.member++;
    if (list->next.member == population) {
        list->next = (pbt_segment_id){0, list->next.number + 1};
    }
}

/* Make ready what comes next, as far as it is complete; at the end of the log all of it is. */
static int advance(segment_list *list, bool is_end)
{
    int failed = 0;
    while (failed == 0 && list->next.number <= list->last_number) {
        char id[PBT__ID_SIZE];
        pbt__id_write(list->next, id);
        json_t *segment = json_object_get(list->by_id, id);
        const bool is_absent = is_end || !has_made(list->study, list->next);
        if (segment == NULL ? !is_absent : !is_end && !is_complete(list, segment)) {
            break;
        }
        if (segment != NULL) {
            failed =
                json_array_append(list->ready, finish_segment(list->study, list->next, segment)) |
                json_object_del(list->by_id, id);
        }
        step_on(list);
    }
    return failed;
}

static pbt_err add_event(void *context, const pbt__event *event)
{
    segment_list *list = context;
    if (event->sequence > list->page_end) {
        return PBT_ERR_LIMIT;
    }
    pbt_err err = take_event(list, event);
    list->sequence = event->sequence;
    if (err == PBT_OK && advance(list, false) != 0) {
        err = pbt__fail_memory(list->error);
    }
    return err;
}

static pbt_err give_ready(segment_list *list, pbt__segment_callback callback, void *context)
{
    pbt_err err = PBT_OK;
    for (size_t i = 0; err == PBT_OK && i < json_array_size(list->ready); i++) {
        err = callback(context, json_array_get(list->ready, i));
    }
    (void)json_array_clear(list->ready);
    return err;
}

/* Up to the event that the view has seen last: of what came since, it knows no end. */
static pbt_err read_pages(segment_list *list, pbt__segment_callback callback, void *context)
{
    const pbt__study *study = list->study;
    const int64_t end = study->view.facts.sequence;
    pbt_err err = PBT_OK;
    while (err == PBT_OK && list->sequence < end) {
        const int64_t before = list->sequence;
        list->page_end = before + PAGE_EVENTS < end ? before + PAGE_EVENTS : end;
        err = pbt__store_read(study->store, study->row.id, before, add_event, list, list->error);
        err = err == PBT_ERR_LIMIT ? PBT_OK : err;
        if (err == PBT_OK) {
            err = give_ready(list, callback, context);
        }
        if (err == PBT_OK && list->sequence == before) {
            return pbt__fail(list->error, PBT_ERR_NOT_FOUND, "the study is gone");
        }
    }
    if (err == PBT_OK && advance(list, true) != 0) {
        err = pbt__fail_memory(list->error);
    }
    return err == PBT_OK ? give_ready(list, callback, context) : err;
}

/* Caller holds the view, which stands still. */
static pbt_err list_segments(pbt__study *study, pbt__segment_callback callback, void *context,
                             pbt_error *error)
{
    segment_list list = {.study = study,
                         .by_id = json_object(),
                         .ready = json_array(),
                         .next = {0, 0},
                         .last_number = newest_number(study),
                         .error = error};
    pbt_err err = list.by_id != NULL && list.ready != NULL ? read_pages(&list, callback, context)
                                                           : pbt__fail_memory(error);
    json_decref(list.by_id);
    json_decref(list.ready);
    return err;
}

pbt_err pbt__study_segments_twice(pbt__study *study, pbt__segment_callback first,
                                  pbt__segment_callback second, void *context, pbt_error *error)
{
    pbt_err err = pbt__study_look(study, error);
    if (err != PBT_OK) {
        return err;
    }
    err = first != NULL ? list_segments(study, first, context, error) : PBT_OK;
    if (err == PBT_OK) {
        err = list_segments(study, second, context, error);
    }
    pthread_mutex_unlock(&study->view_lock);
    return err;
}

pbt_err pbt__study_segments_each(pbt__study *study, pbt__segment_callback callback, void *context,
                                 pbt_error *error)
{
    return pbt__study_segments_twice(study, NULL, callback, context, error);
}
