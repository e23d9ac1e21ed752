/* query.c: the objects of the command line and the API (design: JSON fields a script may rely on).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "study/inside.h"
#include "study/members.h"

static const pbt_space *space_of(const pbt__study *study)
{
    return &study->view.facts.spec->search.space;
}

/* ---- the study ---- */

static bool is_without_member(const pbt__study *study, const pbt__tally *tally)
{
    const pbt__stop_reason stop = study->view.facts.stop;
    bool is_broken = stop == PBT__STOP_BROKEN;
    bool has_ended = stop != PBT__STOP_USER && pbt__view_is_over(&study->view);
    return is_broken || tally->failed == study->view.facts.spec->search.population ||
           (has_ended && tally->best.member < 0);
}

static pbt__study_state state_of(const pbt__study *study, const pbt__tally *tally)
{
    if (is_without_member(study, tally)) {
        return PBT__STUDY_FAILED;
    }
    if (study->view.facts.stop == PBT__STOP_USER) {
        return PBT__STUDY_STOPPED;
    }
    return pbt__view_is_over(&study->view) ? PBT__FINISHED : PBT__RUNNING;
}

static void summarise(const pbt__study *study, pbt__summary *out)
{
    const pbt__facts *facts = &study->view.facts;
    pbt__tally tally = pbt__population_tally(study->view.population);
    *out = (pbt__summary){
        .state = state_of(study, &tally),
        .steps_done = tally.steps_done,
        .steps_total = facts->spec->is_open_ended
                           ? 0
                           : facts->spec->search.population * facts->spec->search.stop_steps,
        .seconds_total = facts->spec->stop_seconds,
        .segment_count = tally.segments,
        .report_count = tally.reports,
        .exploit_count = tally.exploits,
        .diverged_count = tally.diverged,
        .member_count = facts->spec->search.population,
        .finished_count = tally.finished,
        .failed_count = tally.failed,
        .worker_count = pbt__study_count_workers(study),
        .created_us = facts->created_us,
        .now_us = pbt__clock_now_us(),
        .last_sequence = facts->sequence,
        .stop = facts->stop,
    };
    out->has_best = pbt_population_best(study->view.population, &out->best);
    out->seconds_done = pbt__study_seconds_trained(study, out->now_us);
    out->shown = out->state == PBT__RUNNING && !pbt__study_is_trained(study, out->worker_count)
                     ? PBT__STUDY_INTERRUPTED
                     : out->state;
}

pbt_err pbt__study_summary(pbt__study *study, pbt__summary *out, pbt_error *error)
{
    pbt_err err = pbt__study_look(study, error);
    if (err == PBT_OK) {
        summarise(study, out);
        pthread_mutex_unlock(&study->view_lock);
    }
    return err;
}

void pbt__study_glance(pbt__study *study, pbt__summary *out)
{
    pthread_mutex_lock(&study->view_lock);
    summarise(study, out);
    pthread_mutex_unlock(&study->view_lock);
}

static json_t *best_json(pbt__study *study)
{
    pbt_segment best;
    if (!pbt_population_best(study->view.population, &best)) {
        return json_null();
    }
    return json_pack("{s:i, s:o, s:I, s:I, s:o, s:o, s:o}", "member", (int)best.id.member,
                     "segment", pbt__id_json(best.id), "step", (json_int_t)best.end_step, "age",
                     (json_int_t)best.end_age, "score", pbt__json_number(best.score), "checkpoint",
                     pbt__study_checkpoint_json(study, best.id), "hyperparameters",
                     pbt__values_json(space_of(study), best.values));
}

static bool read_best(const json_t *best, pbt__summary *out)
{
    const char *id = pbt__json_get_text(best, "segment", "");
    out->has_best = json_is_object(best);
    out->best.end_step = pbt__json_get_integer(best, "step", 0);
    out->best.end_age = pbt__json_get_integer(best, "age", 0);
    return !out->has_best ||
           (pbt__id_read(id, &out->best.id) &&
            pbt__json_number_read(json_object_get(best, "score"), &out->best.score));
}

