/*
 * why.c: the reasons of one decision, from the log.
 *
 * The log is read again up to the event that holds the decision, a page at a time and without the
 * study's lock; there the same code decides again and gives its reasons. The compared members are
 * listed from the same view, before the decisions change it. A rescue is logged after the event
 * that caused it, so what was due at that event is kept until the rescue is found.
 */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "core/rule.h"
#include "study/inside.h"

enum { PAGE_EVENTS = 64 }; /* the store is others' in between */

typedef struct inquiry {
    pbt__study *study;
    pbt_segment_id id;
    int left; /* of the page */
    pbt__view view;
    const pbt__event *event; /* being read */
    json_t *due;             /* the reasons, once the rules decide on `id`; NULL: not yet */
    pbt__decision expected;  /* what they decided; its values are `values` */
    pbt_value *values;       /* Shape: [space.count] */
    bool is_found;
    pbt_error error;
} inquiry;

static const char *occasion_name(pbt__occasion occasion)
{
    static const char *const NAMES[] = {
#define OCCASION_NAME(name, text) text,
        PBT__OCCASIONS(OCCASION_NAME)
#undef OCCASION_NAME
    };
    return NAMES[occasion];
}

static const char *verdict_name(const pbt__why *why)
{
    static const char *const NAMES[] = {
#define VERDICT_NAME(name, text) text,
        PBT__VERDICTS(VERDICT_NAME)
#undef VERDICT_NAME
    };
    return why->verdict == PBT__VERDICT_OWN ? why->own : NAMES[why->verdict];
}

static bool same_id(pbt_segment_id a, pbt_segment_id b)
{
    return a.member == b.member && a.number == b.number;
}

/* ---- the reasons as JSON ---- */

static json_t *nullable_number(double value)
{
    return isnan(value) ? json_null() : pbt__json_number(value);
}

static json_t *draw_json(const pbt__why *why)
{
    bool is_rescue = why->occasion == PBT__OCCASION_LOST;
    return why->draw < 0 ? json_null()
                         : json_pack("{s:s, s:i, s:i, s:i}", "purpose",
                                     is_rescue ? "rescue" : "exploit", "value", (int)why->draw,
                                     "below", (int)why->draw_count, "member", (int)why->drawn);
}

static json_t *t_test_json(const pbt_search *search, const pbt__why *why)
{
    bool is_used = why->counts[0] > 0;
    return !is_used ? json_null()
                    : json_pack("{s:o, s:[i, i], s:[o, o], s:o}", "alpha",
                                pbt__json_number(search->exploit.alpha), "evaluations",
                                (int)why->counts[0], (int)why->counts[1], "means",
                                nullable_number(why->means[0]), nullable_number(why->means[1]), "p",
                                nullable_number(why->p));
}

static json_t *threshold_json(const pbt__why *why)
{
    return isnan(why->low) ? json_null()
                           : json_pack("{s:o, s:o}", "low", pbt__json_number(why->low), "high",
                                       pbt__json_number(why->high));
}

/* What the rule's row names. NULL if memory is short. */
static json_t *facts_json(const pbt__rule *rule, const pbt__why *why)
{
    json_t *facts = json_object();
    int failed = 0;
    for (size_t i = 0; i < rule->fact_count; i++) {
        failed |= json_object_set_new(facts, rule->facts[i], nullable_number(why->facts[i]));
    }
    if (failed != 0) {
        json_decref(facts);
        facts = NULL;
    }
    return facts;
}

static json_t *quorum_json(const pbt__why *why)
{
    return why->quorum == 0 ? json_null()
                            : json_pack("{s:i, s:i}", "needed", (int)why->quorum, "reported",
                                        (int)why->reported);
}

