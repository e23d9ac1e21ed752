/* view.c: applying entries to the view. */
#include "study/view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "study/study.h"

#define TOUCH(view, place)                                                                         \
    (pbt__journal_touch(pbt__population_journal((view)->population), (place), sizeof *(place)) !=  \
     PBT_OK)

void pbt__view_init(pbt__view *view)
{
    *view = (pbt__view){0};
}

void pbt__view_fini(pbt__view *view)
{
    pbt_population_free(view->population);
    pbt__ledger_free(view->ledger);
    pbt__rows_free(view->rows);
    for (size_t i = 0; i < view->spec_count; i++) {
        pbt_spec_free(view->specs[i]);
    }
    for (size_t i = 0; i < view->amendment_capacity; i++) {
        free(view->amendments[i].key);
        free(view->amendments[i].value);
    }
    free(view->specs);
    free(view->amendments);
    json_decref(view->provenance);
    pbt__view_init(view);
}

/* ---- specs ---- */

/* Keep a spec until the view ends: the journal and callers may still point to an older one. */
static pbt_err keep_spec(pbt__view *view, pbt_spec *spec)
{
    pbt_spec **specs = pbt__realloc(view->specs, view->spec_count + 1, sizeof(pbt_spec *));
    if (specs == NULL) {
        return PBT_ERR_MEMORY;
    }
    view->specs = specs;
    view->specs[view->spec_count++] = spec;
    return PBT_OK;
}

static pbt_err parse_created(const pbt__view *view, const pbt__entry *entry, pbt_spec **out,
                             pbt_error *error)
{
    pbt_spec *spec = NULL;
    char folder[PBT__PATH_SIZE];
    const char *start = view->store_folder != NULL ? view->store_folder : "";
    pbt_err err = pbt__path_join(
        start, view->spec_folder != NULL ? view->spec_folder : entry->folder, folder, error);
    if (err == PBT_OK) {
        err = pbt__spec_parse(entry->spec, entry->name, folder, &spec, error);
    }
    if (err != PBT_OK) {
        return err == PBT_ERR_SPEC ? PBT_ERR_VERSION : err; /* who wrote it could read it */
    }
    bool is_same =
        strcmp(spec->name, entry->name) == 0 && spec->search.seed == (uint64_t)entry->seed;
    if (!is_same) {
        pbt_spec *seeded = NULL;
        err = pbt__spec_with_seed(spec, entry->name, (uint64_t)entry->seed, &seeded, error);
        pbt_spec_free(spec);
        spec = seeded;
    }
    if (err == PBT_OK) {
        *out = spec;
    }
    return err;
}

static pbt_err amendment_add(pbt__view *view, const char *key, const char *value)
{
    size_t at = view->facts.amendment_count;
    if (at == view->amendment_capacity) {
        pbt__amendment *list = pbt__realloc(view->amendments, at + 1, sizeof *list);
        if (list == NULL) {
            return PBT_ERR_MEMORY;
        }
        view->amendments = list;
        view->amendments[at] = (pbt__amendment){NULL, NULL};
        view->amendment_capacity = at + 1;
    }
    char *own_key = pbt__strdup(key);
    char *own_value = pbt__strdup(value);
    if (own_key == NULL || own_value == NULL) {
        free(own_key);
        free(own_value);
        return PBT_ERR_MEMORY;
    }
    /* What lay here was taken back. */
    free(view->amendments[at].key);
    free(view->amendments[at].value);
    view->amendments[at] = (pbt__amendment){own_key, own_value};
    view->facts.amendment_count++;
    return PBT_OK;
}