static bool read_state(const char *name, pbt__study_state *out)
{
    for (int i = PBT__RUNNING; i <= PBT__STUDY_INTERRUPTED; i++) {
        if (strcmp(name, pbt__study_state_name((pbt__study_state)i)) == 0) {
            *out = (pbt__study_state)i;
            return true;
        }
    }
    return false;
}

pbt_err pbt__summary_read(const json_t *show, pbt__summary *out, pbt_error *error)
{
    *out = (pbt__summary){
        .steps_done = pbt__json_get_integer(show, "steps_done", 0),
        .steps_total = pbt__json_get_integer(show, "steps_total", 0),
        .seconds_done = pbt__json_get_real(show, "seconds_done", 0),
        .seconds_total = pbt__json_get_real(show, "seconds_total", 0),
        .segment_count = pbt__json_get_integer(show, "segments", 0),
        .exploit_count = pbt__json_get_integer(show, "exploits", 0),
        .diverged_count = pbt__json_get_integer(show, "diverged", 0),
        .member_count = (int32_t)pbt__json_get_integer(show, "population", 0),
        .failed_count = (int32_t)json_array_size(json_object_get(show, "failed_members")),
        .worker_count = (int32_t)pbt__json_get_integer(show, "workers", 0),
    };
    return read_state(pbt__json_get_text(show, "state", ""), &out->shown) &&
                   read_best(json_object_get(show, "best"), out)
               ? PBT_OK
               : pbt__fail(error, PBT_ERR_CORRUPT, "what is told of a study is broken");
}

static json_t *show_json(pbt__study *study)
{
    pbt__summary s;
    const pbt_spec *spec = study->view.facts.spec;
    summarise(study, &s);
    const char *mode = pbt_mode_name(spec->search.mode);
    const bool has_end = s.steps_total > 0, has_limit = s.seconds_total > 0;
    return json_pack("{s:s, s:s, s:i, s:s, s:I, s:o, s:I, s:I, s:I, s:o, s:i, s:o, s:s, s:s, s:s, "
                     "s:o, s:o, s:I, s:o}",
                     "name", study->row.name, "state", pbt__study_state_name(s.shown), "population",
                     (int)s.member_count, "mode", mode, "steps_done", (json_int_t)s.steps_done,
                     "steps_total", has_end ? json_integer((json_int_t)s.steps_total) : json_null(),
                     "segments", (json_int_t)s.segment_count, "segments_reported",
                     (json_int_t)s.report_count, "exploits", (json_int_t)s.exploit_count, "best",
                     best_json(study), "workers", (int)s.worker_count, "created_at",
                     pbt__study_time_json(s.created_us), "stop_reason", pbt__stop_name(s.stop),
                     "metric", spec->metric, "notes", spec->notes != NULL ? spec->notes : "",
                     "seconds_done", has_limit ? json_real(s.seconds_done) : json_null(),
                     "seconds_total", has_limit ? json_real(s.seconds_total) : json_null(),
                     "diverged", (json_int_t)s.diverged_count, "paused", pbt__outage_json(study));
}

/* A segment that nobody trains, and whose released attempt left its progress. */
static int list_kept(const pbt__study *study, int32_t member, json_t *list)
{
    pbt_segment newest;
    if (!pbt__population_newest(study->view.population, member, &newest) ||
        newest.state != PBT_SEGMENT_OPEN) {
        return 0;
    }
    const pbt__ledger_entry *entry = pbt__ledger_entry_of(study->view.ledger, newest.id);
    if (entry == NULL || entry->progress_attempt == 0) {
        return entry == NULL ? -1 : 0;
    }
    return json_array_append_new(
        list, json_pack("{s:o, s:I, s:I}", "segment", pbt__id_json(newest.id), "step",
                        (json_int_t)entry->progress_step, "end_step", (json_int_t)newest.end_step));
}

/* What `show` says of members. */
typedef struct crowd {
    json_t *failed;  /* for good */
    json_t *lacking; /* some of whose steps are given up, whichever way */
    json_t *kept;    /* whose progress waits for somebody to train on */
    int64_t missing; /* steps of all */
} crowd;