/* Shape: standings[count] */
static json_t *standings_json(const pbt__standing *standings, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const pbt__standing *s = &standings[i];
        json_t *one =
            json_pack("{s:i, s:i, s:o, s:o, s:b}", "position", (int)i, "member",
                      (int)s->segment.member, "segment", pbt__id_json(s->segment), "score",
                      pbt__json_number(s->score), "candidate", (int)s->is_candidate);
        if (json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* The report or failure that the decision followed: the member's segment before. */
static json_t *before_json(const pbt_population *population, pbt_segment_id id)
{
    pbt_segment before;
    if (!pbt_population_segment(population, (pbt_segment_id){id.member, id.number - 1}, &before)) {
        return json_null();
    }
    bool is_reported = before.state == PBT_SEGMENT_REPORTED;
    return json_pack("{s:o, s:s, s:I, s:o}", "segment", pbt__id_json(before.id), "state",
                     is_reported ? "reported" : "given_up", "step", (json_int_t)before.end_step,
                     "score", is_reported ? pbt__json_number(before.score) : json_null());
}

/* The member's step at the ready point where it was judged. */
static json_t *judged_json(const pbt_population *population, const pbt__decision *due)
{
    pbt_segment at;
    pbt_segment_id id = {due->segment.id.member, due->compared.point};
    bool is_known = id.number >= 0 && pbt_population_segment(population, id, &at);
    return is_known ? json_integer((json_int_t)at.end_step) : json_null();
}

/* Where the member took the weights it was judged with, if that was after the ready point. */
static json_t *taken_json(const pbt_population *population, const pbt__decision *due)
{
    pbt_segment s;
    pbt_segment_id id = due->segment.id;
    int32_t first = due->compared.point > 0 ? due->compared.point : 0;
    if (due->why.verdict != PBT__VERDICT_NOT_RANKED) {
        return json_null();
    }
    for (id.number--; id.number > first; id.number--) {
        bool goes_on = !pbt_population_segment(population, id, &s) ||
                       same_id(s.parent, (pbt_segment_id){id.member, id.number - 1});
        if (!goes_on) {
            return json_pack("{s:o, s:o, s:o, s:I}", "segment", pbt__id_json(id), "parent",
                             pbt__id_json(s.parent), "donor",
                             s.donor < 0 ? json_null() : json_integer(s.donor), "step",
                             (json_int_t)s.start_step);
        }
    }
    return json_null();
}

static json_t *copy_json(int copy)
{
    json_t *list = json_array();
    int failed = 0;
    if ((copy & PBT_COPY_WEIGHTS) != 0) {
        failed |= json_array_append_new(list, json_string("weights"));
    }
    if ((copy & PBT_COPY_HYPERPARAMETERS) != 0) {
        failed |= json_array_append_new(list, json_string("hyperparameters"));
    }
    return failed == 0 ? list : NULL;
}

/* The rules in force. */
static json_t *rules_json(const pbt_spec *spec)
{
    const pbt_search *search = &spec->search;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:o, s:s, s:s, s:I}", "metric", spec->metric, "direction",
        pbt_direction_name(search->direction), "mode", pbt_mode_name(search->mode), "exploit",
        pbt_exploit_rule_name(search->exploit.rule), "copy", copy_json(search->exploit.copy),
        "explore", pbt_explore_rule_name(search->explore.rule), "when",
        pbt_when_name(search->explore.when), "ready_after", (json_int_t)search->ready_after);
}

static json_t *reasons_json(const pbt__view *view, const pbt__decision *due, json_t *standings)
{
    const pbt_spec *spec = view->facts.spec;
    const pbt__why *why = &due->why;
    json_t *json = pbt__decision_json(due, &spec->search.space);
    json_t *reasons = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "occasion",
        occasion_name(why->occasion), "verdict", verdict_name(why), "rules", rules_json(spec),
        "before", before_json(view->population, due->segment.id), "judged_step",
        judged_json(view->population, due), "taken", taken_json(view->population, due), "quorum",
        quorum_json(why), "k", why->k > 0 ? json_integer(why->k) : json_null(), "draw",
        draw_json(why), "t_test", t_test_json(&spec->search, why), "threshold", threshold_json(why),
        "standings", standings);
    const pbt__rule *rule = &pbt__exploit_row_of(&spec->search)->rule;
    if (rule->fact_count > 0 && json_object_set_new(reasons, "facts", facts_json(rule, why)) != 0) {
        json_decref(json);
        json = NULL;
    }
    if (json == NULL || reasons == NULL || json_object_update(json, reasons) != 0) {
        json_decref(json);
        json = NULL;
    }
    json_decref(reasons);
    return json;
}

/* ---- finding them ---- */

static void keep_expected(inquiry *find, const pbt__decision *due)
{
    size_t count = find->view.facts.spec->search.space.count;
    find->expected = *due;
    for (size_t i = 0; i < count; i++) {
        find->values[i] = due->segment.values[i];
    }
    find->expected.segment.values = find->values;
}