/* The spec as created, with every amendment up to now. */
static pbt_err spec_in_force(const pbt__view *view, pbt_spec **out, pbt_error *error)
{
    const pbt_spec *first = view->specs[0];
    pbt_spec *spec = NULL;
    pbt_err err = pbt__spec_with_seed(first, first->name, first->search.seed, &spec, error);
    for (size_t i = 0; err == PBT_OK && i < view->facts.amendment_count; i++) {
        err = pbt__spec_amend(spec, view->amendments[i].key, view->amendments[i].value, error);
    }
    if (err != PBT_OK) {
        pbt_spec_free(spec);
        return err;
    }
    *out = spec;
    return PBT_OK;
}

/* ---- what happened ---- */

static pbt_err happen_created(pbt__view *view, const pbt__entry *entry, pbt_error *error)
{
    pbt_spec *spec = NULL;
    if (view->population != NULL) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "created twice");
    }
    if (entry->rules < PBT__RULES_FIRST || entry->rules > PBT__RULES_NEWEST) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "rules of a newer version: %d", (int)entry->rules);
    }
    pbt_err err = parse_created(view, entry, &spec, error);
    if (err != PBT_OK) {
        return err;
    }
    if (keep_spec(view, spec) != PBT_OK) {
        pbt_spec_free(spec);
        return pbt__fail_memory(error);
    }
    err = pbt__population_new(&spec->search, &view->population, error);
    if (err != PBT_OK) {
        return err;
    }
    pbt__population_follow(view->population, entry->rules);
    view->facts.rules = entry->rules;
    view->ledger = pbt__ledger_new(pbt__population_journal(view->population),
                                   spec->search.population, spec->keep_best, spec->max_bytes);
    view->rows = pbt__rows_new(pbt__population_journal(view->population), spec->search.population);
    view->facts.spec = spec;
    view->provenance = json_incref(entry->provenance);
    return view->ledger != NULL && view->rows != NULL ? PBT_OK : pbt__fail_memory(error);
}

static pbt_err happen_reported(pbt__view *view, const pbt__reading *reading, pbt_error *error)
{
    const pbt__entry *entry = &reading->entry;
    pbt_report report = {
        .segment = entry->segment,
        .step = entry->step,
        .score = entry->score,
        .has_checkpoint = entry->has_checkpoint,
        .samples = reading->samples,
        .sample_count = reading->sample_count,
    };
    pbt_err err = pbt__population_check(view->population, &report, error);
    if (err != PBT_OK) {
        return err;
    }
    bool is_kept = entry->has_checkpoint && isfinite(entry->score);
    double rank = is_kept && view->facts.spec->search.direction == PBT_MINIMIZE ? -entry->score
                                                                                : entry->score;
    if (pbt__population_record(view->population, &report) != PBT_OK ||
        pbt__ledger_report(view->ledger, entry->segment, entry->attempt,
                           is_kept ? rank : (double)-INFINITY,
                           entry->has_checkpoint ? &entry->checkpoint : NULL) != PBT_OK) {
        return pbt__fail_memory(error);
    }
    return PBT_OK;
}

static pbt_err happen_failed(pbt__view *view, const pbt__entry *entry, pbt_error *error)
{
    bool gave_up = false;
    pbt_err err = pbt__population_fault(view->population, entry->segment, entry->cause, &gave_up);
    if (err == PBT_OK && gave_up != entry->gave_up) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "event contradicts failure.retries");
    }
    return err == PBT_OK ? PBT_OK : pbt__fail(error, err, "cannot record a failure");
}

static pbt_err happen_released(pbt__view *view, const pbt__entry *entry, pbt_error *error)
{
    pbt_segment segment;
    if (!pbt_population_segment(view->population, entry->segment, &segment)) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "broken field 'segment'");
    }
    if (!entry->has_checkpoint) {
        return PBT_OK;
    }
    pbt_err err = pbt__ledger_progress(view->ledger, entry->segment, entry->attempt, entry->step,
                                       &entry->checkpoint);
    return err == PBT_OK ? PBT_OK : pbt__fail_memory(error);
}