static int add_member(const pbt__study *study, int32_t m, crowd *to, pbt__training *training)
{
    int failed = 0;
    const pbt_population *population = study->view.population;
    const bool is_open_ended = study->view.facts.spec->is_open_ended;
    const int64_t steps = is_open_ended ? 0 : pbt__population_missing(population, m);
    pbt__training_take(study, m, training);
    to->missing += steps;
    if (pbt__population_state(population, m) == PBT_MEMBER_FAILED) {
        failed |= json_array_append_new(to->failed, json_integer(m));
    }
    if (steps > 0) {
        failed |= json_array_append_new(
            to->lacking, json_pack("{s:i, s:I, s:b}", "member", (int)m, "steps", (json_int_t)steps,
                                   "may_return", (int)pbt__population_may_return(population, m)));
    }
    return training->claim.attempt == 0 ? failed | list_kept(study, m, to->kept) : failed;
}

/* Those who are trained have their place; it is filled when the lock is given back.
 * Shape: training[population] */
static json_t *add_members(const pbt__study *study, json_t *show, pbt__training *training)
{
    int failed = 0;
    crowd all = {.failed = json_array(), .lacking = json_array(), .kept = json_array()};
    for (int32_t m = 0; m < study->view.facts.spec->search.population; m++) {
        failed |= add_member(study, m, &all, &training[m]);
    }
    failed |= json_object_update_new(show, json_pack("{s:o, s:o, s:I, s:[], s:o}", "failed_members",
                                                     all.failed, "short_members", all.lacking,
                                                     "steps_missing", (json_int_t)all.missing,
                                                     "training", "kept", all.kept));
    if (failed != 0) {
        json_decref(show);
        return NULL;
    }
    return show;
}

/* What needs no lock. Shape: training[count] */
static json_t *add_rest(const pbt__study *study, json_t *show, pbt__training *training,
                        size_t count)
{
    int failed = 0;
    json_t *list = json_object_get(show, "training");
    for (size_t m = 0; show != NULL && m < count; m++) {
        if (training[m].claim.attempt > 0) {
            pbt__training_hear(study, &training[m]);
            failed |= json_array_append_new(list, pbt__training_json(&training[m]));
            json_decref(training[m].metrics);
        }
    }
    /* A copy: all who ask share the view's, and Jansson counts who holds it without care. */
    failed |= json_object_set_new(show, "provenance", json_deep_copy(study->view.provenance));
    if (failed != 0) {
        json_decref(show);
        return NULL;
    }
    return show;
}

pbt_err pbt__study_show(pbt__study *study, json_t **out, pbt_error *error)
{
    pbt_err err = pbt__study_look(study, error);
    if (err != PBT_OK) {
        return err;
    }
    const size_t count = (size_t)study->view.facts.spec->search.population;
    pbt__training *training = pbt__calloc(count, sizeof *training);
    json_t *show = training != NULL ? add_members(study, show_json(study), training) : NULL;
    pthread_mutex_unlock(&study->view_lock); /* signs are read without it */
    err = pbt__study_give(add_rest(study, show, training, count), out, error);
    free(training);
    return err;
}

/* ---- events ---- */

typedef struct event_walk {
    pbt__taker take;
    void *context;
    pbt_error *error;
} event_walk;

static pbt_err walk_event(void *context, const pbt__event *event)
{
    const event_walk *walk = context;
    json_t *body = NULL;
    pbt_err err = pbt__json_read(event->body, event->body_length, &body, walk->error);
    if (err != PBT_OK) {
        return err;
    }
    json_t *line =
        json_pack("{s:I, s:o, s:s}", "sequence", (json_int_t)event->sequence, "time",
                  pbt__study_time_json(event->time_us), "kind", pbt__event_kind_name(event->kind));
    bool is_whole = line != NULL && json_object_update(line, body) == 0;
    err = is_whole ? walk->take(walk->context, line) : pbt__fail_memory(walk->error);
    json_decref(line);
    json_decref(body);
    return err;
}

pbt_err pbt__study_events(pbt__study *study, int64_t after, pbt__taker take, void *context,
                          pbt_error *error)
{
    event_walk walk = {.take = take, .context = context, .error = error};
    return pbt__store_read(study->store, study->row.id, after, walk_event, &walk, error);
}