static pbt_err keep_reasons(inquiry *find, const pbt__view *view, const pbt__decision *due,
                            pbt_error *error)
{
    const pbt_search *search = &view->facts.spec->search;
    pbt__standing *standings = pbt__calloc((size_t)search->population, sizeof *standings);
    pbt_value *values = pbt__realloc(find->values, search->space.count + 1, sizeof *values);
    find->values = values != NULL ? values : find->values;
    if (standings == NULL || values == NULL) {
        free(standings);
        return pbt__fail_memory(error);
    }
    keep_expected(find, due);
    int32_t point = due->compared.ranked > 0 ? due->compared.point : -1;
    size_t count = pbt__population_standings(view->population, point, standings);
    json_decref(find->due);
    find->due = reasons_json(view, due, standings_json(standings, count));
    free(standings);
    return find->due != NULL ? PBT_OK : pbt__fail_memory(error);
}

static pbt_err look_among_due(inquiry *find, pbt__view *view, pbt_error *error)
{
    const pbt__decision *due = NULL;
    size_t count = 0;
    if (pbt__population_decide(view->population, &due, &count) != PBT_OK) {
        return pbt__fail_memory(error);
    }
    for (size_t i = 0; i < count; i++) {
        if (same_id(due[i].segment.id, find->id)) {
            return keep_reasons(find, view, &due[i], error);
        }
    }
    return PBT_OK;
}

/* The log's own decision: say where it stands, and whether the rules agree. */
static pbt_err finish(inquiry *find, const pbt__view *view, const pbt__decision *logged,
                      pbt_error *error)
{
    char time[PBT__TIME_SIZE];
    find->is_found = true;
    if (find->due == NULL) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "no decision was due for this segment");
    }
    const pbt_space *space = &view->facts.spec->search.space;
    bool agrees = pbt__decision_same(space, &find->expected, logged);
    pbt__clock_format(find->event->time_us, time);
    json_t *place = json_pack("{s:b, s:I, s:s, s:s}", "agrees", (int)agrees, "sequence",
                              (json_int_t)find->event->sequence, "event",
                              pbt__event_kind_name(find->event->kind), "decided_at", time);
    bool is_whole = place != NULL && json_object_update(find->due, place) == 0;
    json_decref(place);
    return is_whole ? PBT_OK : pbt__fail_memory(error);
}

static pbt_err look_at_event(void *context, pbt__view *view, const pbt__entry *entry,
                             pbt_error *error)
{
    inquiry *find = context;
    if (entry->kind != PBT__RESCUED) {
        pbt_err err = look_among_due(find, view, error);
        if (err != PBT_OK) {
            return err;
        }
    }
    for (size_t i = 0; i < entry->decision_count; i++) {
        if (same_id(entry->decisions[i].segment.id, find->id)) {
            return finish(find, view, &entry->decisions[i], error);
        }
    }
    return PBT_OK;
}

/* PBT_ERR_STATE: no need to read on. PBT_ERR_LIMIT: the page is full. */
static pbt_err read_event(void *context, const pbt__event *event)
{
    inquiry *find = context;
    if (find->left-- == 0) {
        return PBT_ERR_LIMIT;
    }
    find->event = event;
    pbt_err err = pbt__view_read(&find->view, event, look_at_event, find, &find->error);
    if (err == PBT_OK) {
        pbt__view_keep(&find->view);
    }
    return err == PBT_OK && find->is_found ? PBT_ERR_STATE : err;
}

static pbt_err read_log(inquiry *find, pbt_error *error)
{
    const pbt__study *study = find->study;
    pbt_err err = PBT_ERR_LIMIT;
    while (err == PBT_ERR_LIMIT && find->error.code == PBT_OK) {
        find->left = PAGE_EVENTS;
        err = pbt__store_read(study->store, study->row.id, find->view.facts.sequence, read_event,
                              find, error);
    }
    if (err == PBT_OK) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "no event made the segment");
    }
    if (err != PBT_ERR_STATE || !find->is_found) {
        if (find->error.code != PBT_OK && error != NULL) {
            *error = find->error;
        }
        return err;
    }
    return PBT_OK;
}

pbt_err pbt__study_why(pbt__study *study, pbt_segment_id id, json_t **out, pbt_error *error)
{
    pbt_segment segment;
    inquiry find = {.study = study, .id = id};
    pbt_err err = pbt__study_look(study, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__study_segment(study, id, &segment, error);
    pthread_mutex_unlock(&study->view_lock);
    if (err != PBT_OK) {
        return err;
    }
    pbt__view_init(&find.view);
    err = read_log(&find, error);
    if (err == PBT_OK) {
        *out = json_incref(find.due);
    }
    pbt__view_fini(&find.view);
    json_decref(find.due);
    free(find.values);
    return err;
}