/* A limit that is set in the middle counts from then on. */
static void note_limit(pbt__view *view, const pbt_spec *before, const pbt_spec *after)
{
    if (before->stop_seconds > 0 || !(after->stop_seconds > 0)) {
        return;
    }
    view->facts.is_timed = true;
    view->facts.is_training = false;
    view->facts.trained_us = 0;
}

static pbt_err happen_amended(pbt__view *view, const pbt__entry *entry, pbt_error *error)
{
    size_t i = 0;
    json_t *amendment = NULL;
    pbt_spec *spec = NULL;
    json_array_foreach(entry->amendments, i, amendment)
    {
        const char *key = json_string_value(json_object_get(amendment, "key"));
        const char *value = json_string_value(json_object_get(amendment, "to"));
        if (key == NULL || value == NULL) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "broken field 'amendments'");
        }
        if (amendment_add(view, key, value) != PBT_OK) {
            return pbt__fail_memory(error);
        }
    }
    pbt_err err = spec_in_force(view, &spec, error);
    if (err != PBT_OK) {
        return err;
    }
    if (keep_spec(view, spec) != PBT_OK) {
        pbt_spec_free(spec);
        return pbt__fail_memory(error);
    }
    note_limit(view, view->facts.spec, spec);
    view->facts.spec = spec;
    if (view->facts.stop == PBT__STOP_SCORE || view->facts.stop == PBT__STOP_SECONDS) {
        view->facts.stop = PBT__STOP_NONE;
    }
    err = pbt__population_amend(view->population, &spec->search, error);
    if (err == PBT_OK &&
        pbt__ledger_bound(view->ledger, spec->keep_best, spec->max_bytes) != PBT_OK) {
        return pbt__fail_memory(error);
    }
    return err;
}

static pbt_err happen_collected(pbt__view *view, const pbt__entry *entry, pbt_error *error)
{
    size_t i = 0;
    json_t *text = NULL;
    json_array_foreach(entry->collected, i, text)
    {
        pbt_segment_id id;
        pbt_segment segment;
        bool is_known = json_is_string(text) && pbt__id_read(json_string_value(text), &id) &&
                        pbt_population_segment(view->population, id, &segment);
        const pbt_err err = is_known ? pbt__ledger_collect(view->ledger, id) : PBT_ERR_CORRUPT;
        if (err == PBT_ERR_MEMORY) {
            return pbt__fail_memory(error);
        }
        if (err != PBT_OK) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "broken field 'checkpoints'");
        }
    }
    const pbt_segment_id *due = NULL;
    (void)pbt__ledger_due(view->ledger, &due);
    return PBT_OK;
}

static pbt_err happen_revived(pbt__view *view, const pbt__entry *entry, pbt_error *error)
{
    size_t i = 0;
    json_t *item = NULL;
    json_array_foreach(entry->members, i, item)
    {
        json_int_t member = json_integer_value(item);
        bool is_one =
            json_is_integer(item) && member >= 0 && member < view->facts.spec->search.population;
        pbt_err err =
            is_one ? pbt__population_revive(view->population, (int32_t)member) : PBT_ERR_STATE;
        if (err == PBT_ERR_MEMORY) {
            return pbt__fail_memory(error);
        }
        if (err != PBT_OK) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "broken field 'members'");
        }
    }
    return PBT_OK;
}

/* By the first rules members that failed for good hold nothing; now they keep what they may be
 * brought back with. */
static pbt_err let_failed_go(pbt__view *view, int32_t member, pbt_err err, pbt_error *error)
{
    if (err != PBT_OK || view->facts.rules >= PBT__RULES_BACK ||
        pbt__population_state(view->population, member) != PBT_MEMBER_FAILED) {
        return err;
    }
    return pbt__ledger_leave(view->ledger, member) == PBT_OK ? PBT_OK : pbt__fail_memory(error);
}

