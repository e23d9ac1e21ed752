/* members.c: members copied out of a study, written as JSON, and read back. */
#include "study/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "study/inside.h"
#include "study/sign.h"

/* ---- training ---- */

void pbt__training_take(const pbt__study *study, int32_t member, pbt__training *out)
{
    pbt_segment segment;
    const pbt__claim *claim = &study->claims[member];
    *out = (pbt__training){.metrics = NULL};
    if (pbt__claim_is_current(study, claim) &&
        pbt__population_newest(study->view.population, member, &segment)) {
        out->claim = *claim;
        out->end_step = segment.end_step;
        out->is_at_work = pbt__study_is_at_work(study, claim);
    }
}

void pbt__training_hear(const pbt__study *study, pbt__training *training)
{
    const pbt__claim *claim = &training->claim;
    if (claim->attempt == 0) {
        return;
    }
    json_t *sign = pbt__sign_get(study, claim);
    json_t *metrics = json_object_get(sign, "metrics");
    const int64_t seen_us = pbt__json_get_integer(sign, "seen_us", 0);
    training->seen_us = seen_us > claim->step_changed_us ? seen_us : claim->step_changed_us;
    training->metrics = json_is_object(metrics) ? json_incref(metrics) : NULL;
    json_decref(sign);
}

json_t *pbt__training_json(const pbt__training *training)
{
    const pbt__claim *claim = &training->claim;
    if (claim->attempt == 0) {
        return json_null();
    }
    return json_pack("{s:o, s:i, s:s, s:I, s:I, s:o, s:o, s:o, s:b}", "segment",
                     pbt__id_json((pbt_segment_id){claim->member, claim->number}), "attempt",
                     (int)claim->attempt, "worker", claim->worker, "step", (json_int_t)claim->step,
                     "end_step", (json_int_t)training->end_step, "metrics",
                     training->metrics != NULL ? json_incref(training->metrics) : json_object(),
                     "seen_at", pbt__study_time_json(training->seen_us), "moved_at",
                     pbt__study_time_json(claim->step_changed_us), "is_at_work",
                     (int)training->is_at_work);
}

bool pbt__training_read(const json_t *json, pbt__training *out)
{
    pbt_segment_id id;
    *out = (pbt__training){.metrics = NULL};
    if (!json_is_object(json)) {
        return json_is_null(json);
    }
    out->claim.attempt = (int32_t)pbt__json_get_integer(json, "attempt", 1);
    out->claim.step = pbt__json_get_integer(json, "step", 0);
    out->end_step = pbt__json_get_integer(json, "end_step", 0);
    out->metrics = json_object_get(json, "metrics");
    out->is_at_work = !json_is_false(json_object_get(json, "is_at_work"));
    if (!pbt__id_read(pbt__json_get_text(json, "segment", ""), &id) ||
        !pbt__clock_read(pbt__json_get_text(json, "seen_at", ""), &out->seen_us) ||
        !pbt__clock_read(pbt__json_get_text(json, "moved_at", ""), &out->claim.step_changed_us)) {
        return false;
    }
    out->claim.member = id.member;
    out->claim.number = id.number;
    return true;
}

/* ---- rows ---- */

/* A study that a rule has stopped is over for its members too. */
static bool is_stopped_by_rule(const pbt__study *study)
{
    const pbt__stop_reason stop = study->view.facts.stop;
    return stop == PBT__STOP_SCORE || stop == PBT__STOP_SECONDS;
}

static const char *state_of(const pbt__study *study, int32_t member, bool is_at_work)
{
    switch (pbt__population_state(study->view.population, member)) {
    case PBT_MEMBER_FINISHED:
        return "finished";
    case PBT_MEMBER_FAILED:
        return "failed";
    default:
        return is_at_work ? "training" : is_stopped_by_rule(study) ? "finished" : "waiting";
    }
}