pbt_err pbt__view_happen(pbt__view *view, const pbt__reading *reading, pbt_error *error)
{
    const pbt__entry *entry = &reading->entry;
    int32_t member = entry->segment.member;
    if (entry->kind == PBT__CREATED) {
        return happen_created(view, entry, error);
    }
    if (view->population == NULL) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "the log does not begin with 'created'");
    }
    if (TOUCH(view, &view->facts)) {
        return pbt__fail_memory(error);
    }
    switch (entry->kind) {
    case PBT__REPORTED:
        return let_failed_go(view, member, happen_reported(view, reading, error), error);
    case PBT__FAILED:
        return let_failed_go(view, member, happen_failed(view, entry, error), error);
    case PBT__RELEASED:
        return happen_released(view, entry, error);
    case PBT__AMENDED:
        return happen_amended(view, entry, error);
    case PBT__REVIVED:
        return happen_revived(view, entry, error);
    case PBT__STOPPED:
        view->facts.stop = entry->reason;
        return PBT_OK;
    case PBT__RESUMED:
        view->facts.stop = PBT__STOP_NONE;
        return PBT_OK;
    case PBT__COLLECTED:
        return happen_collected(view, entry, error);
    case PBT__TIMED:
        view->facts.is_timed = true;
        view->facts.is_training = entry->is_training;
        view->facts.trained_us = entry->trained_us;
        return PBT_OK;
    default:
        return PBT_OK;
    }
}

/* ---- what was decided ---- */

/* Remember what a report was answered, should it come again: the decision that it made itself, not
 * one that a later report of its round made for it. */
static pbt_err note_decided(pbt__view *view, const pbt__entry *entry, const pbt_segment *s)
{
    if (entry->kind != PBT__REPORTED || s->id.member != entry->segment.member) {
        return PBT_OK;
    }
    pbt__ledger_entry *reported = pbt__ledger_entry_of(view->ledger, entry->segment);
    if (reported == NULL || TOUCH(view, &reported->is_decided)) {
        return PBT_ERR_MEMORY;
    }
    reported->is_decided = true;
    return PBT_OK;
}

pbt_err pbt__view_decide(pbt__view *view, const pbt__entry *entry, pbt_error *error)
{
    for (size_t i = 0; i < entry->decision_count; i++) {
        const pbt_segment *s = &entry->decisions[i].segment;
        pbt_err err = pbt__population_apply(view->population, &entry->decisions[i]);
        if (err == PBT_ERR_STATE) {
            return pbt__fail(error, PBT_ERR_CORRUPT, "a decision does not follow its member's log");
        }
        if (err != PBT_OK || pbt__ledger_start(view->ledger, s->id.member, s->parent) != PBT_OK ||
            note_decided(view, entry, s) != PBT_OK) {
            return pbt__fail_memory(error);
        }
    }
    return PBT_OK;
}

/* ---- reading the log ---- */

static bool is_counting(const pbt__facts *facts)
{
    return facts->is_timed ? facts->is_training : facts->spec->stop_seconds > 0;
}

pbt_err pbt__view_log(pbt__view *view, const pbt__entry *entry, const pbt__event *event)
{
    if (TOUCH(view, &view->facts) || pbt__rows_take(view->rows, entry, event) != PBT_OK) {
        return PBT_ERR_MEMORY;
    }
    if (event->sequence > 1 && event->kind != PBT__TIMED && is_counting(&view->facts)) {
        view->facts.trained_us += event->time_us - view->facts.time_us;
    }
    view->facts.created_us = event->sequence == 1 ? event->time_us : view->facts.created_us;
    view->facts.identity = event->sequence == 1 ? event->digest : view->facts.identity;
    view->facts.sequence = event->sequence;
    view->facts.time_us = event->time_us;
    view->facts.digest = event->digest;
    return PBT_OK;
}