static void take_row(const pbt__study *study, int32_t member, pbt__member_row *out)
{
    pbt_segment newest = {.id = PBT_NO_SEGMENT, .values = NULL}, reported = {.score = 0};
    const pbt_population *population = study->view.population;
    (void)pbt__population_newest(population, member, &newest);
    *out = (pbt__member_row){
        .member = member,
        .step = pbt__population_step(population, member),
        .age = newest.state == PBT_SEGMENT_REPORTED ? newest.end_age : newest.start_age,
        .has_score = pbt__population_reported(population, member, &reported),
        .segment = newest.id,
        .values = newest.values,
        .failures = pbt__population_failures(population, member),
    };
    out->score = reported.score;
    pbt__training_take(study, member, &out->training);
    out->state = state_of(study, member, out->training.is_at_work);
}

/* Those that were not touched come last. */
static int compare_touched(const void *left, const void *right)
{
    const pbt__touched *a = left;
    const pbt__touched *b = right;
    if ((a->id.member < 0) != (b->id.member < 0)) {
        return a->id.member < 0 ? 1 : -1;
    }
    return a->sequence != b->sequence
               ? (a->sequence > b->sequence) - (a->sequence < b->sequence)
               : (a->id.member > b->id.member) - (a->id.member < b->id.member);
}

/* Members in the order of their last touch after `since`, each once. Shape: order[population].
 * Returns how many. */
static int32_t find_touched(const pbt__study *study, int64_t since, pbt__touched *order)
{
    const pbt__touched *touched = NULL;
    const int32_t population = study->view.facts.spec->search.population;
    size_t left = pbt__rows_touched(study->view.rows, since, &touched);
    int32_t count = 0;
    for (int32_t m = 0; m < population; m++) {
        order[m].id = PBT_NO_SEGMENT;
    }
    /* From the newest on, so that the first touch met of a member is its last. Its place is its
     * mark, until the order is known. */
    while (left > 0 && count < population) {
        const pbt__touched *at = &touched[--left];
        if (order[at->id.member].id.member < 0) {
            order[at->id.member] = *at;
            count++;
        }
    }
    qsort(order, (size_t)population, sizeof *order, compare_touched);
    return count;
}

/* An event's members are not parted, so the limit may be passed. */
static bool take_touched(const pbt__study *study, pbt__row_range range, pbt__member_list *out)
{
    const size_t population = (size_t)study->view.facts.spec->search.population;
    pbt__touched *order = pbt__calloc(population, sizeof *order);
    const size_t count = order != NULL ? (size_t)find_touched(study, range.since, order) : 0;
    size_t end = 0;
    while (end < count && (range.limit == 0 || end < range.limit ||
                           order[end].sequence == order[end - 1].sequence)) {
        take_row(study, order[end].id.member, &out->items[end]);
        end++;
    }
    out->count = end;
    out->is_end = end == count;
    out->next = out->is_end ? out->next : order[end - 1].sequence;
    free(order);
    return order != NULL;
}

static bool take_rows(const pbt__study *study, pbt__row_range range, pbt__member_list *out)
{
    const pbt__facts *facts = &study->view.facts;
    const size_t population = (size_t)facts->spec->search.population;
    out->items = pbt__calloc(population, sizeof *out->items);
    out->space = &study->view.specs[0]->search.space; /* no amendment changes it */
    out->next = facts->sequence;
    out->is_end = true;
    if (out->items == NULL || range.since >= 0) {
        return out->items != NULL && take_touched(study, range, out);
    }
    for (; out->count < population; out->count++) {
        take_row(study, (int32_t)out->count, &out->items[out->count]);
    }
    return true;
}

pbt_err pbt__study_member_rows(pbt__study *study, pbt__row_range range, pbt__member_list *out,
                               pbt_error *error)
{
    *out = (pbt__member_list){.items = NULL};
    pbt_err err = pbt__study_look(study, error);
    if (err != PBT_OK) {
        return err;
    }
    const bool is_whole = take_rows(study, range, out);
    pthread_mutex_unlock(&study->view_lock);
    for (size_t i = 0; i < out->count; i++) {
        pbt__training_hear(study, &out->items[i].training);
    }
    return is_whole ? PBT_OK : pbt__fail_memory(error);
}

void pbt__member_list_fini(pbt__member_list *list)
{
    for (size_t i = 0; list->read == NULL && i < list->count; i++) {
        json_decref(list->items[i].training.metrics);
    }
    free(list->items);
    free(list->values);
    json_decref(list->read);
    *list = (pbt__member_list){.items = NULL};
}

/* ---- as JSON ---- */

static json_t *row_json(const pbt__member_row *row, const pbt_space *space)
{
    return json_pack(
        "{s:i, s:s, s:I, s:I, s:o, s:o, s:o, s:i, s:o}", "member", (int)row->member, "state",
        row->state, "step", (json_int_t)row->step, "age", (json_int_t)row->age, "score",
        row->has_score ? pbt__json_number(row->score) : json_null(), "segment",
        pbt__id_json(row->segment), "hyperparameters",
        row->values != NULL ? pbt__values_json(space, row->values) : json_object(), "failures",
        (int)row->failures, "training", pbt__training_json(&row->training));
}

json_t *pbt__members_json(const pbt__member_list *list)
{
    json_t *array = json_array();
    for (size_t i = 0; i < list->count; i++) {
        if (json_array_append_new(array, row_json(&list->items[i], list->space)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

pbt_err pbt__study_members(pbt__study *study, json_t **out, pbt_error *error)
{
    pbt__member_list list;
    pbt_err err = pbt__study_member_rows(study, PBT__ROWS_ALL, &list, error);
    if (err == PBT_OK) {
        err = pbt__study_give(pbt__members_json(&list), out, error);
    }
    pbt__member_list_fini(&list);
    return err;
}

/* `values` is where the row's own go. */
static bool read_row(const json_t *json, const pbt_search *search, pbt_value *values,
                     pbt__member_row *out)
{
    int64_t member = -1, failures = 0;
    const pbt__json_integer fields[] = {
        {"member", &member, 0, search->population - 1},
        {"failures", &failures, 0, INT32_MAX},
    };
    if (pbt__json_get_integers(json, fields, sizeof fields / sizeof *fields) != NULL) {
        return false;
    }
    const json_t *score = json_object_get(json, "score");
    const char *segment = pbt__json_get_text(json, "segment", NULL);
    *out = (pbt__member_row){
        .member = (int32_t)member,
        .state = pbt__json_get_text(json, "state", ""),
        .step = pbt__json_get_integer(json, "step", 0),
        .age = pbt__json_get_integer(json, "age", 0),
        .has_score = !json_is_null(score),
        .segment = PBT_NO_SEGMENT,
        .values = segment != NULL ? values : NULL,
        .failures = (int32_t)failures,
    };
    return pbt__training_read(json_object_get(json, "training"), &out->training) &&
           (!out->has_score || pbt__json_number_read(score, &out->score)) &&
           (segment == NULL ||
            (pbt__id_read(segment, &out->segment) &&
             pbt__values_read(&search->space, json_object_get(json, "hyperparameters"), values,
                              NULL) == PBT_OK));
}

pbt_err pbt__members_read(json_t *members, const pbt_search *search, pbt__member_list *out,
                          pbt_error *error)
{
    const pbt_space *space = &search->space;
    const size_t count = json_array_size(members);
    *out = (pbt__member_list){.space = space, .is_end = true, .read = json_incref(members)};
    out->items = pbt__calloc(count + 1, sizeof *out->items);
    out->values = pbt__calloc(count + 1, (space->count + 1) * sizeof *out->values);
    if (out->items == NULL || out->values == NULL) {
        return pbt__fail_memory(error);
    }
    for (; out->count < count; out->count++) {
        if (!read_row(json_array_get(members, out->count), search,
                      out->values + out->count * space->count, &out->items[out->count])) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "what is told of a member is broken");
        }
    }
    return PBT_OK;
}