/* `created` says the space by which its own decisions are read, so it is read in two goes. */
static pbt_err reread_created(pbt__view *view, const pbt__event *event, pbt__reading *reading,
                              pbt_error *error)
{
    const pbt_spec *spec = view->facts.spec;
    pbt__reading_fini(reading);
    if (spec == NULL) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "created without a spec");
    }
    return pbt__entry_read(event, &spec->search.space, spec->metric, reading, error);
}

static pbt_err take_in(pbt__view *view, const pbt__event *event, pbt__view_hook hook, void *context,
                       pbt_error *error)
{
    const pbt_spec *spec = view->facts.spec;
    pbt__reading reading;
    if (event->time_us < 0 || event->time_us > PBT__CLOCK_MAXIMUM) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "its time lies outside of the years 1970 to 9999");
    }
    if (!pbt__event_kind_is_known(event->kind)) {
        return pbt__fail(error, PBT_ERR_VERSION, "kind %d is not known here", (int)event->kind);
    }
    pbt_err err = pbt__entry_read(event, spec != NULL ? &spec->search.space : NULL,
                                  spec != NULL ? spec->metric : NULL, &reading, error);
    if (err != PBT_OK) {
        return err;
    }
    err = pbt__view_happen(view, &reading, error);
    if (err == PBT_OK && event->kind == PBT__CREATED) {
        err = reread_created(view, event, &reading, error);
    }
    if (err == PBT_OK && hook != NULL) {
        err = hook(context, view, &reading.entry, error);
    }
    if (err == PBT_OK) {
        err = pbt__view_decide(view, &reading.entry, error);
    }
    if (err == PBT_OK) {
        err = pbt__view_log(view, &reading.entry, event);
    }
    pbt__reading_fini(&reading);
    return err;
}

static pbt_err check_chain(const pbt__view *view, const pbt__event *event, pbt_error *error)
{
    if (event->sequence != view->facts.sequence + 1) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "event %lld is missing",
                         (long long)view->facts.sequence + 1);
    }
    pbt__digest digest = pbt__event_digest(view->facts.digest, event);
    if (!pbt__digest_equal(digest, event->digest)) {
        return pbt__fail(error, PBT_ERR_CORRUPT, "event %lld has been altered",
                         (long long)event->sequence);
    }
    return PBT_OK;
}

pbt_err pbt__view_read(pbt__view *view, const pbt__event *event, pbt__view_hook hook, void *context,
                       pbt_error *error)
{
    pbt_error why = {0};
    pbt_err err = check_chain(view, event, error);
    if (err != PBT_OK) {
        return err;
    }
    err = take_in(view, event, hook, context, &why);
    if (err == PBT_ERR_MEMORY) {
        return pbt__fail_memory(error);
    }
    if (err == PBT_ERR_VERSION) {
        (void)pbt__fail(error, err, "event %lld was made by a newer pbt",
                        (long long)event->sequence);
        pbt__error_detail(error, "%s", why.message);
        pbt__error_hint(error, "use the newer pbt for this study");
        return err;
    }
    if (err != PBT_OK) {
        (void)pbt__fail(error, PBT_ERR_CORRUPT, "event %lld ('%s') cannot be read",
                        (long long)event->sequence, pbt__event_kind_name(event->kind));
        pbt__error_detail(error, "%s", why.message);
        return PBT_ERR_CORRUPT;
    }
    return PBT_OK;
}

/* ---- taking back ---- */

size_t pbt__view_mark(const pbt__view *view)
{
    return view->population != NULL ? pbt__population_mark(view->population) : 0;
}

void pbt__view_undo(pbt__view *view, size_t mark)
{
    if (view->population != NULL) {
        pbt__population_undo(view->population, mark);
    }
}

void pbt__view_keep(pbt__view *view)
{
    if (view->population != NULL) {
        pbt__population_keep(view->population);
    }
}

bool pbt__view_is_over(const pbt__view *view)
{
    return view->facts.stop != PBT__STOP_NONE || pbt_population_is_over(view->population);
}
